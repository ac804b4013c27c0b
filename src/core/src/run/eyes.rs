//! Care for the guard's own eyes: calls by others on the parts of its stack, and a look at its rules and queues at each tick.

use super::fresh::{Fresh, Kept};
use super::{Guard, Summary};
use crate::alerts::{Alert, Tamper, Tampered, Tampering};
use crate::attribution::Touched;
use crate::directory::Head;
use crate::history::REACH;
use crate::model::{Fault, FaultKind, Own, RuleDefinition};
use crate::ports::{Alerts, History, Ports, Rules};

/// Time for which the last answer about silence is used.
const SILENCE_FRESH_FOR: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Minutes of unusual silence that were last read. The inner `None` means that they could not be read.
pub(super) type SilenceCache = Kept<Option<Fresh<Option<u64>>>>;

impl<P: Ports> Guard<P> {
    /// Stores alerts about calls by others on the parts of the stack. `work` publishes them.
    pub(super) async fn report_touched(&self, touched: impl Iterator<Item = Touched>) -> Result<(), Fault> {
        let tampered = |Touched { part, call, by }: Touched| Tampered {
            change: Tamper::Call { part, call },
            by: Some(by),
        };
        self.report_changes(touched.map(tampered).collect()).await
    }

    /// Looks at the rules that bring events, and at the queues that they are sent to. A problem is reported once a day.
    pub(super) async fn look_after_eyes(&self) -> Result<(), Fault> {
        let looked = look(self.ports.rules(), &self.home.own).await;
        let problems: Vec<String> = looked
            .into_iter()
            .filter_map(|eye| eye.found.unwrap_or_else(|fault| unreadable(&eye.part, &fault)))
            .collect();
        let found = |problem| Tampered { change: Tamper::Found(problem), by: None };
        self.report_changes(problems.into_iter().map(found).collect()).await
    }

    /// Notes the age of the directory, and whether the bus has been silent for longer than ever. The history is asked for
    /// every ten minutes.
    pub(super) async fn note_silence(&self, summary: &mut Summary) {
        let now = self.now();
        summary.directory_age = self.directory.known().map(|stored| stored.head.age(now));
        let Some(watch) = self.home.own.eyes().find(|rule| self.home.own.is_watch(rule)) else { return };
        let known = self.silence.lock().clone().filter(|last| last.is_fresh(now));
        summary.silent_minutes = match known {
            Some(last) => last.value,
            None => {
                let history = self.ports.history().triggered(&watch, &[], now - REACH, now).await;
                let history = history
                    .inspect_err(|fault| tracing::info!(%fault, "it is not known when the bus fell silent"));
                let silent = history.ok().map(|history| history.silent_minutes(now));
                *self.silence.lock() = Some(Fresh::new(silent, now, SILENCE_FRESH_FOR));
                silent
            }
        };
    }

    /// Stores an alert about these changes, without those told before. Without a directory, which keeps alerts until they
    /// are published, the alert is published at once.
    async fn report_changes(&self, changes: Vec<Tampered>) -> Result<(), Fault> {
        if changes.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let known = self.directory().await?;
        // No write for problems that were told before.
        let is_news = |head: &Head| !head.news(changes.clone(), now).is_empty();
        if known.is_some_and(|stored| !is_news(&stored.head)) {
            return Ok(());
        }
        let stored = self.edit_directory(|head, _| head.report_news(changes.clone(), now)).await?;
        if stored.is_none() {
            let alert = Alert::about_tampering(Tampering::of(changes), now);
            self.ports.alerts().publish(&alert).await?;
        }
        Ok(())
    }
}

/// Part of the stack that brings the guard its events.
#[derive(Debug)]
pub struct Eye {
    /// ARN of a rule or a queue.
    pub part: String,
    /// Problem with it in a sentence. `None` if it works; an error if it could not be read.
    pub found: Result<Option<String>, Fault>,
}

/// Looks at the rules that bring events, and at the queues that they are sent to.
pub async fn look(rules: &impl Rules, own: &Own) -> Vec<Eye> {
    let mut eyes = Vec::new();
    for rule in own.eyes() {
        let found = match rules.inspect(&rule).await {
            Ok(RuleDefinition { state, .. }) if !state.is_enabled() => {
                Ok(Some(format!("the guard's own rule {rule} is disabled")))
            }
            Ok(RuleDefinition { targets, .. }) if !targets.iter().any(|one| own.has(&one.arn)) => {
                Ok(Some(format!("the guard's own rule {rule} does not send to its queue")))
            }
            Ok(_) => Ok(None),
            Err(fault) if fault.kind == FaultKind::NotFound => {
                Ok(Some(format!("the guard's own rule {rule} does not exist")))
            }
            Err(fault) => Err(fault),
        };
        eyes.push(Eye { part: rule.as_str().to_owned(), found });
    }
    for queue in own.queues() {
        let read = rules.has_reader(queue).await;
        let found = read
            .map(|is_read| (!is_read).then(|| format!("no function of the stack reads the queue {queue}")));
        eyes.push(Eye { part: queue.to_owned(), found });
    }
    eyes
}

/// A denied right is reported. Other faults pass, and the next tick looks again.
fn unreadable(part: &str, fault: &Fault) -> Option<String> {
    if fault.kind == FaultKind::Denied {
        return Some(format!("the guard may not read its own {part}: {fault}"));
    }
    tracing::warn!(part, %fault, "a part of the guard was not looked at; the next tick looks again");
    None
}
