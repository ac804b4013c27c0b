//! Compact byte format of the stored firings. Each call is written as the seconds since the previous one, maker, id and
//! equality. Then follow the tallies, the calls that wait, and the known sessions.

use crate::model::{ActorId, Proof, SessionKey};
use crate::window::varint;

use super::entry::{Entry, Maker};
use super::sessions::{Known, MAX_KNOWN, MAX_WAITING, Waiting};
use super::siblings::Siblings;
use super::tally::{Span, Tally};
use super::{MAX_ENTRIES, Turns};

/// Stored bytes that this version did not write, with the part that is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored turns are damaged: {0}")]
pub struct CorruptTurns(&'static str);

/// Number of the layout. Every change of the format needs a new one.
const LAYOUT: u8 = 0xe7;
/// Proofs by the number with which they are stored. The order is part of the layout.
const PROOFS: [Proof; 4] = [Proof::Role, Proof::Session, Proof::Issued, Proof::Opened];
/// Kinds of events: of an unknown maker, and put by the rule's own target.
const EVENT: u8 = 6;
const OWN_EVENT: u8 = 7;
/// First kind of a sibling; siblings go up to [`FAILED`]. Kinds below are the proofs and the events.
const FIRST_SIBLING: u8 = 8;
/// Flag in the kind of a call that was refused or throttled.
const FAILED: u8 = 0x80;

impl Turns {
    /// Encodes calls, tallies and sessions. A call takes 11 to 17 bytes, a span 3 to 6. Empty if there are none.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tallies = [&self.past, &self.foreign, &self.soft];
        let sessions = &self.sessions;
        let is_empty = self.entries.is_empty() && sessions.waiting.is_empty() && sessions.known.is_empty();
        if is_empty && tallies.iter().all(|tally| tally.spans.is_empty()) {
            return Vec::new();
        }
        let mut bytes = Vec::with_capacity(self.entries.len() * 12 + 16);
        bytes.push(LAYOUT);
        varint::write(&mut bytes, self.entries.len() as u64);
        let mut previous = 0;
        for entry in &self.entries {
            previous = write_entry(&mut bytes, entry, previous);
        }
        for tally in tallies {
            write_tally(&mut bytes, tally);
        }
        varint::write(&mut bytes, sessions.waiting.len() as u64);
        previous = 0;
        for Waiting { entry, key, role } in &sessions.waiting {
            previous = write_entry(&mut bytes, entry, previous);
            bytes.extend_from_slice(&key.bits().to_le_bytes());
            bytes.push(*role);
        }
        varint::write(&mut bytes, sessions.known.len() as u64);
        for Known { key, actor, until } in &sessions.known {
            bytes.extend_from_slice(&key.bits().to_le_bytes());
            bytes.extend([u8::from(actor.is_some()), actor.unwrap_or_default().0]);
            varint::write(&mut bytes, until.max(&0).unsigned_abs());
        }
        bytes
    }

    /// Adds the stored firings to turns that were deserialized without them.
    ///
    /// # Errors
    ///
    /// [`CorruptTurns`] if the bytes have this version's layout and cannot be read.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, CorruptTurns> {
        // Firings in another version's layout are left out. That loses a day's evidence, and the rule stays guarded.
        let Some(bytes) = bytes.strip_prefix(&[LAYOUT]) else { return Ok(self) };
        let mut reader = Reader(bytes);
        let mut at = 0i64;
        for _ in 0..reader.at_most(MAX_ENTRIES)? {
            let entry = reader.entry(at, &self.siblings)?;
            at = entry.at;
            self.entries.push(entry);
        }
        self.past = reader.tally()?;
        self.foreign = reader.tally()?;
        self.soft = reader.tally()?;
        at = 0;
        for _ in 0..reader.at_most(MAX_WAITING)? {
            let entry = reader.entry(at, &self.siblings)?;
            at = entry.at;
            let key = SessionKey::from_bits(u64::from_le_bytes(reader.take()?));
            let [role] = reader.take()?;
            self.sessions.waiting.push(Waiting { entry, key, role });
        }
        for _ in 0..reader.at_most(MAX_KNOWN)? {
            let key = SessionKey::from_bits(u64::from_le_bytes(reader.take()?));
            let [is_own, actor] = reader.take()?;
            let actor = (is_own != 0).then_some(ActorId(actor));
            self.sessions.known.push(Known { key, actor, until: reader.signed()? });
        }
        Ok(self)
    }
}

