//! Consumers of the rules' targets. One of them answers every firing with the next one.

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
/// Time that the function behind `fix-acl` takes for a repair.
const REPAIR: Duration = Duration::from_millis(400);
const HONEST_IDLE: Duration = Duration::from_millis(50);
const BETWEEN_DEPLOYS: Duration = Duration::from_millis(700);

/// A queue that is a target of a rule, with the times of its deliveries.
pub struct Target {
    /// The queue.
    pub queue: Queue,
    deliveries: Mutex<Vec<Timestamp>>,
}

impl Target {
    /// Target without deliveries.
    pub fn new(queue: Queue) -> Self {
        Self { queue, deliveries: Mutex::default() }
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
pub async fn fix(
    world: Arc<World>,
    target: Arc<Target>,
    rule: String,
    function: String,
) -> Result<(), Failure> {
    answer(&world, &target, REPAIR, || people::fixer_repairs(&rule, &function)).await
}

/// The unknown reader of the queue behind `encrypt-buckets`, which answers at once.
pub async fn encrypt(world: Arc<World>, target: Arc<Target>, rule: String) -> Result<(), Failure> {
    answer(&world, &target, Duration::ZERO, || people::worker_encrypts(&rule)).await
}

/// Answers each message with a call, this time after it.
async fn answer(
    world: &World,
    target: &Target,
    after: Duration,
    call: impl Fn() -> Value,
) -> Result<(), Failure> {
    loop {
        let messages = target.receive(world).await?;
        if messages.is_empty() {
            sleep(IDLE).await;
            continue;
        }
        sleep(after).await;
        let calls: Vec<Value> = messages.iter().map(|_| call()).collect();
        tokio::try_join!(world.put_events("default", &calls), target.delete(world, &messages))?;
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
