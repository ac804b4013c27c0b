//! The guard's resources on an emulator: table, topic, queues, buses and rules.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::{InputTransformer, PutEventsRequestEntry, RuleState, Tag, Target};
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use budget_guard_core::settings;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::alert::Alert;
use super::emulator::Emulator;
use super::own::own_arns;
use super::resources::{admit_topic, create_queue, create_table};
use super::{Failure, while_doing};

/// Maximum number of events or messages in one call of EventBridge or SQS.
const CALL_LIMIT: usize = 10;
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Input transformer of the guard's target, as the product installs it.
pub const TEMPLATE: &str = r#"{"ruleArn": <aws.events.rule-arn>, "event": <aws.events.event.json>}"#;

/// Name of the guard's rule on the default bus, as the product installs it.
const CATCH_ALL: &str = "budget-guard-catch-all";
const CATCH_ALL_PATTERN: &str =
    r#"{"source":[{"prefix":"aws."},{"prefix":"custom."}],"detail-type":[{"suffix":"via CloudTrail"}]}"#;

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// URL of the queue.
    pub url: String,
    /// ARN of the queue.
    pub arn: String,
}

/// Resources of one guard. Several can share an emulator, because their names differ.
pub struct World {
    /// EventBridge client.
    pub events: aws_sdk_eventbridge::Client,
    /// DynamoDB client.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SNS client.
    pub sns: aws_sdk_sns::Client,
    /// SQS client.
    pub sqs: aws_sdk_sqs::Client,
    /// Name of the table.
    pub table: String,
    /// ARN of the topic for alerts.
    pub topic_arn: String,
    /// Queue of the guard's own rules.
    pub guard_queue: Queue,
    /// Queue of attached rules.
    pub attached_queue: Queue,
    /// Queue that subscribes to the topic.
    pub alert_queue: Queue,
    pub(super) environment: Vec<(&'static str, String)>,
}

impl World {
    /// Creates all resources.
    pub async fn create(emulator: &Emulator) -> Result<Self, Failure> {
        static CREATED: AtomicU32 = AtomicU32::new(1);
        let name = format!("budget-guard-{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let config = emulator.sdk_config();
        create_table(&aws_sdk_dynamodb::Client::new(&config), &name).await?;
        let sqs = aws_sdk_sqs::Client::new(&config);
        let guard_queue = create_queue(&sqs, &name).await?;
        // Named otherwise than in a stack: no function reads it here, and a tick would report that.
        let attached_queue = create_queue(&sqs, &format!("{name}-rules")).await?;
        let sns = aws_sdk_sns::Client::new(&config);
        let topic = sns.create_topic().name(&name).send().await.map_err(while_doing("creating the topic"))?;
        let topic_arn = topic.topic_arn.ok_or("the topic has no ARN")?;
        Self::around(emulator, name, topic_arn, [guard_queue, attached_queue]).await
    }

    /// Resources around a deployed guard, which has table, topic, and queues for its own and for attached rules. Adds a
    /// reader of the alerts.
    pub async fn around(
        emulator: &Emulator,
        table: String,
        topic_arn: String,
        [guard_queue, attached_queue]: [Queue; 2],
    ) -> Result<Self, Failure> {
        let config = emulator.sdk_config();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let sns = aws_sdk_sns::Client::new(&config);
        let sqs = aws_sdk_sqs::Client::new(&config);
        let alert_queue = create_queue(&sqs, &format!("{table}-alerts")).await?;
        admit_topic(&sqs, &alert_queue, &topic_arn).await?;
        let subscribe = sns.subscribe().topic_arn(&topic_arn).protocol("sqs").endpoint(&alert_queue.arn);
        subscribe.send().await.map_err(while_doing("subscribing the alert queue"))?;

        let mut environment = emulator.environment();
        environment.push(("BUDGET_GUARD_TABLE", table.clone()));
        environment.push(("BUDGET_GUARD_TOPIC_ARN", topic_arn.clone()));
        environment.push(("BUDGET_GUARD_ATTACHED_QUEUE_ARN", attached_queue.arn.clone()));
        let own = own_arns(emulator.account(), &[]);
        let own = format!("{own},{},{}", guard_queue.arn, attached_queue.arn);
        environment.push((settings::OWN, own));
        environment.push(("BUDGET_GUARD_MODE", "enforce".to_owned()));
        // Limits in tags are small in tests.
        environment.push(("BUDGET_GUARD_TAG_FLOOR", "1/1d".to_owned()));
        // Emulators take no events of `aws.…`, as AWS does. Events of `custom.…` replace them.
        environment.push(("BUDGET_GUARD_TRUSTED_SOURCES", "custom.".to_owned()));
        let events = aws_sdk_eventbridge::Client::new(&config);
        Ok(Self {
            events,
            dynamodb,
            sns,
            sqs,
            table,
            topic_arn,
            guard_queue,
            attached_queue,
            alert_queue,
            environment,
        })
    }

    /// Environment of the function and the command line.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        self.environment.clone()
    }

