//! Orders to the guard: the common part of `enable` and `disable`.

use budget_guard_aws::Aws;
use budget_guard_core::alerts::{RuleRef, quoted};
use budget_guard_core::guard::{Note, Observation, Order, Refusal};
use budget_guard_core::model::{Excerpt, RuleArn, Timestamp};
use budget_guard_core::record::Record;
use budget_guard_core::run::{Driven, Guard, drive, load};
use budget_guard_core::stored::Key;
use serde::Serialize;

use super::missed::ReplayView;
use crate::fault;
use crate::output;
use crate::problem::Problem;
use crate::session::Session;

/// Maximum length of a reason, in characters.
const MAX_REASON: usize = 300;

/// JSON output of `enable` and `disable`.
#[derive(Debug, Serialize)]
pub(super) struct OrderView {
    /// The rule.
    pub rule: RuleRef,
    /// Result as one word.
    pub result: &'static str,
    /// State of the breaker after the order.
    pub breaker: &'static str,
    /// State of the rule after the order. Null if it could not be read.
    pub rule_state: Option<String>,
    /// Time of the cut. Null if the rule is not cut.
    pub disabled_at: Option<Timestamp>,
    /// Number of the epoch.
    pub epoch: u64,
    /// Command that reverts the order.
    pub undo: Option<String>,
    /// Problems beside the order, one sentence each.
    pub notes: Vec<String>,
    /// Replay of the events that the rule missed. Absent if none was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayView>,
}

/// Carries out an order, with the changes and alerts that belong to it.
pub(super) async fn carry_out(
    session: &Session,
    guard: &mut Guard<Aws>,
    rule: &RuleArn,
    order: Order,
) -> Result<Driven, Problem> {
    if !guard.home.owns(rule) {
        return Err(Problem::refused(format!(
            "{rule} is a rule of account {} in {}; this guard, by its topic, acts on {} only",
            rule.account(),
            rule.region(),
            guard.home
        ))
        .hint("give the --table and --topic of the guard that stands beside the rule"));
    }
    let stored = load::<Record>(&guard.ports.store, Key::Record(rule)).await;
    let stored = stored.map_err(|fault| session.problem(&fault))?;
    if let Some((record, _)) = stored {
        // The limit in the record is the function's setting, and this environment's default must not replace it.
        guard.defaults.burst = record.limit;
        guard.defaults.base_burst = record.limit;
    }
    let limits = guard.limits(rule).await;
    let driven = Box::pin(drive(guard, rule, limits, &[Observation::Order(order)])).await;
    driven.map_err(|fault| session.problem(&fault))
}

/// Checks the reason of an order; `what` names the order. The reason is stored and sent, so its length is limited.
pub(super) fn reason(reason: &str, what: &str) -> Result<String, Problem> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length == 0 {
        return Err(Problem::usage(format!(
            "--reason is empty; expected a sentence that explains {what} to others"
        )));
    }
    if length > MAX_REASON {
        return Err(Problem::usage(format!(
            "--reason has {length} characters; expected at most {MAX_REASON}"
        )));
    }
    if reason.chars().any(char::is_control) {
        let seen = Excerpt::new(reason);
        return Err(Problem::usage(format!("--reason is {seen}; expected one line of printable text")));
    }
    Ok(reason.to_owned())
}

/// Record after an order. A refusal is an error; `next` gives a better hint than the refusal's own.
pub(super) fn accepted<'a>(
    driven: &'a Driven,
    rule: &RuleArn,
    next: impl Fn(&Record) -> Option<String>,
) -> Result<&'a Record, Problem> {
    let record = driven.record.as_ref();
    if let Some(refusal) = &driven.refused {
        distinct(&driven.notes).iter().for_each(output::warning);
        return Err(self::refusal(rule, refusal, record.and_then(next)));
    }
    record.ok_or_else(|| Problem::failed("the record could not be read back; run the same command again"))
}

/// Problem for a refused order. `hint` replaces the refusal's own.
pub(super) fn refusal(rule: &RuleArn, refusal: &Refusal, hint: Option<String>) -> Problem {
    let hint = hint.unwrap_or_else(|| refusal.hint().to_owned());
    Problem::refused(format!("rule {}: {refusal}", quoted(rule))).hint(hint)
}

/// Problem for an order that is recorded and not carried out. `otherwise` is its text if there are no notes.
pub(super) fn not_done(session: &Session, driven: &Driven, otherwise: &str) -> Problem {
    let notes = distinct(&driven.notes);
    let message = if notes.is_empty() { otherwise.to_owned() } else { notes.join("; ") };
    hints(session, driven).into_iter().fold(Problem::failed(message), Problem::hint)
}

/// Prints the problems beside a completed order.
pub(super) fn report_notes(session: &Session, driven: &Driven) {
    distinct(&driven.notes).iter().for_each(output::warning);
    hints(session, driven).iter().for_each(output::hint);
    if driven.record.as_ref().is_some_and(|record| !record.outbox.is_empty()) {
        output::hint("the alert is kept, and the guard's function publishes it with its next tick");
    }
}

/// Hints for the calls that failed.
fn hints(session: &Session, driven: &Driven) -> Vec<String> {
    let faults = driven.notes.iter().filter_map(Note::fault);
    distinct(faults.filter_map(|fault| fault::hint(fault, &session.named)))
}

/// Texts without repetitions, in their order.
pub(super) fn distinct<T: ToString>(notes: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for note in notes {
        let note = note.to_string();
        if !distinct.contains(&note) {
            distinct.push(note);
        }
    }
    distinct
}
