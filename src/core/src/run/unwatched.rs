//! Tells people of rules that fire on more than the guard is shown: once for each rule, and at most once a day.

use super::{Guard, Summary};
use crate::actions::UnwatchedAlert;
use crate::directory::Entry;
use crate::model::Fault;
use crate::policy::Mode;
use crate::ports::{Alerts, Ports};

impl<P: Ports> Guard<P> {
    /// Goes by the directory as it was last read or saved, which shows what the guard's own catch-all rule brings it.
    pub(super) async fn report_unwatched(&self, summary: &mut Summary) -> Result<(), Fault> {
        let Some(stored) = self.directory.known().filter(|stored| stored.is_usable()) else { return Ok(()) };
        let is_ignored = |entry: &Entry| self.defaults.with_tags(&entry.tags).mode == Mode::Ignore;
        let Some(unwatched) = stored.directory.unwatched(is_ignored) else { return Ok(()) };
        let (now, ids) = (self.now(), unwatched.ids());
        let mut head = stored.head.clone();
        if head.note_unwatched(&ids, now) {
            let sentences = unwatched.sentences();
            summary.notes.extend(sentences.iter().cloned());
            let alert = UnwatchedAlert::new(&sentences, unwatched.rules(), &unwatched.settings(), now);
            // First told, then noted: twice is better than never.
            self.ports.alerts().warn(&alert).await?;
        }
        if head == stored.head {
            return Ok(());
        }
        self.edit_directory(|head, _| {
            head.note_unwatched(&ids, now);
        })
        .await
    }
}
