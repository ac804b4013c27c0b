//! Waiting alerts: their number, their order and their claims.

use jiff::SignedDuration;

use super::{NOON, evidence, rule};
use crate::alerts::{Alert, AlertJson, AlertKind, Failure, Outbox, RuleBody, RuleEvent};
use crate::model::{Fault, FaultKind, Timestamp};

const ROOM: usize = 3;

fn fault() -> Fault {
    Fault::new(FaultKind::Denied, "no")
}

fn failed(failure: Failure, at: Timestamp) -> Alert {
    let body = RuleBody::new(RuleEvent::Failed(failure), "open").with_evidence(&evidence());
    Alert::about_rule(&rule(""), 3, body, at)
}

fn ids(outbox: &Outbox) -> Vec<String> {
    let about = format!("{}/3/failed/", rule(""));
    outbox.alerts().map(|alert| alert.key.to_string().replace(&about, "")).collect()
}

#[test]
fn a_repetition_takes_the_place_of_what_it_repeats() {
    let later = NOON + SignedDuration::from_hours(24);
    let mut outbox = Outbox::default();
    for (failure, at) in [
        (Failure::Disable(fault().to_string()), NOON),
        (Failure::Restore(fault().to_string()), NOON),
        (Failure::Tags(vec!["a".into()]), NOON),
        (Failure::Disable(fault().to_string()), later),
        (Failure::Tags(vec!["b".into()]), later),
    ] {
        assert_eq!(outbox.queue(failed(failure, at), ROOM), None);
    }
    let tags = Failure::Tags(vec!["b".into()]);
    let tags = failed(tags, NOON).key.to_string();
    let tags = tags.rsplit('/').next().unwrap();
    assert_eq!(
        ids(&outbox),
        ["restore/2026-11-20T12:00:00Z".to_owned(), format!("disable/{later}"), format!("tags/{tags}")]
    );
    let oldest = outbox.queue(failed(Failure::Overtaken, later), ROOM).unwrap();
    assert_eq!(oldest.reason(), "could not restore the rule: no");
    let with_evidence = outbox.alerts().filter(|alert| AlertJson::of(alert).evidence.is_some());
    assert_eq!(with_evidence.count(), 1, "that of the newest");
}

#[test]
fn one_publisher_at_a_time_and_the_next_after_it() {
    let at = |seconds: i64| NOON + SignedDuration::from_secs(seconds);
    let mut outbox = Outbox::default();
    outbox.queue(failed(Failure::Overtaken, NOON), ROOM);
    let key = outbox.alerts().next().unwrap().key.clone();
    assert_eq!(outbox.claim(at(0)).len(), 1);
    assert_eq!(outbox.claim(at(59)).len(), 0);
    outbox.queue(failed(Failure::Disable(fault().to_string()), NOON), ROOM);
    assert_eq!(outbox.claim(at(59)).len(), 1, "a new one does not wait for the publisher of another");
    assert_eq!(outbox.claim(at(60)).len(), 1, "its publisher is dead");
    outbox.failed(&key, &fault(), at(61));
    assert_eq!((outbox.failures(), outbox.head().unwrap().1.is_free(at(62))), (1, false));
    outbox.published(&key);
    assert_eq!((outbox.len(), outbox.failures()), (1, 0));
    assert_eq!(outbox.ends(), Some(at(59 + 3 * 24 * 3_600)));
    let stored = serde_json::to_string(&outbox).unwrap();
    assert_eq!(serde_json::from_str::<Outbox>(&stored).unwrap(), outbox);
    assert_eq!(outbox.alerts().next().unwrap().key.kind, AlertKind::Failed);
}
