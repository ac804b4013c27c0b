//! Looking after a cut rule while time passes: is it still disabled, who changed it, whom to remind, when to put it back.

use crate::actions::{AlertKind, Attempt, command};
use crate::breaker::{Breaker, Event, Stage};
use crate::model::{DAILY, Fault, FaultKind, RuleDefinition, Tags, Timestamp, whole_seconds};
use crate::record::Outcome;

use super::Turn;

impl Turn<'_> {
    /// What happens by time alone: probation ends, a reminder is due, an automatic restore begins.
    pub(super) fn let_time_pass(&mut self) {
        let now = self.now;
        match &self.record.breaker {
            Breaker::HalfOpen { until } if *until <= now => {
                self.transition(Event::ProbationOver);
                self.record.trips_in_probation = 0;
            }
            Breaker::Open(cut)
                if cut.restore_at.is_some_and(|due| due <= now) && self.limits.auto_restore.is_some() =>
            {
                self.begin_restore();
            }
            _ => {}
        }
        let is_reminder_due = match &mut self.record.breaker {
            Breaker::Open(cut) | Breaker::Restoring { cut, .. } => cut.take_reminder(now),
            Breaker::Closed | Breaker::HalfOpen { .. } => false,
        };
        if is_reminder_due {
            self.remind();
        }
    }

    fn remind(&mut self) {
        let (Breaker::Open(cut) | Breaker::Restoring { cut, .. }) = &self.record.breaker else { return };
        let since = cut.disabled_at.map(|at| whole_seconds(at).to_string()).unwrap_or_default();
        let tags = cut.found.as_ref().map(|found| found.tags.clone()).unwrap_or_default();
        let why = self.record.last_trip.as_ref().map(|trip| trip.reason.as_str()).unwrap_or_default();
        let reason = format!("disabled since {since}: {why}");
        let day = Self::day_of(self.now);
        let mut alert = self.record.alert(AlertKind::Reminder, &day, reason, self.now).with_undo();
        if let Some(line) = code_line(&tags, "DISABLED") {
            alert = alert.with_hint(format!("to leave it disabled for good, {line}"));
        }
        self.queue(alert);
    }

    /// Someone was seen changing the rule: look at it at once.
    pub(super) fn changed(&mut self, by: &str, at: Timestamp) {
        let now = self.now;
        if let Breaker::Open(cut) = &mut self.record.breaker
            && cut.disabled_at.is_some_and(|disabled_at| at >= disabled_at)
        {
            cut.changed_by = Some(by.to_owned());
            cut.next_check = Some(now);
            self.plan.save = true;
        }
    }

    /// The guard is blind to this rule: says so once a day.
    pub(super) fn unmatched(&mut self, problem: &str) {
        if !self.record.unmatched_reported.take(self.now, DAILY) {
            return;
        }
        let reason =
            format!("the guard cannot tell which events fire this rule, so it is not guarded: {problem}");
        let detail = format!("pattern/{}", whole_seconds(self.now));
        let attach = command("attach", &self.record.rule);
        let alert = self.record.alert(AlertKind::Failed, &detail, reason, self.now).with_hint(format!(
            "let the rule itself tell the guard of its firings: {attach}; and report the pattern as a bug"
        ));
        self.queue(alert);
    }

    /// The rule as it is now, while the guard takes it to be disabled.
    pub(super) fn checked(&mut self, result: &Result<Box<RuleDefinition>, Fault>) {
        let now = self.now;
        if let Breaker::Restoring { cut, .. } = &mut self.record.breaker {
            cut.checked(now);
            self.proceed();
            if let Ok(rule) = result
                && rule.state.is_enabled()
            {
                self.on_probation();
                let reason =
                    format!("an interrupted restore had put it to {}; it is on probation", rule.state);
                let alert = self.record.alert(AlertKind::Restored, "", reason, now).with_state(rule.state);
                self.queue(alert);
            }
            return;
        }
        let Breaker::Open(cut) = &mut self.record.breaker else { return };
        // An answer about an earlier cut: this one has only begun.
        if cut.stage() != Stage::Disabled {
            return;
        }
        cut.checked(now);
        match result {
            Ok(rule) if rule.state.is_enabled() => self.undone(rule),
            Ok(_) => {
                if let (Some(fired_at), false) = (cut.fired_at, cut.firing_reported) {
                    cut.firing_reported = true;
                    self.still_fires(fired_at);
                }
                self.proceed();
            }
            Err(fault) if fault.kind == FaultKind::NotFound => self.deleted(),
            Err(fault) => {
                self.note_failed(Attempt::Check, fault);
                self.proceed();
            }
        }
    }

    fn still_fires(&mut self, fired_at: Timestamp) {
        let reason =
            format!("the rule reads DISABLED and still fires, last seen at {fired_at}: it is not cut");
        let alert = self
            .record
            .alert(AlertKind::Failed, "not-cut", reason, self.now)
            .with_state(crate::model::RuleState::Disabled)
            .with_hint("remove the rule's targets by hand, and ask AWS Support about the rule");
        self.queue(alert);
    }

    fn undone(&mut self, rule: &RuleDefinition) {
        let by = self.whose();
        self.half_open();
        let limit = self.record.window.limit();
        let reason = format!("{by} set it to {}; it is on probation with {limit}", rule.state);
        let hint = match code_line(&rule.tags, "DISABLED") {
            Some(line) => format!("if a deployment enabled it, {line}, or it will do so again"),
            None => {
                "if a deployment enabled it, set the rule's state in its definition, or it will do so again"
                    .into()
            }
        };
        let alert =
            self.record.alert(AlertKind::Undone, "", reason, self.now).with_state(rule.state).with_hint(hint);
        self.queue(alert);
        self.end_trip(Outcome::Undone { at: self.now });
    }

    fn deleted(&mut self) {
        let reason = format!("{} deleted it while it was cut; the guard forgets the cut", self.whose());
        self.transition(Event::Deleted);
        let alert = self.record.alert(AlertKind::Undone, "deleted", reason, self.now);
        self.queue(alert);
        self.end_trip(Outcome::Undone { at: self.now });
        self.proceed();
    }

    fn whose(&self) -> String {
        match &self.record.breaker {
            Breaker::Open(cut) => cut.changed_by.clone().unwrap_or_else(|| "someone".to_owned()),
            _ => "someone".to_owned(),
        }
    }
}

/// The line of infrastructure as code that sets the rule's state, if its tags show where it comes from.
///
/// CloudFormation tags what it makes by itself; Terraform does not, but its users commonly tag `terraform` somewhere.
pub(super) fn code_line(tags: &Tags, state: &str) -> Option<String> {
    if let Some(stack) = tags.get("aws:cloudformation:stack-name") {
        let logical = tags.get("aws:cloudformation:logical-id").map_or("the rule", String::as_str);
        return Some(format!("set `State: {state}` on {logical} in the CloudFormation stack {stack}"));
    }
    let mentions = |text: &str| text.to_ascii_lowercase().contains("terraform");
    tags.iter()
        .any(|(key, value)| mentions(key) || mentions(value))
        .then(|| format!("set `state = \"{state}\"` on the aws_cloudwatch_event_rule in Terraform"))
}