    /// Creates an event bus.
    pub async fn create_bus(&self, name: &str) -> Result<(), Failure> {
        let created = self.events.create_event_bus().name(name).send().await;
        created.map(drop).map_err(while_doing(format_args!("creating bus {name}")))
    }

    /// Creates a rule and returns its ARN.
    pub async fn create_rule(
        &self,
        bus: &str,
        name: &str,
        pattern_json: &str,
        state: RuleState,
        tags: &[(&str, &str)],
    ) -> Result<String, Failure> {
        let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
        let tags = tags.iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        let put =
            self.events.put_rule().event_bus_name(bus).name(name).event_pattern(pattern_json).state(state);
        let put = put.set_tags(Some(tags).filter(|tags| !tags.is_empty())).send().await;
        let rule = put.map_err(while_doing(format_args!("creating rule {name}")))?;
        rule.rule_arn.ok_or_else(|| "the rule has no ARN".into())
    }

    /// Adds the guard's queue for attached rules with the input transformer to the rule's targets.
    ///
    /// On moto this target delivers nothing: moto does not replace `<aws.events.rule-arn>`, and fails on the resulting
    /// JSON.
    pub async fn attach(&self, bus: &str, rule: &str, target_id: &str) -> Result<(), Failure> {
        self.attach_with(bus, rule, target_id, TEMPLATE).await
    }

    /// Attaches a rule with another input template.
    pub async fn attach_with(
        &self,
        bus: &str,
        rule: &str,
        target_id: &str,
        template: &str,
    ) -> Result<(), Failure> {
        let transformer = InputTransformer::builder().input_template(template).build()?;
        let target =
            Target::builder().id(target_id).arn(&self.attached_queue.arn).input_transformer(transformer);
        self.put_target(bus, rule, target.build()?).await
    }

    /// Creates the guard's rule on the default bus, which sends every event of CloudTrail to its queue unchanged.
    pub async fn catch_all(&self) -> Result<(), Failure> {
        self.create_rule("default", CATCH_ALL, CATCH_ALL_PATTERN, RuleState::Enabled, &[]).await?;
        self.add_queue_target("default", CATCH_ALL, "guard", &self.guard_queue).await
    }

    /// Adds a queue to the rule's targets, as the rule's actual purpose.
    pub async fn add_queue_target(
        &self,
        bus: &str,
        rule: &str,
        target_id: &str,
        queue: &Queue,
    ) -> Result<(), Failure> {
        self.put_target(bus, rule, Target::builder().id(target_id).arn(&queue.arn).build()?).await
    }

    async fn put_target(&self, bus: &str, rule: &str, target: Target) -> Result<(), Failure> {
        let put = self.events.put_targets().event_bus_name(bus).rule(rule).targets(target).send().await;
        let put = put.map_err(while_doing(format_args!("adding a target to {rule}")))?;
        match put.failed_entries() {
            [] => Ok(()),
            failed => Err(format!("adding a target to {rule}: {failed:?}").into()),
        }
    }

