//! `match`: prints the events that an event pattern, or the rules of a file, match. Needs no AWS.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, StdoutLock, Write};
use std::path::Path;

use budget_guard_core::escape;
use budget_guard_core::model::{Excerpt, printable};
use budget_guard_core::replay::CloudTrailRecord;
use eventbridge_pattern::{EventError, Matcher, Scratch};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::args::MatchBy;
use crate::context::Context;
use crate::exit::Exit;
use crate::files::{self, Content, Found, InputFiles, LeftOut, ValuesError, is_damaged};
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
    /// False if a rule is missing or unknown.
    is_whole: bool,
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

/// Matching of all events of the input.
struct Matching<'a> {
    context: &'a Context,
    patterns: &'a Patterns,
    stdout: anstream::AutoStream<StdoutLock<'static>>,
    totals: Totals,
    /// Content that is no event.
    left_out: LeftOut,
    scratch: Scratch,
    /// Event that is made of a record.
    event: String,
    /// Result of the command if it ends before the input does.
    ended: Option<Result<(), Problem>>,
}

/// Runs `match`.
pub(crate) fn run(context: &Context, by: &MatchBy, events: &Path) -> Result<Exit, Problem> {
    let given = [&by.pattern, &by.rules].into_iter().flatten().next();
    given.map_or(Ok(()), |given| input::check_read_once(given, events))?;
    let patterns = Patterns::read(by)?;
    let found = InputFiles::find(&[events.to_owned()], given.map(|given| &**given))?;
    let name = input::name(events);
    let mut matching = Matching::new(context, &patterns, found.left_out);
    for (path, error) in &found.unreadable {
        matching.broken(format!("{}: {error}", path.display()));
    }
    for path in &found.files {
        if matching.ended.is_none() {
            matching.file(path);
        }
    }
    let Matching { totals, left_out, ended, .. } = matching;
    ended.unwrap_or(Ok(()))?;
    left_out.report();
    let is_empty = left_out.is_empty();
    if totals.events == 0 && totals.broken == 0 && is_empty {
        return Err(Problem::usage(format!("{name} holds no event; expected a JSON event or JSON lines")));
    }
    if !context.is_json() {
        output::note(format_args!("{} of {} events matched", totals.matched, totals.events));
    }
    let is_whole = totals.broken == 0 && patterns.is_whole && left_out.is_harmless();
    Ok(if is_whole { Exit::Done } else { Exit::Usage })
}

impl Patterns {
    fn read(by: &MatchBy) -> Result<Self, Problem> {
        if let Some(path) = &by.pattern {
            let matcher = Matcher::new([rule_file::pattern(path)?]);
            return Ok(Self { matcher, names: None, unknown: Vec::new(), is_whole: true });
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
        let is_whole = file.is_whole && unknown.is_empty();
        Ok(Self { matcher: Matcher::new(patterns), names: Some(names), unknown, is_whole })
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

impl<'a> Matching<'a> {
    fn new(context: &'a Context, patterns: &'a Patterns, left_out: LeftOut) -> Self {
        Self {
            context,
            patterns,
            stdout: anstream::stdout().lock(),
            totals: Totals::default(),
            left_out,
            scratch: Scratch::default(),
            event: String::new(),
            ended: None,
        }
    }

    fn file(&mut self, path: &Path) {
        let read = files::contents(path, |file| file, &mut |path, content| self.content(path, content));
        if let Err(error) = read {
            self.broken(format!("{}: {error}", input::name(path)));
        }
    }

    fn content(&mut self, path: &Path, content: io::Result<Content<&mut dyn Read>>) {
        let name = &input::name(path);
        let mut values = match content {
            Ok(Content::Values(values)) => values,
            Ok(Content::Aside(what)) => return self.left_out.add(what, path),
            Err(error) => return self.broken(format!("{name}: {error}")),
        };
        while self.ended.is_none() {
            match values.next() {
                Ok(Some(value)) => self.value(name, value),
                Ok(None) => break,
                Err(ValuesError::Read(error)) if is_damaged(&error) => {
                    return self.broken(format!("{name}: damaged content: {error}"));
                }
                Err(ValuesError::Read(error)) => {
                    self.ended = Some(Err(Problem::failed(format!("{name}: {error}"))));
                }
                Err(ValuesError::Broken(problem)) => self.broken_event(name, problem),
            }
        }
        if values.has_next_page() {
            self.broken(format!("{name}: events are missing: its NextToken names a next page"));
        }
    }

    /// Matches an event, or the events in an exported value. A value of no known shape is taken for an event.
    fn value(&mut self, name: &str, value: &[u8]) {
        let mut count = 0;
        let is_whole = files::unwrap(value, &mut |found| {
            count += 1;
            match found {
                Found::Event { event, .. } => self.matches(name, event.as_bytes()),
                Found::Record(record) => self.record(name, record),
                Found::Aside(what) => self.left_out.add(what, Path::new(name)),
            }
        });
        match (is_whole, count) {
            (true, _) => {}
            (false, 0) => self.matches(name, value),
            (false, _) => self.broken_event(name, "a part of it has no known shape"),
        }
    }

    /// Matches the event that AWS sends for a record. A sign-in has two, and the one that matches counts.
    fn record(&mut self, name: &str, record: &str) {
        let record = match CloudTrailRecord::read(record.as_bytes()) {
            Ok(record) => record,
            Err(error) => return self.broken_event(name, error),
        };
        let mut event = std::mem::take(&mut self.event);
        let matching = (0..record.spellings()).find(|spelling| {
            record.write_event(*spelling, &mut event);
            let found = self.patterns.matcher.matches(event.as_bytes(), &mut self.scratch);
            found.is_ok_and(|found| !found.matched.is_empty())
        });
        record.write_event(matching.unwrap_or(0), &mut event);
        self.matches(name, event.as_bytes());
        self.event = event;
    }

    /// Matches one event, and prints its line.
    fn matches(&mut self, name: &str, event: &[u8]) {
        if self.ended.is_some() {
            return;
        }
        match self.patterns.line(self.context, event, self.number(), &mut self.scratch) {
            Ok((line, is_match)) => {
                self.totals.events += 1;
                self.totals.matched += u64::from(is_match);
                self.ended = match writeln!(self.stdout, "{line}") {
                    Ok(()) => None,
                    // A reader that closed early (`| head`) is no failure.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Some(Ok(())),
                    Err(error) => Some(Err(Problem::failed(format!("standard output: {error}")))),
                };
            }
            Err(problem) => self.broken_event(name, problem),
        }
    }

    /// Number of the next event, from 1.
    fn number(&self) -> u64 {
        self.totals.events + self.totals.broken + 1
    }

    fn broken_event(&mut self, name: &str, problem: impl Display) {
        self.broken(format!("{name}, event {}: {problem}", self.number()));
    }

    fn broken(&mut self, problem: String) {
        self.totals.broken += 1;
        output::problem(&Problem::usage(problem));
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
