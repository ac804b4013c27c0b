//! Timelines of one rule's firings, each with the expected verdict.

mod apart;
mod events;

use super::*;
use crate::model::{Call, CallOutcome, Caller, Opened, Resource, ResourceIds, RuleArn, SessionKey};

const NOON: i64 = 1_795_176_000;
const ACTOR: ActorId = ActorId(7);

/// One firing: second after noon, maker, wording (0: unknown), resource.
#[derive(Debug, Clone)]
struct Made {
    at: i64,
    by: Cause,
    wording: u32,
    resource: u32,
    outcome: CallOutcome,
}

fn made(at: i64, by: Cause, wording: u32, resource: u32) -> Made {
    Made { at, by, wording, resource, outcome: CallOutcome::Succeeded }
}

fn foreign(at: i64) -> Made {
    made(at, Cause::Foreign, 0, 1)
}

/// Own call with the same wording and resource each time.
fn own(at: i64) -> Made {
    made(at, Cause::Own { actor: ACTOR, proof: Proof::Issued }, 1, 1)
}

/// Own call on another resource each time.
fn moving(at: i64) -> Made {
    let n = u32::try_from(at).unwrap() + 10;
    made(at, Cause::Own { actor: ACTOR, proof: Proof::Issued }, n, n)
}

fn firing(n: usize, made: &Made) -> Firing<'static> {
    let resource =
        Resource { name: format!("r{}", made.resource).into(), ids: ResourceIds::new([made.resource]) };
    Firing {
        rule: "arn:aws:events:us-east-1:123456789012:rule/fix-acl".parse::<RuleArn>().unwrap(),
        event_id: format!("event-{n}-{}", made.at).into(),
        at: Timestamp::from_second(NOON + made.at).unwrap(),
        caller: Caller { principal: "arn:aws:sts::123456789012:assumed-role/r/f".into(), issued_to: None },
        call: Some(Call {
            service: "s3.amazonaws.com".into(),
            operation: "PutBucketAcl".into(),
            role: Some("arn:aws:iam::123456789012:role/r".into()),
            invoked_by: None,
            access_key: (made.by == Cause::Unplaced).then(|| format!("ASIA{}", made.at % 70).into()),
            is_by_service: false,
            resource: Some(resource),
            wording: (made.wording != 0).then_some(made.wording),
            outcome: made.outcome,
        }),
        cause: made.by.clone(),
    }
}

fn opened(key: &str, is_own: bool) -> Opened {
    let cause = if is_own { Cause::Own { actor: ACTOR, proof: Proof::Opened } } else { Cause::Foreign };
    Opened { key: SessionKey::of(key), arn: "session".into(), cause, until: Timestamp::MAX }
}

fn terms() -> Terms {
    Terms {
        turns: Some(TurnLimit::DEFAULT),
        starts_one_task: false,
        burst: "200/60s".parse().unwrap(),
        answer: Seconds::new(63),
        time_limit: 3,
        schedules: [None; 4],
        began: None,
        is_resumed: false,
        now: Timestamp::from_second(NOON + 1_000_000).unwrap(),
    }
}

fn insert(turns: &mut Turns, n: usize, made: &Made) -> bool {
    let firing = firing(n, made);
    turns.insert(&firing, FiringId::of(&firing.event_id), Delivery::First, terms().now)
}

fn kept(timeline: &[Made]) -> Turns {
    let mut turns = Turns::default();
    timeline.iter().enumerate().for_each(|(n, made)| _ = insert(&mut turns, n, made));
    turns
}

/// Verdict when the firings arrive one by one: the number of firings until the proof, or the suspicion.
fn verdict(timeline: &[Made], terms: &Terms) -> String {
    let mut turns = Turns::default();
    let mut sorted: Vec<&Made> = timeline.iter().collect();
    sorted.sort_by_key(|made| made.at);
    let mut suspicion = None;
    for (n, made) in sorted.into_iter().enumerate() {
        insert(&mut turns, n, made);
        let judgement = turns.judge(terms, Chains::Apart);
        turns.settle();
        if let Some(found) = judgement.proof.or(judgement.rate) {
            let kind = format!("{:?}", found.kind);
            return format!("{} after {}", kind.split([' ', '(']).next().unwrap_or_default(), n + 1);
        }
        suspicion = suspicion.or(judgement.suspicion.and_then(|found| found.missing));
    }
    suspicion.map_or("left alone".to_owned(), |missing| format!("suspect: {missing:?}"))
}

