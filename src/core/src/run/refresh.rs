//! Refresh of the directory: a pass over all rules every 15 minutes, then targets and tags, oldest first.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::call_quota::CallQuota;
use super::{Guard, Summary};
use crate::alerts::{Tamper, Tampered};
use crate::directory::{DETAILS_EVERY, Edit, Entries, Entry, Head, Missed, Pass};
use crate::guard::Observation;
use crate::model::{DEFAULT_BUS, Fault, FaultKind, Timestamp};
use crate::ports::{Ports, Rules, SaveError};

/// Maximum number of calls of one tick to EventBridge and its Scheduler. At five calls a second they take 20 s of the
/// function's 60 s.
const CALLS: i32 = 100;
/// Time within which these calls are started.
const WITHIN: SignedDuration = SignedDuration::from_secs(20);
/// Number of transient faults in a row that end the refresh, because AWS is throttling or failing.
pub(super) const FAULTS_IN_A_ROW: u32 = 3;

/// Results of one refresh so far.
struct RefreshProgress {
    edits: Vec<Edit>,
    default_bus_at: Option<Timestamp>,
    progress: Progress,
}

/// Progress of the pass over the buses.
enum Progress {
    /// No pass was due.
    Idle,
    /// The pass continues at this position.
    Stopped(Pass),
    /// The pass is complete.
    Complete {
        /// Start of the pass.
        began: Timestamp,
    },
}

impl<P: Ports> Guard<P> {
    /// Refreshes what is due. Only one invocation does so at a time. The next tick continues with the rest.
    pub(super) async fn refresh_directory(&self, summary: &mut Summary) -> Result<(), Fault> {
        let stored = self.load_or_begin().await?;
        let now = self.now();
        let details_due = |entry: &Entry| entry.details_due(DETAILS_EVERY) <= now;
        if !stored.head.needs_pass(now) && !stored.directory.entries().values().any(details_due) {
            return Ok(());
        }
        if stored.head.is_leased(now) {
            return Ok(());
        }
        let taken = self.replace_directory(&stored, |head, _| head.begin_refresh(now)).await;
        let stored = match taken {
            Ok((stored, ())) => stored,
            // Another invocation saved first. The next tick tries again.
            Err(SaveError::Conflict) => return Ok(()),
            Err(SaveError::Fault(fault)) => return Err(fault),
        };
        let mut quota = CallQuota::new(now, CALLS, WITHIN);
        let mut progress = RefreshProgress::default();
        let listed = self.list_all(&stored.head, &mut quota, &mut progress).await;
        let mut result = listed.map_err(|fault| (Missed::Rules, fault));
        if result.is_ok() {
            let entries = progress.on(stored.directory.entries());
            let read = self.read_details(&entries, &mut quota, &mut progress).await;
            result = read.map_err(|fault| (Missed::Details, fault));
        }
        if result.is_ok() && matches!(progress.progress, Progress::Complete { .. }) {
            let entries = progress.on(stored.directory.entries());
            progress.edits.extend(self.read_schedules(&entries, &mut quota).await);
        }
        let ended = result.as_ref().map(|_| ()).map_err(|(missed, fault)| (*missed, fault));
        self.edit_directory(|head, entries| {
            progress.merge_into(head, entries, now);
            let note = head.end_refresh(ended, now);
            // Without this right, new rules are not guarded.
            if let (Some(problem), Err((_, fault))) = (note, &ended)
                && fault.kind == FaultKind::Denied
            {
                head.report_news(vec![Tampered { change: Tamper::Found(problem), by: None }], now);
            }
        })
        .await?;
        summary.notes.extend(stored.head.clone().end_refresh(ended, now));
        if matches!(progress.progress, Progress::Complete { .. }) {
            self.report_unreadable(summary).await;
        }
        if let Err(fault) = self.report_unwatched(summary).await {
            tracing::error!(%fault, "rules that fire on more than the guard is shown were not told of; the next pass tries again");
            summary.failed += 1;
        }
        Ok(())
    }

    /// Goes on with the pass over all buses, or begins one if it is due.
    async fn list_all(
        &self,
        head: &Head,
        quota: &mut CallQuota,
        progress: &mut RefreshProgress,
    ) -> Result<(), Fault> {
        let now = self.now();
        if !head.needs_pass(now) {
            return Ok(());
        }
        let pass = head.pass.clone().unwrap_or_else(|| Pass::first(now));
        let began = pass.began;
        progress.progress = Progress::Stopped(pass.clone());
        let buses = self.all_buses(quota).await?;
        let mut goes_on = Some(pass.clone());
        for bus in buses.iter().filter(|bus| order(bus) >= order(&pass.bus)) {
            let next_token = goes_on.take().filter(|pass| pass.bus == *bus).and_then(|pass| pass.next_token);
            let is_first = *bus == pass.bus;
            // After a fault the bus is listed from its beginning: a token may be what is wrong.
            progress.progress = Progress::Stopped(Pass { began, bus: bus.clone(), next_token: None });
            if let Some(token) = self.list_bus(bus, next_token, quota, progress).await? {
                // A bus that takes more than one tick continues at this token.
                let next_token = if is_first { token } else { None };
                progress.progress = Progress::Stopped(Pass { began, bus: bus.clone(), next_token });
                return Ok(());
            }
        }
        progress.edits.push(Edit::BusesListed { buses: buses.into_iter().collect(), at: now });
        progress.progress = Progress::Complete { began };
        Ok(())
    }

