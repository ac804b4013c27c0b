//! Tests of one leaf of an event.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::json::Json;
use super::number::Number;
use super::text::{Step, leads_through};

/// An entry in the list of a field.
#[derive(Debug, Clone)]
pub enum Test {
    /// `exists`, with its operand.
    Exists(bool),
    /// `true`, `false` or `null`.
    Literal(Json),
    /// Number.
    Number(Number),
    /// Text.
    Text(String),
    /// Text with this prefix.
    Prefix(String),
    /// Text with this suffix.
    Suffix(String),
    /// Text that these steps lead through, for wildcards and `equals-ignore-case`.
    Steps(Vec<Step>),
    /// Text that is an address in this network: its address and the length of its prefix in bits.
    Network(IpAddr, u32),
    /// Number that satisfies all comparisons.
    Numeric(Vec<(Comparison, f64)>),
    /// None of these tests.
    AnythingBut(Vec<Test>),
}

/// Operator of `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Test {
    /// Returns true if a present leaf satisfies this.
    pub fn holds(&self, leaf: &Json) -> bool {
        match (self, leaf) {
            (Self::Exists(expected), _) => *expected,
            (Self::AnythingBut(excluded), _) => !excluded.iter().any(|test| test.holds(leaf)),
            (Self::Literal(expected), _) => expected == leaf,
            (Self::Number(expected), Json::Number(seen)) => expected.equals(&Number::new(seen)),
            (Self::Numeric(bounds), Json::Number(seen)) => {
                let Some(seen) = Number::new(seen).exact else { return false };
                bounds.iter().all(|(comparison, bound)| comparison.holds(seen, *bound))
            }
            (Self::Text(expected), Json::String(seen)) => expected == seen,
            (Self::Prefix(expected), Json::String(seen)) => seen.starts_with(expected.as_str()),
            (Self::Suffix(expected), Json::String(seen)) => seen.ends_with(expected.as_str()),
            (Self::Steps(steps), Json::String(seen)) => leads_through(steps, seen),
            (Self::Network(network, bits), Json::String(seen)) => {
                address(seen).is_some_and(|seen| is_within(seen, *network, *bits))
            }
            _ => false,
        }
    }
}

impl Comparison {
    /// Returns true if the comparison holds.
    pub fn holds(self, seen: f64, bound: f64) -> bool {
        match self {
            Self::Equal => seen == bound,
            Self::Less => seen < bound,
            Self::LessOrEqual => seen <= bound,
            Self::Greater => seen > bound,
            Self::GreaterOrEqual => seen >= bound,
        }
    }
}

/// Parses an IP address. Octets may have leading zeros, and an IPv4 address in IPv6 form is IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let plain = !text.contains('.');
        return text
            .parse::<Ipv6Addr>()
            .ok()
            .filter(|_| plain)
            .map(|address| IpAddr::V6(address).to_canonical());
    }
    let octets: Option<Vec<u8>> = text.split('.').map(octet).collect();
    let octets: [u8; 4] = octets?.try_into().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn octet(text: &str) -> Option<u8> {
    // `parse` would accept a plus sign.
    if text.chars().all(|c| c.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Length of an address in bits.
pub fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Returns true if an address lies in a network of the same family.
fn is_within(seen: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differing = match (seen, network) {
        (IpAddr::V4(seen), IpAddr::V4(network)) => u128::from(seen.to_bits() ^ network.to_bits()),
        (IpAddr::V6(seen), IpAddr::V6(network)) => seen.to_bits() ^ network.to_bits(),
        _ => return false,
    };
    // A network with a prefix of 0 bits contains every address; a shift by all bits of a number is not defined.
    differing.checked_shr(width(network) - bits).is_none_or(|differing| differing == 0)
}
