//! Tests of `status` and `status RULE` on a terminal of 80 columns, for a rule with each kind of target.

use budget_guard_core::breaker::{Breaker, Cut, Disabled};
use budget_guard_core::directory::{Edit, Entries};
use budget_guard_core::model::{self, Actor, RuleDefinition, RuleState, Tags, Timestamp};
use budget_guard_core::policy::{BurstLimit, Mode};
use budget_guard_core::record::{Outcome, Record, Trip};
use budget_guard_core::settings;
use budget_guard_core::verdict::{Evidence, EvidenceKind, Finding, OwnEvidence};

use super::*;
use crate::commands::{details, status};

const NOON: &str = "2026-11-20T12:00:00Z";
const WIDTH: Option<u16> = Some(80);

/// A rule, its target, the target's actors with their roles, and the reason why others are missing, in the guard's
/// words.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const ROWS: [Row; 15] = [
    ("fix-acl", "lambda:function:fixer", &[("lambda:function:fixer", "fixer-role")], ""),
    (
        "remediate-public-security-groups",
        "states:stateMachine:remediate",
        &[
            ("glue:job/collect-findings", ""),
            ("lambda:function:close-port", "close-port-role"),
            ("states:stateMachine:remediate", "service-role/StepFunctions-remediate-role-3f1c"),
        ],
        "arn:aws:states:us-east-1:123456789012:stateMachine:remediate chooses at run time what it starts; glue:GetJob \
         is not allowed",
    ),
    (
        "convert-uploads",
        "ecs:cluster/work",
        &[("ecs:task-definition/convert", "")],
        "the task definition arn:aws:ecs:us-east-1:123456789012:task-definition/convert:3 has no task role",
    ),
    ("build-on-push", "codebuild:project/site", &[("codebuild:project/site", "codebuild-site")], ""),
    ("nightly-report", "batch:job-queue/reports", &[], "batch:DescribeJobDefinitions is not allowed"),
    ("catalog-new-objects", "glue:workflow/catalog", &[("glue:job/catalog", "glue-catalog")], ""),
    (
        "disable-public-access",
        "ssm:automation-definition/AWS-DisablePublicAccessForSecurityGroup:$DEFAULT",
        &[],
        "each event chooses the role of the automation AWS-DisablePublicAccessForSecurityGroup:$DEFAULT",
    ),
    ("deploy", "codepipeline:deploy", &[], "the pipeline deploy chooses what it starts"),
    (
        "archive-changes",
        "firehose:deliverystream/changes",
        &[("firehose:deliverystream/changes", "to-s3")],
        "",
    ),
    (
        "stream-changes",
        "kinesis:stream/changes",
        &[],
        "no event source mapping and no pipe reads the stream stream/changes, and programs that read it are not seen",
    ),
    ("tag-instances", "sqs:tag-work", &[("lambda:function:tagger", "tagger-role")], ""),
    (
        "tell-everybody",
        "sns:changes",
        &[("lambda:function:notify", "notify-role")],
        "it is not seen who acts for subscribers by https",
    ),
    (
        "quarantine",
        "sqs:quarantine-work",
        &[("lambda:function:isolate", "isolate-role"), ("pipes:pipe/quarantine", "quarantine-pipe")],
        "",
    ),
    (
        "open-ticket",
        "events:api-destination/tickets/8c1d",
        &[],
        "it is not seen who acts for an API destination",
    ),
    (
        "forward-to-security",
        "events:event-bus/security",
        &[],
        "the rules of the bus security are followed in the directory, each by itself",
    ),
];

fn arn(resource: &str) -> String {
    let (service, resource) = resource.split_once(':').unwrap();
    format!("arn:aws:{service}:us-east-1:123456789012:{resource}")
}

fn rule(name: &str) -> RuleArn {
    arn(&format!("events:rule/{name}")).parse().unwrap()
}

fn target((_, target, actors, why): &Row) -> Target {
    let role = |role: &str| (!role.is_empty()).then(|| format!("arn:aws:iam::123456789012:role/{role}"));
    let actors = actors.iter().map(|(actor, name)| Actor::new(&arn(actor), role(name).as_deref()));
    let unresolved_reason = (!why.is_empty()).then(|| (*why).to_owned());
    Target { actors: actors.collect(), unresolved_reason, ..Target::new("1", arn(target)) }
}

