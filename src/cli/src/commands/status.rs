//! `status`: all rules that the guard has seen, the most urgent first.

use std::cmp::Reverse;

use super::acting::{self, Knowledge};
use super::lines::Lines;
use super::{pressure, resume, table, unwatched, view};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;
use budget_guard_aws::{DynamoStore, SystemClock};
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::{DEFAULT_BUS, RuleArn, Timestamp};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::{read_directory, records};

/// Runs `status`, for the rules on `bus` only if one is given.
pub(super) async fn run(context: &Context, bus: Option<&str>) -> Result<Exit, Problem> {
    bus.map_or(Ok(()), check_bus)?;
    let session = Session::of_guard(context, &[], Needs::Table).await?;
    let table = context.table()?;
    let store = session.store(&table);
    let listed = records(&store).await;
    let mut records = listed.map_err(|fault| session.problem(&fault))?;
    records.retain(|record| bus.is_none_or(|bus| record.rule.bus() == bus));
    let now = SystemClock.now();
    pressure::mention(context, &session, &table, now).await;
    resume::mention(context, &session, &table, now).await;
    records.sort_by_cached_key(urgency);
    let acting = Box::pin(who_acts(&session, &store)).await;
    if context.is_json() {
        let view = |record: &Record| {
            let who_acts = acting.get(&record.rule).copied();
            view::ListedView { record: view::RuleView::new(record, now), who_acts }
        };
        output::json(&records.iter().map(view).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        let on = bus.map(|bus| format!(" on bus \"{bus}\"")).unwrap_or_default();
        output::note(format_args!("no rule{on} has fired into table {table} in {} yet", session.region()));
        output::hint("budget-guard attach RULE lets the guard see a rule; it shows here once it has fired");
        Box::pin(hint_at_unwatched(&session, bus, &records)).await;
        return Ok(Exit::Done);
    }
    output::data(&text(&records, &acting, now, None))?;
    let cut: Vec<&Record> =
        records.iter().filter(|record| matches!(record.breaker, Breaker::Open(_))).collect();
    if let Some(first) = cut.first() {
        let which = if cut.len() == 1 { "why it was cut" } else { "why the first was cut" };
        output::hint(format_args!("{which}: {}", context.command("explain", &first.rule)));
    }
    hint_at_unknown(context, &records, &acting);
    Box::pin(hint_at_unwatched(&session, bus, &records)).await;
    Ok(Exit::Done)
}

/// Knowledge about the actors of each rule; none if the directory cannot be read.
async fn who_acts(session: &Session, store: &DynamoStore) -> acting::ByRule {
    match read_directory(store, &session.own).await {
        Ok(directory) => directory.map(|directory| acting::by_rule(&directory)).unwrap_or_default(),
        Err(fault) => {
            output::hint(format_args!("who acts for the rules is not shown: {fault}"));
            acting::ByRule::new()
        }
    }
}

fn hint_at_unknown(context: &Context, records: &[Record], acting: &acting::ByRule) {
    let is_unknown =
        |record: &&Record| acting.get(&record.rule).is_some_and(|known| *known != Knowledge::Known);
    let mut unknown = records.iter().filter(is_unknown);
    if let Some(first) = unknown.next() {
        let which = if unknown.next().is_none() { "" } else { " for the first such rule" };
        let command = context.command("status", &first.rule);
        output::hint(format_args!("what would tell who acts{which}: {command}"));
    }
}

/// Prints hints about rules with events that the guard does not get. The table alone cannot show them, so a missing
/// right to list rules is reported too.
async fn hint_at_unwatched(session: &Session, bus: Option<&str>, records: &[Record]) {
    if bus.is_some_and(|bus| bus != DEFAULT_BUS) {
        return;
    }
    let seen = records.iter().map(|record| &record.rule).collect();
    match unwatched::hints(session, &seen).await {
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

/// One row for each record, and a summary of the known actors.
pub(super) fn text(
    records: &[Record],
    acting: &acting::ByRule,
    now: Timestamp,
    width: Option<u16>,
) -> String {
    let row = |record: &Record| {
        let trip = record.last_trip.as_ref();
        let mut story = vec![trip.map_or("never".to_owned(), |trip| view::last_trip(trip, now))];
        story.extend(view::unfinished(record));
        vec![
            table::cell(record.rule.path()),
            table::breaker(&record.breaker),
            table::cell(view::firings(record, now)),
            table::cell(story.join("; ")),
        ]
    };
    let header = ["RULE", "BREAKER", "FIRINGS", "LAST TRIP"];
    let table = table::render_within(width, &header, records.iter().map(row).collect());
    let rules: Vec<&RuleArn> = records.iter().map(|record| &record.rule).collect();
    let mut lines = Lines::within(width);
    acting::summary(&mut lines, &rules, acting);
    let summary = lines.into_text();
    if summary.is_empty() { table } else { format!("{table}\n{summary}") }
}
