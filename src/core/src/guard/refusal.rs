//! Refused orders, and the alternatives.

use crate::model::Timestamp;

/// Reason why an order is refused. Its text is a clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A cut, but the rule is cut already.
    #[error("the guard already cut this rule at {}", at.map(|at| at.to_string()).unwrap_or_default())]
    AlreadyCut {
        /// Time of the trip. `None` if it is not known.
        at: Option<Timestamp>,
    },
    /// A cut, but the rule is being restored.
    #[error("the rule is being put back at this very moment")]
    BeingRestored,
    /// A change of the pattern, but the rule is being cut or checked, or another such change is under way.
    #[error("the rule is being worked on at this very moment")]
    Busy,
    /// A restore, but the guard did not cut the rule.
    #[error("the guard has not cut this rule, so it will not enable it")]
    NotCut,
    /// A restore, but the cut has not reached the rule yet.
    #[error("the rule's cut has only begun; nothing was done to the rule yet")]
    CutBegun,
    /// A restore, but the rule is being disabled.
    #[error("the guard is disabling the rule at this very moment")]
    BeingDisabled,
    /// A restore, but the loop was proved and the rule has not changed since.
    #[error(
        "this loop was proved, and nothing has changed since: the rule would fire itself again. Change its event \
         pattern, its targets{}, or what they do",
        if *.has_functions { ", the code of its target functions" } else { "" }
    )]
    Unchanged {
        /// True if a target is a Lambda function, because its code may be changed instead.
        has_functions: bool,
    },
    /// A restore, but the rule was deleted.
    #[error("the rule no longer exists")]
    Gone,
    /// A cut, but the rule must not be touched.
    #[error("the rule was not touched: {because}")]
    Untouchable {
        /// Reason, as stored with the trip.
        because: String,
    },
}

impl Refusal {
    /// Returns what to do instead.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::AlreadyCut { .. } => "see `explain` for the reason",
            Self::Busy | Self::BeingRestored | Self::CutBegun | Self::BeingDisabled => {
                "run the command again in a few seconds"
            }
            Self::NotCut => "if someone else disabled it: aws events enable-rule",
            Self::Unchanged { .. } => "to put it back all the same: add --force",
            Self::Gone => "the guard forgets the cut",
            Self::Untouchable { .. } => "see what the guard knows of it: `status`",
        }
    }
}
