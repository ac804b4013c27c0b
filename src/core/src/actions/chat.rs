//! An alert in the forms that SNS subscribers read: plain text, JSON, and the chat schema of Amazon Q Developer.

use serde::Serialize;
use serde_json::{Value, json};

use crate::actions::alert::Alert;
use crate::actions::text::{subject, text};
use crate::model::RuleArn;

/// What chat shows of an alert, whichever kind it is of.
pub(super) struct Chat<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    /// Messages with the same one are shown together.
    pub thread: &'a str,
    pub title: String,
    pub description: &'a str,
    pub next_steps: Vec<String>,
    pub rules: Vec<&'a RuleArn>,
}

impl Chat<'_> {
    /// The message for `https` subscribers: rendered in chat, with the whole alert in its metadata.
    ///
    /// Source: "Custom notifications using Amazon Q Developer in chat applications", schema version 1.0.
    fn message(&self, alert: &impl Serialize) -> Value {
        json!({
            "version": "1.0",
            "source": "custom",
            "id": self.id,
            "content": {
                "textType": "client-markdown",
                "title": self.title,
                "description": self.description,
                "nextSteps": self.next_steps,
                "keywords": ["budget-guard", self.kind],
            },
            "metadata": {
                "threadId": self.thread,
                "summary": self.title,
                "eventType": self.kind,
                "relatedResources": self.rules,
                "additionalContext": { "alert": alert },
            },
        })
    }

    /// The body of one SNS message.
    pub fn sns_message(&self, plain: &str, alert: &impl Serialize) -> Result<String, serde_json::Error> {
        message_for_all(plain, &serde_json::to_string(alert)?, &self.message(alert))
    }
}

fn chat(alert: &Alert) -> Chat<'_> {
    let mut next_steps: Vec<String> = Vec::new();
    next_steps.extend(alert.undo.as_ref().map(|undo| format!("Once the loop is broken: `{undo}`")));
    next_steps.extend(alert.hint.clone());
    Chat {
        id: &alert.dedup_id,
        kind: alert.kind.as_str(),
        thread: alert.rule.arn.as_str(),
        title: subject(alert),
        description: &alert.reason,
        next_steps,
        rules: vec![&alert.rule.arn],
    }
}

/// The body of one SNS message.
pub fn sns_message(alert: &Alert) -> Result<String, serde_json::Error> {
    chat(alert).sns_message(&text(alert), alert)
}

/// A form for each protocol, as `MessageStructure: json` takes it.
///
/// Source: `Publish`, parameter `MessageStructure` (Amazon SNS API). Keys are protocols; each value is text.
fn message_for_all(plain: &str, json: &str, chat: &Value) -> Result<String, serde_json::Error> {
    serde_json::to_string(&json!({
        "default": plain,
        "email": plain,
        "sqs": json,
        "lambda": json,
        "https": chat.to_string(),
    }))
}
