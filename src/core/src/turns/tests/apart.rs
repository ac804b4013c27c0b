//! Calls that are distinguished by the sessions and containers that make them.

use super::*;

#[test]
fn an_opener_may_be_told_before_or_after_its_session_calls() {
    let session = |n: i64| made(n * 7, Cause::Unplaced, 1, 1);
    let key = |n: i64| format!("ASIA{}", n * 7 % 70);
    let calls: Vec<Made> = std::iter::once(foreign(0)).chain((1..=9).map(session)).collect();
    let tell =
        |turns: &mut Turns, is_own: bool| (1..=9).for_each(|n| _ = turns.opened(&opened(&key(n), is_own)));
    let check = |is_own: bool, expected: Option<FoundKind>| {
        let mut after = kept(&calls);
        assert_eq!(after.judge(&terms(), Chains::Apart).proof, None);
        assert!(after.judge(&terms(), Chains::Assumed).proof.is_some());
        assert_eq!(after.open_sessions(terms().now).map(|open| open.sessions.len()), Some(9));
        tell(&mut after, is_own);
        let mut before = Turns::default();
        tell(&mut before, is_own);
        for (n, call) in calls.iter().enumerate() {
            let mut firing = firing(n, call);
            firing.cause = before.cause_of(&firing).unwrap_or(firing.cause);
            before.insert(&firing, FiringId::of(&firing.event_id), Delivery::First, terms().now);
        }
        for turns in [&before, &after] {
            let proof = turns.judge(&terms(), Chains::Apart).proof;
            assert_eq!(proof.map(|found| found.kind), expected);
            assert_eq!(turns.open_sessions(terms().now), None);
        }
        // A second delivery is not a second call.
        let again = firing(3, &calls[3]);
        assert!(!after.insert(&again, FiringId::of(&again.event_id), Delivery::Repeated, terms().now));
    };
    check(true, Some(FoundKind::Surplus { calls: 8, reasons: 1 }));
    check(false, None);
}

#[test]
fn each_container_takes_one_reason() {
    // A reason at noon, then calls as (second, task) by containers that may run for an hour.
    let judged = |reasons: i64, calls: &[(i64, u32)]| {
        let terms =
            Terms { answer: Seconds::new(3_660), time_limit: 3_600, starts_one_task: true, ..terms() };
        let mut turns = kept(&(0..reasons).map(foreign).collect::<Vec<_>>());
        for (n, (at, task)) in calls.iter().enumerate() {
            let cause = Cause::Own { actor: ACTOR, proof: Proof::Role };
            let mut firing = firing(n, &made(*at, cause, 10 + n as u32, 10 + n as u32));
            firing.caller.principal = format!("arn:aws:sts::123456789012:assumed-role/r/{task}").into();
            turns.insert(&firing, FiringId::of(&firing.event_id), Delivery::First, terms.now);
        }
        let proof = turns.judge(&terms, Chains::Apart).proof;
        proof.map(|found| format!("{:?}, {} calls", found.kind, found.count))
    };
    let chain: Vec<(i64, u32)> = (1..=12).map(|n| (i64::from(n) * 45, n)).collect();
    assert_eq!(judged(1, &chain).as_deref(), Some("Turns(10), 10 calls"));
    assert_eq!(judged(3, &chain), None, "three uploads: three chains of four");
    let one: Vec<(i64, u32)> = (1..=40).map(|n| (i64::from(n) * 45, 1)).collect();
    assert_eq!(judged(1, &one), None, "one container that writes 40 files");
    let stages = std::iter::once((45, 1)).cycle().take(40).chain((0..40).map(|n| (90 + i64::from(n), 2 + n)));
    assert_eq!(judged(1, &stages.collect::<Vec<_>>()), None, "40 files, and a container for each");
    let burst: Vec<(i64, u32)> = (0..40).map(|n| (45 + i64::from(n) / 10, n)).collect();
    let late = [&chain[..], &[(600, 20), (601, 21), (602, 22)]].concat();
    assert_eq!(judged(1, &late), None, "a later burst shows that the task is run elsewhere, too");
    assert_eq!(judged(1, &burst), None, "the task is run elsewhere, too");
}

#[test]
fn a_flood_of_sessions_leaves_own_calls_their_room() {
    let mut turns = kept(&turning(20, 6, own));
    let before = turns.judge(&terms(), Chains::Apart).turns;
    for n in 0..2_000 {
        insert(&mut turns, n, &made(200 + i64::try_from(n).unwrap(), Cause::Unplaced, 1, 1));
        turns.settle();
    }
    assert_eq!(turns.judge(&terms(), Chains::Apart).turns, before);
    assert_eq!(turns.own_share(), OwnShare { own: 6, all: 2_007 });
}
