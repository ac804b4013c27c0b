//! Schedules of rules and of EventBridge Scheduler that invoke a target at equal intervals.

use std::collections::BTreeSet;

use super::{Seconds, Timestamp, unqualified};

/// Maximum number of schedules kept per rule.
pub const MAX_SCHEDULES: usize = 4;

/// Periods of the schedules that invoke a rule's targets, shortest first.
pub type Schedules = [Option<Seconds>; MAX_SCHEDULES];

/// Schedule of EventBridge Scheduler: target and times. Source: "GetSchedule" (EventBridge Scheduler API reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleDefinition {
    /// Schedule expression, as in `rate(5 minutes)` or `cron(0/15 * * * ? *)`.
    pub expression: String,
    /// True if AWS chooses the moment within a time window (`FlexibleTimeWindow`).
    pub is_flexible: bool,
    /// ARN of the target.
    pub target: String,
    /// ARN of the task definition if the target is an ECS cluster, which several tasks share.
    pub task_definition: Option<String>,
    /// Start of the schedule. It is enabled before that.
    pub begins: Option<Timestamp>,
    /// End of the schedule. It stays enabled after that.
    pub ends: Option<Timestamp>,
}

impl ScheduleDefinition {
    /// ARN of the resource that the schedule starts, without version or alias.
    pub fn wakes(&self) -> &str {
        unqualified(self.task_definition.as_deref().unwrap_or(&self.target))
    }

    /// Period of the schedule. `None` if its intervals differ, or if it has not begun or has ended.
    pub fn period(&self, now: Timestamp) -> Option<Seconds> {
        let is_on = self.begins.is_none_or(|begins| begins <= now) && self.ends.is_none_or(|ends| now < ends);
        period_of(&self.expression).filter(|_| is_on && !self.is_flexible)
    }
}

/// Period of a schedule expression: `rate(5 minutes)`, `cron(0/15 * * * ? *)`, `cron(0/5 8-17 ? * MON-FRI *)`.
///
/// The times of one day of a `cron` expression have a period if each of them has a neighbour at the shortest interval.
/// A single time has the period of a day if it recurs daily. All other expressions have `None`.
///
/// Source: "Creating a rule that runs on a schedule" (Amazon EventBridge user guide).
pub fn period_of(expression: &str) -> Option<Seconds> {
    let inside = |kind: &str| expression.trim().strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
    let seconds = match (inside("rate"), inside("cron")) {
        (Some(rate), _) => of_rate(rate)?,
        (_, Some(cron)) => of_cron(cron)?,
        _ => return None,
    };
    Some(Seconds::new(seconds)).filter(|period| period.get() > 0)
}

fn of_rate(text: &str) -> Option<u32> {
    let (value, unit) = text.trim().split_once(' ')?;
    let unit = match unit.trim().trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    value.parse::<u32>().ok()?.checked_mul(unit)
}

/// Period of a `cron` expression: minutes, hours, days of the month, months, days of the week, years.
fn of_cron(text: &str) -> Option<u32> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, days @ ..] = &fields[..] else { return None };
    if days.len() != 4 {
        return None;
    }
    let (minutes, hours) = (numbers(minutes, 60)?, numbers(hours, 24)?);
    let times: Vec<u32> =
        hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect();
    if let [_] = times[..] {
        let is_daily = days.iter().all(|field| matches!(*field, "*" | "?"));
        return is_daily.then_some(86_400);
    }
    Some(distance(&times)? * 60)
}

/// Shortest interval between two of these ascending times. `None` unless each time has a neighbour at that interval.
fn distance(times: &[u32]) -> Option<u32> {
    let distances: Vec<u32> = times.iter().zip(times.iter().skip(1)).map(|(one, next)| next - one).collect();
    let least = distances.iter().min()?;
    // The first and the last time have one neighbour, all others two.
    let ends = [distances.first(), distances.last()];
    let is_near = ends == [Some(least); 2] && distances.windows(2).all(|sides| sides.contains(least));
    is_near.then_some(*least)
}

