//! Callers and their relation to a rule, as a table.

use super::*;

const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
const HELPER: &str = "arn:aws:lambda:us-east-1:123456789012:function:helper";
const TAGGER: &str = "arn:aws:lambda:us-east-1:123456789012:function:tagger";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:work";
const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:repair";
const GUARD: &str = "arn:aws:lambda:us-east-1:123456789012:function:budget-guard-ingest";

fn rule(name: &str) -> RuleArn {
    format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// Target that is a function, or a queue with a function behind it, with the function's role.
fn target(arn: &str, actor: &str, role_name: Option<&str>) -> Target {
    let actor = Actor::new(actor, role_name.map(role).as_deref());
    Target {
        actors: vec![if arn == actor.arn { actor } else { actor.through(arn) }],
        ..Target::new("1", arn)
    }
}

/// `fix`: fixer and, behind a queue, helper, which shares its role with the tagger of `tag`. `repair`: a state machine
/// with its role. `bare`: a function that could not be read. `fix` also has the guard as a target, as attached rules
/// do.
fn actors() -> Actors {
    let machine = Target {
        role_arn: Some(role("start-repair")),
        ..target(MACHINE, MACHINE, Some("service-role/repair-role"))
    };
    let rules = [
        (
            rule("fix"),
            vec![
                target(FIXER, FIXER, Some("path/fixer-role")),
                target(QUEUE, HELPER, Some("shared")),
                target("arn:aws:sqs:us-east-1:123456789012:budget-guard", GUARD, Some("guard-role")),
            ],
        ),
        (rule("tag"), vec![target(TAGGER, TAGGER, Some("shared"))]),
        (rule("repair"), vec![machine]),
        (rule("bare"), vec![Target::new("1", "arn:aws:lambda:us-east-1:123456789012:function:bare:live")]),
    ];
    Actors::new(rules.iter().map(|(rule, targets)| (rule, &targets[..])), &Own::example())
}

#[derive(Default, Clone, Copy)]
struct Made<'a> {
    by: &'a str,
    issued_to: Option<&'a str>,
    role: Option<&'a str>,
    invoked_by: Option<&'a str>,
}

fn cause(of: &str, made: Made<'_>) -> String {
    cause_by(&actors(), of, made)
}

fn cause_by(actors: &Actors, of: &str, made: Made<'_>) -> String {
    let caller = Caller { principal: made.by.into(), issued_to: made.issued_to.map(Into::into) };
    let role = made.role.map(role);
    let call = Call {
        service: "s3.amazonaws.com".into(),
        operation: "PutBucketAcl".into(),
        role: role.as_deref().map(Into::into),
        invoked_by: made.invoked_by.map(Into::into),
        access_key: None,
        is_by_service: made.by.ends_with(".amazonaws.com"),
        resource: None,
        wording: None,
        outcome: crate::model::CallOutcome::Succeeded,
    };
    match actors.cause(&rule(of), &caller, Some(&call)) {
        Cause::Sibling(actor) => format!("sibling {}", actor.rsplit(':').next().unwrap_or_default()),
        Cause::Own { proof, .. } => format!("{proof:?}"),
        other => format!("{other:?}"),
    }
}

fn session(role: &str, name: &str) -> String {
    format!("arn:aws:sts::123456789012:assumed-role/{role}/{name}")
}

#[test]
fn by_the_credentials_that_aws_issued() {
    let check = |of: &str, issued_to: &str, expected: &str| {
        let by = session("shared", "helper");
        let made = Made { by: &by, issued_to: Some(issued_to), role: Some("shared"), ..Made::default() };
        assert_eq!(cause(of, made), expected, "{of} {issued_to}");
    };
    check("fix", FIXER, "Issued");
    check("fix", &format!("{FIXER}:7"), "Issued");
    check("fix", HELPER, "Issued");
    check("bare", "arn:aws:lambda:us-east-1:123456789012:function:bare", "Issued");
    check("tag", HELPER, "sibling helper");
    check("unread", HELPER, "sibling helper");
    // AWS names another function, so the same role and session name do not count.
    check("fix", "arn:aws:lambda:us-east-1:123456789012:function:other", "Foreign");
    check("fix", "arn:aws:lambda:eu-west-1:123456789012:function:helper", "Foreign");
    // AWS names the task and not its definition, so the role has to identify it.
    check("fix", "arn:aws:ecs:us-east-1:123456789012:task/cluster/1", "Session");
}

