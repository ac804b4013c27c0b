//! Processes as trees of conversations: the same job with the same replies at the same times makes the same request.
//!
//! A process is the real `drive`. It cannot be copied while it waits for a reply, so it is run again from its start with
//! the replies that it has received. Each conversation is run once, and found by its last reply from then on.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use budget_guard_core::attribution::Home;
use budget_guard_core::model::{FaultKind, RuleState, Timestamp};
use budget_guard_core::policy::Limits;
use budget_guard_core::ports::{Store as _, Version};
use budget_guard_core::record::Record;
use budget_guard_core::run::{Guard, drive};
use budget_guard_core::stored::{Blob, Stored};
use jiff::SignedDuration;

use super::Planted;
use super::ports::{Given, Item, Puppet, Request};
use super::scenes::{Job, START, Scene, rule};

/// Content of an item, by its number among all that were ever saved.
pub type BlobId = u32;
/// Alert, by its number among all that were ever published.
pub type AlertId = u16;
/// Conversation of a process, by its number among all that were ever held.
pub type TalkId = u32;

/// State of the rule, in a form that can be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Disabled.
    Off,
    /// Enabled by `EnableRule`.
    On,
    /// Enabled with all management events.
    OnWithAll,
}

impl Switch {
    /// State of the API.
    pub fn state(self) -> RuleState {
        match self {
            Self::Off => RuleState::Disabled,
            Self::On => RuleState::Enabled,
            Self::OnWithAll => RuleState::EnabledWithAllCloudtrailManagementEvents,
        }
    }

    /// Switch of a state of the API.
    pub fn of(state: RuleState) -> Self {
        match state {
            RuleState::Disabled => Self::Off,
            RuleState::Enabled => Self::On,
            RuleState::EnabledWithAllCloudtrailManagementEvents => Self::OnWithAll,
        }
    }
}

/// Request of a process, in a form that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Reads an item.
    Load(Item),
    /// Saves an item over this version.
    Save(Item, BlobId, Option<Version>),
    /// Reads the watch list.
    Watched,
    /// Adds the rule to the watch list.
    Watch,
    /// Removes the rule from the watch list.
    Unwatch,
    /// Reads the rule.
    Describe,
    /// Disables the rule.
    Disable,
    /// Enables the rule.
    Enable(Switch),
    /// Publishes an alert.
    Publish(AlertId),
    /// Wait until this time, in whole seconds from the start.
    Wait(u32),
}

/// Reply, in a form that can be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// Item with its version.
    Item(Option<(BlobId, Version)>),
    /// The item was saved as this version.
    Saved(Version),
    /// The item has another version.
    Conflict,
    /// The rule is on the watch list.
    Watched(bool),
    /// State of the rule.
    State(Switch),
    /// The request is carried out.
    Done,
    /// The request was refused before it had an effect.
    Throttled,
    /// The effect is there, and the reply was lost.
    Lost,
}

/// Where a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It has made this request.
    Asks(Ask),
    /// It has ended. Its batch is delivered again unless all of it was saved.
    Ended {
        /// True if all that it was to observe is saved.
        is_saved: bool,
    },
}

#[derive(Debug)]
struct Talk {
    job: Job,
    /// Conversation before the last reply, and this reply. `None` at the start.
    last: Option<(TalkId, Reply)>,
    /// Time of the start or of the last reply.
    at: u32,
    stand: Stand,
}

/// All conversations so far, and all that was ever saved or published.
#[derive(Debug)]
pub struct Processes {
    scene: Scene,
    planted: Planted,
    talks: Vec<Talk>,
    starts: HashMap<(Job, u32), TalkId>,
    replies: HashMap<(TalkId, Reply, u32), TalkId>,
    blobs: Vec<(Arc<Blob>, Option<Arc<Record>>)>,
    blob_ids: HashMap<(String, Vec<u8>), BlobId>,
    alerts: Vec<String>,
}

/// Time of this second.
pub fn at(second: u32) -> Timestamp {
    START + SignedDuration::from_secs(second.into())
}

impl Processes {
    /// None so far.
    pub fn new(scene: Scene, planted: Planted) -> Self {
        Self {
            scene,
            planted,
            talks: Vec::new(),
            starts: HashMap::new(),
            replies: HashMap::new(),
            blobs: Vec::new(),
            blob_ids: HashMap::new(),
            alerts: Vec::new(),
        }
    }

    /// Number of conversations.
    pub fn count(&self) -> usize {
        self.talks.len()
    }

    /// Starts a process.
    pub fn start(&mut self, job: Job, now: u32) -> TalkId {
        if let Some(known) = self.starts.get(&(job, now)) {
            return *known;
        }
        let talk = self.run(job, None, now);
        self.starts.insert((job, now), talk);
        talk
    }

    /// Gives a process the reply to its request.
    pub fn reply(&mut self, to: TalkId, reply: Reply, now: u32) -> TalkId {
        if let Some(known) = self.replies.get(&(to, reply, now)) {
            return *known;
        }
        let talk = self.run(self.job(to), Some((to, reply)), now);
        self.replies.insert((to, reply, now), talk);
        talk
    }

