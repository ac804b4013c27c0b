//! Survey of an account: the rules of every bus, Region by Region, through the guard's own reading of rules and targets.

use std::collections::BTreeSet;

use budget_guard_aws::{BusRules, EventBridgeRules, SurveyedTarget, patient};
use budget_guard_core::model::{Arn, DEFAULT_BUS, Fault, FaultKind, ListedRule, Tags, plural};
use budget_guard_core::ports::Rules;
use futures_util::future::join;
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use serde_json::Value;

mod gaps;
mod line;
mod policy;

use gaps::Gaps;
use line::Line;
pub(crate) use policy::policy;

use crate::args::Surveyed;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;

/// Number of rules that are read at the same time. EventBridge allows 50 calls a second, and a rule takes two and those
/// about its actors.
const AT_ONCE: usize = 8;

/// Counts of a survey, and what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Number of rules in the lines.
    pub rules: u64,
    /// Regions that were read.
    pub regions: Vec<String>,
    /// Number of rules on other buses than the default one.
    pub on_other_buses: u64,
    /// Names of these buses.
    pub buses: BTreeSet<String>,
    /// Number of rules that belong to other accounts.
    pub of_others: u64,
    /// Ids of these accounts.
    pub accounts: BTreeSet<String>,
    /// Number of rules with targets that are not fully known.
    pub unknown: u64,
    /// Parts that could not be read.
    pub gaps: Gaps,
    failure: Option<Problem>,
}

impl Survey {
    /// Problem of the first list that failed.
    pub(crate) fn failure(&self) -> Option<Problem> {
        self.failure.clone()
    }

    /// Counts in one line.
    pub(crate) fn summary(&self) -> String {
        let place = match self.regions.as_slice() {
            [region] => format!("in {region}"),
            regions => format!("in {}", plural(regions.len() as u64, "Region")),
        };
        let mut parts = vec![format!("{} {place}", plural(self.rules, "rule"))];
        let names = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
        if self.on_other_buses > 0 {
            let buses = names(&self.buses);
            parts.push(format!("{} on other buses than default ({buses})", self.on_other_buses));
        }
        if self.of_others > 0 {
            parts.push(format!("{} of other accounts ({})", self.of_others, names(&self.accounts)));
        }
        if self.unknown > 0 {
            parts.push(format!("{} with targets that are not fully known", self.unknown));
        }
        parts.join("; ")
    }

    fn missed(&mut self, what: &'static str, of: &str, fault: &Fault, session: &Session) {
        self.gaps.add(what, of, fault, &session.named);
        self.failure.get_or_insert_with(|| session.problem(fault));
    }
}

/// Rule with its targets and tags.
struct ReadRule {
    rule: ListedRule,
    targets: Result<Vec<SurveyedTarget>, Fault>,
    tags: Result<Tags, Fault>,
}

/// Receiver of lines. False ends the survey.
pub(crate) type Emit<'a> = &'a mut dyn FnMut(&Value) -> Result<bool, Problem>;

/// Reads all rules of the scope, and gives each line to `emit`. Lines come in the order of Regions, buses and names.
///
/// # Errors
///
/// Returns a problem if the Regions cannot be listed, if a bus of the scope does not exist, or if `emit` fails. Other
/// failures are gaps.
pub(crate) async fn survey(
    session: &Session,
    scope: &Surveyed,
    is_quiet: bool,
    emit: Emit<'_>,
) -> Result<Survey, Problem> {
    let mut survey = Survey::default();
    for session in places(session, scope).await? {
        let rules = EventBridgeRules::new(&patient(session.config())).of_stack(&session.own);
        let (listed, account) = list(&session, &rules, scope, &mut survey).await?;
        survey.regions.push(session.region().to_owned());
        let bar = bar(&session, listed.len(), is_quiet);
        let reads = stream::iter(listed).map(|rule| read(&rules, rule));
        let mut reads = reads.buffered(AT_ONCE);
        while let Some(rule) = reads.next().await {
            bar.inc(1);
            if let Some(line) = survey.enter(&rule, account.as_deref(), &session)
                && !emit(&line)?
            {
                return Ok(survey);
            }
        }
    }
    Ok(survey)
}

/// Sessions in the Regions of the scope. Regions that the account has not enabled are named and left out.
async fn places(session: &Session, scope: &Surveyed) -> Result<Vec<Session>, Problem> {
    if !scope.all_regions {
        return Ok(vec![session.in_region(session.region())]);
    }
    let hint = "without that right, name each Region by itself: --region REGION";
    let regions = session.enabled_regions(hint).await?;
    Ok(regions.iter().map(|region| session.in_region(region)).collect())
}

