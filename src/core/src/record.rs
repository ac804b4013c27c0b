//! State of one rule that survives between invocations.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::aftermath::{Accused, Aftermath};
use crate::alerts::{CostEstimate, Outbox};
use crate::archive::Replay;
use crate::breaker::{Breaker, Epoch};
use crate::cure::{self, Cure, NoCure, PatternChange};
use crate::history::History;
use crate::model::{Lease, MeanDurations, RuleArn, RuleDefinition, Throttle, Timestamp, whole_seconds};
use crate::policy::{BurstLimit, NOT_MEASURED};
use crate::stored::{Blob, Key, Stored, StoredError};
use crate::trial::Trial;
use crate::turns::Turns;
use crate::verdict::{Evidence, EvidenceKind};
use crate::window::{Window, varint};

/// Version of the layout of a stored record.
const SCHEMA: u32 = 2;
/// Time for which the record of a closed rule is kept without a firing.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Time by which CloudTrail is late at most, as elsewhere in the guard. Source: "LookupEvents" (AWS CloudTrail API
/// reference), which finds a call 5 to 15 minutes after it happened.
const LATEST: SignedDuration = SignedDuration::from_mins(15);

/// Everything that the guard stores about one rule. It is saved only if its stored version is unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the layout.
    pub schema: u32,
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Current epoch: the enabled life of the rule that firings are counted for.
    pub epoch: Epoch,
    /// State of the breaker.
    pub breaker: Breaker,
    /// Burst limit of the rule. The limit of the window is a quarter of it on probation.
    pub limit: BurstLimit,
    /// Distinct firings in event time. They are stored as bytes beside the JSON.
    pub window: Window,
    /// Firings that can have caused others. They are stored as bytes beside the JSON.
    #[serde(default, skip_serializing_if = "Turns::is_empty")]
    pub turns: Turns,
    /// Time of arrival of the last counted firing for which only an attached rule vouches: its content is made up by the
    /// rule that sent it. `None` if the catch-all rule or a trusted sender delivered all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_at: Option<Timestamp>,
    /// Time until which a slow proof waits for reasons that arrive late. `None` if no proof waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_due: Option<Timestamp>,
    /// Events since the last cut that the rule missed, and the outcome of that cut. Kept until the next cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aftermath: Option<Box<Aftermath>>,
    /// Evidence that was shown to be wrong. `None` if none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exonerated: Option<Exonerated>,
    /// Last trip. `None` if the rule never tripped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_trip: Option<Trip>,
    /// Value of `last_trip` before a cut by hand that has only begun. It is put back if that cut is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_trip: Option<Box<Trip>>,
    /// Times of the last trips, at most three. Three trips within a day end automatic restores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_trips: Vec<Timestamp>,
    /// Number of trips in a row that happened on probation.
    #[serde(default)]
    pub trips_in_probation: u32,
    /// Number of deliveries after the cut of the rule, or from before its epoch.
    #[serde(default)]
    pub late: u64,
    /// Alerts that are decided and not yet published.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    /// Lease of the invocation that cuts or restores the rule.
    #[serde(default)]
    pub work: Lease,
    /// Time of the last report that the current cut or restore failed.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub failure_reported: Throttle,
    /// Time of the last report that the guard cannot evaluate the rule's event pattern.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub unmatched_reported: Throttle,
    /// Silence after the report of a loop that must not be cut. `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// Wait for the end of another rule's calls. `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// Trial of the rule. `None` if none is planned or under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Box<Trial>>,
    /// Replay of the events that the rule missed during a trial. `None` if none is to be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Time at which the last trial was planned.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub tried: Throttle,
    /// Last pause of the guard in which the rule would have been cut. `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// Firings of the rule in the last 14 days. `None` before CloudWatch was first asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// Time of the last report of the rule as a suspect.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub suspected: Throttle,
    /// Time since which the rule has looked like a loop. Reports of later days belong to the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected_since: Option<Timestamp>,
    /// Time of the last report that the rule is fired mostly by its own target.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub advised: Throttle,
    /// Change of the pattern by `budget-guard cure`. `None` if there is none, or it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern_change: Option<Box<PatternChange>>,
    /// Problems of malformed tags, as last reported. Other problems are reported at once, the same ones never again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported_tags: Vec<String>,
}

