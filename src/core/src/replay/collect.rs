//! State collected from log records: 24 bytes per firing, and a hash of each record's id, so that it counts once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::causes::Causes;
use super::event::{CloudTrailRecord, RecordError};
use super::rules::RuleSpec;
use super::stand_in::{guard, stand_in};
use crate::attribution::{Actors, AssumeRoleCalls, Attributed, Home, attribute};
use crate::model::{ActsAs, Call, Caller, HashUse, Own, RuleArn, RuleState, Target, Timestamp};
use crate::sources::{self, Received};
use eventbridge_pattern::{Matcher, Pattern, Scratch};

/// Rules that records are matched against. Shared by all readers.
#[derive(Debug)]
pub struct Replay {
    matcher: Matcher,
    rules: Vec<Watched>,
    places: Vec<TextPosition>,
    /// Actors of the rules whose targets are known.
    pub(super) actors: Actors,
    own: Own,
    known: Known,
    /// True if the targets of any rule are known.
    judges_own_calls: bool,
}

#[derive(Debug)]
pub(super) struct Watched {
    /// ARN of the rule, or a stand-in if the file does not give it.
    pub(super) arn: RuleArn,
    pub(super) targets: Option<Vec<Target>>,
    pub(super) acts_as: ActsAs,
    /// True for `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    hears_all: bool,
    /// Index of the rule's place; `None` if the file does not give it.
    place: Option<usize>,
}

/// Region of an account. Events of one place do not reach the rules of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TextPosition {
    region: String,
    account: String,
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
    counts: Vec<Counts>,
    places_seen: Vec<bool>,
    guards: HashMap<(String, String), (RuleArn, Home)>,
    scratch: Scratch,
    event: String,
    matched: Vec<(u32, Decision)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    Matched,
    Unknown,
}

/// Matches that did not become firings: at the rule's own place, and elsewhere.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    withheld: [u64; 2],
    undecided: [u64; 2],
    doubtful: [u64; 2],
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
}

impl Replay {
    /// Creates a replay of these rules. Results refer to a rule by its index. Calls of the guard's own stack never count.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a RuleSpec, Pattern)>, own: &Own) -> Self {
        let mut places: Vec<TextPosition> = Vec::new();
        let mut watched: Vec<Watched> = Vec::new();
        let mut patterns = Vec::new();
        for (rule, pattern) in rules {
            let place = rule.arn.as_ref().map(|arn| {
                let place =
                    TextPosition { region: arn.region().to_owned(), account: arn.account().to_owned() };
                places.iter().position(|known| *known == place).unwrap_or_else(|| {
                    places.push(place);
                    places.len() - 1
                })
            });
            let hears_all = rule.state == RuleState::EnabledWithAllCloudtrailManagementEvents;
            let Some(arn) = rule.arn.clone().or_else(|| stand_in(&rule.name, &watched)) else { continue };
            let (targets, acts_as) = (rule.targets.clone(), rule.acts_as.clone());
            watched.push(Watched { arn, targets, acts_as, hears_all, place });
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
            places,
            actors,
            own: own.clone(),
            known: Known::default(),
            judges_own_calls,
        }
    }

    /// Rules by their index.
    pub(super) fn rules(&self) -> &[Watched] {
        &self.rules
    }
}

impl ReplayFiring {
    /// Flag in `cause`: the event is from another place than the rule.
    const ELSEWHERE: u32 = 1 << 31;

    pub(super) fn rule(&self) -> usize {
        self.rule as usize
    }

    pub(super) fn is_elsewhere(&self) -> bool {
        self.cause & Self::ELSEWHERE != 0
    }

    pub(super) fn cause(&self) -> usize {
        (self.cause & !Self::ELSEWHERE) as usize
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
        Self {
            counts: vec![Counts::default(); replay.rules.len()],
            places_seen: vec![false; replay.places.len()],
            ..Self::default()
        }
    }

