//! Forms of an alert for SNS subscribers: plain text, JSON, and the chat schema of Amazon Q Developer.

use serde_json::{Value, json};

use super::{AlertJson, sms};
use crate::alerts::AlertKind;
use crate::escape;

/// Returns a JSON object with the text for each protocol, for `MessageStructure: json`.
///
/// Source: `Publish`, parameter `MessageStructure` (Amazon SNS API). Keys are protocols; each value is text.
pub(super) fn body(alert: &AlertJson) -> Result<String, serde_json::Error> {
    let (plain, json) = (alert.text(), serde_json::to_string(alert)?);
    serde_json::to_string(&json!({
        "default": plain,
        "email": plain,
        "sqs": json,
        "lambda": json,
        "sms": sms::text(alert),
        "https": chat(alert).to_string(),
    }))
}

/// Returns the message for `https` subscribers: text for a chat channel, with the whole alert in its metadata.
///
/// Members that a channel may show are escaped for it. `id`, `threadId` and the alert itself are for programs, as they
/// are.
///
/// Source: "Custom notifications using Amazon Q Developer in chat applications", schema version 1.0.
fn chat(alert: &AlertJson) -> Value {
    let undo =
        alert.undo.as_ref().map(|undo| format!("Once the loop is broken: {}", escape::chat_code(undo)));
    let cure = alert.cure.as_ref().and_then(|cure| cure.command.as_ref());
    let cure =
        cure.map(|command| format!("To break the loop by the pattern: {}", escape::chat_code(command)));
    let hint = alert.hint.as_ref().map(|hint| escape::chat(hint));
    let next_steps: Vec<String> = cure.into_iter().chain(undo).chain(hint).collect();
    let ranked = alert.cut.iter().map(|ranked| &ranked.rule);
    let rules = alert.rule.iter().chain(ranked).chain(&alert.rules);
    let rules: Vec<String> = rules.map(|rule| escape::chat(rule.arn.as_str())).collect();
    let (kind, title) = (alert.kind.as_str(), escape::chat(&alert.subject()));
    json!({
        "version": "1.0",
        "source": "custom",
        "id": alert.dedup_id,
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": escape::chat(&alert.reason),
            "nextSteps": next_steps,
            "keywords": ["budget-guard", kind],
        },
        "metadata": {
            "threadId": thread(alert),
            "summary": title,
            "eventType": kind,
            "relatedResources": rules,
            "additionalContext": { "alert": alert },
        },
    })
}

/// Returns the thread id. Messages about one rule share a thread, and so do those about coverage.
fn thread(alert: &AlertJson) -> &str {
    match (&alert.rule, alert.kind) {
        (Some(rule), _) => rule.arn.as_str(),
        (None, AlertKind::Unwatched) => alert.kind.as_str(),
        (None, _) => &alert.dedup_id,
    }
}
