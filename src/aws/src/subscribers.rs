//! Subscribers of the topic for alerts.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;

use super::fault::fault;
use budget_guard_core::model::Fault;

/// ARN that SNS gives a subscription until its endpoint confirms it.
///
/// Source: "ListSubscriptionsByTopic" (Amazon SNS API reference).
const PENDING: &str = "PendingConfirmation";

/// Numbers of subscriptions to a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subscribers {
    /// Number of confirmed subscriptions.
    pub confirmed: u64,
    /// Number of subscriptions that are not confirmed yet. They receive nothing.
    pub pending: u64,
}

/// Counts the subscriptions to a topic.
///
/// # Errors
///
/// Returns the error of AWS, such as a denied `sns:ListSubscriptionsByTopic`.
pub async fn subscribers(config: &SdkConfig, topic_arn: &str) -> Result<Subscribers, Fault> {
    let mut pages =
        Client::new(config).list_subscriptions_by_topic().topic_arn(topic_arn).into_paginator().send();
    let mut counts = Subscribers::default();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| fault("ListSubscriptionsByTopic", &error))?;
        for subscription in page.subscriptions() {
            match subscription.subscription_arn() {
                Some(PENDING) => counts.pending += 1,
                _ => counts.confirmed += 1,
            }
        }
    }
    Ok(counts)
}
