//! The promises about counting, for any order, number and cutting of deliveries.

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::model::{Call, CallOutcome, Caller, Cause, Proof, Resource, ResourceIds, RuleArn, Target};
use crate::policy::BurstLimit;
use crate::policy::Mode;
use crate::stored::Stored;
use crate::window::{CLOCK_SKEW, LATENESS};

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);

fn rule() -> RuleArn {
    "arn:aws:events:us-east-1:123456789012:rule/r".parse().unwrap()
}

fn firing(id: usize, at: Timestamp, caller: &str) -> Observation<'static> {
    let caller = Caller { principal: caller.to_owned().into(), issued_to: None };
    Observation::Firing(Firing {
        rule: rule(),
        event_id: id.to_string().into(),
        at,
        caller,
        call: None,
        cause: Cause::Unknown,
    })
}

/// The firing with all that a record keeps of a call: own, siblings' and foreign ones on many resources with long names.
fn on_a_resource<'a>(firing: Firing<'a>, id: usize, resources: usize, name: &str) -> Firing<'a> {
    let place = u32::try_from(id / 3 % resources).unwrap();
    let resource =
        Resource { name: format!("{place}{name}").into(), ids: ResourceIds::new([place, 7, 8, 9]) };
    let call = Call {
        service: "s3.amazonaws.com".into(),
        operation: "PutBucketAcl".into(),
        role: None,
        invoked_by: None,
        access_key: None,
        is_by_service: false,
        resource: Some(resource),
        wording: Some(u32::try_from(id).unwrap()),
        outcome: CallOutcome::Succeeded,
    };
    let cause = match id % 3 {
        0 => Cause::Foreign,
        1 => Cause::own(Proof::Issued),
        _ => Cause::Sibling(format!("arn:{name}/{}", id % 7)),
    };
    let event_id = format!("00000000-0000-4000-8000-{id:012x}").into();
    Firing { event_id, call: Some(call), cause, ..firing }
}

fn at(ms: i64) -> Timestamp {
    NOON + SignedDuration::from_millis(ms)
}

/// One delivery of event `id`, which happened at `time`, received at `arrival` (ms).
#[derive(Debug, Clone, Copy)]
struct Delivery {
    id: usize,
    time: i64,
    arrival: i64,
}

/// Events and their deliveries: each at least once, up to 15 minutes late, in the order of arrival.
fn deliveries(events: usize) -> impl Strategy<Value = Vec<Delivery>> {
    let late = LATENESS.millis();
    // Bursts as well as trickles: times come from a range that is itself drawn.
    let times = prop_oneof![Just(5_000i64), Just(120_000), Just(1_500_000)]
        .prop_flat_map(move |range| vec((0..range, vec(0..=late, 1..4)), 1..events));
    times.prop_map(|events| {
        let mut all: Vec<Delivery> = events
            .iter()
            .enumerate()
            .flat_map(|(id, (time, delays))| {
                // EventBridge times have whole seconds.
                let time = time / 1_000 * 1_000;
                delays.iter().map(move |delay| Delivery { id, time, arrival: time + delay })
            })
            .collect();
        all.sort_by_key(|delivery| delivery.arrival);
        all
    })
}

/// The definition, as plainly as possible: is there a window that holds as many distinct events as the limit?
fn is_full(limit: BurstLimit, distinct: &[Delivery]) -> bool {
    distinct.iter().any(|first| {
        let inside =
            |one: &&Delivery| one.time >= first.time && one.time < first.time + limit.window.millis();
        distinct.iter().filter(inside).count() >= limit.count.get() as usize
    })
}

fn limit() -> impl Strategy<Value = BurstLimit> {
    (1u32..40, prop_oneof![Just("1s"), Just("10s"), Just("60s"), Just("5m")])
        .prop_map(|(count, window)| format!("{count}/{window}").parse().unwrap())
}