#[test]
fn by_the_session_that_a_function_has() {
    let check = |of: &str, by: &str, expected: &str| {
        assert_eq!(cause(of, Made { by, ..Made::default() }), expected, "{of} {by}");
    };
    check("fix", &session("fixer-role", "fixer"), "Session");
    check("fix", &session("shared", "helper"), "Session");
    check("fix", &session("other-role", "fixer"), "Unplaced");
    check("fix", "arn:aws:sts::999999999999:assumed-role/fixer-role/fixer", "Unplaced");
    check("fix", "arn:aws:iam::123456789012:user/fixer", "Foreign");
    check("fix", &session("AWSReservedSSO_Admin_0123456789abcdef", "fixer"), "Foreign");
    check("repair", &session("fixer-role", "fixer"), "sibling fixer");
    // A role that could not be read may be any role, so the session name proves nothing.
    check("bare", &session("any", "bare"), "Unplaced");
    check("bare", &session("any", "other"), "Unplaced");
    // The guard is a target of every attached rule, and never the maker of a loop.
    check("fix", &session("guard-role", "budget-guard-ingest"), "Unplaced");
}

#[test]
fn by_the_word_of_the_operator() {
    let check = |of: &str, declared: &str, made: Made<'_>, expected: &str| {
        let mut actors = actors();
        actors.declare(&rule(of), declared);
        assert_eq!(cause_by(&actors, of, made), expected, "{of} {declared} {}", made.by);
    };
    let hub = "arn:aws:iam::210987654321:role/path/hub";
    let by_hub = "arn:aws:sts::210987654321:assumed-role/hub/any";
    check("tag", hub, Made { by: by_hub, ..Made::default() }, "Role");
    check("fix", &role("shared"), Made { by: &session("shared", "ann"), ..Made::default() }, "Role");
    // Another account, another role, another rule.
    check("tag", &role("hub"), Made { by: by_hub, ..Made::default() }, "Unplaced");
    check("tag", hub, Made { by: &session("other", "any"), ..Made::default() }, "Unplaced");
    // Proof by AWS takes precedence.
    let other = "arn:aws:lambda:us-east-1:123456789012:function:other";
    let issued = Made { by: by_hub, issued_to: Some(other), ..Made::default() };
    check("tag", hub, issued, "Foreign");
    check(
        "tag",
        &role("fixer-role"),
        Made { by: &session("fixer-role", "fixer"), ..Made::default() },
        "sibling fixer",
    );
}

#[test]
fn by_the_role() {
    let check = |of: &str, by: &str, expected: &str| {
        assert_eq!(cause(of, Made { by, ..Made::default() }), expected, "{of} {by}");
    };
    check("repair", &session("repair-role", "pUBglYSipyAbyPsehEoWHmOFMDviUKzd"), "Role");
    check("repair", &session("repair-role", "ann"), "Unplaced");
    // EventBridge starts the state machine with this role, and makes no other calls with it.
    check("repair", &session("start-repair", "x"), "Unplaced");
    check("fix", &session("repair-role", "pUBglYSipyAbyPsehEoWHmOFMDviUKzd"), "sibling repair");
    // Two functions have this role, and the session has the name of neither.
    check("tag", &session("shared", "other"), "Unplaced");
    check("tag", &session("shared", "helper"), "sibling helper");
    check("fix", &session("fixer-role", "ann"), "Unplaced");
}