fn check(story: &str, timeline: Vec<Made>, expected: &str) {
    assert_eq!(verdict(&timeline, &terms()), expected, "{story}");
}

/// A reason at noon, then `times` own calls, one every `every` seconds.
fn turning(every: i64, times: i64, call: fn(i64) -> Made) -> Vec<Made> {
    std::iter::once(foreign(0)).chain((1..=times).map(|n| call(n * every))).collect()
}

#[test]
fn loops_are_proved_within_their_turns() {
    check("same call every second", turning(1, 40, own), "Surplus after 9");
    check("same call every 20 s", turning(20, 40, own), "Surplus after 9");
    check("same call every 60 s", turning(60, 40, own), "Surplus after 9");
    check("a new resource every 60 s", turning(60, 40, moving), "Turns after 11");
    check("a new resource every 20 s", turning(20, 60, moving), "Turns after 29");
    check("a new resource every 10 s", turning(10, 99, moving), "Turns after 56");
    check("a new resource every 5 s", turning(5, 200, moving), "Turns after 110");
    let growing = (1..=11u32).flat_map(|turn| {
        (0..1i64 << turn)
            .map(move |n| made(i64::from(turn) * 4, moving(0).by, 1_000 + (turn << 16) + n as u32, 1))
    });
    check("twice as many each turn", [foreign(0)].into_iter().chain(growing).collect(), "FanOut after 2001");
    let throttled = |at| Made { outcome: CallOutcome::Throttled, wording: 0, ..own(at) };
    check("throttled each turn", turning(20, 60, throttled), "Turns after 29");
    let refused = |at| Made { outcome: CallOutcome::Refused, ..own(at) };
    check("refused each turn", turning(20, 60, refused), "Surplus after 9");
    let ring = |at: i64| made(at, own(0).by, 1 + (at / 20 % 3) as u32, 1 + (at / 20 % 3) as u32);
    check("three resources in turn", turning(20, 90, ring), "Surplus after 23");
}

#[test]
fn honest_machines_are_left_alone() {
    let each = |n: i64, f: &dyn Fn(i64) -> Vec<Made>| (0..n).flat_map(f).collect::<Vec<_>>();
    check(
        "one answer for each reason",
        each(200, &|n| vec![foreign(n * 5), moving(n * 5 + 3)]),
        "left alone",
    );
    check(
        "twelve ports, closed one by one",
        {
            let mut all = vec![foreign(0)];
            all.extend((1..=12).map(|n| made(1 + n / 2, own(0).by, 100 + n as u32, 1)));
            all
        },
        "left alone",
    );
    check(
        "an index that is written after each upload",
        each(60, &|n| vec![foreign(n * 20), own(n * 20 + 2)]),
        "left alone",
    );
    let polled = (1..=40).map(|n| Made { outcome: CallOutcome::Refused, ..own(1 + n / 20) });
    check("refused until it is ready", [foreign(0)].into_iter().chain(polled).collect(), "left alone");
    check("tried three times", vec![foreign(0), own(2), own(62), own(182)], "left alone");
    let backlog = (0..300).map(|_| foreign(0)).chain((1..=300).map(|n| own(n * 10)));
    check("a backlog at a concurrency limit", backlog.collect(), "left alone");
    check(
        "stages in one bucket",
        each(8, &|n| vec![if n == 0 { foreign(0) } else { moving(n * 40) }]),
        "left alone",
    );
    check("people only", (0..500).map(foreign).collect(), "left alone");
    let services = (0..500).map(|n| made(n, Cause::Service, 1, 1));
    check("a service only", services.collect(), "left alone");
    let scheduled = (0..400).map(|n| own(n * 300)).chain((0..40).map(|n| foreign(n * 3_000 + 17)));
    check("a schedule beside people", scheduled.collect(), "left alone");
}

