//! The kept firings in few bytes: for each call the seconds since the one before, maker, id and equality; then the tallies.

use crate::model::{ActorId, Proof};
use crate::window::varint;

use super::entry::{Entry, Maker};
use super::tally::{Span, Tally};
use super::{MAX_ENTRIES, Turns};

/// The stored bytes are not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored turns are damaged: {0}")]
pub struct CorruptTurns(&'static str);

/// Number of the layout: another one with each change.
const LAYOUT: u8 = 0xe3;
const PROOFS: [Proof; 3] = [Proof::Role, Proof::Session, Proof::Issued];
/// Kinds from here on are siblings, up to [`FAILED`]; the proofs come before.
const FIRST_SIBLING: u8 = 8;
/// Set in the kind of a call that was refused or throttled.
const FAILED: u8 = 0x80;

impl Turns {
    /// Calls and tallies. A call takes 11 to 13 bytes, a span 3 to 6.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tallies = [&self.past, &self.foreign, &self.soft];
        if self.entries.is_empty() && tallies.iter().all(|tally| tally.spans.is_empty()) {
            return Vec::new();
        }
        let mut bytes = Vec::with_capacity(self.entries.len() * 12 + 16);
        bytes.push(LAYOUT);
        varint::write(&mut bytes, self.entries.len() as u64);
        let mut previous = 0;
        for entry in &self.entries {
            let at = entry.at.max(previous);
            varint::write(&mut bytes, (at - previous).unsigned_abs());
            let (kind, actor) = match entry.maker {
                Maker::Own(actor, proof) => {
                    (PROOFS.iter().position(|known| *known == proof).unwrap_or(0) as u8, actor.0)
                }
                Maker::Sibling(place) => (FIRST_SIBLING + place, 0),
            };
            bytes.extend([if entry.is_failed { kind | FAILED } else { kind }, actor]);
            bytes.extend_from_slice(&entry.id.to_le_bytes());
            bytes.extend_from_slice(&entry.equal.to_le_bytes());
            previous = at;
        }
        for tally in tallies {
            write_tally(&mut bytes, tally);
        }
        bytes
    }

    /// Puts stored firings back into turns that were read without them.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, CorruptTurns> {
        // What another version has kept is counted anew: it is evidence of a day, and no reason to leave a rule unguarded.
        let Some(bytes) = bytes.strip_prefix(&[LAYOUT]) else { return Ok(self) };
        let mut reader = Reader(bytes);
        let entries = reader.number()?;
        if entries > MAX_ENTRIES as u64 {
            return Err(CorruptTurns("too many calls"));
        }
        let mut at = 0i64;
        for _ in 0..entries {
            at = at.checked_add(reader.signed()?).ok_or(CorruptTurns("a time is out of range"))?;
            let [kind, actor] = reader.take()?;
            let maker = match kind & !FAILED {
                place @ FIRST_SIBLING.. if self.siblings.has(place - FIRST_SIBLING) => {
                    Maker::Sibling(place - FIRST_SIBLING)
                }
                proof => {
                    let proof = PROOFS.get(usize::from(proof)).ok_or(CorruptTurns("a maker is unknown"))?;
                    Maker::Own(ActorId(actor), *proof)
                }
            };
            let id = u32::from_le_bytes(reader.take()?);
            let equal = u32::from_le_bytes(reader.take()?);
            self.entries.push(Entry { at, id, maker, equal, is_failed: kind & FAILED != 0 });
        }
        self.past = reader.tally()?;
        self.foreign = reader.tally()?;
        self.soft = reader.tally()?;
        Ok(self)
    }
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

    fn tally(&mut self) -> Result<Tally, CorruptTurns> {
        let spans = self.number()?;
        if spans > Tally::MAX as u64 {
            return Err(CorruptTurns("too many spans"));
        }
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
