//! Compares the verdicts of the product with those of a simple model, on random timelines and on timelines that are
//! hard cases for the model.
//!
//! The model is not part of the project. Without it, or without Python, the tests print that they are skipped, and
//! pass.

mod compare;
mod honest;
mod loops;
mod product;
mod reference;
mod timeline;
mod worlds;

use std::fs::File;
use std::io::Read;

use budget_guard_tests::folders::{say, shared};
use compare::{differ, reduce, table};
use flate2::read::GzDecoder;
use product::{MAY_DIFFER, product};
use reference::Reference;
use timeline::{Timeline, Verdict};
use worlds::{MAKERS, world};

/// Default number of worlds of each maker.
const WORLDS: u64 = 10;
/// Maximum number of differences that are reduced and printed as timelines.
const SHOWN: usize = 3;

/// Number of worlds of each maker, from the environment or the default.
#[expect(clippy::disallowed_methods, reason = "the environment asks for a long run")]
fn worlds_of_each() -> u64 {
    let asked = std::env::var("BUDGET_GUARD_WORLDS").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(WORLDS)
}

/// Verdicts of the product, if it is connected.
fn by_product(timelines: &[Timeline]) -> Option<Vec<Verdict>> {
    timelines.iter().map(product).collect()
}

/// One line for each timeline with different verdicts. The first timelines are reduced and printed.
fn differences(
    reference: &Reference<'_>,
    timelines: &[Timeline],
    model: &[Verdict],
    product: &[Verdict],
) -> Vec<String> {
    let is_known = |timeline: &Timeline| MAY_DIFFER.iter().any(|(name, _)| *name == timeline.name);
    let all = timelines.iter().zip(model.iter().zip(product)).filter(|(timeline, _)| !is_known(timeline));
    let still = |all: &[Timeline]| {
        let (model, product) = (reference.judge(all), by_product(all).unwrap_or_default());
        model.iter().zip(&product).map(|(model, product)| differ(model, product)).collect()
    };
    let told = |(n, (timeline, (model, product))): (usize, (&Timeline, (&Verdict, &Verdict)))| {
        let head = format!("{}: model {model:?}, product {product:?}", timeline.name);
        if n >= SHOWN {
            return head;
        }
        let small = reduce(timeline, still);
        format!("{head}\n    {}", serde_json::to_string(&small).unwrap_or_default())
    };
    all.filter(|(_, (model, product))| differ(model, product)).enumerate().map(told).collect()
}

/// Judges the timelines with both, and prints the totals.
fn compare(reference: &Reference<'_>, timelines: &[Timeline]) -> (Vec<Verdict>, Option<Vec<Verdict>>) {
    let model = reference.judge(timelines);
    let product = by_product(timelines);
    println!("{}", table(timelines, &model, product.as_deref()));
    let (count, cut) = (
        |kind: &str| timelines.iter().filter(|one| one.kind == kind).count(),
        |kind: &str| {
            timelines.iter().zip(&model).filter(|(one, verdict)| one.kind == kind && verdict.is_cut()).count()
        },
    );
    let [honest, loops] = ["honest", "loop"].map(|kind| format!("{} of {}", cut(kind), count(kind)));
    say(&format!("the model cuts {honest} honest machines and {loops} loops"));
    if product.is_none() {
        say("the product is not connected: nothing is compared");
    }
    (model, product)
}

#[test]
fn model_and_product_agree_on_random_worlds() {
    let Some(path) = shared("evidence/reference.py") else { return };
    if !Reference::can_run() {
        return say("skipped: python3 is not installed");
    }
    let reference = Reference { path: &path };
    let numbers = worlds_of_each();
    let all = (0..MAKERS.len()).flat_map(|index| (0..numbers).map(move |number| world(index, number)));
    let timelines: Vec<Timeline> = all.collect();
    let (model, product) = compare(&reference, &timelines);
    let Some(product) = product else { return };
    let problems = differences(&reference, &timelines, &model, &product);
    assert!(problems.is_empty(), "{} differences\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn model_and_product_agree_on_hostile_timelines() {
    let (Some(path), Some(given)) = (shared("evidence/reference.py"), shared("evidence/timelines.jsonl.gz"))
    else {
        return;
    };
    if !Reference::can_run() {
        return say("skipped: python3 is not installed");
    }
    let mut text = String::new();
    let file = File::open(&given).expect("readable");
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:.200}"));
    let timelines: Vec<Timeline> = text.lines().filter(|line| !line.is_empty()).map(read).collect();
    let reference = Reference { path: &path };
    let (model, product) = compare(&reference, &timelines);
    let told = |verdicts: &[Verdict]| {
        let wrong = timelines.iter().zip(verdicts).filter(|(one, verdict)| !verdict.is_as(&one.expect));
        let line = |(one, verdict): (&Timeline, &Verdict)| {
            format!("{}: expected {}, {verdict:?}", one.name, one.expect)
        };
        wrong.map(line).collect::<Vec<String>>()
    };
    let unlike = told(&model);
    println!("the model:\n{}", unlike.join("\n"));
    say(&format!(
        "the model differs from the expected verdict on {} of {} timelines",
        unlike.len(),
        timelines.len()
    ));
    let Some(product) = product else { return };
    let problems = differences(&reference, &timelines, &model, &product);
    assert!(problems.is_empty(), "{} differences\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_same_number_makes_the_same_world() {
    for (index, (name, _)) in MAKERS.iter().enumerate() {
        let one = world(index, 3);
        assert_eq!(one, world(index, 3), "{name}");
        assert_ne!(one.firings, world(index, 4).firings, "{name}");
        assert!(
            name.starts_with(&one.kind) && one.firings.len() > 20,
            "{name}: {} firings",
            one.firings.len()
        );
        assert!(one.firings.is_sorted_by_key(|firing| firing.0), "{name}");
    }
}
