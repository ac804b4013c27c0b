//! Judgement: can a target of a rule make a call that matches the rule's pattern?

mod cycles;
mod never;
mod role;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use role::Wanted;
pub(crate) use role::{Call, arn_in, caller};

use crate::cure;
use crate::form::{Acting, Document, EventPattern, Role, Rule, Target, UNKNOWN};
use crate::report::{Cure, FileReport, Path, RuleReport, Verdict};

/// Calls of a role that fire a rule.
type Calls = Rc<Vec<Call>>;

/// Maximum number of roles that a role assumes one after another.
const MAX_ASSUMED: usize = 3;

/// Judge of one file.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    document: &'a Document,
    /// Pattern of each rule that API calls may fire, or why it is not judged.
    rules: Vec<Result<Judged<'a>, String>>,
    /// Roles of the other files, by ARN.
    others: &'a BTreeMap<String, &'a Role>,
    /// Actors of each rule with their roles.
    actors: Vec<Vec<Actor<'a>>>,
    /// Calls by rule and the role's place in memory.
    known: RefCell<HashMap<(usize, *const Role), Calls>>,
}

/// Rule that API calls may fire.
#[derive(Debug)]
struct Judged<'a> {
    pattern: &'a EventPattern,
    wanted: Wanted,
    /// Reason why the pattern can never match.
    never: Option<String>,
}

/// Actor behind a target, with a role of its calls.
#[derive(Debug)]
struct Actor<'a> {
    target: &'a str,
    label: String,
    role: &'a Role,
}

/// Way from a rule over an actor and its role to the calls that fire a rule.
#[derive(Debug, Clone)]
pub(crate) struct Route<'a> {
    target: &'a str,
    actor: String,
    pub role: &'a Role,
    pub calls: Calls,
    /// Pattern that the calls match.
    pattern: &'a EventPattern,
}

impl Route<'_> {
    /// Steps between the rules.
    fn steps(&self) -> Vec<String> {
        let mut steps = vec![self.target.to_owned()];
        if self.actor != self.target {
            steps.push(self.actor.clone());
        }
        steps.push(self.role.label.replace(UNKNOWN, "…"));
        steps.extend(self.calls.first().map(|call| format!("{} ({})", call.statement, call.action)));
        steps.extend(self.calls.first().map(|call| format!("call {}", self.shown(call))));
        steps
    }

    /// Words for a call: `s3 PutBucketAcl`, or `ec2 Create…` where only the beginning of its name is certain.
    fn shown(&self, call: &Call) -> String {
        let name = match Some(call)
            .filter(|call| call.name.contains('*'))
            .and_then(|call| call.event(self.role, self.pattern))
        {
            Some(event) => {
                let event: serde_json::Value = serde_json::from_str(&event).unwrap_or_default();
                format!("{}…", event["detail"]["eventName"].as_str().unwrap_or_default())
            }
            None => call.name.clone(),
        };
        match call.source.as_str() {
            "*" => name,
            source => format!("{source} {name}"),
        }
    }
}

impl<'a> Judge<'a> {
    pub(crate) fn new(document: &'a Document, others: &'a BTreeMap<String, &'a Role>) -> Self {
        let rule = |rule| {
            judged(rule).map(|pattern| Judged {
                pattern,
                wanted: Wanted::of(rule, pattern),
                never: never::why(rule, pattern),
            })
        };
        let rules = document.rules.iter().map(rule).collect();
        let mut judge = Self { document, rules, others, actors: Vec::new(), known: RefCell::default() };
        judge.actors = document.rules.iter().map(|rule| judge.actors(rule)).collect();
        judge
    }

    pub(crate) fn report(&self) -> FileReport {
        let rules = (0..self.document.rules.len()).map(|index| self.rule(index)).collect();
        FileReport {
            path: self.document.path.clone(),
            language: Some(self.document.language),
            unreadable: None,
            remarks: self.document.remarks.clone(),
            is_partial: self.document.is_partial,
            rules,
            cycles: self.cycles(),
        }
    }

