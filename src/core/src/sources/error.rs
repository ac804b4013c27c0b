//! Why a payload or a message could not be understood: what was seen, and what is expected.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::model::{ParseRuleArnError, Seen};

/// serde quotes whole values in its own words, so those are cut after this many characters.
const MAX_PROBLEM: usize = 200;

/// None of these is cured by a retry: the message goes back to the queue and ends in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("not JSON: {problem}; the payload begins {seen}")]
    NotJson { problem: String, seen: Seen },
    #[error("malformed: {problem}; the payload begins {seen}")]
    Malformed { problem: String, seen: Seen },
    #[error("expected a JSON object, saw {seen}")]
    NotAnObject { seen: Seen },
    #[error(
        "an object with {keys}; expected a queue batch (Records), an attached firing (ruleArn, event), \
         an EventBridge event (source, detail-type, …), a Scheduled Event or an SNS message (Type, TopicArn, Message)"
    )]
    UnknownShape { keys: String },
    #[error("Records is empty; expected at least one message")]
    EmptyBatch,
    #[error("Records[].eventSource is {seen}; expected \"aws:sqs\" or \"aws:sns\", one of them throughout")]
    UnknownSource { seen: Seen },
    #[error("{field} is missing; expected {expected}")]
    Missing { field: &'static str, expected: &'static str },
    #[error("{field} is {seen}; expected {expected}")]
    WrongType { field: &'static str, seen: &'static str, expected: &'static str },
    #[error("{field}: {error}")]
    BadRuleArn { field: &'static str, error: ParseRuleArnError },
    #[error("{field} is {seen}; expected an RFC 3339 time, as in 2026-11-20T10:00:00Z")]
    BadTime { field: &'static str, seen: Seen },
}

impl DecodeError {
    pub(super) fn json(bytes: &[u8], error: &serde_json::Error) -> Self {
        let (mut problem, seen) = (error.to_string(), Seen::bytes(bytes));
        if let Some((end, _)) = problem.char_indices().nth(MAX_PROBLEM) {
            problem.truncate(end);
            problem.push('…');
        }
        if error.is_data() { Self::Malformed { problem, seen } } else { Self::NotJson { problem, seen } }
    }

    /// Reads the payload once more, for its keys only.
    pub(super) fn unknown_shape(bytes: &[u8]) -> Self {
        const SHOWN: usize = 8;
        let keys: BTreeMap<String, IgnoredAny> = serde_json::from_slice(bytes).unwrap_or_default();
        let mut shown: Vec<String> = keys.keys().take(SHOWN).map(|key| Seen::new(key).to_string()).collect();
        if keys.len() > SHOWN {
            shown.push(format!("{} more", keys.len() - SHOWN));
        }
        let keys =
            if shown.is_empty() { "no keys".to_owned() } else { format!("the keys {}", shown.join(", ")) };
        Self::UnknownShape { keys }
    }
}
