//! The maker of a firing, seen from the rule: its own target, another rule's, an AWS service, or somebody else.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, TraceRoot};

/// Maker of the call that fired a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cause {
    /// The rule's targets are not known, or the event does not name its caller.
    #[default]
    Unknown,
    /// An event of this X-Ray trace that no AWS service sent: its maker is not named.
    Traced(TraceRoot),
    /// A person, a deployment, a function that is no target: a reason for the rule's target to act.
    Foreign,
    /// A role session that belongs to no known target, or a service that acts for somebody. Counts as foreign.
    Unplaced,
    /// An AWS service with an identity of its own.
    Service,
    /// A target of the rule itself.
    Own { actor: ActorId, proof: Proof },
    /// The actor with this ARN, a target of other rules only.
    Sibling(String),
}

impl Cause {
    /// A call of the rule's own target.
    pub fn own(proof: Proof) -> Self {
        Self::Own { actor: ActorId::default(), proof }
    }
}

/// Eight bits that tell the targets of one rule apart. Stored: the hash may never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActorId(pub u8);

impl ActorId {
    /// `arn` is that of the function, state machine or task, without version or alias.
    pub fn of(arn: &str) -> Self {
        Self((Fingerprint::of(arn) >> 24) as u8)
    }
}

/// Proof that a caller is a target, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The role of a target that is no function; no other known target has this role.
    #[serde(alias = "shared-role")]
    Role,
    /// A session of the target function's role, named like the function.
    Session,
    /// AWS issued the credentials to the target (`inScopeOf.credentialsIssuedTo`).
    Issued,
    /// A session that the target opened with `AssumeRole`, known by its access key.
    Opened,
}
