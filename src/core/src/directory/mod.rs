//! The directory: every rule of this account and Region, and which of them an event of the default bus fires.

mod chunks;
mod entry;
mod head;
mod schedule_periods;
mod unwatched;

pub use chunks::{Bucket, Chunk, KEEP_CHUNKS, MAX_CHUNK_BYTES, pack, unpack};
pub use entry::{Edit, Entries, Entry};
pub use head::{DETAILS_EVERY, DETAILS_HOLD, Head, LIST_EVERY, Missed, Pass, Trouble};
pub use schedule_periods::SchedulePeriods;
pub use unwatched::Unwatched;

use std::collections::BTreeSet;

use crate::attribution::Actors;
use crate::model::{
    Call, Caller, Cause, Proof, RuleArn, RuleState, Schedules, Seconds, Tags, Target, Timestamp, period_of,
    unqualified,
};
use eventbridge_pattern::{EventError, Matcher, Pattern, Scratch};

/// All rules, with the patterns of those that are guarded compiled into one matcher.
#[derive(Debug)]
pub struct Directory {
    entries: Entries,
    matcher: Matcher,
    /// The rules of the matcher's patterns, by their place in it.
    compiled: Vec<RuleArn>,
    actors: Actors,
    unreadable: Vec<Unreadable>,
    /// The guard's catch-all rule is in plain `ENABLED`: all that it brings has been received by a plain rule.
    is_shown_by_plain: bool,
}

/// A guarded rule whose event pattern the guard does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub rule: RuleArn,
    pub problem: String,
}

/// What one event means for the rules of the default bus.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fired<'d> {
    pub rules: Vec<&'d RuleArn>,
    /// Rules that match, but do not receive the event because of its call's name.
    pub withheld: u64,
    /// Rules of which it cannot be said: neither fired nor not fired.
    pub unknown: Vec<&'d RuleArn>,
}

impl Directory {
    pub fn new(entries: Entries) -> Self {
        let (mut patterns, mut compiled, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries.values().filter(|entry| entry.is_guarded()) {
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
        let mut actors = Actors::new(known.map(|entry| (&entry.rule, &entry.targets[..])));
        for entry in entries.values() {
            let (partition, account) = (entry.rule.partition(), entry.rule.account());
            entry.acts_as().arns(partition, account).for_each(|role| actors.declare(&entry.rule, &role));
        }
        let is_shown_by_plain = unwatched::is_shown_by_plain(entries.values());
        Self { entries, matcher: Matcher::new(patterns), compiled, actors, unreadable, is_shown_by_plain }
    }

    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    pub fn get(&self, rule: &RuleArn) -> Option<&Entry> {
        self.entries.get(rule)
    }

    /// The tags of a rule, if they were read lately enough to hold.
    pub fn tags(&self, rule: &RuleArn, now: Timestamp) -> Option<&Tags> {
        let entry = self.get(rule)?;
        entry.details_at.is_some_and(|at| now < at + DETAILS_HOLD).then_some(&entry.tags)
    }

    /// Who caused a firing of `rule`.
    pub fn cause(&self, rule: &RuleArn, caller: &Caller<'_>, call: Option<&Call<'_>>) -> Cause {
        self.actors.cause(rule, caller, call)
    }

    /// Returns true if other rules have one of the actors of these targets, too.
    pub fn are_shared(&self, targets: &[Target]) -> bool {
        self.actors.are_shared(targets)
    }

    /// The actor of any rule that made a call, if one did, and the proof of it.
    pub fn maker<'a>(&'a self, caller: &'a Caller<'_>, call: Option<&Call<'_>>) -> Option<(&'a str, Proof)> {
        self.actors.maker(caller, call)
    }

    /// Rules that have this actor behind a target.
    pub fn rules_of(&self, actor: &str) -> Vec<RuleArn> {
        self.actors.rules_of(actor).cloned().collect()
    }

    /// Periods of the schedules that wake an actor behind this rule's targets: those of scheduled rules, and those of
    /// EventBridge Scheduler. Schedules without a period are not in it.
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

    /// Returns true if plain rules bring the guard the events of the default bus, and none in the third state does.
    pub fn is_shown_by_plain(&self) -> bool {
        self.is_shown_by_plain
    }

    /// Guarded rules whose firings the guard cannot see.
    pub fn unreadable(&self) -> &[Unreadable] {
        &self.unreadable
    }

    /// Rules of the default bus that an event fires. `json` is its text, `at` its time; `is_withheld` says that by its
    /// call's name rules in plain `ENABLED` do not receive it, which decides unless a plain rule has brought the event.
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
                true => fired.rules.push(&entry.rule),
                false => fired.withheld += 1,
            }
        }
        let unreadable = self.unreadable.iter().filter_map(|one| self.entries.get(&one.rule));
        let unreadable = unreadable.filter(|entry| entry.held_at(at));
        let unknown = known(found.unknown).into_iter().chain(unreadable);
        fired
            .unknown
            .extend(unknown.filter(|entry| entry.receives_read_only(is_withheld)).map(|entry| &entry.rule));
        Ok(fired)
    }
}

impl Entry {
    /// Whether the rule was already as it is when this happened.
    fn held_at(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since)
    }

    /// Returns true if the rule receives the event; see [`crate::model::is_withheld`].
    fn receives_read_only(&self, is_withheld: bool) -> bool {
        !is_withheld || self.state == RuleState::EnabledWithAllCloudtrailManagementEvents
    }
}

#[cfg(test)]
mod tests;
