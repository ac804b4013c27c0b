//! Reports of coverage gaps: each gap once, and at most one alert a day.

use std::sync::Arc;

use super::directory::StoredDirectory;
use super::{Guard, Summary};
use crate::alerts::Alert;
use crate::directory::{Entry, MAX_ALERTS};
use crate::model::Fault;
use crate::policy::Mode;
use crate::ports::{Alerts, Ports};

impl<P: Ports> Guard<P> {
    /// Reports coverage gaps by the directory that was last read or saved. It contains the events that the guard's
    /// catch-all rule receives.
    pub(super) async fn report_unwatched(&self, summary: &mut Summary) -> Result<(), Fault> {
        let Some(stored) = self.directory.known().filter(|stored| stored.is_usable()) else { return Ok(()) };
        let is_ignored = |entry: &Entry| self.defaults.with_tags(&entry.tags).mode == Mode::Ignore;
        let Some(unwatched) = stored.directory.unwatched(self.home.attached_queue.as_deref(), is_ignored)
        else {
            return Ok(());
        };
        let (now, ids) = (self.now(), unwatched.ids());
        let mut head = stored.head.clone();
        let is_news = head.note_unwatched(&ids, now);
        if head == stored.head {
            return Ok(());
        }
        let coverage = unwatched.coverage();
        if is_news {
            summary.notes.extend(coverage.sentences());
        }
        let alert = Alert::about_coverage(coverage, now);
        self.edit_directory(|head, _| {
            if head.note_unwatched(&ids, now) {
                head.outbox.queue(alert.clone(), MAX_ALERTS);
            }
        })
        .await?;
        Ok(())
    }

    /// Publishes the waiting alerts of the directory. The next tick publishes those that fail.
    pub(super) async fn publish_unwatched(&self) -> Result<(), Fault> {
        let is_waiting = |stored: Arc<StoredDirectory>| !stored.head.outbox.is_empty();
        if !self.directory.known().is_some_and(is_waiting) {
            return Ok(());
        }
        let now = self.now();
        let claimed = self.edit_directory(|head, _| head.outbox.claim(now)).await?;
        for alert in claimed.unwrap_or_default() {
            self.ports.alerts().publish(&alert).await?;
            self.edit_directory(|head, _| head.outbox.published(&alert.key)).await?;
        }
        Ok(())
    }
}
