//! Runs as one-line stories: what is a loop, what is not, and that memory stays bounded.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::model::{Call, Caller, Proof, Resource, ResourceIds, RuleArn};

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
const LIMIT: u32 = 10;

fn arn(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

/// As CloudTrail writes them.
fn event_id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012x}")
}

fn firing(n: usize, second: i64, resource: &str, cause: Cause, parameters: u32) -> Firing<'static> {
    let ids =
        ResourceIds::new(resource.split('/').map(|part| {
            part.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte))
        }));
    Firing {
        rule: arn("fix-acl"),
        event_id: event_id(n).into(),
        at: NOON + SignedDuration::from_secs(second),
        caller: Caller { principal: "someone".into(), issued_to: None },
        call: Some(Call {
            service: "s3.amazonaws.com".into(),
            operation: "PutBucketAcl".into(),
            role: None,
            invoked_by: None,
            resource: Some(Resource { name: resource.to_owned().into(), ids }),
            parameters,
        }),
        cause,
    }
}

/// A story in words: `o` an outside firing, `e` an echo like every other `e`, `d` an echo that differs from all others,
/// `h` and `i` the same by a role that others use as well, `r` a firing through another rule, `s` one by a service, `u` one of which it is not
/// known who caused it, `v` the same by the caller and the call of every `e`;
/// `@name` says on which resource, `+90` lets 90 seconds pass (one second passes before each word), `x20` repeats the
/// word before it.
fn tell(story: &str) -> Vec<Firing<'static>> {
    let mut firings = Vec::new();
    let mut second = 0;
    let mut say = |word: &str, second: &mut i64| {
        *second += 1;
        let (what, resource) = word.split_once('@').unwrap_or((word, "bucket"));
        let n = firings.len();
        let different = u32::try_from(n).unwrap();
        let (cause, parameters) = match what {
            "o" => (Cause::Outside, different),
            "e" => (Cause::Target(Proof::Issued), u32::MAX),
            "d" => (Cause::Target(Proof::Issued), different),
            "h" => (Cause::Target(Proof::SharedRole), u32::MAX),
            "i" => (Cause::Target(Proof::SharedRole), different),
            "r" => (Cause::Relay(vec![arn("other")]), different),
            "s" => (Cause::Service, different),
            "u" => (Cause::Unknown, different),
            "v" => (Cause::Unknown, u32::MAX),
            other => panic!("{other:?} is no word of this language"),
        };
        firings.push(firing(n, *second, resource, cause, parameters));
    };
    let mut last = "";
    for word in story.split_whitespace() {
        if let Some(seconds) = word.strip_prefix('+') {
            second += seconds.parse::<i64>().unwrap();
        } else if let Some(times) = word.strip_prefix('x') {
            (1..times.parse::<usize>().unwrap()).for_each(|_| say(last, &mut second));
        } else {
            say(word, &mut second);
            last = word;
        }
    }
    firings
}

