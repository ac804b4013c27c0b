//! Cure: the smallest change of a pattern that leaves out the calls of the target's own role.

mod edit;
#[cfg(test)]
mod tests;

use eventbridge_pattern::{Facts, Known, Matcher, Pattern, Possibility, Scratch};

use crate::form::{Document, EventPattern, Language, Role, Rule, UNKNOWN};
use crate::judge::{Call, Route, arn_in, caller};
use crate::node::{Node, Place, Value};
use crate::report::Cure;

/// Maximum length of an event pattern, in characters.
///
/// Source: `EventPattern` of `PutRule` (Amazon EventBridge API reference).
const MAX_CHARACTERS: usize = 4_096;
/// Quota of an account that has not raised it. Source: "Amazon EventBridge quotas".
const USUAL_CHARACTERS: usize = 2_048;
const ISSUER: [&str; 4] = ["detail", "userIdentity", "sessionContext", "sessionIssuer"];

/// Changes the pattern of a rule so that the calls of these roles do not match, and verifies the change.
pub(crate) fn cure(document: &Document, rule: &Rule, pattern: &EventPattern, routes: &[Route<'_>]) -> Cure {
    match changed(document, rule, pattern, routes) {
        Ok(cure) => cure,
        Err(why) => Cure::Refused(why),
    }
}

/// Field of the session issuer that names a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Arn,
    Name,
}

impl By {
    fn field(self) -> &'static str {
        match self {
            Self::Arn => "arn",
            Self::Name => "userName",
        }
    }

    fn value(self, role: &Role, pattern: &EventPattern) -> String {
        match self {
            Self::Arn => arn_in(role, pattern),
            Self::Name => role.name().to_owned(),
        }
    }
}

fn changed(
    document: &Document,
    rule: &Rule,
    pattern: &EventPattern,
    routes: &[Route<'_>],
) -> Result<Cure, String> {
    let roles: Vec<&Role> = routes.iter().map(|route| route.role).collect();
    if let Some(role) = roles.iter().find(|role| role.arn.contains(UNKNOWN)) {
        return Err(format!(
            "the ARN of {} is not told by the file, so that it cannot be left out",
            role.label.replace(UNKNOWN, "…")
        ));
    }
    let by = match (taken(&pattern.resolved, By::Arn), taken(&pattern.resolved, By::Name)) {
        (false, _) => By::Arn,
        (true, false) => By::Name,
        (true, true) => {
            let problem = "the pattern tests the session issuer's arn and userName already; leave the role out there by hand";
            return Err(problem.to_owned());
        }
    };
    let values = roles.iter().map(|role| text(&by.value(role, pattern))).collect();
    let resolved = insert(&pattern.resolved, &path(by), left_out(values));
    let json = resolved.json();
    let length = json.chars().count();
    if length > MAX_CHARACTERS {
        return Err(format!(
            "the changed pattern would have {length} characters; AWS takes {MAX_CHARACTERS} at most"
        ));
    }
    verify(pattern, &json, routes)?;
    let names: Vec<String> = roles.iter().map(|role| role.label.clone()).collect();
    let mut how = format!("leave out the calls of {}: {}", names.join(" and "), path(by).join("."));
    if length > USUAL_CHARACTERS {
        how.push_str(&format!(" ({length} characters, more than the usual quota of {USUAL_CHARACTERS})"));
    }
    let (lines, is_diff) = match document.language {
        Language::CloudFormation => (edit::diff(document, pattern, &path(by), &roles, by == By::Name), true),
        Language::Terraform => (Some(edit::terraform(rule, &roles, by == By::Name)), false),
        Language::Rules | Language::Roles => (None, false),
    };
    Ok(Cure::Change { pattern: json, how, is_diff: is_diff && lines.is_some(), lines })
}

fn path(by: By) -> Vec<&'static str> {
    ISSUER.into_iter().chain([by.field()]).collect()
}

