//! Directory: all rules of this account and Region, and those that an event of the default bus fires.

mod chunks;
mod entry;
mod head;
mod retagged;
mod schedule_periods;
mod unwatched;

pub use chunks::{Bucket, Chunk, KEEP_CHUNKS, MAX_CHUNK_BYTES, pack, unpack};
pub use entry::{Edit, Entries, Entry};
pub use head::{DETAILS_EVERY, DETAILS_HOLD, Head, LIST_EVERY, MAX_ALERTS, Missed, Pass, Trouble, VERSION};
pub use schedule_periods::SchedulePeriods;
pub use unwatched::Unwatched;

use std::collections::BTreeSet;

use crate::attribution::Actors;
use crate::model::{
    Call, Caller, Cause, Own, Proof, RuleArn, RuleState, Schedules, Seconds, Tags, Target, Timestamp,
    period_of, unqualified,
};
use eventbridge_pattern::{EventError, Matcher, Pattern, Scratch};

/// All rules, with the patterns of those compiled into one matcher that are guarded or cut.
#[derive(Debug)]
pub struct Directory {
    entries: Entries,
    own: Own,
    matcher: Matcher,
    /// Rules of the patterns in the matcher, by position.
    compiled: Vec<RuleArn>,
    actors: Actors,
    unreadable: Vec<Unreadable>,
    /// True if the guard's catch-all rule is in plain `ENABLED`. Every event that it delivers is then one that plain
    /// rules receive.
    is_shown_by_plain: bool,
}

/// Guarded rule whose event pattern cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// ARN of the rule.
    pub rule: RuleArn,
    /// Description of the problem.
    pub problem: String,
}

/// Rules of the default bus that one event fires.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fired<'d> {
    /// Rules that match and receive the event.
    pub rules: Vec<&'d RuleArn>,
    /// Rules that match and that the guard cut: they would have received the event.
    pub missed: Vec<&'d RuleArn>,
    /// Number of rules that match, but do not receive the event because of the name of its call.
    pub withheld: u64,
    /// Rules for which the match could not be decided.
    pub unknown: Vec<&'d RuleArn>,
}

impl Directory {
    /// Compiles the patterns of the guarded rules, and collects the actors of all rules. Those of the guard's own stack
    /// are left out.
    pub fn new(entries: Entries, own: Own) -> Self {
        let (mut patterns, mut compiled, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries.values().filter(|entry| entry.is_matched(&own)) {
            match Pattern::compile(entry.event_pattern.as_deref().unwrap_or_default()) {
                Ok(pattern) => {
                    patterns.push(pattern);
                    compiled.push(entry.rule.clone());
                }
                Err(error) => {
                    unreadable.push(Unreadable { rule: entry.rule.clone(), problem: error.to_string() });
                }
            }
        }
        let known = entries.values().filter(|entry| entry.details_at.is_some());
        let mut actors = Actors::new(known.map(|entry| (&entry.rule, &entry.targets[..])), &own);
        for entry in entries.values() {
            let (partition, account) = (entry.rule.partition(), entry.rule.account());
            entry.acts_as().arns(partition, account).for_each(|role| actors.declare(&entry.rule, &role));
        }
        let is_shown_by_plain = unwatched::is_shown_by_plain(entries.values(), &own);
        Self {
            entries,
            own,
            matcher: Matcher::new(patterns),
            compiled,
            actors,
            unreadable,
            is_shown_by_plain,
        }
    }

    /// Returns all rules.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Returns one rule.
    pub fn get(&self, rule: &RuleArn) -> Option<&Entry> {
        self.entries.get(rule)
    }

    /// Returns the tags of a rule. `None` if they were not read or are older than [`DETAILS_HOLD`].
    pub fn tags(&self, rule: &RuleArn, now: Timestamp) -> Option<&Tags> {
        let entry = self.get(rule)?;
        entry.details_at.is_some_and(|at| now < at + DETAILS_HOLD).then_some(&entry.tags)
    }

    /// Returns the maker of a firing of `rule`, as its relation to the rule.
    pub fn cause(&self, rule: &RuleArn, caller: &Caller<'_>, call: Option<&Call<'_>>) -> Cause {
        self.actors.cause(rule, caller, call)
    }

    /// Returns true if other rules also have one of the actors of these targets.
    pub fn are_shared(&self, targets: &[Target]) -> bool {
        self.actors.are_shared(targets)
    }

    /// Returns the actor of any rule that made a call, with the proof. `None` if no known actor made it.
    pub fn maker<'a>(&'a self, caller: &'a Caller<'_>, call: Option<&Call<'_>>) -> Option<(&'a str, Proof)> {
        self.actors.maker(caller, call)
    }

