//! Calls that a role may make, as far as a rule sees them.

use std::rc::Rc;

use eventbridge_pattern::{Facts, Known, Possibility};

use crate::calls;
use crate::form::{EventPattern, Role, Rule, Statement, UNKNOWN};

/// Detail type of the events of API calls.
pub(crate) const API_CALL: &str = "AWS API Call via CloudTrail";
/// Maximum number of calls reported for one rule and role.
const MAX_CALLS: usize = 20;

/// Call that a role may make and that matches a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Event source without `.amazonaws.com`; `*` for any.
    pub source: String,
    /// Name, with `*` for what is not certain.
    pub name: String,
    /// Action that allows it.
    pub action: String,
    /// Words for the statement with the action.
    pub statement: String,
    /// Facts about the call, without those about the caller.
    pub facts: Rc<Facts>,
}

impl Call {
    /// Event of the call by the role that matches the pattern; `None` if none was constructed.
    pub(crate) fn event(&self, role: &Role, pattern: &EventPattern) -> Option<String> {
        match pattern.compiled.possibility(&caller(Facts::clone(&self.facts), role, pattern)) {
            Possibility::Possible(event) => event,
            Possibility::Never(_) => None,
        }
    }
}

/// Calls that a pattern names, prepared for all roles.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Calls that the pattern names with their services.
    calls: Vec<WantedCall>,
    /// Names of calls that the pattern gives in full.
    exact: Vec<String>,
    /// True if the pattern matches calls of other names.
    is_open: bool,
    sources: Option<Vec<String>>,
    /// True if it depends on the caller, or on the bucket, if a call matches.
    is_particular: bool,
}

/// Call that a pattern names, with the actions that allow it, each by itself.
#[derive(Debug)]
struct WantedCall {
    source: String,
    name: String,
    actions: Vec<String>,
    facts: Rc<Facts>,
    /// False if no caller's call matches.
    is_possible: bool,
}

impl Wanted {
    pub(crate) fn of(rule: &Rule, pattern: &EventPattern) -> Self {
        let names = pattern.compiled.named_texts("detail.eventName");
        let is_open = names.as_ref().is_none_or(|names| names.iter().any(|name| name.contains('*')));
        let exact: Vec<String> = names.into_iter().flatten().filter(|name| !name.contains('*')).collect();
        let sources = sources(pattern);
        let calls = wanted(rule, pattern, sources.as_deref().unwrap_or_default(), &exact);
        let particular = |path: &str| {
            path.starts_with("detail.userIdentity") || path == "detail.requestParameters.bucketName"
        };
        let is_particular = pattern.compiled.paths().any(particular);
        Self { calls, exact, is_open, sources, is_particular }
    }
}

fn wanted(rule: &Rule, pattern: &EventPattern, sources: &[String], names: &[String]) -> Vec<WantedCall> {
    let call = |source: &String, name: &String| {
        let facts = Rc::new(facts(source, name, rule.region.as_deref()));
        let is_possible = pattern.compiled.is_possible(&facts);
        let (source, name, actions) = (source.clone(), name.clone(), calls::actions(source, name));
        WantedCall { source, name, actions, facts, is_possible }
    };
    sources.iter().flat_map(|source| names.iter().map(move |name| call(source, name))).collect()
}

/// Facts about every call that a role makes in its sessions.
///
/// Source: "CloudTrail userIdentity element" (AWS CloudTrail user guide).
pub(crate) fn caller(facts: Facts, role: &Role, pattern: &EventPattern) -> Facts {
    let account = literal_account(role, pattern);
    let known = |text: String| match text.contains(UNKNOWN) {
        true => Known::Like(text.replace(UNKNOWN, "*")),
        false => Known::Text(text),
    };
    let arn = arn_in(role, pattern);
    let of = account.as_deref().unwrap_or_else(|| role.account());
    let session = format!("arn:aws:sts::{of}:assumed-role/{}/*", role.name()).replace(UNKNOWN, "*");
    let is_partly_known = arn != UNKNOWN.to_string();
    let facts = facts
        .with("detail.userIdentity.type", Known::Text("AssumedRole".to_owned()))
        .with("detail.userIdentity.sessionContext.sessionIssuer.type", Known::Text("Role".to_owned()))
        .with("detail.userIdentity.sessionContext.sessionIssuer.arn", known(arn))
        .with("detail.userIdentity.sessionContext.sessionIssuer.userName", known(role.name().to_owned()));
    if is_partly_known { facts.with("detail.userIdentity.arn", Known::Like(session)) } else { facts }
}

/// ARN of a role as a pattern sees it: with the account that the pattern names, if the file gives none.
pub(crate) fn arn_in(role: &Role, pattern: &EventPattern) -> String {
    match literal_account(role, pattern) {
        Some(account) => role.arn.replace("${AccountId}", &account),
        None => role.arn.clone(),
    }
}

