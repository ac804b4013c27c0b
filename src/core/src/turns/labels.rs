//! Names of the last distinct calls for texts: API call and resource.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::{Call, printable_ascii};

/// Maximum number of distinct calls stored by name.
const MAX: usize = 4;
/// Maximum length of a resource name, in bytes.
const MAX_NAME: usize = 128;

/// Name of one distinct call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    /// Fingerprint of the call, as in `Entry::equal`.
    pub equal: u32,
    /// Service and operation, such as `s3 PutBucketAcl`.
    pub call: String,
    /// Name of the resource; `None` if the event does not name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Label {
    pub(super) fn of(equal: u32, call: &Call<'_>) -> Self {
        let resource =
            call.resource.as_ref().map(|resource| printable_ascii(&resource.name, MAX_NAME).into_owned());
        Self { equal, call: call.name(), resource }
    }

    /// Returns true if this label names the call. Word-for-word equal calls share a label. So do calls of one operation
    /// that are not compared.
    pub(super) fn is_of(&self, equal: u32, call: &Call<'_>) -> bool {
        self.equal == equal && (equal != 0 || call.has_name(&self.call))
    }
}

/// Labels, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Labels(VecDeque<Label>);

impl Labels {
    pub(super) fn add(&mut self, equal: u32, call: &Call<'_>) {
        let is_known = |label: &Label| label.is_of(equal, call);
        if self.0.back().is_some_and(is_known) {
            return;
        }
        if let Some(index) = self.0.iter().position(is_known) {
            let known = self.0.remove(index);
            return self.0.extend(known);
        }
        self.push(Label::of(equal, call));
    }

    /// Adds a label, and drops the oldest one if there are too many.
    pub(super) fn push(&mut self, label: Label) {
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        self.0.push_back(label);
    }

    /// Returns the label of these equal calls, else that of the last call.
    pub(super) fn of(&self, equal: Option<u32>) -> Option<&Label> {
        let known = equal.and_then(|equal| self.0.iter().rev().find(|label| label.equal == equal));
        known.or_else(|| self.0.back())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
