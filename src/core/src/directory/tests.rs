//! Tests of the directory: edits of rules, the stored layout, and the rules that an event fires.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::{Actor, Fault, FaultKind, ListedRule, RuleDefinition, Target};
use crate::stored::{Blob, Stored};
use eventbridge_pattern::Scratch;

const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
const PATTERN: &str = r#"{"source":["aws.s3"]}"#;
const ENABLED: RuleState = RuleState::Enabled;
const THIRD: RuleState = RuleState::EnabledWithAllCloudtrailManagementEvents;

fn at(seconds: i64) -> Timestamp {
    NOON + SignedDuration::from_secs(seconds)
}

fn arn(path: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{path}").parse().unwrap()
}

fn listed(path: &str, state: RuleState, pattern: &str) -> ListedRule {
    ListedRule {
        rule: arn(path),
        state,
        event_pattern: Some(pattern.to_owned()).filter(|text| !text.is_empty()),
        schedule_expression: None,
        role_arn: None,
        managed_by: None,
    }
}

fn definition(state: RuleState, pattern: &str) -> Box<RuleDefinition> {
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Box::new(RuleDefinition {
        state,
        event_pattern: Some(pattern.to_owned()),
        schedule_expression: None,
        description: Some("not kept".to_owned()),
        role_arn: None,
        managed_by: None,
        targets: vec![Target { code_sha256: Some("not kept".to_owned()), ..Target::new("1", "arn:f") }],
        tags: [tag("budget-guard:mode", "observe"), tag("team", "blue")].into(),
    })
}

/// Names of all rules with their states, in order.
fn shown(entries: &Entries) -> String {
    let shown: Vec<String> =
        entries.values().map(|entry| format!("{} {}", entry.rule.name(), entry.state)).collect();
    shown.join(", ")
}

#[test]
fn the_order_of_arrival_makes_no_difference() {
    let list = |state, seconds| Edit::Listed { rule: listed("a", state, PATTERN), at: at(seconds) };
    let state = |state, seconds| Edit::State { rule: arn("a"), state, at: at(seconds) };
    let read = |state, seconds| Edit::Read {
        rule: arn("a"),
        definition: definition(state, PATTERN),
        at: at(seconds),
        since: None,
    };
    let gone = |seconds| Edit::Gone { rule: arn("a"), at: at(seconds) };
    let none = |seconds| Edit::BusListed { bus: "default".into(), rules: [].into(), at: at(seconds) };
    let check = |edits: &[Edit], expected: &str| {
        let mut entries = Entries::new();
        edits.iter().cloned().for_each(|edit| edit.apply(&mut entries));
        assert_eq!(shown(&entries), expected, "{edits:?}");
    };
    let disabled = RuleState::Disabled;
    check(&[list(ENABLED, 0)], "a ENABLED");
    check(&[list(ENABLED, 0), list(disabled, 9)], "a DISABLED");
    check(&[list(ENABLED, 0), state(disabled, 9), list(ENABLED, 5)], "a DISABLED");
    check(&[list(ENABLED, 0), state(disabled, 9), list(ENABLED, 10)], "a ENABLED");
    check(&[read(disabled, 9), list(ENABLED, 5)], "a DISABLED");
    check(&[read(disabled, 9), read(ENABLED, 5)], "a DISABLED");
    check(&[read(ENABLED, 9), gone(5)], "a ENABLED");
    check(&[read(ENABLED, 9), gone(10)], "");
    check(&[read(ENABLED, 9), none(5)], "a ENABLED");
    check(&[read(ENABLED, 9), none(10)], "");
    check(&[state(disabled, 9)], "");
}

#[test]
fn what_is_no_longer_listed_is_gone() {
    let check = |edit: Edit, expected: &str| {
        let mut entries = Entries::new();
        for path in ["a", "b", "orders/c", "shop/d"] {
            Edit::Listed { rule: listed(path, ENABLED, PATTERN), at: NOON }.apply(&mut entries);
        }
        edit.apply(&mut entries);
        let left: Vec<&str> = entries.keys().map(RuleArn::name).collect();
        assert_eq!(left.join(""), expected);
    };
    let rules = |paths: &[&str]| paths.iter().map(|path| arn(path)).collect();
    check(Edit::BusListed { bus: "default".into(), rules: rules(&["b"]), at: at(1) }, "bcd");
    check(Edit::BusListed { bus: "orders".into(), rules: rules(&[]), at: at(1) }, "abd");
    let buses = ["default".to_owned(), "shop".to_owned()];
    check(Edit::BusesListed { buses: buses.into(), at: at(1) }, "abd");
}