    fn rule(&self, index: usize) -> RuleReport {
        let rule = &self.document.rules[index];
        let mut report = RuleReport {
            name: rule.name.clone(),
            place: rule.place,
            verdict: self.verdict(index),
            paths: Vec::new(),
            unknown: Vec::new(),
            never: None,
            allowed: rule.allowed.clone(),
            cure: None,
        };
        match &self.rules[index] {
            Err(why) => report.unknown.push(why.clone()),
            Ok(Judged { pattern, never, .. }) => {
                report.never.clone_from(never);
                let routes = self.routes(index, index);
                report.paths = routes.iter().map(|route| path(rule, route)).collect();
                if report.verdict != Verdict::Cannot {
                    report.unknown = self.unknown(rule, pattern, !routes.is_empty());
                }
                if report.verdict == Verdict::CanFireItself {
                    report.cure = Some(self.cure(index, &routes));
                }
            }
        }
        report
    }

    fn verdict(&self, index: usize) -> Verdict {
        let rule = &self.document.rules[index];
        let (pattern, never) = match &self.rules[index] {
            Ok(Judged { pattern, never, .. }) => (pattern, never),
            Err(_) if matches!(rule.pattern, Some(Err(_))) => return Verdict::CannotBeTold,
            Err(_) => return Verdict::NotOnCalls,
        };
        if never.is_some() {
            return Verdict::Cannot;
        }
        let has_route = !self.routes(index, index).is_empty();
        match (has_route, unknown_fields(pattern).is_empty()) {
            (true, true) => Verdict::CanFireItself,
            (true, false) => Verdict::CannotBeTold,
            (false, _) if self.unknown(rule, pattern, false).is_empty() => Verdict::Cannot,
            (false, _) => Verdict::CannotBeTold,
        }
    }

    fn cure(&self, index: usize, routes: &[Route<'_>]) -> Cure {
        let rule = &self.document.rules[index];
        match &self.rules[index] {
            Ok(Judged { pattern, .. }) => cure::cure(self.document, rule, pattern, routes),
            Err(why) => Cure::Refused(why.clone()),
        }
    }

    /// First way from a rule to another one.
    fn route(&self, from: usize, to: usize) -> Option<Route<'a>> {
        self.routes(from, to).into_iter().next()
    }

