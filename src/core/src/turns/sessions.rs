//! Calls by sessions of roles that no known target has, kept apart until AWS tells who opened the sessions.

use serde::{Deserialize, Serialize};

use super::Turns;
use super::entry::{Entry, Maker};
use super::labels::Label;
use crate::model::{
    ActorId, Call, Cause, Firing, OpenSessions, Opened, Proof, SessionKey, Timestamp, bounded,
};
use crate::window::LATENESS;

/// Maximum number of calls that wait for an answer.
pub(super) const MAX_WAITING: usize = 128;
/// Maximum number of sessions whose opener is remembered.
pub(super) const MAX_KNOWN: usize = 64;
/// Maximum number of roles whose sessions wait for an answer.
const MAX_ROLES: usize = 4;
const MAX_ARN: usize = 128;
/// Time until the next question, in seconds. It doubles with each one that finds no call of the rule's own: AWS tells of
/// an opening after 5 to 15 minutes, and most sessions are those of others.
const ASK_AGAIN: i64 = 60;
const LONGEST_WAIT: i64 = 60 * 60;

/// Calls, and the ARN of their role with the name of the last of them.
type Taken = (Vec<Entry>, Option<(String, Label)>);

/// One call that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// With the maker that it has if it turns out to be an own call.
    pub entry: Entry,
    pub key: SessionKey,
    /// Place of its role.
    pub role: u8,
}

/// A session whose opener is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub key: SessionKey,
    /// The rule's own target; `None` if it is none.
    pub actor: Option<ActorId>,
    /// End of the session, in seconds since 1970.
    pub until: i64,
}

/// A role with calls that wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Role {
    arn: String,
    last_call: Label,
    /// Event time of that call, in seconds since 1970.
    last: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sessions {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
    /// Time of the last question, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_at: Option<i64>,
    /// Number of questions in a row that found no call of the rule's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    fruitless: u32,
    /// Ascending in time. Stored apart, in bytes (`codec`), as are the known ones.
    #[serde(skip)]
    pub waiting: Vec<Waiting>,
    #[serde(skip)]
    pub known: Vec<Known>,
}

impl Sessions {
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.known.is_empty() && self.asked_at.is_none()
    }

    /// The session, if its opener is known.
    pub fn known(&self, key: SessionKey) -> Option<&Known> {
        self.known.iter().find(|known| known.key == key)
    }

    /// Adds a call, and returns the oldest one if there is no room for both. `Err`: there is no room for its role.
    pub fn add(
        &mut self,
        mut entry: Entry,
        call: &Call<'_>,
        key: SessionKey,
    ) -> Result<Option<Entry>, Entry> {
        let Some(arn) = call.role.as_deref().map(|arn| bounded(arn, MAX_ARN)) else { return Err(entry) };
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

    /// Returns true if the call is among those that wait.
    pub fn has(&self, key: (i64, u32)) -> bool {
        self.waiting.binary_search_by_key(&key, |one| one.entry.key()).is_ok()
    }

    /// The question that is due at this second, if there is one.
    pub fn question(&self, now: i64) -> Option<OpenSessions> {
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

    /// Notes that a question is asked.
    pub fn asked(&mut self, now: i64) {
        (self.asked_at, self.fruitless) = (Some(now), self.fruitless.saturating_add(1));
    }

    /// Notes that the last question had no answer.
    pub fn failed(&mut self) {
        self.fruitless = self.fruitless.saturating_sub(1);
    }

    /// Takes up the opener of a session. Returns the calls of it that waited, and its role with the last of them; `None` if
    /// this was known.
    pub fn opened(&mut self, opened: &Opened, actor: Option<ActorId>) -> Option<Taken> {
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

    /// Forgets sessions that are over, and calls from before `floor`, in seconds since 1970.
    pub fn forget(&mut self, newest: i64, floor: i64) {
        // Calls may come late.
        self.known.retain(|known| known.until >= newest - i64::from(LATENESS.get()));
        self.waiting.retain(|one| one.entry.at >= floor);
        if self.waiting.is_empty() {
            self.roles.clear();
        }
    }
}

impl Turns {
    /// Keeps the call of a session whose opener is not known until it is. `None` if the firing is none; else true if it
    /// is new.
    pub(super) fn wait(&mut self, firing: &Firing<'_>, entry: impl FnOnce() -> Entry) -> Option<bool> {
        let call = firing.call.as_ref().filter(|_| firing.cause == Cause::Unplaced)?;
        let key = call.session().filter(|key| self.sessions.known(*key).is_none())?;
        let entry = entry();
        let is_kept = self.entries.binary_search_by_key(&entry.key(), Entry::key).is_ok();
        if is_kept || self.sessions.has(entry.key()) {
            return Some(false);
        }
        // A call that is no longer waited for stays a reason.
        if let Some(late) = self.sessions.add(entry, call, key).unwrap_or_else(Some) {
            self.soft.count(late.at, 1);
        }
        Some(true)
    }

    /// The cause of a firing by a session that the rule's own target is known to have opened.
    pub fn cause_of(&self, firing: &Firing<'_>) -> Option<Cause> {
        let call = firing.call.as_ref().filter(|_| firing.cause == Cause::Unplaced)?;
        let actor = self.sessions.known(call.session()?)?.actor?;
        Some(Cause::Own { actor, proof: Proof::Opened })
    }

    /// The question for sessions of unknown openers, if one is due.
    pub fn open_sessions(&self, now: Timestamp) -> Option<OpenSessions> {
        self.sessions.question(now.as_second())
    }

    /// Notes that the question is asked now.
    pub fn asked_for_sessions(&mut self, now: Timestamp) {
        self.sessions.asked(now.as_second());
    }

    /// Takes up who opened a session: calls of it that were kept are the rule's own, or reasons. Order makes no difference:
    /// calls that come later are told apart by the same answer.
    ///
    /// Returns false if this was known. An opener by its session's name alone is no target once AWS was seen to say whose
    /// credentials the target's are.
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
            // One that was delivered again once its maker was known is there already.
            if let Err(index) = self.entries.binary_search_by_key(&call.key(), Entry::key) {
                self.entries.insert(index, Entry { maker: Maker::Own(actor, Proof::Opened), ..call });
            }
        }
        true
    }

    /// Notes that the question could not be answered: it does not count against the next one.
    pub fn question_failed(&mut self) {
        self.sessions.failed();
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
