//! Normal rates of a rule, and the limits that follow.

use super::*;
use crate::model::Answering;

/// Within the 14 days before, daylight saving time ended in Europe and America. CloudWatch's minutes are not affected.
const NOW: &str = "2026-11-05T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn limit(text: &str) -> BurstLimit {
    text.parse().unwrap()
}

/// Minutes as days, hours and minutes before now, each with its number of firings.
fn history(counts: &[(i64, i64, i64, u64)]) -> RateHistory {
    let ago = |days, hours, minutes| SignedDuration::from_mins((days * 24 + hours) * 60 + minutes);
    RateHistory::new(counts.iter().map(|(d, h, m, firings)| (at(NOW) - ago(*d, *h, *m), *firings)))
}

/// The same number of firings in every minute of 14 days.
fn steady(firings: u64) -> RateHistory {
    RateHistory::new((1..=14 * 24 * 60).map(|m| (at(NOW) - SignedDuration::from_mins(m), firings)))
}

fn record(history: &RateHistory, trips: &[&str]) -> RateRecord {
    let trips: Vec<Timestamp> = trips.iter().map(|trip| at(trip)).collect();
    history.record(at(NOW), Seconds::new(60), Some(Seconds::new(900)), &trips, None)
}

#[test]
fn the_busiest_stretch_is_the_record() {
    let check = |counts: &[(i64, i64, i64, u64)], length: u32, firings: u64, from: Option<&str>| {
        let peak = history(counts).record(at(NOW), Seconds::new(length), None, &[], None).burst;
        assert_eq!((peak.firings, peak.from), (firings, from.map(at)), "{counts:?} in {length} s");
    };
    check(&[], 60, 0, None);
    check(&[(6, 0, 0, 0)], 60, 0, None);
    check(&[(6, 2, 29, 5_012), (3, 0, 0, 4_000)], 60, 5_012, Some("2026-10-30T09:31:00Z"));
    // A longer stretch needs neighbouring minutes, and not one peak; a gap within it counts as a gap.
    let spread = [(6, 0, 0, 100), (5, 0, 3, 60), (5, 0, 0, 60)];
    check(&spread, 60, 100, Some("2026-10-30T12:00:00Z"));
    check(&spread, 180, 100, Some("2026-10-30T12:00:00Z"));
    check(&spread, 240, 120, Some("2026-10-31T11:57:00Z"));
    check(&spread, 900, 120, Some("2026-10-31T11:57:00Z"));
    // No multiple of a minute: rounded up.
    check(&spread, 1, 100, Some("2026-10-30T12:00:00Z"));
    check(&spread, 181, 120, Some("2026-10-31T11:57:00Z"));
    // Across midnight, and across the hours that Berlin and New York had twice.
    check(&[(1, 12, 1, 7), (1, 12, 0, 8)], 120, 15, Some("2026-11-03T23:59:00Z"));
    check(&[(11, 11, 1, 7), (11, 11, 0, 8), (11, 10, 1, 9)], 120, 15, Some("2026-10-25T00:59:00Z"));
    check(&[(4, 6, 1, 7), (4, 6, 0, 8), (4, 7, 0, 9)], 120, 15, Some("2026-11-01T05:59:00Z"));
    // The hour before now is being judged.
    check(&[(0, 0, 1, 900), (0, 0, 60, 800), (0, 1, 1, 3)], 60, 3, Some("2026-11-05T10:59:00Z"));
}

#[test]
fn the_hours_around_a_trip_are_not_normal() {
    let check = |counts: &[(i64, i64, i64, u64)], trips: &[&str], firings: u64| {
        assert_eq!(record(&history(counts), trips).burst.firings, firings, "{counts:?} {trips:?}");
    };
    let loop_and_calm = [(2, 0, 30, 9_000), (2, 0, 0, 9_000), (1, 23, 30, 9_000), (5, 0, 0, 40)];
    check(&loop_and_calm, &[], 9_000);
    check(&loop_and_calm, &["2026-11-03T12:00:10Z"], 40);
    check(&loop_and_calm, &["2026-11-03T12:00:10Z", "2026-10-31T12:00:00Z"], 0);
    // A minute belongs to the hour if any part of it lies in it.
    check(&[(2, 1, 1, 9)], &["2026-11-03T12:00:00Z"], 9);
    check(&[(2, 1, 0, 9)], &["2026-11-03T12:00:00Z"], 0);
    check(&[(1, 23, 0, 9)], &["2026-11-03T12:00:00Z"], 0);
    check(&[(1, 22, 59, 9)], &["2026-11-03T12:00:00Z"], 9);
}

