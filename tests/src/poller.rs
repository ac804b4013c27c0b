//! Takes the place of Lambda's SQS event source mapping: passes batches from the guard's queue to the function.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use serde_json::{Map, Value, json};

use super::emulator::REGION;
use super::runtime_api::{Outcome, RuntimeApi};
use super::world::{Queue, World};
use super::{Failure, while_doing};

const DEFAULT_BATCH_SIZE: usize = 10;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Polls on request only, so that a test decides on the time of deliveries.
pub struct Poller<'a> {
    world: &'a World,
    api: &'a RuntimeApi,
    batch_size: usize,
    timeout: Duration,
    has_call_times: bool,
    /// Messages that stay in their queues: the queue, and the receipt handle.
    left: Vec<(&'a Queue, String)>,
}

/// Result of one poll.
#[derive(Debug)]
pub struct Polled {
    /// Number of messages in the batch.
    pub received: usize,
    /// IDs of the messages that stay in the queue.
    pub failed: Vec<String>,
    /// Outcome of the invocation. `None` if the queue was empty.
    pub outcome: Option<Outcome>,
}

impl<'a> Poller<'a> {
    /// Poller with batches of 10 and a timeout of 30 seconds.
    pub fn new(world: &'a World, api: &'a RuntimeApi) -> Self {
        let (batch_size, timeout) = (DEFAULT_BATCH_SIZE, DEFAULT_TIMEOUT);
        Self { world, api, batch_size, timeout, has_call_times: false, left: Vec::new() }
    }

    /// Gives each event the time of its call, as AWS does. The emulator ignores the time in PutEvents.
    pub fn with_call_times(mut self) -> Self {
        self.has_call_times = true;
        self
    }

    /// Sets the mapping's `BatchSize`.
    pub fn batch_size(mut self, messages: usize) -> Self {
        self.batch_size = messages;
        self
    }

    /// Sets the time after which an invocation's batch is given up.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Receives one batch and invokes the function with it. The queue of attached rules comes second.
    pub async fn poll_once(&mut self) -> Result<Polled, Failure> {
        let mut queue = &self.world.guard_queue;
        let mut messages = self.world.receive(queue, self.batch_size).await?;
        if messages.is_empty() {
            queue = &self.world.attached_queue;
            messages = self.world.receive(queue, self.batch_size).await?;
        }
        if messages.is_empty() {
            return Ok(Polled { received: 0, failed: Vec::new(), outcome: None });
        }
        if self.has_call_times {
            messages.iter_mut().for_each(give_call_time);
        }
        let batch = batch(&messages, &queue.arn);
        let outcome = self.api.invoke_within(batch, self.timeout).await;
        let ids: Vec<&str> = messages.iter().filter_map(Message::message_id).collect();
        let failed = failures(&outcome, &ids);
        for message in &messages {
            let Some(handle) = message.receipt_handle() else { continue };
            if message.message_id().is_some_and(|id| failed.iter().any(|failed| failed == id)) {
                self.left.push((queue, handle.to_owned()));
            } else {
                self.world.delete(queue, handle).await?;
            }
        }
        Ok(Polled { received: messages.len(), failed, outcome: Some(outcome) })
    }

    /// Polls until the queue is empty. Returns every poll that received messages.
    pub async fn poll_until_empty(&mut self) -> Result<Vec<Polled>, Failure> {
        let mut polls = Vec::new();
        loop {
            let polled = self.poll_once().await?;
            if polled.received == 0 {
                return Ok(polls);
            }
            polls.push(polled);
        }
    }

    /// Ends the visibility timeout of the messages left in the queue, so that a test need not wait for it.
    pub async fn return_left(&mut self) -> Result<(), Failure> {
        for (queue, handle) in self.left.drain(..) {
            let change = self.world.sqs.change_message_visibility().queue_url(&queue.url);
            let changed = change.receipt_handle(handle).visibility_timeout(0).send().await;
            changed.map_err(while_doing("returning a message to the queue"))?;
        }
        Ok(())
    }
}

/// Sets the envelope's `time` to the call's `eventTime`, in events that a target has wrapped too.
fn give_call_time(message: &mut Message) {
    let Some(mut body) = message.body().and_then(|body| serde_json::from_str::<Value>(body).ok()) else {
        return;
    };
    let event = if body["event"].is_object() { &mut body["event"] } else { &mut body };
    if let Some(time) = event.pointer("/detail/eventTime").cloned() {
        event["time"] = time;
        message.body = Some(body.to_string());
    }
}

fn batch(messages: &[Message], queue_arn: &str) -> Vec<u8> {
    let records: Vec<Value> = messages.iter().map(|message| record(message, queue_arn)).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

fn record(message: &Message, queue_arn: &str) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: Map<String, Value> =
        attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    let own = message.message_attributes().into_iter().flatten();
    let own: Map<String, Value> = own.map(|(name, value)| (name.clone(), own_attribute(value))).collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION
    })
}

fn own_attribute(value: &MessageAttributeValue) -> Value {
    json!({
        "stringValue": value.string_value(),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type()
    })
}

/// IDs of the messages that stay in the queue, by the rules of `ReportBatchItemFailures`. An empty or missing list is
/// success. A reply that cannot be read, or that names an unknown message, fails the whole batch.
fn failures(outcome: &Outcome, ids: &[&str]) -> Vec<String> {
    let all = || ids.iter().map(|id| (*id).to_owned()).collect();
    let Outcome::Response(answer) = outcome else { return all() };
    if answer.is_empty() {
        return Vec::new();
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return all() };
    let Some(items) = answer.get("batchItemFailures").filter(|items| !items.is_null()) else {
        return Vec::new();
    };
    let known = |item: &Value| {
        let id = item.get("itemIdentifier")?.as_str()?;
        ids.contains(&id).then(|| id.to_owned())
    };
    items.as_array().and_then(|items| items.iter().map(known).collect()).unwrap_or_else(all)
}
