//! SSM Automation: the role in the target's input or in the document. One call; none if the input has the role.

use serde_json::{Value, json};

use super::super::json_client::{Api, Operation};
use super::search::{Search, Step};
use budget_guard_core::hints::Known;

/// Systems Manager (2014-11-06).
const SSM: Api = Api::json_1_1("ssm", "AmazonSSM");
/// Reads the document.
pub(super) const GET: Operation = Operation::new(SSM, "ssm:GetDocument");

/// Version of a document if none is named.
const DEFAULT: &str = "$DEFAULT";

/// Finds the role of an automation.
///
/// Sources: `StartAutomationExecution` in the AWS Systems Manager API reference; "Data elements and parameters" for
/// `assumeRole` (AWS Systems Manager user guide).
pub(super) async fn resolve(search: &Search<'_>, step: Step) {
    let (kind, name) = step.place().resource.split_once('/').unwrap_or((step.place().resource, ""));
    match kind {
        "automation-definition" => {}
        "document" => {
            search.miss(format!("the instances that run the command {name} act with roles of their own"));
            return;
        }
        // Only creates an OpsItem; no code runs.
        "opsitem" => return,
        _ => {
            search.miss(format!("it is not known who acts for {}", step.place().resource));
            return;
        }
    }
    match step.hints.role(step.place()) {
        Known::Constant(role) => return search.add(step.actor(Some(role))),
        Known::Chosen => return search.miss(format!("each event chooses the role of the automation {name}")),
        Known::Absent => {}
    }
    let input = step.hints.input.clone().unwrap_or_default();
    let (name, version) = name.split_once(':').unwrap_or((name, DEFAULT));
    let mut body = json!({"Name": name, "DocumentFormat": "JSON"});
    if version != DEFAULT {
        body["DocumentVersion"] = json!(version);
    }
    let Some(reply) = search.ask(GET.rpc(body.to_string())).await else { return };
    let content = reply["Content"].as_str().and_then(|content| serde_json::from_str(content).ok());
    let document: Value = content.unwrap_or_default();
    match assumed(&document, &input, search, &step) {
        Some(role) => search.add(step.actor(Some(&role))),
        None => {
            search.add(step.actor(None));
            search.miss(format!(
                "no constant role is given to the automation {name}, which without one acts with the role that starts it"
            ));
        }
    }
}

/// Role in the document's `assumeRole`, with parameters replaced by the input or their defaults.
fn assumed(document: &Value, input: &Value, search: &Search<'_>, step: &Step) -> Option<String> {
    let role = document["assumeRole"].as_str()?.trim();
    let role = match parameter(role) {
        Some(name) => match Known::of_input(&input[name]) {
            Known::Constant(role) => role,
            Known::Chosen => return None,
            Known::Absent => document["parameters"][name]["default"].as_str()?,
        },
        None => role,
    };
    let mut role = role.to_owned();
    let place = step.place();
    let known =
        [("ACCOUNT_ID", search.account()), ("REGION", place.region), ("AWS_PARTITION", place.partition)];
    for (name, value) in known {
        role = role.replace(&format!("{{{{global:{name}}}}}"), value);
        role = role.replace(&format!("{{{{ global:{name} }}}}"), value);
    }
    (role.starts_with("arn:") && !role.contains("{{")).then_some(role)
}

/// Parameter name `NAME` of `{{ NAME }}`.
fn parameter(text: &str) -> Option<&str> {
    let name = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    (!name.contains("{{") && !name.contains(':')).then_some(name)
}
