//! SNS topics: the subscribed functions, queues and streams. One call for 100 subscriptions, and those of each.

use serde_json::Value;

use super::super::json_client::{Api, Operation};
use super::search::{Search, Step};

/// SNS (2010-03-31), which the SDK's own client calls.
const SNS: Api = Api::rest("sns");
/// Lists the subscriptions of a topic.
pub(super) const LIST: Operation = Operation::new(SNS, "sns:ListSubscriptionsByTopic");

/// Suffix of the hosts that show notifications in a chat and do nothing else.
///
/// Source: "Tutorial: Create an Amazon SNS topic" (Amazon Q Developer in chat applications administrator guide).
const CHAT: &str = ".sns-api.chatbot.amazonaws.com";

/// Follows the subscriptions of a topic.
///
/// Source: "Subscribe" (Amazon SNS API reference) for the protocols.
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let Some(pages) = search.subscriptions(LIST, &step.arn).await else { return };
    let all = pages.iter().filter_map(|page| page["Subscriptions"].as_array()).flatten();
    let mut steps = Vec::new();
    for (protocol, endpoint) in all.filter_map(subscription) {
        match protocol {
            "lambda" | "sqs" | "firehose" => steps.push(step.to(endpoint)),
            "http" | "https" if !is_chat(endpoint) => {
                search.miss(format!("it is not seen who acts for subscribers by {protocol}"));
            }
            // Mail, text messages and push messages go to people.
            _ => {}
        }
    }
    search.follow_all(steps).await;
}

fn subscription(value: &Value) -> Option<(&str, &str)> {
    Some((value["Protocol"].as_str()?, value["Endpoint"].as_str()?))
}

fn is_chat(url: &str) -> bool {
    url.split('/').nth(2).is_some_and(|host| host.ends_with(CHAT))
}
