//! Calls by role sessions that belong to no known target. They wait until CloudTrail reports which principal opened
//! them.

use serde::{Deserialize, Serialize};

use super::Turns;
use super::entry::{Entry, Maker};
use super::labels::Label;
use crate::model::{
    ActorId, Call, Cause, Firing, OpenSessions, Opened, Proof, SessionKey, Timestamp, printable_ascii,
};
use crate::window::LATENESS;

/// Maximum number of calls that wait.
pub(super) const MAX_WAITING: usize = 128;
/// Maximum number of sessions whose opener is remembered.
pub(super) const MAX_KNOWN: usize = 64;
/// Maximum number of roles whose sessions wait.
const MAX_ROLES: usize = 4;
/// Maximum length of a stored ARN, in bytes.
const MAX_ARN: usize = 128;
/// Time until the next question, in seconds. It doubles with each question that finds no own call: CloudTrail reports
/// an opening after 5 to 15 minutes, and most sessions belong to other principals.
const ASK_AGAIN: i64 = 60;
/// Maximum time until the next question, in seconds.
const LONGEST_WAIT: i64 = 60 * 60;

/// Calls, and the ARN of their role with the label of the last call.
type Taken = (Vec<Entry>, Option<(String, Label)>);

/// One call that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The call. Its maker is the one that it has if it turns out to be an own call.
    pub entry: Entry,
    /// Key of the session that made the call.
    pub key: SessionKey,
    /// Index of the session's role in [`Sessions::roles`].
    pub role: u8,
}

/// A session whose opener is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Key of the session.
    pub key: SessionKey,
    /// Actor of the rule's own target that opened the session; `None` if another principal did.
    pub actor: Option<ActorId>,
    /// End of the session, in seconds since 1970.
    pub until: i64,
}

/// A role with calls that wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Role {
    arn: String,
    last_call: Label,
    /// Event time of the last call, in seconds since 1970.
    last: i64,
}

/// Calls of unplaced sessions, and the sessions whose opener is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sessions {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
    /// Time of the last question, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_at: Option<i64>,
    /// Number of questions in a row that found no own call.
    #[serde(default, skip_serializing_if = "crate::model::is_zero")]
    fruitless: u32,
    /// Calls that wait, ascending in time. Serialized apart in `codec`, as are the known sessions.
    #[serde(skip)]
    pub waiting: Vec<Waiting>,
    /// Sessions whose opener is known, at most [`MAX_KNOWN`].
    #[serde(skip)]
    pub known: Vec<Known>,
}

impl Sessions {
    pub(super) fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.known.is_empty() && self.asked_at.is_none()
    }

    /// Returns the session if its opener is known.
    pub(super) fn known(&self, key: SessionKey) -> Option<&Known> {
        self.known.iter().find(|known| known.key == key)
    }

    /// Adds a call. Returns the oldest call if there is no room for both, and the call itself as `Err` if there is no
    /// room for its role.
    pub(super) fn add(
        &mut self,
        mut entry: Entry,
        call: &Call<'_>,
        key: SessionKey,
    ) -> Result<Option<Entry>, Entry> {
        let Some(arn) = call.role.as_deref().map(|arn| printable_ascii(arn, MAX_ARN)) else {
            return Err(entry);
        };
        entry.maker = Maker::Own(ActorId::default(), Proof::Opened);
        let place = self.roles.iter().position(|role| role.arn == arn);
        let role = || Role { arn: arn.into_owned(), last_call: Label::of(entry.equal, call), last: entry.at };
        let place = match place {
            Some(place) => {
                let known = &mut self.roles[place];
                if entry.at >= known.last && !known.last_call.is_of(entry.equal, call) {
                    known.last_call = Label::of(entry.equal, call);
                }
                known.last = known.last.max(entry.at);
                place
            }
            None if self.roles.len() < MAX_ROLES => {
                self.roles.push(role());
                self.roles.len() - 1
            }
            None => {
                let idle = |place: usize| self.waiting.iter().all(|one| usize::from(one.role) != place);
                let Some(place) = (0..MAX_ROLES).find(|place| idle(*place)) else { return Err(entry) };
                self.roles[place] = role();
                place
            }
        };
        let index = self.waiting.partition_point(|one| one.entry.key() < entry.key());
        self.waiting.insert(index, Waiting { entry, key, role: place as u8 });
        Ok((self.waiting.len() > MAX_WAITING).then(|| self.waiting.remove(0).entry))
    }

    /// Returns true if the call with this key waits.
    pub(super) fn has(&self, key: (i64, u32)) -> bool {
        self.waiting.binary_search_by_key(&key, |one| one.entry.key()).is_ok()
    }

    /// Returns the question that is due at `now`, in seconds since 1970.
    pub(super) fn question(&self, now: i64) -> Option<OpenSessions> {
        let wait = ASK_AGAIN.saturating_mul(1 << self.fruitless.saturating_sub(1).min(6)).min(LONGEST_WAIT);
        let is_due = self.asked_at.is_none_or(|asked_at| now >= asked_at + wait);
        let first = self.waiting.first().filter(|_| is_due)?;
        let mut sessions: Vec<(SessionKey, String)> = Vec::new();
        for one in &self.waiting {
            let Some(role) = self.roles.get(usize::from(one.role)) else { continue };
            if sessions.iter().all(|(key, _)| *key != one.key) {
                sessions.push((one.key, role.arn.clone()));
            }
        }
        Some(OpenSessions { sessions, since: Timestamp::from_second(first.entry.at).ok()? })
    }

    /// Stores that a question was asked at `now`.
    pub(super) fn asked(&mut self, now: i64) {
        (self.asked_at, self.fruitless) = (Some(now), self.fruitless.saturating_add(1));
    }

    /// Takes back one step of the doubling, because the last question had no answer.
    pub(super) fn failed(&mut self) {
        self.fruitless = self.fruitless.saturating_sub(1);
    }

    /// Stores the opener of a session. Returns the calls of the session that waited, with their role; `None` if the
    /// opener was known already.
    pub(super) fn opened(&mut self, opened: &Opened, actor: Option<ActorId>) -> Option<Taken> {
        if actor.is_some() {
            self.fruitless = 0;
        }
        let known = Known { key: opened.key, actor, until: opened.until.as_second() };
        let is_waiting = self.waiting.iter().any(|one| one.key == known.key);
        if !is_waiting && self.known(known.key) == Some(&known) {
            return None;
        }
        match self.known.iter_mut().find(|one| one.key == known.key) {
            Some(one) => *one = known,
            None => {
                if self.known.len() == MAX_KNOWN {
                    let first = self.known.iter().enumerate().min_by_key(|(_, one)| one.until);
                    let first = first.map_or(0, |(index, _)| index);
                    self.known.remove(first);
                }
                self.known.push(known);
            }
        }
        let (taken, left): (Vec<Waiting>, Vec<Waiting>) =
            self.waiting.drain(..).partition(|one| one.key == opened.key);
        self.waiting = left;
        let role = taken.last().and_then(|one| self.roles.get(usize::from(one.role)));
        let role = role.map(|role| (role.arn.clone(), role.last_call.clone()));
        Some((taken.into_iter().map(|one| one.entry).collect(), role))
    }

    /// Drops sessions that ended before `newest`, and calls from before `floor`. Both are in seconds since 1970.
    pub(super) fn forget(&mut self, newest: i64, floor: i64) {
        // Calls may arrive late.
        self.known.retain(|known| known.until >= newest - i64::from(LATENESS.get()));
        self.waiting.retain(|one| one.entry.at >= floor);
        if self.waiting.is_empty() {
            self.roles.clear();
        }
    }
}