/// Numbers below `range` that a field names: a list of numbers, of ranges, and of either with a step.
fn numbers(field: &str, range: u32) -> Option<BTreeSet<u32>> {
    let below = |text: &str| text.parse::<u32>().ok().filter(|number| *number < range);
    let mut numbers = BTreeSet::new();
    for item in field.split(',') {
        let (span, step) = item.split_once('/').map_or((item, None), |(span, step)| (span, Some(step)));
        let (first, last) = match (span.split_once('-'), step) {
            (Some((first, last)), _) => (below(first)?, below(last)?),
            (None, _) if span == "*" => (0, range - 1),
            (None, Some(_)) => (below(span)?, range - 1),
            (None, None) => (below(span)?, below(span)?),
        };
        let step = step.map_or(Some(1), below).filter(|step| *step > 0 && first <= last)?;
        numbers.extend((first..=last).filter(|number| (number - first).is_multiple_of(step)));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_distances_are_periods() {
        let check = |expression: &str, expected: Option<u32>| {
            assert_eq!(period_of(expression).map(Seconds::get), expected, "{expression}");
        };
        check("rate(1 minute)", Some(60));
        check("rate(5 minutes)", Some(300));
        check("rate(12 hours)", Some(43_200));
        check("rate(1 day)", Some(86_400));
        check("rate(0 minutes)", None);
        check("rate(99999999 days)", None);
        check("rate(5 weeks)", None);
        check("cron(* * * * ? *)", Some(60));
        check("cron(0/15 * * * ? *)", Some(900));
        check("cron(*/5 * ? * * *)", Some(300));
        check("cron(2/5 * * * ? *)", Some(300));
        check("cron(30 * * * ? *)", Some(3_600));
        check("cron(0 */6 * * ? *)", Some(21_600));
        check("cron(15 10 * * ? *)", Some(86_400));
        // Lists, ranges, steps with an offset, and steps that do not divide the day.
        check("cron(0,30 * * * ? *)", Some(1_800));
        check("cron(0-5 * * * ? *)", Some(60));
        check("cron(0-30/10 * * * ? *)", Some(600));
        check("cron(0-10/5,30-40/5 * * * ? *)", Some(300));
        check("cron(7/5 * * * ? *)", Some(300));
        check("cron(0 8,20 * * ? *)", Some(43_200));
        check("cron(0 0/7 * * ? *)", Some(25_200));
        // Windows of hours and days.
        check("cron(0/5 8-17 * * ? *)", Some(300));
        check("cron(0/5 10 * * ? *)", Some(300));
        check("cron(0 8-17 ? * MON-FRI *)", Some(3_600));
        check("cron(0/30 8-11,14-17 ? * 2#1 *)", Some(1_800));
        check("cron(0 6,18 1 JAN-JUN ? *)", Some(43_200));
        // A time without a neighbour at the shortest interval, or a single time on some days.
        check("cron(0/7 * * * ? *)", None);
        check("cron(0,5,20 * * * ? *)", None);
        check("cron(0 6,7,12 * * ? *)", None);
        check("cron(0 10 ? * MON-FRI *)", None);
        check("cron(0 10 1 * ? *)", None);
        // Expressions that are not supported.
        check("cron(0/0 * * * ? *)", None);
        check("cron(60 * * * ? *)", None);
        check("cron(0 22-2 * * ? *)", None);
        check("cron(0,, * * * ? *)", None);
        check("cron(0-5-9 * * * ? *)", None);
        check("cron(? * * * ? *)", None);
        check("cron(0 * * *)", None);
        check("at(2026-11-20T12:00:00)", None);
        check("", None);
    }

    #[test]
    fn a_schedule_wakes_its_target_or_a_task_while_it_lasts() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let function = "arn:aws:lambda:us-east-1:123456789012:function:fixer";
        let task = "arn:aws:ecs:us-east-1:123456789012:task-definition/fixer";
        let plain = ScheduleDefinition {
            expression: "rate(5 minutes)".to_owned(),
            is_flexible: false,
            target: format!("{function}:live"),
            task_definition: None,
            begins: None,
            ends: None,
        };
        let check = |definition: ScheduleDefinition, wakes: &str, expected: Option<u32>| {
            assert_eq!(definition.wakes(), wakes, "{definition:?}");
            assert_eq!(definition.period(at(100)).map(Seconds::get), expected, "{definition:?}");
        };
        check(plain.clone(), function, Some(300));
        check(ScheduleDefinition { is_flexible: true, ..plain.clone() }, function, None);
        check(ScheduleDefinition { begins: Some(at(100)), ..plain.clone() }, function, Some(300));
        check(ScheduleDefinition { begins: Some(at(101)), ..plain.clone() }, function, None);
        check(ScheduleDefinition { ends: Some(at(101)), ..plain.clone() }, function, Some(300));
        check(ScheduleDefinition { ends: Some(at(100)), ..plain.clone() }, function, None);
        check(
            ScheduleDefinition { expression: "at(2026-11-20T12:00:00)".to_owned(), ..plain.clone() },
            function,
            None,
        );
        check(ScheduleDefinition { task_definition: Some(format!("{task}:7")), ..plain }, task, Some(300));
    }
}
