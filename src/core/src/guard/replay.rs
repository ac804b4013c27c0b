//! Replay after a trial: planned with its outcome, started by a later tick once the archive has all events.

use crate::alerts::{Failure, RuleEvent};
use crate::archive::Replay;
use crate::model::{Fault, Timestamp};

use super::{Action, Attempt, Step};

impl Step<'_> {
    /// Plans the replay of what the rule missed up to this time. Returns the time of its start, or `None` if there is
    /// nothing to replay or no archive.
    pub(super) fn plan_replay(&mut self, to: Timestamp) -> Option<Timestamp> {
        self.archive()?;
        let trip = self.record.last_trip.as_ref().filter(|trip| trip.earliest_missed.is_some())?;
        let replay = Replay::new(trip.missed_since(), to);
        let due = replay.due.max(self.now);
        self.record.replay = Some(replay);
        self.plan.save = true;
        Some(due)
    }

    /// ARN of the archive that has the events of the rule's bus.
    fn archive(&self) -> Option<std::sync::Arc<str>> {
        self.limits.archive.clone().filter(|_| self.record.rule.is_on_default_bus())
    }

    /// Starts a replay that is due, while the rule is enabled.
    pub(super) fn replay_missed(&mut self) {
        let (now, is_enabled, archive) = (self.now, self.counts(), self.archive());
        let Some(replay) = &mut self.record.replay else { return };
        let Some(archive) = archive.filter(|_| is_enabled) else {
            if replay.is_given_up(now) {
                self.record.replay = None;
                self.plan.save = true;
            }
            return;
        };
        if replay.due <= now && replay.work.is_free(now) {
            replay.work.take(now);
            self.question = Some(Action::Replay { archive, replay: replay.clone() });
            self.plan.save = true;
        }
    }

    pub(super) fn replayed(&mut self, result: &Result<(), Fault>) {
        let now = self.now;
        let Some(replay) = &mut self.record.replay else { return };
        self.plan.save = true;
        let Err(fault) = result else {
            self.record.replay = None;
            return;
        };
        replay.work.fail(fault, now);
        if fault.is_transient() && !replay.is_given_up(now) {
            return self.note_failed(Attempt::Replay, fault);
        }
        let replay = self.record.replay.take();
        self.note_failed(Attempt::Replay, fault);
        if let (Some(replay), Some(archive)) = (replay, self.archive()) {
            let failure = Failure::Replay { fault: fault.to_string(), archive: archive.to_string(), replay };
            self.queue(self.about(RuleEvent::Failed(failure)));
        }
    }
}
