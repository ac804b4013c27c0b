//! One followed resource: its last firings in event time, and how many there were in all.

use uuid::Uuid;

use crate::model::{FiringId, Proof, Resource, ResourceIds, bounded};

/// Longer names of resources are cut: they reach alerts and records.
const MAX_NAME: usize = 72;
/// Room in a track for outside firings beside the echoes that fill the limit twice.
const OUTSIDE_ROOM: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    pub ids: ResourceIds,
    pub name: String,
    /// Ascending in time; within a second outside firings come first, as causes do.
    pub entries: Vec<Entry>,
    /// Echoes and outside firings in all, within the last day or a little longer.
    pub echoes: u32,
    pub outsides: u32,
    /// Since when the two are counted, in seconds since 1970.
    pub since: i64,
    /// What the entries that are no longer kept were.
    pub forgotten: Forgotten,
    /// A firing came since the track was last judged. Not stored.
    pub touched: bool,
}

/// The firings that a full track has dropped, oldest first: what is kept is judged by what came before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Forgotten {
    /// Outside firings that no echo after them has answered.
    pub unanswered: u32,
    /// Outside firings and echoes without a quarter of an hour of quiet between them.
    pub outsides: u32,
    pub echoes: u32,
    /// Event time of the last one, in seconds since 1970; zero if there is none.
    pub at: i64,
}

impl Forgotten {
    fn add(&mut self, entry: Entry) {
        if entry.at - self.at > super::run::OVER_SECONDS {
            *self = Self::default();
        }
        self.at = entry.at;
        match entry.kind {
            Kind::Outside | Kind::Unknown => {
                self.outsides = self.outsides.saturating_add(1);
                self.unanswered = self.unanswered.saturating_add(1);
            }
            Kind::Echo(_) => {
                self.echoes = self.echoes.saturating_add(1);
                self.unanswered = self.unanswered.saturating_sub(1);
            }
            Kind::Relay(_) => {}
        }
    }
}

/// One firing on the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Event time in seconds since 1970.
    pub at: i64,
    pub id: FiringId,
    /// The event's id in full, if it is a UUID as CloudTrail writes them: people look events up by it. Not of outside
    /// firings, which no evidence names.
    pub event: Option<Uuid>,
    pub kind: Kind,
    /// Fingerprint of the caller's role, the call and its parameters.
    pub print: u32,
    /// Fingerprint of who exactly made the call, where that may have to be compared: a role may be several callers'.
    pub caller: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Outside,
    /// By whom was not known then: taken for an outside firing, until the same call by the same caller is an echo.
    Unknown,
    Echo(Proof),
    /// Caused by a target of other rules: the place in the list of relays.
    Relay(u8),
}

impl Kind {
    /// Whether it is kept who exactly made the call.
    pub fn has_caller(self) -> bool {
        matches!(self, Self::Unknown | Self::Echo(_))
    }
}

impl Entry {
    /// The same call by the very same caller, word for word.
    fn is_same_call(&self, other: &Self) -> bool {
        (self.print, self.caller) == (other.print, other.caller)
    }
}

/// The id as a UUID, if its text can be had back from that.
pub(super) fn uuid(event_id: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(event_id).ok()?;
    let is_same = uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == event_id;
    is_same.then_some(uuid)
}

/// One number for a resource.
pub(super) fn key(ids: ResourceIds) -> u64 {
    // The ids are hashes already; they only have to be told apart by their place.
    ids.iter().fold(0x9e37_79b9_7f4a_7c15, |key: u64, id| {
        (key.rotate_left(23) ^ u64::from(id)).wrapping_mul(0xff51_afd7_ed55_8ccd)
    })
}

impl Track {
    pub fn new(resource: &Resource<'_>) -> Self {
        Self {
            ids: resource.ids,
            name: bounded(&resource.name, MAX_NAME).into_owned(),
            entries: Vec::new(),
            echoes: 0,
            outsides: 0,
            since: i64::MIN,
            forgotten: Forgotten::default(),
            touched: false,
        }
    }

    /// Counts one firing, unless it is known or older than all that are kept of a full track.
    pub fn insert(&mut self, mut entry: Entry, limit: u32) {
        if self.has(entry.id) {
            return;
        }
        match entry.kind {
            Kind::Unknown => entry.kind = self.echo_like(entry).unwrap_or(Kind::Unknown),
            Kind::Echo(_) => self.recognise(entry),
            Kind::Outside | Kind::Relay(_) => {}
        }
        let place = self.entries.partition_point(|known| (known.at, known.kind) <= (entry.at, entry.kind));
        let capacity = 2 * limit as usize + OUTSIDE_ROOM;
        if self.entries.len() >= capacity {
            if place == 0 {
                return;
            }
            self.entries.insert(place, entry);
            self.forgotten.add(self.entries.remove(0));
        } else {
            self.entries.insert(place, entry);
        }
        self.age(entry.at);
        match entry.kind {
            Kind::Outside | Kind::Unknown => self.outsides = self.outsides.saturating_add(1),
            Kind::Echo(_) => self.echoes = self.echoes.saturating_add(1),
            // Whose echo it is, if it is one, is not known yet.
            Kind::Relay(_) => {}
        }
        self.touched = true;
    }

    /// The kind of an echo that is the same call by the same caller.
    fn echo_like(&self, entry: Entry) -> Option<Kind> {
        let is_like = |known: &&Entry| matches!(known.kind, Kind::Echo(_)) && known.is_same_call(&entry);
        self.entries.iter().find(is_like).map(|known| known.kind)
    }

    /// Whose firings those were that are like this echo is known now.
    fn recognise(&mut self, echo: Entry) {
        let is_like = |known: &&mut Entry| known.kind == Kind::Unknown && known.is_same_call(&echo);
        let mut recognised = 0;
        for known in self.entries.iter_mut().filter(is_like) {
            known.kind = echo.kind;
            recognised += 1;
        }
        if recognised > 0 {
            self.echoes = self.echoes.saturating_add(recognised);
            self.outsides = self.outsides.saturating_sub(recognised);
            self.entries.sort_by_key(|entry| (entry.at, entry.kind));
        }
    }

    pub fn has(&self, id: FiringId) -> bool {
        self.entries.iter().any(|known| known.id == id)
    }

    /// The place in the list of relays is another's from now on: what came through it stays as firings from outside.
    pub fn forget_relay(&mut self, place: u8) {
        for entry in self.entries.iter_mut().filter(|entry| entry.kind == Kind::Relay(place)) {
            entry.kind = Kind::Outside;
        }
        self.entries.sort_by_key(|entry| (entry.at, entry.kind));
    }

    /// Counts of more than a day are halved, so that what was does not for ever outweigh what is.
    fn age(&mut self, at: i64) {
        if self.since == i64::MIN {
            self.since = at;
        }
        if at - self.since > super::HORIZON_SECONDS {
            self.since = at - super::HORIZON_SECONDS / 2;
            self.echoes /= 2;
            self.outsides /= 2;
        }
    }

    pub fn drop_before(&mut self, floor: i64) {
        if self.entries.first().is_some_and(|oldest| oldest.at < floor) {
            let first = self.entries.partition_point(|entry| entry.at < floor);
            self.entries.drain(..first);
        }
    }

    pub fn newest(&self) -> Option<i64> {
        self.entries.last().map(|entry| entry.at)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
