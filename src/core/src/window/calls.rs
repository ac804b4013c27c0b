//! Most frequent API calls that fired a rule, counted since the window began.

use serde::{Deserialize, Serialize};

use crate::model::Call;

/// Maximum number of calls stored by name.
const NAMED: usize = 4;

/// Names and counts of API calls. If all places are taken, other calls lower the smallest count, and replace its name
/// at 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Calls(Vec<(String, u32)>);

impl Calls {
    pub(super) fn count(&mut self, call: &Call<'_>) {
        if let Some((_, count)) = self.0.iter_mut().find(|(name, _)| call.has_name(name)) {
            *count = count.saturating_add(1);
        } else if self.0.len() < NAMED {
            self.0.push((call.name(), 1));
        } else if let Some(weakest) = self.0.iter_mut().min_by_key(|(_, count)| *count) {
            // "Finding repeated elements" by Misra and Gries lowers all counts; here only the smallest is lowered.
            weakest.1 -= 1;
            if weakest.1 == 0 {
                *weakest = (call.name(), 1);
            }
        }
    }

    pub(super) fn most_frequent(&self) -> Option<&str> {
        self.0.iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
