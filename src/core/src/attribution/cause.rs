//! The maker of a firing: the rule's own target, another rule's, an AWS service, or somebody else.
//!
//! Own means proved: AWS names the target as holder of the credentials, or role and session name are those of the target
//! function. A role alone is proof only for a target that is no function, and only if no other known target has the role.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::sessions::may_be_named;
use crate::model::{
    Actor, ActorId, Arn, Call, Caller, Cause, OWN_PREFIX, Proof, RuleArn, Target, unqualified,
};

/// Sessions of AWS IAM Identity Center, which people sign in with. Source: "Permission sets" (IAM Identity Center guide).
const SIGNED_IN: &str = "AWSReservedSSO_";

/// The actors of all rules, looked up by what `userIdentity` tells of the caller.
///
/// Sources: "CloudTrail userIdentity element" for `inScopeOf` and `sessionIssuer`; that Lambda names a function's session
/// after the function is observed behaviour.
#[derive(Debug, Clone, Default)]
pub struct Actors {
    rules: HashSet<RuleArn>,
    /// Rules by the ARN of their actor.
    by_arn: HashMap<String, BTreeSet<RuleArn>>,
    /// By the name of a function, which is that of its sessions.
    functions: HashMap<String, Vec<Function>>,
    /// By the name of a role, which is unique in its account, whatever its path.
    roles: HashMap<String, Vec<Role>>,
    /// Account and name of each role that the operator says acts for a rule.
    declared: HashMap<RuleArn, BTreeSet<(String, String)>>,
}

#[derive(Debug, Clone)]
struct Role {
    account: String,
    /// ARNs of the actors that have it.
    users: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Function {
    arn: String,
    account: String,
    /// Name of its role; `None` if it could not be read, and then its sessions prove nothing.
    role: Option<String>,
}

/// A session of a role: its account, the name of the role, and the name of the session.
#[derive(Debug, Clone, Copy)]
struct Session<'a> {
    account: &'a str,
    role: &'a str,
    /// `None` where only the role behind the session is told.
    name: Option<&'a str>,
}

impl Actors {
    /// From the rules whose targets are known. Targets that are the guard's own are left out.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a RuleArn, &'a [Target])>) -> Self {
        let mut actors = Self::default();
        for (rule, targets) in rules {
            actors.rules.insert(rule.clone());
            for target in targets {
                // The target's own role is the one that EventBridge starts it with: it makes no other calls.
                let this = Actor::new(&target.arn, None);
                let is_read = target.actors.iter().any(|actor| actor.arn == this.arn);
                let own = (!is_read).then_some(&this);
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
        self.by_arn.entry(actor.arn.clone()).or_default().insert(rule.clone());
        let role = actor.role.as_deref().and_then(role_of);
        if let Some((account, name)) = function {
            let known = self.functions.entry(name.to_owned()).or_default();
            let role = role.map(|role| role.role.to_owned());
            match known.iter_mut().find(|known| known.arn == actor.arn) {
                Some(known) => known.role = role.or(known.role.take()),
                None => {
                    known.push(Function { arn: actor.arn.clone(), account: account.to_owned(), role });
                }
            }
        }
        if let Some(Session { account, role, .. }) = role {
            let known = self.roles.entry(role.to_owned()).or_default();
            match known.iter_mut().find(|known| known.account == account) {
                Some(known) => _ = known.users.insert(actor.arn.clone()),
                None => {
                    known.push(Role { account: account.to_owned(), users: [actor.arn.clone()].into() });
                }
            }
        }
    }

    /// Adds the operator's word that the role with this ARN acts for a rule.
    pub fn declare(&mut self, rule: &RuleArn, role: &str) {
        if let Some(Session { account, role, .. }) = role_of(role) {
            let roles = self.declared.entry(rule.clone()).or_default();
            roles.insert((account.to_owned(), role.to_owned()));
        }
    }

    /// Rules that have this actor behind a target.
    pub fn rules_of(&self, actor: &str) -> impl Iterator<Item = &RuleArn> {
        self.by_arn.get(actor).into_iter().flatten()
    }

    /// Returns true if other rules have one of the actors of these targets, too.
    pub fn are_shared(&self, targets: &[Target]) -> bool {
        let rules = |actor: &Actor| self.by_arn.get(&actor.arn).map_or(0, BTreeSet::len);
        targets.iter().flat_map(|target| &target.actors).any(|actor| rules(actor) > 1)
    }

    /// The actor that made a call, and the strongest proof of it.
    pub fn maker<'a>(&'a self, caller: &'a Caller<'_>, call: Option<&Call<'_>>) -> Option<(&'a str, Proof)> {
        let issued_to = caller.issued_to.as_deref().map(unqualified);
        if let Some(arn) = issued_to.filter(|arn| self.by_arn.contains_key(*arn)) {
            return Some((arn, Proof::Issued));
        }
        let session = session_behind(caller, call)?;
        let function = self.function(session).map(|function| (&*function.arn, Proof::Session));
        function.or_else(|| Some((self.only_user(session)?, Proof::Role)))
    }

