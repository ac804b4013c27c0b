//! What survives between invocations for one rule.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::alerts::Outbox;
use crate::breaker::{Breaker, Epoch};
use crate::history::History;
use crate::model::{Lease, RuleArn, Throttle, Timestamp};
use crate::policy::BurstLimit;
use crate::stored::{Blob, Key, Stored, StoredError};
use crate::turns::Turns;
use crate::verdict::Evidence;
use crate::window::{Window, varint};

/// Layout of a stored record.
const SCHEMA: u32 = 1;
/// Time that the record of a closed rule is kept without a firing.
const KEEP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Everything the guard knows about one rule. Saved only if nobody else saved it meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: u32,
    pub rule: RuleArn,
    pub epoch: Epoch,
    pub breaker: Breaker,
    /// The limit of the rule; the window's own is a quarter of it on probation.
    pub limit: BurstLimit,
    pub window: Window,
    #[serde(default, skip_serializing_if = "Turns::is_empty")]
    pub turns: Turns,
    /// A slow proof waits until then for reasons that come late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_due: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_trip: Option<Trip>,
    /// What `last_trip` was before a cut by hand that has only begun; it comes back if that cut is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_trip: Option<Box<Trip>>,
    /// The last trips, at most three: so many in a day end automatic restores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_trips: Vec<Timestamp>,
    /// Trips in a row that happened on probation.
    #[serde(default)]
    pub trips_in_probation: u32,
    /// Deliveries that came after the rule was cut, or from before its epoch.
    #[serde(default)]
    pub late: u64,
    /// Alerts decided but not yet published.
    #[serde(default, skip_serializing_if = "Outbox::is_empty")]
    pub outbox: Outbox,
    /// Who is cutting or restoring the rule.
    #[serde(default)]
    pub work: Lease,
    /// When the failure of the current cut or restore was last reported.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub failure_reported: Throttle,
    /// When it was last reported that the rule's event pattern is beyond the guard.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub unmatched_reported: Throttle,
    /// A loop that must not be cut has been reported; silent about it until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// How busy the rule used to be, once it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// When the rule was last reported as a suspect.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub suspected: Throttle,
    /// Since when it has looked like a loop; reports of the days after belong to the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected_since: Option<Timestamp>,
    /// When it was last said that the rule is fired mostly by its own target.
    #[serde(default, skip_serializing_if = "Throttle::is_unused")]
    pub advised: Throttle,
    /// The malformed tags that were last reported. Others are reported at once, the same ones never again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported_tags: Vec<String>,
}

/// The last trip, kept after a restore so that it can be explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    pub at: Timestamp,
    pub epoch: u64,
    /// One sentence with the numbers.
    pub reason: String,
    pub evidence: Evidence,
    pub outcome: Outcome,
}

/// What came of a trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The cut is under way or done; the breaker says which.
    Cut,
    /// The rule was put back.
    Restored { at: Timestamp },
    /// Someone else enabled or deleted the rule.
    Undone { at: Timestamp },
    /// Nothing was touched, and why.
    Spared { because: String },
}

/// Silence about a loop that must not be cut. It is more than a throttle: until it ends, no such trip is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    pub until: Timestamp,
    pub because: QuietReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuietReason {
    /// The rule is observed. Ends when it is enforced.
    Observed,
    /// The rule may never be cut.
    Spared,
    /// Its rate alone is no reason to cut it; a proved loop is.
    TakesAnyCall,
}

impl Record {
    /// A rule seen for the first time.
    pub fn new(rule: RuleArn, limit: BurstLimit) -> Self {
        Self {
            schema: SCHEMA,
            rule,
            epoch: Epoch::FIRST,
            breaker: Breaker::Closed,
            limit,
            window: Window::new(limit),
            turns: Turns::default(),
            proof_due: None,
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
            history: None,
            suspected: Throttle::default(),
            suspected_since: None,
            advised: Throttle::default(),
            reported_tags: Vec::new(),
        }
    }

    /// Whether the tick has to look after this rule.
    pub fn needs_watch(&self) -> bool {
        !matches!(self.breaker, Breaker::Closed)
            || !self.outbox.is_empty()
            || self.proof_due.is_some()
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
        Ok(record)
    }

    /// A closed rule that does not fire is forgotten. A cut rule never is.
    fn expires(&self, now: Timestamp) -> Option<Timestamp> {
        matches!(self.breaker, Breaker::Closed).then(|| now + KEEP)
    }
}
