//! Events of a bus: the fields that decide if an event counts, and the JSON that event patterns are matched with.

use std::borrow::Cow;
use std::fmt;

use super::cost::CostMessage;
use super::{BusEvent, DecodeError};
use crate::model::RuleArn;

/// EventBridge event that names no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bus<'a> {
    /// Fields of the event that the guard uses.
    pub event: BusEvent<'a>,
    /// Envelope's `account`: the account in which the event happened. Buses may receive events of other accounts.
    pub account: Option<Cow<'a, str>>,
    /// True for a management event that rules in the state `ENABLED` do not receive, by the name of the call.
    pub is_withheld: bool,
    /// Cost alert in the event, which fires rules like any other event. Boxed, because it is rare.
    pub money: Option<Box<CostMessage>>,
    /// Firing of an attached rule that the event forwards, used only if the sender is trusted. Boxed, because it is
    /// rare.
    pub carried: Option<Box<Result<ForwardedFiring<'a>, DecodeError>>>,
    /// JSON of the whole event.
    pub json: EventJson<'a>,
}

/// Firing of an attached rule, forwarded through a bus. The sender of the forwarding event is not AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedFiring<'a> {
    /// Rule that fired.
    pub rule: RuleArn,
    /// Event that fired it.
    pub event: BusEvent<'a>,
}

/// JSON of an event. It is unquoted from its queue message only on request.
#[derive(Clone)]
pub struct EventJson<'a> {
    bytes: &'a [u8],
    is_quoted: bool,
}

impl<'a> EventJson<'a> {
    /// Creates it from JSON without quotes.
    pub const fn plain(bytes: &'a [u8]) -> Self {
        Self { bytes, is_quoted: false }
    }

    /// Creates it from a JSON string that contains the event, with its quotes.
    pub(super) const fn quoted(bytes: &'a [u8]) -> Self {
        Self { bytes, is_quoted: true }
    }

    /// JSON of the event without quotes.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        if !self.is_quoted {
            return Cow::Borrowed(self.bytes);
        }
        // The scanner has read the string before, so it is always well formed.
        let text: String = serde_json::from_slice(self.bytes).unwrap_or_default();
        Cow::Owned(text.into_bytes())
    }
}

impl fmt::Debug for EventJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

/// Compares the JSON, quoted or not.
impl PartialEq for EventJson<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for EventJson<'_> {}
