//! The callers in the events of a case that are sessions of roles.

use serde_json::Value;

use super::folder::{Case, Event};

/// A role that makes calls, with one of its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// ARN of the role, with its path.
    pub role: String,
    /// Name of its first session.
    pub session: String,
    /// Access key of its first session.
    pub access_key: Option<String>,
    /// `inScopeOf.credentialsIssuedTo`, or else `invokedBy`.
    sender: String,
    /// Number of its calls.
    pub count: usize,
    /// True for the caller of the first event.
    pub is_first: bool,
}

impl Caller {
    /// Returns true if the sessions are named as those of a target of this kind.
    ///
    /// Source: observed behaviour. CodeBuild, Systems Manager, Glue and ECS name sessions in their own way.
    pub fn is_like(&self, target: &str) -> bool {
        let is_hex = self.session.len() == 32 && self.session.bytes().all(|b| b.is_ascii_hexdigit());
        match target.split(':').nth(2).unwrap_or_default() {
            "codebuild" => self.session.starts_with("AWSCodeBuild-"),
            "ssm" => self.session.starts_with("Automation-") || self.sender == "ssm.amazonaws.com",
            "ecs" | "batch" => is_hex || self.sender.contains(":task/"),
            "states" => self.sender == "states.amazonaws.com",
            "glue" => self.session.starts_with("GlueJobRunnerSession") || self.sender == "glue.amazonaws.com",
            _ => false,
        }
    }
}

/// Roles of the callers, in the order of their first calls, without service-linked roles.
pub fn callers(case: &Case) -> Vec<Caller> {
    let mut all: Vec<Caller> = Vec::new();
    for (n, event) in case.events.iter().enumerate() {
        let Some((role, session)) = session_of(event) else { continue };
        if role.contains("/AWSServiceRoleFor") || role.contains("/aws-service-role/") {
            continue;
        }
        match all.iter_mut().find(|caller| caller.role == role) {
            Some(caller) => caller.count += 1,
            None => {
                let identity = &event.json["detail"]["userIdentity"];
                let issued_to = identity["inScopeOf"]["credentialsIssuedTo"].as_str();
                let sender = issued_to.or(identity["invokedBy"].as_str()).unwrap_or_default().to_owned();
                let access_key = identity["accessKeyId"].as_str().map(str::to_owned);
                all.push(Caller { role, session, access_key, sender, count: 1, is_first: n == 0 });
            }
        }
    }
    all
}

/// ARN of the role behind a session, and name of the session.
pub fn session_of(event: &Event) -> Option<(String, String)> {
    let identity = &event.json["detail"]["userIdentity"];
    let mut parts = identity["arn"].as_str()?.split_once(":assumed-role/")?.1.splitn(2, '/');
    let (name, session) = (parts.next()?, parts.next()?);
    let issuer = &identity["sessionContext"]["sessionIssuer"]["arn"];
    let account = identity["accountId"].as_str().or(event.json["account"].as_str()).unwrap_or_default();
    let role = issuer.as_str().map_or_else(|| format!("arn:aws:iam::{account}:role/{name}"), str::to_owned);
    Some((role, session.to_owned()))
}

/// Returns true if one of these actors made the call, by `inScopeOf` or else by role and session name.
pub fn is_made_by<'a>(
    event: &Event,
    mut actors: impl Iterator<Item = &'a budget_guard_core::model::Actor>,
) -> bool {
    let issued_to = &event.json["detail"]["userIdentity"]["inScopeOf"]["credentialsIssuedTo"];
    let session = session_of(event);
    let name_of = |role: &str| role.rsplit('/').next().unwrap_or_default().to_owned();
    actors.any(|actor| {
        let function = actor.arn.split_once(":function:").map(|(_, name)| name);
        match (issued_to.as_str(), &session) {
            (Some(arn), _) if arn.contains(":function:") => *arn == *actor.arn,
            (_, Some((role, session))) => {
                let is_role = actor.role.as_deref().is_some_and(|one| name_of(one) == name_of(role));
                is_role && function.is_none_or(|function| session.starts_with(function))
            }
            _ => false,
        }
    })
}

/// Returns true for a management event that rules in state `ENABLED` do not get, by the name of the call.
pub fn is_withheld(event: &Event) -> bool {
    let detail = &event.json["detail"];
    let name = detail["eventName"].as_str().unwrap_or_default();
    detail["managementEvent"] != Value::Bool(false)
        && ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
        && !["GetFederationToken", "GetSessionToken"].contains(&name)
}
