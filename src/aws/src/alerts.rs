//! Alerts through SNS, in the form that each kind of subscriber reads.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::fault::fault;
use super::lazy::Lazy;
use budget_guard_core::actions::{self, Alert, BudgetAlert, UnwatchedAlert};
use budget_guard_core::model::{Fault, FaultKind};
use budget_guard_core::ports::Alerts;

/// Alerts on one topic.
#[derive(Debug, Clone)]
pub struct SnsAlerts {
    client: Lazy<Client>,
    topic_arn: String,
}

impl SnsAlerts {
    pub fn new(config: &SdkConfig, topic_arn: &str) -> Self {
        Self { client: Lazy::new(config, Client::new), topic_arn: topic_arn.to_owned() }
    }
}

fn attribute(value: &str) -> Result<MessageAttributeValue, Fault> {
    let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    built.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))
}

impl SnsAlerts {
    async fn send(
        &self,
        subject: String,
        message: Result<String, serde_json::Error>,
        attributes: &[(&str, &str)],
    ) -> Result<(), Fault> {
        let message = message.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let mut call = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(subject)
            .message_structure("json")
            .message(message);
        for (name, value) in attributes {
            call = call.message_attributes(*name, attribute(value)?);
        }
        call.send().await.map(|_| ()).map_err(|error| fault("Publish", &error))
    }
}

impl Alerts for SnsAlerts {
    fn topic_arn(&self) -> &str {
        &self.topic_arn
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        let attributes = [
            ("kind", alert.kind.as_str()),
            ("rule_arn", alert.rule.arn.as_str()),
            ("dedup_id", &alert.dedup_id),
        ];
        self.send(actions::subject(alert), actions::sns_message(alert), &attributes).await
    }

    async fn announce(&self, alert: &BudgetAlert) -> Result<(), Fault> {
        let attributes = [("kind", BudgetAlert::KIND), ("dedup_id", &alert.dedup_id)];
        self.send(alert.subject(), alert.sns_message(), &attributes).await
    }

    async fn warn(&self, alert: &UnwatchedAlert) -> Result<(), Fault> {
        let attributes = [("kind", UnwatchedAlert::KIND), ("dedup_id", &alert.dedup_id)];
        self.send(alert.subject(), alert.sns_message(), &attributes).await
    }
}
