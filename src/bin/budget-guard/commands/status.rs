//! `status`: every rule the guard has seen, those that need a person first.

use std::cmp::Reverse;

use budget_guard::aws::SystemClock;
use budget_guard::breaker::Breaker;
use budget_guard::model::Timestamp;
use budget_guard::ports::Clock;
use budget_guard::record::Record;
use comfy_table::Cell;

use super::{pressure, table, unwatched, view};
use crate::connect::Session;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::check_bus;

/// Only rules on `bus`, if one is given.
pub async fn run(context: &Context, bus: Option<&str>) -> Result<Exit, Problem> {
    bus.map_or(Ok(()), check_bus)?;
    let table = context.table()?;
    let session = Session::open(context, &[]).await?;
    let listed = session.ledger(&table).list().await;
    let mut records = listed.map_err(|fault| session.problem(&fault))?;
    records.retain(|record| bus.is_none_or(|bus| record.rule.bus() == bus));
    let now = SystemClock.now();
    pressure::mention(context, &session, &table, now).await;
    records.sort_by_cached_key(urgency);
    if context.is_json() {
        let views: Vec<_> = records.iter().map(|record| view::RuleView::new(record, now)).collect();
        output::json(&views)?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        let on = bus.map(|bus| format!(" on bus \"{bus}\"")).unwrap_or_default();
        output::note(format_args!("no rule{on} has fired into table {table} in {} yet", session.region()));
        output::hint("budget-guard attach RULE lets the guard see a rule; it shows here once it has fired");
        Box::pin(hint_at_unwatched(&session, bus, &records)).await;
        return Ok(Exit::Done);
    }
    output::data(&text(&records, now))?;
    let cut: Vec<&Record> =
        records.iter().filter(|record| matches!(record.breaker, Breaker::Open(_))).collect();
    if let Some(first) = cut.first() {
        let which = if cut.len() == 1 { "why it was cut" } else { "why the first was cut" };
        output::hint(format_args!("{which}: {}", context.command("explain", &first.rule)));
    }
    Box::pin(hint_at_unwatched(&session, bus, &records)).await;
    Ok(Exit::Done)
}

/// The table cannot tell of rules that the guard is never shown. Whoever may read no more than the table is told so.
async fn hint_at_unwatched(session: &Session, bus: Option<&str>, records: &[Record]) {
    if bus.is_some_and(|bus| bus != "default") {
        return;
    }
    let seen = records.iter().map(|record| &record.rule).collect();
    match unwatched::hints(&session.rules(), &seen).await {
        Ok(hints) => hints.iter().for_each(output::hint),
        Err(fault) => {
            output::hint(format_args!("whether the guard is shown every rule could not be checked: {fault}"));
        }
    }
}

/// Cut rules first, then those that have tripped, then by name: two calls show the same order.
fn urgency(record: &Record) -> (u8, Reverse<Option<Timestamp>>, String) {
    let rank = match record.breaker {
        Breaker::Restoring { .. } => 0,
        Breaker::Open(_) => 1,
        Breaker::HalfOpen { .. } => 2,
        Breaker::Closed => 3,
    };
    let tripped_at = record.last_trip.as_ref().map(|trip| trip.at);
    (rank, Reverse(tripped_at), view::short_name(&record.rule))
}

fn text(records: &[Record], now: Timestamp) -> String {
    let row = |record: &Record| {
        let trip = record.last_trip.as_ref();
        let mut story = vec![trip.map_or("never".to_owned(), |trip| view::last_trip(trip, now))];
        story.extend(view::unfinished(record));
        vec![
            Cell::new(view::short_name(&record.rule)),
            table::breaker(&record.breaker),
            Cell::new(view::firings(record, now)),
            Cell::new(story.join("; ")),
        ]
    };
    table::render(&["RULE", "BREAKER", "FIRINGS", "LAST TRIP"], records.iter().map(row).collect())
}
