//! Who caused a firing: one of the rule's own targets, another rule's, an AWS service, or somebody outside.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::{Actor, Call, Caller, Cause, OWN_PREFIX, Proof, RuleArn, Target, unqualified};

/// Who acts for which rules: looked up by what `userIdentity` tells of the caller.
///
/// Sources: "CloudTrail userIdentity element" for `inScopeOf` and `sessionIssuer`; that Lambda names a function's session
/// after the function is observed behaviour.
#[derive(Debug, Clone, Default)]
pub struct Actors {
    rules: HashSet<RuleArn>,
    /// By the ARN of what AWS issues credentials to.
    issued: HashMap<String, BTreeSet<RuleArn>>,
    /// By the name of a function, which is that of its sessions.
    functions: HashMap<String, Vec<Function>>,
    /// By the name of a role, which is unique in its account, whatever its path.
    roles: HashMap<String, Vec<Role>>,
}

#[derive(Debug, Clone)]
struct Function {
    arn: String,
    account: String,
    /// The name of its role, if that could be read.
    role: Option<String>,
    rules: BTreeSet<RuleArn>,
}

#[derive(Debug, Clone)]
struct Role {
    account: String,
    /// The ARNs of all that use it.
    users: BTreeSet<String>,
    /// Whether the rule's actor is one whose sessions bear names that nobody knows: anything but a function.
    rules: BTreeMap<RuleArn, bool>,
}

/// A session of a role: its account, the name of the role, and the name of the session.
#[derive(Debug, Clone, Copy)]
struct Session<'a> {
    account: &'a str,
    role: &'a str,
    /// Unknown where only the role behind the session is told.
    name: Option<&'a str>,
}

impl Actors {
    /// From the rules whose targets are known. Targets that are the guard's own are nobody's.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a RuleArn, &'a [Target])>) -> Self {
        let mut actors = Self::default();
        for (rule, targets) in rules {
            actors.rules.insert(rule.clone());
            for target in targets {
                let this = Actor::new(&target.arn, target.role_arn.as_deref());
                let is_read = target.actors.iter().any(|actor| actor.arn == this.arn);
                let invoked_with = this.role.is_some();
                let own = (!is_read || invoked_with).then_some(&this);
                own.into_iter().chain(&target.actors).for_each(|actor| actors.add(rule, actor));
            }
        }
        actors
    }

    fn add(&mut self, rule: &RuleArn, actor: &Actor) {
        let function = function_of(&actor.arn);
        if function.is_some_and(|(_, name)| name.starts_with(OWN_PREFIX)) {
            return;
        }
        self.issued.entry(actor.arn.clone()).or_default().insert(rule.clone());
        let role = actor.role.as_deref().and_then(role_of);
        if let Some((account, name)) = function {
            let known = self.functions.entry(name.to_owned()).or_default();
            let role = role.map(|role| role.role.to_owned());
            match known.iter_mut().find(|known| known.arn == actor.arn) {
                Some(known) => {
                    known.role = role.or(known.role.take());
                    known.rules.insert(rule.clone());
                }
                None => known.push(Function {
                    arn: actor.arn.clone(),
                    account: account.to_owned(),
                    role,
                    rules: [rule.clone()].into(),
                }),
            }
        }
        if let Some(Session { account, role, .. }) = role {
            let known = self.roles.entry(role.to_owned()).or_default();
            let at = known.iter().position(|known| known.account == account).unwrap_or_else(|| {
                let (users, rules) = (BTreeSet::new(), BTreeMap::new());
                known.push(Role { account: account.to_owned(), users, rules });
                known.len() - 1
            });
            known[at].users.insert(actor.arn.clone());
            *known[at].rules.entry(rule.clone()).or_default() |= function.is_none();
        }
    }

    /// Who caused a firing of `rule`: what shows most comes first.
    pub fn cause(&self, rule: &RuleArn, caller: &Caller<'_>, call: Option<&Call<'_>>) -> Cause {
        // What AWS says of a function is final: another one may well have the same role.
        let issued_to = caller.issued_to.as_deref().map(unqualified);
        let is_final = issued_to.is_some_and(|arn| function_of(arn).is_some());
        let mut relays = BTreeSet::new();
        if let Some(rules) = issued_to.and_then(|arn| self.issued.get(arn)) {
            if rules.contains(rule) {
                return Cause::Target(Proof::Issued);
            }
            relays.extend(rules);
        }
        let principal = session_of(&caller.principal);
        let issuer = call.and_then(|call| call.role.as_deref()).and_then(role_of);
        // Who is only told by the role behind the session may call it anything.
        let session = principal.or(issuer);
        if let Some(session) = session.filter(|_| !is_final) {
            let functions = || self.sessions(session);
            if functions().any(|function| function.rules.contains(rule)) {
                return Cause::Target(Proof::Session);
            }
            if relays.is_empty() {
                relays.extend(functions().flat_map(|function| &function.rules));
            }
            if let Some(role) = self.role(session) {
                // A session that bears another function's name is that one's, though the role is the same.
                if let Some(has_other_sessions) = role.rules.get(rule)
                    && (relays.is_empty() || *has_other_sessions)
                {
                    let is_alone = role.users.len() == 1 && (*has_other_sessions || session.name.is_none());
                    return Cause::Target(if is_alone { Proof::Role } else { Proof::SharedRole });
                }
                if relays.is_empty() {
                    relays.extend(role.rules.keys());
                }
            }
        }
        if !relays.is_empty() {
            return Cause::Relay(relays.into_iter().take(Cause::MAX_RELAYS).cloned().collect());
        }
        let is_named = issued_to.is_some() || is_named(&caller.principal);
        match call {
            Some(Call { invoked_by: Some(_), .. }) => Cause::Service,
            Some(_) if is_named && self.rules.contains(rule) => Cause::Outside,
            _ => Cause::Unknown,
        }
    }

    /// The functions that call their sessions so. A role that could not be read is taken for the one that is seen.
    fn sessions(&self, session: Session<'_>) -> impl Iterator<Item = &Function> {
        let functions = session.name.and_then(|name| self.functions.get(name));
        functions.into_iter().flatten().filter(move |function| {
            let is_its_role = function.role.as_deref().is_none_or(|role| role == session.role);
            is_its_role && function.account == session.account
        })
    }

    fn role(&self, session: Session<'_>) -> Option<&Role> {
        self.roles.get(session.role)?.iter().find(|role| role.account == session.account)
    }
}

