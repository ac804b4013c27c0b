//! Rules of a drill: made, fired, watched and removed.

use std::time::Duration;

use aws_sdk_eventbridge::error::BuildError;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState, Tag};
use budget_guard_aws::{Aws, SystemClock, fault};
use budget_guard_core::breaker::Breaker;
use budget_guard_core::directory::Head;
use budget_guard_core::guard::Order;
use budget_guard_core::model::{DRILL_PREFIX, Fault, FaultKind, RuleArn, Timestamp};
use budget_guard_core::policy::{LIMIT_TAG, MODE_TAG};
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::{Guard, load};
use budget_guard_core::stored::Key;
use serde_json::json;

use super::Course;
use crate::commands::order;
use crate::problem::Problem;
use crate::queue::QueueArn;
use crate::session::Session;
use crate::targets::{self, TARGET_ID};

/// Source of the drill's events. The operator's policy allows `PutEvents` for this source only.
const SOURCE: &str = "budget-guard.drill";
/// Type of the drill's events. The guard's catch-all rule takes it by its end, so it also shows the events that a rule
/// misses.
const DETAIL_TYPE: &str = "Drill via CloudTrail";
/// Number of firings in the rule's limit tag.
pub(super) const LIMIT: u32 = 5;
/// Window in the rule's limit tag.
pub(super) const WINDOW: &str = "60s";
/// Time between two events or checks.
pub(super) const PAUSE: Duration = Duration::from_millis(250);
/// Maximum number of attempts to restore the rule before its removal. The guard may change it at the same time.
const RESTORE_ATTEMPTS: u32 = 20;

/// Time for which a drill may run at most, so that its rule is not removed by another drill.
const OTHERS: jiff::SignedDuration = jiff::SignedDuration::from_hours(6);

/// A drill in progress.
pub(super) struct Drill<'a> {
    /// The guard, with the operator's rights.
    pub(super) guard: Guard<Aws>,
    /// Connection to AWS.
    pub(super) session: &'a Session,
}

