//! Intrinsic functions of CloudFormation, as far as the template tells their values.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::form::UNKNOWN;
use crate::node::{Node, Value};

/// Template whose references are resolved.
#[derive(Debug)]
pub(super) struct Template<'t> {
    pub root: &'t Node,
    resources: HashMap<&'t str, &'t Node>,
    /// Reasons why texts hold [`UNKNOWN`], since they were taken last.
    unknown: RefCell<BTreeSet<String>>,
}

impl<'t> Template<'t> {
    pub(super) fn new(root: &'t Node) -> Self {
        let all = root.get("Resources").map_or(&[][..], Node::members);
        let resources = all.iter().map(|(id, resource)| (id.as_str(), resource)).collect();
        Self { root, resources, unknown: RefCell::default() }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (&'t str, &'t Node)> + use<'t> {
        let resources = self.root.get("Resources").map_or(&[][..], Node::members);
        resources.iter().map(|(id, resource)| (id.as_str(), resource))
    }

    pub(super) fn resource(&self, id: &str) -> Option<&'t Node> {
        self.resources.get(id).copied()
    }

    pub(super) fn kind(&self, id: &str) -> &'t str {
        self.resource(id).map_or("", kind)
    }

    /// Property of a resource, with its references resolved.
    pub(super) fn property(&self, resource: &Node, name: &str) -> Option<Node> {
        resource.at(&["Properties", name]).and_then(|value| self.resolve(value))
    }

    /// Reasons for unknown values since the last call.
    pub(super) fn take_unknown(&self) -> Vec<String> {
        std::mem::take(&mut *self.unknown.borrow_mut()).into_iter().collect()
    }

    fn unknown(&self, why: String) -> Value {
        self.unknown.borrow_mut().insert(why);
        Value::Text(UNKNOWN.to_string())
    }

    /// Value with all references resolved. `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Node) -> Option<Node> {
        let value = match &node.value {
            Value::List(items) => Value::List(items.iter().flat_map(|item| self.choices(item)).collect()),
            Value::Map(members) => match node.single().filter(|(name, _)| is_function(name)) {
                Some((name, argument)) => self.call(name, argument)?,
                None => {
                    let member = |(name, value): &(String, Node)| Some((name.clone(), self.resolve(value)?));
                    Value::Map(members.iter().filter_map(member).collect())
                }
            },
            scalar => scalar.clone(),
        };
        Some(node.with(value))
    }

    /// Values of an item of a list: both of an `Fn::If`.
    fn choices(&self, item: &Node) -> Vec<Node> {
        match item.single() {
            Some(("Fn::If", argument)) => {
                argument.items().iter().skip(1).flat_map(|branch| self.choices(branch)).collect()
            }
            _ => self.resolve(item).into_iter().collect(),
        }
    }

    fn call(&self, name: &str, argument: &Node) -> Option<Value> {
        let text = |node: &Node| self.resolve(node).and_then(|node| node.text().map(str::to_owned));
        let items = argument.items();
        Some(match (name, items) {
            ("Ref", _) => match argument.text() {
                Some("AWS::NoValue") => return None,
                Some(id) => self.reference(id),
                None => self.unknown("a Ref without a name".to_owned()),
            },
            ("Fn::GetAtt", _) => match argument.text().and_then(|text| text.split_once('.')) {
                Some((id, attribute)) => self.attribute(id, attribute),
                None => match items {
                    [id, attribute] => {
                        self.attribute(id.text().unwrap_or_default(), &text(attribute).unwrap_or_default())
                    }
                    _ => self.unknown("an Fn::GetAtt that names no attribute".to_owned()),
                },
            },
            ("Fn::Sub", [template]) => {
                Value::Text(self.substitute(template.text().unwrap_or_default(), None))
            }
            ("Fn::Sub", [template, values]) => {
                Value::Text(self.substitute(template.text().unwrap_or_default(), Some(values)))
            }
            ("Fn::Join", [delimiter, list]) => {
                let list = self.resolve(list)?;
                let texts = list.items().iter().map(plain).collect::<Vec<_>>();
                Value::Text(texts.join(delimiter.text().unwrap_or_default()))
            }
            ("Fn::Select", [index, list]) => {
                let index: Option<usize> = self.resolve(index).and_then(|index| plain(&index).parse().ok());
                let list = self.resolve(list)?;
                let item = index.and_then(|index| list.items().get(index));
                match item.filter(|_| matches!(list.value, Value::List(_))) {
                    Some(item) => item.value.clone(),
                    None => {
                        self.unknown("an Fn::Select from a list that the template does not tell".to_owned())
                    }
                }
            }
            ("Fn::Split", [delimiter, source]) => {
                let (delimiter, source) = (text(delimiter)?, text(source)?);
                let part = |part: &str| Node::new(Value::Text(part.to_owned()), argument.place);
                Value::List(source.split(delimiter.as_str()).map(part).collect())
            }
            ("Fn::FindInMap", [map, first, second, ..]) => {
                let names = [text(map)?, text(first)?, text(second)?];
                let found = self.root.at(&["Mappings", &names[0], &names[1], &names[2]]);
                match found {
                    Some(found) => found.value.clone(),
                    None => self.unknown(format!("Fn::FindInMap of {}", names[0].replace(UNKNOWN, "…"))),
                }
            }
            ("Fn::If", [_, yes, no]) => self.either(self.resolve(yes), self.resolve(no))?,
            ("Fn::ToJsonString", _) => Value::Text(self.resolve(argument)?.json()),
            _ => self.unknown(name.to_owned()),
        })
    }

    /// Value of an `Fn::If`: the items of both lists, or the only value that there is.
    fn either(&self, yes: Option<Node>, no: Option<Node>) -> Option<Value> {
        match (yes, no) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one.value),
            (Some(one), Some(two)) if one.value == two.value => Some(one.value),
            (Some(Node { value: Value::List(mut one), .. }), Some(Node { value: Value::List(two), .. })) => {
                one.extend(two);
                Some(Value::List(one))
            }
            _ => Some(self.unknown("an Fn::If with two values".to_owned())),
        }
    }

    fn reference(&self, id: &str) -> Value {
        match id {
            "AWS::Partition" => return Value::Text("aws".to_owned()),
            "AWS::URLSuffix" => return Value::Text("amazonaws.com".to_owned()),
            // Without the colons, which would divide an ARN.
            _ if id.starts_with("AWS::") => {
                return Value::Text(format!("${{{}}}", id.trim_start_matches("AWS::")));
            }
            _ => {}
        }
        if let Some(parameter) = self.root.at(&["Parameters", id]) {
            let kind = parameter.get("Type").and_then(Node::text).unwrap_or_default();
            return match parameter.get("Default") {
                Some(default) if kind.contains("List<") || kind == "CommaDelimitedList" => {
                    let item = |item: &str| Node::new(Value::Text(item.trim().to_owned()), default.place);
                    Value::List(plain(default).split(',').map(item).collect())
                }
                Some(default) if !kind.starts_with("AWS::SSM::") => Value::Text(plain(default)),
                _ => self.unknown(format!("parameter {id}")),
            };
        }
        match self.resource(id) {
            Some(resource) if kind(resource) == "AWS::SNS::Topic" => self.attribute(id, "TopicArn"),
            Some(resource) => Value::Text(self.name(id, resource)),
            None => self.unknown(format!("{id}, which the template does not have")),
        }
    }

    /// Name of a resource: the one that the template sets, or `${ID}` for the one that CloudFormation makes.
    pub(super) fn name(&self, id: &str, resource: &Node) -> String {
        let property = match kind(resource) {
            "AWS::IAM::Role" => "RoleName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => "FunctionName",
            _ => return format!("${{{id}}}"),
        };
        let name = self.property(resource, property).and_then(|name| name.text().map(str::to_owned));
        name.unwrap_or_else(|| format!("${{{id}}}"))
    }

    fn attribute(&self, id: &str, attribute: &str) -> Value {
        let Some(resource) = self.resource(id) else {
            // The role that SAM makes for a function.
            if let Some(function) =
                id.strip_suffix("Role").filter(|id| self.kind(id) == "AWS::Serverless::Function")
            {
                return Value::Text(role_arn("/", &format!("${{{function}Role}}")));
            }
            return self.unknown(format!("{id}, which the template does not have"));
        };
        let name = self.name(id, resource);
        Value::Text(match (kind(resource), attribute) {
            ("AWS::IAM::Role", "Arn") => {
                let path = self.property(resource, "Path").and_then(|path| path.text().map(str::to_owned));
                role_arn(path.as_deref().unwrap_or("/"), &name)
            }
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::Lambda::Function" | "AWS::Serverless::Function", "Arn") => {
                format!("arn:aws:lambda:${{Region}}:${{AccountId}}:function:{name}")
            }
            _ => format!("${{{id}.{attribute}}}"),
        })
    }

    fn substitute(&self, template: &str, values: Option<&Node>) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                text.push_str("${");
                rest = after;
                continue;
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let given = values.and_then(|values| values.get(name)).and_then(|value| self.resolve(value));
            let value = match (given, name.split_once('.')) {
                (Some(given), _) => given.value,
                (None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None) => self.reference(name),
            };
            text.push_str(&plain(&Node::new(value, crate::node::Place::default())));
        }
        text.push_str(rest);
        text
    }

    /// Logical ids of the resources that a value refers to.
    pub(super) fn references(&self, node: &Node) -> Vec<String> {
        let mut ids = Vec::new();
        self.collect(node, &mut ids);
        let mut seen = BTreeSet::new();
        ids.retain(|id| self.resource(id).is_some() && seen.insert(id.clone()));
        ids
    }

    fn collect(&self, node: &Node, ids: &mut Vec<String>) {
        match (node.single(), &node.value) {
            (Some(("Ref", id)), _) => ids.extend(id.text().map(str::to_owned)),
            (Some(("Fn::GetAtt", argument)), _) => {
                let id =
                    argument.items().first().and_then(Node::text).and_then(|text| text.split('.').next());
                ids.extend(id.map(str::to_owned));
            }
            (Some(("Fn::Sub", argument)), _) => {
                let template = argument.items().first().and_then(Node::text).unwrap_or_default();
                let names = template.split("${").skip(1).filter_map(|rest| rest.split(['.', '}']).next());
                ids.extend(names.map(str::to_owned));
                argument.items().iter().skip(1).for_each(|values| self.collect(values, ids));
            }
            (_, Value::List(items)) => items.iter().for_each(|item| self.collect(item, ids)),
            (_, Value::Map(members)) => members.iter().for_each(|(_, value)| self.collect(value, ids)),
            _ => {}
        }
    }
}

/// Type of a resource.
pub(super) fn kind(resource: &Node) -> &str {
    resource.get("Type").and_then(Node::text).unwrap_or_default()
}

fn role_arn(path: &str, name: &str) -> String {
    format!("arn:aws:iam::${{AccountId}}:role{path}{name}")
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// Scalar as text. Lists and mappings have none.
fn plain(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        Value::Number(spelled) => spelled.clone(),
        Value::Flag(flag) => flag.to_string(),
        _ => UNKNOWN.to_string(),
    }
}
