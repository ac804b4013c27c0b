//! `cure --apply` and `cure --undo`.
//!
//! The record keeps the old and the new pattern before the rule is touched, so that whatever interrupts the command, the
//! same command goes on. The rule is read before and after `PutRule`.

use budget_guard_aws::{Aws, SystemClock};
use budget_guard_core::alerts::quoted;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::cure::{PatternChange, Stage};
use budget_guard_core::guard::{CureOrder, Order};
use budget_guard_core::model::{
    Fault, FaultKind, Restoration, RuleArn, RuleDefinition, same_json, whole_seconds,
};
use budget_guard_core::ports::{Clock, Rules};
use budget_guard_core::record::Record;
use budget_guard_core::run::{Driven, Guard, load};
use budget_guard_core::stored::Key;

use super::plan::{Plan, refused};
use super::{View, order};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::output;
use crate::problem::Problem;
use crate::rule::{self, RuleName};
use crate::session::Session;

/// A rule, its record and the guard that keeps it.
struct Site {
    session: Session,
    guard: Guard<Aws>,
    rule: RuleArn,
    live: RuleDefinition,
    record: Option<Record>,
    by: String,
}

impl Site {
    async fn open(context: &Context, name: &RuleName) -> Result<Self, Problem> {
        let session = Session::of_guard(context, std::slice::from_ref(name), Needs::Guard).await?;
        let settings = context.guard()?;
        let guard = session.guard(settings);
        let rule = Box::pin(rule::existing(&session, &guard.ports.rules, name)).await?;
        let stored = load::<Record>(&guard.ports.store, Key::Record(&rule)).await;
        let record = stored.map_err(|fault| session.problem(&fault))?.map(|(record, _)| record);
        let live = guard.ports.rules.inspect(&rule).await.map_err(|fault| session.problem(&fault))?;
        let by = session.who().await;
        Ok(Self { session, guard, rule, live, record, by })
    }

    fn pattern(&self) -> Option<&str> {
        self.live.event_pattern.as_deref()
    }

    fn kept(&self) -> Option<&PatternChange> {
        self.record.as_ref()?.pattern_change.as_deref()
    }

    async fn order(&mut self, order: CureOrder) -> Result<Driven, Problem> {
        let driven = order::carry_out(&self.session, &mut self.guard, &self.rule, Order::Cure(order)).await?;
        order::accepted(&driven, &self.rule, |_| None)?;
        Ok(driven)
    }

    /// Keeps the change, makes it, and keeps that it is made.
    async fn carry_out(&mut self, change: PatternChange, again: &str) -> Result<Driven, Problem> {
        let (from, to) = match change.stage {
            Stage::Undoing => (change.after.clone(), change.before.clone()),
            Stage::Applying | Stage::Applied => (change.before.clone(), change.after.clone()),
        };
        self.order(CureOrder::Begin(Box::new(change))).await?;
        let changed = self.guard.ports.rules.change_pattern(&self.rule, &from, &to).await;
        let Restoration { before, after } = match changed {
            Ok(restoration) => restoration,
            Err(fault) => return Err(self.failed(&fault, again).await),
        };
        if !same_json(after.event_pattern.as_deref(), Some(&to)) {
            return Err(Problem::failed("the rule does not read back with the new pattern yet")
                .hint(format!("nothing is lost; to go on: {again}")));
        }
        let mut changes = after.differences(&before);
        changes.retain(|name| name != "event pattern");
        if !changes.is_empty() {
            output::warning(format_args!(
                "more than the pattern has changed meanwhile: {}",
                changes.join(", ")
            ));
        }
        let driven = self.order(CureOrder::Done { by: self.by.clone() }).await?;
        self.keep_off(&driven, &after, again).await?;
        Ok(driven)
    }

    /// `PutRule` gives the state as well. If the guard cut the rule just before, that cut is repeated.
    async fn keep_off(&self, driven: &Driven, after: &RuleDefinition, again: &str) -> Result<(), Problem> {
        let is_open = |record: &Record| matches!(record.breaker, Breaker::Open(_));
        // A rule that was cut before, and is enabled, was enabled by someone: that is for the guard to judge.
        let was_cut = self.record.as_ref().is_some_and(is_open);
        let is_cut = !was_cut && driven.record.as_ref().is_some_and(is_open);
        if !is_cut || !after.state.is_enabled() {
            return Ok(());
        }
        let state = self.guard.ports.rules.disable(&self.rule).await;
        state.map(drop).map_err(|fault| {
            let hint = format!("the guard cut the rule meanwhile; disable it: {again}");
            self.session.problem_with(&self.rule, &fault).hint(hint)
        })
    }