    /// The names of all buses, the default one first.
    async fn all_buses(&self, quota: &mut CallQuota) -> Result<Vec<String>, Fault> {
        let mut buses = BTreeSet::from([DEFAULT_BUS.to_owned()]);
        let mut next_token = None;
        while quota.acquire(self.ports.clock(), 1).await {
            let page = self.ports.rules().buses(next_token.as_deref()).await?;
            buses.extend(page.items);
            next_token = page.next_token;
            if next_token.is_none() {
                let mut buses: Vec<String> = buses.into_iter().collect();
                buses.sort_by(|one, other| order(one).cmp(&order(other)));
                return Ok(buses);
            }
        }
        Err(Fault::new(FaultKind::Timeout, "there are too many event buses to list them within one tick"))
    }

    /// Lists a bus from `next_token` on. Returns `Some` if the calls are used up, with the token to continue with.
    async fn list_bus(
        &self,
        bus: &str,
        mut next_token: Option<String>,
        quota: &mut CallQuota,
        progress: &mut RefreshProgress,
    ) -> Result<Option<Option<String>>, Fault> {
        let at = self.now();
        let is_whole = next_token.is_none();
        let mut rules = BTreeSet::new();
        loop {
            if !quota.acquire(self.ports.clock(), 1).await {
                return Ok(Some(next_token));
            }
            let asked = self.now();
            let page = match self.ports.rules().list(bus, next_token.as_deref()).await {
                Ok(page) => page,
                // The bus was deleted a moment ago.
                Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
                Err(fault) => return Err(fault),
            };
            for rule in page.items.into_iter().filter(|listed| self.home.owns(&listed.rule)) {
                rules.insert(rule.rule.clone());
                progress.edits.push(Edit::Listed { rule, at: asked });
            }
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        if is_whole {
            progress.edits.push(Edit::BusListed { bus: bus.to_owned(), rules, at });
        }
        if bus == DEFAULT_BUS {
            progress.default_bus_at = Some(at);
        }
        Ok(None)
    }

    /// Reads targets and tags of the rules that are due, oldest first.
    async fn read_details(
        &self,
        entries: &Entries,
        quota: &mut CallQuota,
        progress: &mut RefreshProgress,
    ) -> Result<(), Fault> {
        let now = self.now();
        let mut due: Vec<&Entry> =
            entries.values().filter(|entry| entry.details_due(DETAILS_EVERY) <= now).collect();
        due.sort_by_key(|entry| entry.details_due(DETAILS_EVERY));
        let mut in_a_row = 0;
        for entry in due {
            if !quota.acquire(self.ports.clock(), 2).await {
                break;
            }
            let (rule, at) = (entry.rule.clone(), self.now());
            let rules = self.ports.rules();
            let details = async { Ok((rules.list_targets(&rule).await?, rules.tags(&rule).await?)) };
            match details.await {
                Ok((targets, tags)) => {
                    in_a_row = 0;
                    progress.edits.push(Edit::Details { rule, targets, tags, at });
                }
                Err(Fault { kind: FaultKind::NotFound, .. }) => {
                    in_a_row = 0;
                    progress.edits.push(Edit::Gone { rule, at });
                }
                // A rule that cannot be read does not stop the refresh of the others.
                Err(fault) => {
                    let is_transient = fault.is_transient();
                    tracing::info!(%rule, %fault, is_transient, "targets and tags were not read; they are asked for later");
                    progress.edits.push(Edit::DetailsFailed { rule, is_transient, at });
                    in_a_row = if is_transient { in_a_row + 1 } else { 0 };
                    // Several faults in a row do not come from the rule.
                    if in_a_row >= FAULTS_IN_A_ROW {
                        return Err(fault);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reports the rules whose event patterns cannot be compiled, through their records.
    async fn report_unreadable(&self, summary: &mut Summary) {
        let Some(stored) = self.directory.known() else { return };
        for one in stored.directory.unreadable() {
            tracing::warn!(rule = %one.rule, problem = one.problem, "event pattern not understood");
            let problem = format!("its event pattern is not understood ({})", one.problem);
            if let Err(error) = self.one(one.rule.clone(), Observation::Unmatched { problem }, summary).await
            {
                tracing::error!(%error, "a rule that is not guarded could not be reported; the next pass tries again");
            }
        }
    }
}

impl Default for RefreshProgress {
    fn default() -> Self {
        Self { edits: Vec::new(), default_bus_at: None, progress: Progress::Idle }
    }
}

impl RefreshProgress {
    /// Returns the entries with the results applied.
    fn on(&self, entries: &Entries) -> Entries {
        let mut entries = entries.clone();
        self.edits.iter().cloned().for_each(|edit| edit.apply(&mut entries));
        entries
    }

    /// Adds what was learned to what is known by now.
    fn merge_into(&self, head: &mut Head, entries: &mut Entries, now: Timestamp) {
        let retagged = self.edits.iter().flat_map(|edit| edit.retagged(entries, |_| None)).collect();
        head.report_tampering(retagged, now);
        self.edits.iter().cloned().for_each(|edit| edit.apply(entries));
        head.default_bus_at = self.default_bus_at.or(head.default_bus_at);
        match &self.progress {
            Progress::Idle => {}
            Progress::Stopped(pass) => head.pass = Some(pass.clone()),
            Progress::Complete { began } => {
                (head.pass, head.listed_at) = (None, Some(*began));
            }
        }
    }
}

/// Sort key of a bus. The default bus comes first, because events cannot be matched without its rules.
fn order(bus: &str) -> (bool, &str) {
    (bus != DEFAULT_BUS, bus)
}
