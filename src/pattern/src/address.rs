//! IP addresses and address ranges.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// IP address. An IPv4 address written as IPv6 (`::ffff:…`) is stored as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Address {
    V4(u32),
    V6(u128),
}

/// Addresses that agree with `network` in the bits of `mask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    network: Address,
    mask: Address,
}

impl Address {
    /// Parses an address. Leading zeros of an octet do not make it octal. As on AWS, IPv6 with octets
    /// (`::ffff:10.0.0.1`) is no address.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        // Fast path: this is called for every string, and few are addresses.
        if !(2..=45).contains(&text.len())
            || !text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':' | b'.'))
        {
            return None;
        }
        if !text.contains(&b':') {
            return octets(text).map(Self::V4);
        }
        if text.contains(&b'.') {
            return None;
        }
        let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
        Some(match address.to_ipv4_mapped() {
            Some(address) => Self::V4(address.to_bits()),
            None => Self::V6(address.to_bits()),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(bits) => Ipv4Addr::from_bits(*bits).fmt(f),
            Self::V6(bits) => Ipv6Addr::from_bits(*bits).fmt(f),
        }
    }
}

fn octets(text: &[u8]) -> Option<u32> {
    let mut octets = text.split(|byte| *byte == b'.');
    let mut address = 0;
    for _ in 0..4 {
        let octet = octets.next().filter(|octet| (1..=3).contains(&octet.len()))?;
        let value = octet.iter().try_fold(0, |value, digit| {
            digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0'))
        })?;
        address = address << 8 | (value < 256).then_some(value)?;
    }
    octets.next().is_none().then_some(address)
}

/// A text that is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseBlockError {
    #[error("`/` and the number of mask bits are missing")]
    NoBits,
    #[error("{0:?} is neither an IPv4 nor an IPv6 address")]
    NoAddress(String),
    #[error("{seen:?} are no mask bits; a number from 0 to {most} is expected")]
    BadBits { seen: String, most: u32 },
}

impl Block {
    /// From `ADDRESS/BITS`. AWS does not take a range of a single address.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseBlockError> {
        let (address, bits) = text.split_once('/').ok_or(ParseBlockError::NoBits)?;
        let network = Address::parse(address.as_bytes())
            .ok_or_else(|| ParseBlockError::NoAddress(address.to_owned()))?;
        let most = if matches!(network, Address::V4(_)) { 31 } else { 127 };
        let bits: u32 = bits
            .parse::<i16>()
            .ok()
            .and_then(|bits| u32::try_from(bits).ok())
            .filter(|bits| *bits <= most)
            .ok_or_else(|| ParseBlockError::BadBits { seen: bits.to_owned(), most })?;
        let mask = match network {
            Address::V4(_) => Address::V4(!u32::MAX.checked_shr(bits).unwrap_or(0)),
            Address::V6(_) => Address::V6(!u128::MAX.checked_shr(bits).unwrap_or(0)),
        };
        Ok(Self { network, mask })
    }

    /// An address that the range holds.
    pub(crate) fn network(&self) -> Address {
        self.network
    }

    /// Returns true if the range holds this address.
    pub(crate) fn contains(&self, address: Address) -> bool {
        match (self.network, self.mask, address) {
            (Address::V4(network), Address::V4(mask), Address::V4(address)) => {
                (network ^ address) & mask == 0
            }
            (Address::V6(network), Address::V6(mask), Address::V6(address)) => {
                (network ^ address) & mask == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_the_addresses_of_its_network() {
        let check = |block: &str, address: &str, expected: bool| {
            let block = Block::parse(block).expect("a range");
            let address = Address::parse(address.as_bytes());
            assert_eq!(
                address.is_some_and(|address| block.contains(address)),
                expected,
                "{block:?} {address:?}"
            );
        };
        check("10.1.0.0/16", "10.1.255.3", true);
        check("10.1.0.0/16", "10.2.0.0", false);
        check("10.1.77.9/16", "010.001.000.001", true);
        check("10.0.0.0/8", "::ffff:a09:807", true);
        check("10.0.0.0/8", "::ffff:10.9.8.7", false);
        check("0.0.0.0/0", "203.0.113.7", true);
        check("0.0.0.0/0", "::1", false);
        check("10.0.0.0/8", "10.0.0", false);
        check("10.0.0.0/8", "10.0.0.256", false);
        check("10.0.0.0/8", "10.0.0.0/8", false);
        check("2001:db8::/32", "2001:DB8:0::5", true);
        check("2001:db8::/32", "2001:db9::5", false);
        check("::/0", "fe80::1", true);
        check("::/0", "10.0.0.1", false);
    }

    #[test]
    fn says_what_is_no_range() {
        let check = |block: &str, expected: &str| {
            assert_eq!(Block::parse(block).expect_err(block).to_string(), expected);
        };
        check("10.0.0.1", "`/` and the number of mask bits are missing");
        check("ten/8", "\"ten\" is neither an IPv4 nor an IPv6 address");
        check("10.0.0.1/32", "\"32\" are no mask bits; a number from 0 to 31 is expected");
        check("::1/128", "\"128\" are no mask bits; a number from 0 to 127 is expected");
        check("::1/-1", "\"-1\" are no mask bits; a number from 0 to 127 is expected");
    }
}
