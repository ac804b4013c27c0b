//! The kept firings in few bytes: for each, the time since the one before, 40 bits of id, one byte of caller.

use super::{FiringId, Kept, Window, varint};

/// The stored bytes are not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored window is damaged: {0}")]
pub struct CorruptWindow(&'static str);

const ID_BYTES: usize = FiringId::BITS as usize / 8;

impl Window {
    /// The kept firings as bytes; at most 9 each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.kept.len() * (ID_BYTES + 3) + 8);
        let mut previous = 0;
        for kept in &self.kept {
            // The first difference is the time itself; times before 1970 are stored as 1970.
            let at = kept.at.max(previous);
            varint::write(&mut bytes, (at - previous).unsigned_abs());
            bytes.extend_from_slice(&kept.id.bits().to_le_bytes()[..ID_BYTES]);
            bytes.push(kept.caller);
            previous = at;
        }
        bytes
    }

    /// Puts stored firings back into a window that was read without them.
    pub fn restore(mut self, mut bytes: &[u8]) -> Result<Self, CorruptWindow> {
        let mut at = 0i64;
        while !bytes.is_empty() {
            let since = varint::read(&mut bytes).and_then(|since| i64::try_from(since).ok());
            at = since
                .and_then(|since| at.checked_add(since))
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
