//! Schedules of EventBridge Scheduler: listed with each pass over the rules, read when they are new or changed.

use std::collections::{BTreeMap, BTreeSet};

use super::Guard;
use super::call_quota::CallQuota;
use super::fresh::Kept;
use super::refresh::FAULTS_IN_A_ROW;
use crate::directory::{Edit, Entries, Entry, SchedulePeriods};
use crate::model::{Fault, FaultKind, ListedSchedule, ScheduleDefinition, Timestamp, unqualified};
use crate::ports::{Ports, Scheduler};

/// Maximum number of pages listed, of 100 schedules each. Accounts may have millions, most of them for a single time.
const MAX_PAGES: usize = 10;
/// Maximum number of schedules read in one pass.
const MAX_READS: usize = 20;

/// Schedules by group and name.
pub(super) type Known = BTreeMap<(String, String), Read>;

/// Definition of a schedule, with the time of its last change. `None` if it could not be read.
#[derive(Debug)]
pub(super) struct Read {
    changed: Timestamp,
    definition: Option<ScheduleDefinition>,
}

/// Schedules that this process has read. Each is valid until the list shows a change.
pub(super) type ScheduleCache = Kept<Known>;

impl<P: Ports> Guard<P> {
    /// Edits of the rules that schedules wake. What cannot be read stays as it was known.
    pub(super) async fn read_schedules(&self, entries: &Entries, quota: &mut CallQuota) -> Vec<Edit> {
        let wakeable: BTreeSet<&str> = entries.values().flat_map(Entry::wakeable).collect();
        let listed = match self.list_schedules(&wakeable, quota).await {
            Ok(Some(listed)) => listed,
            Ok(None) => return Vec::new(),
            Err(fault) => {
                tracing::info!(%fault, "schedules were not listed; what was known of them holds");
                return Vec::new();
            }
        };
        let mut known = std::mem::take(&mut *self.schedules.lock());
        let keys: BTreeSet<_> = listed.iter().map(key_of).collect();
        known.retain(|key, _| keys.contains(key));
        self.read_changed(&listed, &mut known, quota).await;
        let (now, mut waking) = (self.now(), SchedulePeriods::default());
        for schedule in &listed {
            match known.get(&key_of(schedule)).and_then(|read| read.current(schedule)) {
                Some(definition) => waking.add(definition, now),
                None => waking.add_unread(schedule),
            }
        }
        *self.schedules.lock() = known;
        waking.edits(entries)
    }

    /// Returns the enabled schedules with these targets. `None` if the calls are used up.
    async fn list_schedules(
        &self,
        wakeable: &BTreeSet<&str>,
        quota: &mut CallQuota,
    ) -> Result<Option<Vec<ListedSchedule>>, Fault> {
        let mut listed = Vec::new();
        let mut next_token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            if !quota.acquire(self.ports.clock(), 1).await {
                return Ok(None);
            }
            let page = self.ports.scheduler().enabled(next_token.as_deref()).await?;
            let wakes = |schedule: &ListedSchedule| wakeable.contains(unqualified(&schedule.target));
            listed.extend(page.items.into_iter().filter(wakes));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(Some(listed));
            }
        }
        tracing::info!(pages = MAX_PAGES, "there are more schedules; those on later pages are not known");
        Ok(Some(listed))
    }

    /// Reads schedules that are new or changed: one of each target, then the next one of each, at last those that could not
    /// be read before.
    async fn read_changed(&self, listed: &[ListedSchedule], known: &mut Known, quota: &mut CallQuota) {
        let mut of_target: BTreeMap<&str, u32> = BTreeMap::new();
        let mut due = Vec::new();
        for schedule in listed {
            let read = known.get(&key_of(schedule));
            if read.is_none_or(|read| read.current(schedule).is_none()) {
                let place = of_target.entry(&schedule.target).or_default();
                *place += 1;
                due.push((read.is_some_and(|read| read.definition.is_none()), *place, schedule));
            }
        }
        due.sort_by_key(|(has_failed, place, _)| (*has_failed, *place));
        let mut in_a_row = 0;
        for (.., schedule) in due.into_iter().take(MAX_READS) {
            if in_a_row >= FAULTS_IN_A_ROW || !quota.acquire(self.ports.clock(), 1).await {
                break;
            }
            let definition = match self.ports.scheduler().read(schedule).await {
                Ok(definition) => {
                    in_a_row = 0;
                    Some(definition)
                }
                // It was deleted a moment ago.
                Err(fault) if fault.kind == FaultKind::NotFound => continue,
                Err(fault) => {
                    in_a_row = if fault.is_transient() { in_a_row + 1 } else { 0 };
                    let ListedSchedule { group, name, .. } = schedule;
                    tracing::info!(group, name, %fault, "a schedule was not read; the next pass asks again");
                    None
                }
            };
            known.insert(key_of(schedule), Read { changed: schedule.changed, definition });
        }
    }
}

impl Read {
    /// Returns the definition. `None` if the schedule has changed since or could not be read.
    fn current(&self, schedule: &ListedSchedule) -> Option<&ScheduleDefinition> {
        self.definition.as_ref().filter(|_| self.changed == schedule.changed)
    }
}

fn key_of(schedule: &ListedSchedule) -> (String, String) {
    (schedule.group.clone(), schedule.name.clone())
}
