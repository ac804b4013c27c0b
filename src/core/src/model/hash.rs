//! Hashes that are stored or compared later: SipHash-1-3, with keys of its own for each use.
//!
//! Neither the function nor a key may ever change: records, alerts and the directory hold their values.

use std::fmt;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use siphasher::{sip128, sip128::Hasher128};

/// Use of a hash. Values of different uses are not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashUse {
    /// Ids of events, and of texts: [`TextId`].
    Text,
    /// Parts of calls: [`Fingerprint`].
    CallPart,
    /// Access keys of sessions.
    Session,
    /// Calls that are equal word for word.
    EqualCalls,
    /// Buckets of the stored directory.
    Bucket,
    /// Values that are held in memory only.
    Memory,
}

impl HashUse {
    /// A hasher to be fed piece by piece.
    #[inline]
    pub fn hasher(self) -> SipHasher13 {
        let (first, second) = match self {
            Self::Text => (0x0062_7564_6765_7421, 0x0067_7561_7264_2121),
            Self::CallPart => (0x0062_7564_6765_7421, 0x0063_616c_6c65_6421),
            Self::Session => (0x7365_7373_696f_6e73, 0x6f66_2072_6f6c_6573),
            Self::EqualCalls => (0x6571_7561_6c2d_6361, 0x6c6c_732d_7631_0000),
            Self::Bucket => (0x0064_6972_6563_746f, 0x0072_7900_6275_636b),
            Self::Memory => (0, 0),
        };
        SipHasher13::new_with_keys(first, second)
    }

    /// Hash of a whole text.
    #[inline]
    pub fn of(self, text: &str) -> u64 {
        let mut hasher = self.hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

/// 40 bits that stand for a text, shown as ten hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(u64);

impl TextId {
    /// Number of bits in use.
    pub const BITS: u32 = 40;

    /// Id of this text.
    #[inline]
    pub fn of(text: &str) -> Self {
        Self(HashUse::Text.of(text) >> (64 - Self::BITS))
    }

    /// The id as a number below 2^40.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010x}", self.0)
    }
}

/// 32 bits that stand for some text, fed piece by piece.
#[derive(Debug, Clone)]
pub struct Fingerprint(SipHasher13);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(HashUse::CallPart.hasher())
    }
}

impl Fingerprint {
    /// Fingerprint of a whole text.
    #[inline]
    pub fn of(text: &str) -> u32 {
        let mut fingerprint = Self::default();
        fingerprint.add(text.as_bytes());
        fingerprint.finish()
    }

    /// Adds a piece. Where the text is cut into pieces makes no difference.
    #[inline]
    pub fn add(&mut self, piece: &[u8]) {
        self.0.write(piece);
    }

    /// Adds a byte that occurs in no piece, where the end of a piece makes a difference.
    #[inline]
    pub fn delimit(&mut self, byte: u8) {
        self.0.write_u8(byte);
    }

    /// Fingerprint of what was added so far.
    #[inline]
    pub fn finish(&self) -> u32 {
        (self.0.finish() >> 32) as u32
    }
}

/// 128 bits that stand for stored content, as 32 hexadecimal digits.
pub fn content_hash(content: &[u8]) -> String {
    let mut hasher = sip128::SipHasher13::new_with_keys(0x0063_6f6e_7465_6e74, 0x0068_6173_6800_0000);
    hasher.write(content);
    format!("{:032x}", hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of an independent implementation of SipHash-1-3.
    #[test]
    fn hashes_never_change() {
        let check = |hash: HashUse, value: u64| assert_eq!(hash.of("uploads"), value, "{hash:?}");
        check(HashUse::Text, 0x343c_9d0b_af0f_d5d0);
        check(HashUse::CallPart, 0x8018_1db1_242f_5097);
        check(HashUse::Session, 0xf8c0_a73c_ef4f_11ff);
        check(HashUse::EqualCalls, 0x364a_7f6d_e0cf_8d1a);
        check(HashUse::Bucket, 0xd20d_4ba5_ba46_8aad);
        assert_eq!(TextId::of("uploads").to_string(), "343c9d0baf");
        assert_eq!(content_hash(b"uploads"), "0eb0536464fd6799052f8aecf7bbc8dc");
    }

    #[test]
    fn a_fingerprint_never_changes() {
        assert_eq!(Fingerprint::of("uploads"), 2_149_064_113);
        let mut pieces = Fingerprint::default();
        "uploads".bytes().for_each(|byte| pieces.add(&[byte]));
        assert_eq!(pieces.finish(), Fingerprint::of("uploads"));
    }
}