impl Turns {
    /// Stores the call of an unplaced session until its opener is known. Returns `None` for any other firing, else true
    /// if the call is new.
    pub(super) fn wait(&mut self, firing: &Firing<'_>, entry: impl FnOnce() -> Entry) -> Option<bool> {
        let call = firing.call.as_ref().filter(|_| firing.cause == Cause::Unplaced)?;
        let key = call.session().filter(|key| self.sessions.known(*key).is_none())?;
        let entry = entry();
        let is_kept = self.entries.binary_search_by_key(&entry.key(), Entry::key).is_ok();
        if is_kept || self.sessions.has(entry.key()) {
            return Some(false);
        }
        // A call that is dropped here remains a reason.
        if let Some(late) = self.sessions.add(entry, call, key).unwrap_or_else(Some) {
            self.soft.count(late.at, 1);
        }
        Some(true)
    }

    /// Returns `Cause::Own` for a firing by a session that the rule's own target opened. `None` if that is not known.
    pub fn cause_of(&self, firing: &Firing<'_>) -> Option<Cause> {
        let call = firing.call.as_ref().filter(|_| firing.cause == Cause::Unplaced)?;
        let actor = self.sessions.known(call.session()?)?.actor?;
        Some(Cause::Own { actor, proof: Proof::Opened })
    }

    /// Returns the question about sessions of unknown openers, if one is due.
    pub fn open_sessions(&self, now: Timestamp) -> Option<OpenSessions> {
        self.sessions.question(now.as_second())
    }

    /// Stores that the question was asked at `now`.
    pub fn asked_for_sessions(&mut self, now: Timestamp) {
        self.sessions.asked(now.as_second());
    }

    /// Stores the opener of a session. Its waiting calls become own calls or reasons. Calls that arrive later are
    /// classified by the stored opener, so the order makes no difference.
    ///
    /// Returns false if the opener was known already. An opener identified by its session name alone counts as another
    /// principal once AWS has issued credentials to that actor.
    pub fn opened(&mut self, opened: &Opened) -> bool {
        let actor = match opened.cause {
            Cause::Own { actor, proof } if proof != Proof::Session || !self.issued.contains(&actor) => {
                Some(actor)
            }
            _ => None,
        };
        let Some((calls, role)) = self.sessions.opened(opened, actor) else { return false };
        let Some(actor) = actor else {
            calls.iter().for_each(|call| self.soft.count(call.at, 1));
            return true;
        };
        if let Some((role, last_call)) = role {
            self.labels.push(last_call);
            self.own_role = Some(role);
        }
        for call in calls {
            if self.past.newest().is_some_and(|newest| call.at <= newest) {
                self.past.count(call.at, 1);
                continue;
            }
            // A repeated delivery may have been stored as an own call before.
            if let Err(index) = self.entries.binary_search_by_key(&call.key(), Entry::key) {
                self.entries.insert(index, Entry { maker: Maker::Own(actor, Proof::Opened), ..call });
            }
        }
        true
    }

    /// Takes back one step of the doubling, because the question had no answer.
    pub fn question_failed(&mut self) {
        self.sessions.failed();
    }
}