    /// Job of a process.
    pub fn job(&self, of: TalkId) -> Job {
        self.talks[of as usize].job
    }

    /// Where a process stands.
    pub fn stand(&self, of: TalkId) -> Stand {
        self.talks[of as usize].stand
    }

    /// Record in a saved item.
    pub fn record(&self, blob: BlobId) -> &Record {
        self.blobs[blob as usize].1.as_deref().expect("a record")
    }

    /// Size of a saved item.
    pub fn bytes(&self, blob: BlobId) -> usize {
        let blob = &self.blobs[blob as usize].0;
        blob.json.len() + blob.firings.len()
    }

    /// Number of this content among all.
    pub fn blob(&mut self, blob: &Arc<Blob>) -> BlobId {
        let key = (blob.json.clone(), blob.firings.clone());
        if let Some(known) = self.blob_ids.get(&key) {
            return *known;
        }
        let id = u32::try_from(self.blobs.len()).expect("fewer items");
        let record = Record::decode(blob).ok().map(Arc::new);
        self.blobs.push((Arc::clone(blob), record));
        self.blob_ids.insert(key, id);
        id
    }

    /// Deduplication id of an alert.
    pub fn alert(&self, alert: AlertId) -> &str {
        &self.alerts[usize::from(alert)]
    }

    fn alert_id(&mut self, text: String) -> AlertId {
        let known = self.alerts.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.alerts.push(text);
            self.alerts.len() - 1
        });
        u16::try_from(known).expect("fewer alerts")
    }

    /// Runs a process from its start up to its next request.
    fn run(&mut self, job: Job, last: Option<(TalkId, Reply)>, now: u32) -> TalkId {
        let mut replies = Vec::new();
        let (mut next, mut began) = (last, now);
        while let Some((talk, reply)) = next {
            replies.push((self.given(reply), at(began)));
            let before = &self.talks[talk as usize];
            (next, began) = (before.last, before.at);
        }
        let definition = self.scene.definition();
        let ports = Puppet::new(definition, self.planted, at(began), replies.into_iter().rev());
        let home = Home::new("aws", "us-east-1", "123456789012");
        let guard = Guard::new(ports.clone(), home, self.scene.defaults());
        let process = pin!(work(&guard, job, self.scene.limits()));
        let stand = {
            let mut process = process;
            match process.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(is_saved) => Stand::Ended { is_saved },
                Poll::Pending => {
                    let request = ports.asked().expect("it waits for a reply");
                    Stand::Asks(self.ask(request))
                }
            }
        };
        self.talks.push(Talk { job, last, at: now, stand });
        u32::try_from(self.talks.len() - 1).expect("fewer conversations")
    }

    fn given(&self, reply: Reply) -> Given {
        match reply {
            Reply::Item(item) => {
                Given::Item(item.map(|(blob, version)| (Arc::clone(&self.blobs[blob as usize].0), version)))
            }
            Reply::Saved(version) => Given::Saved(version),
            Reply::Conflict => Given::Conflict,
            Reply::Watched(is_watched) => Given::Watched(is_watched),
            Reply::State(switch) => Given::State(switch.state()),
            Reply::Done => Given::Done,
            Reply::Throttled => Given::Failed(FaultKind::Throttled),
            Reply::Lost => Given::Failed(FaultKind::Timeout),
        }
    }

    fn ask(&mut self, request: Request) -> Ask {
        match request {
            Request::Load(item) => Ask::Load(item),
            Request::Save(item, blob, expected) => Ask::Save(item, self.blob(&blob), expected),
            Request::Watched => Ask::Watched,
            Request::Watch => Ask::Watch,
            Request::Unwatch => Ask::Unwatch,
            Request::Describe => Ask::Describe,
            Request::Disable => Ask::Disable,
            Request::Enable(state) => Ask::Enable(Switch::of(state)),
            Request::Publish(key) => Ask::Publish(self.alert_id(key.to_string())),
            Request::Wait(until) => {
                let ms = until.duration_since(START).as_millis();
                Ask::Wait(u32::try_from((ms + 999) / 1_000).unwrap_or(0))
            }
        }
    }
}

/// One process: `drive` for a batch or an order, and for a tick what `Guard::tick` does for each rule on its list.
/// Returns true if all that it was to observe is saved.
async fn work(guard: &Guard<Puppet>, job: Job, limits: Limits) -> bool {
    let observations = job.observations();
    if job != Job::Tick {
        return drive(guard, &rule(), limits, &observations).await.is_ok();
    }
    let Ok(watched) = guard.ports.watched().await else { return false };
    for rule in watched {
        let driven = drive(guard, &rule, limits.clone(), &observations).await;
        if driven.is_ok_and(|driven| !driven.needs_watch) {
            guard.unwatch(&rule).await;
        }
    }
    true
}