    /// Maker of a firing of `rule`.
    pub fn cause(&self, rule: &RuleArn, caller: &Caller<'_>, call: Option<&Call<'_>>) -> Cause {
        if let Some((actor, proof)) = self.maker(caller, call) {
            return self.made_by(rule, actor, proof);
        }
        if let Some(actor) = self.declared_actor(rule, caller, call) {
            return Cause::Own { actor, proof: Proof::Role };
        }
        let is_named = caller.issued_to.is_some() || is_named(&caller.principal);
        match call {
            Some(call) if call.is_by_service => Cause::Service,
            Some(call) if call.invoked_by.is_some() => Cause::Unplaced,
            Some(_) if is_named && self.rules.contains(rule) => match session_behind(caller, call) {
                Some(session) if !session.role.starts_with(SIGNED_IN) => Cause::Unplaced,
                _ => Cause::Foreign,
            },
            _ => Cause::Unknown,
        }
    }

    /// The role that made the call, if the operator says that it acts for the rule. AWS's word on a function comes first.
    fn declared_actor(
        &self,
        rule: &RuleArn,
        caller: &Caller<'_>,
        call: Option<&Call<'_>>,
    ) -> Option<ActorId> {
        let roles = self.declared.get(rule)?;
        let session = session_behind(caller, call)?;
        let role = (session.account.to_owned(), session.role.to_owned());
        roles.contains(&role).then(|| ActorId::of(session.role))
    }

    fn made_by(&self, rule: &RuleArn, actor: &str, proof: Proof) -> Cause {
        match self.by_arn.get(actor).is_some_and(|rules| rules.contains(rule)) {
            true => Cause::Own { actor: ActorId::of(actor), proof },
            false => Cause::Sibling(actor.to_owned()),
        }
    }

    /// The function whose role and name this session has.
    fn function(&self, session: Session<'_>) -> Option<&Function> {
        let functions = session.name.and_then(|name| self.functions.get(name));
        functions.into_iter().flatten().find(|function| {
            function.role.as_deref() == Some(session.role) && function.account == session.account
        })
    }

    /// The only known actor with this role, if its sessions may bear this name.
    fn only_user(&self, session: Session<'_>) -> Option<&str> {
        let roles = self.roles.get(session.role)?;
        let users = &roles.iter().find(|role| role.account == session.account)?.users;
        let mut users = users.iter();
        let only = users.next().filter(|_| users.next().is_none())?;
        may_be_named(only, session.name).then_some(only)
    }
}

/// Returns true if the caller is one of these targets, seen from a rule that has no others.
pub fn is_target(caller: &Caller<'_>, rule: &RuleArn, targets: &[Target]) -> bool {
    matches!(Actors::new([(rule, targets)]).cause(rule, caller, None), Cause::Own { .. })
}

/// The role session that made a call; `None` if AWS names a function: its word is final, and another function may have the
/// same role.
fn session_behind<'a>(caller: &'a Caller<'_>, call: Option<&'a Call<'_>>) -> Option<Session<'a>> {
    if caller.issued_to.as_deref().is_some_and(|arn| function_of(unqualified(arn)).is_some()) {
        return None;
    }
    // Sessions that only the role behind them tells of may bear any name.
    session_of(&caller.principal).or_else(|| call.and_then(|call| call.role.as_deref()).and_then(role_of))
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
    let arn = Arn::parse(arn).filter(|arn| arn.service == service && arn.region.is_empty())?;
    Some((arn.account, arn.resource))
}

/// Account and name from `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION]`.
fn function_of(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "lambda")?;
    let name = arn.resource.strip_prefix("function:")?;
    Some((arn.account, name.split_once(':').map_or(name, |(name, _)| name)))
}

/// Whether this is an identity, and not what stands there for want of one: the event's own source.
fn is_named(principal: &str) -> bool {
    principal != "unknown" && !principal.starts_with("aws.")
}

#[cfg(test)]
mod tests;
