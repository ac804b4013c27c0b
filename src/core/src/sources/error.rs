//! Errors of payloads and messages: the text that was found, and the text that was expected.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::model::{Excerpt, ParseRuleArnError};

/// Maximum length of an error of serde, which quotes whole values.
const MAX_PROBLEM: usize = 200;

/// Error of a payload or message. A retry does not help: the message returns to the queue and ends in the dead-letter
/// queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The payload is not JSON.
    #[error("not JSON: {problem}; the payload begins {seen}")]
    NotJson {
        /// Error of the parser.
        problem: String,
        /// Excerpt of the payload.
        seen: Excerpt,
    },
    /// The payload is JSON of the wrong shape.
    #[error("malformed: {problem}; the payload begins {seen}")]
    Malformed {
        /// Error of the parser.
        problem: String,
        /// Excerpt of the payload.
        seen: Excerpt,
    },
    /// The payload is JSON, but not an object.
    #[error("expected a JSON object, saw {seen}")]
    NotAnObject {
        /// Excerpt of the payload.
        seen: Excerpt,
    },
    /// The payload is an object of no known shape.
    #[error(
        "an object with {keys}; expected a queue batch (Records), an attached firing (ruleArn, event), \
         an EventBridge event (source, detail-type, …), a Scheduled Event or an SNS message (Type, TopicArn, Message)"
    )]
    UnknownShape {
        /// Keys of the object, for display.
        keys: String,
    },
    /// The batch has no messages.
    #[error("Records is empty; expected at least one message")]
    EmptyBatch,
    /// The messages come from a service other than SQS or SNS, or from both.
    #[error("Records[].eventSource is {seen}; expected \"aws:sqs\" or \"aws:sns\", one of them throughout")]
    UnknownSource {
        /// Value of `Records[].eventSource`.
        seen: Excerpt,
    },
    /// A required field is missing.
    #[error("{field} is missing; expected {expected}")]
    Missing {
        /// Path of the field.
        field: &'static str,
        /// Expected value, for display.
        expected: &'static str,
    },
    /// A field has the wrong JSON type.
    #[error("{field} is {seen}; expected {expected}")]
    WrongType {
        /// Path of the field.
        field: &'static str,
        /// JSON type found, as in "a number".
        seen: &'static str,
        /// Expected value, for display.
        expected: &'static str,
    },
    /// A field is not the ARN of a rule.
    #[error("{field}: {error}")]
    BadRuleArn {
        /// Path of the field.
        field: &'static str,
        /// Error of the ARN.
        error: ParseRuleArnError,
    },
    /// A field is not a time.
    #[error("{field} is {seen}; expected an RFC 3339 time, as in 2026-11-20T10:00:00Z")]
    BadTime {
        /// Path of the field.
        field: &'static str,
        /// Value of the field.
        seen: Excerpt,
    },
}

impl DecodeError {
    pub(super) fn json(bytes: &[u8], error: &serde_json::Error) -> Self {
        let (mut problem, seen) = (error.to_string(), Excerpt::bytes(bytes));
        if let Some((end, _)) = problem.char_indices().nth(MAX_PROBLEM) {
            problem.truncate(end);
            problem.push('…');
        }
        if error.is_data() { Self::Malformed { problem, seen } } else { Self::NotJson { problem, seen } }
    }

    /// Creates [`Self::UnknownShape`]. It parses the payload once more for its keys.
    pub(super) fn unknown_shape(bytes: &[u8]) -> Self {
        const SHOWN: usize = 8;
        let keys: BTreeMap<String, IgnoredAny> = serde_json::from_slice(bytes).unwrap_or_default();
        let mut shown: Vec<String> =
            keys.keys().take(SHOWN).map(|key| Excerpt::new(key).to_string()).collect();
        if keys.len() > SHOWN {
            shown.push(format!("{} more", keys.len() - SHOWN));
        }
        let keys =
            if shown.is_empty() { "no keys".to_owned() } else { format!("the keys {}", shown.join(", ")) };
        Self::UnknownShape { keys }
    }
}
