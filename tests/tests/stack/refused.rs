//! Policies of the guard's queues, topics and table refuse everyone but AWS services and the roles that they name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::policies::{ACCOUNT, REGION, Statement, Template, statements};
use budget_guard_tests::Failure;
use budget_guard_tests::stack::expanded;

/// Statements that deny others than services a right of their own: actions, and the principals left out.
fn denied(document: &Value) -> Vec<(BTreeSet<String>, Vec<String>)> {
    let denied = statements(document).into_iter().filter(|statement| !statement.is_allow);
    let read = |statement: Statement| {
        assert_eq!(statement.body["Principal"], "*", "{}", statement.body);
        let condition = &statement.body["Condition"];
        assert_eq!(condition["BoolIfExists"]["aws:PrincipalIsAWSService"], "false", "{}", statement.body);
        let text = |arn: &Value| arn.as_str().unwrap_or_default().to_owned();
        let left_out = match &condition["ArnNotEquals"]["aws:PrincipalArn"] {
            Value::Array(arns) => arns.iter().map(text).collect(),
            Value::Null => Vec::new(),
            arn => vec![text(arn)],
        };
        (statement.actions, left_out)
    };
    denied.map(read).collect()
}

/// A right in the sender's own policy is enough in the same account, so only a denial keeps others away.
#[tokio::test]
async fn no_right_of_their_own_lets_others_speak_to_the_guard() -> Result<(), Failure> {
    let expanded = expanded().await?;
    let functions = ["${IngestRole.Arn}", "${ControlRole.Arn}"];
    let writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate"];
    let writes = writes.iter().chain(&["PartiQLDelete"]).map(|action| format!("dynamodb:{action}"));
    let writes: BTreeSet<String> = writes.collect();
    for met in [&["HasOperator"][..], &[]] {
        let template = Template::new(&expanded, met);
        let operator = Some("${OperatorRole.Arn}").filter(|_| !met.is_empty());
        let check = |document: &Value, action: &str, left_out: Option<&[&str]>| {
            let seen = denied(document);
            let Some(left_out) = left_out else { return assert_eq!(seen, [], "{met:?}: {document}") };
            let left_out: Vec<String> = left_out.iter().map(|arn| (*arn).to_owned()).collect();
            assert_eq!(seen, [(BTreeSet::from([action.to_owned()]), left_out)], "{met:?}: {document}");
        };
        let policy = |id: &str| template.resource(id)["Properties"]["PolicyDocument"].clone();
        let operator: Vec<&str> = operator.into_iter().collect();
        check(&policy("QueuePolicy"), "sqs:SendMessage", Some(&operator));
        check(&policy("AttachedQueuePolicy"), "sqs:SendMessage", Some(&operator));
        check(&policy("DeadLetterQueuePolicy"), "sqs:SendMessage", Some(&["${ControlRole.Arn}"]));
        check(&policy("BudgetTopicPolicy"), "sns:Publish", Some(&[]));
        // Without the operator's role, the operators are not known by name, and they write and publish.
        let both = [&functions[..], &operator].concat();
        check(&policy("AlertTopicPolicy"), "sns:Publish", Some(&both[..]).filter(|_| !met.is_empty()));
        let table = &template.resource("Table")["Properties"]["ResourcePolicy"];
        match met {
            [] => assert_eq!(table, &Value::Null),
            _ => assert_eq!(
                denied(&table["PolicyDocument"]),
                [(writes.clone(), both.iter().map(|arn| (*arn).to_owned()).collect())]
            ),
        }
    }
    // The two rules of the stack, and no others.
    let template = Template::new(&expanded, &["Watches"]);
    let rules: BTreeSet<String> = ["WatchRule", "ChangesRule"]
        .iter()
        .map(|id| template.resource(id)["Properties"]["Name"].as_str().unwrap_or_default())
        .map(|name| format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"))
        .collect();
    let admitted = statements(&template.resource("QueuePolicy")["Properties"]["PolicyDocument"]);
    let sources = &admitted[0].body["Condition"]["ArnEquals"]["aws:SourceArn"];
    let sources = sources.as_array().ok_or("no sources")?.iter();
    let sources: BTreeSet<String> = sources.filter_map(|arn| arn.as_str().map(str::to_owned)).collect();
    assert_eq!(sources, rules);
    Ok(())
}
