//! `status`: all rules that the guard has seen, the most urgent first.

mod regions;
mod watch;

use std::cmp::Reverse;
use std::collections::BTreeSet;

pub(super) use regions::run as run_in_all_regions;
pub(super) use watch::run as watch;

use super::acting::{self, Knowledge};
use super::{pressure, resume, table, unwatched, view};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::alerts::quoted;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{DEFAULT_BUS, DRILL_PREFIX, RuleArn, Timestamp};
use budget_guard_core::policy::{MODE_TAG, Mode};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::{Outcome, Record};
use budget_guard_core::run::{read_directory, records};
use budget_guard_core::verdict::EvidenceKind;

/// Rules to be listed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filter<'a> {
    /// Only those on this bus.
    pub bus: Option<&'a str>,
    /// Only those whose breaker is not closed.
    pub is_open: bool,
    /// Only those that looked like a loop when they last tripped, and were not cut.
    pub is_suspect: bool,
    /// Also those that neither fired nor were cut, and those of drills.
    pub is_all: bool,
}

impl Filter<'_> {
    fn admits(&self, record: &Record) -> bool {
        let trip = record.last_trip.as_ref();
        let was_spared = trip.is_some_and(|trip| matches!(trip.outcome, Outcome::Spared { .. }));
        let is_closed = matches!(record.breaker, Breaker::Closed);
        // An order that was refused leaves a record without a firing.
        let was_refused = was_spared && trip.is_some_and(|trip| trip.evidence.kind == EvidenceKind::Manual);
        let has_fired = record.window.newest().is_some() || trip.is_some_and(|_| !was_refused);
        let is_listed =
            self.is_all || !is_closed || (has_fired && !record.rule.name().starts_with(DRILL_PREFIX));
        self.bus.is_none_or(|bus| record.rule.bus() == bus)
            && (!self.is_open || !is_closed)
            && (!self.is_suspect || (was_spared && !was_refused))
            && is_listed
    }
}

/// A rule with its record, the mode in effect, and the knowledge of its actors.
#[derive(Debug)]
pub(super) struct Listed {
    /// Record of the rule.
    pub record: Record,
    /// Mode in effect. `None` if the guard's settings could not be read, or the rule's tags were not read yet.
    pub mode: Option<Mode>,
    /// Knowledge of the actors. `None` if the directory does not have the rule with its targets.
    pub who_acts: Option<Knowledge>,
}

/// Rules of one guard.
#[derive(Debug)]
struct Guarded {
    session: Session,
    table: String,
    /// Rules that the filter admits, the most urgent first.
    listed: Vec<Listed>,
    /// All rules with a record.
    seen: BTreeSet<RuleArn>,
    now: Timestamp,
}

/// Runs `status`.
pub(super) async fn run(context: &Context, filter: Filter<'_>) -> Result<Exit, Problem> {
    filter.bus.map_or(Ok(()), check_bus)?;
    let guarded = Guarded::read(context, filter).await?;
    let Guarded { session, table, listed, seen, now } = &guarded;
    pressure::mention(context, session, table, *now).await;
    resume::mention(context, session, table, *now).await;
    if context.is_json() {
        output::json(&guarded.views())?;
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        say_empty(session, table, filter);
        Box::pin(hint_at_unwatched(session, filter.bus, seen)).await;
        return Ok(Exit::Done);
    }
    output::data(&text(listed, *now, None))?;
    guarded.say(context);
    hint_at_unknown(context, listed);
    Box::pin(hint_at_unwatched(session, filter.bus, seen)).await;
    Ok(Exit::Done)
}

impl Guarded {
    /// Reads the records of the guard that the context names.
    async fn read(context: &Context, filter: Filter<'_>) -> Result<Self, Problem> {
        let session = Session::of_guard(context, &[], Needs::Table).await?;
        let table = context.table()?;
        let store = session.store(&table);
        let mut records = records(&store).await.map_err(|fault| session.problem(&fault))?;
        let seen = records.iter().map(|record| record.rule.clone()).collect();
        records.retain(|record| filter.admits(record));
        records.sort_by_cached_key(urgency);
        session.complete(context).await;
        let listed = Box::pin(listed_with(context, &session, &store, records)).await?;
        Ok(Self { session, table, listed, seen, now: SystemClock.now() })
    }

    fn views(&self) -> Vec<view::ListedView> {
        self.listed.iter().map(|one| view::ListedView::new(one, self.now)).collect()
    }

