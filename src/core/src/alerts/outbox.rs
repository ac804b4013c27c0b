//! Alerts that are decided and saved, and not yet published.
//!
//! The same guarantee wherever one lies: an alert is stored before it is sent, and sent at least once, always with the
//! same `dedup_id`.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Alert, AlertKey};
use crate::model::Lease;
use crate::model::{Fault, Timestamp};

/// Time for one caller to publish all that waits; then the next one does it again.
const CLAIM: SignedDuration = SignedDuration::from_secs(60);
/// Time that an alert is kept after the last attempt to publish it: the topic may need a person.
const KEEP: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Waiting alerts, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outbox(Vec<Entry>);

/// One waiting alert, and the lease of its publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredEntry")]
struct Entry {
    alert: Alert,
    #[serde(skip_serializing_if = "is_new")]
    lease: Lease,
}

/// The layouts of a stored entry: of this version and of earlier budget states, and of earlier records.
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
    /// Adds an alert in place of those that it repeats. Returns the oldest one if more than `room` would wait.
    pub fn queue(&mut self, alert: Alert, room: usize) -> Option<Alert> {
        self.0.retain(|waiting| !alert.key.repeats(&waiting.alert.key));
        let oldest = (self.0.len() >= room).then(|| self.0.remove(0).alert);
        // There is room for the evidence of one alert; those that have waited keep their reason, with the numbers.
        self.0.iter_mut().for_each(|waiting| waiting.alert.drop_evidence());
        self.0.push(Entry { alert, lease: Lease::default() });
        oldest
    }

    /// The alert to publish next, with the lease for it.
    pub fn head(&mut self) -> Option<(&Alert, &mut Lease)> {
        self.0.first_mut().map(|first| (&first.alert, &mut first.lease))
    }

    /// All alerts that wait for a publisher, from now on the caller's to publish.
    pub fn claim(&mut self, now: Timestamp) -> Vec<Alert> {
        let free = self.0.iter_mut().filter(|waiting| waiting.lease.is_free(now));
        free.map(|waiting| {
            waiting.lease.take_for(now, CLAIM);
            waiting.alert.clone()
        })
        .collect()
    }

    /// Removes an alert that is published.
    pub fn published(&mut self, key: &AlertKey) {
        self.0.retain(|waiting| waiting.alert.key != *key);
    }

    /// Notes that an alert could not be published, and when to try again.
    pub fn failed(&mut self, key: &AlertKey, fault: &Fault, now: Timestamp) {
        for waiting in self.0.iter_mut().filter(|waiting| waiting.alert.key == *key) {
            waiting.lease.fail(fault, now);
        }
    }

    /// Number of failed attempts to publish the alert that is next.
    pub fn failures(&self) -> u32 {
        self.0.first().map_or(0, |first| first.lease.failures)
    }

    /// The waiting alerts, oldest first.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.0.iter().map(|waiting| &waiting.alert)
    }

    /// Number of waiting alerts.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no alert waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Time until which the alerts are worth keeping.
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
