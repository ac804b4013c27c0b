//! Consumers of the rules' targets. One of them answers every firing with the next one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use budget_guard_core::model::Timestamp;
use serde_json::Value;
use tokio::time::sleep;

use super::people;
use budget_guard_tests::world::{Queue, World};
use budget_guard_tests::{Failure, while_doing};

/// Maximum number of messages in one ReceiveMessage call.
const BATCH: i32 = 10;
const IDLE: Duration = Duration::from_millis(2);
const HONEST_IDLE: Duration = Duration::from_millis(50);
const BETWEEN_DEPLOYS: Duration = Duration::from_millis(700);

/// A queue that is a target of a rule, with the times of its deliveries.
pub struct Target {
    /// The queue.
    pub queue: Queue,
    deliveries: Mutex<Vec<Timestamp>>,
    is_fixed: AtomicBool,
}

impl Target {
    /// Target without deliveries.
    pub fn new(queue: Queue) -> Self {
        Self { queue, deliveries: Mutex::default(), is_fixed: AtomicBool::new(false) }
    }

    /// Times at which firings arrived in the queue, by the queue's clock, in order.
    pub fn deliveries(&self) -> Vec<Timestamp> {
        let mut times = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        times.sort_unstable();
        times
    }

    /// Number of firings that arrived.
    pub fn firings(&self) -> usize {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Makes the consumer check for its own repairs from now on.
    pub fn fix_the_bug(&self) {
        self.is_fixed.store(true, Ordering::Relaxed);
    }

    async fn receive(&self, world: &World) -> Result<Vec<Message>, Failure> {
        let receive = world.sqs.receive_message().queue_url(&self.queue.url).max_number_of_messages(BATCH);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let received = receive.wait_time_seconds(0).send().await;
        let messages =
            received.map_err(while_doing(format_args!("receiving from {}", self.queue.arn)))?.messages;
        let messages = messages.unwrap_or_default();
        let times = messages.iter().map(sent_at).collect::<Result<Vec<_>, _>>()?;
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).extend(times);
        Ok(messages)
    }

    async fn delete(&self, world: &World, messages: &[Message]) -> Result<(), Failure> {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            let handle = message.receipt_handle().unwrap_or_default();
            DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(handle).build()
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let delete = world.sqs.delete_message_batch().queue_url(&self.queue.url).set_entries(Some(entries));
        delete.send().await.map(drop).map_err(while_doing(format_args!("deleting from {}", self.queue.arn)))
    }
}

fn sent_at(message: &Message) -> Result<Timestamp, Failure> {
    let attributes = message.attributes().ok_or("a message without attributes")?;
    let sent =
        attributes.get(&MessageSystemAttributeName::SentTimestamp).ok_or("a message without a time")?;
    Ok(Timestamp::from_millisecond(sent.parse()?)?)
}

/// The function behind `fix-acl`. It repairs each bucket that it gets an event of, after its own repairs too.
pub async fn fix(world: Arc<World>, target: Arc<Target>, rule_arn: String) -> Result<(), Failure> {
    loop {
        let messages = target.receive(&world).await?;
        if messages.is_empty() {
            sleep(IDLE).await;
            continue;
        }
        let mut repairs = Vec::new();
        for message in &messages {
            let seen: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            if !target.is_fixed.load(Ordering::Relaxed) || !people::is_private(&seen) {
                repairs.push(people::fixer_repairs(&rule_arn, &seen));
            }
        }
        tokio::try_join!(world.put_events("default", &repairs), target.delete(&world, &messages))?;
    }
}

/// The function behind `notify-deploys`, which only consumes events.
pub async fn listen(world: Arc<World>, target: Arc<Target>) -> Result<(), Failure> {
    loop {
        let messages = target.receive(&world).await?;
        match messages.is_empty() {
            true => sleep(HONEST_IDLE).await,
            false => target.delete(&world, &messages).await?,
        }
    }
}

/// A person whose calls fire `notify-deploys`.
pub async fn deploy_now_and_then(world: Arc<World>, rule_arn: String) -> Result<(), Failure> {
    loop {
        world.put_events("default", &[people::carol_deploys(&rule_arn)]).await?;
        sleep(BETWEEN_DEPLOYS).await;
    }
}
