//! Cycles of rules: the target of one makes the call that fires the next, and the last fires the first.

use crate::model::RuleArn;

/// Longer cycles are not followed.
pub const MAX_RULES: usize = 8;

/// What the record of another rule tells: who fired it, and whether it could be the one to cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    pub rule: RuleArn,
    /// Sets of rules whose targets fired it, and how often.
    pub fired_by: Vec<(Vec<RuleArn>, u32)>,
    pub firings: u64,
    /// Its mode lets the guard cut it.
    pub may_cut: bool,
    /// The guard has cut it, or is about to.
    pub is_open: bool,
}

/// The shortest cycle that leads from `rule` back to it, its last step being a target of one of `last`. In the order of
/// firing, `rule` first. Steps seen less often than `at_least` are not followed.
pub fn through(
    rule: &RuleArn,
    last: &[RuleArn],
    upstream: &[Upstream],
    at_least: u32,
) -> Option<Vec<RuleArn>> {
    // Backwards, from what fired the rule to what fired that, breadth first.
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

/// Which rule of a cycle to cut: of those that may be, the one that fired most. The same for whoever asks, although the
/// counts are read at different moments: what differs by less than a quarter counts as equal, and then the name decides.
pub fn to_cut<'a>(cycle: &[RuleArn], members: &'a [Upstream]) -> Option<&'a RuleArn> {
    let candidates = || members.iter().filter(|one| one.may_cut && cycle.contains(&one.rule));
    let most = candidates().map(|one| one.firings).max()?;
    candidates().filter(|one| one.firings >= most - most / 4).map(|one| &one.rule).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(name: &str) -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
    }

    /// `b<a:9` – the target of a fired b nine times.
    fn upstream(edges: &str) -> Vec<Upstream> {
        let edge = |text: &str| {
            let (rule, rest) = text.split_once('<').unwrap();
            let (by, count) = rest.split_once(':').unwrap();
            let fired_by = vec![(by.split('|').map(arn).collect(), count.parse().unwrap())];
            Upstream { rule: arn(rule), fired_by, firings: 0, may_cut: true, is_open: false }
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
        // A chain, a step seen too seldom, nothing known, a cycle that does not hold this rule.
        check("c", "c<b:9 b<x:9", None);
        check("b", "b<a:3", None);
        check("b", "", None);
        check("b", "b<c:9 c<b:9", None);
        check("a", "a<a:9", None);
        // Eight rules, and nine.
        check("h", "h<g:9 g<f:9 f<e:9 e<d:9 d<c:9 c<b:9 b<a:9", Some("a b c d e f g h"));
        check("i", "i<h:9 h<g:9 g<f:9 f<e:9 e<d:9 d<c:9 c<b:9 b<a:9", None);
    }

    #[test]
    fn one_rule_is_cut_whoever_asks() {
        let check = |firings: &[(&str, u64, bool)], expected: Option<&str>| {
            let member = |(name, firings, may_cut): &(&str, u64, bool)| Upstream {
                rule: arn(name),
                fired_by: Vec::new(),
                firings: *firings,
                may_cut: *may_cut,
                is_open: false,
            };
            let members: Vec<Upstream> = firings.iter().map(member).collect();
            let cycle: Vec<RuleArn> = members.iter().map(|one| one.rule.clone()).collect();
            assert_eq!(to_cut(&cycle, &members).map(RuleArn::name), expected, "{firings:?}");
        };
        check(&[("a", 10, true), ("b", 9, true)], Some("a"));
        check(&[("a", 9, true), ("b", 10, true)], Some("a"));
        check(&[("a", 9, true), ("b", 100, true)], Some("b"));
        check(&[("a", 9, true), ("b", 100, false)], Some("a"));
        check(&[("a", 9, false), ("b", 100, false)], None);
    }
}
