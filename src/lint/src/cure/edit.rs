//! The change in the language of the file.

use similar::TextDiff;

use super::left_out;
use crate::form::{Document, EventPattern, Role, Rule};
use crate::node::{Node, Place, Value, quoted};

/// Number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// Unified diff of a template. `None` if its pattern is a text or a function, so that nothing can be added in place.
pub(super) fn diff(
    document: &Document,
    pattern: &EventPattern,
    path: &[&str],
    roles: &[&Role],
    by_name: bool,
) -> Option<String> {
    let source = pattern.source.as_ref()?;
    let values: Option<Vec<Node>> = roles.iter().map(|role| reference(role, by_name)).collect();
    let (mut parent, mut at) = (source, 0);
    while let Some(next) = parent.get(path[at]) {
        (parent, at) = (next, at + 1);
    }
    // A function such as Fn::If stands here.
    if !matches!(parent.value, Value::Map(_))
        || parent.members().iter().any(|(name, _)| name.starts_with("Fn::"))
    {
        return None;
    }
    let (_, last) = parent.members().last()?;
    let is_json = document.text.trim_start().starts_with('{');
    let lines: Vec<&str> = document.text.split_inclusive('\n').collect();
    let value = left_out(values?);
    let (place, added) = if parent.is_flow {
        let is_wide = parent.place.line != parent.end.line;
        let space = if is_wide { indentation(&lines, last.place) } else { " ".to_owned() };
        (
            last.end,
            format!(",{}{}", if is_wide { "\n" } else { "" }, space) + &flow(&path[at..], &value, is_json),
        )
    } else {
        let line = lines.get(parent.end.line.checked_sub(1)?)?;
        let end =
            Place { line: parent.end.line, column: line.trim_end_matches(['\n', '\r']).chars().count() + 1 };
        (end, block(&path[at..], &value, parent.place.column - 1))
    };
    hunk(&document.path, &lines, place, &added)
}

/// Unified diff of one addition. Only the lines around it are compared, so that a long file costs no more.
fn hunk(path: &str, lines: &[&str], place: Place, added: &str) -> Option<String> {
    let at = place.line.checked_sub(1)?;
    // Lines that are added below a line leave that line as it is.
    let first = (at + usize::from(added.starts_with('\n'))).saturating_sub(CONTEXT);
    let around = lines.get(first..(at + CONTEXT + 1).min(lines.len()))?;
    let changed = splice(around, Place { line: place.line - first, ..place }, added)?;
    let text = around.concat();
    let diff = TextDiff::from_lines(&text, &changed);
    let name = path.trim_start_matches('/');
    let (old, new) = (around.len(), changed.split_inclusive('\n').count());
    let mut written = format!("--- a/{name}\n+++ b/{name}\n@@ -{0},{old} +{0},{new} @@\n", first + 1);
    for change in diff.iter_all_changes() {
        written.push_str(&format!("{}{}", change.tag(), change.value()));
        if change.missing_newline() {
            written.push_str("\n\\ No newline at end of file\n");
        }
    }
    Some(written)
}

/// Lines for an `aws_cloudwatch_event_rule`. The file is no source of Terraform, so that there is nothing to compare.
pub(super) fn terraform(rule: &Rule, roles: &[&Role], by_name: bool) -> String {
    let value = |role: &&Role| match role.reference.as_ref().and_then(Node::text) {
        Some(reference) if by_name && reference.ends_with(".arn") => {
            format!("{}name", &reference[..reference.len() - 3])
        }
        Some(reference) if !by_name => reference.to_owned(),
        _ => quoted(if by_name { role.name() } else { &role.arn }),
    };
    let values: Vec<String> = roles.iter().map(value).collect();
    let field = if by_name { "userName" } else { "arn" };
    format!(
        "# {}, in event_pattern = jsonencode({{ … detail = {{ … }} }}), within detail:\n\
         userIdentity = {{\n  sessionContext = {{\n    sessionIssuer = {{\n      {field} = [{{ \"anything-but\" = [{}] }}, \
         {{ exists = false }}]\n    }}\n  }}\n}}\n",
        rule.name,
        values.join(", ")
    )
}

