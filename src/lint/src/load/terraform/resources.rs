//! Resources of a plan or state, and the references between them.

use std::collections::HashMap;

use serde_json::Value;

/// One resource.
#[derive(Debug)]
pub(super) struct Resource<'j> {
    /// Address, with module and index.
    pub address: &'j str,
    pub kind: &'j str,
    pub values: &'j Value,
    /// Address of its module with a dot at the end, without indices. Empty for the root module.
    module: String,
    /// Expressions of its arguments; `None` for a state.
    expressions: Option<&'j Value>,
}

/// Resources of a file.
#[derive(Debug)]
pub(super) struct Resources<'j> {
    pub all: Vec<Resource<'j>>,
    /// Region of the provider, if it is a constant.
    pub region: Option<&'j str>,
}

/// Value that the file does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotTold;

impl<'j> Resources<'j> {
    /// Reads `planned_values` of a plan or `values` of a state. `None` if the file has neither.
    pub(super) fn read(root: &'j Value) -> Option<Self> {
        let values =
            [&root["planned_values"], &root["values"]].into_iter().find(|values| values.is_object())?;
        let mut configured = HashMap::new();
        configuration(&root["configuration"]["root_module"], "", &mut configured);
        let mut all = Vec::new();
        module(&values["root_module"], &configured, &mut all);
        // Data of a plan stands in the state before it.
        module(&root["prior_state"]["values"]["root_module"], &configured, &mut all);
        let mut seen = std::collections::HashSet::new();
        all.retain(|resource| seen.insert(resource.address));
        let region = root.pointer("/configuration/provider_config/aws/expressions/region/constant_value");
        Some(Self { all, region: region.and_then(Value::as_str) })
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Resource<'j>> {
        self.all.iter().filter(move |resource| resource.kind == kind)
    }

    /// Resources of these kinds that an argument refers to: by its value, or, where this is not known yet, by its
    /// expression.
    pub(super) fn referred(&self, from: &Resource<'j>, argument: &str, kinds: &[&str]) -> Vec<&Resource<'j>> {
        let candidates = || self.all.iter().filter(|resource| kinds.contains(&resource.kind));
        if let Some(text) = from.text(argument) {
            return candidates().filter(|resource| resource.is_called(text)).collect();
        }
        let names = from.references(argument);
        let is_named = |resource: &&Resource<'_>| names.contains(&without_indices(resource.address));
        candidates().filter(is_named).collect()
    }
}

impl<'j> Resource<'j> {
    /// Value of a text argument that is known.
    pub(super) fn text(&self, name: &str) -> Option<&'j str> {
        self.values[name].as_str().filter(|text| !text.is_empty())
    }

    /// Value of an argument; `None` if it is not set.
    pub(super) fn value(&self, name: &str) -> Result<Option<&'j Value>, NotTold> {
        match &self.values[name] {
            Value::Null if self.expressions.is_some_and(|all| all.get(name).is_some()) => Err(NotTold),
            Value::Null => Ok(None),
            value => Ok(Some(value)),
        }
    }

    /// Name as the configuration has it, for references in its module.
    pub(super) fn expression(&self) -> &str {
        self.address.strip_prefix(self.module.as_str()).unwrap_or(self.address)
    }

    /// Returns true if the text is its ARN, name, id or URL.
    fn is_called(&self, text: &str) -> bool {
        let unqualified = |arn: &str| text.strip_prefix(arn).is_some_and(|rest| rest.starts_with(':'));
        ["arn", "name", "id", "function_name", "url", "invoke_arn", "qualified_arn"].iter().any(|name| {
            self.text(name).is_some_and(|own| own == text || (*name == "arn" && unqualified(own)))
        })
    }

    /// Addresses, without indices, that the expression of an argument names.
    fn references(&self, argument: &str) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(expression) = self.expressions.and_then(|all| all.get(argument)) {
            collect(expression, &mut names);
        }
        names.iter().map(|name| format!("{}{}", self.module, without_indices(name))).collect()
    }
}

/// Adds the expressions of all resources of a module, by their addresses without indices.
fn configuration<'j>(module: &'j Value, prefix: &str, found: &mut HashMap<String, (String, &'j Value)>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if let Some(address) = resource["address"].as_str() {
            found.insert(format!("{prefix}{address}"), (prefix.to_owned(), &resource["expressions"]));
        }
    }
    for (name, call) in module["module_calls"].as_object().into_iter().flatten() {
        configuration(&call["module"], &format!("{prefix}module.{name}."), found);
    }
}

fn module<'j>(
    module_values: &'j Value,
    configured: &HashMap<String, (String, &'j Value)>,
    all: &mut Vec<Resource<'j>>,
) {
    for resource in module_values["resources"].as_array().into_iter().flatten() {
        let (Some(address), Some(kind)) = (resource["address"].as_str(), resource["type"].as_str()) else {
            continue;
        };
        let configuration = configured.get(&without_indices(address));
        all.push(Resource {
            address,
            kind,
            values: &resource["values"],
            module: configuration.map(|(module, _)| module.clone()).unwrap_or_default(),
            expressions: configuration.map(|(_, expressions)| *expressions),
        });
    }
    for child in module_values["child_modules"].as_array().into_iter().flatten() {
        module(child, configured, all);
    }
}

fn without_indices(address: &str) -> String {
    let mut depth = 0;
    address
        .chars()
        .filter(|c| {
            depth += i32::from(*c == '[');
            let is_kept = depth == 0;
            depth -= i32::from(*c == ']');
            is_kept
        })
        .collect()
}

fn collect<'j>(expression: &'j Value, names: &mut Vec<&'j str>) {
    match expression {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_array().filter(|_| name == "references") {
                    Some(references) => names.extend(references.iter().filter_map(Value::as_str)),
                    None => collect(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}