/// Lists the rules of the buses, with the account that owns the buses.
async fn list(
    session: &Session,
    rules: &EventBridgeRules,
    scope: &Surveyed,
    survey: &mut Survey,
) -> Result<(Vec<ListedRule>, Option<String>), Problem> {
    let region = session.region();
    let mut account = None;
    let mut buses = scope.bus.to_vec();
    if buses.is_empty() {
        buses.push(DEFAULT_BUS.to_owned());
        match rules.all_buses().await {
            Ok(found) => {
                let arn = found.iter().find_map(|bus| bus.arn.as_deref());
                account = arn.and_then(Arn::parse).map(|arn| arn.account.to_owned());
                buses.extend(found.into_iter().map(|bus| bus.name).filter(|name| name != DEFAULT_BUS));
                buses[1..].sort();
            }
            Err(fault) => survey.missed("the buses besides default", region, &fault, session),
        }
    }
    let mut all = Vec::new();
    for bus in &buses {
        let BusRules { rules, unreadable, fault } = rules.all_rules(bus).await;
        let name = |rule: &str| if bus == DEFAULT_BUS { rule.to_owned() } else { format!("{bus}/{rule}") };
        for (rule, problem) in unreadable {
            survey.gaps.add_unreadable(&name(&rule), problem);
        }
        match fault {
            Some(fault)
                if fault.kind == FaultKind::NotFound && !scope.all_regions && !scope.bus.is_empty() =>
            {
                let hint =
                    format!("to see the buses: aws events list-event-buses {}", session.named.options());
                return Err(Problem::usage(format!("there is no event bus \"{bus}\" in {region}")).hint(hint));
            }
            // The bus was deleted a moment ago, or it is not in this Region.
            Some(fault) if fault.kind == FaultKind::NotFound => {
                output::note(format_args!("there is no event bus \"{bus}\" in {region}"));
            }
            Some(fault) => survey.missed("rules", &format!("bus {bus} in {region}"), &fault, session),
            None => {}
        }
        all.extend(rules);
    }
    let own =
        all.iter().find(|rule| rule.rule.is_on_default_bus()).map(|rule| rule.rule.account().to_owned());
    Ok((all, account.or(own)))
}

/// Reads the targets and the tags of a rule.
async fn read(rules: &EventBridgeRules, rule: ListedRule) -> ReadRule {
    let (targets, tags) = join(rules.survey_targets(&rule.rule), rules.tags(&rule.rule)).await;
    ReadRule { rule, targets, tags }
}

impl Survey {
    /// Counts a rule and returns its line. `None` if it was deleted after it was listed.
    fn enter(&mut self, read: &ReadRule, account: Option<&str>, session: &Session) -> Option<Value> {
        let ReadRule { rule, targets, tags } = read;
        let arn = &rule.rule;
        let name = arn.path();
        let faults = [("targets", targets.as_ref().err()), ("tags", tags.as_ref().err())];
        if faults.iter().any(|(_, fault)| fault.is_some_and(|fault| fault.kind == FaultKind::NotFound)) {
            output::note(format_args!("left out, because it was deleted meanwhile: rule {name}"));
            return None;
        }
        let mut unknown = Vec::new();
        for (what, fault) in faults {
            if let Some(fault) = fault {
                self.gaps.add(what, name, fault, &session.named);
                unknown.push(format!("{what}: {fault}"));
            }
        }
        let targets = targets.as_deref().ok();
        for target in targets.unwrap_or_default().iter().filter(|target| !target.unread.is_empty()) {
            self.gaps.add_actors(name, &target.unread);
        }
        self.rules += 1;
        let is_known = |targets: &[SurveyedTarget]| {
            targets.iter().all(|target| target.target.unresolved_reason.is_none())
        };
        self.unknown += u64::from(!targets.is_some_and(is_known));
        if !arn.is_on_default_bus() {
            self.on_other_buses += 1;
            self.buses.insert(arn.bus().to_owned());
        }
        if account.is_some_and(|account| account != arn.account()) {
            self.of_others += 1;
            self.accounts.insert(arn.account().to_owned());
        }
        Some(Line { rule, targets, tags: tags.as_ref().ok(), unknown: &unknown }.json())
    }
}

/// Progress bar on standard error. It is hidden where that is no terminal, or where the lines are on the same one.
fn bar(session: &Session, length: usize, is_quiet: bool) -> ProgressBar {
    if is_quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} rules");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length as u64).with_style(style).with_message(session.region().to_owned());
    bar.with_finish(ProgressFinish::AndClear)
}
