//! Totals of two verdicts on each timeline, and the reduction of a timeline on which they differ.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::timeline::{Timeline, Verdict};

/// Maximum number of rounds of a reduction.
const ROUNDS: usize = 40;

/// Totals over the timelines of one maker.
#[derive(Debug, Default, Clone)]
struct Tally {
    worlds: usize,
    cut: [usize; 2],
    suspects: [usize; 2],
    /// Number of verdicts that are not the expected one.
    wrong: [usize; 2],
    differ: usize,
}

/// Totals by maker, or by kind and expected verdict for timelines without a maker, of the model and of the product if
/// it is connected.
pub fn table(timelines: &[Timeline], model: &[Verdict], product: Option<&[Verdict]>) -> String {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (index, timeline) in timelines.iter().enumerate() {
        let by_person = || format!("{}, {}", timeline.kind, timeline.expect);
        let maker = timeline.name.split_once(' ').map_or_else(by_person, |(maker, _)| maker.to_owned());
        let tally = tallies.entry(maker).or_default();
        tally.worlds += 1;
        for (side, verdicts) in [Some(model), product].into_iter().enumerate() {
            let Some(verdict) = verdicts.map(|verdicts| &verdicts[index]) else { continue };
            tally.cut[side] += usize::from(verdict.is_cut());
            tally.suspects[side] += usize::from(verdict.is_suspect());
            tally.wrong[side] += usize::from(!verdict.is_as(&timeline.expect));
        }
        tally.differ += usize::from(product.is_some_and(|product| differ(&model[index], &product[index])));
    }
    let head = ["cut", "suspects", "unexpected"].map(|what| format!("{what:>16}")).concat();
    let mut text = format!("{:<28}{:>7}   model:{head}", "", "worlds");
    if product.is_some() {
        let _ = write!(text, "   product:{head}{:>10}", "differ");
    }
    for (name, tally) in tallies {
        let _ = write!(text, "\n{name:<28}{:>7}", tally.worlds);
        for side in 0..if product.is_some() { 2 } else { 1 } {
            let numbers = [tally.cut[side], tally.suspects[side], tally.wrong[side]];
            let numbers = numbers.map(|number| format!("{number:>16}")).concat();
            let _ = write!(text, "{:<10}{numbers}{}", "", if side == 1 { "  " } else { "" });
        }
        if product.is_some() {
            let _ = write!(text, "{:>9}", tally.differ);
        }
    }
    text
}

/// Returns true if one verdict is a cut and the other is not.
pub fn differ(one: &Verdict, other: &Verdict) -> bool {
    one.is_cut() != other.is_cut()
}

/// Removes firings while `still` holds for the rest. `still` gets many timelines at once.
pub fn reduce(timeline: &Timeline, still: impl Fn(&[Timeline]) -> Vec<bool>) -> Timeline {
    let mut smallest = timeline.clone();
    let mut step = smallest.firings.len().div_ceil(2);
    for _ in 0..ROUNDS {
        let starts = (0..smallest.firings.len()).step_by(step.max(1));
        let without = |start: usize| {
            let mut less = smallest.clone();
            less.firings.drain(start..(start + step).min(smallest.firings.len()));
            less
        };
        // More candidates in one round would take too long.
        let candidates: Vec<Timeline> = starts.take(32).map(without).collect();
        match candidates.iter().zip(still(&candidates)).find(|(_, holds)| *holds) {
            Some((less, _)) => smallest = less.clone(),
            None if step <= 1 => break,
            None => step = step.div_ceil(2),
        }
        step = step.min(smallest.firings.len()).max(1);
    }
    smallest
}

#[test]
fn a_reduction_keeps_the_firings_that_matter() {
    let mut timeline = Timeline::new("loop", "cut", 63);
    for n in 0..500 {
        timeline.add(f64::from(n), super::timeline::Maker::Own, &n.to_string(), "r");
    }
    let has = |timeline: &Timeline, at: i64| timeline.firings.iter().any(|firing| firing.0 == at);
    let still = |all: &[Timeline]| all.iter().map(|one| has(one, 17) && has(one, 401)).collect();
    let left: Vec<i64> = reduce(&timeline, still).firings.iter().map(|firing| firing.0).collect();
    assert_eq!(left, [17, 401]);
}
