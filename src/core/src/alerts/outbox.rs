//! Alerts that are decided and saved, and not yet published.
//!
//! The guarantee is the same for all outboxes: an alert is stored before it is sent. It is sent at least once, always
//! with the same `dedup_id`.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Alert, AlertKey};
use crate::model::Lease;
use crate::model::{Fault, Timestamp};

/// Time for one invocation to publish the alerts that it claimed. After it another one may claim them.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// Time for which an alert is kept after the last attempt to publish it. A person may have to repair the topic first.
const KEEP: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Waiting alerts, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox(Vec<Entry>);

/// Waiting alert, and the lease of its publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredEntry")]
struct Entry {
    alert: Alert,
    #[serde(skip_serializing_if = "is_new")]
    lease: Lease,
}

/// Layouts of a stored entry: the one of this version and of earlier budget states, and the one of earlier records.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredEntry {
    Entry {
        alert: Alert,
        #[serde(default)]
        lease: Lease,
    },
    Alone(Alert),
}

impl From<StoredEntry> for Entry {
    fn from(stored: StoredEntry) -> Self {
        match stored {
            StoredEntry::Entry { alert, lease } => Self { alert, lease },
            StoredEntry::Alone(alert) => Self { alert, lease: Lease::default() },
        }
    }
}

fn is_new(lease: &Lease) -> bool {
    *lease == Lease::default()
}

impl Outbox {
    /// Adds an alert and removes those that it repeats. If more than `room` would wait, removes the oldest one and
    /// returns it.
    pub fn queue(&mut self, alert: Alert, room: usize) -> Option<Alert> {
        self.0.retain(|waiting| !alert.key.repeats(&waiting.alert.key));
        let oldest = (self.0.len() >= room).then(|| self.0.remove(0).alert);
        // Only the newest alert keeps its evidence, to save space. The others keep their reason, with its numbers.
        self.0.iter_mut().for_each(|waiting| waiting.alert.drop_evidence());
        self.0.push(Entry { alert, lease: Lease::default() });
        oldest
    }

    /// Returns the alert to publish next, with its lease.
    pub fn head(&mut self) -> Option<(&Alert, &mut Lease)> {
        self.0.first_mut().map(|first| (&first.alert, &mut first.lease))
    }

    /// Claims all alerts that no other invocation publishes, and returns them for the caller to publish.
    pub fn claim(&mut self, now: Timestamp) -> Vec<Alert> {
        let free = self.0.iter_mut().filter(|waiting| waiting.lease.is_free(now));
        free.map(|waiting| {
            waiting.lease.take_for(now, CLAIM);
            waiting.alert.clone()
        })
        .collect()
    }

    /// Removes an alert after it was published.
    pub fn published(&mut self, key: &AlertKey) {
        self.0.retain(|waiting| waiting.alert.key != *key);
    }

    /// Notes that publishing an alert failed, and sets the time of the next attempt.
    pub fn failed(&mut self, key: &AlertKey, fault: &Fault, now: Timestamp) {
        for waiting in self.0.iter_mut().filter(|waiting| waiting.alert.key == *key) {
            waiting.lease.fail(fault, now);
        }
    }

    /// Returns the number of failed attempts to publish the next alert.
    pub fn failures(&self) -> u32 {
        self.0.first().map_or(0, |first| first.lease.failures)
    }

    /// Returns the waiting alerts, oldest first.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.0.iter().map(|waiting| &waiting.alert)
    }

    /// Returns the number of waiting alerts.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no alert waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the time until which the outbox must be kept. `None` if it is empty.
    pub fn ends(&self) -> Option<Timestamp> {
        self.0.iter().map(Entry::ends).max()
    }
}

impl Entry {
    fn ends(&self) -> Timestamp {
        let claimed = self.lease.until.and_then(|until| until.checked_sub(CLAIM).ok());
        let last = claimed.map_or(self.alert.time, |claimed| claimed.max(self.alert.time));
        last.saturating_add(KEEP).unwrap_or(Timestamp::MAX)
    }
}