/// Writes a call, and returns its time. Calls must be written in the order of time.
fn write_entry(bytes: &mut Vec<u8>, entry: &Entry, previous: i64) -> i64 {
    let at = entry.at.max(previous);
    varint::write(bytes, (at - previous).unsigned_abs());
    let (kind, actor) = match entry.maker {
        Maker::Own(actor, proof) => {
            (PROOFS.iter().position(|known| *known == proof).unwrap_or(0) as u8, actor.0)
        }
        Maker::Sibling(place) => (FIRST_SIBLING + place, 0),
        Maker::Event { is_own: false } => (EVENT, 0),
        Maker::Event { is_own: true } => (OWN_EVENT, 0),
    };
    bytes.extend([if entry.is_failed { kind | FAILED } else { kind }, actor]);
    bytes.extend_from_slice(&entry.id.to_le_bytes());
    bytes.extend_from_slice(&entry.equal.to_le_bytes());
    if has_run(entry.maker) {
        bytes.extend_from_slice(&entry.run.to_le_bytes());
    }
    at
}

fn has_run(maker: Maker) -> bool {
    matches!(maker, Maker::Own(_, Proof::Role) | Maker::Event { .. })
}

fn write_tally(bytes: &mut Vec<u8>, tally: &Tally) {
    varint::write(bytes, tally.spans.len() as u64);
    let mut previous = 0;
    for span in &tally.spans {
        let from = span.from.max(previous);
        let to = span.to.max(from);
        for number in [from - previous, to - from, i64::from(span.count)] {
            varint::write(bytes, number.unsigned_abs());
        }
        previous = to;
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CorruptTurns> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CorruptTurns("they end early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, CorruptTurns> {
        varint::read(&mut self.0).ok_or(CorruptTurns("a number is out of range"))
    }

    fn signed(&mut self) -> Result<i64, CorruptTurns> {
        i64::try_from(self.number()?).map_err(|_| CorruptTurns("a time is out of range"))
    }

    /// Reads a count, at most `max`.
    fn at_most(&mut self, max: usize) -> Result<u64, CorruptTurns> {
        let number = self.number()?;
        if number > max as u64 { Err(CorruptTurns("there are too many")) } else { Ok(number) }
    }

    /// Reads a call that is not earlier than `previous`.
    fn entry(&mut self, previous: i64, siblings: &Siblings) -> Result<Entry, CorruptTurns> {
        let at = previous.checked_add(self.signed()?).ok_or(CorruptTurns("a time is out of range"))?;
        let [kind, actor] = self.take()?;
        let maker = match kind & !FAILED {
            EVENT => Maker::Event { is_own: false },
            OWN_EVENT => Maker::Event { is_own: true },
            place @ FIRST_SIBLING.. if siblings.has(place - FIRST_SIBLING) => {
                Maker::Sibling(place - FIRST_SIBLING)
            }
            proof => {
                let proof = PROOFS.get(usize::from(proof)).ok_or(CorruptTurns("a maker is unknown"))?;
                Maker::Own(ActorId(actor), *proof)
            }
        };
        let id = u32::from_le_bytes(self.take()?);
        let equal = u32::from_le_bytes(self.take()?);
        let run = if has_run(maker) { u32::from_le_bytes(self.take()?) } else { 0 };
        Ok(Entry { at, id, maker, run, equal, is_failed: kind & FAILED != 0 })
    }

    fn tally(&mut self) -> Result<Tally, CorruptTurns> {
        let spans = self.at_most(Tally::MAX)?;
        let mut tally = Tally::default();
        let mut previous = 0i64;
        for _ in 0..spans {
            let out_of_range = CorruptTurns("a time is out of range");
            let from = previous.checked_add(self.signed()?).ok_or(out_of_range)?;
            let to = from.checked_add(self.signed()?).ok_or(out_of_range)?;
            let count = u32::try_from(self.number()?).map_err(|_| CorruptTurns("a count is out of range"))?;
            tally.spans.push(Span { from, to, count });
            previous = to;
        }
        Ok(tally)
    }
}
