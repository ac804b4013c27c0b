//! Cycle: the rules, targets and calls that fire each other, as a graph with the edge that was cut.

use budget_guard_core::model::{Arn, Target};
use budget_guard_core::record::Outcome;
use budget_guard_core::verdict::EvidenceKind;
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart::{ALARM, Canvas, Drawn, INK, shortened, svg};
use crate::explain::Explanation;
use crate::page::{numbers, section, table};

/// Height of a node with the arrow below it, in pixels.
const STEP: i32 = 78;
/// Height of a node.
const NODE: i32 = 44;
/// Left and right side of the nodes.
const SIDES: (i32, i32) = (2, 280);
/// Right side of the edge that leads back to the first node.
const BACK: i32 = 318;

/// Node of the graph.
struct Node {
    kind: &'static str,
    name: String,
    /// Verb of the edge to the next node.
    edge: &'static str,
    /// True if the edge to the next node was cut.
    is_cut: bool,
}

/// Section with the graph.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let evidence = &explanation.trip.evidence;
    if evidence.kind == EvidenceKind::Manual || evidence.own.is_none() {
        let text =
            "No cycle is known: the evidence does not show that the rule's own targets make the calls.";
        return section("cycle", "The cycle", &html! { p { (text) } });
    }
    let nodes = nodes(explanation);
    let rows: Vec<Vec<Markup>> = nodes
        .iter()
        .zip(nodes.iter().cycle().skip(1))
        .map(|(from, to)| {
            let cut = if from.is_cut { "cut" } else { "" };
            vec![
                html! { (from.kind) " " code { (from.name) } },
                html! { (from.edge) },
                html! { (to.kind) " " code { (to.name) } },
                html! { (cut) },
            ]
        })
        .collect();
    let height = STEP * nodes.len() as i32;
    let content = html! {
        (svg(&name(&nodes), (BACK as u32 + 22, height as u32), |canvas| draw(canvas, &nodes)))
        (numbers(&table("Edges of the cycle", &["From", "Edge", "To", "Cut"], &rows)))
    };
    section("cycle", "The cycle, and where it was cut", &content)
}

fn nodes(explanation: &Explanation<'_>) -> Vec<Node> {
    let (record, trip) = (explanation.record, explanation.trip);
    let own = trip.evidence.own.as_ref();
    let is_off = !matches!(trip.outcome, Outcome::Spared { .. }) && explanation.disabled_at().is_some();
    let call = trip.evidence.call.clone().unwrap_or_else(|| "an event".to_owned());
    let cycle = own.map(|own| own.cycle.as_slice()).unwrap_or_default();
    if cycle.len() > 1 {
        let node = |(n, rule): (usize, &budget_guard_core::model::RuleArn)| Node {
            kind: "rule",
            name: rule.name().to_owned(),
            edge: "its target's call fires",
            is_cut: n == 0 && is_off,
        };
        return cycle.iter().enumerate().map(node).collect();
    }
    let target = explanation.found().and_then(|found| target(&found.targets));
    let caller = trip.evidence.callers.iter().find(|one| one.is_target).map(|one| one.principal.clone());
    vec![
        Node { kind: "rule", name: record.rule.name().to_owned(), edge: "invokes", is_cut: is_off },
        Node {
            kind: "target",
            name: target.or(caller).unwrap_or_else(|| "not known".to_owned()),
            edge: "calls",
            is_cut: false,
        },
        Node { kind: "call", name: call, edge: "fires", is_cut: false },
    ]
}

/// Name of the only target, or the number of targets.
fn target(targets: &[Target]) -> Option<String> {
    match targets {
        [] => None,
        [one] => Some(Arn::parse(&one.arn).map_or(one.arn.clone(), |arn| arn.resource.to_owned())),
        more => Some(format!("one of {} targets", more.len())),
    }
}

fn name(nodes: &[Node]) -> String {
    let mut name = String::from("Cycle: ");
    for node in nodes {
        let cut = if node.is_cut { " (cut here)" } else { "" };
        name += &format!("{} {} {}{cut} ", node.kind, node.name, node.edge);
    }
    let first = nodes.first().map(|node| node.name.as_str()).unwrap_or_default();
    name + first
}

fn draw(canvas: &Canvas<'_>, nodes: &[Node]) -> Drawn {
    let small = ("sans-serif", 12).into_font();
    let font = ("sans-serif", 15).into_font();
    let (left, right) = SIDES;
    for (n, node) in nodes.iter().enumerate() {
        let top = STEP * n as i32 + 10;
        canvas.draw(&Rectangle::new([(left, top), (right, top + NODE)], INK.stroke_width(1)))?;
        canvas.draw(&Text::new(node.kind, (left + 10, top + 5), small.clone().color(&INK)))?;
        canvas.draw(&Text::new(
            shortened(&node.name, 36),
            (left + 10, top + 21),
            font.clone().color(&INK),
        ))?;
        if n + 1 == nodes.len() {
            back(canvas, top + NODE / 2)?;
            continue;
        }
        let (x, y) = (40, top + NODE);
        down(canvas, x, y, top + STEP)?;
        if node.is_cut {
            cross(canvas, (x, y + 15))?;
            let words = format!("{}: cut here", node.edge);
            canvas.draw(&Text::new(words, (x + 16, y + 8), font.clone().color(&ALARM)))?;
        } else {
            canvas.draw(&Text::new(node.edge, (x + 16, y + 10), small.clone().color(&INK)))?;
        }
    }
    let last = nodes.last().map(|node| node.edge).unwrap_or_default();
    let middle = STEP * nodes.len() as i32 / 2 - 12;
    let style =
        small.transform(FontTransform::Rotate90).color(&INK).pos(Pos::new(HPos::Center, VPos::Bottom));
    canvas.draw(&Text::new(last, (BACK + 4, middle), style))?;
    Ok(())
}

/// Arrow down.
fn down(canvas: &Canvas<'_>, x: i32, from: i32, to: i32) -> Drawn {
    canvas.draw(&PathElement::new([(x, from), (x, to)], INK.stroke_width(2)))?;
    head(canvas, [(x, to), (x - 5, to - 8), (x + 5, to - 8)])
}

/// Edge from the last node back to the first.
fn back(canvas: &Canvas<'_>, from: i32) -> Drawn {
    let (_, right) = SIDES;
    let to = 10 + NODE / 2;
    canvas.draw(&PathElement::new(
        [(right, from), (BACK, from), (BACK, to), (right, to)],
        INK.stroke_width(2),
    ))?;
    head(canvas, [(right, to), (right + 8, to - 5), (right + 8, to + 5)])
}

fn head(canvas: &Canvas<'_>, points: [(i32, i32); 3]) -> Drawn {
    canvas.draw(&Polygon::new(points, INK.filled()))?;
    Ok(())
}

/// Cross over an edge that was cut.
fn cross(canvas: &Canvas<'_>, (x, y): (i32, i32)) -> Drawn {
    for (from, to) in [((x - 8, y - 8), (x + 8, y + 8)), ((x - 8, y + 8), (x + 8, y - 8))] {
        canvas.draw(&PathElement::new([from, to], ALARM.stroke_width(3)))?;
    }
    Ok(())
}