/// Last trip, kept after a restore so that it can be explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// Time of the trip.
    pub at: Timestamp,
    /// Number of the epoch that the trip ended.
    pub epoch: u64,
    /// Reason in one sentence, with its numbers.
    pub reason: String,
    /// Evidence for the trip.
    pub evidence: Evidence,
    /// Outcome so far.
    pub outcome: Outcome,
    /// Time of the earliest event that arrived after the trip. `None` if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_missed: Option<Timestamp>,
    /// ARN of the role of the last own call. `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_role: Option<String>,
    /// Times of own calls before a trial that led to this trip, in seconds since 1970, ascending. Empty without a trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_before: Vec<i64>,
    /// Cost of the firings. `None` if the targets or the times of the firings are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Box<CostEstimate>>,
}

impl Trip {
    /// Notes the time of an event that arrived after the trip. The rule missed it, unless it was late for the guard alone.
    pub fn missed(&mut self, at: Timestamp) {
        self.earliest_missed = Some(self.earliest_missed.map_or(at, |known| known.min(at)));
    }

    /// Event time from which on the rule may have missed events. CloudTrail is late, so this is up to 15 minutes before the
    /// trip; the rule may have received some of the events between.
    pub fn missed_since(&self) -> Timestamp {
        let earliest = self.earliest_missed.unwrap_or(self.at);
        whole_seconds(earliest.clamp(self.at - LATEST, self.at))
    }
}

/// Outcome of a trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The cut is under way or done. The state of the breaker distinguishes the two.
    Cut,
    /// The rule was put back.
    Restored {
        /// Time of the restore.
        at: Timestamp,
    },
    /// Another principal enabled or deleted the rule.
    Undone {
        /// Time at which the guard noticed it.
        at: Timestamp,
    },
    /// The rule was not touched.
    Spared {
        /// Reason, as a clause.
        because: String,
    },
}

/// Evidence that led to a cut although the calls went on without the rule. It does not cut the rule again for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exonerated {
    /// Kind of the evidence.
    pub kind: EvidenceKind,
    /// Makers that it accused.
    pub accused: Accused,
    /// Number of firings in the last minute before the cut. Far more are other evidence.
    pub per_minute: u64,
    /// True if a trial showed it. It then stops suspicions, and no proof.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_by_trial: bool,
    /// Time at which the outcome was known.
    pub at: Timestamp,
    /// Time until which such evidence does not cut the rule.
    pub until: Timestamp,
}

/// Silence about a loop that must not be cut. It is more than a throttle: until it ends, no such trip is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// End of the silence.
    pub until: Timestamp,
    /// Reason for the silence.
    pub because: QuietReason,
}

/// Wait of a rule for the end of another rule's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Beginning.
    pub since: Timestamp,
    /// Time of the last trip that was put off for it.
    pub last: Timestamp,
}

/// Cut that was not made because the guard had cut too many rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Beginning of the guard's pause.
    pub since: Timestamp,
    /// Time of the last report of it.
    pub reported: Throttle,
}

/// Reason for which a rule that looks like a loop is not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuietReason {
    /// The mode of the rule is `observe`. The silence ends when the mode becomes `enforce`.
    Observed,
    /// The rule may never be cut.
    Spared,
    /// The guard has cut too many rules. The silence lasts a minute.
    Withheld,
    /// Its firings are mostly the calls of another rule's target. The silence lasts a minute.
    Neighbour,
    /// Its rate alone is no evidence, for example because its pattern names no API call. A proved loop still is.
    TakesAnyCall,
}

/// Mean durations while the history has not been read.
static UNREAD: MeanDurations = NOT_MEASURED;

impl Record {
    /// Mean durations of the functions behind the rule, as far as its history was read.
    pub fn means(&self) -> &MeanDurations {
        let known = self.history.as_ref().and_then(|history| history.record.as_ref());
        known.map_or(&UNREAD, |record| &record.means)
    }