    /// Returns the rules with this actor behind a target.
    pub fn rules_of(&self, actor: &str) -> Vec<RuleArn> {
        self.actors.rules_of(actor).cloned().collect()
    }

    /// Returns the periods of the schedules that start an actor of this rule: those of scheduled rules, and those of
    /// EventBridge Scheduler. Schedules without a period are left out.
    pub fn schedules(&self, rule: &RuleArn) -> Schedules {
        let Some(entry) = self.get(rule) else { return Schedules::default() };
        let actors = entry.targets.iter().flat_map(|target| {
            let behind = target.actors.iter().map(|actor| &*actor.arn);
            behind.chain([unqualified(&target.arn)])
        });
        let waking = actors.flat_map(|actor| self.actors.rules_of(actor)).filter_map(|rule| self.get(rule));
        let waking = waking.filter(|entry| entry.state.is_enabled());
        let periods = waking.filter_map(|entry| period_of(entry.schedule_expression.as_deref()?));
        let periods = periods.chain(entry.woken_every.iter().copied());
        let mut periods = periods.collect::<BTreeSet<Seconds>>().into_iter();
        std::array::from_fn(|_| periods.next())
    }

    /// Returns true if the guard's rules for the events of the default bus are all in plain `ENABLED`.
    pub fn is_shown_by_plain(&self) -> bool {
        self.is_shown_by_plain
    }

    /// Returns true if the guard goes on to see the events of this rule while it is disabled.
    pub fn shows_missed(&self, rule: &RuleArn) -> bool {
        let is_readable = || self.unreadable.iter().all(|one| one.rule != *rule);
        self.get(rule).is_some_and(|entry| unwatched::is_shown(entry, self.entries.values(), &self.own))
            && is_readable()
    }

    /// Returns the guarded rules whose event patterns cannot be compiled.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Returns the rules of the default bus that an event fires. `json` is its text and `at` its time. `is_withheld` is
    /// true if plain `ENABLED` rules do not receive a call of this name. It is ignored if a plain rule delivered the
    /// event.
    ///
    /// # Errors
    /// The event cannot be matched with patterns.
    pub fn fires(
        &self,
        json: &[u8],
        at: Timestamp,
        is_withheld: bool,
        scratch: &mut Scratch,
    ) -> Result<Fired<'_>, EventError> {
        let found = self.matcher.matches(json, scratch)?;
        let is_withheld = is_withheld && !self.is_shown_by_plain;
        let mut fired = Fired::default();
        let known = |places: &[u32]| -> Vec<&Entry> {
            let rules = places.iter().filter_map(|place| self.compiled.get(*place as usize));
            rules.filter_map(|rule| self.entries.get(rule)).filter(|entry| entry.held_at(at)).collect()
        };
        for entry in known(found.matched) {
            match entry.receives_read_only(is_withheld) {
                true if entry.state.is_enabled() => fired.rules.push(&entry.rule),
                true => fired.missed.push(&entry.rule),
                false => fired.withheld += 1,
            }
        }
        let unreadable = self.unreadable.iter().filter_map(|one| self.entries.get(&one.rule));
        let unreadable = unreadable.filter(|entry| entry.held_at(at));
        let unknown = known(found.unknown).into_iter().chain(unreadable);
        let unknown = unknown.filter(|entry| entry.state.is_enabled());
        fired
            .unknown
            .extend(unknown.filter(|entry| entry.receives_read_only(is_withheld)).map(|entry| &entry.rule));
        Ok(fired)
    }
}

impl Entry {
    /// Returns true if the rule had its present definition at that time.
    fn held_at(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since)
    }

    /// Returns true if the rule receives the event; see [`crate::model::is_withheld`].
    fn receives_read_only(&self, is_withheld: bool) -> bool {
        !is_withheld
            || self.cut_from.unwrap_or(self.state) == RuleState::EnabledWithAllCloudtrailManagementEvents
    }
}

#[cfg(test)]
mod tests;
