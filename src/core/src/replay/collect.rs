//! State collected from log records: 24 bytes per firing, and a hash of each record's id, so that it counts once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::causes::Causes;
use super::distinct::Distinct;
use super::event::{CloudTrailRecord, RecordError};
use super::places::{Place, Places};
use super::rules::RuleSpec;
use super::stand_in::{guard, stand_in};
use crate::attribution::{Actors, AssumeRoleCalls, Attributed, Home, attribute};
use crate::model::{ActsAs, Call, Caller, HashUse, Own, RuleArn, RuleState, Target, Timestamp};
use crate::prices::CostBasis;
use crate::sources::{self, Received};
use eventbridge_pattern::{Matcher, Pattern, Scratch};

/// Rules that records are matched against. Shared by all readers.
#[derive(Debug)]
pub struct Replay {
    matcher: Matcher,
    rules: Vec<Watched>,
    /// Actors of the rules whose targets are known.
    pub(super) actors: Actors,
    own: Own,
    distinct: Distinct,
    /// True if the targets of any rule are known.
    judges_own_calls: bool,
}

#[derive(Debug)]
pub(super) struct Watched {
    /// ARN of the rule, or a stand-in if the file does not give it.
    pub(super) arn: RuleArn,
    pub(super) targets: Option<Vec<Target>>,
    pub(super) acts_as: ActsAs,
    /// Cost of a firing, as far as the file tells it; `None` without targets.
    pub(super) cost_basis: Option<CostBasis>,
    /// True for `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    hears_all: bool,
    /// Place of the rule; `None` if the file does not give it.
    pub(super) place: Option<Place>,
}

/// One firing, by the indices of its rule and its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplayFiring {
    rule: u32,
    cause: u32,
    /// Event time in milliseconds since 1970.
    at: i64,
    /// Hash of `eventID`.
    id: u64,
}

/// Findings of one reader, to be merged with those of the others.
#[derive(Debug, Default)]
pub struct Collected {
    /// Number of distinct records.
    pub events: u64,
    /// Number of records that were read before.
    pub duplicates: u64,
    /// Number of events that match but are the guard's own calls, which never count.
    pub own_calls: u64,
    /// Earliest event time; `None` without records.
    pub first: Option<Timestamp>,
    /// Latest event time; `None` without records.
    pub last: Option<Timestamp>,
    pub(super) fired: Vec<ReplayFiring>,
    pub(super) causes: Causes,
    /// Sessions opened by targets, or by other principals.
    pub(super) openings: AssumeRoleCalls,
    counts: Vec<Uncounted>,
    pub(super) places: Places,
    guards: HashMap<u32, (RuleArn, Home)>,
    scratch: Scratch,
    event: String,
    matched: Vec<(u32, Decision)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    Matched,
    Unknown,
}

/// Matches of one rule that did not become firings, or are in doubt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uncounted {
    /// Number of matching events that a plain `ENABLED` rule does not receive, because of the call's name.
    pub withheld: u64,
    /// Number of events for which the matcher exceeded its work budget.
    pub undecided: u64,
    /// Number of firings of a plain `ENABLED` rule by calls on which AWS's documents disagree.
    pub doubtful: u64,
    /// Number of matching events from another account or Region than the rule's.
    pub elsewhere: u64,
}

impl Replay {
    /// Creates a replay of these rules. Results refer to a rule by its index. Calls of the guard's own stack never count.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a RuleSpec, Pattern)>, own: &Own) -> Self {
        let mut watched: Vec<Watched> = Vec::new();
        let mut patterns = Vec::new();
        for (rule, pattern) in rules {
            let place = rule.arn.as_ref().map(Place::of);
            let hears_all = rule.state == RuleState::EnabledWithAllCloudtrailManagementEvents;
            let Some(arn) = rule.arn.clone().or_else(|| stand_in(&rule.name, &watched)) else { continue };
            let (targets, acts_as) = (rule.targets.clone(), rule.acts_as.clone());
            let cost_basis = rule.cost_basis();
            watched.push(Watched { arn, targets, acts_as, cost_basis, hears_all, place });
            patterns.push(pattern);
        }
        let told = watched.iter().filter_map(|rule| Some((&rule.arn, rule.targets.as_deref()?)));
        let mut actors = Actors::new(told, own);
        for rule in &watched {
            let roles = rule.acts_as.arns(rule.arn.partition(), rule.arn.account());
            roles.for_each(|role| actors.declare(&rule.arn, &role));
        }
        let judges_own_calls = watched.iter().any(|rule| rule.targets.is_some());
        Self {
            matcher: Matcher::new(patterns),
            rules: watched,
            actors,
            own: own.clone(),
            distinct: Distinct::default(),
            judges_own_calls,
        }
    }

    /// Rules by their index.
    pub(super) fn rules(&self) -> &[Watched] {
        &self.rules
    }
}

