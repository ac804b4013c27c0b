//! Compact byte format of the window. It holds the number of past minutes and each of them, then the stored firings. A
//! firing is the time since the previous one, 40 bits of its id, and one byte for its caller.
//!
//! Times in EventBridge events are whole seconds. The lowest bit of a time shows its unit: seconds (0) or milliseconds
//! (1). A firing up to a minute after the previous one then takes one byte for its time.

use super::past::Past;
use super::{FiringId, Kept, Window, varint};
use crate::model::Timestamp;

/// Stored bytes that this version did not write, with the part that is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored window is damaged: {0}")]
pub struct CorruptWindow(&'static str);

const ID_BYTES: usize = FiringId::BITS as usize / 8;

impl Window {
    /// Encodes the stored firings. A firing takes 7 bytes if its time is in whole seconds, else 8; more if they are far
    /// apart.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.kept.len() * (ID_BYTES + 3) + 8);
        write_past(&mut bytes, &self.past);
        let mut previous = 0;
        for kept in &self.kept {
            // The first difference is the time itself. Times before 1970 are stored as 1970.
            let at = kept.at.max(previous);
            varint::write(&mut bytes, shortest((at - previous).unsigned_abs()));
            bytes.extend_from_slice(&kept.id.bits().to_le_bytes()[..ID_BYTES]);
            bytes.push(kept.caller);
            previous = at;
        }
        bytes
    }

    /// Adds the stored firings to a window that was deserialized without them.
    ///
    /// # Errors
    ///
    /// [`CorruptWindow`] if the bytes are cut or hold an invalid value.
    pub fn restore(mut self, mut bytes: &[u8]) -> Result<Self, CorruptWindow> {
        self.past = read_past(&mut bytes)?;
        let mut at = 0i64;
        while !bytes.is_empty() {
            let since = varint::read(&mut bytes).and_then(millis);
            at = since
                .and_then(|since| at.checked_add(since))
                .filter(|at| is_a_time(*at))
                .ok_or(CorruptWindow("a time is out of range"))?;
            let (stored, rest) =
                bytes.split_at_checked(ID_BYTES + 1).ok_or(CorruptWindow("it ends early"))?;
            bytes = rest;
            let mut id = [0; 8];
            id[..ID_BYTES].copy_from_slice(&stored[..ID_BYTES]);
            let id = FiringId::from_bits(u64::from_le_bytes(id));
            let caller = stored[ID_BYTES];
            if !self.callers.has(caller) {
                return Err(CorruptWindow("a caller is unknown"));
            }
            self.kept.push_back(Kept { at, id, caller });
            self.ids.insert(id);
        }
        Ok(self)
    }
}

fn write_past(bytes: &mut Vec<u8>, past: &Past) {
    varint::write(bytes, past.minutes.len() as u64);
    let mut previous = 0;
    for &(minute, count) in &past.minutes {
        // As for the stored firings.
        let minute = minute.max(previous);
        varint::write(bytes, (minute - previous).unsigned_abs());
        varint::write(bytes, count.into());
        previous = minute;
    }
}

fn read_past(bytes: &mut &[u8]) -> Result<Past, CorruptWindow> {
    let mut past = Past::default();
    if bytes.is_empty() {
        return Ok(past);
    }
    let mut minute = 0i64;
    for _ in 0..varint::read(bytes).ok_or(CorruptWindow("it ends early"))? {
        let since = varint::read(bytes).and_then(|since| i64::try_from(since).ok());
        minute = since
            .and_then(|since| minute.checked_add(since))
            .filter(|minute| minute.checked_mul(60_000).is_some_and(is_a_time))
            .ok_or(CorruptWindow("a minute is out of range"))?;
        let count = varint::read(bytes).and_then(|count| u32::try_from(count).ok());
        past.minutes.push_back((minute, count.ok_or(CorruptWindow("a count is out of range"))?));
    }
    Ok(past)
}

fn is_a_time(millis: i64) -> bool {
    Timestamp::from_millisecond(millis).is_ok()
}

/// Returns the written form of a duration in milliseconds.
const fn shortest(millis: u64) -> u64 {
    if millis.is_multiple_of(1_000) { (millis / 1_000) << 1 } else { (millis << 1) | 1 }
}

fn millis(written: u64) -> Option<i64> {
    let unit = if written & 1 == 0 { 1_000 } else { 1 };
    i64::try_from(written >> 1).ok()?.checked_mul(unit)
}
