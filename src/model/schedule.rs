//! Schedule expressions of rules, as far as they wake a target at equal distances.

use super::Seconds;

/// Maximum number of schedules of one rule's targets that are known.
pub const MAX_SCHEDULES: usize = 4;

/// Periods of the schedules that wake a rule's targets, the shortest first.
pub type Schedules = [Option<Seconds>; MAX_SCHEDULES];

/// Period of a schedule expression: `rate(5 minutes)`, `cron(0/15 * * * ? *)`, `cron(30 * * * ? *)`, `cron(0 0/6 * * ? *)`.
/// `None` for all other ones: those of certain hours or days, lists, ranges, and steps that do not divide the hour or day.
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

/// Minutes, hours, days of the month, months, days of the week, years.
fn of_cron(text: &str) -> Option<u32> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, days @ ..] = &fields[..] else { return None };
    if days.len() != 4 || days.iter().any(|field| !matches!(*field, "*" | "?")) {
        return None;
    }
    match (step(minutes, 60)?, step(hours, 24)?) {
        (60, hours) => Some(hours * 3_600),
        (minutes, 1) => Some(minutes * 60),
        _ => None,
    }
}

/// Distance of the times that a field names, if it is the same between all of them; the whole range for a single time.
fn step(field: &str, range: u32) -> Option<u32> {
    let below = |text: &str, limit: u32| text.parse::<u32>().ok().filter(|number| *number < limit);
    let Some((first, step)) = field.split_once('/') else {
        return if field == "*" { Some(1) } else { below(field, range).map(|_| range) };
    };
    let step = below(step, range).filter(|step| *step > 0 && range.is_multiple_of(*step))?;
    (first == "*" || below(first, step).is_some()).then_some(step)
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
        // No equal distances, or not understood.
        check("cron(0/7 * * * ? *)", None);
        check("cron(7/5 * * * ? *)", None);
        check("cron(0/0 * * * ? *)", None);
        check("cron(0,30 * * * ? *)", None);
        check("cron(0-5 * * * ? *)", None);
        check("cron(0/5 8-17 * * ? *)", None);
        check("cron(0/5 10 * * ? *)", None);
        check("cron(0 10 ? * MON-FRI *)", None);
        check("cron(60 * * * ? *)", None);
        check("cron(0 * * *)", None);
        check("at(2026-11-20T12:00:00)", None);
        check("", None);
    }
}