impl ReplayFiring {
    pub(super) fn rule(&self) -> usize {
        self.rule as usize
    }

    pub(super) fn cause(&self) -> usize {
        self.cause as usize
    }

    pub(super) fn at(&self) -> i64 {
        self.at
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Sort key of the order in which firings are judged.
    pub(super) fn order(&self) -> (i64, u64, u32) {
        (self.at, self.id, self.rule)
    }
}

impl Collected {
    /// Creates an empty collection for one reader.
    pub fn new(replay: &Replay) -> Self {
        Self { counts: vec![Uncounted::default(); replay.rules.len()], ..Self::default() }
    }

    /// Matches one record, given as its JSON text. A repeated record is only counted.
    pub fn add(&mut self, replay: &Replay, record: &[u8]) -> Result<(), RecordError> {
        let record = CloudTrailRecord::read(record)?;
        let id = HashUse::Memory.of(&record.id);
        if !replay.distinct.add(id) {
            self.duplicates += 1;
            return Ok(());
        }
        self.events += 1;
        self.first = Some(self.first.map_or(record.at, |first| first.min(record.at)));
        self.last = Some(self.last.map_or(record.at, |last| last.max(record.at)));
        let place = self.places.add(&record.account, &record.region);
        self.note_opening(replay, &record);
        self.match_spellings(replay, &record)?;
        let mut cause = None;
        // The call is needed only where own calls are judged.
        let wants_call = self.matched.iter().any(|(rule, _)| replay.rules[*rule as usize].targets.is_some());
        for (rule, decision) in std::mem::take(&mut self.matched) {
            let watched = &replay.rules[rule as usize];
            let counts = &mut self.counts[rule as usize];
            let is_withheld = record.is_withheld && !watched.hears_all;
            if !watched.place.as_ref().is_none_or(|own| own.admits(self.places.get(place))) {
                counts.elsewhere += u64::from(decision == Decision::Matched && !is_withheld);
            } else if decision == Decision::Unknown {
                counts.undecided += 1;
            } else if is_withheld {
                counts.withheld += 1;
            } else {
                let known = match cause {
                    Some(known) => known,
                    None => *cause.insert(self.cause(replay, place, wants_call)?),
                };
                let Some(cause) = known else { continue };
                self.counts[rule as usize].doubtful +=
                    u64::from(record.is_withheld_perhaps && !watched.hears_all);
                self.fired.push(ReplayFiring { rule, cause, at: record.at.as_millisecond(), id });
            }
        }
        Ok(())
    }

    /// Stores the opening of a session that may belong to a target.
    fn note_opening(&mut self, replay: &Replay, record: &CloudTrailRecord<'_>) {
        if !replay.judges_own_calls || !record.may_open_session() {
            return;
        }
        let Some(mut opening) = sources::opening(record.text) else { return };
        // Only the opener is needed, and a log may have millions of openings.
        (opening.call.resource, opening.call.wording) = (None, None);
        let is_by_target = replay.actors.maker(&opening.caller, Some(&opening.call)).is_some();
        if is_by_target || opening.call.session().is_some() {
            self.openings.add(opening, record.at);
        }
    }

