//! CloudTrail's event history in memory.

use jiff::SignedDuration;

use super::World;
use super::faults::Call;
use budget_guard_core::model::{Fault, Timestamp};
use budget_guard_core::ports::{Trail, TrailRecord};

impl World {
    /// Adds the record of an `AssumeRole` call for the role with this ARN.
    pub fn put_opening(&self, role: &str, record: TrailRecord) {
        self.lock().openings.push((role.to_owned(), record));
    }

    /// Sets the duration of each further request to CloudTrail.
    pub fn slow_trail(&self, request: SignedDuration) {
        self.lock().trail_takes = request;
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
            let mut state = self.lock();
            state.now = state.now + state.trail_takes;
            let of_role = state
                .openings
                .iter()
                .filter(|(of, record)| *of == role && (since..=until).contains(&record.at));
            Ok(of_role.rev().map(|(_, record)| record.clone()).collect())
        };
        self.call(Call::AssumeRoleCalls, openings).await
    }
}
