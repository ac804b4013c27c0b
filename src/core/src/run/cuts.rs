//! The guard's own breaker: cuts are counted in one stored item, and end once there are too many.

use super::Guard;
use crate::cuts::{Cuts, Pause, Permit};
use crate::model::Fault;
use crate::ports::Ports;
use crate::record::Record;
use crate::run::store::load;
use crate::stored::Key;
use crate::verdict::EvidenceKind;

impl<P: Ports> Guard<P> {
    /// Asks whether a rule may be cut now. A cut by hand always may, and does not count.
    pub(super) async fn may_cut(&self, record: &Record, max: u32) -> Result<Permit, Fault> {
        let trip = record.last_trip.as_ref();
        if trip.is_some_and(|trip| trip.evidence.kind == EvidenceKind::Manual) {
            return Ok(Permit::Granted);
        }
        // A trial ends by itself: it does not count, and is left out during a pause.
        if record.trial.as_ref().is_some_and(|trial| trial.is_begun && trial.enabled_at.is_none()) {
            let cuts = load::<Cuts>(self.ports.store(), Key::Cuts).await?;
            let pause = cuts.and_then(|(cuts, _)| cuts.paused().cloned());
            return Ok(pause.map_or(Permit::Granted, Permit::Withheld));
        }
        // An earlier attempt may have disabled the rule, whatever its answer said.
        if record.work.failures > 0 {
            return Ok(Permit::Granted);
        }
        let (rule, epoch, now) = (&record.rule, record.epoch.number, self.now());
        let request = |cuts: &mut Cuts| cuts.request(rule, epoch, max, now);
        self.edit(Key::Cuts, request).await.map(|(_, permit)| permit)
    }

    /// Ends the pause after too many cuts. Returns it, or `None` if there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn resume(&self) -> Result<Option<Pause>, Fault> {
        self.edit(Key::Cuts, Cuts::resume).await.map(|(_, pause)| pause)
    }
}
