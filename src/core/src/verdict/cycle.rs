//! Cycles of rules: each rule's target makes the call that fires the next one, and the last fires the first.

use crate::model::{RuleArn, Seconds, Timestamp};

/// Maximum number of rules in a cycle.
pub const MAX_RULES: usize = 8;

/// Maximum number of records that are read to follow the chains of one rule.
pub const MAX_TRACED: usize = 64;

/// Another rule as its record describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Number of firings per actor that fired the rule, with the rules that have this actor behind a target.
    pub fired_by: Vec<(Vec<RuleArn>, u32)>,
    /// True if the rule's mode allows a cut.
    pub may_cut: bool,
    /// True if the guard has cut the rule, or is about to.
    pub is_open: bool,
    /// Answer time of the rule's targets.
    pub answer: Seconds,
    /// Time since which the rule fires as it does; `None` for a rule that is older than the guard.
    pub since: Option<Timestamp>,
}

/// Result of following the chains of rules upwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Rules that have the actor behind a target, for each actor that fired the rule. Actors are ARNs.
    pub first: Vec<(String, Vec<RuleArn>)>,
    /// Rules of `first`, and the rules that fired them, as far as their records were read.
    pub upstream: Vec<Upstream>,
    /// Value of [`Upstream::since`] for the rule itself.
    pub own_since: Option<Timestamp>,
    /// Number of rules beyond [`MAX_TRACED`], whose records were not read.
    pub left_out: usize,
}

/// Returns the shortest cycle from `rule` back to it, in the order of firing and with `rule` first. Its last rule is
/// one of `last`. Steps seen fewer than `at_least` times are not followed. At most [`MAX_RULES`] rules.
pub fn through(
    rule: &RuleArn,
    last: &[RuleArn],
    upstream: &[Upstream],
    at_least: u32,
) -> Option<Vec<RuleArn>> {
    // Breadth-first search against the order of firing.
    let mut paths: Vec<Vec<&RuleArn>> = last.iter().filter(|one| *one != rule).map(|one| vec![one]).collect();
    let mut next = 0;
    while let Some(path) = paths.get(next).cloned() {
        next += 1;
        let Some(known) = path.last().and_then(|end| upstream.iter().find(|one| one.rule == **end)) else {
            continue;
        };
        let steps = known.fired_by.iter().filter(|(_, count)| *count >= at_least);
        for before in steps.flat_map(|(rules, _)| rules) {
            if before == rule {
                let back = path.iter().rev().copied();
                return Some(std::iter::once(rule).chain(back).cloned().collect());
            }
            let is_new = paths.iter().all(|path| !path.contains(&before));
            if is_new && path.len() + 1 < MAX_RULES {
                let mut longer = path.clone();
                longer.push(before);
                paths.push(longer);
            }
        }
    }
    None
}

/// Returns the rule of a cycle to cut: the newest, because the cycle was closed with it. Of equally new rules, the
/// first by name. The result is the same for every rule of the cycle.
///
/// A rule whose mode forbids a cut is still returned, because another rule is not cut in its place.
pub fn to_cut<'a>(cycle: &[RuleArn], members: &'a [Upstream]) -> Option<&'a Upstream> {
    let candidates = members.iter().filter(|one| cycle.contains(&one.rule));
    candidates.max_by(|a, b| a.since.cmp(&b.since).then_with(|| b.rule.cmp(&a.rule)))
}

/// Sum of the answer times of all rules of a cycle.
pub fn answer_of(cycle: &[RuleArn], members: &[Upstream]) -> Seconds {
    let members = members.iter().filter(|one| cycle.contains(&one.rule));
    Seconds::new(members.map(|one| one.answer.get()).fold(0, u32::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(name: &str) -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
    }

    /// Parses edges such as `b<a:9`: the target of `a` fired `b` nine times.
    fn upstream(edges: &str) -> Vec<Upstream> {
        let edge = |text: &str| {
            let (rule, rest) = text.split_once('<').unwrap();
            let (by, count) = rest.split_once(':').unwrap();
            let fired_by = vec![(by.split('|').map(arn).collect(), count.parse().unwrap())];
            Upstream {
                rule: arn(rule),
                fired_by,
                may_cut: true,
                is_open: false,
                answer: Seconds::new(63),
                since: None,
            }
        };
        edges.split_whitespace().map(edge).collect()
    }

    #[test]
    fn follows_what_was_seen() {
        let check = |last: &str, edges: &str, expected: Option<&str>| {
            let last: Vec<RuleArn> = last.split('|').map(arn).collect();
            let cycle = through(&arn("a"), &last, &upstream(edges), 4)
                .map(|cycle| cycle.iter().map(RuleArn::name).collect::<Vec<_>>().join(" "));
            assert_eq!(cycle.as_deref(), expected, "{last:?} {edges}");
        };
        check("b", "b<a:5", Some("a b"));
        check("c", "c<b:9 b<a:9", Some("a b c"));
        check("x|c", "c<b:9 b<x|a:9", Some("a b c"));
        // A chain, a step seen too seldom, an unknown rule, and a cycle without this rule.
        check("c", "c<b:9 b<x:9", None);
        check("b", "b<a:3", None);
        check("b", "", None);
        check("b", "b<c:9 c<b:9", None);
        check("a", "a<a:9", None);
        // Cycles of eight and of nine rules.
        check("h", "h<g:9 g<f:9 f<e:9 e<d:9 d<c:9 c<b:9 b<a:9", Some("a b c d e f g h"));
        check("i", "i<h:9 h<g:9 g<f:9 f<e:9 e<d:9 d<c:9 c<b:9 b<a:9", None);
    }

    #[test]
    fn the_newest_rule_is_cut_whichever_asks() {
        let check = |rules: &[(&str, Option<i64>, bool)], expected: Option<&str>| {
            let member = |(name, since, may_cut): &(&str, Option<i64>, bool)| Upstream {
                rule: arn(name),
                fired_by: Vec::new(),
                may_cut: *may_cut,
                is_open: false,
                answer: Seconds::new(63),
                since: since.map(|second| Timestamp::from_second(second).unwrap()),
            };
            let members: Vec<Upstream> = rules.iter().map(member).collect();
            let cycle: Vec<RuleArn> = members.iter().map(|one| one.rule.clone()).collect();
            let chosen = to_cut(&cycle, &members).map(|one| one.rule.name());
            assert_eq!(chosen, expected, "{rules:?}");
        };
        check(&[("a", None, true), ("b", None, true)], Some("a"));
        check(&[("a", None, true), ("b", Some(5), true)], Some("b"));
        check(&[("a", Some(9), true), ("b", Some(5), true)], Some("a"));
        check(&[("a", None, true), ("b", Some(5), false)], Some("b"));
        check(&[], None);
    }
}