/// Account that a pattern names together with a role of the template's own account. A literal account in the ARN of the
/// role means the account of the stack.
fn literal_account(role: &Role, pattern: &EventPattern) -> Option<String> {
    if role.account() != "${AccountId}" {
        return None;
    }
    let named = pattern.text.split("arn:aws").skip(1).find_map(|rest| {
        let arn = rest.split('"').next().unwrap_or_default();
        let account =
            arn.split(':').find(|part| part.len() == 12 && part.bytes().all(|c| c.is_ascii_digit()))?;
        arn.contains(&format!("/{}", role.name())).then_some(account)
    });
    named.map(str::to_owned)
}

impl Role {
    /// Statements that allow an action, none if a statement denies it in every case.
    fn allowing<'s>(&'s self, action: &'s str) -> impl Iterator<Item = &'s Statement> {
        let is_denied = self.denies(action);
        self.statements.iter().filter(move |own| !is_denied && own.allows && own.covers(action))
    }

    /// Returns true if a statement denies the action in every case.
    fn denies(&self, action: &str) -> bool {
        self.statements.iter().any(|own| !own.allows && own.is_total() && own.covers(action))
    }

    /// Resources of statements that allow assuming a role by name.
    pub(crate) fn assumes(&self) -> Vec<&str> {
        let named = |own: &&Statement| {
            own.allows && !own.is_inverted && own.actions.iter().any(|action| is_sts(action))
        };
        let resources = self.statements.iter().filter(named).flat_map(|own| &own.resources);
        resources.filter(|_| self.allowing("sts:AssumeRole").next().is_some()).map(String::as_str).collect()
    }
}

fn is_sts(action: &str) -> bool {
    action.len() > 3 && action[..3].eq_ignore_ascii_case("sts") && calls::matches(action, "sts:AssumeRole")
}

impl Statement {
    /// Returns true if the action, or each action of a form with `*`, is one of the statement's.
    fn covers(&self, action: &str) -> bool {
        let is_named = self.actions.iter().any(|own| calls::matches(own, action));
        is_named != self.is_inverted
    }
}

/// Calls of a role that match the pattern of a rule.
pub(crate) fn calls(rule: &Rule, pattern: &EventPattern, wanted: &Wanted, role: &Role) -> Vec<Call> {
    let mut search = Search { rule, pattern, wanted, role, found: Vec::new() };
    search.by_names();
    if wanted.is_open {
        search.by_actions();
    }
    search.found
}

/// Event sources that a pattern names, without `.amazonaws.com`; `None` if it leaves them open.
pub(crate) fn sources(pattern: &EventPattern) -> Option<Vec<String>> {
    let named = |path: &str| {
        pattern.compiled.named_texts(path).filter(|all| all.iter().all(|one| !one.contains('*')))
    };
    let from_call = named("detail.eventSource")
        .map(|all| all.iter().map(|source| source.trim_end_matches(".amazonaws.com").to_owned()).collect());
    from_call.or_else(|| {
        named("source")
            .map(|all| all.iter().filter_map(|own| own.strip_prefix("aws.")).map(str::to_owned).collect())
    })
}

struct Search<'a> {
    rule: &'a Rule,
    pattern: &'a EventPattern,
    wanted: &'a Wanted,
    role: &'a Role,
    found: Vec<Call>,
}

