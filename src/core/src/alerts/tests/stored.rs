//! Alerts that an earlier version has stored are read, and published word for word as it would have.

use crate::alerts::message;
use crate::budget::OverspentBudgets;
use crate::record::Record;
use crate::stored::{Blob, Stored};

use super::NOON;

/// A record and a budget state of the version that stored alerts in words, and the messages that it made of them.
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
            let message = message(&alert).unwrap();
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
