//! `match`: prints the events that an event pattern, or the rules of a file, match. Needs no AWS.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use budget_guard_core::escape;
use budget_guard_core::json::{JsonObjects, ObjectsError, Unwrap};
use budget_guard_core::model::{Excerpt, printable};
use eventbridge_pattern::{EventError, Matcher, Scratch};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::args::MatchBy;
use crate::context::Context;
use crate::exit::Exit;
use crate::input;
use crate::output;
use crate::problem::Problem;
use crate::rule_file::{self, RuleFile};

/// Patterns that the events are matched against.
struct Patterns {
    matcher: Matcher,
    /// Names of the rules. `None` for a single pattern.
    names: Option<Vec<String>>,
    /// Rules whose patterns do not compile. Their result is unknown.
    unknown: Vec<String>,
}

/// Result for one event, in JSON output.
#[derive(Serialize)]
struct Line<'a> {
    id: Option<&'a RawValue>,
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    is_match: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<&'a str>>,
    /// Rules with an unknown result, or true for a single pattern with an unknown result.
    #[serde(skip_serializing_if = "Unknown::is_none")]
    unknown: Unknown<'a>,
}

/// Unknown results for one event.
#[derive(Serialize)]
#[serde(untagged)]
enum Unknown<'a> {
    Pattern(bool),
    Rules(Vec<&'a str>),
}

/// The part of an event that the output needs.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Number of events by result.
#[derive(Default)]
struct Totals {
    events: u64,
    matched: u64,
    broken: u64,
}

/// Runs `match`.
pub(crate) fn run(context: &Context, by: &MatchBy, events: &Path) -> Result<Exit, Problem> {
    for named in [&by.pattern, &by.rules].into_iter().flatten() {
        input::check_read_once(named, events)?;
    }
    let patterns = Patterns::read(by)?;
    let input: Box<dyn Read> = if events == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = input::open(events);
        Box::new(file.map_err(|error| Problem::usage(format!("{}: {error}", events.display())))?)
    };
    let name =
        if events == Path::new("-") { "standard input".to_owned() } else { events.display().to_string() };
    let totals = patterns.match_all(context, JsonObjects::new(input, Unwrap::Nothing), &name)?;
    if totals.events == 0 && totals.broken == 0 {
        return Err(Problem::usage(format!("{name} holds no event; expected a JSON event or JSON lines")));
    }
    if !context.is_json() {
        output::note(format_args!("{} of {} events matched", totals.matched, totals.events));
    }
    let is_whole = totals.broken == 0 && patterns.unknown.is_empty();
    Ok(if is_whole { Exit::Done } else { Exit::Usage })
}

impl Patterns {
    fn read(by: &MatchBy) -> Result<Self, Problem> {
        if let Some(path) = &by.pattern {
            let matcher = Matcher::new([rule_file::pattern(path)?]);
            return Ok(Self { matcher, names: None, unknown: Vec::new() });
        }
        let file = RuleFile::read(by.rules.as_deref().unwrap_or(Path::new("")))?;
        let (mut patterns, mut names, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for rule in &file.rules {
            // The state of the rule does not matter for its pattern.
            match rule.pattern.as_ref().map(|pattern| file.compile(rule, pattern)) {
                Some(Ok(pattern)) => {
                    patterns.push(pattern);
                    names.push(rule.name.clone());
                }
                Some(Err(bad)) => {
                    output::problem(&Problem::usage(bad.message));
                    unknown.push(bad.rule);
                }
                None => output::note(format_args!(
                    "left out: {}, which has no event pattern",
                    Excerpt::new(&rule.name)
                )),
            }
        }
        Ok(Self { matcher: Matcher::new(patterns), names: Some(names), unknown })
    }

    fn match_all<R: Read>(
        &self,
        context: &Context,
        mut events: JsonObjects<R>,
        input: &str,
    ) -> Result<Totals, Problem> {
        let mut stdout = anstream::stdout().lock();
        let mut totals = Totals::default();
        let mut scratch = Scratch::default();
        loop {
            let number = totals.events + totals.broken + 1;
            let event = match events.next() {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(totals),
                Err(ObjectsError::Read(error)) => return Err(Problem::failed(format!("{input}: {error}"))),
                Err(error) => {
                    totals.broken += 1;
                    output::problem(&Problem::usage(format!("{input}, event {number}: {error}")));
                    continue;
                }
            };
            match self.line(context, event, number, &mut scratch) {
                Ok((line, is_match)) => {
                    totals.events += 1;
                    totals.matched += u64::from(is_match);
                    match writeln!(stdout, "{line}") {
                        Ok(()) => {}
                        // A reader that closed early (`| head`) is no failure.
                        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(totals),
                        Err(error) => return Err(Problem::failed(format!("standard output: {error}"))),
                    }
                }
                Err(problem) => {
                    totals.broken += 1;
                    output::problem(&Problem::usage(format!("{input}, event {number}: {problem}")));
                }
            }
        }
    }

    /// Line for one event, and true if anything matches it.
    fn line(
        &self,
        context: &Context,
        event: &[u8],
        number: u64,
        scratch: &mut Scratch,
    ) -> Result<(String, bool), LineError> {
        // The matcher looks only at what it needs; whether all of it is JSON is found out here.
        let id = serde_json::from_slice::<Event<'_>>(event).map_err(LineError::NotJson)?.id;
        let found = self.matcher.matches(event, scratch)?;
        let is_match = !found.matched.is_empty();
        let line = match &self.names {
            None => {
                let is_unknown = !found.unknown.is_empty();
                Line { id, is_match: Some(is_match), matches: None, unknown: Unknown::Pattern(is_unknown) }
            }
            Some(names) => {
                let name = |index: &u32| names[*index as usize].as_str();
                let bad = self.unknown.iter().map(String::as_str);
                let unknown = found.unknown.iter().map(name).chain(bad).collect();
                let matches = found.matched.iter().map(name).collect();
                Line { id, is_match: None, matches: Some(matches), unknown: Unknown::Rules(unknown) }
            }
        };
        let text = if context.is_json() {
            let text = serde_json::to_string(&line).map_err(LineError::Unwritable)?;
            escape::json(&text).into_owned()
        } else {
            line.text(number)
        };
        Ok((text, is_match))
    }
}

/// An event without a line in the answer.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("not JSON: {0}")]
    NotAnEvent(#[from] EventError),
    #[error(transparent)]
    Unwritable(serde_json::Error),
}

impl Unknown<'_> {
    fn is_none(&self) -> bool {
        match self {
            Self::Pattern(is_unknown) => !is_unknown,
            Self::Rules(rules) => rules.is_empty(),
        }
    }
}

impl Line<'_> {
    fn text(&self, number: u64) -> String {
        let id = self.id.and_then(|id| serde_json::from_str::<String>(id.get()).ok());
        let id = id.filter(|id| !id.is_empty()).map_or(format!("event {number}"), |id| printable(&id));
        let names = |names: &[&str]| names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
        let verdict = match (&self.unknown, self.is_match, &self.matches) {
            (Unknown::Pattern(true), ..) => "unknown".to_owned(),
            (_, Some(true), _) => "matches".to_owned(),
            (_, Some(false), _) => "does not match".to_owned(),
            (_, _, Some(matches)) if !matches.is_empty() => names(matches),
            _ => "no rule".to_owned(),
        };
        match &self.unknown {
            Unknown::Rules(rules) if !rules.is_empty() => {
                format!("{id}  {verdict}; unknown: {}", names(rules))
            }
            _ => format!("{id}  {verdict}"),
        }
    }
}
