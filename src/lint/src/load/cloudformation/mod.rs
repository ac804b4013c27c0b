//! CloudFormation and SAM templates, in YAML or JSON, and what CDK synthesizes.

mod actors;
mod roles;
mod values;

use budget_guard_core::replay::LINT_TAG;

use actors::Search;
use values::{Template, kind};

use super::pattern;
use crate::form::{Document, EventPattern, Language, Remark, Role, Rule};
use crate::node::{Node, Value};

/// Reads a template.
pub(super) fn read(path: &str, text: &str, root: &Node) -> Document {
    let template = Template::new(root);
    let mut roles = roles::all(&template);
    template.take_unknown();
    let lines: Vec<&str> = text.lines().collect();
    let mut loader = Loader { template: &template, lines: &lines, foreign: Vec::new(), rules: Vec::new() };
    let mut remarks = Vec::new();
    for (id, resource) in template.resources() {
        match kind(resource) {
            "AWS::Events::Rule" => loader.rule(id, resource),
            "AWS::Serverless::Function" | "AWS::Serverless::StateMachine" => loader.events(id, resource),
            name if name.is_empty() || name.starts_with("Fn::") => remarks.push(Remark {
                place: resource.place,
                text: format!("{id} has no Type and is not read; expected one such as AWS::Events::Rule"),
            }),
            _ => {}
        }
    }
    roles.extend(loader.foreign);
    let rules = loader.rules;
    Document {
        path: path.to_owned(),
        text: text.to_owned(),
        language: Language::CloudFormation,
        rules,
        roles,
        remarks,
        is_partial: false,
    }
}

struct Loader<'a, 't> {
    template: &'a Template<'t>,
    lines: &'a [&'a str],
    foreign: Vec<(String, Role)>,
    rules: Vec<Rule>,
}

impl Loader<'_, '_> {
    fn rule(&mut self, id: &str, resource: &Node) {
        let property = |name: &str| resource.at(&["Properties", name]);
        let mut targets = Vec::new();
        let mut search = Search { template: self.template, foreign: &mut self.foreign };
        for item in property("Targets").into_iter().flat_map(Node::items) {
            // Both branches of an Fn::If may be deployed.
            let branches = match item.single() {
                Some(("Fn::If", argument)) => argument.items().get(1..).unwrap_or_default(),
                _ => std::slice::from_ref(item),
            };
            let is_value = |branch: &&Node| branch.get("Ref").is_none();
            targets.extend(branches.iter().filter(is_value).map(|branch| search.target(branch)));
        }
        self.template.take_unknown();
        let state = self.text(property("State"));
        let takes_reads = state.as_deref() == Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
        let bus = self
            .text(property("EventBusName"))
            .filter(|bus| bus != "default" && !bus.ends_with("event-bus/default"));
        self.rules.push(Rule {
            name: id.to_owned(),
            place: resource.place,
            pattern: property("EventPattern").map(|source| self.pattern(source)),
            takes_reads,
            region: None,
            bus,
            allowed: self.allowed(resource),
            targets,
            targets_unknown: None,
        });
    }

    /// Rules that SAM makes of the events of a function or a state machine.
    fn events(&mut self, id: &str, resource: &Node) {
        for (name, event) in resource.at(&["Properties", "Events"]).map_or(&[][..], Node::members) {
            if !matches!(kind(event), "EventBridgeRule" | "CloudWatchEvent") {
                continue;
            }
            let property = |name: &str| event.at(&["Properties", name]);
            let target =
                [("Fn::GetAtt".to_owned(), Node::new(Value::Text(format!("{id}.Arn")), event.place))];
            let arn = Node::new(Value::Map(target.to_vec()), event.place);
            let item = Node::new(Value::Map(vec![("Arn".to_owned(), arn)]), event.place);
            let mut search = Search { template: self.template, foreign: &mut self.foreign };
            let targets = vec![search.target(&item)];
            let state = self.text(property("State"));
            self.rules.push(Rule {
                name: format!("{id}{name}"),
                place: event.place,
                pattern: property("Pattern").map(|source| self.pattern(source)),
                takes_reads: state.as_deref() == Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
                region: None,
                bus: self.text(property("EventBusName")).filter(|bus| bus != "default"),
                allowed: self.allowed(event),
                targets,
                targets_unknown: None,
            });
        }
    }

    fn text(&self, node: Option<&Node>) -> Option<String> {
        let resolved = self.template.resolve(node?)?;
        resolved.text().map(str::to_owned)
    }

    fn pattern(&self, source: &Node) -> Result<EventPattern, Remark> {
        let resolved = self.template.resolve(source);
        let why = self.template.take_unknown();
        let none = || Remark { place: source.place, text: "its event pattern is AWS::NoValue".to_owned() };
        pattern::read(source, resolved.ok_or_else(none)?, &why)
    }

    /// Reason why the rule may fire itself: in a comment, in `Metadata`, or in a tag.
    fn allowed(&self, resource: &Node) -> Option<String> {
        let metadata = resource.at(&["Metadata", LINT_TAG]).and_then(Node::text);
        let tags = resource.at(&["Properties", "Tags"]);
        let tag = tags.and_then(|tags| {
            let listed =
                tags.items().iter().find(|tag| tag.get("Key").and_then(Node::text) == Some(LINT_TAG));
            listed.and_then(|tag| tag.get("Value")).or(tags.get(LINT_TAG)).and_then(Node::text)
        });
        let word = metadata.or(tag).and_then(pattern::reason);
        word.or_else(|| pattern::allowed_by_comment(self.lines, resource.place, resource.end))
    }
}

/// Words for targets of a rule, for tests.
#[cfg(test)]
pub(super) fn described(targets: &[crate::form::Target]) -> String {
    let one = |target: &crate::form::Target| {
        let actors: Vec<String> = target
            .actors
            .iter()
            .map(|actor| format!("{} as {}", actor.label, actor.role.as_deref().unwrap_or("?")))
            .collect();
        format!("{} [{}] {}", target.label, actors.join(", "), target.unknown.as_deref().unwrap_or(""))
            .trim()
            .to_owned()
    };
    targets.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