    /// Puts events in the form of `payload::event` onto a bus. The bus sets their ID and time.
    pub async fn put_events(&self, bus: &str, events: &[Value]) -> Result<(), Failure> {
        for chunk in events.chunks(CALL_LIMIT) {
            let entries = chunk.iter().map(|event| {
                PutEventsRequestEntry::builder()
                    .event_bus_name(bus)
                    .set_source(event["source"].as_str().map(str::to_owned))
                    .set_detail_type(event["detail-type"].as_str().map(str::to_owned))
                    .detail(event["detail"].to_string())
                    .build()
            });
            let put = self.events.put_events().set_entries(Some(entries.collect())).send().await;
            let put = put.map_err(while_doing(format_args!("putting events on {bus}")))?;
            if put.failed_entry_count() != 0 {
                return Err(format!("putting events on {bus}: {:?}", put.entries()).into());
            }
        }
        Ok(())
    }

    /// State of a rule.
    pub async fn rule_state(&self, bus: &str, rule: &str) -> Result<RuleState, Failure> {
        let described = self.events.describe_rule().event_bus_name(bus).name(rule).send().await;
        let described = described.map_err(while_doing(format_args!("describing rule {rule}")))?;
        described.state.ok_or_else(|| format!("rule {rule} has no state").into())
    }

    /// Item with the guard's record of a rule.
    pub async fn record(&self, rule_arn: &str) -> Result<Option<HashMap<String, AttributeValue>>, Failure> {
        self.item(&format!("rule#{rule_arn}")).await
    }

    /// Item of the guard's table by its key.
    pub async fn item(&self, pk: &str) -> Result<Option<HashMap<String, AttributeValue>>, Failure> {
        let key = AttributeValue::S(pk.to_owned());
        let get = self.dynamodb.get_item().table_name(&self.table).key("pk", key).consistent_read(true);
        Ok(get.send().await.map_err(while_doing(format_args!("reading item {pk}")))?.item)
    }

    /// Edits the JSON in one attribute of an item of the guard's table.
    pub async fn edit_item(
        &self,
        pk: &str,
        attribute: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<(), Failure> {
        let mut item = self.item(pk).await?.ok_or_else(|| format!("there is no item {pk}"))?;
        let text = item.get(attribute).and_then(|value| value.as_s().ok());
        let mut json = serde_json::from_str(text.ok_or_else(|| format!("item {pk}: no {attribute}"))?)?;
        edit(&mut json);
        item.insert(attribute.to_owned(), AttributeValue::S(json.to_string()));
        let put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(while_doing(format_args!("changing item {pk}")))
    }

    /// Creates a queue.
    pub async fn create_queue(&self, name: &str) -> Result<Queue, Failure> {
        create_queue(&self.sqs, name).await
    }

    /// Sends one message.
    pub async fn send(&self, queue: &Queue, body: &str) -> Result<(), Failure> {
        let sent = self.sqs.send_message().queue_url(&queue.url).message_body(body).send().await;
        sent.map(drop).map_err(while_doing(format_args!("sending to {}", queue.arn)))
    }

    /// Sends at most ten messages in one call.
    pub async fn send_batch(&self, queue: &Queue, bodies: &[String]) -> Result<(), Failure> {
        let entry = |(id, body): (usize, &String)| {
            SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body).build()
        };
        let entries = bodies.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let send = self.sqs.send_message_batch().queue_url(&queue.url).set_entries(Some(entries));
        let sent = send.send().await.map_err(while_doing(format_args!("sending to {}", queue.arn)))?;
        match sent.failed() {
            [] => Ok(()),
            failed => Err(format!("sending to {}: {failed:?}", queue.arn).into()),
        }
    }