#[test]
fn details_are_kept_bare_and_read_oldest_first() {
    let mut entries = Entries::new();
    let every = SignedDuration::from_hours(6);
    Edit::Listed { rule: listed("a", ENABLED, PATTERN), at: NOON }.apply(&mut entries);
    assert!(entries[&arn("a")].details_due(every) < NOON, "never read: first of all");
    Edit::Read { rule: arn("a"), definition: definition(ENABLED, PATTERN), at: at(5), since: None }
        .apply(&mut entries);
    let entry = &entries[&arn("a")];
    assert_eq!(entry.tags.keys().collect::<Vec<_>>(), ["budget-guard:mode"]);
    assert_eq!(entry.targets, [Target::new("1", "arn:f")]);
    assert_eq!(entry.details_due(every), at(6 * 3_600 + 5));
    let directory = Directory::new(entries.clone(), Own::example());
    assert!(directory.tags(&arn("a"), at(12 * 3_600)).is_some());
    assert!(directory.tags(&arn("a"), at(12 * 3_600 + 5)).is_none(), "too old to hold");
    Edit::DetailsStale { rule: arn("a"), by: "ann".into() }.apply(&mut entries);
    for (is_transient, seconds) in [(false, 3_600), (true, 50)] {
        Edit::DetailsFailed { rule: arn("a"), is_transient, at: at(10) }.apply(&mut entries);
        assert_eq!(entries[&arn("a")].details_due(every), at(10 + seconds), "not again at once");
    }
}

/// Rules that fire, the number of those that do not receive the event, and rules that are unknown.
fn fires(directory: &Directory, event: &serde_json::Value, seconds: i64, is_withheld: bool) -> String {
    let mut scratch = Scratch::default();
    let fired =
        directory.fires(event.to_string().as_bytes(), at(seconds), is_withheld, &mut scratch).unwrap();
    let names = |rules: &[&RuleArn]| rules.iter().map(|rule| rule.name()).collect::<Vec<_>>().join(" ");
    format!("[{}] {} [{}]", names(&fired.rules), fired.withheld, names(&fired.unknown))
}

