//! Plan of a change: the pattern to change, and the roles to leave out.

use budget_guard_core::alerts::quoted;
use budget_guard_core::cure::{self, Cure, NoCure};
use budget_guard_core::guard::untouchable;
use budget_guard_core::model::{RuleArn, RuleDefinition, same_json};
use budget_guard_core::record::Record;

use crate::context::Context;
use crate::problem::Problem;

/// Change of a pattern that was not made yet.
pub(super) struct Plan {
    /// Pattern as the rule has it now, letter for letter.
    pub before: String,
    /// The changed pattern.
    pub cure: Cure,
    /// True if the loop is proved.
    pub is_proved: bool,
}

impl Plan {
    /// Plan for a rule that the guard cut, by its record; for any other rule, by the role of its own calls.
    pub(super) fn new(
        context: &Context,
        rule: &RuleArn,
        record: Option<&Record>,
        live: &RuleDefinition,
        is_own: bool,
    ) -> Result<Self, Problem> {
        if let Some(because) = untouchable(is_own, live) {
            return Err(refused(rule, &because).hint("change it where it is defined"));
        }
        let before = cure::changeable(live).map_err(|why| refused(rule, &why))?.to_owned();
        let Some(record) = record else {
            return Err(refused(rule, "the guard has not seen it fire, so its own calls are not known")
                .hint(format!("is the guard attached? {}", context.command("status", rule))));
        };
        let found = record.breaker.found();
        if let Some(found) = found
            && !same_json(found.event_pattern.as_deref(), Some(&before))
        {
            return Err(refused(rule, "its event pattern is no longer the one that the guard cut")
                .hint(format!("if the new pattern ends the loop: {}", context.command("enable", rule))));
        }
        let explain = format!("what the guard knows of it: {}", context.command("explain", rule));
        let proved = record.cure(found.unwrap_or(live));
        let is_proved = proved.is_some();
        let cure = proved.unwrap_or_else(|| match own_role(record) {
            Some(role) => cure::of_role(&before, role),
            None => Err(NoCure::UnknownRole("its target".to_owned())),
        });
        match cure {
            Ok(cure) => Ok(Self { before, cure, is_proved }),
            Err(why) if is_proved => Err(refused(rule, &why).hint(explain)),
            Err(why) => Err(refused(rule, &format!("its loop is not proved, and {why}")).hint(explain)),
        }
    }
}

fn own_role(record: &Record) -> Option<&str> {
    let kept = record.last_trip.as_ref().and_then(|trip| trip.own_role.as_deref());
    record.turns.own_role().or(kept)
}

pub(super) fn refused(rule: &RuleArn, because: &(impl std::fmt::Display + ?Sized)) -> Problem {
    Problem::refused(format!("rule {}: {because}", quoted(rule)))
}
