//! Resources of a guard outside a stack: the table, and queues.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use super::world::Queue;
use super::{Failure, while_doing};

/// Creates the guard's table.
pub async fn create_table(dynamodb: &aws_sdk_dynamodb::Client, name: &str) -> Result<(), Failure> {
    let (key, string) = ("pk", ScalarAttributeType::S);
    let create = dynamodb
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name(key).attribute_type(string).build()?,
        )
        .key_schema(KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build()?);
    create.send().await.map_err(while_doing("creating the table"))?;
    let expiry = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build()?;
    let update = dynamodb.update_time_to_live().table_name(name).time_to_live_specification(expiry);
    update.send().await.map(drop).map_err(while_doing("setting the table's expiry"))
}

/// Allows the topic to send to the queue, which matters if the emulator checks rights.
pub async fn admit_topic(sqs: &aws_sdk_sqs::Client, queue: &Queue, topic_arn: &str) -> Result<(), Failure> {
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue.arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}}
    }]});
    let set = sqs.set_queue_attributes().queue_url(&queue.url);
    let set = set.attributes(QueueAttributeName::Policy, policy.to_string()).send().await;
    set.map(drop).map_err(while_doing("admitting the topic to the alert queue"))
}

/// Creates a queue.
pub async fn create_queue(sqs: &aws_sdk_sqs::Client, name: &str) -> Result<Queue, Failure> {
    let created = sqs.create_queue().queue_name(name).send().await;
    let url = created.map_err(while_doing(format_args!("creating queue {name}")))?.queue_url;
    let url = url.ok_or_else(|| format!("queue {name} has no URL"))?;
    let arn = QueueAttributeName::QueueArn;
    let get = sqs.get_queue_attributes().queue_url(&url).attribute_names(arn.clone()).send().await;
    let attributes = get.map_err(while_doing(format_args!("describing queue {name}")))?.attributes;
    let arn = attributes.and_then(|mut attributes| attributes.remove(&arn));
    Ok(Queue { url, arn: arn.ok_or_else(|| format!("queue {name} has no ARN"))? })
}
