//! The followed resources in few bytes: for each firing the seconds since the one before, its kind, id, print and caller.

use uuid::Uuid;

use crate::model::{FiringId, Proof, ResourceIds};
use crate::window::varint;

use super::sketch::CELLS;
use super::track::{Entry, Forgotten, Kind, Track};
use super::{Echoes, MAX_TRACKS};

/// The stored bytes are not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored echoes are damaged: {0}")]
pub struct CorruptEchoes(&'static str);

/// Which layout the bytes have: another number with each change. The first one began with a number of resources.
const LAYOUT: u8 = 0xe2;
const ID_BYTES: usize = FiringId::BITS as usize / 8;
const OUTSIDE: u8 = 0;
const PROOFS: [Proof; 4] = [Proof::SharedRole, Proof::Role, Proof::Session, Proof::Issued];
const UNKNOWN: u8 = 8;
/// Set in the kind of a firing whose event's id stands there in full.
const IS_UUID: u8 = 0x80;
/// Kinds from here on are relays; the proofs come before.
const FIRST_RELAY: u8 = 16;

impl Echoes {
    /// Resources, firings and the estimate; the relays are in the JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.tracks.is_empty() && self.sketch.cells.is_empty() {
            return bytes;
        }
        bytes.extend([LAYOUT, self.tracks.len() as u8]);
        for track in &self.tracks {
            bytes.push(track.ids.iter().count() as u8);
            track.ids.iter().for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
            bytes.push(track.name.len() as u8);
            bytes.extend_from_slice(track.name.as_bytes());
            let Forgotten { unanswered, outsides, echoes, at } = track.forgotten;
            let counts = [track.echoes, track.outsides, unanswered, outsides, echoes].map(u64::from);
            for number in counts.into_iter().chain([track.since, at].map(|at| at.max(0).unsigned_abs())) {
                varint::write(&mut bytes, number);
            }
            varint::write(&mut bytes, track.entries.len() as u64);
            let mut previous = 0;
            for entry in &track.entries {
                let at = entry.at.max(previous);
                varint::write(&mut bytes, (at - previous).unsigned_abs());
                let (kind, print) = (kind_byte(entry.kind), entry.print.to_le_bytes());
                match &entry.event {
                    Some(event) => {
                        bytes.push(kind | IS_UUID);
                        bytes.extend_from_slice(event.as_bytes());
                    }
                    None => {
                        bytes.push(kind);
                        bytes.extend_from_slice(&entry.id.bits().to_le_bytes()[..ID_BYTES]);
                    }
                }
                bytes.extend_from_slice(&print);
                if entry.kind.has_caller() {
                    bytes.extend_from_slice(&entry.caller.to_le_bytes());
                }
                previous = at;
            }
        }
        varint::write(&mut bytes, self.sketch.hour.max(0).unsigned_abs());
        bytes.extend_from_slice(&self.sketch.cells);
        bytes
    }

    /// Puts stored resources back into echoes that were read without them.
    pub fn restore(mut self, bytes: &[u8]) -> Result<Self, CorruptEchoes> {
        // What another version has followed is followed anew: it is evidence of a day, and no reason to leave a rule unguarded.
        let Some(bytes) = bytes.strip_prefix(&[LAYOUT]) else { return Ok(self) };
        let mut reader = Reader(bytes);
        let tracks = reader.byte()?;
        if usize::from(tracks) > MAX_TRACKS {
            return Err(CorruptEchoes("too many resources"));
        }
        for _ in 0..tracks {
            let track = reader.track(|place| self.relays.has(place))?;
            self.tracks.push(track);
        }
        self.sketch.hour = reader.signed()?;
        self.sketch.cells = reader.0.to_vec();
        if !matches!(self.sketch.cells.len(), 0 | CELLS) {
            return Err(CorruptEchoes("the estimate has another size"));
        }
        Ok(self)
    }
}

fn kind_byte(kind: Kind) -> u8 {
    match kind {
        Kind::Outside => OUTSIDE,
        Kind::Unknown => UNKNOWN,
        Kind::Echo(proof) => 1 + PROOFS.iter().position(|known| *known == proof).unwrap_or(0) as u8,
        Kind::Relay(place) => FIRST_RELAY.saturating_add(place),
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CorruptEchoes> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CorruptEchoes("it ends early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, CorruptEchoes> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u64, CorruptEchoes> {
        varint::read(&mut self.0).ok_or(CorruptEchoes("a number is out of range"))
    }

    fn signed(&mut self) -> Result<i64, CorruptEchoes> {
        i64::try_from(self.number()?).map_err(|_| CorruptEchoes("a time is out of range"))
    }

    fn count(&mut self) -> Result<u32, CorruptEchoes> {
        u32::try_from(self.number()?).map_err(|_| CorruptEchoes("a count is out of range"))
    }

    fn track(&mut self, is_relay: impl Fn(u8) -> bool) -> Result<Track, CorruptEchoes> {
        let ids = (0..self.byte()?).map(|_| self.take().map(u32::from_le_bytes));
        let ids = ResourceIds::new(ids.collect::<Result<Vec<_>, _>>()?);
        let length = usize::from(self.byte()?);
        let (name, rest) = self.0.split_at_checked(length).ok_or(CorruptEchoes("it ends early"))?;
        let name = std::str::from_utf8(name).map_err(|_| CorruptEchoes("a name is not UTF-8"))?.to_owned();
        self.0 = rest;
        let (echoes, outsides) = (self.count()?, self.count()?);
        let forgotten =
            Forgotten { unanswered: self.count()?, outsides: self.count()?, echoes: self.count()?, at: 0 };
        let (since, at) = (self.signed()?, self.signed()?);
        let forgotten = Forgotten { at, ..forgotten };
        let mut track =
            Track { ids, name, entries: Vec::new(), echoes, outsides, since, forgotten, touched: false };
        let mut at = 0i64;
        for _ in 0..self.number()? {
            at = at.checked_add(self.signed()?).ok_or(CorruptEchoes("a time is out of range"))?;
            let kind = self.byte()?;
            let (id, event) = if kind & IS_UUID == 0 {
                let mut id = [0; 8];
                id[..ID_BYTES].copy_from_slice(&self.take::<ID_BYTES>()?);
                (FiringId::from_bits(u64::from_le_bytes(id)), None)
            } else {
                let event = Uuid::from_bytes(self.take()?);
                let id = FiringId::of(event.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
                (id, Some(event))
            };
            let print = u32::from_le_bytes(self.take()?);
            let kind = match kind & !IS_UUID {
                OUTSIDE => Kind::Outside,
                UNKNOWN => Kind::Unknown,
                relay @ FIRST_RELAY.. if is_relay(relay - FIRST_RELAY) => Kind::Relay(relay - FIRST_RELAY),
                proof => {
                    let known = PROOFS.get(usize::from(proof) - 1);
                    Kind::Echo(*known.ok_or(CorruptEchoes("a kind is unknown"))?)
                }
            };
            let caller = if kind.has_caller() { u16::from_le_bytes(self.take()?) } else { 0 };
            track.entries.push(Entry { at, id, event, kind, print, caller });
        }
        Ok(track)
    }
}
