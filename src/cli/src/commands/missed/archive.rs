//! Archives of a rule's bus, and the replays under way.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::describe_archive::DescribeArchiveOutput;
use aws_sdk_eventbridge::types::{ArchiveState, ReplayState};
use budget_guard_aws::fault;
use budget_guard_core::model::{Fault, Timestamp, whole_seconds};
use jiff::SignedDuration;

use super::coverage::Coverage;

/// States of a replay that is under way.
const UNDER_WAY: [ReplayState; 3] = [ReplayState::Starting, ReplayState::Running, ReplayState::Cancelling];

/// An archive of the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    /// Name of the archive.
    pub name: String,
    /// ARN of the archive.
    pub arn: String,
    /// State other than `ENABLED`, with AWS's reason for it. `None` for an archive that takes events.
    pub outage: Option<String>,
    /// Event pattern. `None` if the archive takes every event.
    pub pattern: Option<String>,
    /// Number of days for which an event is kept. 0 for ever.
    pub retention_days: i32,
    /// Time of its creation. `None` if AWS does not tell.
    pub made_at: Option<Timestamp>,
}

impl Archive {
    /// Reason why the events of a rule from this time on are not all in the archive when the replay is due. `None` if
    /// nothing speaks against it. The text is a clause that follows the archive's name.
    pub(super) fn obstacle(&self, coverage: &Coverage, from: Timestamp, due: Timestamp) -> Option<String> {
        if let Some(outage) = &self.outage {
            return Some(format!("is {outage}"));
        }
        if let Some(made) = self.made_at.filter(|made| *made > from) {
            return Some(format!("was made at {}, after the cut", whole_seconds(made)));
        }
        let kept = SignedDuration::from_hours(24 * i64::from(self.retention_days));
        if self.retention_days > 0 && from + kept <= due {
            let days = if self.retention_days == 1 { "day" } else { "days" };
            return Some(format!("keeps events for {} {days}, and the cut is older", self.retention_days));
        }
        let by = &coverage.left_out;
        (!by.is_empty())
            .then(|| format!("leaves out events that the rule takes, by its pattern for {}", by.join(", ")))
    }

    fn read(reply: DescribeArchiveOutput) -> Self {
        let state = reply.state.as_ref().filter(|state| **state != ArchiveState::Enabled);
        let outage = state.map(|state| match reply.state_reason.as_deref() {
            Some(why) if !why.is_empty() => format!("{}: {why}", state.as_str()),
            _ => state.as_str().to_owned(),
        });
        Self {
            name: reply.archive_name.unwrap_or_default(),
            arn: reply.archive_arn.unwrap_or_default(),
            outage,
            pattern: reply.event_pattern.filter(|pattern| !pattern.is_empty()),
            retention_days: reply.retention_days.unwrap_or_default(),
            made_at: reply.creation_time.and_then(|at| Timestamp::from_nanosecond(at.as_nanos()).ok()),
        }
    }
}

/// All archives of a bus, by its ARN.
///
/// Source: "ListArchives" and "DescribeArchive" (Amazon EventBridge API reference).
pub(super) async fn of_bus(client: &Client, bus_arn: &str) -> Result<Vec<Archive>, Fault> {
    let mut archives = Vec::new();
    let mut next_token = None;
    loop {
        let page = client.list_archives().event_source_arn(bus_arn).set_next_token(next_token).send().await;
        let page = page.map_err(|error| fault("ListArchives", &error))?;
        for name in page.archives().iter().filter_map(|archive| archive.archive_name()) {
            let read = client.describe_archive().archive_name(name).send().await;
            archives.push(Archive::read(read.map_err(|error| fault("DescribeArchive", &error))?));
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(archives);
        }
    }
}

/// Number of replays under way in the account and Region.
///
/// Source: "ListReplays" (Amazon EventBridge API reference).
pub(super) async fn under_way(client: &Client) -> Result<usize, Fault> {
    let mut count = 0;
    for state in UNDER_WAY {
        let mut next_token = None;
        loop {
            let page = client.list_replays().state(state.clone()).set_next_token(next_token).send().await;
            let page = page.map_err(|error| fault("ListReplays", &error))?;
            count += page.replays().len();
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_serves_or_says_why_not() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let hours = |hours: i64| now - SignedDuration::from_hours(hours);
        let check = |change: fn(&mut Archive), left_out: &[&str], cut_hours: i64, expected: &str| {
            let mut archive = Archive {
                name: "calls".into(),
                arn: "arn:aws:events:us-east-1:123456789012:archive/calls".into(),
                outage: None,
                pattern: None,
                retention_days: 7,
                made_at: Some(hours(1_000)),
            };
            change(&mut archive);
            let left_out = left_out.iter().map(|name| (*name).to_owned()).collect();
            let coverage = Coverage { left_out, untold: vec!["source".to_owned()] };
            let obstacle = archive.obstacle(&coverage, hours(cut_hours), now).unwrap_or_default();
            assert_eq!(obstacle, expected);
        };
        check(|_| {}, &[], 1, "");
        check(|_| {}, &[], 167, "");
        check(|_| {}, &[], 168, "keeps events for 7 days, and the cut is older");
        check(|archive| archive.retention_days = 1, &[], 24, "keeps events for 1 day, and the cut is older");
        check(|archive| archive.retention_days = 0, &[], 999, "");
        check(|archive| archive.made_at = None, &[], 1, "");
        check(|_| {}, &[], 1_001, "was made at 2026-10-09T20:00:00Z, after the cut");
        check(|archive| archive.outage = Some("DISABLED: paused".into()), &[], 1, "is DISABLED: paused");
        let by = "leaves out events that the rule takes, by its pattern for detail-type, source";
        check(|_| {}, &["detail-type", "source"], 1, by);
    }
}