    /// Ways from a rule to a rule, one for each role.
    fn routes(&self, from: usize, to: usize) -> Vec<Route<'a>> {
        let (Ok(_), Ok(Judged { pattern, wanted, .. })) = (&self.rules[from], &self.rules[to]) else {
            return Vec::new();
        };
        let mut routes: Vec<Route<'a>> = Vec::new();
        for Actor { target, label, role } in &self.actors[from] {
            let calls = self.calls(to, pattern, wanted, role);
            if !calls.is_empty() && !routes.iter().any(|route| route.role.label == role.label) {
                routes.push(Route { target, actor: label.clone(), role, calls, pattern });
            }
        }
        routes
    }

    /// Returns true if an actor of a rule can make a call that fires another one.
    fn fires(&self, from: usize, to: usize) -> bool {
        let (Ok(_), Ok(Judged { pattern, wanted, .. })) = (&self.rules[from], &self.rules[to]) else {
            return false;
        };
        self.actors[from].iter().any(|actor| !self.calls(to, pattern, wanted, actor.role).is_empty())
    }

    fn calls(&self, to: usize, pattern: &EventPattern, wanted: &Wanted, role: &Role) -> Calls {
        let key = (to, std::ptr::from_ref(role));
        let known = self.known.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let calls = Rc::new(role::calls(&self.document.rules[to], pattern, wanted, role));
            self.known.borrow_mut().insert(key, Rc::clone(&calls));
            calls
        })
    }

    fn actors(&self, rule: &'a Rule) -> Vec<Actor<'a>> {
        let of = |target: &'a Target| {
            let all = target.actors.iter().flat_map(|acting| self.roles(acting));
            all.map(|(label, _, role)| Actor { target: &target.label, label, role }).collect::<Vec<_>>()
        };
        rule.targets.iter().flat_map(of).collect()
    }

    /// Roles that an actor's calls are made with, each with words for the actor and its key: its own, and those that it
    /// may assume.
    fn roles(&self, acting: &Acting) -> Vec<(String, String, &'a Role)> {
        let mut roles: Vec<(String, String, &'a Role)> = Vec::new();
        if let Some((key, role)) = acting.role.as_deref().and_then(|key| self.role(key)) {
            roles.push((acting.label.clone(), key, role));
        }
        let mut at = 0;
        while at < roles.len() && at < MAX_ASSUMED {
            let (label, _, role) = roles[at].clone();
            for arn in role.assumes() {
                if let Some((key, assumed)) = self.assumed(arn)
                    && !roles.iter().any(|(_, own, _)| own == key)
                {
                    let label = format!("{label}, which assumes it through {}", role.label);
                    roles.push((label, key.to_owned(), assumed));
                }
            }
            at += 1;
        }
        roles
    }

    /// Role with this ARN, of this file or of another one, with its key.
    fn assumed(&self, arn: &str) -> Option<(&'a str, &'a Role)> {
        let own = self.document.roles.iter().find(|(_, role)| role.arn == arn);
        let other = self.others.get_key_value(arn).map(|(arn, role)| (arn.as_str(), *role));
        other
            .filter(|_| own.is_none_or(|(_, role)| role.statements.is_empty()))
            .or(own.map(|(key, role)| (key.as_str(), role)))
    }

    /// Role by its key. The one of another file, if this file has no policies of it.
    fn role(&self, key: &str) -> Option<(String, &'a Role)> {
        let own = self.document.roles.get(key)?;
        let other = self.others.get(own.arn.as_str()).filter(|_| own.statements.is_empty());
        Some((key.to_owned(), other.copied().unwrap_or(own)))
    }

    /// Things that the file does not tell about a rule and that matter for the verdict.
    fn unknown(&self, rule: &Rule, pattern: &EventPattern, has_route: bool) -> Vec<String> {
        let fields = unknown_fields(pattern);
        let mut unknown: Vec<String> =
            fields.iter().map(|field| format!("the pattern's {field} is not told by the file")).collect();
        if has_route {
            return unknown;
        }
        unknown.clear();
        unknown.extend(rule.targets_unknown.clone());
        for target in &rule.targets {
            unknown.extend(
                target.unknown.as_ref().map(|why| format!("{}: {why}", target.label.replace(UNKNOWN, "…"))),
            );
            for (_, _, role) in target.actors.iter().flat_map(|acting| self.roles(acting)) {
                unknown.extend(
                    role.unknown.iter().map(|why| format!("{}: {why}", role.label).replace(UNKNOWN, "…")),
                );
                let elsewhere = role.assumes().into_iter().filter(|arn| self.assumed(arn).is_none());
                unknown.extend(elsewhere.map(|arn| {
                    format!(
                        "{} may assume {}, which is in none of the files",
                        role.label,
                        arn.replace(UNKNOWN, "…")
                    )
                }));
            }
        }
        unknown.sort();
        unknown.dedup();
        unknown
    }
}

/// Pattern of a rule that API calls may fire, or why it is not judged.
fn judged(rule: &Rule) -> Result<&EventPattern, String> {
    let pattern = match &rule.pattern {
        None => return Err("it has no event pattern".to_owned()),
        Some(Err(remark)) => return Err(remark.text.clone()),
        Some(Ok(pattern)) => pattern,
    };
    if let Some(bus) = &rule.bus {
        return Err(format!(
            "it is on the bus {}, and events of API calls reach the default bus only",
            bus.replace(UNKNOWN, "…")
        ));
    }
    if !never::is_on_calls(pattern) {
        return Err("its events are no API calls".to_owned());
    }
    Ok(pattern)
}

/// Fields with unknown values that decide if a call of a role matches.
fn unknown_fields(pattern: &EventPattern) -> Vec<&str> {
    let decides = |field: &&str| {
        ["source", "detail-type", "detail.eventSource", "detail.eventName"].contains(field)
            || field.starts_with("detail.userIdentity")
    };
    pattern.unknown.iter().map(String::as_str).filter(decides).collect()
}

fn path(rule: &Rule, route: &Route<'_>) -> Path {
    let mut steps = vec![format!("rule {}", rule.name)];
    steps.extend(route.steps());
    steps.push(format!("rule {}", rule.name));
    Path {
        steps,
        more_calls: route.calls.iter().skip(1).map(|call| route.shown(call)).collect(),
        event: route.calls.first().and_then(|call| call.event(route.role, route.pattern)),
    }
}
