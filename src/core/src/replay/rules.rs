//! Rules of a file: the output of `rules export` or `aws events list-rules`, or JSON lines of `{"name","pattern"}`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::targets::targets;
use crate::model::{ACTS_AS_TAG, ActsAs, DEFAULT_BUS, Excerpt, Own, RuleArn, RuleState, Target, bus_name};
use crate::prices::CostBasis;
use eventbridge_pattern::{Pattern, PatternError};

/// Tag `allow REASON` of a rule that may fire itself in its author's opinion.
pub const LINT_TAG: &str = "budget-guard:lint";

/// Rule as listed in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSpec {
    /// Name of the rule. On a bus other than the default one: `BUS/NAME`.
    pub name: String,
    /// ARN; `None` if the file does not give it.
    pub arn: Option<RuleArn>,
    /// Name of the event bus; `default` if the file does not give it.
    pub bus: String,
    /// State; `ENABLED` if the file does not give it.
    pub state: RuleState,
    /// `ScheduleExpression`, such as `rate(5 minutes)`.
    pub schedule: Option<String>,
    /// AWS service that manages the rule; `None` for all others.
    pub managed_by: Option<String>,
    /// Event pattern; `None` if it is missing or empty.
    pub pattern: Option<PatternText>,
    /// Targets of the rule; `None` if the file does not give them.
    pub targets: Option<Vec<Target>>,
    /// Roles named by the rule's tag [`ACTS_AS_TAG`].
    pub acts_as: ActsAs,
    /// Value of the rule's tag [`LINT_TAG`].
    pub lint: Option<String>,
}

impl RuleSpec {
    /// Cost of a firing, as far as the file tells it. `None` if it does not give the targets.
    pub fn cost_basis(&self) -> Option<CostBasis> {
        let pattern = self.pattern.as_ref().map(|pattern| pattern.text.as_str());
        Some(CostBasis::new(&self.bus, pattern, self.targets.as_deref()?))
    }
}

/// Event pattern as text, with its position in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternText {
    /// JSON text of the pattern.
    pub text: String,
    /// Position of the text's first character; `None` if the file has the pattern encoded as a string.
    pub place: Option<TextPosition>,
}

/// Position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextPosition {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Reason why a file cannot be read as rules, with its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {problem}", place.line, place.column)]
pub struct RulesError {
    /// Position in the file.
    pub place: TextPosition,
    /// Description of the text found and the text expected.
    pub problem: String,
}

/// Item of `Rules` with AWS's names, or a JSON line with lower-case names, also those of Terraform. Other keys are
/// ignored.
///
/// Source: `Rule` of the EventBridge API (2015-10-07).
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "Name")]
    listed_name: Option<String>,
    name: Option<String>,
    #[serde(rename = "Arn", alias = "arn")]
    arn: Option<String>,
    #[serde(rename = "EventBusName", alias = "event_bus_name")]
    bus: Option<String>,
    #[serde(rename = "State")]
    listed_state: Option<String>,
    state: Option<String>,
    #[serde(rename = "ScheduleExpression", alias = "schedule_expression")]
    schedule: Option<String>,
    #[serde(rename = "ManagedBy")]
    managed_by: Option<String>,
    #[serde(borrow, rename = "EventPattern")]
    listed_pattern: Option<&'a RawValue>,
    #[serde(borrow, alias = "event_pattern", alias = "eventPattern")]
    pattern: Option<&'a RawValue>,
    /// Tags in the form that `aws events list-tags-for-resource` prints.
    #[serde(default, rename = "Tags")]
    tags: Vec<TagItem>,
    #[serde(borrow, rename = "Targets")]
    listed_targets: Option<&'a RawValue>,
    #[serde(borrow)]
    targets: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagItem {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, rename = "Rules")]
    rules: Option<Vec<&'a RawValue>>,
    #[serde(alias = "NextToken", rename = "nextToken")]
    next_token: Option<IgnoredAny>,
}

/// Rules of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleList {
    /// Rules in the order of the file.
    pub rules: Vec<RuleSpec>,
    /// Items that cannot be read as a rule.
    pub broken: Vec<RulesError>,
    /// True if the last page names a next one, so that rules are missing.
    pub has_next_page: bool,
}

/// Reads the rules of a file. An item that is no rule costs only itself, and a broken line only its line.
///
/// # Errors
///
/// [`RulesError`] with the position of the first mistake if there is no rule.
pub fn read_rules(text: &str) -> Result<RuleList, RulesError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut list = RuleList::default();
    let mut rest = text;
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let broken = values.by_ref().find_map(|value| match value {
            Ok(value) => {
                list.add(text, value);
                None
            }
            Err(error) => Some(wrong(text, rest, &error)),
        });
        let Some(broken) = broken else { break };
        // A line that begins with an object begins a rule.
        let after = rest[values.byte_offset().min(rest.len())..].trim_start();
        let Some(next) = after.get(1..).and_then(|after| after.find("\n{")) else {
            list.broken.push(broken);
            break;
        };
        list.broken.push(RulesError { place: TextPosition::of(text, after, 0), ..broken });
        rest = &after[next + 2..];
    }
    if !list.rules.is_empty() {
        return Ok(list);
    }
    Err(list.broken.into_iter().next().unwrap_or_else(|| {
        let problem = "no rule is here; expected what `budget-guard rules export` or `aws events list-rules` prints, \
                       lines of {\"name\": …, \"pattern\": …}, or a state of Terraform";
        RulesError { place: TextPosition { line: 1, column: 1 }, problem: problem.to_owned() }
    }))
}

