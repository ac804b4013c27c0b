//! Alerts that an earlier version stored are read, and published with the same text.

use crate::alerts::{Commands, message};
use crate::budget::OverspentBudgets;
use crate::record::Record;
use crate::stored::{Blob, Stored};

use super::NOON;

/// Record and budget state of a version that stored alerts as text, and the messages that it published.
const RECORD: &str = include_str!("../fixtures/record.json");
const PRESSURE: &str = include_str!("../fixtures/pressure.json");
const MESSAGES: &str = include_str!("../fixtures/messages.tsv");

fn blob(json: &str) -> Blob {
    Blob::from(json.to_owned())
}

#[test]
fn alerts_that_wait_in_an_earlier_layout_are_published_as_they_were() {
    let record = Record::decode(&blob(RECORD)).unwrap();
    let mut pressure = OverspentBudgets::decode(&blob(PRESSURE)).unwrap();
    let check = |record: &Record, pressure: &mut OverspentBudgets| {
        let waiting = record.outbox.alerts().cloned().chain(pressure.claim_outbox(NOON));
        let lines = waiting.map(|alert| {
            let message = message(&alert, &Commands::default()).unwrap();
            format!("{}\t{}\t{}", alert.key, message.subject, message.body)
        });
        assert_eq!(lines.collect::<Vec<_>>(), MESSAGES.lines().collect::<Vec<_>>());
    };
    check(&record, &mut pressure.clone());
    let again = Record::decode(&record.encode().unwrap()).unwrap();
    pressure = OverspentBudgets::decode(&pressure.encode().unwrap()).unwrap();
    assert_eq!(again.outbox, record.outbox);
    check(&again, &mut pressure);
}