fn insert_all(echoes: &mut Echoes, firings: &[Firing<'_>]) {
    for firing in firings {
        echoes.insert(firing, LIMIT, NOON + SignedDuration::from_hours(1));
    }
}

/// After how many firings a loop is found, if one is, when each comes alone and all is stored in between.
fn found_after(firings: &[Firing<'_>]) -> Option<usize> {
    let mut echoes = Echoes::default();
    for (index, firing) in firings.iter().enumerate() {
        echoes.insert(firing, LIMIT, NOON + SignedDuration::from_hours(48));
        if let Found::Loop(_) = echoes.judge(LIMIT) {
            return Some(index + 1);
        }
        let (json, bytes) = (serde_json::to_string(&echoes).unwrap(), echoes.to_bytes());
        let restored = serde_json::from_str::<Echoes>(&json).unwrap().restore(&bytes).unwrap();
        assert_eq!(restored, echoes);
        echoes = restored;
    }
    None
}

#[test]
fn tells_loops_from_honest_work() {
    let check = |story: &str, expected: Option<usize>| {
        assert_eq!(found_after(&tell(story)), expected, "{story}");
    };
    // A fixer that fires itself: the same call over and over, at any speed.
    check("o e x20", Some(6));
    check("o e +60 e +60 e +60 e +60 e +60 e", Some(6));
    check("o e +900 e +900 e +900 e +900 e +900 e", Some(6));
    check("e x20", Some(5));
    // A person's changes, each answered: the guard could not read its directory when it was told of some of them.
    check("o e u e u e u e u e u e u e", None);
    check("u u u u u u e e e e e e", None);
    check("u e x20", Some(6));
    // It was its own target, as is known once its targets are.
    check("u v v v v e", Some(6));
    check("o v x19 e", Some(21));
    check("u v v e v u e v", None);
    // People change it all the time: half the limit is not enough where some of their calls may have been delayed.
    check("o e o e o e +20 e +20 e +20 e +20 e +20 e +20 e +20 e", None);
    check("o e o e o e x20", Some(15));
    check("o e o e +1000 o e x20", Some(10));
    // Of a track that is full, too: what it has dropped came before all the same.
    check(&format!("o e o e o e +20 e +20 e +20 e +20 e +20 e +20 e +20 e {}", "o e ".repeat(16)), None);
    // But a person now and then, among six turns of a loop, is not at odds with it.
    check(&format!("o +60 o +60 o +60 {}", "o +18 e +18 e +18 e +18 e +18 e +18 e ".repeat(20)), Some(44));
    // The same with a different parameter each time.
    check("o d x20", Some(11));
    // Two calls each turn.
    check("o e d e d e d e d e d", Some(10));
    // A role that others use as well is half the proof.
    check("o h x20", Some(11));
    check("o i x19", None);
    check("o i x30", Some(21));
    check("o e h e h e h e", Some(8));
    check("o d x5 i x10", Some(16));
    // Converging fixers, bulk work, a person in between.
    check("o d x8", None);
    check("o e o e o e o e o e o e o e o e", None);
    check("o e +3600 o e +3600 o e +3600 o e +3600 o e +3600 o e +3600 o e", None);
    // What lies more than a day back is not counted.
    check("o e x4 +86400 e x4", None);
    // Twelve changes at once, answered one by one; a thirteenth and so on are not explained by them.
    check("o x12 e x12", None);
    check("o x12 e x30", Some(33));
    check("o x25 e x25", None);
    check("o x30 e x30", None);
    check("o x6 e x2 o e x5", None);
    // They explain nothing an hour later.
    check("o x12 +3600 e x5", Some(17));
    // Services are neither.
    check("s x50", None);
    check("o e s e s e s e s e", Some(10));
    // Each resource for itself.
    check("o@a e@a o@b e@b o@c e@c o@d e@d o@e e@e o@f e@f", None);
    check("o@a e@a e@b e@a e@b e@a e@b e@a e@b e@a", Some(10));
    // A change of the bucket concerns its objects, not the other way round for another object.
    check("e@b/1 x4 o@b e@b/1 x4", None);
    check("e@b/1 x4 o@b/2 e@b/1 x4", Some(6));
    // A busy resource: outside firings all the time, and ten times as many echoes.
    check("o d d d d d d d d d o d d d d d d d d d", None);
    check(&"o d d d d d d d d ".repeat(12), None);
    check("o d x9 o d x9 o d x9 o d x9 o d x9 o d x9", None);
}

#[test]
fn a_busy_resource_loops_when_echoes_outnumber_all_else() {
    // Ten echoes for one outside firing, and the runs between are explained by earlier firings.
    let mut echoes = Echoes::default();
    let mut second = 0;
    let mut n = 0;
    let mut insert = |echoes: &mut Echoes, cause: Cause| {
        (second, n) = (second + 1, n + 1);
        echoes.insert(
            &firing(n, second, "bucket", cause, n as u32),
            50,
            NOON + SignedDuration::from_hours(1),
        );
        matches!(echoes.judge(50), Found::Loop(_))
    };
    let mut count = 0;
    for round in 0..20 {
        assert!(!insert(&mut echoes, Cause::Outside), "round {round}");
        for _ in 0..11 {
            count += 1;
            if insert(&mut echoes, Cause::Target(Proof::Role)) {
                assert!(count >= 50, "{count}");
                return;
            }
        }
    }
    panic!("not found");
}

#[test]
fn a_chain_of_rules_is_asked_about_once() {
    let mut echoes = Echoes::default();
    let firings = tell("o r x10");
    let mut asked = 0;
    for firing in &firings {
        echoes.insert(firing, LIMIT, NOON + SignedDuration::from_hours(1));
        if let Found::Chain(run) = echoes.judge(LIMIT) {
            assert_eq!(run.relays, [vec![arn("other")]]);
            asked += 1;
            echoes.traced(|_| false, firing.at);
        }
    }
    assert_eq!(asked, 1);
    assert_eq!(echoes.judge(LIMIT), Found::Nothing, "a chain that does not close is no loop");
    let mut echoes = Echoes::default();
    insert_all(&mut echoes, &firings);
    assert!(matches!(echoes.judge(LIMIT), Found::Chain(_)));
    echoes.traced(|relay| relay.rules == [arn("other")], NOON);
    assert!(matches!(echoes.judge(LIMIT), Found::Loop(run) if run.echoes == 10 && run.proof.is_none()));
}

#[test]
fn relays_that_matter_no_longer_make_room() {
    let check = |hours: i64, are_answered: bool, expected: bool| {
        let mut echoes = Echoes::default();
        let mut n = 0;
        let mut relayed = |echoes: &mut Echoes, name: &str, second: i64, resource: &str| {
            n += 1;
            let cause = Cause::Relay(vec![arn(name)]);
            echoes.insert(
                &firing(n, second, resource, cause, 0),
                LIMIT,
                NOON + SignedDuration::from_hours(48),
            );
        };
        ["a", "b", "c", "d"].iter().for_each(|name| relayed(&mut echoes, name, 0, name));
        if are_answered {
            echoes.traced(|_| false, NOON);
        }
        (1..=5).for_each(|turn| relayed(&mut echoes, "loop", hours * 3_600 + turn, "bucket"));
        let found = matches!(echoes.judge(LIMIT), Found::Chain(run) if run.relays == [vec![arn("loop")]]);
        assert_eq!(found, expected, "after {hours} hours, answered: {are_answered}");
    };
    check(0, false, false);
    check(0, true, true);
    check(25, false, true);
}

#[test]
fn a_loop_is_found_among_a_thousand_resources_touched_once() {
    let mut echoes = Echoes::default();
    let mut n = 0;
    for turn in 1..=40 {
        // Each turn of the loop, fifty other resources are created and tagged.
        for other in 0..50 {
            let resource = format!("r-{turn}-{other}");
            for cause in [Cause::Outside, Cause::Target(Proof::Issued)] {
                n += 1;
                echoes.insert(
                    &firing(n, turn * 60, &resource, cause, 0),
                    LIMIT,
                    NOON + SignedDuration::from_hours(9),
                );
            }
        }
        n += 1;
        let own = firing(n, turn * 60 + 30, "looping", Cause::Target(Proof::Issued), 0);
        echoes.insert(&own, LIMIT, NOON + SignedDuration::from_hours(9));
        if let Found::Loop(run) = echoes.judge(LIMIT) {
            assert_eq!(run.resource, "looping");
            assert!(turn <= 11, "found after {turn} turns");
            return;
        }
    }
    panic!("not found");
}

#[test]
fn the_first_and_the_last_events_of_a_run_are_named() {
    let check = |story: &str, others: &str, expected: &[usize]| {
        let mut echoes = Echoes::default();
        insert_all(&mut echoes, &tell(&format!("{story} {others}")));
        let (json, bytes) = (serde_json::to_string(&echoes).unwrap(), echoes.to_bytes());
        let mut restored = serde_json::from_str::<Echoes>(&json).unwrap().restore(&bytes).unwrap();
        restored.tracks.iter_mut().for_each(|track| track.touched = true);
        let Found::Loop(run) = restored.judge(LIMIT) else { panic!("{story}: no loop") };
        let expected: Vec<String> = expected.iter().map(|n| event_id(*n)).collect();
        assert_eq!(run.events, expected, "{story} {others}");
    };
    check("o e x5", "", &[1, 2, 3, 4, 5]);
    check("o e x9", "", &[1, 6, 7, 8, 9]);
    check("o e x6", "o@other x30", &[1, 3, 4, 5, 6]);
    check("o d x12", "", &[1, 9, 10, 11, 12]);
}

/// Known by the same role and the same call, but not the same caller: no answer of the target.
#[test]
fn another_function_of_the_same_role_is_not_taken_for_the_target() {
    let by = |n: usize, function: &str, cause: Cause| {
        let mut firing = firing(n, n as i64 * 10, "uploads", cause, 7);
        firing.caller.principal = format!("arn:aws:sts::123456789012:assumed-role/shared/{function}").into();
        firing.call.as_mut().unwrap().role = Some("arn:aws:iam::123456789012:role/shared".into());
        firing
    };
    let check = |others: &str, expected: Option<usize>| {
        // The targets of the rule are read before the last one.
        let callers = [others, "fixer", others, "fixer", others];
        let mut story: Vec<_> = (1..).zip(callers).map(|(n, who)| by(n, who, Cause::Unknown)).collect();
        story.push(by(6, "fixer", Cause::Target(Proof::Session)));
        assert_eq!(found_after(&story), expected, "{others}");
    };
    check("deployer", None);
    check("fixer", Some(6));
}

/// Calls that a service made by itself are neither, also where the directory could not be read.
#[test]
fn a_service_is_known_without_the_directory() {
    let mut story = tell("e u e u e u e u e");
    for firing in story.iter_mut().filter(|firing| firing.cause == Cause::Unknown) {
        firing.call.as_mut().unwrap().invoked_by = Some("cloudtrail.amazonaws.com".into());
    }
    assert_eq!(found_after(&story), Some(9));
}

#[test]
fn what_another_version_has_followed_is_followed_anew() {
    let mut echoes = Echoes::default();
    insert_all(&mut echoes, &tell("o e e e"));
    let bytes = echoes.to_bytes();
    // It began with a number of resources; a later one will have another mark.
    for bytes in [&bytes[1..], &[&[0xe3], &bytes[1..]].concat()] {
        assert_eq!(Echoes::default().restore(bytes), Ok(Echoes::default()));
    }
    let cut_off = Echoes::default().restore(&bytes[..bytes.len() / 2]);
    assert!(cut_off.is_err(), "damage is told from another version");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order in which a batch is delivered, and however often: the same verdict.
    #[test]
    fn order_and_repetition_make_no_difference(
        story in proptest::collection::vec(prop_oneof![3 => Just("e"), 1 => Just("o"), 2 => Just("v"), 1 => Just("u"), 1 => Just("d"), 1 => Just("+7")], 1..30),
        seed in any::<u64>(),
    ) {
        let firings = tell(&story.join(" "));
        let judge = |firings: &[Firing<'_>]| {
            let mut echoes = Echoes::default();
            insert_all(&mut echoes, firings);
            echoes.judge(LIMIT)
        };
        let mut shuffled: Vec<Firing<'_>> = firings.iter().chain(&firings).cloned().collect();
        let mut random = fastrand::Rng::with_seed(seed);
        random.shuffle(&mut shuffled);
        prop_assert_eq!(judge(&shuffled), judge(&firings));
    }

    /// The worst that can be thrown at it stays small.
    #[test]
    fn memory_is_bounded(seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut echoes = Echoes::default();
        for n in 0..1_500 {
            let cause = match random.u8(0..4) {
                0 => Cause::Outside,
                1 => Cause::Relay(vec![arn(&format!("rule-{}", random.u8(..)))]),
                _ => Cause::Target(Proof::Role),
            };
            let resource = format!("{}{}", "long name \u{1F600} ".repeat(30), random.u16(0..200));
            echoes.insert(&firing(n, random.i64(0..100_000), &resource, cause, random.u32(..)), 50, NOON + SignedDuration::from_hours(48));
        }
        prop_assert!(echoes.to_bytes().len() < 9_000, "{}", echoes.to_bytes().len());
        prop_assert!(serde_json::to_string(&echoes).unwrap().len() < 2_000);
    }

    #[test]
    fn damaged_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Echoes::default().restore(&bytes);
    }
}
