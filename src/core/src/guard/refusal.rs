//! Orders that are not carried out, and what to do instead.

use crate::model::Timestamp;

/// Reason why an order is refused. As text: a clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A cut of a rule that is cut.
    #[error("the guard already cut this rule at {}", at.map(|at| at.to_string()).unwrap_or_default())]
    AlreadyCut {
        /// Time of its trip.
        at: Option<Timestamp>,
    },
    /// A cut of a rule that is being restored.
    #[error("the rule is being put back at this very moment")]
    BeingRestored,
    /// A restore of a rule that the guard did not cut.
    #[error("the guard has not cut this rule, so it will not enable it")]
    NotCut,
    /// A restore before the cut has come to the rule.
    #[error("the rule's cut has only begun; nothing was done to the rule yet")]
    CutBegun,
    /// A restore while the rule is being disabled.
    #[error("the guard is disabling the rule at this very moment")]
    BeingDisabled,
    /// A restore of a rule whose loop was proved, and that is as it was then.
    #[error(
        "this loop was proved, and nothing has changed since: the rule would fire itself again. Change its event \
         pattern, its targets{}, or what they do",
        if *.has_functions { ", the code of its target functions" } else { "" }
    )]
    Unchanged {
        /// Some target is a function, whose code may change.
        has_functions: bool,
    },
    /// A restore of a rule that was deleted meanwhile.
    #[error("the rule no longer exists")]
    Gone,
    /// A cut of a rule that must not be touched.
    #[error("the rule was not touched: {because}")]
    Untouchable {
        /// The reason, as it is stored with the trip.
        because: String,
    },
}

impl Refusal {
    /// What to do instead.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::AlreadyCut { .. } => "see `explain` for the reason",
            Self::BeingRestored | Self::CutBegun | Self::BeingDisabled => {
                "run the command again in a few seconds"
            }
            Self::NotCut => "if someone else disabled it: aws events enable-rule",
            Self::Unchanged { .. } => "to put it back all the same: add --force",
            Self::Gone => "the guard forgets the cut",
            Self::Untouchable { .. } => "see what the guard knows of it: `status`",
        }
    }
}
