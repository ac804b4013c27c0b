//! The past in memory: a rule's metrics, and CloudTrail's event history.

use super::World;
use super::faults::Call;
use crate::history::RateHistory;
use crate::model::{Fault, RuleArn, Timestamp};
use crate::ports::{History, Trail, TrailRecord};

impl World {
    /// Adds the record of an `AssumeRole` call for the role with this ARN.
    pub fn put_opening(&self, role: &str, record: TrailRecord) {
        self.lock().openings.push((role.to_owned(), record));
    }
}

impl History for World {
    async fn triggered(
        &self,
        rule: &RuleArn,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<RateHistory, Fault> {
        let triggered = || {
            let state = self.lock();
            let counts = state.histories.get(rule).into_iter().flatten().copied();
            Ok(RateHistory::new(counts.filter(|(at, _)| (since..until).contains(at))))
        };
        self.faults.run(Call::Triggered, triggered).await
    }
}

impl Trail for World {
    async fn openings(
        &self,
        role: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<TrailRecord>, Fault> {
        let openings = || {
            let state = self.lock();
            let of_role = state
                .openings
                .iter()
                .filter(|(of, record)| *of == role && (since..=until).contains(&record.at));
            Ok(of_role.rev().map(|(_, record)| record.clone()).collect())
        };
        self.faults.run(Call::Openings, openings).await
    }
}