fn definition(row: &Row) -> RuleDefinition {
    RuleDefinition {
        state: RuleState::Enabled,
        event_pattern: Some(r#"{"detail-type":["AWS API Call via CloudTrail"]}"#.to_owned()),
        schedule_expression: None,
        description: None,
        role_arn: None,
        managed_by: None,
        targets: vec![target(row)],
        tags: Tags::new(),
    }
}

fn limit() -> BurstLimit {
    "200/60s".parse().unwrap()
}

/// Records of all rules; the first one has tripped.
fn records(now: Timestamp) -> Vec<Record> {
    let mut records: Vec<Record> = ROWS.iter().map(|row| Record::new(rule(row.0), limit())).collect();
    let reason = "8 equal calls for 1 reason: s3 PutBucketAcl on uploads, word for word the same, 5 more than the \
                  reasons explain";
    let finding = Finding::Surplus { calls: 8, reasons: 1 };
    let own = OwnEvidence { finding, resource: Some("uploads".to_owned()), missing: None, cycle: Vec::new() };
    records[0].breaker = Breaker::Open(Cut::Disabled(Box::new(Disabled::new(
        RuleDefinition::new(RuleState::Disabled, "{}"),
        now,
        None,
    ))));
    records[0].last_trip = Some(Trip {
        at: now,
        epoch: 1,
        reason: reason.to_owned(),
        evidence: Evidence { kind: EvidenceKind::Surplus, own: Some(own), ..Evidence::manual() },
        outcome: Outcome::Cut,
        earliest_missed: None,
        own_role: None,
        own_before: Vec::new(),
        cost: None,
    });
    records
}

/// Directory of all rules. The targets of the rule `unread` are not read yet.
fn directory(unread: &str, now: Timestamp) -> Directory {
    let mut entries = Entries::new();
    for row in &ROWS {
        let (rule, definition) = (rule(row.0), Box::new(definition(row)));
        let edit = match row.0 == unread {
            true => Edit::Listed { rule: model::ListedRule::of(rule, &definition), at: now },
            false => Edit::Read { rule, definition, at: now, since: None },
        };
        edit.apply(&mut entries);
    }
    Directory::new(entries, model::Own::default())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn longest_line(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or_default()
}

/// The records with this knowledge, in modes that take turns.
fn listed(now: Timestamp, known: &ByRule) -> Vec<status::Listed> {
    let modes = [Some(Mode::Enforce), Some(Mode::Observe), None];
    let listed = |(record, mode): (Record, Option<Mode>)| status::Listed {
        mode,
        who_acts: known.get(&record.rule).copied(),
        record,
    };
    records(now).into_iter().zip(modes.into_iter().cycle()).map(listed).collect()
}

#[test]
fn a_list_of_every_kind_of_target_fits_into_a_terminal() {
    let now: Timestamp = NOON.parse().unwrap();
    let known = by_rule(&directory("deploy", now));
    let list = plain(&status::text(&listed(now, &known), now, WIDTH));
    assert!(longest_line(&list) <= 80, "{list}");
    insta::assert_snapshot!("list", list);
}

#[test]
fn without_a_directory_nothing_is_said_of_who_acts() {
    let now: Timestamp = NOON.parse().unwrap();
    let list = plain(&status::text(&listed(now, &ByRule::new()), now, WIDTH));
    assert!(list.contains("fix-acl") && !list.contains("known"), "{list}");
}

#[test]
fn one_rule_with_much_to_tell_fits_into_a_terminal() {
    let now: Timestamp = NOON.parse().unwrap();
    let row = &ROWS[1];
    let mut lines = Lines::within(WIDTH);
    details::record_lines(&mut lines, &Record::new(rule(row.0), limit()), true, now);
    details::rule_lines(
        &mut lines,
        &Ok(definition(row)),
        &settings::defaults(|_| None).unwrap(),
        None,
        false,
    );
    insta::assert_snapshot!("rule", plain(&lines.into_text()));
}

#[test]
fn a_rule_is_known_by_all_of_its_targets() {
    let of = |names: &[&str], acts_as: &str| {
        let rows = ROWS.iter().filter(|row| names.contains(&row.0));
        Knowledge::of(&rows.map(target).collect::<Vec<_>>(), &acts_as.parse().unwrap_or_default())
    };
    let check = |names: &[&str], acts_as: &str, expected: &str| {
        assert_eq!(of(names, acts_as).to_string(), expected, "{names:?} {acts_as}");
    };
    check(&[], "", "known");
    check(&["fix-acl"], "", "known");
    check(&["fix-acl", "open-ticket"], "", "partly known");
    check(&["open-ticket"], "", "unknown");
    check(&["open-ticket"], "ticket-role", "known");
    check(&["convert-uploads"], "", "partly known");
    assert_eq!(serde_json::to_value(of(&["convert-uploads"], "")).unwrap(), "partly known");
    let guard = Target::new(crate::targets::TARGET_ID, arn("sqs:budget-guard-firings"));
    assert_eq!(Knowledge::of(&[guard], &ActsAs::NONE), Knowledge::Known);
}

#[test]
fn resources_have_names_without_kind_and_version() {
    let check = |resource: &str, expected: &str| assert_eq!(name(&arn(resource)), expected, "{resource}");
    check("lambda:function:fixer", "fixer");
    check("lambda:function:fixer:live", "fixer");
    check("states:stateMachine:remediate", "remediate");
    check("ecs:task-definition/convert:3", "convert");
    check("ssm:automation-definition/AWS-Fix:$DEFAULT", "AWS-Fix");
    check("events:api-destination/tickets/8c1d", "tickets/8c1d");
    check("kinesis:stream/changes", "changes");
    check("sns:changes", "changes");
    assert_eq!(name("no ARN"), "no ARN");
}
