//! Schedules of EventBridge Scheduler, and the rules whose targets they invoke.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edit, Entries, Entry};
use crate::model::{ListedSchedule, ScheduleDefinition, Seconds, Timestamp, unqualified};

/// Periods of schedules by the ARN that they start. Schedules that could not be read are kept apart.
#[derive(Debug, Default)]
pub struct SchedulePeriods {
    periods: BTreeMap<String, BTreeSet<Seconds>>,
    /// Targets of schedules that were not read.
    unread: BTreeSet<String>,
}

impl SchedulePeriods {
    /// Adds a schedule that was read. It is ignored if it has no period at `now`.
    pub fn add(&mut self, schedule: &ScheduleDefinition, now: Timestamp) {
        if let Some(period) = schedule.period(now) {
            self.periods.entry(schedule.wakes().to_owned()).or_default().insert(period);
        }
    }

    /// Adds a schedule that could not be read.
    pub fn add_unread(&mut self, schedule: &ListedSchedule) {
        self.unread.insert(unqualified(&schedule.target).to_owned());
    }

    /// Returns the changes of rules whose targets a schedule starts now or started before.
    pub fn edits(&self, entries: &Entries) -> Vec<Edit> {
        let edit = |entry: &Entry| {
            let periods = entry.wakeable().filter_map(|arn| self.periods.get(arn)).flatten();
            let periods: BTreeSet<Seconds> = periods.copied().collect();
            let are_all_read = !entry.wakeable().any(|arn| self.unread.contains(arn));
            let is_told = !periods.is_empty() || !entry.woken_every.is_empty();
            is_told.then(|| Edit::Woken { rule: entry.rule.clone(), periods, are_all_read })
        };
        entries.values().filter_map(edit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Directory;
    use crate::model::{Actor, ListedRule, Own, RuleArn, RuleState, Tags, Target};

    const NOON: Timestamp = Timestamp::constant(1_795_176_000, 0);
    const FIXER: &str = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
    const OTHER: &str = "arn:aws:lambda:us-east-1:123456789012:function:other";
    const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:work";
    const BUS: &str = "arn:aws:events:us-east-1:123456789012:event-bus/orders";
    const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/work";
    const TASK: &str = "arn:aws:ecs:us-east-1:123456789012:task-definition/convert";

    fn arn(name: &str) -> RuleArn {
        format!("arn:aws:events:us-east-1:123456789012:rule/{name}").parse().unwrap()
    }

    /// Rules with one target each, and the actor behind it.
    fn rules(rules: &[(&str, &str, &str)]) -> Entries {
        let mut entries = Entries::new();
        for (name, target, actor) in rules {
            let rule = ListedRule {
                rule: arn(name),
                state: RuleState::Enabled,
                event_pattern: Some("{}".to_owned()),
                schedule_expression: None,
                role_arn: None,
                managed_by: None,
            };
            Edit::Listed { rule, at: NOON }.apply(&mut entries);
            let actor = Actor::new(actor, None).through(target);
            let targets = vec![Target { actors: vec![actor], ..Target::new("1", *target) }];
            Edit::Details { rule: arn(name), targets, tags: Tags::new(), at: NOON }.apply(&mut entries);
        }
        entries
    }

    fn schedule(target: &str, task: Option<&str>, minutes: u32) -> ScheduleDefinition {
        ScheduleDefinition {
            expression: format!("rate({minutes} minutes)"),
            is_flexible: false,
            target: target.to_owned(),
            task_definition: task.map(str::to_owned),
            begins: None,
            ends: None,
        }
    }

    fn minutes(entries: &Entries, rule: &str) -> Vec<u32> {
        let schedules = Directory::new(entries.clone(), Own::example()).schedules(&arn(rule));
        schedules.into_iter().flatten().map(|period| period.get() / 60).collect()
    }

    #[test]
    fn a_schedule_wakes_rules_with_its_target_or_an_actor_behind_it() {
        let check = |schedules: &[ScheduleDefinition], expected: [&[u32]; 5]| {
            let mut entries = rules(&[
                ("fix", &format!("{FIXER}:live"), FIXER),
                ("queued", QUEUE, FIXER),
                ("idle", OTHER, OTHER),
                ("forward", BUS, BUS),
                ("convert", CLUSTER, &format!("{TASK}:7")),
            ]);
            let mut waking = SchedulePeriods::default();
            schedules.iter().for_each(|schedule| waking.add(schedule, NOON));
            waking.edits(&entries).into_iter().for_each(|edit| edit.apply(&mut entries));
            let seen = ["fix", "queued", "idle", "forward", "convert"].map(|rule| minutes(&entries, rule));
            assert_eq!(seen, expected.map(<[u32]>::to_vec), "{schedules:?}");
        };
        check(&[], [&[], &[], &[], &[], &[]]);
        check(&[schedule(FIXER, None, 5)], [&[5], &[5], &[], &[], &[]]);
        check(&[schedule(&format!("{FIXER}:blue"), None, 5)], [&[5], &[5], &[], &[], &[]]);
        check(&[schedule(QUEUE, None, 5), schedule(FIXER, None, 9)], [&[9], &[5, 9], &[], &[], &[]]);
        check(&[schedule(BUS, None, 5)], [&[], &[], &[], &[], &[]]);
        // Other tasks run on the same cluster.
        check(&[schedule(CLUSTER, Some(&format!("{TASK}:8")), 5)], [&[], &[], &[], &[], &[5]]);
        check(&[schedule(CLUSTER, Some(&format!("{TASK}-2:1")), 5)], [&[], &[], &[], &[], &[]]);
        let many: Vec<_> = (1..9).rev().map(|minutes| schedule(OTHER, None, minutes)).collect();
        check(&many, [&[], &[], &[1, 2, 3, 4], &[], &[]]);
    }

    #[test]
    fn what_is_known_is_replaced_once_all_is_read() {
        let mut entries = rules(&[("fix", FIXER, FIXER)]);
        let mut check = |read: &[u32], unread: Option<&str>, expected: &[u32]| {
            let mut waking = SchedulePeriods::default();
            read.iter().for_each(|minutes| waking.add(&schedule(FIXER, None, *minutes), NOON));
            if let Some(target) = unread {
                let (group, name) = ("default".to_owned(), "unread".to_owned());
                let target = target.to_owned();
                waking.add_unread(&ListedSchedule { group, name, target, changed: NOON });
            }
            waking.edits(&entries).into_iter().for_each(|edit| edit.apply(&mut entries));
            assert_eq!(minutes(&entries, "fix"), expected, "{read:?} {unread:?}");
            let json = serde_json::to_string(&entries[&arn("fix")]).unwrap();
            assert_eq!(json.contains("woken_every"), !expected.is_empty(), "{json}");
        };
        check(&[5], None, &[5]);
        check(&[9], Some(FIXER), &[5, 9]);
        check(&[], Some(FIXER), &[5, 9]);
        check(&[9], Some(OTHER), &[9]);
        check(&[], None, &[]);
        check(&[], None, &[]);
    }
}
