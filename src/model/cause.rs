//! Who caused a firing: the rule's own target, another rule's, an AWS service, or somebody outside.

use serde::{Deserialize, Serialize};

use super::RuleArn;

/// Who made the call that fired the rule, seen from the rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cause {
    /// The rule's targets are not known, or the event does not tell who made the call: perhaps somebody outside, and
    /// taken for that.
    #[default]
    Unknown,
    /// Somebody who is no target of any rule: a person, a deployment, a job.
    Outside,
    /// An AWS service of its own accord. Neither an outside caller nor a target.
    Service,
    /// A target of the rule itself: an echo.
    Target(Proof),
    /// A target of these other rules, at most [`Cause::MAX_RELAYS`]: an echo if a chain of rules leads back.
    Relay(Vec<RuleArn>),
}

impl Cause {
    pub const MAX_RELAYS: usize = 4;
}

/// What shows that the caller is a target, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The role of a target that other targets or functions use as well.
    SharedRole,
    /// The role of this target alone.
    Role,
    /// A session of the target function's role, named like the function.
    Session,
    /// AWS issued the credentials to the target (`inScopeOf.credentialsIssuedTo`).
    Issued,
}