#[test]
fn what_lacks_a_part_of_the_proof_is_a_suspect() {
    let from = |first: i64, every: i64| (first..first + 60).map(|n| own(n * every)).collect::<Vec<_>>();
    check("a loop older than the guard", from(1, 20), "suspect: Anchor");
    check("slower than the answer time", turning(90, 40, own), "suspect: Initiative");
    let mut poisoned = turning(20, 60, own);
    poisoned.iter_mut().for_each(|made| made.at += 3_600);
    poisoned.extend([foreign(0), own(600)]);
    check("acted by itself an hour ago", poisoned, "suspect: Initiative");
    let alternating =
        (0..40).map(|n| if n % 2 == 0 { made(n * 10, Cause::Unplaced, 2, 2) } else { own(n * 10) });
    check("in strict turn with an unplaced session", alternating.collect(), "suspect: Place");
    let fast = (1..=400).map(|n| moving(n / 5));
    check("a fast loop that nothing began", fast.collect(), "suspect: Anchor");
}

#[test]
fn a_name_proves_nothing_once_aws_says_whose_credentials_they_are() {
    let named = |at: i64| made(at, Cause::Own { actor: ACTOR, proof: Proof::Session }, 1, 1);
    check("by name alone", turning(20, 40, named), "Surplus after 9");
    let mut all = turning(20, 40, named);
    all.push(own(5));
    check("by name beside issued credentials", all, "left alone");
}

#[test]
fn siblings_count_once_their_chain_leads_back() {
    let sibling =
        |at: i64| made(at, Cause::Sibling("arn:aws:lambda:us-east-1:123456789012:function:b".into()), 1, 1);
    let timeline = turning(20, 12, sibling);
    check("a sibling's calls are reasons", timeline.clone(), "left alone");
    let mut turns = kept(&timeline);
    assert!(turns.has_open_chains());
    assert!(turns.judge(&terms(), Chains::Assumed).proof.is_some());
    turns.traced(|_| Some(Seconds::new(126)), terms().now);
    let proof = turns.judge(&terms(), Chains::Followed).proof.map(|found| found.kind);
    assert!(matches!(proof, Some(FoundKind::Surplus { .. })), "{proof:?}");
    assert_eq!(turns.judge(&terms(), Chains::Apart).proof, None);
    turns.traced(|_| None, terms().now);
    assert_eq!(turns.judge(&terms(), Chains::Followed).proof, None);
}

#[test]
fn order_and_repetition_make_no_difference() {
    let mut timeline = turning(20, 12, own);
    let expected = kept(&timeline).judge(&terms(), Chains::Apart);
    timeline.reverse();
    let mut turns = Turns::default();
    for _ in 0..2 {
        // The window recognizes repeated foreign events; `Turns` recognizes own ones by their id.
        for (n, made) in timeline.iter().enumerate() {
            let firing = firing(timeline.len() - 1 - n, made);
            let id = FiringId::of(&firing.event_id);
            let is_known = made.by == Cause::Foreign && !turns.foreign.spans.is_empty();
            let delivery = if is_known { Delivery::Repeated } else { Delivery::Unknown };
            turns.insert(&firing, id, delivery, terms().now);
        }
    }
    assert_eq!(turns.judge(&terms(), Chains::Apart), expected);
    assert!(expected.proof.is_some());
}

#[test]
fn a_late_reason_clears() {
    let timeline = turning(20, 8, own);
    let mut turns = kept(&timeline);
    assert!(turns.judge(&terms(), Chains::Apart).proof.is_some());
    insert(&mut turns, 99, &foreign(70));
    assert_eq!(turns.judge(&terms(), Chains::Apart).proof, None);
}

#[test]
fn a_slow_proof_waits_for_late_reasons() {
    let terms = Terms { answer: Seconds::new(960), time_limit: 900, ..terms() };
    let turns = kept(&turning(120, 8, own));
    let last = Timestamp::from_second(NOON + 8 * 120).unwrap();
    let due = Timestamp::from_second(NOON + 8 * 120 + 300).unwrap();
    let early = turns.judge(&Terms { now: last, ..terms }, Chains::Apart);
    assert_eq!((early.proof, early.waits_until), (None, Some(due)));
    let later = turns.judge(&Terms { now: due, ..terms }, Chains::Apart);
    assert!(later.proof.is_some() && later.waits_until.is_none());
}

