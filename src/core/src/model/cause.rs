//! Maker of a firing, relative to the rule: its own target, another rule's target, an AWS service, or a foreign caller.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, TraceRoot};

/// Maker of the call that fired a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cause {
    /// The rule's targets are not known, or the event does not name its caller.
    #[default]
    Unknown,
    /// Event with an X-Ray trace that no AWS service sent. Its maker is not named.
    Traced(TraceRoot),
    /// A person, a deployment, or a function that is not a target. It is a reason for the rule's target to act.
    Foreign,
    /// A role session that belongs to no known target, or a service acting for another principal. Counts as foreign.
    Unplaced,
    /// An AWS service with its own identity.
    Service,
    /// An actor of the rule's own target, with the proof of it.
    Own {
        /// Actor that made the call.
        actor: ActorId,
        /// Strongest proof of it.
        proof: Proof,
    },
    /// Actor with this ARN, which is a target of other rules only.
    Sibling(String),
}

impl Cause {
    /// Creates [`Self::Own`] for a rule whose actors need not be told apart.
    pub fn own(proof: Proof) -> Self {
        Self::Own { actor: ActorId::default(), proof }
    }
}

/// Eight-bit hash that tells the actors of one rule apart. It is stored: the hash may never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActorId(pub u8);

impl ActorId {
    /// Hashes the ARN of a function, state machine or task, without version or alias.
    pub fn of(arn: &str) -> Self {
        Self((Fingerprint::of(arn) >> 24) as u8)
    }
}

/// Proof that a caller is a target, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The role belongs to an actor that is not a function, and no other known actor has this role.
    #[serde(alias = "shared-role")]
    Role,
    /// The session has the target function's role, and the function's name.
    Session,
    /// AWS issued the credentials to the target (`inScopeOf.credentialsIssuedTo`).
    Issued,
    /// The target opened the session with `AssumeRole`, and its access key is known.
    Opened,
}
