//! Terraform's own state file, in the form in which `terraform show -json` prints a state.

use serde_json::{Value, json};

/// Converts a state file of version 4. `None` if it is none.
///
/// Source: `internal/states/statefile/version4.go` (Terraform).
pub(in crate::load) fn shown(root: &Value) -> Option<Value> {
    let resources = root["resources"].as_array().filter(|_| root["version"] == 4)?;
    let shown: Vec<Value> = resources.iter().flat_map(instances).collect();
    Some(json!({"values": {"root_module": {"resources": shown}}}))
}

fn instances(resource: &Value) -> Vec<Value> {
    let text = |name: &str| resource[name].as_str().unwrap_or_default();
    let module = resource["module"].as_str().map(|module| format!("{module}.")).unwrap_or_default();
    let data = if text("mode") == "data" { "data." } else { "" };
    let address = format!("{module}{data}{}.{}", text("type"), text("name"));
    let instance = |instance: &Value| {
        // JSON writes a key as Terraform does: a number, or a text with quotes.
        let index = match &instance["index_key"] {
            Value::Null => String::new(),
            key => format!("[{key}]"),
        };
        json!({
            "address": format!("{address}{index}"), "type": resource["type"], "name": resource["name"],
            "values": instance["attributes"],
        })
    };
    resource["instances"].as_array().into_iter().flatten().map(instance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_file_is_shown_with_addresses() {
        let state = json!({"version": 4, "terraform_version": "1.9.0", "resources": [
            {"mode": "managed", "type": "aws_a", "name": "x", "instances": [{"attributes": {"n": 1}}]},
            {"module": "module.m", "mode": "managed", "type": "aws_b", "name": "y",
             "instances": [{"index_key": 0, "attributes": {}}, {"index_key": "k", "attributes": {}}]},
            {"mode": "data", "type": "aws_c", "name": "z", "instances": [{"attributes": {}}]},
        ]});
        let shown = shown(&state).unwrap();
        let resources = shown["values"]["root_module"]["resources"].as_array().unwrap();
        let addresses: Vec<&str> = resources.iter().filter_map(|one| one["address"].as_str()).collect();
        let expected = ["aws_a.x", "module.m.aws_b.y[0]", "module.m.aws_b.y[\"k\"]", "data.aws_c.z"];
        assert_eq!(addresses, expected);
        assert_eq!(resources[0]["values"]["n"], 1);
        assert!(super::shown(&json!({"version": 3, "resources": []})).is_none());
    }
}