/// Reference to the role in a template: its ARN, or the name.
fn reference(role: &Role, by_name: bool) -> Option<Node> {
    let reference = role.reference.clone()?;
    if !by_name {
        return Some(reference);
    }
    // `Ref` of a role is its name.
    match reference.single() {
        Some(("Fn::GetAtt", argument)) => {
            let id = argument.text()?.trim_end_matches(".Arn").to_owned();
            let id = Node::new(Value::Text(id), Place::default());
            Some(Node::new(Value::Map(vec![("Ref".to_owned(), id)]), Place::default()))
        }
        _ => Some(super::text(role.name())),
    }
}

/// Members in braces, for JSON and for YAML's flow style.
fn flow(path: &[&str], value: &Node, is_json: bool) -> String {
    let Some((name, rest)) = path.split_first() else { return String::new() };
    let inner =
        if rest.is_empty() { written(value, is_json) } else { format!("{{{}}}", flow(rest, value, is_json)) };
    let name = if is_json { quoted(name) } else { (*name).to_owned() };
    format!("{name}: {inner}")
}

/// Members in lines, for YAML's block style.
fn block(path: &[&str], value: &Node, indentation: usize) -> String {
    let mut lines = String::new();
    for (depth, name) in path.iter().enumerate() {
        lines.push_str(&format!("\n{}{name}:", " ".repeat(indentation + 2 * depth)));
    }
    let space = " ".repeat(indentation + 2 * path.len());
    for item in value.items() {
        lines.push_str(&format!(
            "\n{space}- {}",
            item.single()
                .map_or_else(String::new, |(name, value)| { format!("{name}: {}", written(value, false)) })
        ));
    }
    lines
}

/// Value in one line. In YAML, `Fn::GetAtt` and `Ref` have their short forms.
fn written(node: &Node, is_json: bool) -> String {
    let parts = |parts: Vec<String>| parts.join(", ");
    match (&node.value, node.single()) {
        (_, Some(("Fn::GetAtt", argument))) if argument.text().is_some() => {
            let text = argument.text().unwrap_or_default();
            let (id, attribute) = text.split_once('.').unwrap_or((text, "Arn"));
            match is_json {
                true => format!("{{\"Fn::GetAtt\": [{}, {}]}}", quoted(id), quoted(attribute)),
                false => format!("!GetAtt {text}"),
            }
        }
        (_, Some(("Ref", argument))) if !is_json && argument.text().is_some() => {
            format!("!Ref {}", argument.text().unwrap_or_default())
        }
        (Value::List(items), _) => {
            format!("[{}]", parts(items.iter().map(|item| written(item, is_json)).collect()))
        }
        (Value::Map(members), _) => {
            let member = |(name, value): &(String, Node)| match is_json {
                true => format!("{}: {}", quoted(name), written(value, is_json)),
                false => format!("{name}: {}", written(value, is_json)),
            };
            format!("{{{}}}", parts(members.iter().map(member).collect()))
        }
        _ => node.json(),
    }
}

/// Space before the first character of a line.
fn indentation(lines: &[&str], place: Place) -> String {
    let line = place.line.checked_sub(1).and_then(|line| lines.get(line)).copied().unwrap_or_default();
    line.chars().take_while(|c| c.is_whitespace() && *c != '\n').collect()
}

/// Text with an addition at a place.
fn splice(lines: &[&str], place: Place, added: &str) -> Option<String> {
    let at = place.line.checked_sub(1)?;
    let line = lines.get(at)?;
    let column =
        line.char_indices().map(|(at, _)| at).chain([line.len()]).nth(place.column.checked_sub(1)?)?;
    let mut text = lines[..at].concat();
    text.push_str(&line[..column]);
    text.push_str(added);
    text.push_str(&line[column..]);
    text.push_str(&lines[at + 1..].concat());
    Some(text)
}
