//! Cure of a loop: the event pattern that leaves out the calls of certain roles, verified with the matcher.
//!
//! The guard, the command line and the judge of templates have this one mechanism. It is computed for an alert or on
//! request, and never for an event.

mod change;
mod json;
mod looping;
#[cfg(test)]
mod tests;

pub use change::{PatternChange, Stage, changeable};
pub use looping::{calls_of, of_calls, of_role};

use eventbridge_pattern::{Facts, Known, Matcher, Pattern, Scratch};
use serde::{Deserialize, Serialize};

use crate::escape;
use json::Json;

/// Maximum length of an event pattern, in characters.
///
/// Source: `EventPattern` of `PutRule` (Amazon EventBridge API reference).
pub const MAX_CHARACTERS: usize = 4_096;
/// Quota of an account that has not raised it, in characters. Source: "Amazon EventBridge quotas".
pub const USUAL_CHARACTERS: usize = 2_048;

/// Object of an event with the role of the caller's session.
///
/// Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
const ISSUER: [&str; 4] = ["detail", "userIdentity", "sessionContext", "sessionIssuer"];
/// Path of [`ISSUER`] as the matcher names it.
const ISSUER_PATH: &str = "detail.userIdentity.sessionContext.sessionIssuer";

/// Field of the session issuer that names a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// ARN of the role.
    Arn,
    /// Name of the role.
    Name,
}

impl By {
    /// Names of the objects on the way to the field, and of the field.
    pub fn path(self) -> [&'static str; 5] {
        let [detail, identity, context, issuer] = ISSUER;
        [detail, identity, context, issuer, self.field()]
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Arn => "arn",
            Self::Name => "userName",
        }
    }
}

/// Changed pattern. It was verified when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cure {
    /// Changed event pattern: JSON on one line.
    pub pattern: String,
    /// Field that leaves the roles out.
    pub by: By,
    /// ARNs of the roles that are left out; their names if the field is the name.
    pub left_out: Vec<String>,
    /// Callers that were shown, each by an event, to fire the rule as before.
    pub heard: Vec<String>,
}

impl Cure {
    /// Length of the pattern, in characters.
    pub fn characters(&self) -> usize {
        self.pattern.chars().count()
    }

    /// Sentence about the quota, if an account has to raise it for this pattern.
    pub fn quota(&self) -> Option<String> {
        let characters = self.characters();
        (characters > USUAL_CHARACTERS)
            .then(|| format!("{characters} characters, more than the usual quota of {USUAL_CHARACTERS}"))
    }

    /// Facts that the verification rests on, as a clause.
    pub fn verified(&self) -> String {
        let roles = self.left_out.join(" and ");
        let none = format!("no event whose session issuer is {roles} can match, whatever the rest of it");
        match &self.heard[..] {
            [] => none,
            heard => format!("{none}; events by {} match as before", heard.join(", ")),
        }
    }
}

/// Reason why a pattern cannot be changed. Its text is a clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCure {
    /// The role is not known.
    #[error("the role of {0} is not known, so that its calls cannot be left out")]
    UnknownRole(String),
    /// The pattern must not be changed.
    #[error("{0}")]
    Untouchable(String),
    /// The events of the loop are no API calls.
    #[error("its events are no API calls, and do not name the role behind them")]
    NoCalls,
    /// Several roles fire the rule in a cycle.
    #[error("several roles fire it, and it is not known which one closes the cycle")]
    SeveralRoles,
    /// The pattern tests both fields.
    #[error(
        "the pattern tests the session issuer's arn and userName already; leave the role out there by hand"
    )]
    Tested,
    /// A test stands where the pattern has to have an object.
    #[error("the pattern tests {0} as a whole")]
    NoObject(&'static str),
    /// The changed pattern is too long.
    #[error("the changed pattern would have {0} characters; AWS takes {MAX_CHARACTERS} at most")]
    TooLong(usize),
    /// Another caller has the same role.
    #[error("the role {role} is also that of {caller}, whose calls would no longer be heard")]
    Shared {
        /// Role that would be left out.
        role: String,
        /// Caller that is no target of the rule.
        caller: String,
    },
    /// The pattern is no JSON, or the changed one is no pattern.
    #[error("the pattern cannot be read: {0}")]
    Unreadable(String),
    /// The calls would still match.
    #[error("the call {call} of {role} would still match")]
    StillMatches {
        /// Call of the role.
        call: String,
        /// Role that was to be left out.
        role: String,
    },
    /// The calls of others would not match any more.
    #[error("the call {call} by {caller} would not match any more")]
    Silenced {
        /// Call of the other caller.
        call: String,
        /// Caller that is to be heard as before.
        caller: String,
    },
}

/// Role to leave out, and what is known of its calls.
#[derive(Debug, Clone, Default)]
pub struct Left {
    /// Words for the role.
    pub label: String,
    /// ARN. Empty if only the name is known.
    pub arn: String,
    /// Name: the part of the ARN after its last slash.
    pub name: String,
    /// Calls that have to be left out.
    pub calls: Vec<LeftCall>,
}

/// Call that has to be left out if this role makes it, and is to be heard if another caller does.
#[derive(Debug, Clone, Default)]
pub struct LeftCall {
    /// Name for people.
    pub name: String,
    /// Facts about the call without its caller.
    pub facts: Facts,
    /// Facts about the call of this role. Fewer facts prove more.
    pub own: Facts,
}

