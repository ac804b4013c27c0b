//! Interface of the calls about targets, and its implementation on AWS.

use aws_config::SdkConfig;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::super::fault::fault;
use super::super::json_client::{Api, JsonClient, Request, Retry};
use super::super::lazy::Lazy;
use budget_guard_core::model::Fault;

/// Calls about targets.
pub(super) trait Ask: Send + Sync {
    /// Reply to a request.
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Value, Fault>>;

    /// One page of the subscriptions of a topic, as JSON: `Subscriptions` with `Protocol` and `Endpoint`, and
    /// `NextToken`.
    fn subscriptions<'a>(
        &'a self,
        topic: &'a str,
        next_token: Option<String>,
    ) -> BoxFuture<'a, Result<Value, Fault>>;

    /// URL that calls of the API go to.
    fn endpoint(&self, api: Api) -> Result<String, Fault>;
}

/// Calls on AWS.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    json: JsonClient,
    /// SNS client; the SNS API (2010-03-31) has no JSON protocol.
    topics: Lazy<aws_sdk_sns::Client>,
}

impl Wire {
    /// Calls with the SDK's standard retries.
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            json: JsonClient::new(config, Retry::Standard),
            topics: Lazy::new(config, aws_sdk_sns::Client::new),
        }
    }
}

impl Ask for Wire {
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Value, Fault>> {
        self.json.call(request).boxed()
    }

    fn subscriptions<'a>(
        &'a self,
        topic: &'a str,
        next_token: Option<String>,
    ) -> BoxFuture<'a, Result<Value, Fault>> {
        let list = async move {
            let call = self.topics.list_subscriptions_by_topic().topic_arn(topic).set_next_token(next_token);
            let page = call.send().await.map_err(|error| fault("ListSubscriptionsByTopic", &error))?;
            let those = page.subscriptions().iter();
            let those = those.map(|one| json!({"Protocol": one.protocol(), "Endpoint": one.endpoint()}));
            Ok(json!({"Subscriptions": those.collect::<Vec<_>>(), "NextToken": page.next_token()}))
        };
        list.boxed()
    }

    fn endpoint(&self, api: Api) -> Result<String, Fault> {
        self.json.endpoint(api)
    }
}
