//! Items that earlier versions wrote, in `tests/`. They are read with their meaning, and keep it when written again.

use std::fmt::{Display, Write as _};

use super::*;
use crate::budget::{DoubtGroup, OverspentBudgets, Report};
use crate::cuts::Cuts;
use crate::directory::{Head, unpack};
use crate::record::Record;

const RECORDS: [&str; 6] = ["closed", "claimed", "refused", "open", "restoring", "half-open"];

/// Text of a file in `tests/`, without the line break at its end.
fn file(name: &str) -> String {
    let path = format!("{}/src/stored/tests/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().trim_end().to_owned()
}

fn stored_record(name: &str) -> Blob {
    let hex = file(&format!("{name}.window.hex"));
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let firings = (0..hex.len()).step_by(2).map(byte).collect();
    Blob { json: file(&format!("{name}.json")), firings }
}

fn or_none(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn about_record(record: &Record) -> String {
    let kinds: Vec<_> = record.outbox.alerts().map(|alert| alert.key.kind.as_str()).collect();
    let trip = record.last_trip.as_ref();
    [
        format!("{} epoch {}, {}", record.key(), record.epoch.number, record.breaker),
        format!("counted {}, last {}", record.window.count_at_newest(), or_none(record.window.newest())),
        format!("calls followed {}", !record.turns.is_empty()),
        format!("tripped {}", or_none(trip.map(|trip| format!("at {} for {}", trip.at, trip.reason)))),
        format!("alerts {kinds:?}"),
        format!("work until {} failures {}", or_none(record.work.until), record.work.failures),
        format!("failure told {}", or_none(record.failure_reported.last())),
        format!("unmatched told {}", or_none(record.unmatched_reported.last())),
        format!("suspect told {}", or_none(record.suspected.last())),
        format!("advice told {}", or_none(record.advised.last())),
        format!("tags told {:?}", record.reported_tags),
        format!("quiet until {}", or_none(record.quiet.map(|quiet| quiet.until))),
        format!("history asked {}", or_none(record.history.as_ref().map(|history| history.asked_at))),
    ]
    .join("\n  ")
}

fn about_head(head: &Head, now: Timestamp) -> String {
    let chunks: Vec<_> = head.buckets.iter().map(|bucket| bucket.chunk()).collect();
    let told = head.unwatched.as_ref().unwrap();
    [
        format!("{} {chunks:?}", head.key()),
        format!("refreshed until {}: {}", head.lease.until.unwrap(), head.is_leased(now)),
        format!("trouble told {}", or_none(head.trouble.as_ref().unwrap().told.last())),
        format!("unwatched told {} {:?} {:?}", or_none(told.at.last()), told.ids, told.absent),
        format!("pass {:?}", head.pass.as_ref().map(|pass| &pass.bus)),
    ]
    .join("\n  ")
}

fn about_pressure(pressure: &OverspentBudgets, now: Timestamp) -> String {
    let mut text = format!("{} ends {}", pressure.key(), or_none(pressure.ends()));
    for press in pressure.budgets() {
        let cleared = press.follow_up.cleared.as_ref().map(|cleared| &cleared.reason);
        let told = or_none(press.follow_up.told);
        write!(text, "\n  {} told {told} cleared {}", press.name, or_none(cleared)).unwrap();
    }
    let mut pressure = pressure.clone();
    let unlogged: Vec<String> = pressure.unlogged().into_iter().map(|(name, _)| name).collect();
    let names = |overspent: Vec<crate::budget::OverspentBudget>| -> Vec<String> {
        overspent.into_iter().map(|press| press.name).collect()
    };
    write!(text, "\n  unlogged {unlogged:?}").unwrap();
    write!(text, "\n  waiting {:?}", pressure.waiting(now).len()).unwrap();
    let again = pressure.note_unconfirmed(DoubtGroup::Other, "budget/message/s-1", now) != Report::Muted;
    write!(text, "\n  same doubt told again {again}").unwrap();
    for seconds in [15, 69, 70, 671, 1_260] {
        let later = now + jiff::SignedDuration::from_secs(seconds);
        let alerts: Vec<_> =
            pressure.clone().claim_outbox(later).into_iter().map(|one| one.key.to_string()).collect();
        let untold = names(pressure.clone().claim_unannounced(later));
        let asks = names(pressure.clone().claim_due_checks(later));
        write!(text, "\n  after {seconds} s publishes {alerts:?} tells {untold:?} asks about {asks:?}")
            .unwrap();
    }
    text
}

#[test]
fn what_an_earlier_guard_stored_is_read_as_it_was_meant() {
    let noon = Timestamp::constant(1_795_176_000, 0);
    let mut text = String::new();
    for name in RECORDS {
        let blob = stored_record(name);
        let record = Record::decode(&blob).unwrap();
        assert_eq!(Record::decode(&record.encode().unwrap()).unwrap(), record, "{name}");
        writeln!(text, "{name}: {}", about_record(&record)).unwrap();
    }
    let blob = Blob::from(file("head.json"));
    let head = Head::decode(&blob).unwrap();
    assert_eq!(head.encode().unwrap(), blob);
    writeln!(text, "head: {}", about_head(&head, noon + jiff::SignedDuration::from_secs(119))).unwrap();
    let chunk = file("chunk.json");
    let entries = unpack(&chunk).unwrap();
    assert_eq!(serde_json::to_string(&entries).unwrap(), chunk);
    let name = head.buckets[0].chunk();
    let rules: Vec<_> = entries.iter().map(|entry| (entry.rule.name(), &entry.tags)).collect();
    writeln!(text, "chunk: {} {rules:?}", Key::Chunk(&name)).unwrap();
    let blob = Blob::from(file("pressure.json"));
    let pressure = OverspentBudgets::decode(&blob).unwrap();
    assert_eq!(OverspentBudgets::decode(&pressure.encode().unwrap()).unwrap(), pressure);
    writeln!(text, "pressure: {}", about_pressure(&pressure, noon)).unwrap();
    assert_eq!(text.trim_end(), file("expected.txt"), "\n{text}");
}

#[test]
fn what_the_first_guard_stored_is_read_too() {
    let rule = "arn:aws:events:us-east-1:123456789012:rule/fix-acl";
    let json = format!(
        r#"{{"schema":1,"rule":"{rule}","epoch":{{"number":1}},"breaker":{{"state":"closed"}},"limit":{{"count":3,"window":60}},"window":{{"limit":{{"count":3,"window":60}},"callers":[],"recent":[],"reach":0}}}}"#
    );
    let record = Record::decode(&Blob::from(json)).unwrap();
    assert_eq!(record, Record::new(rule.parse().unwrap(), "3/60s".parse().unwrap()));
    let json = r#"{"schema":1,"budgets":[]}"#;
    assert_eq!(OverspentBudgets::decode(&Blob::from(json.to_owned())).unwrap(), OverspentBudgets::default());
    assert_eq!(Head::decode(&Blob::from(r#"{"schema":1}"#.to_owned())).unwrap(), Head::default());
    assert_eq!(Cuts::decode(&Blob::from(r#"{"schema":1}"#.to_owned())).unwrap(), Cuts::default());
    let json =
        format!(r#"{{"schema":1,"recent":[{{"rule":"{rule}","epoch":1,"at":"2026-11-20T13:00:00Z"}}]}}"#);
    let mut cuts = Cuts::decode(&Blob::from(json.clone())).unwrap();
    assert_eq!(cuts.encode().unwrap(), Blob::from(json));
    // The cut counts on: with one an hour, the next one is withheld.
    let later = Timestamp::constant(1_795_180_000, 0);
    let other = "arn:aws:events:us-east-1:123456789012:rule/other".parse().unwrap();
    assert_ne!(cuts.request(&other, 1, 1, later), crate::cuts::Permit::Granted);
}

#[test]
fn what_cannot_be_used_is_named() {
    let check = |error: StoredError, expected: &str| {
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    let blob = |json: &str| Blob::from(json.to_owned());
    check(Record::decode(&blob("{")).unwrap_err(), "the record is damaged: EOF");
    check(
        Record::decode(&blob(r#"{"schema":3}"#)).unwrap_err(),
        "the record has schema 3, this version reads up to 2;",
    );
    check(Head::decode(&blob("{")).unwrap_err(), "the head of the directory is damaged: EOF");
    check(OverspentBudgets::decode(&blob("{")).unwrap_err(), "the budget pressure is damaged: EOF");
    let mut cut = stored_record("closed");
    cut.firings.truncate(5);
    check(Record::decode(&cut).unwrap_err(), "the record is damaged: the stored firings end early");
}
