//! An alert of the guard in the form that a subscriber of its topic receives.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Failure;

/// An alert from the queue that subscribes to the topic.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The parsed message, or its text if it is not JSON.
    pub message: Value,
    /// Subject of the SNS message.
    pub subject: Option<String>,
    /// Message attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl Alert {
    /// Kind of the alert, from its message attribute.
    pub fn kind(&self) -> &str {
        self.attributes.get("kind").map_or("", String::as_str)
    }

    /// Returns true for an alarm of CloudWatch, which uses the same topic.
    fn is_alarm(&self) -> bool {
        self.message["AlarmName"].is_string() && self.attributes.is_empty()
    }

    /// Returns true for an alert that only reports rules with unknown actors.
    pub fn is_of_unknown_actors(&self) -> bool {
        self.kind() == "unwatched" && self.message["settings"] == json!([])
    }

    /// Returns true for an alert of the guard that a test expects. Alerts about unknown actors are not: most rules of
    /// tests have queues without a reader as targets.
    pub fn is_told(&self) -> bool {
        !self.is_alarm() && !self.is_of_unknown_actors()
    }

    /// Parses the envelope of SNS.
    pub fn from_envelope(body: &str) -> Result<Self, Failure> {
        let envelope: Value = serde_json::from_str(body)?;
        let message = envelope["Message"].as_str().ok_or_else(|| format!("not an SNS envelope: {body}"))?;
        let attributes = envelope["MessageAttributes"].as_object().into_iter().flatten();
        Ok(Self {
            message: serde_json::from_str(message).unwrap_or_else(|_| Value::from(message)),
            subject: envelope["Subject"].as_str().map(str::to_owned),
            attributes: attributes
                .map(|(name, value)| (name.clone(), value["Value"].as_str().unwrap_or_default().to_owned()))
                .collect(),
        })
    }
}