    /// Number of messages in a queue, those in flight included.
    pub async fn messages_in(&self, queue: &Queue) -> Result<u64, Failure> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let get = self.sqs.get_queue_attributes().queue_url(&queue.url);
        let reply = get.set_attribute_names(Some(names.to_vec())).send().await;
        let reply = reply.map_err(while_doing(format_args!("describing {}", queue.arn)))?;
        let attributes = reply.attributes.unwrap_or_default();
        let counts = names.iter().map(|name| attributes.get(name).map_or(Ok(0), |text| text.parse::<u64>()));
        Ok(counts.sum::<Result<u64, _>>()?)
    }

    /// Waits until this number of messages is in the queue. The bus delivers a moment after PutEvents.
    pub async fn wait_for_messages(
        &self,
        queue: &Queue,
        count: u64,
        within: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        while self.messages_in(queue).await? < count {
            if Instant::now() >= deadline {
                let there = self.messages_in(queue).await?;
                return Err(format!("{there} of {count} messages in {} after {within:?}", queue.arn).into());
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Waits until the queue is empty, without messages in flight.
    pub async fn wait_until_empty(&self, queue: &Queue, within: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        while self.messages_in(queue).await? > 0 {
            if Instant::now() >= deadline {
                return Err(format!("messages still wait in {} after {within:?}", queue.arn).into());
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Receives up to `max` messages. They stay in the queue, invisible for its visibility timeout.
    pub async fn receive(&self, queue: &Queue, max: usize) -> Result<Vec<Message>, Failure> {
        let mut messages = Vec::new();
        while messages.len() < max {
            let wanted = i32::try_from(CALL_LIMIT.min(max - messages.len()))?;
            let receive = self.sqs.receive_message().queue_url(&queue.url).max_number_of_messages(wanted);
            let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
            let received = receive.message_attribute_names("All").wait_time_seconds(0).send().await;
            let batch = received.map_err(while_doing(format_args!("receiving from {}", queue.arn)))?.messages;
            let Some(batch) = batch.filter(|batch| !batch.is_empty()) else { break };
            messages.extend(batch);
        }
        Ok(messages)
    }

    /// Deletes a message.
    pub async fn delete(&self, queue: &Queue, receipt_handle: &str) -> Result<(), Failure> {
        let delete = self.sqs.delete_message().queue_url(&queue.url).receipt_handle(receipt_handle);
        delete.send().await.map(drop).map_err(while_doing(format_args!("deleting from {}", queue.arn)))
    }

    /// Removes all messages from a queue and returns their bodies.
    pub async fn drain(&self, queue: &Queue) -> Result<Vec<String>, Failure> {
        let messages = self.receive(queue, usize::MAX).await?;
        let mut bodies = Vec::new();
        for message in messages {
            self.delete(queue, message.receipt_handle().unwrap_or_default()).await?;
            bodies.push(message.body.unwrap_or_default());
        }
        Ok(bodies)
    }

    /// Alerts of the guard since the last call, without alarms of the stack.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Failure> {
        self.alerts_that(Alert::is_told).await
    }

    async fn alerts_that(&self, are_wanted: fn(&Alert) -> bool) -> Result<Vec<Alert>, Failure> {
        let bodies = self.drain(&self.alert_queue).await?;
        let alerts = bodies.iter().map(|body| Alert::from_envelope(body));
        alerts.filter(|alert| alert.as_ref().map_or(true, are_wanted)).collect()
    }

    /// Waits until there are `count` alerts or the time is over.
    pub async fn wait_for_alerts(&self, count: usize, within: Duration) -> Result<Vec<Alert>, Failure> {
        self.wait_for(Alert::is_told, count, within).await
    }

    /// Waits as `wait_for_alerts`, for the alerts selected by `are_wanted`.
    pub async fn wait_for(
        &self,
        are_wanted: fn(&Alert) -> bool,
        count: usize,
        within: Duration,
    ) -> Result<Vec<Alert>, Failure> {
        let deadline = Instant::now() + within;
        let mut alerts = self.alerts_that(are_wanted).await?;
        while alerts.len() < count && Instant::now() < deadline {
            sleep(POLL_INTERVAL).await;
            alerts.extend(self.alerts_that(are_wanted).await?);
        }
        Ok(alerts)
    }
}
