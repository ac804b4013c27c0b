//! Compiles the text of a pattern to rules, one for each choice of its `$or`s.

use std::collections::BTreeMap;

use super::json::{Json, Unreadable, read};
use super::number::Number;
use super::text::{Step, ignoring_case, wildcard};
use super::value::{Comparison, Test, address, width};
use super::{Path, longer};

/// Conditions of one rule, which all must hold. A repeated field replaces its condition.
pub type Rule = BTreeMap<Path, Vec<Test>>;

/// Reason why a text could not be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCompiled {
    /// It is not a pattern.
    Refused(String),
    /// Too deep, or too many rules for this compiler.
    GaveUp,
}

const MAX_RULES: usize = 300;

/// Names that a field in an `$or` may not have.
const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "cidr",
    "numeric",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

fn refused<T>(why: impl Into<String>) -> Result<T, NotCompiled> {
    Err(NotCompiled::Refused(why.into()))
}

/// Compiles a pattern. Text after its closing brace is ignored.
pub fn compile(text: &str) -> Result<Vec<Rule>, NotCompiled> {
    match read(text) {
        Err(Unreadable::Malformed) => refused("malformed JSON"),
        Err(Unreadable::TooDeep) => Err(NotCompiled::GaveUp),
        Ok((Json::Object(members), _)) => add_object(&members, None, vec![Rule::new()], false),
        Ok(_) => refused("not an object"),
    }
}

/// Adds the fields of an object to all rules so far.
fn add_object(
    members: &[(String, Json)],
    path: Option<&Path>,
    mut rules: Vec<Rule>,
    in_or: bool,
) -> Result<Vec<Rule>, NotCompiled> {
    if members.is_empty() {
        return refused("an empty object");
    }
    for (key, value) in members {
        if in_or && RESERVED.contains(&key.as_str()) {
            return refused(format!("{key} in an $or"));
        }
        if key == "$or" {
            rules = add_or(value, path, &rules)?;
            continue;
        }
        let path = longer(path, key);
        match value {
            Json::Object(members) => rules = add_object(members, Some(&path), rules, in_or)?,
            Json::Array(items) if !items.is_empty() => {
                let tests = items.iter().map(test).collect::<Result<Vec<Test>, NotCompiled>>()?;
                rules.iter_mut().for_each(|rule| drop(rule.insert(path.clone(), tests.clone())));
            }
            other => return refused(format!("{other:?} as a field")),
        }
    }
    Ok(rules)
}

/// Continues every rule so far in every branch.
fn add_or(value: &Json, path: Option<&Path>, rules: &[Rule]) -> Result<Vec<Rule>, NotCompiled> {
    let Json::Array(branches) = value else { return refused("$or without an array") };
    if branches.len() < 2 {
        return refused("$or with less than two branches");
    }
    let mut all = Vec::new();
    for branch in branches {
        let Json::Object(members) = branch else { return refused("a branch that is no object") };
        all.extend(add_object(members, path, rules.to_vec(), true)?);
        if all.len() > MAX_RULES {
            return Err(NotCompiled::GaveUp);
        }
    }
    Ok(all)
}

/// Test of one item in a field's list.
fn test(item: &Json) -> Result<Test, NotCompiled> {
    match item {
        Json::Null | Json::Bool(_) => Ok(Test::Literal(item.clone())),
        Json::Number(spelling) => Ok(Test::Number(Number::new(spelling))),
        Json::String(text) => {
            Ok(address(text).map_or(Test::Text(text.clone()), |ip| Test::Network(ip, width(ip))))
        }
        Json::Array(_) => refused("an array in a list"),
        Json::Object(members) => match &members[..] {
            [(operator, operand)] => operator_test(operator, operand),
            _ => refused("not one operator"),
        },
    }
}

