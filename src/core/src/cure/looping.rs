//! Cure by the evidence of a trip.
//!
//! The events of a trip are not kept whole, so they are not matched again. Kept are their callers, their call, and the
//! role of the last own call. The proof needs no more: with the role as session issuer, no event matches at all.

use eventbridge_pattern::{Facts, Known, Pattern};

use super::{Cure, ISSUER_PATH, Left, LeftCall, NoCure, leave_out};
use crate::model::Arn;
use crate::verdict::{CallerEvidence, Evidence};

/// Maximum length of a caller's name in a reason, in characters.
const MAX_CALLER: usize = 120;

/// Cure by the evidence of a trip: leaves out the roles of the calls that make the loop. `own_role` is the ARN of the role
/// of the last own call, if one is known.
///
/// # Errors
/// [`NoCure`] with the reason.
pub fn of_calls(pattern: &str, evidence: &Evidence, own_role: Option<&str>) -> Result<Cure, NoCure> {
    let Some(call) = &evidence.call else { return Err(NoCure::NoCalls) };
    let is_cycle = evidence.own.as_ref().is_some_and(|own| !own.cycle.is_empty());
    let sessions = |one: &&CallerEvidence| role_name(&one.principal).is_some();
    let callers: Vec<&CallerEvidence> = match is_cycle {
        // The targets of another rule fire this one.
        true => evidence.callers.iter().filter(sessions).collect(),
        false => evidence.callers.iter().filter(|one| one.is_target).collect(),
    };
    let mut roles: Vec<Left> = Vec::new();
    for caller in &callers {
        let Some((account, name)) = role_name(&caller.principal) else {
            return Err(NoCure::UnknownRole(shortened(&caller.principal)));
        };
        let known = own_role.filter(|arn| arn_is(arn, account, name));
        if !roles.iter().any(|role| role.name == name) {
            roles.push(left(known.unwrap_or_default(), name, call));
        }
    }
    match (&roles[..], is_cycle) {
        ([], _) => match own_role.filter(|_| !is_cycle) {
            Some(arn) => roles.push(left(arn, name_of(arn), call)),
            None => return Err(NoCure::UnknownRole("its target".to_owned())),
        },
        ([_, _, ..], true) => return Err(NoCure::SeveralRoles),
        _ => {}
    }
    change(pattern, roles, call, evidence, is_cycle)
}

/// Cure by the role of a rule's own calls alone, where no trip has evidence.
///
/// # Errors
/// [`NoCure`] with the reason.
pub fn of_role(pattern: &str, role_arn: &str) -> Result<Cure, NoCure> {
    let compiled = Pattern::compile(pattern).map_err(|error| NoCure::Unreadable(error.to_string()))?;
    leave_out(pattern, &compiled, &[left(role_arn, name_of(role_arn), "")], &[])
}

fn change(
    pattern: &str,
    roles: Vec<Left>,
    call: &str,
    evidence: &Evidence,
    is_cycle: bool,
) -> Result<Cure, NoCure> {
    let compiled = Pattern::compile(pattern).map_err(|error| NoCure::Unreadable(error.to_string()))?;
    let mut others = Vec::new();
    for caller in evidence.callers.iter().filter(|one| !one.is_target && !is_cycle) {
        let Some((_, name)) = role_name(&caller.principal) else { continue };
        if roles.iter().any(|role| role.name == name) {
            return Err(NoCure::Shared { role: name.to_owned(), caller: shortened(&caller.principal) });
        }
        let facts = calls_of(call)
            .with("detail.userIdentity.type", Known::Text("AssumedRole".to_owned()))
            .with("detail.userIdentity.arn", Known::Text(caller.principal.clone()))
            .with(&format!("{ISSUER_PATH}.arn"), Known::Like(format!("arn:*:role/*{name}")))
            .with(&format!("{ISSUER_PATH}.userName"), Known::Text(name.to_owned()));
        others.push((shortened(&caller.principal), facts));
    }
    leave_out(pattern, &compiled, &roles, &others)
}

/// Role whose session issuer is the only fact, so that the proof holds for each of its calls.
fn left(arn: &str, name: &str, call: &str) -> Left {
    let mut own = Facts::default().with(&format!("{ISSUER_PATH}.userName"), Known::Text(name.to_owned()));
    if !arn.is_empty() {
        own = own.with(&format!("{ISSUER_PATH}.arn"), Known::Text(arn.to_owned()));
    }
    let kept = LeftCall { name: call.to_owned(), facts: calls_of(call), own: own.clone() };
    let any = LeftCall { name: "of any other kind".to_owned(), facts: Facts::default(), own };
    let calls = if call.is_empty() { vec![any] } else { vec![kept, any] };
    Left { label: format!("role {name}"), arn: arn.to_owned(), name: name.to_owned(), calls }
}

/// Facts about a call by its name for people, such as `s3 PutBucketAcl`. The domain of the service is not part of it.
pub fn calls_of(call: &str) -> Facts {
    let Some((service, operation)) = call.split_once(' ') else { return Facts::default() };
    Facts::default()
        .with("detail-type", Known::Text("AWS API Call via CloudTrail".to_owned()))
        .with("source", Known::Text(format!("aws.{service}")))
        .with("detail.eventSource", Known::Text(format!("{service}.amazonaws.com")))
        .with("detail.eventName", Known::Text(operation.to_owned()))
}

/// Account and name of the role, from the ARN of its session.
fn role_name(principal: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(principal).filter(|arn| arn.service == "sts")?;
    let name = arn.resource.strip_prefix("assumed-role/")?.split('/').next()?;
    (!name.is_empty()).then_some((arn.account, name))
}

fn arn_is(arn: &str, account: &str, name: &str) -> bool {
    name_of(arn) == name && Arn::parse(arn).is_some_and(|arn| arn.account == account)
}

fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn shortened(principal: &str) -> String {
    principal.chars().take(MAX_CALLER).collect()
}
