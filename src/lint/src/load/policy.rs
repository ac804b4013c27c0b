//! Policy documents of IAM.

use crate::form::{Role, Statement, UNKNOWN};
use crate::node::{Node, Value};

/// Adds the statements of a policy document, whose references are resolved, to a role. The document may be a JSON text.
pub(crate) fn add(role: &mut Role, document: &Node, label: &str) {
    let parsed = match &document.value {
        Value::Text(text) => match serde_json::from_str(text) {
            Ok(json) => Node::from_json(&json, document.place),
            Err(_) => return role.unknown.push(format!("{label} is not told by the file")),
        },
        _ => document.clone(),
    };
    let Some(statements) = parsed.get("Statement") else {
        return role.unknown.push(format!("{label} has no Statement"));
    };
    for (number, statement) in statements.items().iter().enumerate() {
        let sid = statement.get("Sid").and_then(Node::text).filter(|sid| !sid.contains(UNKNOWN));
        let sid = sid.map_or(format!("statement {}", number + 1), |sid| format!("statement {sid}"));
        let label = format!("{label}, {sid}");
        match read(statement, label) {
            Ok(statement) => role.statements.push(statement),
            Err(problem) => role.unknown.push(problem),
        }
    }
}

/// Reads one statement. The error says what is not told.
fn read(statement: &Node, label: String) -> Result<Statement, String> {
    let allows = match statement.get("Effect").and_then(Node::text) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(format!("{label}: its effect is neither Allow nor Deny")),
    };
    let (actions, is_inverted) = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => (actions, false),
        (None, Some(actions)) => (actions, true),
        (None, None) => return Err(format!("{label}: it has no Action")),
    };
    let actions = texts(actions).ok_or_else(|| format!("{label}: its actions are not told by the file"))?;
    if actions.iter().any(|action| action.contains(UNKNOWN)) {
        return Err(format!("{label}: an action is not told by the file"));
    }
    let resources = match statement.get("Resource") {
        Some(resources) => texts(resources).unwrap_or_else(|| vec![UNKNOWN.to_string()]),
        None => Vec::new(),
    };
    let has_condition = statement.get("Condition").is_some_and(|condition| !condition.members().is_empty());
    Ok(Statement { label, allows, actions, is_inverted, resources, has_condition })
}

fn texts(node: &Node) -> Option<Vec<String>> {
    node.items().iter().map(|item| item.text().map(str::to_owned)).collect()
}
