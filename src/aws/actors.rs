//! Who acts when a target gets an event: followed through queues and topics to functions, and to their roles.
//!
//! What the guard may not read stays unknown, and the target says so once: a rule is read whole with or without it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput as Configuration;
use futures_util::future::join_all;

use super::fault::fault;
use super::lazy::Lazy;
use crate::model::{Actor, Fault, FaultKind, OWN_PREFIX, Target, unqualified};

/// For all calls about one target: a cut waits for them.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// The APIs that tell who stands behind a target: Lambda (2015-03-31) and SNS (2010-03-31).
#[derive(Debug, Clone)]
pub(super) struct Followers {
    functions: Lazy<aws_sdk_lambda::Client>,
    topics: Lazy<aws_sdk_sns::Client>,
}

/// What was found behind a queue or a topic, and what could not be read.
#[derive(Default)]
struct Behind {
    actors: Vec<Actor>,
    unfollowed: Option<String>,
}

impl Behind {
    fn add(&mut self, other: Self) {
        self.actors.extend(other.actors);
        self.unfollowed = self.unfollowed.take().or(other.unfollowed);
    }

    fn failed(action: &str, fault: &Fault) -> Self {
        let why = match fault.kind {
            FaultKind::Denied => format!("{action} is not allowed"),
            _ => format!("{action}: {fault}"),
        };
        Self { actors: Vec::new(), unfollowed: Some(why) }
    }
}

impl Followers {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            functions: Lazy::new(config, aws_sdk_lambda::Client::new),
            topics: Lazy::new(config, aws_sdk_sns::Client::new),
        }
    }

    /// Adds who acts for the target, and what a function runs.
    pub async fn follow(&self, mut target: Target) -> Target {
        let found = tokio::time::timeout(PATIENCE, self.behind(&mut target)).await;
        let mut found = found.unwrap_or_else(|_| Behind {
            actors: Vec::new(),
            unfollowed: Some(format!("its functions were not told within {PATIENCE:?}")),
        });
        if let Some(why) = &found.unfollowed {
            tracing::info!(target = target.arn, why, "who acts for a target is not fully known");
        }
        found.actors.truncate(Actor::MAX_PER_TARGET - target.actors.len().min(Actor::MAX_PER_TARGET));
        target.actors.extend(found.actors);
        target.unfollowed = found.unfollowed;
        target
    }

    async fn behind(&self, target: &mut Target) -> Behind {
        match service_of(&target.arn) {
            "lambda" => match self.configuration(&target.arn).await {
                Ok(function) => {
                    target.code_sha256 = function.code_sha256().map(str::to_owned);
                    let actor = Actor::new(&target.arn, function.role());
                    Behind { actors: vec![actor], unfollowed: None }
                }
                Err(fault) => Behind::failed("lambda:GetFunctionConfiguration", &fault),
            },
            "sqs" | "kinesis" => self.behind_queue(&target.arn).await,
            "sns" => self.behind_topic(&target.arn).await,
            _ => Behind::default(),
        }
    }

    async fn configuration(&self, function: &str) -> Result<Configuration, Fault> {
        let call = self.functions.get_function_configuration().function_name(function);
        call.send().await.map_err(|error| fault("GetFunctionConfiguration", &error))
    }

    /// A function with its role, if that may be read.
    async fn function(&self, arn: &str, via: &str) -> Behind {
        let actor = |role: Option<&str>| vec![Actor::new(arn, role).through(via)];
        match self.configuration(arn).await {
            Ok(function) => Behind { actors: actor(function.role()), unfollowed: None },
            Err(fault) => {
                Behind { actors: actor(None), ..Behind::failed("lambda:GetFunctionConfiguration", &fault) }
            }
        }
    }

    /// The functions that Lambda invokes for what is in a queue or a stream. The guard's own are not looked at.
    async fn behind_queue(&self, arn: &str) -> Behind {
        let call = self.functions.list_event_source_mappings().event_source_arn(arn).send();
        let mappings = match call.await.map_err(|error| fault("ListEventSourceMappings", &error)) {
            Ok(mappings) => mappings,
            Err(fault) => return Behind::failed("lambda:ListEventSourceMappings", &fault),
        };
        let is_on = |state: Option<&str>| !matches!(state, Some("Disabled" | "Disabling" | "Deleting"));
        let on = mappings.event_source_mappings().iter().filter(|mapping| is_on(mapping.state()));
        let functions: Vec<&str> = on.filter_map(|mapping| mapping.function_arn()).collect();
        self.each_function(functions, arn).await
    }

    /// The functions that a topic invokes, and those behind the queues it fills.
    async fn behind_topic(&self, arn: &str) -> Behind {
        let call = self.topics.list_subscriptions_by_topic().topic_arn(arn).send();
        let page = match call.await.map_err(|error| fault("ListSubscriptionsByTopic", &error)) {
            Ok(page) => page,
            Err(fault) => return Behind::failed("sns:ListSubscriptionsByTopic", &fault),
        };
        let with = |protocol: &'static str| {
            let subscriptions = page.subscriptions().iter();
            let those = subscriptions.filter(move |one| one.protocol() == Some(protocol));
            those.filter_map(|one| one.endpoint()).take(Actor::MAX_PER_TARGET)
        };
        let mut behind = self.each_function(with("lambda").collect(), arn).await;
        for queue in join_all(with("sqs").map(|queue| self.behind_queue(queue))).await {
            behind.add(queue);
        }
        behind
    }

    async fn each_function(&self, mut arns: Vec<&str>, via: &str) -> Behind {
        arns.retain(|arn| !function_name(arn).starts_with(OWN_PREFIX));
        arns.truncate(Actor::MAX_PER_TARGET);
        let mut all = Behind::default();
        for found in join_all(arns.into_iter().map(|arn| self.function(arn, via))).await {
            all.add(found);
        }
        all
    }
}

fn service_of(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

fn function_name(arn: &str) -> &str {
    unqualified(arn).rsplit(':').next().unwrap_or_default()
}
