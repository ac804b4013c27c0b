//! Verdict of the product on a timeline: the firings go one by one through the judgement of turns.

use budget_guard_core::model::{
    Call, CallOutcome, Caller, Cause, Fingerprint, Firing, FiringId, Proof, Resource, ResourceIds, RuleArn,
    Seconds, Timestamp,
};
use budget_guard_core::policy::TurnLimit;
use budget_guard_core::turns::{Chains, Delivery, Found, Terms, Turns};

use super::timeline::{Firing as Made, Maker, Timeline, Verdict};

/// Names of timelines with known differences between model and product, with their reasons.
pub const MAY_DIFFER: &[(&str, &str)] = &[];

/// Start of every timeline, in seconds since 1970.
const BEGIN: i64 = 1_700_000_000;
/// Time from a call until its event has reached a target, as in the model.
const DELIVERY: i64 = 60;

/// Verdict of the product on a timeline.
pub fn product(timeline: &Timeline) -> Option<Verdict> {
    let terms = Terms {
        turns: Some(TurnLimit::DEFAULT),
        starts_one_task: false,
        burst: "200/60s".parse().expect("a limit"),
        answer: Seconds::new(u32::try_from(timeline.answer_time).expect("an answer time")),
        time_limit: (timeline.answer_time - DELIVERY).max(1),
        schedules: Default::default(),
        began: None,
        is_resumed: false,
        // All reasons are known by then, so slow proofs need not wait.
        now: Timestamp::from_second(BEGIN + 1_000_000_000).expect("a time"),
    };
    let mut firings: Vec<&Made> = timeline.firings.iter().collect();
    firings.sort_by_key(|made| made.0);
    let mut turns = Turns::default();
    let mut suspicion = None;
    let mut reached = (0, 0);
    for (n, made) in firings.into_iter().enumerate() {
        let firing = firing(n, made);
        turns.insert(&firing, FiringId::of(&firing.event_id), Delivery::First, terms.now);
        if made.1 == Maker::Own {
            let judgement = turns.judge(&terms, Chains::Apart);
            if let Some(found) = judgement.proof.or(judgement.rate) {
                return Some(Verdict::Cut(n + 1, why(&found)));
            }
            suspicion = suspicion.or(judgement.suspicion);
            reached = (judgement.turns, judgement.surplus);
        }
        turns.settle();
    }
    Some(match suspicion {
        Some(found) => Verdict::Suspect(why(&found)),
        None => Verdict::LeftAlone(format!("depth {}, surplus {}", reached.0, reached.1)),
    })
}

fn why(found: &Found) -> String {
    format!("{:?}{}", found.kind, found.missing.map(|missing| format!(", {missing:?}")).unwrap_or_default())
}

fn firing(n: usize, Made(at, maker, words, on, is_failed): &Made) -> Firing<'static> {
    let cause = match maker {
        Maker::Own => Cause::own(Proof::Issued),
        Maker::Foreign => Cause::Foreign,
        Maker::Service => Cause::Service,
        // For this rule alone, because no other rule of the chain is in the timeline.
        Maker::Sibling | Maker::UnplacedSession => Cause::Unplaced,
    };
    let ids = ResourceIds::new(on.iter().map(|id| Fingerprint::of(id)));
    Firing {
        rule: "arn:aws:events:us-east-1:123456789012:rule/r".parse::<RuleArn>().expect("an ARN"),
        event_id: format!("event-{n}").into(),
        at: Timestamp::from_second(BEGIN + at).expect("a time"),
        caller: Caller { principal: "arn:aws:sts::123456789012:assumed-role/r/f".into(), issued_to: None },
        call: Some(Call {
            service: "s3.amazonaws.com".into(),
            operation: "PutBucketAcl".into(),
            role: None,
            invoked_by: None,
            access_key: None,
            is_by_service: false,
            resource: (!on.is_empty()).then(|| Resource { name: on[0].clone().into(), ids }),
            wording: words.as_deref().map(Fingerprint::of),
            outcome: if *is_failed { CallOutcome::Refused } else { CallOutcome::Succeeded },
        }),
        cause,
    }
}
