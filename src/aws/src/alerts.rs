//! Alerts through SNS, with a text for each kind of subscriber.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;

use super::fault::fault;
use super::lazy::Lazy;
use budget_guard_core::alerts::{Alert, Commands, message};
use budget_guard_core::model::{Fault, FaultKind};
use budget_guard_core::ports::Alerts;

/// Publishes alerts to one SNS topic.
#[derive(Debug, Clone)]
pub struct SnsAlerts {
    client: Lazy<Client>,
    topic_arn: String,
}

impl SnsAlerts {
    /// Publishes to the topic with this ARN.
    pub fn new(config: &SdkConfig, topic_arn: &str) -> Self {
        Self { client: Lazy::new(config, Client::new), topic_arn: topic_arn.to_owned() }
    }
}

fn attribute(value: &str) -> Result<MessageAttributeValue, Fault> {
    let built = MessageAttributeValue::builder().data_type("String").string_value(value).build();
    built.map_err(|error| Fault::new(FaultKind::Other, error.to_string()))
}

impl Alerts for SnsAlerts {
    fn topic_arn(&self) -> &str {
        &self.topic_arn
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Fault> {
        let message = message(alert, &Commands::of_topic(&self.topic_arn))
            .map_err(|error| Fault::new(FaultKind::Other, error.to_string()))?;
        let mut call = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&message.subject)
            .message_structure("json")
            .message(&message.body);
        for (name, value) in message.attributes() {
            call = call.message_attributes(name, attribute(value)?);
        }
        call.send().await.map(|_| ()).map_err(|error| fault("Publish", &error))
    }
}