#[test]
fn the_record_raises_limits_and_never_lowers_them() {
    let check = |history: &RateHistory, trips: &[&str], plain: &str, expected: [&str; 2], sustained: u64| {
        let record = record(history, trips);
        let seen = [record.burst_cut(limit(plain)), record.burst_suspect(limit(plain))];
        assert_eq!(seen, expected.map(limit), "{plain} {record:?}");
        assert_eq!(record.sustained_suspect_above(SustainedLimit::DEFAULT), sustained, "{record:?}");
    };
    let none = ["200/60s", "200/60s"];
    check(&RateHistory::default(), &[], "200/60s", none, 0);
    check(&history(&[(0, 0, 30, 5_000)]), &[], "200/60s", none, 0);
    check(&history(&[(3, 0, 0, 5_000)]), &["2026-11-02T12:30:00Z"], "200/60s", none, 0);
    // A quiet rule keeps the plain limits.
    check(&history(&[(3, 0, 0, 12)]), &[], "200/60s", none, 36);
    check(&history(&[(3, 0, 0, 21)]), &[], "200/60s", ["210/60s", "200/60s"], 63);
    // Always busy: 5,000 a minute for weeks is normal, 60,000 is not.
    check(&steady(5_000), &[], "200/60s", ["50000/60s", "15000/60s"], 225_000);
    check(&steady(5_000), &["2026-11-02T12:30:00Z"], "200/60s", ["50000/60s", "15000/60s"], 225_000);
    // Computed for a minute: it does not apply to another length.
    check(&steady(5_000), &[], "200/5m", ["200/5m", "200/5m"], 225_000);
    check(&steady(u64::MAX), &[], "200/60s", ["100000000/60s", "100000000/60s"], u64::MAX);
}

#[test]
fn a_record_is_for_the_lengths_it_was_computed_for() {
    let check = |burst: &str, sustained: Option<&str>, expected: bool| {
        let sustained = sustained.map(|text| text.parse().unwrap());
        assert_eq!(
            record(&steady(5), &[]).is_for(limit(burst), sustained),
            expected,
            "{burst} {sustained:?}"
        );
    };
    check("200/60s", Some("20/15m/8"), true);
    check("999/60s", Some("99/15m/2"), true);
    check("200/60s", None, true);
    check("200/30s", None, true);
    check("200/90s", None, false);
    check("200/60s", Some("20/20m/8"), false);
    let without = steady(5).record(at(NOW), Seconds::new(60), None, &[], None);
    assert!(!without.is_for(limit("200/60s"), Some(SustainedLimit::DEFAULT)));
    assert_eq!(without.sustained_suspect_above(SustainedLimit::DEFAULT), 0);
}

#[test]
fn a_record_ages() {
    let check = |now: &str, is_fresh: bool, is_usable: bool| {
        let record = record(&steady(5), &[]);
        assert_eq!((record.is_fresh(at(now)), record.is_usable(at(now))), (is_fresh, is_usable), "{now}");
    };
    check(NOW, true, true);
    check("2026-11-05T12:59:59Z", true, true);
    check("2026-11-05T13:00:00Z", false, true);
    check("2026-11-06T11:59:59Z", false, true);
    check("2026-11-06T12:00:00Z", false, false);
    check("2026-11-05T11:59:50Z", true, true);
    check("2026-11-01T12:00:00Z", false, false);
}

#[test]
fn the_comparison_reads_in_numbers() {
    let check = |peak: Peak, count: u64, expected: &str| assert_eq!(peak.compared_with(count), expected);
    let record = record(&history(&[(6, 2, 29, 5_012), (6, 2, 20, 988), (1, 0, 0, 1)]), &[]);
    check(
        record.burst,
        6_000,
        "its busiest minute in 14 days had 5,012 firings (2026-10-30T09:31Z); this is 1.2 times that",
    );
    check(
        record.sustained.unwrap(),
        60_000,
        "its busiest 15 minutes in 14 days had 6,000 firings (2026-10-30T09:31Z); this is 10 times that",
    );
    let once = history(&[(1, 0, 0, 1)]).record(at(NOW), Seconds::new(60), None, &[], None).burst;
    check(
        once,
        1_234,
        "its busiest minute in 14 days had 1 firing (2026-11-04T12:00Z); this is 1,234 times that",
    );
    let never = RateHistory::default().record(at(NOW), Seconds::new(60), None, &[], None).burst;
    check(never, 200, "it had no firings in 14 days before the last hour");
    let ratio = |count, firings| {
        let text = Peak { firings, ..once }.compared_with(count);
        text.rsplit("this is ").next().unwrap().to_owned()
    };
    assert_eq!(ratio(996, 100), "10 times that");
    assert_eq!(ratio(994, 100), "9.9 times that");
    assert_eq!(ratio(50, 100), "0.5 times that");
    assert_eq!(ratio(u64::MAX, 1), "18,446,744,073,709,551,615 times that");
}

#[test]
fn stored_it_is_small_and_the_same() {
    let check = |functions: usize, most: usize| {
        let function = |n| format!("arn:aws:lambda:us-gov-west-1:123456789012:function:{n:064}");
        let longest = (0..functions).map(|n| (function(n), Seconds::new(900))).collect();
        let record = record(&steady(5_000).with_longest(longest), &[]);
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<RateRecord>(&json).unwrap(), record);
        assert!(json.len() < most, "{} bytes: {json}", json.len());
    };
    check(0, 220);
    check(Answering::MAX_FUNCTIONS, 2_500);
}
