//! Constant values in JSON that an event completes: templates of targets, parameters of states.

use serde_json::Value;

/// Parses a template of EventBridge or Pipes as JSON. A placeholder for a value becomes the text `<NAME>`.
///
/// Returns `None` if the template is not JSON with its placeholders replaced. Source: "Amazon EventBridge input
/// transformation" (Amazon EventBridge user guide).
pub fn constants(template: &str) -> Option<Value> {
    let mut json = String::with_capacity(template.len() + 16);
    let (mut in_text, mut is_escaped, mut in_name) = (false, false, false);
    for c in template.chars() {
        match c {
            '"' if !in_name && !is_escaped => in_text = !in_text,
            '<' if !in_text && !in_name => {
                in_name = true;
                json.push('"');
            }
            '>' if in_name => {
                in_name = false;
                json.push_str(">\"");
                continue;
            }
            _ => {}
        }
        is_escaped = in_text && c == '\\' && !is_escaped;
        json.push(c);
    }
    serde_json::from_str(&json).ok()
}

/// Value as far as it is known without the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<'a> {
    /// The value is the same for every event.
    Constant(&'a str),
    /// The value depends on the event.
    Chosen,
    /// No value is given.
    Absent,
}

impl<'a> Known<'a> {
    /// Reads a value of a target's input: a text, or a list with one text.
    pub fn of_input(value: &'a Value) -> Self {
        let text = match value {
            Value::Array(items) => items.first().and_then(Value::as_str),
            value => value.as_str(),
        };
        match text {
            Some(text) if text.contains('<') => Self::Chosen,
            Some("") | None => Self::Absent,
            Some(text) => Self::Constant(text),
        }
    }

    /// Reads a parameter of a state: a text in `Parameters` or `Arguments`, unless a path or an expression provides it.
    ///
    /// Source: "Amazon States Language" and "JSONata" (AWS Step Functions developer guide).
    pub fn of_state(state: &'a Value, name: &str) -> Self {
        let parameters =
            [&state["Parameters"], &state["Arguments"]].into_iter().find(|value| !value.is_null());
        let Some(parameters) = parameters else { return Self::Chosen };
        match parameters[name].as_str() {
            Some(text) if text.contains("{%") => Self::Chosen,
            Some(text) => Self::Constant(text),
            // The parameters as a whole may be an expression too.
            None if parameters.is_string() || !parameters[format!("{name}.$")].is_null() => Self::Chosen,
            None => Self::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_json_with_placeholders() {
        let check = |template: &str, expected: Option<Value>| {
            assert_eq!(constants(template), expected, "{template}");
        };
        check(r#"{"a": "b"}"#, Some(json!({"a": "b"})));
        check(r#"{"a": <b>, "c": [<d>]}"#, Some(json!({"a": "<b>", "c": ["<d>"]})));
        check(r#"{"a": "arn:<b>:c", "d": "\"<e>"}"#, Some(json!({"a": "arn:<b>:c", "d": "\"<e>"})));
        check("{\"a\": <$.body.b>}", Some(json!({"a": "<$.body.b>"})));
        check("<aws.events.event>", Some(json!("<aws.events.event>")));
        check("the bucket <b> changed", None);
        check(r#""the bucket <b> changed""#, Some(json!("the bucket <b> changed")));
        check(r#"{"a": <b"#, None);
        check("", None);
    }

    #[test]
    fn what_depends_on_the_event_is_not_constant() {
        let check =
            |value: Value, expected: Known<'_>| assert_eq!(Known::of_input(&value), expected, "{value}");
        check(json!("role"), Known::Constant("role"));
        check(json!(["role", "other"]), Known::Constant("role"));
        check(json!(["<role>"]), Known::Chosen);
        check(json!("arn:<account>:role"), Known::Chosen);
        check(json!([]), Known::Absent);
        check(json!(""), Known::Absent);
        check(json!(7), Known::Absent);
        check(Value::Null, Known::Absent);

        let check = |state: Value, expected: Known<'_>| {
            assert_eq!(Known::of_state(&state, "FunctionName"), expected, "{state}");
        };
        check(json!({"Parameters": {"FunctionName": "f"}}), Known::Constant("f"));
        check(json!({"Arguments": {"FunctionName": "f"}}), Known::Constant("f"));
        check(json!({"Arguments": {"FunctionName": "{% $f %}"}}), Known::Chosen);
        check(json!({"Arguments": "{% $all %}"}), Known::Chosen);
        check(json!({"Parameters": {"FunctionName.$": "$.f"}}), Known::Chosen);
        check(json!({"Parameters": {"Payload": {}}}), Known::Absent);
        check(json!({}), Known::Chosen);
    }
}
