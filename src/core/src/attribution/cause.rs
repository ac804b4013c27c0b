//! Maker of a firing: the rule's own target, another rule's target, an AWS service, or a foreign caller.
//!
//! "Own" requires proof: AWS names the target as holder of the credentials, or role and session name are those of the
//! target function. A role alone is proof only for an actor that is not a function, and only if no other known actor
//! has the role.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::sessions::may_be_named;
use crate::model::{Actor, ActorId, Arn, Call, Caller, Cause, Own, Proof, RuleArn, Target, unqualified};

/// Prefix of the roles of AWS IAM Identity Center, which people sign in with. Source: "Permission sets" (IAM Identity
/// Center guide).
const SIGNED_IN: &str = "AWSReservedSSO_";

/// Actors of all rules, indexed by the values of `userIdentity`.
///
/// Sources: "CloudTrail userIdentity element" for `inScopeOf` and `sessionIssuer`. Lambda naming a function's session
/// after the function is observed behaviour.
#[derive(Debug, Clone, Default)]
pub struct Actors {
    rules: HashSet<RuleArn>,
    /// Rules by the ARN of their actor.
    by_arn: HashMap<String, BTreeSet<RuleArn>>,
    /// Functions by name, which is also the name of their sessions.
    functions: HashMap<String, Vec<Function>>,
    /// Roles by name, which is unique in its account, whatever the path.
    roles: HashMap<String, Vec<Role>>,
    /// Account and name of the roles that the operator declares for a rule.
    declared: HashMap<RuleArn, BTreeSet<(String, String)>>,
}

#[derive(Debug, Clone)]
struct Role {
    account: String,
    /// ARNs of the actors that have the role.
    users: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Function {
    arn: String,
    account: String,
    /// Name of the function's role. `None` if it could not be read; its sessions then prove nothing.
    role: Option<String>,
}

/// Role session: account, role name and session name.
#[derive(Debug, Clone, Copy)]
struct Session<'a> {
    account: &'a str,
    role: &'a str,
    /// Name of the session. `None` if the record names only the role.
    name: Option<&'a str>,
}

impl Actors {
    /// Indexes the actors of these rules. Actors that are parts of the guard's own stack are skipped.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a RuleArn, &'a [Target])>, own: &Own) -> Self {
        let mut actors = Self::default();
        for (rule, targets) in rules {
            actors.rules.insert(rule.clone());
            for target in targets {
                // The target's role belongs to EventBridge, which uses it to invoke the target and for no other calls.
                let this = Actor::new(&target.arn, None);
                let is_read = target.actors.iter().any(|actor| actor.arn == this.arn);
                let itself = (!is_read).then_some(&this);
                let all = itself.into_iter().chain(&target.actors);
                all.filter(|actor| !own.has(&actor.arn)).for_each(|actor| actors.add(rule, actor));
            }
        }
        actors
    }

    fn add(&mut self, rule: &RuleArn, actor: &Actor) {
        let function = function_of(&actor.arn);
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

    /// Adds a role, given by ARN, that the operator declares for a rule.
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

    /// Returns true if another rule has one of these targets' actors as well.
    pub fn are_shared(&self, targets: &[Target]) -> bool {
        let rules = |actor: &Actor| self.by_arn.get(&actor.arn).map_or(0, BTreeSet::len);
        targets.iter().flat_map(|target| &target.actors).any(|actor| rules(actor) > 1)
    }

    /// Actor that made a call, with the strongest proof.
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

    /// Returns true if the caller has the role of an actor behind the rule, in whatever session.
    pub fn has_role_of(&self, rule: &RuleArn, caller: &Caller<'_>, call: Option<&Call<'_>>) -> bool {
        let Some(session) = session_behind(caller, call) else { return false };
        let roles = self.roles.get(session.role).into_iter().flatten();
        let mut users = roles.filter(|role| role.account == session.account).flat_map(|role| &role.users);
        users.any(|actor| self.rules_of(actor).any(|one| one == rule))
    }

    /// Role that made the call, if the operator declares it for the rule. A function named by AWS takes precedence.
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

    /// Function that has the role and the name of this session.
    fn function(&self, session: Session<'_>) -> Option<&Function> {
        let functions = session.name.and_then(|name| self.functions.get(name));
        functions.into_iter().flatten().find(|function| {
            function.role.as_deref() == Some(session.role) && function.account == session.account
        })
    }

    /// Only known actor with the role of this session. `None` if its sessions cannot have this name.
    fn only_user(&self, session: Session<'_>) -> Option<&str> {
        let roles = self.roles.get(session.role)?;
        let users = &roles.iter().find(|role| role.account == session.account)?.users;
        let mut users = users.iter();
        let only = users.next().filter(|_| users.next().is_none())?;
        may_be_named(only, session.name).then_some(only)
    }
}

/// Returns true if the caller is one of these targets, for a rule that has no others.
pub fn is_target(caller: &Caller<'_>, rule: &RuleArn, targets: &[Target]) -> bool {
    matches!(Actors::new([(rule, targets)], &Own::default()).cause(rule, caller, None), Cause::Own { .. })
}

/// Role session that made a call. `None` if AWS names a function, which takes precedence: another function may have the
/// same role.
fn session_behind<'a>(caller: &'a Caller<'_>, call: Option<&'a Call<'_>>) -> Option<Session<'a>> {
    if caller.issued_to.as_deref().is_some_and(|arn| function_of(unqualified(arn)).is_some()) {
        return None;
    }
    // Sessions without a name in the record may have any name.
    session_of(&caller.principal).or_else(|| call.and_then(|call| call.role.as_deref()).and_then(role_of))
}

/// Parses `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, which has no path.
fn session_of(principal: &str) -> Option<Session<'_>> {
    let (account, path) = in_account(principal, "sts")?;
    let (role, name) = path.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(Session { account, role, name: Some(name) })
}

/// Parses `arn:aws:iam::ACCOUNT:role/[PATH/]ROLE`.
fn role_of(arn: &str) -> Option<Session<'_>> {
    let (account, path) = in_account(arn, "iam")?;
    let role = path.strip_prefix("role/")?.rsplit('/').next()?;
    Some(Session { account, role, name: None })
}

/// Account and resource of an ARN without Region.
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

/// Returns true if this is an identity, and not the event's source in its place.
fn is_named(principal: &str) -> bool {
    principal != "unknown" && !principal.starts_with("aws.")
}

#[cfg(test)]
mod tests;
