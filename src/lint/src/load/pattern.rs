//! Event patterns of a file: what it does not tell becomes free.

use eventbridge_pattern::Pattern;

use crate::form::{EventPattern, Remark, UNKNOWN};
use crate::node::{Node, Place, Value};

/// Compiles a pattern whose references are resolved. `source` is the pattern as it stands in the file.
pub(crate) fn read(source: &Node, resolved: Node, why: &[String]) -> Result<EventPattern, Remark> {
    let place = source.place;
    let bad = |text: String| Remark { place, text };
    let (source, resolved) = match &resolved.value {
        Value::Map(_) => (Some(source.clone()), resolved),
        // A text, as Terraform has it. CloudFormation takes one, too.
        Value::Text(text) if !text.contains(UNKNOWN) => match Node::parse_json(text, place) {
            Ok(pattern) => (None, pattern),
            Err(error) => return Err(bad(format!("its event pattern is no JSON: {error}"))),
        },
        Value::Text(_) => {
            return Err(bad(format!("its event pattern is not told by the file ({})", why.join(", "))));
        }
        _ => return Err(bad("its event pattern is neither an object nor its text".to_owned())),
    };
    let mut unknown = Vec::new();
    let judged = widen(&resolved, &mut String::new(), &mut unknown);
    unknown.sort();
    unknown.dedup();
    let text = match judged {
        Some(node) if !node.members().is_empty() => node.json(),
        _ => return Err(bad("its event pattern is not told by the file".to_owned())),
    };
    let compiled = Pattern::compile(&text)
        .map_err(|error| bad(format!("its event pattern is invalid: {}", error.problem)))?;
    let text = resolved.json();
    Ok(EventPattern { source, text, unknown, compiled })
}

/// Reads a pattern that has no references.
pub(crate) fn plain(text: &Node) -> Result<EventPattern, Remark> {
    read(text, text.clone(), &[])
}

/// Pattern in which each unknown value passes every test. `None` for a field without a known condition.
fn widen(node: &Node, path: &mut String, unknown: &mut Vec<String>) -> Option<Node> {
    let value = match &node.value {
        Value::Map(members) => {
            let mut kept = Vec::new();
            for (name, value) in members {
                let outer = path.len();
                if name != "$or" {
                    path.push_str(if outer > 0 { "." } else { "" });
                    path.push_str(name);
                }
                kept.extend(widen(value, path, unknown).map(|value| (name.clone(), value)));
                path.truncate(outer);
            }
            if kept.is_empty() && !members.is_empty() {
                return None;
            }
            Value::Map(kept)
        }
        Value::List(items) if items.iter().any(|item| !item.members().is_empty() && is_alternative(item)) => {
            // Alternatives of $or. One without a known condition makes all of it free.
            let kept: Option<Vec<Node>> = items.iter().map(|item| widen(item, path, unknown)).collect();
            Value::List(kept?)
        }
        Value::List(items) => {
            let mut kept = Vec::new();
            for item in items {
                if item.json().contains("\\u0001") {
                    unknown.push(path.clone());
                    let any = Node::new(Value::Flag(true), item.place);
                    let exists = Value::Map(vec![("exists".to_owned(), any)]);
                    kept.push(item.with(exists));
                } else {
                    kept.push(item.clone());
                }
            }
            Value::List(kept)
        }
        Value::Text(text) if text.contains(UNKNOWN) => {
            unknown.push(path.clone());
            return None;
        }
        other => other.clone(),
    };
    Some(node.with(value))
}

/// Returns true for an object of fields, false for one with an operator.
fn is_alternative(item: &Node) -> bool {
    item.members().iter().any(|(_, value)| match &value.value {
        Value::List(_) => !matches!(item.single(), Some(("anything-but" | "numeric", _))),
        Value::Map(_) => !matches!(item.single(), Some(("anything-but" | "prefix" | "suffix", _))),
        _ => false,
    })
}

/// Reason given with `budget-guard:lint=allow`, in a comment of these lines or on a comment line above them.
///
/// `first` is the line of the first member, whose name is one line above.
pub(crate) fn allowed_by_comment(lines: &[&str], first: Place, last: Place) -> Option<String> {
    let within = first.line.saturating_sub(1)..=last.line;
    let above = (first.line > 2)
        .then(|| first.line - 2)
        .filter(|line| lines.get(line - 1).is_some_and(|text| text.trim_start().starts_with('#')));
    above.into_iter().chain(within).filter(|line| *line > 0).find_map(|line| {
        let (_, comment) = lines.get(line - 1)?.split_once('#')?;
        reason(comment.split_once("budget-guard:lint=")?.1)
    })
}

/// Reason in `allow REASON`. `None` without one.
pub(crate) fn reason(word: &str) -> Option<String> {
    let reason = word.trim().strip_prefix("allow")?.trim_matches([' ', ':', '\t']);
    (!reason.is_empty()).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_free() {
        let check = |pattern: &str, event: &str, unknown: &[&str]| {
            let json = serde_json::from_str(&pattern.replace('?', "\\u0001")).unwrap();
            let node = Node::from_json(&json, Place::default());
            let read = read(&node, node.clone(), &[]).unwrap();
            assert_eq!(read.unknown, unknown, "{pattern}");
            let matcher = eventbridge_pattern::Matcher::new([read.compiled]);
            let mut scratch = eventbridge_pattern::Scratch::default();
            assert_eq!(matcher.matches(event.as_bytes(), &mut scratch).unwrap().matched, [0], "{pattern}");
        };
        check(r#"{"a":["x-?"],"b":["y"]}"#, r#"{"a":"q","b":"y"}"#, &["a"]);
        check(r#"{"a":{"b":[{"prefix":"?"}],"c":["z"]}}"#, r#"{"a":{"b":"q","c":"z"}}"#, &["a.b"]);
        check(r#"{"a":"?","b":["y"]}"#, r#"{"b":"y"}"#, &["a"]);
        check(r#"{"$or":[{"a":"?"},{"b":["y"]}],"c":["z"]}"#, r#"{"c":"z"}"#, &["a"]);
        check(r#"{"a":[{"anything-but":["?","k"]}]}"#, r#"{"a":"k"}"#, &["a"]);
    }

    #[test]
    fn a_reason_is_given_in_a_comment() {
        let check = |text: &str, first: usize, last: usize, expected: Option<&str>| {
            let lines: Vec<&str> = text.lines().collect();
            let place = |line| Place { line, column: 1 };
            assert_eq!(allowed_by_comment(&lines, place(first), place(last)).as_deref(), expected, "{text}");
        };
        check(
            "# budget-guard:lint=allow it ends after one turn\nRule:\n  Type: x\n",
            3,
            3,
            Some("it ends after one turn"),
        );
        check("Rule:\n  Type: x # budget-guard:lint=allow: tested\n", 2, 2, Some("tested"));
        check("Rule:\n  Type: x # budget-guard:lint=allow\n", 2, 2, None);
        check("A: 1 # budget-guard:lint=allow other\nRule:\n  Type: x\n", 3, 3, None);
    }
}