#[test]
fn by_the_role_behind_the_session_where_the_principal_is_no_session() {
    let check = |of: &str, role: &str, expected: &str| {
        let made = Made { by: "AROAEXAMPLE:x", role: Some(role), ..Made::default() };
        assert_eq!(cause(of, made), expected, "{of} {role}");
    };
    check("fix", "path/fixer-role", "Unplaced");
    check("fix", "shared", "Unplaced");
    check("repair", "repair-role", "Role");
    check("repair", "other", "Unplaced");
}

#[test]
fn calls_that_services_make_for_others_are_reasons() {
    let check = |of: &str, by: &str, role: Option<&str>, expected: &str| {
        let made = Made { by, role, invoked_by: Some("cloudformation.amazonaws.com"), ..Made::default() };
        assert_eq!(cause(of, made), expected, "{of} {by}");
    };
    check("fix", "cloudformation.amazonaws.com", None, "Service");
    check("fix", &session("deploy", "ann"), Some("deploy"), "Unplaced");
    check("fix", "arn:aws:iam::123456789012:user/ann", None, "Unplaced");
    // Call of the target, carried out by a service on its behalf.
    check("fix", &session("fixer-role", "fixer"), Some("path/fixer-role"), "Session");
    check("repair", &session("fixer-role", "fixer"), Some("path/fixer-role"), "sibling fixer");
}

#[test]
fn what_is_not_known() {
    let check = |of: &str, by: &str, expected: &str| {
        assert_eq!(cause(of, Made { by, ..Made::default() }), expected, "{of} {by}");
    };
    check("fix", "arn:aws:iam::123456789012:user/ann", "Foreign");
    check("fix", "AIDAEXAMPLE", "Foreign");
    check("fix", "unknown", "Unknown");
    check("fix", "aws.s3", "Unknown");
    check("unread", "arn:aws:iam::123456789012:user/ann", "Unknown");
    check("unread", &session("fixer-role", "fixer"), "sibling fixer");
    let caller = Caller { principal: "shop".into(), issued_to: None };
    assert_eq!(actors().cause(&rule("fix"), &caller, None), Cause::Unknown, "no call, no caller");
}

#[test]
fn a_function_of_any_number_of_rules_is_one_sibling() {
    let targets = [target(FIXER, FIXER, Some("fixer-role"))];
    let rules: Vec<RuleArn> = (0..9).map(|n| rule(&format!("rule-{n}"))).collect();
    let actors = Actors::new(rules.iter().map(|rule| (rule, &targets[..])), &Own::example());
    let caller = Caller { principal: session("fixer-role", "fixer").into(), issued_to: None };
    assert_eq!(actors.cause(&rule("other"), &caller, None), Cause::Sibling(FIXER.to_owned()));
    assert_eq!(actors.rules_of(FIXER).count(), 9);
}

#[test]
fn marks_callers_for_the_evidence() {
    let check = |principal: &str, issued_to: Option<&str>, arn: &str, expected: bool| {
        let caller = Caller { principal: principal.into(), issued_to: issued_to.map(Into::into) };
        let targets = [target(arn, crate::model::unqualified(arn), Some("fixer-role"))];
        let seen = is_target(&caller, &rule("fix"), &targets);
        assert_eq!(seen, expected, "{principal} {issued_to:?}");
    };
    check(&session("fixer-role", "fixer"), None, FIXER, true);
    check(&session("fixer-role", "fixer"), Some(FIXER), &format!("{FIXER}:live"), true);
    check(&session("fixer-role", "fixer"), Some(HELPER), FIXER, false);
    check("arn:aws:iam::123456789012:user/ann", Some("arn:aws:ecs:…:task/1"), "arn:aws:ecs:…:task/1", true);
    check("fixer", None, "arn:aws:sqs:us-east-1:123456789012:fixer", false);
}
