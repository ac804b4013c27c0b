//! Tests of the report of a replay, in both forms.

use budget_guard_core::model::Seconds;

use super::*;
use crate::samples::check_sample;

fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

fn row(rule: &str, verdict: &str, tone: Tone, minutes: &[(i64, u64)]) -> ReplayRow {
    let first = at("00:00:00").as_second() / 60;
    let busiest = minutes.iter().max_by_key(|(_, firings)| *firings);
    let window = |(minute, count): &(i64, u64)| BusiestWindow {
        count: *count,
        window: Seconds::new(60),
        at: Timestamp::from_second((first + minute) * 60 + 59).unwrap(),
    };
    ReplayRow {
        rule: rule.to_owned(),
        place: None,
        verdict: verdict.to_owned(),
        tone,
        firings: minutes.iter().map(|(_, firings)| firings).sum(),
        own: "0".to_owned(),
        peak: busiest.map(window),
        trip: None,
        cost: None,
        limit_needed: busiest.map(|(_, firings)| format!("{}/60s", firings + 1)),
        minutes: minutes.iter().map(|(minute, firings)| (first + minute, *firings)).collect(),
    }
}

/// A proved loop, a rule above the limit, an honest one, and one whose actors are not known.
fn report() -> ReplayReport {
    let looping: Vec<(i64, u64)> = (720..1_200).map(|minute| (minute, 12)).collect();
    let busy = [(300, 40), (301, 260), (302, 180), (900, 30)];
    let hourly: Vec<(i64, u64)> = (0..24).map(|hour| (hour * 60, 3)).collect();
    let hint = "fix-acl fires itself: let its target look before it writes, or keep the target's own calls out of its pattern";
    let reason = |text: &str| text.to_owned();
    ReplayReport {
        limit: "200/60s".to_owned(),
        events: 48_211,
        files: 288,
        period: Some((at("00:00:00"), at("23:59:59"))),
        rules: 4,
        tripped: 2,
        is_partial: false,
        rows: vec![
            ReplayRow {
                own: "5760".to_owned(),
                trip: Some((at("12:00:45"), reason("10 turns: each of these s3 PutBucketAcl calls can only have been caused by one before it, at the limit of 10"))),
                cost: Some((MicroUsd::new(40_000), MicroUsd::new(23_150_000))),
                limit_needed: None,
                ..row("fix-acl", "proved loop", Tone::Bad, &looping)
            },
            ReplayRow {
                own: "unknown".to_owned(),
                trip: Some((at("05:01:40"), reason("200 distinct firings within 60s, at the limit of 200"))),
                ..row("tag-instances", "over limit", Tone::Bad, &busy)
            },
            row("notify-deploys", "quiet", Tone::Good, &hourly),
            ReplayRow { own: "unknown".to_owned(), ..row("audit", "unproved", Tone::Warning, &hourly[..6]) },
        ],
        advice: vec![
            Advice {
                importance: Importance::Note,
                text: "unproved, because the actors behind their targets are not all known: audit; a target's \"role\" tells them".to_owned(),
            },
            Advice { importance: Importance::Hint, text: hint.to_owned() },
        ],
        now: at("23:59:59"),
    }
}

#[test]
fn the_samples_are_current() {
    check_sample("replay.html", &replay_html(&report()));
    check_sample("replay.md", &replay_markdown(&report()));
}

#[test]
fn slices_cover_the_whole_time() {
    let report = report();
    let slices = |row: usize, number| report.slices(&report.rows[row], number);
    assert_eq!(slices(0, 4), [0, 0, 360 * 12, 120 * 12]);
    assert_eq!(slices(1, 4), [480, 0, 30, 0]);
    assert_eq!(slices(2, 1), [72]);
    assert_eq!(slices(2, 24), [3; 24]);
}

#[test]
fn both_forms_say_the_same_of_a_quiet_replay() {
    let mut report = report();
    (report.rows, report.advice, report.tripped, report.is_partial) = (Vec::new(), Vec::new(), 0, true);
    for text in [replay_html(&report), replay_markdown(&report)] {
        assert!(text.contains("None of 4 rules would have tripped"), "{text}");
        assert!(text.contains("a quiet rule may not be quiet"), "{text}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</td><script>alert(1)</script>|`x`\n\u{202e}";
    let mut report = report();
    let row = &mut report.rows[0];
    (row.rule, row.place) = (hostile.to_owned(), Some(hostile.to_owned()));
    row.trip = Some((at("12:00:00"), hostile.to_owned()));
    report.advice[0].text = hostile.to_owned();
    let page = replay_html(&report);
    assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
    let text = replay_markdown(&report);
    assert!(!text.contains("<script") && !text.contains("|`x`") && !text.contains('\u{202e}'), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count(), 5, "{text}");
}
