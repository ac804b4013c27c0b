//! Policies of the expanded template, with references as readable text: `${Table.Arn}`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "000000000000";

/// Resources by action.
pub type Rights = BTreeMap<String, BTreeSet<String>>;

/// A statement of a policy, with resolved references.
#[derive(Clone, Debug)]
pub struct Statement {
    pub is_allow: bool,
    pub actions: BTreeSet<String>,
    pub resources: BTreeSet<String>,
    pub body: Value,
}

/// The template, with some of its conditions true.
#[derive(Debug)]
pub struct Template {
    resources: Map<String, Value>,
}

impl Template {
    /// Template in which the conditions named in `met` are true, and all others false.
    pub fn new(template: &Value, met: &[&str]) -> Self {
        let resources = template["Resources"].as_object().cloned().unwrap_or_default();
        let here = |resource: &Value| resource["Condition"].as_str().is_none_or(|name| met.contains(&name));
        let resources = resources.into_iter().filter(|(_, resource)| here(resource));
        Self { resources: resources.filter_map(|(id, body)| Some((id, resolved(&body, met)?))).collect() }
    }

    pub fn resource(&self, id: &str) -> &Value {
        self.resources.get(id).unwrap_or_else(|| panic!("no resource {id}"))
    }

    /// All resources of this type, by logical ID.
    pub fn of_type(&self, kind: &str) -> Vec<(&str, &Value)> {
        let of_type = self.resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_type.map(|(id, resource)| (id.as_str(), resource)).collect()
    }

    /// Statements of a role, from its own policies and the attached ones.
    pub fn role(&self, id: &str) -> Vec<Statement> {
        let role = &self.resource(id)["Properties"];
        let own = role["Policies"].as_array().into_iter().flatten();
        let own = own.flat_map(|policy| statements(&policy["PolicyDocument"]));
        let name = format!("${{{id}}}");
        let is_attached = |policy: &&Value| {
            policy["Properties"]["Roles"]
                .as_array()
                .is_some_and(|roles| roles.iter().any(|role| *role == *name))
        };
        let policies = self.of_type("AWS::IAM::ManagedPolicy");
        let attached = policies.into_iter().map(|(_, policy)| policy).filter(is_attached);
        let attached = attached.flat_map(|policy| statements(&policy["Properties"]["PolicyDocument"]));
        own.chain(attached).collect()
    }

    /// Statements of a managed policy of the template.
    pub fn policy(&self, id: &str) -> Vec<Statement> {
        statements(&self.resource(id)["Properties"]["PolicyDocument"])
    }
}

pub fn statements(document: &Value) -> Vec<Statement> {
    let set = |value: &Value| -> BTreeSet<String> {
        let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        items
            .iter()
            .map(|item| item.as_str().unwrap_or_else(|| panic!("not text: {item}")).to_owned())
            .collect()
    };
    let read = |body: &Value| Statement {
        is_allow: body["Effect"] == "Allow",
        actions: set(&body["Action"]),
        resources: body.get("Resource").map(set).unwrap_or_default(),
        body: body.clone(),
    };
    document["Statement"].as_array().expect("statements").iter().map(read).collect()
}

/// Everything that is allowed, without regard to conditions.
pub fn rights(statements: &[Statement]) -> Rights {
    let mut rights = Rights::new();
    for statement in statements.iter().filter(|statement| statement.is_allow) {
        for action in &statement.actions {
            rights.entry(action.clone()).or_default().extend(statement.resources.clone());
        }
    }
    rights
}

/// Value with `Fn::If` decided and other functions as text. `None` for `AWS::NoValue`.
fn resolved(value: &Value, met: &[&str]) -> Option<Value> {
    let object = match value {
        Value::Array(items) => {
            return Some(items.iter().filter_map(|item| resolved(item, met)).collect());
        }
        Value::Object(object) => object,
        other => return Some(other.clone()),
    };
    if let Some(name) = object.get("Ref").and_then(Value::as_str) {
        return (name != "AWS::NoValue").then(|| Value::from(pseudo(&format!("${{{name}}}"))));
    }
    if let Some(text) = object.get("Fn::Sub").and_then(Value::as_str) {
        return Some(Value::from(pseudo(text)));
    }
    if let Some([id, name]) = object.get("Fn::GetAtt").and_then(Value::as_array).map(Vec::as_slice) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        return Some(Value::from(format!("${{{}.{}}}", text(id), text(name))));
    }
    if let Some([name, then, otherwise]) = object.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
        let holds = name.as_str().is_some_and(|name| met.contains(&name));
        return resolved(if holds { then } else { otherwise }, met);
    }
    let kept = object.iter().filter_map(|(key, value)| Some((key.clone(), resolved(value, met)?)));
    Some(Value::Object(kept.collect()))
}

fn pseudo(text: &str) -> String {
    let known = [
        ("${AWS::Partition}", "aws"),
        ("${AWS::Region}", REGION),
        ("${AWS::AccountId}", ACCOUNT),
        ("${AWS::URLSuffix}", "amazonaws.com"),
        ("${GuardName}", "budget-guard"),
    ];
    known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}