    /// Prints unfinished work, and the next step for rules that are cut.
    fn say(&self, context: &Context) {
        for Listed { record, .. } in &self.listed {
            for note in view::unfinished(record) {
                output::warning(format_args!("rule {}: {note}", quoted(&record.rule)));
            }
        }
        let mut cut = self.listed.iter().filter(|one| matches!(one.record.breaker, Breaker::Open(_)));
        if let Some(first) = cut.next() {
            let which = if cut.next().is_none() { "why it was cut" } else { "why the first was cut" };
            output::hint(format_args!("{which}: {}", context.command("explain", &first.record.rule)));
        }
    }
}

fn say_empty(session: &Session, table: &str, filter: Filter<'_>) {
    let on = filter.bus.map(|bus| format!(" on bus \"{bus}\"")).unwrap_or_default();
    if filter.is_open || filter.is_suspect {
        let what = if filter.is_open { "cut, or on probation" } else { "a suspect" };
        return output::note(format_args!("no rule{on} is {what}"));
    }
    output::note(format_args!("no rule{on} has fired into table {table} in {} yet", session.region()));
    output::hint(
        "a rule on the default bus shows here once it has fired; on another bus: budget-guard attach RULE",
    );
}

/// Adds the modes and the knowledge of the actors to the records.
async fn listed_with(
    context: &Context,
    session: &Session,
    store: &DynamoStore,
    records: Vec<Record>,
) -> Result<Vec<Listed>, Problem> {
    let directory = match read_directory(store, &session.own).await {
        Ok(directory) => directory,
        Err(fault) => {
            output::hint(format_args!("who acts for the rules is not shown: {fault}"));
            None
        }
    };
    let acting = directory.as_ref().map(|directory| acting::by_rule(directory)).unwrap_or_default();
    let defaults = context.defaults()?;
    let default = context.knows_mode().then_some(defaults.mode);
    let listed = |record: Record| {
        let entry = directory.as_ref().and_then(|directory| directory.get(&record.rule));
        // Until its tags are read, the rule may have any mode.
        let mode = entry.filter(|entry| entry.details_at.is_some()).and_then(|entry| {
            let is_tagged = entry.tags.contains_key(MODE_TAG);
            if is_tagged { Some(defaults.clone().of_rule(&record.rule, &entry.tags).mode) } else { default }
        });
        Listed { mode, who_acts: acting.get(&record.rule).copied(), record }
    };
    Ok(records.into_iter().map(listed).collect())
}

fn hint_at_unknown(context: &Context, listed: &[Listed]) {
    let is_unknown = |one: &&Listed| one.who_acts.is_some_and(|known| known != Knowledge::Known);
    let mut unknown = listed.iter().filter(is_unknown);
    if let Some(first) = unknown.next() {
        let which = if unknown.next().is_none() { "" } else { " for the first such rule" };
        let command = context.command("status", &first.record.rule);
        output::hint(format_args!("what would tell who acts{which}: {command}"));
    }
}

/// Prints hints about rules with events that the guard does not get. The table alone cannot show them, so a missing
/// right to list rules is reported too.
async fn hint_at_unwatched(session: &Session, bus: Option<&str>, seen: &BTreeSet<RuleArn>) {
    if bus.is_some_and(|bus| bus != DEFAULT_BUS) {
        return;
    }
    match unwatched::hints(session, &seen.iter().collect()).await {
        Ok(hints) => hints.iter().for_each(output::hint),
        Err(fault) => {
            output::hint(format_args!("whether the guard is shown every rule could not be checked: {fault}"));
        }
    }
}

/// Sort key: cut rules first, then those that have tripped, then by name.
fn urgency(record: &Record) -> (u8, Reverse<Option<Timestamp>>, String) {
    let rank = match record.breaker {
        Breaker::Restoring { .. } => 0,
        Breaker::Open(_) => 1,
        Breaker::HalfOpen { .. } => 2,
        Breaker::Closed => 3,
    };
    let tripped_at = record.last_trip.as_ref().map(|trip| trip.at);
    (rank, Reverse(tripped_at), record.rule.path().to_owned())
}

/// One line for each rule.
pub(super) fn text(listed: &[Listed], now: Timestamp, width: Option<u16>) -> String {
    let or_dash = |text: Option<String>| table::cell(text.unwrap_or_else(|| "-".to_owned()));
    let row = |one: &Listed| {
        let Listed { record, mode, who_acts } = one;
        vec![
            table::cell(record.rule.path()),
            table::breaker(&record.breaker),
            or_dash(mode.map(|mode| mode.to_string())),
            or_dash(who_acts.map(|known| known.word().to_owned())),
            table::cell(view::firings_in_brief(record, now)),
            or_dash(record.last_trip.as_ref().map(|trip| view::trip_in_brief(trip, now))),
        ]
    };
    let header = ["RULE", "BREAKER", "MODE", "WHO ACTS", "FIRINGS", "LAST TRIP"];
    table::render_lines(width, &header, listed.iter().map(row).collect())
}