/// Changes a pattern so that the calls of these roles do not match, and verifies the change. `compiled` is the pattern as
/// it is judged, and `others` are further callers that have to be heard, with the facts about them.
///
/// # Errors
/// [`NoCure`] with the reason.
pub fn leave_out(
    pattern: &str,
    compiled: &Pattern,
    roles: &[Left],
    others: &[(String, Facts)],
) -> Result<Cure, NoCure> {
    let json = Json::parse(pattern).map_err(|error| NoCure::Unreadable(error.to_string()))?;
    let has_arns = roles.iter().all(|role| !role.arn.is_empty());
    let by = match (json.tests(&By::Arn.path()) || !has_arns, json.tests(&By::Name.path())) {
        (false, _) => By::Arn,
        (true, false) => By::Name,
        (true, true) => return Err(NoCure::Tested),
    };
    let mut left_out: Vec<String> = roles.iter().map(|role| value(role, by).to_owned()).collect();
    left_out.dedup();
    let changed = json.with(&by.path(), test(&left_out)).ok_or(NoCure::NoObject(ISSUER_PATH))?;
    let pattern = escape::json(&changed.line()).into_owned();
    let length = pattern.chars().count();
    if length > MAX_CHARACTERS {
        return Err(NoCure::TooLong(length));
    }
    let heard = verify(compiled, &pattern, roles, others)?;
    Ok(Cure { pattern, by, left_out, heard })
}

/// Part of `detail` that leaves a role out, for people who change the pattern by hand: members without their braces.
pub fn members(role_arn: &str) -> String {
    let path = By::Arn.path();
    let test = test(&[role_arn.to_owned()]);
    let object = Json::Object(Vec::new()).with(&path[1..], test).map(|json| json.line()).unwrap_or_default();
    let members = object.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&object);
    escape::json(members).into_owned()
}

/// JSON text for people, with a line for each member. A text that is no JSON stays as it is.
pub fn pretty(pattern: &str) -> String {
    let text = Json::parse(pattern).map_or_else(|_| pattern.to_owned(), |json| json.pretty(0));
    escape::json(&text).into_owned()
}

fn value(role: &Left, by: By) -> &str {
    match by {
        By::Arn => &role.arn,
        By::Name => &role.name,
    }
}

/// Tests of the issuer: none of these roles, or a caller without one (a user, root, a service).
fn test(values: &[String]) -> Json {
    let values = values.iter().map(|value| Json::text(value)).collect();
    let but = Json::member("anything-but", Json::List(values));
    Json::List(vec![but, Json::member("exists", Json::Leaf("false".to_owned()))])
}

/// Proves that the calls of the roles do not match any more, and shows by events that those of others still do. Returns
/// the callers that were shown.
fn verify(
    before: &Pattern,
    pattern: &str,
    roles: &[Left],
    others: &[(String, Facts)],
) -> Result<Vec<String>, NoCure> {
    let cured = Pattern::compile(pattern).map_err(|error| NoCure::Unreadable(error.problem))?;
    let matcher = Matcher::new([before.clone(), cured.clone()]);
    let mut scratch = Scratch::default();
    let mut heard: Vec<String> = Vec::new();
    for (role, call) in roles.iter().flat_map(|role| role.calls.iter().map(move |call| (role, call))) {
        if cured.is_possible(&call.own) {
            return Err(NoCure::StillMatches { call: call.name.clone(), role: role.label.clone() });
        }
        let kept = others.iter().map(|(caller, facts)| (caller.as_str(), facts.clone()));
        for (caller, facts) in bystanders(&call.facts, role).into_iter().chain(kept) {
            // An event that the pattern as it was matches.
            let mut events = before.examples(&facts).map(|event| {
                let found = matcher.matches(event.as_bytes(), &mut scratch);
                found.map(|found| found.matched.to_vec()).unwrap_or_default()
            });
            let Some(found) = events.find(|found| found.contains(&0)) else { continue };
            if !found.contains(&1) {
                let (call, caller) = (call.name.clone(), caller.to_owned());
                return Err(NoCure::Silenced { call, caller });
            }
            if !heard.iter().any(|one| one == caller) {
                heard.push(caller.to_owned());
            }
        }
    }
    Ok(heard)
}

/// Callers that have to be heard as before.
fn bystanders(call: &Facts, role: &Left) -> Vec<(&'static str, Facts)> {
    let text = |text: &str| Known::Text(text.to_owned());
    let facts = |kind: &str| call.clone().with("detail.userIdentity.type", text(kind));
    let session = |arn: &str, name: &str| {
        facts("AssumedRole")
            .with(&format!("{ISSUER_PATH}.arn"), text(arn))
            .with(&format!("{ISSUER_PATH}.userName"), text(name))
            .with(&format!("{ISSUER_PATH}.type"), text("Role"))
    };
    let none = |kind: &str| facts(kind).with("detail.userIdentity.sessionContext", Known::Absent);
    let similar = format!("{}-2", role.arn);
    vec![
        ("another role", session("arn:aws:iam::123456789012:role/someone", "someone")),
        ("a role with a similar name", session(&similar, &format!("{}-2", role.name))),
        ("a user", none("IAMUser")),
        ("the root user", none("Root")),
        ("an AWS service", none("AWSService")),
        ("a user with a session", facts("IAMUser").with(ISSUER_PATH, Known::Absent)),
    ]
}