    /// Matches one record, given as its JSON text. A repeated record is only counted.
    pub fn add(&mut self, replay: &Replay, record: &[u8]) -> Result<(), RecordError> {
        let record = CloudTrailRecord::read(record)?;
        let id = HashUse::Memory.of(&record.id);
        if !replay.known.add(id) {
            self.duplicates += 1;
            return Ok(());
        }
        self.events += 1;
        self.first = Some(self.first.map_or(record.at, |first| first.min(record.at)));
        self.last = Some(self.last.map_or(record.at, |last| last.max(record.at)));
        let is_at = |place: &TextPosition| {
            // A record that does not name its place belongs to every place.
            (record.region.is_empty() || place.region == record.region)
                && (record.account.is_empty() || place.account == record.account)
        };
        for (seen, place) in self.places_seen.iter_mut().zip(&replay.places) {
            *seen |= is_at(place);
        }
        self.note_opening(replay, &record);
        self.match_spellings(replay, &record)?;
        let mut cause = None;
        // The call is needed only where own calls are judged.
        let wants_call = self.matched.iter().any(|(rule, _)| replay.rules[*rule as usize].targets.is_some());
        for (rule, decision) in std::mem::take(&mut self.matched) {
            let watched = &replay.rules[rule as usize];
            let is_elsewhere = watched.place.is_some_and(|place| !is_at(&replay.places[place]));
            let counts = &mut self.counts[rule as usize];
            match decision {
                Decision::Unknown => counts.undecided[usize::from(is_elsewhere)] += 1,
                Decision::Matched if record.is_withheld && !watched.hears_all => {
                    counts.withheld[usize::from(is_elsewhere)] += 1;
                }
                Decision::Matched => {
                    let known = match cause {
                        Some(known) => known,
                        None => *cause.insert(self.cause(replay, &record, wants_call)?),
                    };
                    let Some(known) = known else { continue };
                    let is_doubtful = record.is_withheld_perhaps && !watched.hears_all;
                    self.counts[rule as usize].doubtful[usize::from(is_elsewhere)] += u64::from(is_doubtful);
                    let flag = if is_elsewhere { ReplayFiring::ELSEWHERE } else { 0 };
                    let at = record.at.as_millisecond();
                    self.fired.push(ReplayFiring { rule, cause: known | flag, at, id });
                }
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
    fn cause(
        &mut self,
        replay: &Replay,
        record: &CloudTrailRecord<'_>,
        wants_call: bool,
    ) -> Result<Option<u32>, RecordError> {
        let undecoded = |error: &dyn std::fmt::Display| RecordError::NotJson(error.to_string());
        let received = sources::decode_body(&self.event).map_err(|error| undecoded(&error))?;
        let Received::Bus(bus) = received else { return Ok(None) };
        let place = (record.account.clone().into_owned(), record.region.clone().into_owned());
        let (rule, home) = match self.guards.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (account, region) = new.key();
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
                Ok(Some(self.causes.add(&firing.caller, call.as_ref())))
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
            let causes = whole.causes.append(part.causes);
            part.fired.iter_mut().for_each(|fired| fired.cause += causes);
            whole.fired.append(&mut part.fired);
            whole.events += part.events;
            whole.duplicates += part.duplicates;
            whole.own_calls += part.own_calls;
            whole.first = whole.first.into_iter().chain(part.first).min();
            whole.last = whole.last.max(part.last);
            for (sum, counts) in whole.counts.iter_mut().zip(part.counts) {
                for place in 0..2 {
                    sum.withheld[place] += counts.withheld[place];
                    sum.undecided[place] += counts.undecided[place];
                    sum.doubtful[place] += counts.doubtful[place];
                }
            }
            for (seen, also) in whole.places_seen.iter_mut().zip(part.places_seen) {
                *seen |= also;
            }
        }
        whole
    }

    /// Returns true if events from other places do not count. If no event is from the rule's own place, the log belongs
    /// to another account or its names were changed, and every event counts.
    pub fn keeps_to_its_place(&self, replay: &Replay, rule: usize) -> bool {
        replay.rules[rule].place.is_some_and(|place| self.places_seen[place])
    }

    /// Returns the numbers of matches of this rule that are not firings, or are in doubt.
    pub fn uncounted(&self, replay: &Replay, rule: usize) -> Uncounted {
        let Counts { withheld, undecided, doubtful } = self.counts[rule];
        let elsewhere = if self.keeps_to_its_place(replay, rule) { 0 } else { 1 };
        let sum = |counts: [u64; 2]| counts[0] + counts[1] * elsewhere;
        Uncounted { withheld: sum(withheld), undecided: sum(undecided), doubtful: sum(doubtful) }
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

/// Ids of records that any reader has read. In a million, two ids collide with a probability of 3 in 10⁸.
#[derive(Debug)]
struct Known {
    /// Enough shards that readers seldom wait for each other.
    shards: Vec<Mutex<HashSet<u64>>>,
}

impl Default for Known {
    fn default() -> Self {
        Self { shards: (0..64).map(|_| Mutex::default()).collect() }
    }
}

impl Known {
    /// Returns true if the id is new.
    fn add(&self, id: u64) -> bool {
        let shard = &self.shards[(id >> 58) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}