/// Whether the caller is one of these targets, seen from a rule that has no others.
pub fn is_target(caller: &Caller<'_>, rule: &RuleArn, targets: &[Target]) -> bool {
    matches!(Actors::new([(rule, targets)]).cause(rule, caller, None), Cause::Target(_))
}

/// The Lambda function of `account` that made the call, as far as the event tells.
pub(super) fn calling_function<'a>(caller: &'a Caller<'_>, account: &str) -> Option<&'a str> {
    if let Some((of, function)) = caller.issued_to.as_deref().and_then(function_of) {
        return (of == account).then_some(function);
    }
    session_of(&caller.principal).filter(|session| session.account == account)?.name
}

/// From `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. There is no path in it.
fn session_of(principal: &str) -> Option<Session<'_>> {
    let (account, path) = in_account(principal, "sts")?;
    let (role, name) = path.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(Session { account, role, name: Some(name) })
}

/// From `arn:aws:iam::ACCOUNT:role/[PATH/]ROLE`.
fn role_of(arn: &str) -> Option<Session<'_>> {
    let (account, path) = in_account(arn, "iam")?;
    let role = path.strip_prefix("role/")?.rsplit('/').next()?;
    Some(Session { account, role, name: None })
}

/// Account and resource of an ARN of a service that is in no Region.
fn in_account<'a>(arn: &'a str, service: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
    rest.strip_prefix(service)?.strip_prefix("::")?.split_once(':')
}

/// Account and name from `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION]`.
fn function_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':');
    let (service, account) = (parts.nth(2)?, parts.nth(1)?);
    (service == "lambda" && parts.next()? == "function").then_some((account, parts.next()?))
}

/// Whether this is an identity, and not what stands there for want of one: the event's own source.
fn is_named(principal: &str) -> bool {
    principal != "unknown" && !principal.starts_with("aws.")
}

#[cfg(test)]
mod tests;
