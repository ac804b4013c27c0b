//! Chains of rules, followed upstream through their records: the actors that fired a rule, the rules of these actors,
//! and so on.

use futures_util::{StreamExt, stream};

use super::Guard;
use super::store::load;
use crate::guard::upstream;
use crate::model::{Fault, RuleArn, Timestamp};
use crate::ports::Ports;
use crate::record::Record;
use crate::stored::Key;
use crate::verdict::{MAX_TRACED, Trace, Upstream};

/// Number of records read at the same time.
const AT_ONCE: usize = 8;

impl<P: Ports> Guard<P> {
    /// Reads the records of `rules`, of the rules with these actors behind a target, and of the rules that fired them,
    /// breadth first. At most [`MAX_TRACED`] records are returned.
    pub(super) async fn trace(
        &self,
        rule: &RuleArn,
        actors: Vec<String>,
        rules: Vec<RuleArn>,
    ) -> Result<Trace, Fault> {
        let rules_of = |actor: &str| self.rules_of(actor);
        let mut trace = Trace { own_since: self.known_since(rule), ..Trace::default() };
        trace.first = actors.into_iter().map(|actor| (actor.clone(), rules_of(&actor))).collect();
        let mut left: Vec<RuleArn> =
            trace.first.iter().flat_map(|(_, rules)| rules.clone()).chain(rules).collect();
        while !left.is_empty() {
            let known = |next: &RuleArn| *next == *rule || trace.upstream.iter().any(|one| one.rule == *next);
            left.retain(|next| !known(next));
            left.sort();
            left.dedup();
            let room = MAX_TRACED - trace.upstream.len();
            trace.left_out += left.len().saturating_sub(room);
            left.truncate(room);
            let read = stream::iter(std::mem::take(&mut left)).map(|next| self.upstream(next, rules_of));
            for one in read.buffered(AT_ONCE).collect::<Vec<_>>().await {
                let Some(one) = one? else { continue };
                left.extend(one.fired_by.iter().flat_map(|(rules, _)| rules.clone()));
                trace.upstream.push(one);
            }
        }
        Ok(trace)
    }

    /// Returns one rule as its record has it. `None` if it never fired.
    async fn upstream(
        &self,
        rule: RuleArn,
        rules_of: impl Fn(&str) -> Vec<RuleArn>,
    ) -> Result<Option<Upstream>, Fault> {
        let stored = load::<Record>(self.ports.store(), Key::Record(&rule)).await?;
        let Some((record, _)) = stored else { return Ok(None) };
        let one = upstream(&record, &self.limits(&rule).await, rules_of);
        Ok(Some(Upstream { since: self.known_since(&rule), ..one }))
    }

    fn rules_of(&self, actor: &str) -> Vec<RuleArn> {
        self.directory.known().map(|stored| stored.directory.rules_of(actor)).unwrap_or_default()
    }

    /// Time since which the rule is known to have its present state.
    fn known_since(&self, rule: &RuleArn) -> Option<Timestamp> {
        self.directory.known()?.directory.get(rule)?.since
    }
}