fn operator_test(operator: &str, operand: &Json) -> Result<Test, NotCompiled> {
    match (operator, operand) {
        ("exists", Json::Bool(expected)) => Ok(Test::Exists(*expected)),
        ("exactly", Json::String(text)) => Ok(Test::Text(text.clone())),
        ("prefix", Json::String(text)) => Ok(Test::Prefix(text.clone())),
        ("suffix", Json::String(text)) => Ok(Test::Suffix(text.clone())),
        ("prefix" | "suffix", Json::Object(members)) => match &members[..] {
            [(key, Json::String(text))] if key == "equals-ignore-case" => {
                let steps = ignoring_case(text);
                let before = if operator == "suffix" { vec![Step::Any] } else { vec![] };
                let after = if operator == "prefix" { vec![Step::Any] } else { vec![] };
                Ok(Test::Steps([before, steps, after].concat()))
            }
            _ => refused(format!("{members:?} in {operator}")),
        },
        ("equals-ignore-case", Json::String(text)) => Ok(Test::Steps(ignoring_case(text))),
        ("wildcard", Json::String(text)) => match wildcard(text) {
            Some(steps) => Ok(Test::Steps(steps)),
            None => refused(format!("the wildcard {text}")),
        },
        ("cidr", Json::String(text)) => cidr(text),
        ("numeric", Json::Array(items)) => numeric(items),
        ("anything-but", operand) => Ok(Test::AnythingBut(excluded(operand)?)),
        _ => refused(format!("{operator} with {operand:?}")),
    }
}

fn cidr(text: &str) -> Result<Test, NotCompiled> {
    let Some((network, bits)) = text.split_once('/') else { return refused("no mask") };
    let Some(network) = address(network) else { return refused(format!("the network {network}")) };
    let is_number = bits.chars().all(|c| c.is_ascii_digit());
    match bits.parse() {
        Ok(bits) if is_number && bits < width(network) => Ok(Test::Network(network, bits)),
        _ => refused(format!("the mask {bits}")),
    }
}

fn numeric(items: &[Json]) -> Result<Test, NotCompiled> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let mut bounds = Vec::new();
    for pair in items.chunks(2) {
        let [Json::String(symbol), Json::Number(spelling)] = pair else {
            return refused(format!("{pair:?} in numeric"));
        };
        let comparison = match symbol.as_str() {
            "=" => Equal,
            "<" => Less,
            "<=" => LessOrEqual,
            ">" => Greater,
            ">=" => GreaterOrEqual,
            _ => return refused(format!("the comparison {symbol}")),
        };
        let Some(bound) = Number::new(spelling).exact else {
            return refused(format!("the number {spelling}"));
        };
        bounds.push((comparison, bound));
    }
    match bounds[..] {
        [_] => {}
        [(Greater | GreaterOrEqual, bottom), (Less | LessOrEqual, top)] if bottom < top => {}
        _ => return refused(format!("the range {bounds:?}")),
    }
    Ok(Test::Numeric(bounds))
}

/// Tests that `anything-but` excludes.
fn excluded(operand: &Json) -> Result<Vec<Test>, NotCompiled> {
    if let Json::Object(members) = operand {
        let [(operator, operand)] = &members[..] else { return refused("not one operator in anything-but") };
        return one_or_more(operand)?.iter().map(|operand| excluded_by(operator, operand)).collect();
    }
    let items = one_or_more(operand)?;
    if items.iter().all(|item| matches!(item, Json::String(_))) {
        // `anything-but` compares addresses as texts.
        return items.iter().map(|item| operator_test("exactly", item)).collect();
    }
    let number = |item: &Json| match item {
        Json::Number(spelling) => match Number::new(spelling) {
            number if number.exact.is_some() => Ok(Test::Number(number)),
            _ => refused(format!("the number {spelling} in anything-but")),
        },
        _ => refused(format!("{item:?} in anything-but")),
    };
    items.iter().map(number).collect()
}

/// A list, or a single value as a list of one.
fn one_or_more(operand: &Json) -> Result<&[Json], NotCompiled> {
    match operand {
        Json::Array(items) if items.is_empty() => refused("an empty list in anything-but"),
        Json::Array(items) => Ok(items),
        one => Ok(std::slice::from_ref(one)),
    }
}

fn excluded_by(operator: &str, operand: &Json) -> Result<Test, NotCompiled> {
    match (operator, operand) {
        ("prefix" | "suffix", Json::String(text)) if text.is_empty() => refused("an empty prefix or suffix"),
        ("prefix" | "suffix" | "equals-ignore-case" | "wildcard", Json::String(_)) => {
            operator_test(operator, operand)
        }
        _ => refused(format!("{operator} with {operand:?} in anything-but")),
    }
}
