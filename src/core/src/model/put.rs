//! Custom events: the trace that they belong to, and the `PutEvents` calls that CloudTrail recorded.

use jiff::Timestamp;

use super::{Fingerprint, FiringId};

/// Fingerprint of the root of an AWS X-Ray trace. `PutEvents`, buses, queues and functions pass the root on. An event
/// that a function puts during an invocation has the root of the event that invoked it.
///
/// Stored in records: the fingerprint may never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceRoot(u32);

impl TraceRoot {
    /// Parses a tracing header, `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;Sampled=1`. `None` without a valid
    /// root.
    ///
    /// Source: "Tracing header" (AWS X-Ray developer guide).
    pub fn of_header(header: &str) -> Option<Self> {
        let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
        let mut parts = root.split('-');
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let is_root = parts.next() == Some("1")
            && parts.next().is_some_and(|time| is_hex(time, 8))
            && parts.next().is_some_and(|id| is_hex(id, 24))
            && parts.next().is_none();
        is_root.then(|| Self(Fingerprint::of(root).max(1)))
    }

    /// Bits for storage. Never zero.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// Events that a target of a rule put with one `PutEvents` call, from CloudTrail's data event.
///
/// Source: "Logging Amazon EventBridge API calls using AWS CloudTrail" (Amazon EventBridge user guide).
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// `responseElements.entries[].eventId`, which is the `id` of the event on the bus.
    pub events: Vec<FiringId>,
    /// Event time of the call.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_read_of_well_formed_headers_alone() {
        let root = TraceRoot::of_header("Root=1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(root.map(TraceRoot::bits), Some(4_189_257_928));
        let check = |header: &str, is_same: bool| {
            assert_eq!(
                TraceRoot::of_header(header).is_some_and(|seen| Some(seen) == root),
                is_same,
                "{header}"
            );
        };
        check("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", true);
        check("Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793", true);
        check("Self=1-5759e988-bd862e3fe1be46a994272793", false);
        check("Root=1-5759e988-bd862e3fe1be46a994272794", false);
        for malformed in
            ["", "Root=", "Root=1-5759e988", "Root=2-5759e988-bd862e3fe1be46a994272793", "Root=1-5759e98g-x"]
        {
            assert_eq!(TraceRoot::of_header(malformed), None, "{malformed}");
        }
    }
}
