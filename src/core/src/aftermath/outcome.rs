//! Outcome of a cut with its numbers, and the sentence that states it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{about, plural};

/// Outcome of a cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutOutcome {
    /// Too little was seen since the cut.
    #[default]
    NotYetKnown,
    /// The calls go on although the rule is off: the rule does not cause them.
    GoesOn(Measured),
    /// Some calls go on: another source beside a loop, perhaps.
    Partly(Measured),
    /// The calls ended with the rule: it caused them.
    Stopped {
        /// Numbers.
        numbers: Measured,
        /// True if this also counts as proof when the rule is to be enabled.
        is_proof: bool,
    },
    /// The calls ended, which proves nothing.
    Ended(Measured, WhyEnded),
    /// A firing by another maker from before the cut arrived late, and explains the calls.
    Cleared,
    /// CloudWatch has fewer than half of the firings: they were made up.
    Contradicted {
        /// Number of firings in the hour before the cut, as the guard was told.
        told: u64,
        /// The same, as CloudWatch counted them.
        seen: u64,
    },
}

/// Numbers of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Number of calls soon before the cut.
    pub before: u64,
    /// Length of that time in seconds.
    pub before_seconds: u64,
    /// Number of calls after the cut.
    pub after: u64,
    /// Length of that time in seconds.
    pub after_seconds: u64,
    /// Time of the last call, in seconds after the cut. `None` without a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_after_seconds: Option<u64>,
}

/// Reason why the end of the calls proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyEnded {
    /// The calls went on without the rule first.
    WentOn,
    /// The calls of others need no reason.
    Others,
    /// They may all be answers to the other firings.
    Answers {
        /// Number of other firings.
        reasons: u64,
    },
    /// Too few of them had no reason.
    TooFew,
    /// They went on too long after the cut for how long they had lasted before.
    Tail {
        /// Time of the last call, in seconds after the cut.
        seconds: u64,
    },
}

impl CutOutcome {
    /// State in one or two words, for JSON and tables.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotYetKnown => "not yet known",
            Self::GoesOn(_) => "goes on",
            Self::Partly(_) => "partly",
            Self::Stopped { .. } => "stopped",
            Self::Ended(..) => "ended",
            Self::Cleared => "cleared",
            Self::Contradicted { .. } => "contradicted",
        }
    }

    /// Numbers of the outcome. `None` while it is not known.
    pub const fn numbers(&self) -> Option<&Measured> {
        match self {
            Self::NotYetKnown | Self::Cleared | Self::Contradicted { .. } => None,
            Self::GoesOn(numbers) | Self::Partly(numbers) | Self::Ended(numbers, _) => Some(numbers),
            Self::Stopped { numbers, .. } => Some(numbers),
        }
    }

    /// Returns true if the calls ended so soon after the cut that this proves the loop.
    pub const fn proves_loop(&self) -> bool {
        matches!(self, Self::Stopped { is_proof: true, .. })
    }

    /// Returns true if the outcome shows that the cut was wrong.
    pub const fn clears(&self) -> bool {
        matches!(self, Self::GoesOn(_) | Self::Cleared | Self::Contradicted { .. })
    }

    /// Returns true if both are the same state, whatever their numbers.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Measured {
    /// Rate before the cut, such as "99 calls a minute".
    fn rate_before(&self) -> String {
        rate(self.before, self.before_seconds)
    }

    fn rate_after(&self) -> String {
        rate(self.after, self.after_seconds)
    }

    /// Seconds without a call up to the judgement.
    fn silence(&self) -> u64 {
        self.after_seconds.saturating_sub(self.last_after_seconds.unwrap_or(0))
    }
}

/// Rate per minute, or per hour if it is slower.
fn rate(calls: u64, seconds: u64) -> String {
    let seconds = seconds.max(1);
    let by = |unit: u64| (calls.saturating_mul(unit) + seconds / 2) / seconds;
    match by(60) {
        0 | 1 => format!("{} an hour", plural(by(3_600), "call")),
        minute => format!("{} a minute", plural(minute, "call")),
    }
}

fn time(seconds: u64) -> String {
    about(seconds.into())
}

impl fmt::Display for CutOutcome {
    /// One sentence with its numbers, without a full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = |numbers: &Measured| match numbers.last_after_seconds {
            Some(seconds) => format!("the last one {} after it", time(seconds)),
            None => "none after it".to_owned(),
        };
        match self {
            Self::NotYetKnown => f.write_str("not yet known: too little was seen since the cut"),
            Self::Cleared => f.write_str(
                "a firing by others from before the cut arrived late, and with it the calls are no loop",
            ),
            Self::Contradicted { told, seen } => write!(
                f,
                "CloudWatch counted {} of the rule in the hour before the cut, and the guard was told of {told}: the \
                 others were made up by a rule that sends to the guard's queue",
                plural(*seen, "firing"),
            ),
            Self::GoesOn(numbers) => write!(
                f,
                "the calls go on without the rule: {} before the cut, {} for {} after it",
                numbers.rate_before(),
                numbers.rate_after(),
                time(numbers.after_seconds)
            ),
            Self::Partly(numbers) => write!(
                f,
                "fewer calls go on without the rule: {} before the cut, {} for {} after it",
                numbers.rate_before(),
                numbers.rate_after(),
                time(numbers.after_seconds)
            ),
            Self::Stopped { numbers, .. } => write!(
                f,
                "the calls stopped with the rule: {} before the cut, {}, none for {} since",
                numbers.rate_before(),
                last(numbers),
                time(numbers.silence())
            ),
            Self::Ended(numbers, why) => write!(
                f,
                "the calls are over, which proves nothing: {} before the cut, {}; {why}",
                numbers.rate_before(),
                last(numbers),
            ),
        }
    }
}

impl fmt::Display for WhyEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WentOn => f.write_str("they first went on without the rule"),
            Self::Others => f.write_str("others than the rule's target made them"),
            Self::Answers { reasons } => {
                write!(
                    f,
                    "all may be answers to {}",
                    format_args!("{} by others", plural(*reasons, "firing"))
                )
            }
            Self::TooFew => f.write_str("too few had no reason"),
            Self::Tail { seconds } => {
                write!(f, "they lasted {} after the cut, and may have ended by themselves", time(*seconds))
            }
        }
    }
}