#[test]
fn only_rules_that_an_event_can_fire_are_matched() {
    let mut rules = vec![
        listed("plain", ENABLED, PATTERN),
        listed("third", THIRD, PATTERN),
        listed("other", ENABLED, r#"{"source":["aws.ec2"]}"#),
        listed("off", RuleState::Disabled, PATTERN),
        listed("budget-guard-changes", ENABLED, PATTERN),
        listed("orders/custom", ENABLED, PATTERN),
        listed("schedule", ENABLED, ""),
        listed("managed", ENABLED, PATTERN),
        listed("broken", ENABLED, r#"{"source":"#),
        listed("broken-third", THIRD, r#"{"source":[{"no-such":1}]}"#),
        listed("broken-off", RuleState::Disabled, "{"),
    ];
    rules[6].schedule_expression = Some("rate(1 minute)".into());
    rules[7].managed_by = Some("x.amazonaws.com".into());
    let mut entries = Entries::new();
    rules.into_iter().for_each(|rule| Edit::Listed { rule, at: NOON }.apply(&mut entries));
    let directory = Directory::new(entries, Own::example());
    let event = json!({"source": "aws.s3"});
    assert_eq!(fires(&directory, &event, 0, false), "[plain third] 0 [broken broken-third]");
    assert_eq!(fires(&directory, &event, 0, true), "[third] 1 [broken-third]", "a call named Get…");
    assert_eq!(fires(&directory, &json!({"source": "shop"}), 0, false), "[] 0 [broken broken-third]");
    let unreadable: Vec<&str> = directory.unreadable().iter().map(|one| one.rule.name()).collect();
    assert_eq!(unreadable, ["broken", "broken-third"]);
    assert!(directory.unreadable()[0].problem.starts_with("line 1, column"), "{:?}", directory.unreadable());
}

#[test]
fn a_call_that_a_plain_rule_has_brought_is_received_by_all() {
    let check = |own: &[(&str, RuleState)], expected: &str| {
        let mut entries = Entries::new();
        let others = [("plain", ENABLED), ("third", THIRD)];
        for (path, state) in others.iter().chain(own) {
            Edit::Listed { rule: listed(path, *state, PATTERN), at: NOON }.apply(&mut entries);
        }
        let seen = fires(&Directory::new(entries, Own::example()), &json!({"source": "aws.s3"}), 0, true);
        assert_eq!(seen, expected, "{own:?}");
    };
    let (by_name, all) = ("[third] 1 []", "[plain third] 0 []");
    let (watch, catch_all) = ("budget-guard-watch", "budget-guard-catch-all");
    check(&[], by_name);
    check(&[(watch, ENABLED)], all);
    check(&[(watch, THIRD)], by_name);
    check(&[(watch, RuleState::Disabled)], by_name);
    check(&[(watch, ENABLED), (catch_all, THIRD)], by_name);
    check(&[(watch, RuleState::Disabled), (catch_all, ENABLED)], all);
    check(&[("orders/budget-guard-watch", ENABLED)], by_name);
    check(&[("budget-guard-changes", ENABLED)], by_name);
}

#[test]
fn a_new_rule_is_not_fired_by_what_was_before_it() {
    let put = |entries: &mut Entries, state, pattern: &str, seconds| {
        let (rule, definition) = (arn("new"), definition(state, pattern));
        Edit::Read { rule, definition, at: at(seconds + 3), since: Some(at(seconds)) }.apply(entries);
    };
    let check = |entries: &Entries, seconds: i64, is_fired: bool| {
        let seen = fires(
            &Directory::new(entries.clone(), Own::example()),
            &json!({"source": "aws.s3"}),
            seconds,
            false,
        );
        assert_eq!(seen, if is_fired { "[new] 0 []" } else { "[] 0 []" }, "event at {seconds}");
    };
    let mut entries = Entries::new();
    put(&mut entries, ENABLED, PATTERN, 100);
    check(&entries, 99, false);
    check(&entries, 100, true);
    // Only its tags change.
    put(&mut entries, ENABLED, PATTERN, 200);
    check(&entries, 150, true);
    put(&mut entries, RuleState::Disabled, PATTERN, 300);
    check(&entries, 301, false);
    put(&mut entries, ENABLED, PATTERN, 400);
    check(&entries, 399, false);
    check(&entries, 400, true);
    put(&mut entries, ENABLED, r#"{"source":["aws.s3","aws.ec2"]}"#, 500);
    check(&entries, 499, false);
}

fn many(count: usize, filler: usize) -> Entries {
    let pattern = format!(r#"{{"source":["{}"]}}"#, "x".repeat(filler));
    let mut entries = Entries::new();
    for n in 0..count {
        Edit::Listed { rule: listed(&format!("r{n}"), ENABLED, &pattern), at: NOON }.apply(&mut entries);
    }
    entries
}

#[test]
fn one_changed_rule_rewrites_one_bucket() {
    let mut entries = many(1_000, 2_000);
    let (buckets, chunks) = pack(&entries, &[], 1, NOON).unwrap();
    assert!(chunks.iter().all(|chunk| chunk.json.len() <= MAX_CHUNK_BYTES));
    assert_eq!((buckets.len(), chunks.len()), (256, 256), "2.2 MB in chunks as large as the head");
    let (head, chunk) = (serde_json::to_string(&buckets).unwrap().len(), chunks[0].json.len());
    assert!(head + chunk < 40_000, "an edit writes {head} and {chunk} bytes");
    let mut found = Entries::new();
    for entry in chunks.iter().flat_map(|chunk| unpack(&chunk.json).unwrap()) {
        found.insert(entry.rule.clone(), entry);
    }
    assert_eq!(found, entries);

    let (again, none) = pack(&entries, &buckets, 2, at(60)).unwrap();
    assert_eq!((again == buckets, none.len()), (true, 0), "nothing changed, nothing is written");
    Edit::State { rule: arn("r7"), state: RuleState::Disabled, at: at(60) }.apply(&mut entries);
    let (changed, one) = pack(&entries, &buckets, 2, at(60)).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(changed.iter().filter(|bucket| !buckets.contains(bucket)).count(), 1);
    // The old content gets a new name, so that a late deletion of the old chunk does not remove the new one.
    let (back, one) = pack(&found, &changed, 3, at(61)).unwrap();
    assert_eq!(one.len(), 1);
    assert!(buckets.iter().all(|bucket| bucket.chunk() != one[0].name), "{}", one[0].name);
    assert!(back.iter().any(|bucket| bucket.chunk() == one[0].name));
}

#[test]
fn chunks_in_use_are_written_again_before_they_expire() {
    let entries = many(3, 10);
    let (buckets, _) = pack(&entries, &[], 1, NOON).unwrap();
    let (_, none) = pack(&entries, &buckets, 2, at(24 * 3_600 - 1)).unwrap();
    let (renewed, one) = pack(&entries, &buckets, 3, at(24 * 3_600)).unwrap();
    assert_eq!((none.len(), one.len()), (0, 1));
    assert_eq!(one[0].name, buckets[0].chunk(), "under the same name");
    let (_, none) = pack(&entries, &renewed, 4, at(24 * 3_600 + 60)).unwrap();
    assert_eq!(none.len(), 0);
}

#[test]
fn what_is_absent_is_remembered_for_a_month_and_in_bounds() {
    // Layout before `absent` was stored.
    let stored = r#"{"schema":1,"unwatched":{"at":"2026-11-20T12:00:00Z","ids":[1,2]}}"#;
    let mut head = Head::decode(&Blob::from(stored.to_owned())).unwrap();
    let mut note = |days: i64, ids: &[u64]| {
        let is_news = head.note_unwatched(&ids.iter().copied().collect(), at(days * 24 * 3_600));
        head = Head::decode(&head.encode().unwrap()).unwrap();
        (is_news, head.unwatched.as_ref().unwrap().ids.len())
    };
    assert_eq!(note(1, &[1]), (false, 2));
    assert_eq!(note(30, &[1, 2]), (false, 2), "29 days");
    assert_eq!(note(31, &[1]), (false, 2));
    assert_eq!(note(61, &[1]), (false, 1), "30 days");
    assert_eq!(note(62, &[1, 2]), (true, 2));
    let many: Vec<u64> = (0..1_000).collect();
    assert_eq!(note(63, &many), (true, 1_000));
    assert_eq!(note(64, &[]), (false, 200));
}

#[test]
fn trouble_is_told_once_a_day_and_when_it_is_over() {
    let mut head = Head::default();
    let fault = |kind| Fault::new(kind, "ListRules: no");
    let rules = Missed::Rules;
    let mut check = |missed, fault: Option<Fault>, seconds: i64, expected: Option<&str>| {
        head.begin_refresh(at(seconds));
        assert!(head.is_leased(at(seconds + 59)) && !head.is_leased(at(seconds + 60)));
        let told = head.end_refresh(fault.as_ref().map_or(Ok(()), |fault| Err((missed, fault))), at(seconds));
        assert!(!head.is_leased(at(seconds)));
        match expected {
            Some(words) => assert!(told.as_deref().is_some_and(|told| told.contains(words)), "{told:?}"),
            None => assert_eq!(told, None),
        }
        head = Head::decode(&head.encode().unwrap()).unwrap();
    };
    check(rules, None, 0, None);
    check(
        rules,
        Some(fault(FaultKind::Denied)),
        60,
        Some("was not refreshed, what was known before holds: ListRules: no"),
    );
    check(rules, Some(fault(FaultKind::Denied)), 120, None);
    check(rules, Some(fault(FaultKind::Throttled)), 180, Some("tries again every minute"));
    check(rules, Some(fault(FaultKind::Throttled)), 180 + 24 * 3_600, Some("was not refreshed"));
    check(rules, None, 180 + 24 * 3_600 + 60, Some("refreshed again, after: ListRules: no"));
    check(rules, None, 180 + 24 * 3_600 + 120, None);
    let end = 180 + 25 * 3_600;
    let details = Some("targets and tags of some rules were not read, what was known of them before holds");
    check(Missed::Details, Some(fault(FaultKind::Throttled)), end, details);
}

#[test]
fn a_directory_of_a_later_guard_is_refused() {
    let check = |json: &str, expected: &str| {
        let error = Head::decode(&Blob::from(json.to_owned())).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(r#"{"schema":2}"#, "the head of the directory has schema 2, this version reads up to 1; install");
    check("{", "the head of the directory is damaged: EOF");
}

proptest! {
    /// The stored entries equal the known ones after any edits, for any number of buckets.
    #[test]
    fn what_is_packed_is_what_is_unpacked(
        steps in proptest::collection::vec((0usize..60, 0u8..4, 0usize..6_000), 1..40),
    ) {
        let (mut entries, mut buckets, mut stored) = (Entries::new(), Vec::new(), std::collections::BTreeMap::new());
        for (version, (n, kind, filler)) in steps.into_iter().enumerate() {
            let (rule, now) = (arn(&format!("r{n}")), at(version as i64));
            let pattern = "p".repeat(filler * 4);
            match kind {
                0 => Edit::Gone { rule, at: now }.apply(&mut entries),
                1 => Edit::State { rule, state: RuleState::Disabled, at: now }.apply(&mut entries),
                _ => Edit::Listed { rule: listed(&format!("r{n}"), ENABLED, &pattern), at: now }.apply(&mut entries),
            }
            let (next, chunks) = pack(&entries, &buckets, version as u64 + 1, now).unwrap();
            stored.extend(chunks.into_iter().map(|chunk| (chunk.name, chunk.json)));
            buckets = next;
            let all = buckets.iter().flat_map(|bucket| unpack(&stored[&bucket.chunk()]).unwrap());
            let all: Entries = all.map(|entry| (entry.rule.clone(), entry)).collect();
            prop_assert_eq!(&all, &entries);
        }
    }
}

#[test]
fn schedules_wake_the_rules_with_the_same_actor() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
    let other = "arn:aws:lambda:us-east-1:123456789012:function:other";
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let mut entries = Entries::new();
    let mut add = |name: &str, state: RuleState, schedule: Option<&str>, target: &str, actor: &str| {
        let mut rule = listed(name, state, if schedule.is_some() { "" } else { PATTERN });
        rule.schedule_expression = schedule.map(str::to_owned);
        Edit::Listed { rule, at: NOON }.apply(&mut entries);
        let targets = vec![Target { actors: vec![Actor::new(actor, None)], ..Target::new("1", target) }];
        Edit::Details { rule: arn(name), targets, tags: Tags::new(), at: NOON }.apply(&mut entries);
    };
    add("fix", ENABLED, None, function, function);
    add("idle", ENABLED, None, other, other);
    add("hourly", ENABLED, Some("cron(0 * * * ? *)"), function, function);
    add("through-a-queue", ENABLED, Some("rate(5 minutes)"), queue, function);
    add("again", ENABLED, Some("rate(1 hour)"), &format!("{function}:live"), function);
    add("off", RuleState::Disabled, Some("rate(1 minute)"), function, function);
    add("at-night", ENABLED, Some("cron(0/2 1-4 * * ? *)"), function, function);
    add("uneven", ENABLED, Some("cron(0,1,20 * * * ? *)"), function, function);
    let directory = Directory::new(entries, Own::example());
    let check = |rule: &str, expected: &[u32]| {
        let seen: Vec<u32> =
            directory.schedules(&arn(rule)).into_iter().flatten().map(Seconds::get).collect();
        assert_eq!(seen, expected, "{rule}");
    };
    check("fix", &[120, 300, 3_600]);
    check("idle", &[]);
    check("unknown", &[]);
}

#[test]
fn chunks_in_use_are_written_again_a_few_at_a_time() {
    let entries = many(1_000, 2_000);
    let (mut buckets, _) = pack(&entries, &[], 1, NOON).unwrap();
    let day = NOON + SignedDuration::from_hours(25);
    let edits = (0..).take_while(|n| {
        let (next, written) = pack(&entries, &buckets, 2 + n, day).unwrap();
        assert!(written.len() <= 16, "{}", written.len());
        buckets = next;
        !written.is_empty()
    });
    assert_eq!(edits.count(), 256 / 16, "an edit every 15 minutes renews all within 4 hours");
}