/// Returns true if the pattern tests this field of the session issuer, in whatever alternative.
fn taken(node: &Node, by: By) -> bool {
    fn below(node: &Node, path: &[&str]) -> bool {
        let Some((name, rest)) = path.split_first() else { return true };
        node.members().iter().any(|(own, value)| match own.as_str() {
            "$or" => value.items().iter().any(|branch| below(branch, path)),
            own => own == *name && below(value, rest),
        })
    }
    below(node, &path(by))
}

/// Tests of the issuer: none of these roles, or a caller without one (a user, root, a service).
fn left_out(values: Vec<Node>) -> Node {
    let node = |value| Node::new(value, Place::default());
    let but = node(Value::Map(vec![("anything-but".to_owned(), node(Value::List(values)))]));
    let none = node(Value::Map(vec![("exists".to_owned(), node(Value::Flag(false)))]));
    node(Value::List(vec![but, none]))
}

fn text(text: &str) -> Node {
    Node::new(Value::Text(text.to_owned()), Place::default())
}

/// Pattern with a value put at a path. Objects on the way are kept.
fn insert(node: &Node, path: &[&str], value: Node) -> Node {
    let Some((name, rest)) = path.split_first() else { return value };
    let mut members = node.members().to_vec();
    let empty = || Node::new(Value::Map(Vec::new()), Place::default());
    match members.iter_mut().find(|(own, _)| own == name) {
        Some((_, below)) => *below = insert(below, rest, value),
        None => members.push(((*name).to_owned(), insert(&empty(), rest, value))),
    }
    node.with(Value::Map(members))
}

/// Proves that the calls of the roles do not match any more, and shows by events that those of all others still do.
fn verify(pattern: &EventPattern, json: &str, routes: &[Route<'_>]) -> Result<(), String> {
    let cured = Pattern::compile(json)
        .map_err(|error| format!("the changed pattern is invalid: {}", error.problem))?;
    let matcher = Matcher::new([pattern.compiled.clone(), cured.clone()]);
    let mut scratch = Scratch::default();
    for route in routes {
        for call in route.calls.iter() {
            let own = caller(Facts::clone(&call.facts), route.role, pattern);
            if matches!(cured.possibility(&own), Possibility::Possible(_)) {
                return Err(format!("the call {} of {} would still match", call.name, route.role.label));
            }
            for (who, facts) in others(call, route.role) {
                // An event that the pattern as it was matches.
                let events = pattern.compiled.examples(&facts);
                let found = events
                    .map(|event| matched(&matcher, &event, &mut scratch))
                    .find(|found| found.contains(&0));
                if found.is_some_and(|found| !found.contains(&1)) {
                    return Err(format!("the call {} by {who} would not match any more", call.name));
                }
            }
        }
    }
    Ok(())
}

fn matched(matcher: &Matcher, event: &str, scratch: &mut Scratch) -> Vec<u32> {
    matcher.matches(event.as_bytes(), scratch).map(|found| found.matched.to_vec()).unwrap_or_default()
}

/// Callers that have to be heard as before.
fn others(call: &Call, role: &Role) -> Vec<(&'static str, Facts)> {
    const ISSUER: &str = "detail.userIdentity.sessionContext.sessionIssuer";
    let text = |text: &str| Known::Text(text.to_owned());
    let facts = |kind: &str| Facts::clone(&call.facts).with("detail.userIdentity.type", text(kind));
    let session = |arn: &str, name: &str| {
        facts("AssumedRole")
            .with(&format!("{ISSUER}.arn"), text(arn))
            .with(&format!("{ISSUER}.userName"), text(name))
            .with(&format!("{ISSUER}.type"), text("Role"))
    };
    let none = |kind: &str| facts(kind).with("detail.userIdentity.sessionContext", Known::Absent);
    let similar = format!("{}-2", role.arn);
    vec![
        ("another role", session("arn:aws:iam::123456789012:role/someone", "someone")),
        ("a role with a similar name", session(&similar, &format!("{}-2", role.name()))),
        ("a user", none("IAMUser")),
        ("the root user", none("Root")),
        ("an AWS service", none("AWSService")),
        ("a user with a session", facts("IAMUser").with(ISSUER, Known::Absent)),
    ]
}