    /// Problem for a failed call. If AWS refused the change, the record forgets it.
    async fn failed(&mut self, fault: &Fault, again: &str) -> Problem {
        let problem = self.session.problem_with(&self.rule, fault);
        let is_other = fault.kind == FaultKind::Conflict && fault.operation.is_none();
        // After any other answer, AWS may have made the change all the same.
        let is_final = matches!(fault.kind, FaultKind::Denied | FaultKind::NotFound | FaultKind::Managed)
            || matches!(
                fault.code.as_deref(),
                Some("InvalidEventPatternException" | "LimitExceededException")
            );
        let is_refused = fault.operation == Some("PutRule") && is_final;
        if !is_other && !is_refused {
            return problem.hint(format!("the change may have been made; to go on: {again}"));
        }
        if let Err(unsaved) = self.order(CureOrder::Refused).await {
            output::warning(format_args!("the record still has the change: {}", unsaved.message));
        }
        if is_other {
            let why = format!("rule {}: {}", quoted(&self.rule), fault.detail);
            return Problem::refused(why).hint(format!("to see the change for the new pattern: {again}"));
        }
        match (&self.live.role_arn, fault.kind) {
            (Some(role), FaultKind::Denied) => problem.hint(format!(
                "the rule has the role {role}: PutRule then also needs iam:PassRole on that role"
            )),
            _ => problem,
        }
    }
}

/// Runs `cure --apply`.
pub(in super::super) async fn apply(context: &Context, name: &RuleName) -> Result<Exit, Problem> {
    let mut site = Site::open(context, name).await?;
    let rule = site.rule.clone();
    let command = context.command("cure", &rule);
    let (again, undo) = (format!("{command} --apply"), format!("{command} --undo"));
    let now = site.pattern();
    let resumed = match site.kept() {
        Some(change) if change.stage == Stage::Undoing && (change.is_after(now) || change.is_before(now)) => {
            return Err(refused(&rule, "the old pattern is about to be put back")
                .hint(format!("first finish it: {undo}")));
        }
        Some(change) if change.stage == Stage::Applied && change.is_after(now) => {
            return Err(refused(&rule, "the cure is put already").hint(format!("to take it back: {undo}")));
        }
        Some(change)
            if change.stage == Stage::Applying && (change.is_after(now) || change.is_before(now)) =>
        {
            Some(change.clone())
        }
        _ => None,
    };
    let is_own = site.session.own.has_rule(&rule);
    let (plan, change) = match resumed {
        Some(change) => {
            output::note("An earlier call of this command was interrupted; this one finishes it.");
            (None, change)
        }
        None => {
            let plan = Plan::new(context, &rule, site.record.as_ref(), &site.live, is_own)?;
            let (before, after) = (plan.before.clone(), plan.cure.pattern.clone());
            let at = whole_seconds(SystemClock.now());
            let change = PatternChange { before, after, by: site.by.clone(), at, stage: Stage::Applying };
            (Some(plan), change)
        }
    };
    let driven = site.carry_out(change.clone(), &again).await?;
    let patterns = (change.before.as_str(), change.after.as_str());
    let mut view = View::new(context, &rule, "applied", patterns);
    if let Some(plan) = &plan {
        view = view.with_cure(&plan.cure, plan.is_proved);
    }
    let kept = driven.record.as_ref().and_then(|record| record.pattern_change.as_deref());
    view = View { change: kept, notes: order::distinct(&driven.notes), ..view };
    if context.is_json() {
        output::json(&view)?;
    } else {
        output::line(format_args!("Rule {} has the changed pattern.", quoted(&rule)))?;
        if driven.record.as_ref().is_some_and(|record| record.breaker.found().is_some()) {
            output::hint(format_args!("to put the rule back with it: {}", context.command("enable", &rule)));
        }
        output::hint(format_args!("to put the old pattern back: {undo}"));
        output::hint(
            "change the rule where it is defined as well, or a deployment puts the old pattern back",
        );
    }
    order::report_notes(&site.session, &driven);
    Ok(Exit::Done)
}

/// Runs `cure --undo`.
pub(in super::super) async fn undo(context: &Context, name: &RuleName) -> Result<Exit, Problem> {
    let mut site = Site::open(context, name).await?;
    let rule = site.rule.clone();
    let again = format!("{} --undo", context.command("cure", &rule));
    let Some(kept) = site.kept().cloned() else {
        return Err(refused(&rule, "no cure was put, so there is nothing to take back")
            .hint(format!("to see one: {}", context.command("cure", &rule))));
    };
    let now = site.pattern();
    if !kept.is_after(now) && !kept.is_before(now) {
        return Err(refused(&rule, "its event pattern is neither the cure nor the one before it")
            .hint("someone else has changed it since; change it where it is defined"));
    }
    let change = PatternChange { stage: Stage::Undoing, ..kept };
    let driven = site.carry_out(change.clone(), &again).await?;
    if context.is_json() {
        let patterns = (change.before.as_str(), change.after.as_str());
        let notes = order::distinct(&driven.notes);
        output::json(&View { notes, ..View::new(context, &rule, "undone", patterns) })?;
    } else {
        output::line(format_args!("Rule {} has its old pattern again.", quoted(&rule)))?;
        if driven.record.as_ref().is_some_and(Record::is_proved_loop) {
            output::hint("its loop was proved: by this pattern it fires itself once it is enabled");
        }
    }
    order::report_notes(&site.session, &driven);
    Ok(Exit::Done)
}
