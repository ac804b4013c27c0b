//! The rate of a rule, judged with its own history as second witness: burst, sustained, suspect.

use jiff::SignedDuration;

use crate::actions::{Action, AlertKind};
use crate::breaker::Breaker;
use crate::history::{History, RateHistory, RateRecord};
use crate::model::{Fault, Timestamp};
use crate::policy::BurstLimit;
use crate::verdict::{self, Evidence, EvidenceKind};

use super::Turn;

/// The port answers or fails within 2 seconds. Whoever asked and has not come back by then is dead.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_secs(3);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the history says about the plain limits.
enum Witness {
    /// It has no say: a tag set the limit, or the rule is on probation.
    None,
    /// It was asked, and this is the answer, or why there is none.
    Heard(String),
    /// It has yet to be asked.
    ToAsk,
    /// Somebody is asking.
    Asked,
}

impl Turn<'_> {
    /// The limit that fills the window: the plain one, a quarter of it on probation, or what history raises it to.
    pub(super) fn burst_limit(&self) -> BurstLimit {
        let plain = self.limits.burst;
        match self.record.breaker {
            Breaker::HalfOpen { .. } => plain.on_probation(),
            _ if self.limits.burst_is_tagged => plain,
            _ => self.rate_record().map_or(plain, |record| record.burst_cut(plain)),
        }
    }

    /// The history, if it was read for these limits and not too long ago.
    fn rate_record(&self) -> Option<&RateRecord> {
        let record = self.record.history.as_ref()?.record.as_ref()?;
        let is_right = record.is_for(self.limits.burst, self.limits.sustained);
        (is_right && record.is_usable(self.now)).then_some(record)
    }

    fn witness(&self, is_tagged: bool, compare: impl Fn(&RateRecord) -> String) -> Witness {
        if is_tagged || matches!(self.record.breaker, Breaker::HalfOpen { .. }) {
            return Witness::None;
        }
        let Some(history) = &self.record.history else { return Witness::ToAsk };
        let is_fresh = self.rate_record().is_some_and(|record| record.is_fresh(self.now));
        let age = self.now.duration_since(history.asked_at);
        match (&history.unread, self.rate_record()) {
            (None, Some(record)) if is_fresh => Witness::Heard(compare(record)),
            (None, _) if history.is_pending() && age.abs() < ANSWERED_WITHIN => Witness::Asked,
            (Some(_), Some(record)) if age < HOUR => Witness::Heard(compare(record)),
            (Some(why), None) if age < HOUR => {
                Witness::Heard(format!("its history could not be read, so the plain limit holds: {why}"))
            }
            _ => Witness::ToAsk,
        }
    }

    /// The window is full.
    pub(super) fn burst(&mut self, mut evidence: Evidence) {
        let count = evidence.count;
        match self.witness(self.limits.burst_is_tagged, |record| record.burst.compared_with(count)) {
            Witness::None => {}
            Witness::Heard(sentence) => evidence.history = Some(sentence),
            Witness::ToAsk => return self.ask_history(),
            Witness::Asked => return,
        }
        self.tripped(evidence.with_otherwise(self.limits.burst));
    }

    fn ask_history(&mut self) {
        let record = self.record.history.take().and_then(|history| history.record);
        self.record.history = Some(History { asked_at: self.now, record, unread: None });
        self.question = Some(Action::History);
        self.plan.save = true;
    }

    /// How busy the rule used to be.
    pub(super) fn history(&mut self, answer: &Result<RateHistory, Fault>) {
        let (burst, sustained) = (self.limits.burst.window, self.limits.sustained.map(|limit| limit.window));
        let known = self.record.history.take().and_then(|history| history.record);
        let (record, unread) = match answer {
            Ok(read) => (Some(read.record(self.now, burst, sustained, &self.record.recent_trips)), None),
            Err(fault) => (known, Some(fault.to_string())),
        };
        self.record.history = Some(History { asked_at: self.now, record, unread });
        self.plan.save = true;
        self.apply_limit();
        if !self.counts() {
            return;
        }
        if let Some(evidence) = verdict::burst_anywhere(&self.record.window) {
            self.burst(evidence);
        }
        self.counted = true;
    }

    /// Looks at the rate once a batch is counted: is the rule a suspect, and is it time to ask for its history again?
    pub(super) fn judge_rate(&mut self) {
        if !self.counts() || self.question.is_some() {
            return;
        }
        if let Some(history) = self.record.history.as_ref().filter(|history| history.is_pending()) {
            let until = history.asked_at + ANSWERED_WITHIN;
            // A time further ahead is that of a clock that ran ahead.
            if until <= self.now || until > self.now + ANSWERED_WITHIN * 2 {
                return self.ask_history();
            }
            self.awaits = Some(until);
            return;
        }
        if !self.counted {
            return;
        }
        let plain = self.limits.burst;
        let count = self.record.window.count_at_newest();
        if count >= u64::from(plain.count.get())
            && let Witness::ToAsk = self.witness(self.limits.burst_is_tagged, |_| String::new())
        {
            return self.ask_history();
        }
        let was_told = |at: Timestamp| self.now.duration_since(at) < super::QUIET;
        if self.record.suspected.is_some_and(was_told) {
            return;
        }
        let raised = self.rate_record().filter(|_| !self.limits.burst_is_tagged);
        if let Some(record) = raised
            && let limit = record.burst_suspect(plain)
            && count >= u64::from(limit.count.get())
        {
            let sentence = record.burst.compared_with(count);
            let mut evidence = verdict::busy(&self.record.window, limit);
            evidence.history = Some(sentence);
            return self.suspect(evidence, None);
        }
        self.judge_sustained();
    }

    fn judge_sustained(&mut self) {
        let Some(limit) = self.limits.sustained else { return };
        let Some(stretch) = self.record.window.sustained(limit) else { return };
        let count = stretch.count;
        let compare = |record: &RateRecord| match record.sustained {
            Some(peak) => peak.compared_with(count),
            None => String::new(),
        };
        let mut evidence = verdict::sustained(&self.record.window, limit, stretch);
        match self.witness(self.limits.sustained_is_tagged, compare) {
            Witness::None => {}
            Witness::ToAsk => return self.ask_history(),
            Witness::Asked => return,
            Witness::Heard(sentence) => {
                let above = self.rate_record().map_or(0, |record| record.sustained_suspect_above(limit));
                if count <= above {
                    return;
                }
                evidence.history = Some(sentence);
            }
        }
        self.suspect(evidence.with_otherwise(self.limits.burst), None);
    }

    /// A rule that fires as a loop would, without proof: says so once a day.
    pub(super) fn suspect(&mut self, evidence: Evidence, because: Option<&str>) {
        let was_told = self.record.suspected.is_some_and(|at| self.now.duration_since(at) < super::QUIET);
        self.plan.save = true;
        if was_told {
            return;
        }
        self.record.suspected = Some(self.now);
        let day = self.now.to_string()[..10].to_owned();
        let tag = match evidence.kind {
            EvidenceKind::Burst => "with the limit above which it is to be cut: budget-guard:limit=5000/60s",
            _ => "budget-guard:sustained=off",
        };
        let hint = format!(
            "if this is how the rule works, nothing has to be done, or tag it {tag}; \
             if it is a loop, cut it: budget-guard disable, with a reason"
        );
        let because = because.map(|because| format!("; not disabled, because {because}")).unwrap_or_default();
        let reason = format!("{}{because}", evidence.sentence());
        let alert = self
            .record
            .alert(AlertKind::Suspect, &day, reason, self.now)
            .with_evidence(&evidence, None)
            .with_hint(hint);
        self.plan.tally.suspects += 1;
        self.queue(alert);
    }
}