    /// Creates the record of a rule that is seen for the first time.
    pub fn new(rule: RuleArn, limit: BurstLimit) -> Self {
        Self {
            schema: SCHEMA,
            rule,
            epoch: Epoch::FIRST,
            breaker: Breaker::Closed,
            limit,
            window: Window::new(limit),
            turns: Turns::default(),
            attached_at: None,
            proof_due: None,
            aftermath: None,
            exonerated: None,
            last_trip: None,
            previous_trip: None,
            recent_trips: Vec::new(),
            trips_in_probation: 0,
            late: 0,
            outbox: Outbox::default(),
            work: Lease::default(),
            failure_reported: Throttle::default(),
            unmatched_reported: Throttle::default(),
            quiet: None,
            withheld: None,
            wait: None,
            trial: None,
            replay: None,
            tried: Throttle::default(),
            history: None,
            suspected: Throttle::default(),
            suspected_since: None,
            advised: Throttle::default(),
            pattern_change: None,
            reported_tags: Vec::new(),
        }
    }

    /// Returns true if the loop was proved before the last cut, or by it. Calls that went on disprove it.
    pub fn is_proved_loop(&self) -> bool {
        let is_proved = self.last_trip.as_ref().is_some_and(|trip| trip.evidence.proves_loop());
        match self.aftermath.as_ref().map(|after| after.outcome) {
            Some(outcome) if outcome.clears() => false,
            Some(outcome) => is_proved || outcome.proves_loop(),
            None => is_proved,
        }
    }

    /// Returns the cure of the loop that the last trip or its outcome proved, for the rule as it was found. `None` without a proof.
    pub fn cure(&self, found: &RuleDefinition) -> Option<Result<Cure, NoCure>> {
        if !self.is_proved_loop() {
            return None;
        }
        let trip = self.last_trip.as_ref()?;
        Some(match cure::changeable(found) {
            Ok(pattern) => cure::of_calls(pattern, &trip.evidence, trip.own_role.as_deref()),
            Err(why) => Err(why),
        })
    }

    /// Returns true if the tick has work to do for this rule.
    pub fn needs_watch(&self) -> bool {
        !matches!(self.breaker, Breaker::Closed)
            || !self.outbox.is_empty()
            || self.proof_due.is_some()
            || self.trial.is_some()
            || self.replay.is_some()
            || self.history.as_ref().is_some_and(|history| history.is_pending() || history.asks_again())
    }
}

impl Stored for Record {
    const NAME: &'static str = "the record";
    const SCHEMA: u32 = SCHEMA;

    fn key(&self) -> Key<'_> {
        Key::Record(&self.rule)
    }

    fn encode(&self) -> Result<Blob, StoredError> {
        let window = self.window.to_bytes();
        let mut firings = Vec::with_capacity(window.len() + 16);
        varint::write(&mut firings, window.len() as u64);
        firings.extend_from_slice(&window);
        firings.extend_from_slice(&self.turns.to_bytes());
        Ok(Blob { json: serde_json::to_string(self).map_err(Self::damaged)?, firings })
    }

    fn decode(blob: &Blob) -> Result<Self, StoredError> {
        let mut record = Self::parse(&blob.json)?;
        let mut firings = &blob.firings[..];
        let length = if firings.is_empty() { Some(0) } else { varint::read(&mut firings) };
        let length = length.and_then(|length| usize::try_from(length).ok());
        let (window, turns) = length
            .and_then(|length| firings.split_at_checked(length))
            .ok_or_else(|| Self::damaged("the stored firings end early"))?;
        record.window = record.window.restore(window).map_err(Self::damaged)?;
        record.turns = record.turns.restore(turns).map_err(Self::damaged)?;
        // It is saved with the members of this version.
        record.schema = SCHEMA;
        Ok(record)
    }

    /// Returns a time for closed rules only: the record of a cut rule never expires, nor does one with a pattern that may be
    /// put back.
    fn expires(&self, now: Timestamp) -> Option<Timestamp> {
        let is_done = matches!(self.breaker, Breaker::Closed) && self.pattern_change.is_none();
        is_done.then(|| now + KEEP)
    }
}