#[test]
fn a_proved_loop_that_goes_on_after_it_was_put_back_is_proved_again() {
    let turns = kept(&turning(20, 20, own).into_iter().skip(1).collect::<Vec<_>>());
    let began = Some(Timestamp::from_second(NOON + 5).unwrap());
    let judged = |is_resumed| turns.judge(&Terms { began, is_resumed, ..terms() }, Chains::Apart);
    assert!(judged(true).proof.is_some());
    let unproved = judged(false);
    assert_eq!(
        (unproved.proof, unproved.suspicion.and_then(|found| found.missing)),
        (None, Some(Missing::Anchor))
    );
}

#[test]
fn the_limit_declares_a_loop_that_is_meant() {
    let check = |limit: Option<&str>, expected: &str| {
        let terms = Terms { turns: limit.map(|limit| limit.parse().unwrap()), ..terms() };
        assert_eq!(verdict(&turning(60, 40, moving), &terms), expected, "{limit:?}");
    };
    check(Some("10"), "Turns after 11");
    check(Some("20"), "Turns after 21");
    check(Some("50"), "left alone");
    check(None, "left alone");
}

#[test]
fn what_is_stored_is_read_back() {
    let check_stored = |turns: &Turns| {
        let bytes = turns.to_bytes();
        assert!(bytes.len() < 12_000, "{} bytes", bytes.len());
        let json = serde_json::to_string(turns).unwrap();
        let read: Turns = serde_json::from_str(&json).unwrap();
        assert_eq!(read.restore(&bytes).unwrap(), *turns);
        for end in 1..bytes.len().min(400) {
            // A prefix gives an error or a shorter result, and never a panic.
            let _ = serde_json::from_str::<Turns>(&json).unwrap().restore(&bytes[..end]);
        }
    };
    let check = |timeline: Vec<Made>| {
        let mut turns = kept(&timeline);
        turns.settle();
        check_stored(&turns);
    };
    check(Vec::new());
    check(turning(20, 12, own));
    check(turning(1, 5_000, moving));
    check(
        (0..5_000)
            .flat_map(|n| [foreign(n * 7), made(n * 7 + 1, Cause::Unplaced, 1, 1), moving(n * 7 + 3)])
            .collect(),
    );
    let sibling = |n: i64| made(n * 9, Cause::Sibling(format!("arn:{}", n % 9)), 1, 1);
    check((0..900).map(sibling).collect());
    let session = |n: i64| made(n * 9, Cause::Unplaced, 1, 1);
    let mut turns = kept(&(0..400).map(session).collect::<Vec<_>>());
    (0..90).for_each(|n| _ = turns.opened(&opened(&format!("ASIA{n}"), n % 2 == 0)));
    turns.settle();
    check_stored(&turns);
    // Bytes of an earlier layout are dropped.
    assert_eq!(Turns::default().restore(&[0xe3, 1, 2, 3]).unwrap(), Turns::default());
}

#[test]
fn the_share_of_own_calls_is_counted_over_a_day() {
    let check = |timeline: Vec<Made>, expected: (u64, u64, bool)| {
        let mut turns = kept(&timeline);
        turns.settle();
        let share = turns.own_share();
        assert_eq!((share.own, share.all, share.is_most()), expected);
    };
    check(turning(60, 49, own), (49, 50, false));
    check(turning(60, 50, own), (50, 51, true));
    check((0..100).flat_map(|n| [foreign(n * 60), own(n * 60 + 2)]).collect(), (100, 200, true));
    check((0..1_000).flat_map(|n| [foreign(n * 60), own(n * 60 + 2)]).collect(), (1_000, 2_000, true));
    check(
        (0..100).flat_map(|n| [foreign(n * 60), foreign(n * 60 + 1), own(n * 60 + 2)]).collect(),
        (100, 300, false),
    );
}