    /// Finds the rules that the event matches in any spelling of its detail-type.
    fn match_spellings(&mut self, replay: &Replay, record: &CloudTrailRecord<'_>) -> Result<(), RecordError> {
        self.matched.clear();
        for spelling in 0..record.spellings() {
            record.write_event(spelling, &mut self.event);
            let found = replay.matcher.matches(self.event.as_bytes(), &mut self.scratch);
            let found = found.map_err(|error| RecordError::NotJson(error.to_string()))?;
            self.matched.extend(found.matched.iter().map(|rule| (*rule, Decision::Matched)));
            self.matched.extend(found.unknown.iter().map(|rule| (*rule, Decision::Unknown)));
        }
        if record.spellings() > 1 {
            // A match in one spelling outweighs an undecided one in another.
            self.matched.sort_unstable();
            self.matched.dedup_by_key(|(rule, _)| *rule);
        }
        Ok(())
    }

    /// Stores the cause of the event, attributed as in the guard. Returns `None` if the event never counts.
    fn cause(&mut self, replay: &Replay, place: u32, wants_call: bool) -> Result<Option<u32>, RecordError> {
        let undecoded = |error: &dyn std::fmt::Display| RecordError::NotJson(error.to_string());
        let received = sources::decode_body(&self.event).map_err(|error| undecoded(&error))?;
        let Received::Bus(bus) = received else { return Ok(None) };
        let (rule, home) = match self.guards.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let Place { account, region } = self.places.get(place);
                let guard = guard(account, region, &replay.own).ok_or(RecordError::Missing("awsRegion"))?;
                new.insert(guard)
            }
        };
        let received = Received::Attached { rule: rule.clone(), event: bus.event };
        match attribute(received, home).map_err(|error| undecoded(&error))? {
            Attributed::Attached(firing) => {
                // A call that never counts by rate is marked as such even if own calls are not judged.
                let bare =
                    firing.call.as_ref().filter(|call| !wants_call && call.needs_no_permission()).map(bare);
                let call = firing.call.as_ref().filter(|_| wants_call).or(bare.as_ref());
                let call = call.map(|call| without_key(replay, &firing.caller, call));
                Ok(Some(self.causes.add(place, &firing.caller, call.as_ref())))
            }
            _ => {
                self.own_calls += 1;
                Ok(None)
            }
        }
    }

    /// Merges the findings of all readers.
    pub fn merge(replay: &Replay, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::new(replay);
        for mut part in parts {
            whole.openings.append(part.openings);
            let places = whole.places.append(&part.places);
            let causes = whole.causes.append(part.causes, &places);
            part.fired.iter_mut().for_each(|fired| fired.cause += causes);
            whole.fired.append(&mut part.fired);
            whole.events += part.events;
            whole.duplicates += part.duplicates;
            whole.own_calls += part.own_calls;
            whole.first = whole.first.into_iter().chain(part.first).min();
            whole.last = whole.last.max(part.last);
            for (sum, counts) in whole.counts.iter_mut().zip(part.counts) {
                sum.withheld += counts.withheld;
                sum.undecided += counts.undecided;
                sum.doubtful += counts.doubtful;
                sum.elsewhere += counts.elsewhere;
            }
        }
        whole
    }

    /// Returns true if the logs have a record of the rule's place, or the rule's place is not known.
    pub fn cover(&self, replay: &Replay, rule: usize) -> bool {
        let own = replay.rules[rule].place.as_ref();
        own.is_none_or(|own| self.places.iter().any(|place| own.admits(place)))
    }

    /// Returns the numbers of matches of this rule that are not firings, or are in doubt.
    pub fn uncounted(&self, rule: usize) -> Uncounted {
        self.counts[rule]
    }

    /// Returns the places of the records, sorted.
    pub fn places(&self) -> Vec<&Place> {
        let mut places: Vec<&Place> = self.places.iter().collect();
        places.sort_unstable();
        places
    }
}

/// Returns the call without its access key, unless the key identifies a session of an unknown principal. Each distinct
/// call is stored once.
fn without_key<'a>(replay: &Replay, caller: &Caller<'_>, call: &Call<'a>) -> Call<'a> {
    let mut call = call.clone();
    if call.session().is_none() || replay.actors.maker(caller, Some(&call)).is_some() {
        call.access_key = None;
    }
    call
}

/// Returns the call without the parts that distinguish it from others of its kind.
fn bare<'a>(call: &Call<'a>) -> Call<'a> {
    Call { role: None, access_key: None, invoked_by: None, resource: None, wording: None, ..call.clone() }
}
