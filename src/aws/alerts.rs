//! Alerts through SNS, in the form that each kind of subscriber reads.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::fault::fault;
use super::lazy::Lazy;
use crate::actions::{self, Alert};
use crate::model::{Fault, FaultKind};
use crate::ports::Alerts;

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

impl Alerts for SnsAlerts {
    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        let unwritable = |error: serde_json::Error| Fault::new(FaultKind::Other, error.to_string());
        let message = actions::sns_message(alert).map_err(unwritable)?;
        let attribute = |value: &str| {
            let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            built.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))
        };
        let call = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(actions::subject(alert))
            .message_structure("json")
            .message(message)
            .message_attributes("kind", attribute(alert.kind.as_str())?)
            .message_attributes("rule_arn", attribute(alert.rule.arn.as_str())?)
            .message_attributes("dedup_id", attribute(&alert.dedup_id)?);
        call.send().await.map(|_| ()).map_err(|error| fault("Publish", &error))
    }
}