impl Search<'_> {
    /// Tries each call that the pattern names.
    fn by_names(&mut self) {
        let (wanted, role) = (self.wanted, self.role);
        let open = match wanted.sources {
            Some(_) => Vec::new(),
            None => self::wanted(self.rule, self.pattern, &self.role_sources(), &wanted.exact),
        };
        for call in wanted.calls.iter().chain(&open).filter(|call| call.is_possible) {
            for action in &call.actions {
                for statement in role.allowing(action) {
                    self.call(&call.source, &call.name, action, statement, Some(&call.facts));
                }
            }
        }
        // A role that may do nearly everything, and a pattern that names no service.
        if wanted.sources.is_none() && self.found.is_empty() {
            let wide = role.statements.iter().filter(|own| own.allows);
            let wide = wide.filter(|own| own.is_inverted || own.actions.iter().any(|action| action == "*"));
            for statement in wide.collect::<Vec<_>>() {
                wanted.exact.iter().for_each(|name| self.call("*", name, "*", statement, None));
            }
        }
    }

    /// Tries each action of the role, where the pattern names forms of calls or none.
    fn by_actions(&mut self) {
        let named = &self.wanted.sources;
        let role = self.role;
        for statement in role.statements.iter().filter(|own| own.allows) {
            let everything = ["*".to_owned()];
            let actions = if statement.is_inverted { &everything[..] } else { &statement.actions };
            for action in actions {
                let (prefix, name) = action.split_once(':').unwrap_or(("*", "*"));
                let calls: Vec<(String, String)> = if prefix.contains('*') {
                    let sources = named.clone().unwrap_or_else(|| vec!["*".to_owned()]);
                    sources.into_iter().map(|source| (source, name.to_owned())).collect()
                } else {
                    calls::allowed_by(&prefix.to_ascii_lowercase(), &capitalized(name))
                };
                for (source, name) in calls {
                    let is_named = named.as_ref().is_none_or(|named| named.contains(&source));
                    // The call is denied if each action that would allow it is.
                    let is_denied = match source.as_str() {
                        "*" => role.denies(action),
                        source => calls::actions(source, &name).iter().all(|needed| role.denies(needed)),
                    };
                    if is_named && !is_denied && !calls::is_data(&source, &name) {
                        self.call(&source, &name, action, statement, None);
                    }
                }
            }
        }
    }

    fn role_sources(&self) -> Vec<String> {
        let allowing = self.role.statements.iter().filter(|own| own.allows && !own.is_inverted);
        let actions = allowing.flat_map(|own| &own.actions);
        let prefixes = actions.filter_map(|action| action.split_once(':')).map(|(prefix, _)| prefix);
        let mut sources: Vec<String> = prefixes
            .filter(|prefix| !prefix.contains('*'))
            .flat_map(|prefix| calls::allowed_by(&prefix.to_ascii_lowercase(), "*"))
            .map(|(source, _)| source)
            .collect();
        sources.sort();
        sources.dedup();
        sources
    }

    /// Adds the call if an event of it by the role can match. `known` are the facts about a call that matches for every
    /// caller, unless the pattern is particular.
    fn call(
        &mut self,
        source: &str,
        name: &str,
        action: &str,
        statement: &Statement,
        known: Option<&Rc<Facts>>,
    ) {
        if self.found.len() >= MAX_CALLS || (!self.rule.takes_reads && calls::is_read(name)) {
            return;
        }
        let region = self.rule.region.as_deref();
        if let (Some(region), Some(only)) = (region, calls::only_region(source))
            && region != only
        {
            return;
        }
        let is_new = !self.found.iter().any(|call| call.source == source && call.name == name);
        let facts = match known {
            Some(known) if !self.wanted.is_particular => Some(Rc::clone(known)),
            _ => {
                let all = resources(facts(source, name, region), source, statement);
                let mut possible = all.into_iter().filter(|facts| {
                    self.pattern.compiled.is_possible(&caller(facts.clone(), self.role, self.pattern))
                });
                possible.next().map(Rc::new)
            }
        };
        if let Some(facts) = facts.filter(|_| is_new) {
            self.found.push(Call {
                source: source.to_owned(),
                name: name.to_owned(),
                action: action.to_owned(),
                statement: statement.label.clone(),
                facts,
            });
        }
    }
}

/// Facts about each event of a call.
pub(crate) fn facts(source: &str, name: &str, region: Option<&str>) -> Facts {
    let like = |text: String| if text.contains('*') { Known::Like(text) } else { Known::Text(text) };
    let mut facts = Facts::default()
        .with("detail-type", Known::Text(API_CALL.to_owned()))
        .with("source", like(format!("aws.{source}")))
        .with("detail.eventSource", like(format!("{source}.amazonaws.com")))
        .with("detail.eventName", like(name.to_owned()))
        .with("detail.eventType", Known::Text("AwsApiCall".to_owned()));
    if let Some(region) = region {
        facts = facts
            .with("region", Known::Text(region.to_owned()))
            .with("detail.awsRegion", Known::Text(region.to_owned()));
    }
    if calls::is_read(name) { facts.with("detail.readOnly", Known::Flag(true)) } else { facts }
}

/// Facts with the buckets that a statement allows, one by one, for calls of Amazon S3.
fn resources(facts: Facts, source: &str, statement: &Statement) -> Vec<Facts> {
    let bucket = |resource: &String| {
        let rest = resource.strip_prefix("arn:aws:s3:::")?;
        let name = rest.split('/').next().unwrap_or_default();
        Some(name.replace([UNKNOWN, '?'], "*"))
    };
    let buckets: Option<Vec<String>> = statement.resources.iter().map(bucket).collect();
    match buckets.filter(|buckets| source == "s3" && !buckets.is_empty()) {
        Some(buckets) => {
            let one =
                |name: String| facts.clone().with("detail.requestParameters.bucketName", Known::Like(name));
            buckets.into_iter().map(one).collect()
        }
        None => vec![facts],
    }
}

/// Name of an action with a capital, as calls have it: the case of actions is free.
fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}
