//! Queues of the guard: content that a message may have, by the queue that delivered it.
//!
//! Only the guard's own rules can send to the queue of firings, so its events are as they were on the bus. Any rule of
//! the account can send to the queue for attached rules, with content that its input transformer makes up.

use super::{AttributionError, Home};
use crate::model::Excerpt;
use crate::sources::Received;

impl Home {
    /// Checks that a message may have this content. `queue` is the ARN of the queue that delivered it. Everything is
    /// admitted if the guard does not know its queue for attached rules.
    ///
    /// # Errors
    ///
    /// The message has the content of the other queue. A retry does not help.
    pub fn admits(&self, queue: &str, received: &Received<'_>) -> Result<(), AttributionError> {
        let Some(for_attached) = self.attached_queue.as_deref() else { return Ok(()) };
        let is_attached = matches!(received, Received::Attached { .. });
        match (is_attached, queue == for_attached) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => Err(AttributionError::WrongQueue {
                content: "a firing of an attached rule",
                queue: Excerpt::new(queue),
                expected: "the queue for attached rules only, which `budget-guard attach` uses",
            }),
            (false, true) => Err(AttributionError::WrongQueue {
                content: "a message without ruleArn and event",
                queue: Excerpt::new(queue),
                expected: "the guard's own rules only; attach the rule with `budget-guard attach`, which sets the input transformer",
            }),
        }
    }
}