impl RuleList {
    /// Adds a rule, a page of rules or an array of rules.
    fn add<'a>(&mut self, text: &'a str, value: &'a RawValue) {
        let items = if value.get().starts_with('[') {
            parse::<Vec<&RawValue>>(text, value)
        } else {
            parse::<List<'_>>(text, value).map(|page| {
                self.has_next_page = page.rules.is_some() && page.next_token.is_some();
                page.rules.unwrap_or_else(|| vec![value])
            })
        };
        match items {
            Ok(items) => items.into_iter().for_each(|item| match rule(text, item) {
                Ok(rule) => self.rules.push(rule),
                Err(error) => self.broken.push(error),
            }),
            Err(error) => self.broken.push(error),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &str, value: &'a RawValue) -> Result<T, RulesError> {
    serde_json::from_str(value.get()).map_err(|error| wrong(text, value.get(), &error))
}

fn rule(text: &str, value: &RawValue) -> Result<RuleSpec, RulesError> {
    let here = || TextPosition::of(text, value.get(), 0);
    let bad = |problem: String| RulesError { place: here(), problem };
    let item: Item<'_> = parse(text, value)?;
    let Some(name) = item.listed_name.or(item.name) else {
        let seen = Excerpt::new(value.get());
        return Err(bad(format!("saw {seen}; expected a rule, with its name and its event pattern")));
    };
    let arn = item.arn.map(|arn| arn.parse::<RuleArn>()).transpose();
    let arn = arn.map_err(|error| bad(format!("rule {}: {error}", Excerpt::new(&name))))?;
    let state = item.listed_state.or(item.state).map(|state| state.parse::<RuleState>()).transpose();
    let state = state.map_err(|problem| bad(format!("rule {}: {problem}", Excerpt::new(&name))))?;
    let bus = item.bus.or(arn.as_ref().map(|arn| arn.bus().to_owned()));
    let bus = bus.unwrap_or_else(|| DEFAULT_BUS.to_owned());
    let bus = bus_name(&bus).to_owned();
    let pattern = item.listed_pattern.or(item.pattern).map(|raw| pattern_text(text, raw)).transpose()?;
    let targets = item.listed_targets.or(item.targets).map(|raw| parse(text, raw)).transpose()?.map(targets);
    let tag = |key: &str| item.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
    let acts_as = tag(ACTS_AS_TAG).map(str::parse);
    let acts_as = acts_as.transpose();
    let acts_as =
        acts_as.map_err(|error| bad(format!("rule {}: tag {ACTS_AS_TAG}: {error}", Excerpt::new(&name))))?;
    Ok(RuleSpec {
        targets,
        acts_as: acts_as.unwrap_or_default(),
        lint: tag(LINT_TAG).map(str::to_owned),
        name: if bus == DEFAULT_BUS { name } else { format!("{bus}/{name}") },
        arn,
        bus,
        state: state.unwrap_or(RuleState::Enabled),
        schedule: item.schedule,
        managed_by: item.managed_by,
        pattern: pattern.filter(|pattern| !pattern.text.is_empty()),
    })
}

fn pattern_text(text: &str, raw: &RawValue) -> Result<PatternText, RulesError> {
    match raw.get().as_bytes() {
        [b'"', ..] => Ok(PatternText { text: parse(text, raw)?, place: None }),
        _ => {
            Ok(PatternText { text: raw.get().to_owned(), place: Some(TextPosition::of(text, raw.get(), 0)) })
        }
    }
}

/// Converts serde's error in a part of the text to its position in the whole text.
fn wrong(text: &str, part: &str, error: &serde_json::Error) -> RulesError {
    let line_start: usize =
        part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let place = TextPosition::of(text, part, (line_start + error.column().saturating_sub(1)).min(part.len()));
    let problem = error.to_string();
    let problem = problem.rsplit_once(" at line ").map_or(problem.as_str(), |(problem, _)| problem);
    RulesError { place, problem: format!("not a file of rules: {problem}") }
}

impl TextPosition {
    /// Position of byte `at` of `part`, which is a slice of `text`.
    fn of(text: &str, part: &str, at: usize) -> Self {
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) + at;
        let before = String::from_utf8_lossy(&text.as_bytes()[..start.min(text.len())]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

impl PatternText {
    /// Compiles the pattern.
    pub fn compile(&self) -> Result<Pattern, PatternError> {
        Pattern::compile(&self.text)
    }

    /// Position of a pattern error in the file; `None` if the file has the pattern encoded as a string.
    pub fn place_in_file(&self, error: &PatternError) -> Option<TextPosition> {
        let start = self.place?;
        let line = start.line + error.line.saturating_sub(1);
        let column =
            if error.line <= 1 { start.column + error.column.saturating_sub(1) } else { error.column };
        Some(TextPosition { line, column })
    }
}

impl RuleSpec {
    /// Reason why no CloudTrail event fires this rule, or why the guard of the stack `own` would not act on it. `None` if
    /// neither is so. A rule without an ARN in the file is no part of the stack.
    pub fn left_out_because(&self, own: &Own) -> Option<String> {
        if self.pattern.is_none() {
            return Some(match &self.schedule {
                Some(schedule) => format!("it runs on a schedule, {}", Excerpt::new(schedule)),
                None => "it has no event pattern".to_owned(),
            });
        }
        if let Some(service) = &self.managed_by {
            return Some(format!("the AWS service {} manages it", Excerpt::new(service)));
        }
        if self.bus != DEFAULT_BUS {
            let bus = Excerpt::new(&self.bus);
            return Some(format!("it is on bus {bus}, and CloudTrail events reach the default bus only"));
        }
        if !self.state.is_enabled() {
            return Some("it is disabled".to_owned());
        }
        let is_own = self.arn.as_ref().is_some_and(|arn| own.has_rule(arn));
        is_own.then(|| "it is one of the guard's own".to_owned())
    }
}

#[cfg(test)]
mod tests;