proptest! {
    /// Promise 2: whatever the order, lateness and number of deliveries, the breaker opens exactly when the distinct
    /// events delivered so far fill a window.
    #[test]
    fn trips_exactly_when_a_window_is_full(limit in limit(), deliveries in deliveries(80)) {
        let limits = Limits { burst_is_tagged: true, ..Limits::new(Mode::Enforce, limit) };
        let mut record = Record::new(rule(), limit);
        let mut distinct: Vec<Delivery> = Vec::new();
        for one in deliveries {
            if distinct.iter().all(|known| known.id != one.id) {
                distinct.push(one);
            }
            let observation = firing(one.id, at(one.time), "ann");
            let (next, plan) = step(&limits, record, &[observation], at(one.arrival));
            record = next;
            prop_assert_eq!(plan.tally.trips == 1, is_full(limit, &distinct));
            if plan.tally.trips == 1 {
                break;
            }
        }
    }

    /// Promise 2: where the batches are cut makes no difference, not even to the stored bytes.
    #[test]
    fn cutting_batches_changes_nothing(
        limit in limit(),
        deliveries in deliveries(120),
        cuts in vec(0usize..200, 0..6),
        mode in prop_oneof![Just(Mode::Enforce), Just(Mode::Observe)],
    ) {
        // Whether a steady rule is a suspect is looked at once for each batch.
        let limits = Limits { burst_is_tagged: true, sustained: None, ..Limits::new(mode, limit) };
        let now = at(3_000_000);
        let callers = ["ann", "bob", "arn:aws:sts::123456789012:assumed-role/r/f"];
        let all: Vec<Observation<'_>> =
            deliveries.iter().map(|one| firing(one.id, at(one.time), callers[one.id % 3])).collect();
        let (whole, whole_plan) = step(&limits, Record::new(rule(), limit), &all, now);

        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < all.len()).chain([0, all.len()]).collect();
        cuts.sort_unstable();
        let mut record = Record::new(rule(), limit);
        let mut tally = crate::guard::Tally::default();
        for pair in cuts.windows(2) {
            // Stored and read back in between, as between invocations.
            record = Record::decode(&record.encode().unwrap()).unwrap();
            let (next, plan) = step(&limits, record, &all[pair[0]..pair[1]], now);
            record = next;
            tally.add(plan.tally);
        }
        prop_assert_eq!(whole.encode().unwrap(), record.encode().unwrap());
        prop_assert_eq!(whole_plan.tally, tally);
    }

    /// Promise 4: what happened before the epoch began never counts; what happened in it does.
    #[test]
    fn only_the_present_epoch_counts(limit in limit(), deliveries in deliveries(80), began in 0i64..200_000) {
        let limits = Limits { burst_is_tagged: true, ..Limits::new(Mode::Enforce, limit) };
        let mut record = Record::new(rule(), limit);
        record.epoch = record.epoch.next(at(began));
        let mut distinct: Vec<Delivery> = Vec::new();
        let (mut before, mut late) = (0, 0);
        for one in deliveries {
            if one.time < began {
                before += 1;
            } else if distinct.iter().all(|known| known.id != one.id) {
                distinct.push(one);
            }
            let (next, plan) = step(&limits, record, &[firing(one.id, at(one.time), "ann")], at(one.arrival));
            record = next;
            late += plan.tally.late;
            prop_assert_eq!(plan.tally.trips == 1, is_full(limit, &distinct));
            if plan.tally.trips == 1 {
                break;
            }
        }
        prop_assert_eq!(late, before);
    }

    /// Event times in the future count, at most a minute ahead of the clock, and do not push out honest firings.
    #[test]
    fn the_future_is_as_now(ahead_s in 0i64..10_000_000_000, honest in 1usize..30) {
        let limits = Limits::new(Mode::Enforce, "31/60s".parse().unwrap());
        let far = Timestamp::from_second((NOON.as_second() + ahead_s).min(Timestamp::MAX.as_second())).unwrap();
        let observations: Vec<_> = std::iter::once(firing(0, far, "ann"))
            .chain((1..=honest).map(|id| firing(id, NOON, "ann")))
            .collect();
        let (record, plan) = step(&limits, Record::new(rule(), limits.burst), &observations, NOON);
        prop_assert_eq!((plan.tally.late, plan.tally.trips), (0, 0));
        prop_assert!(record.window.newest().unwrap() <= NOON + SignedDuration::from(CLOCK_SKEW));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Promise 9: whatever the limit, the callers and the times, a stored record stays under 32 KB.
    #[test]
    fn a_record_stays_small(
        count in 1u32..2_000,
        window_s in 1u32..86_400,
        gap_ms in 0i64..60_000,
        caller in "\\PC{0,400}",
        extra in 1usize..40,
    ) {
        let limit: BurstLimit = format!("{count}/{window_s}s").parse().unwrap();
        let limits = Limits::new(Mode::Observe, limit);
        let mut record = Record::new(rule(), limit);
        let observations: Vec<_> = (0..4_000usize)
            .map(|id| {
                let observation = firing(id, at(id as i64 * gap_ms), &format!("{}{caller}", id % extra));
                let Observation::Firing(firing) = observation else { unreachable!() };
                Observation::Firing(on_a_resource(firing, id, extra, &caller))
            })
            .collect();
        record = step(&limits, record, &observations, at(4_000 * 60_000)).0;
        let blob = record.encode().unwrap();
        let (json, firings) = (blob.json.len(), blob.firings.len());
        prop_assert!(json + firings < 32_768, "{json} + {firings} bytes");
        let read = Record::decode(&blob).unwrap();
        prop_assert_eq!(&read, &record);

        // A cut keeps the firings before it until its outcome is known, and counts those after it.
        let order = Observation::Order(Order::Disable { reason: "x".repeat(300) });
        let disabled = Observation::Answer(Answer::Disabled(Ok(RuleState::Disabled)));
        let inspected = Observation::Answer(Answer::Inspected(Ok(Box::new(large_rule()))));
        let later = at(4_001 * 60_000);
        for observation in [order, inspected, disabled] {
            record = step(&limits, record, &[observation], later).0;
        }
        let missed = |id: usize| {
            let Observation::Firing(missed) = firing(id, at((4_001 + id as i64) * 60_000), &caller) else { unreachable!() };
            Observation::Missed(on_a_resource(missed, id, extra, &caller))
        };
        let missed: Vec<_> = (4_001..8_000).map(missed).collect();
        record = step(&limits, record, &missed, at(8_001 * 60_000)).0;
        prop_assert!(record.aftermath.as_ref().is_some_and(|after| after.missed.total() > 0));
        let blob = record.encode().unwrap();
        let (json, firings) = (blob.json.len(), blob.firings.len());
        prop_assert!(json + firings < 32_768, "{json} + {firings} bytes after a cut");
        prop_assert_eq!(Record::decode(&blob).unwrap(), record);
    }
}

/// Rule with the longest pattern that EventBridge takes, and five targets.
fn large_rule() -> RuleDefinition {
    let names = "\"PutBucketAclOfSomeName\",".repeat(160);
    let pattern = format!(r#"{{"detail":{{"eventName":[{}]}}}}"#, names.trim_end_matches(','));
    let target = |n: u8| {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}-{n}", "x".repeat(60));
        let settings = [("input".to_owned(), "x".repeat(200))].into();
        Target { settings, ..Target::new(n.to_string(), arn) }
    };
    RuleDefinition {
        targets: (0..5).map(target).collect(),
        ..RuleDefinition::new(RuleState::Enabled, &pattern)
    }
}
