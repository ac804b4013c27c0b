//! The rate of a rule, judged with its own history as second witness: burst, sustained, suspect.

use jiff::SignedDuration;

use crate::alerts::RuleEvent;
use crate::history::{ASK_AGAIN, History, MAX_FAILURES, RateHistory, RateRecord};
use crate::model::{DAILY, Fault, Throttle, Timestamp};
use crate::policy::SustainedLimit;
use crate::record::QuietReason;
use crate::verdict::{self, Evidence};
use crate::window::LATENESS;

use super::{Action, Step};

/// Time after which an invocation that asked is taken to have died: the port answers or fails within 2 seconds.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_secs(3);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Time for which firings since the first suspicion do not count as the rule's history. Budget alerts come a day late.
const SUSPICION: SignedDuration = SignedDuration::from_hours(48);

/// Answer of the rule's history about the plain limits.
enum Witness {
    /// It has no say: a tag set the limit, or the rule is on probation.
    None,
    /// It was asked, and this is the answer.
    Heard(String),
    /// It was asked three times without an answer, and why: a rate proves nothing then.
    Unread(String),
    /// It has yet to be asked.
    ToAsk,
    /// Another invocation asks, or will ask again in a moment.
    Asked,
}

impl Step<'_> {
    /// A budget is overspent: the rule is judged by its present firings. One that has stopped is left alone.
    pub(super) fn overspent(&mut self) {
        let newest = self.record.window.newest();
        let is_firing = newest.is_some_and(|at| self.now.duration_since(at) < SignedDuration::from(LATENESS));
        if !self.limits.is_tightened() || !self.counts() || !is_firing {
            return;
        }
        self.counted = true;
        let limit = self.record.window.limit();
        self.touched = true;
        if self.limits.counts_all_callers()
            && self.record.window.count_at_newest() >= u64::from(limit.count.get())
        {
            self.burst(verdict::busy(&self.record.window, limit));
        }
    }

    fn witness(&self, has_no_say: bool, compare: impl Fn(&RateRecord) -> String) -> Witness {
        if has_no_say {
            return Witness::None;
        }
        let Some(history) = &self.record.history else { return Witness::ToAsk };
        let is_fresh = self.rate_record().is_some_and(|record| record.is_fresh(self.now));
        let age = self.now.duration_since(history.asked_at);
        match (&history.unread, self.rate_record()) {
            (None, Some(record)) if is_fresh => Witness::Heard(compare(record)),
            (None, _) if history.is_pending() && age.abs() < ANSWERED_WITHIN => Witness::Asked,
            (Some(_), Some(record)) if age < HOUR => Witness::Heard(compare(record)),
            (Some(_), None) if history.failures < MAX_FAILURES => match age.abs() < ASK_AGAIN {
                true => Witness::Asked,
                false => Witness::ToAsk,
            },
            (Some(why), None) if age < HOUR => {
                Witness::Unread(format!("its history could not be read, after {MAX_FAILURES} tries: {why}"))
            }
            _ => Witness::ToAsk,
        }
    }

    /// The window is full.
    pub(super) fn burst(&mut self, mut evidence: Evidence) {
        let (count, needs_overspent_budget) = (evidence.count, self.needs_overspent_budget(&evidence));
        let has_no_say = self.is_on_probation() || self.limits.burst_is_tagged && !needs_overspent_budget;
        match self.witness(has_no_say, |record| record.burst.compared_with(count)) {
            Witness::None => {}
            Witness::Heard(sentence) => evidence.history = Some(sentence),
            Witness::Unread(why) => {
                evidence.history = Some(why);
                return self.report(&evidence, Some("it may always have been so busy"));
            }
            Witness::ToAsk => return self.ask_history(),
            Witness::Asked => return,
        }
        self.tripped(evidence.with_otherwise(self.limits.burst));
    }

    pub(super) fn ask_history(&mut self) {
        let (record, failures) = match self.record.history.take() {
            Some(history) => (history.record, history.failures),
            None => (None, 0),
        };
        self.record.history = Some(History { asked_at: self.now, record, unread: None, failures });
        self.question = Some(Action::History);
        self.plan.save = true;
    }

    /// Comparison with the history of the rule.
    pub(super) fn history(&mut self, answer: &Result<RateHistory, Fault>) {
        let (burst, sustained) = (self.limits.burst.window, self.limits.sustained.map(|limit| limit.window));
        let (known, failures) = match self.record.history.take() {
            Some(history) => (history.record, history.failures),
            None => (None, 0),
        };
        let suspected = self.suspected_since();
        let (record, unread, failures) = match answer {
            Ok(read) => {
                let trips = &self.record.recent_trips;
                (Some(read.record(self.now, burst, sustained, trips, suspected)), None, 0)
            }
            Err(fault) => (known, Some(fault.to_string()), failures.saturating_add(1)),
        };
        self.record.history = Some(History { asked_at: self.now, record, unread, failures });
        self.plan.save = true;
        self.apply_limit();
        if !self.counts() {
            return;
        }
        if self.limits.counts_all_callers()
            && let Some(evidence) = verdict::burst_anywhere(&self.record.window)
        {
            self.burst(evidence);
        }
        (self.counted, self.touched) = (true, true);
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
        // The number of firings that an amount pays for depends on the run time of the functions.
        if self.limits.spend.is_some() && matches!(self.witness(false, |_| String::new()), Witness::ToAsk) {
            return self.ask_history();
        }
        let (plain, is_tightened) = (self.limits.burst, self.limits.is_tightened());
        let is_said = self.limits.burst_is_tagged && !is_tightened;
        let count = self.record.window.count_at_newest();
        if count >= u64::from(plain.count.get()) {
            match self.witness(self.is_on_probation() || is_said, |_| String::new()) {
                Witness::ToAsk => return self.ask_history(),
                Witness::Unread(why) => {
                    let mut evidence = verdict::busy(&self.record.window, plain);
                    evidence.history = Some(why);
                    return self.report(&evidence, None);
                }
                Witness::None | Witness::Heard(_) | Witness::Asked => {}
            }
        }
        if self.is_reported() && !is_tightened {
            return;
        }
        let raised = self.rate_record().filter(|_| !is_said);
        if let Some(record) = raised
            && let limit = record.burst_suspect(plain)
            && count >= u64::from(limit.count.get())
        {
            let sentence = record.burst.compared_with(count);
            let mut evidence = verdict::busy(&self.record.window, limit);
            evidence.history = Some(sentence);
            return self.suspect(evidence);
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
        let is_said = self.limits.sustained_is_tagged;
        let has_no_say = (is_said || self.is_on_probation()) && !self.limits.is_tightened();
        match self.witness(has_no_say, compare) {
            Witness::None => {}
            Witness::ToAsk => return self.ask_history(),
            Witness::Asked => return,
            Witness::Unread(why) => {
                evidence.history = Some(why);
                return self.report(&evidence.with_otherwise(self.limits.burst), None);
            }
            Witness::Heard(sentence) => {
                let above = self.rate_record().map_or(0, |record| record.sustained_suspect_above(limit));
                evidence.history = Some(sentence);
                match (count <= above, is_said) {
                    (false, _) => {}
                    // A suspect by the operator's word; but an overspent budget is no evidence against a rule that was always as busy.
                    (true, true) => return self.report(&evidence, None),
                    (true, false) => return,
                }
            }
        }
        self.suspect(evidence.with_otherwise(self.limits.burst));
    }

    /// A rule that fires as a loop would, without proof: cut if a budget is overspent, unless its past is not known.
    fn suspect(&mut self, evidence: Evidence) {
        let is_number_alone = evidence.is_number_alone(self.limits);
        if !self.limits.is_tightened() || self.rate_record().is_none() || is_number_alone {
            return self.report(&evidence, None);
        }
        self.suspicion_begins();
        if self.record.trial.is_some() || self.plan_trial(&evidence) {
            return self.report(&evidence, Some("it is tried first"));
        }
        self.tripped(evidence);
    }

    /// The same for evidence from a rule's own calls. A rule that was always as busy is left alone.
    pub(super) fn suspect_under_pressure(&mut self, mut evidence: Evidence) {
        let limit = self.limits.sustained.unwrap_or(SustainedLimit::DEFAULT);
        let count = self.record.window.count_since(self.now - SignedDuration::from(limit.window));
        let compare = |record: &RateRecord| match record.sustained {
            Some(peak) => peak.compared_with(count),
            None => record.burst.compared_with(count),
        };
        match self.witness(false, compare) {
            Witness::ToAsk => return self.ask_history(),
            Witness::Asked => return,
            Witness::None => {}
            Witness::Heard(sentence) | Witness::Unread(sentence) => evidence.history = Some(sentence),
        }
        match self.rate_record() {
            Some(record) if count > record.sustained_suspect_above(limit) => self.suspect(evidence),
            _ => self.report(&evidence, None),
        }
    }

    fn is_reported(&self) -> bool {
        !self.record.suspected.is_due(self.now, DAILY)
    }

    /// Since when it has looked like a loop, if that is not long ago.
    fn suspected_since(&self) -> Option<Timestamp> {
        self.record.suspected_since.filter(|since| self.now.duration_since(*since) < SUSPICION)
    }

    pub(super) fn suspicion_begins(&mut self) {
        self.record.suspected_since = self.suspected_since().or(Some(self.now));
    }

    /// Says once a day that the rule is a suspect, and why that is all.
    pub(super) fn report(&mut self, evidence: &Evidence, because: Option<&str>) {
        self.plan.save = true;
        // A rule that is put off was reported, or waits for another one.
        let is_put_off = self.record.quiet.is_some_and(|quiet| {
            let is_short = matches!(quiet.because, QuietReason::Withheld | QuietReason::Neighbour);
            is_short && quiet.until > self.now
        });
        if is_put_off || self.is_reported() || because.is_none() && self.exonerates(evidence).is_some() {
            return;
        }
        self.plan_trial(evidence);
        self.suspicion_begins();
        self.record.suspected = Throttle::reported(self.now);
        let event = RuleEvent::Suspect {
            why: evidence.sentence(),
            because: because.map(str::to_owned),
            kind: evidence.kind,
        };
        self.plan.tally.suspects += 1;
        self.queue(self.about_evidence(event, evidence));
    }
}