impl Drill<'_> {
    fn events(&self) -> &aws_sdk_eventbridge::Client {
        self.guard.ports.rules.client()
    }

    /// Creates a rule on the default bus, without a target. `suffix` ends its name.
    pub(super) async fn make(&self, suffix: &str) -> Result<RuleArn, Fault> {
        let name = format!("{DRILL_PREFIX}{}{suffix}", SystemClock.now().as_millisecond());
        let pattern = json!({"source": [SOURCE], "detail-type": [DETAIL_TYPE], "detail": {"drill": [name]}});
        let pattern = pattern.to_string();
        let tags = [(LIMIT_TAG, format!("{LIMIT}/{WINDOW}")), (MODE_TAG, "enforce".to_owned())];
        let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let call = self
            .events()
            .put_rule()
            .name(&name)
            .description("A drill of budget-guard; it may be deleted")
            .event_pattern(pattern)
            .state(RuleState::Enabled)
            .set_tags(Some(tags.collect::<Result<_, BuildError>>().map_err(unbuilt)?));
        let made = call.send().await.map_err(|error| fault("PutRule", &error))?;
        let arn = made.rule_arn().unwrap_or_default();
        arn.parse().map_err(|error| Fault::new(FaultKind::Other, format!("PutRule: {error}")))
    }

    /// Rules that earlier drills left. Those of the last six hours may belong to a drill that still runs.
    pub(super) async fn left_behind(&self) -> Result<Vec<RuleArn>, Fault> {
        let listed = self.events().list_rules().name_prefix(DRILL_PREFIX).send().await;
        let listed = listed.map_err(|error| fault("ListRules", &error))?;
        let until = (SystemClock.now() - OTHERS).as_millisecond();
        let is_old = |rule: &RuleArn| {
            let made = rule.name().strip_prefix(DRILL_PREFIX).and_then(|rest| rest.split('-').next());
            made.and_then(|made| made.parse::<i64>().ok()).is_some_and(|made| made < until)
        };
        let rules = listed.rules().iter().filter_map(|rule| rule.arn()?.parse().ok());
        Ok(rules.filter(is_old).collect())
    }

    /// Adds the guard's queue to the targets of a rule.
    pub(super) async fn attach(&self, queue: &QueueArn, rule: &RuleArn) -> Result<(), Fault> {
        let target = targets::guards(queue.as_str(), None)?;
        targets::put(&self.guard.ports.rules, rule, target).await
    }

    /// Attaches the guard's queue and fires the rule until the alert is published or the time is over.
    pub(super) async fn attach_and_fire(
        &self,
        queue: &QueueArn,
        course: &mut Course,
        within: Duration,
    ) -> Result<(), Fault> {
        self.attach(queue, &course.rule).await?;
        let began = SystemClock.now();
        while since(began) < within.as_secs_f64() && course.alerted_after_seconds.is_none() {
            if course.cut_after_seconds.is_some() {
                course.alerted_after_seconds = self.is_alerted(&course.rule).await?.then(|| since(began));
            } else {
                if course.passes_traces.is_none() && course.firings > 0 {
                    course.passes_traces = self.passes_traces(&course.rule).await?;
                }
                // A loop fires again whatever the guard does. The trace of the first events is read before the cut,
                // which clears it.
                if course.passes_traces.is_some() || course.firings + 1 < LIMIT {
                    self.put_event(&course.rule).await?;
                    course.firings += 1;
                }
                course.cut_after_seconds = self.is_cut(&course.rule).await?.then(|| since(began));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn is_cut(&self, rule: &RuleArn) -> Result<bool, Fault> {
        let call = self.events().describe_rule().event_bus_name(rule.bus()).name(rule.name());
        let read = call.send().await.map_err(|error| fault("DescribeRule", &error))?;
        Ok(read.state() == Some(&RuleState::Disabled))
    }

    /// Returns true if the alert is published. The outbox gets it with the cut, and is empty after the publication.
    async fn is_alerted(&self, rule: &RuleArn) -> Result<bool, Fault> {
        let record = self.record(rule).await?;
        Ok(record.is_some_and(|record| record.breaker.disabled().is_some() && record.outbox.is_empty()))
    }

    /// Time of the first `AssumeRole` event at the guard's plain rule, from the directory.
    pub(super) async fn assume_role_at(&self) -> Result<Option<Timestamp>, Fault> {
        let stored = load::<Head>(&self.guard.ports.store, Key::Head).await?;
        Ok(stored.and_then(|(head, _)| head.assume_role_at))
    }

    /// Returns true if the tracing header arrived. `None` until an event has arrived.
    async fn passes_traces(&self, rule: &RuleArn) -> Result<Option<bool>, Fault> {
        let record = self.record(rule).await?.filter(|record| record.window.newest().is_some());
        Ok(record.map(|record| record.turns.has_traces()))
    }

    /// Record of a rule. `None` before its first firing.
    pub(super) async fn record(&self, rule: &RuleArn) -> Result<Option<Record>, Fault> {
        Ok(load(&self.guard.ports.store, Key::Record(rule)).await?.map(|(record, _)| record))
    }

    /// Puts an event that matches this rule alone.
    pub(super) async fn put_event(&self, rule: &RuleArn) -> Result<(), Fault> {
        let entry = PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(DETAIL_TYPE)
            .detail(json!({"drill": rule.name()}).to_string())
            .trace_header(trace_header(SystemClock.now()))
            .build();
        let put = self.events().put_events().entries(entry).send().await;
        let put = put.map_err(|error| fault("PutEvents", &error))?;
        let refused = put.entries().iter().find_map(|entry| entry.error_message());
        refused.map_or(Ok(()), |why| Err(Fault::new(FaultKind::Other, format!("PutEvents: {why}"))))
    }

    /// Restores the rule, then deletes it. The guard would report the deletion of a cut rule as a change by others.
    pub(super) async fn remove(&mut self, rule: &RuleArn) -> Result<(), Problem> {
        let session = self.session;
        let problem = |fault: Fault| session.problem_with(rule, &fault);
        for _ in 0..RESTORE_ATTEMPTS {
            let record = self.record(rule).await.map_err(problem)?;
            let is_open =
                |record: &Record| !matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. });
            if !record.is_some_and(|record| is_open(&record)) {
                break;
            }
            let order = Order::Enable { force: true };
            Box::pin(order::carry_out(session, &mut self.guard, rule, order)).await?;
            tokio::time::sleep(PAUSE).await;
        }
        targets::remove(&self.guard.ports.rules, rule, TARGET_ID).await.map_err(problem)?;
        let call = self.events().delete_rule().event_bus_name(rule.bus()).name(rule.name());
        call.send().await.map(drop).map_err(|error| problem(fault("DeleteRule", &error)))
    }
}

/// Tracing header of a new trace. Source: "Tracing header" (AWS X-Ray developer guide).
fn trace_header(now: Timestamp) -> String {
    format!("Root=1-{:08x}-{:024x};Sampled=0", now.as_second(), now.as_nanosecond())
}

fn unbuilt(error: BuildError) -> Fault {
    Fault::new(FaultKind::Other, error.to_string())
}

/// Seconds since a time.
pub(super) fn since(began: Timestamp) -> f64 {
    SystemClock.now().duration_since(began).as_secs_f64()
}
