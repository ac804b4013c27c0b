//! Pause of the guard after too many cuts.

use serde::{Deserialize, Serialize};

use crate::model::RuleArn;

/// Content of an alert about a pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Rules that the guard cut within the last hour.
    pub cut: Vec<RuleArn>,
    /// Rule that would have been cut next.
    pub withheld: Option<RuleArn>,
}
