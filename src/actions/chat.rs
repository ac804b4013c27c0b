//! An alert in the forms that SNS subscribers read: plain text, JSON, and the chat schema of Amazon Q Developer.

use serde_json::{Value, json};

use crate::actions::alert::Alert;
use crate::actions::text::{subject, text};

/// The message for `https` subscribers: rendered in chat, with the whole alert in its metadata.
///
/// Source: "Custom notifications using Amazon Q Developer in chat applications", schema version 1.0.
pub fn chat_message(alert: &Alert) -> Value {
    let mut next_steps: Vec<String> = Vec::new();
    next_steps.extend(alert.undo.as_ref().map(|undo| format!("Once the loop is broken: `{undo}`")));
    next_steps.extend(alert.hint.clone());
    json!({
        "version": "1.0",
        "source": "custom",
        "id": alert.dedup_id,
        "content": {
            "textType": "client-markdown",
            "title": subject(alert),
            "description": alert.reason,
            "nextSteps": next_steps,
            "keywords": ["budget-guard", alert.kind.as_str()],
        },
        "metadata": {
            "threadId": alert.rule.arn,
            "summary": subject(alert),
            "eventType": alert.kind.as_str(),
            "relatedResources": [alert.rule.arn],
            "additionalContext": { "alert": alert },
        },
    })
}

/// The body of one SNS message.
pub fn sns_message(alert: &Alert) -> Result<String, serde_json::Error> {
    message_for_all(&text(alert), &serde_json::to_string(alert)?, &chat_message(alert))
}

/// A form for each protocol, as `MessageStructure: json` takes it.
///
/// Source: `Publish`, parameter `MessageStructure` (Amazon SNS API). Keys are protocols; each value is text.
pub(super) fn message_for_all(plain: &str, json: &str, chat: &Value) -> Result<String, serde_json::Error> {
    serde_json::to_string(&json!({
        "default": plain,
        "email": plain,
        "sqs": json,
        "lambda": json,
        "https": chat.to_string(),
    }))
}
