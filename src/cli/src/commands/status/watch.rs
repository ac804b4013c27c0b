//! `status --watch`: the rates of the rules as they change, on a terminal.

use std::io::{self, IsTerminal};
use std::time::Duration;

use budget_guard_aws::SystemClock;
use budget_guard_core::breaker::Breaker;
use budget_guard_core::escape::plain;
use budget_guard_core::model::Timestamp;
use budget_guard_core::ports::Clock;
use budget_guard_core::record::Record;
use budget_guard_core::run::records;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Filter, urgency};
use crate::context::{Context, Needs};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::rule::check_bus;
use crate::session::Session;

/// Time between two looks. A look reads the whole table.
const PERIOD: Duration = Duration::from_secs(5);
/// Maximum number of rules shown.
const MAX_ROWS: usize = 20;
/// Levels of a bar, from no firing to the most firings of all bars.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Number of bars of a rule.
const BARS: i64 = 12;
const GAUGE: u64 = 20;
const NAME: usize = 24;

/// Runs `status --watch` until Ctrl-C.
pub(crate) async fn run(context: &Context, filter: Filter<'_>) -> Result<Exit, Problem> {
    filter.bus.map_or(Ok(()), check_bus)?;
    if context.is_json() || !io::stdout().is_terminal() {
        return Err(Problem::usage(
            "--watch draws on a terminal, and standard output is none or JSON is asked for",
        )
        .hint("for scripts: budget-guard status --output json"));
    }
    let session = Session::of_guard(context, &[], Needs::Table).await?;
    let store = session.store(&context.table()?);
    let screen = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
    screen.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
    loop {
        let mut found = records(&store).await.map_err(|fault| session.problem(&fault))?;
        found.retain(|record| filter.admits(record));
        found.sort_by_cached_key(urgency);
        let now = SystemClock.now();
        screen.set_message(page(&found, session.region(), now));
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = tokio::signal::ctrl_c() => {
                // The last state stays visible.
                screen.abandon();
                return Ok(Exit::Done);
            }
        }
    }
}

/// Picture of the rules, a line each.
fn page(found: &[Record], region: &str, now: Timestamp) -> String {
    let bars: Vec<Vec<u64>> = found.iter().take(MAX_ROWS).map(|record| bars(record, now)).collect();
    let most = bars.iter().flatten().copied().max().unwrap_or_default();
    let mut lines = vec![format!(
        "{}  firings in {region}, in each rule's own window; Ctrl-C ends",
        crate::relative_time::time(now)
    )];
    lines.extend(found.iter().zip(&bars).map(|(record, bars)| row(record, bars, most, now)));
    let more = found.len().saturating_sub(MAX_ROWS);
    if found.is_empty() {
        lines.push("no rule has fired yet".to_owned());
    } else if more > 0 {
        lines.push(format!("and {more} more: budget-guard status"));
    }
    lines.join("\n")
}

/// Number of firings in each twelfth of the window, the oldest first.
fn bars(record: &Record, now: Timestamp) -> Vec<u64> {
    let bar = (i64::from(record.window.limit().window.get()) / BARS).max(1);
    let mut bars = vec![0; BARS as usize];
    for at in record.window.seconds() {
        let back = usize::try_from((now.as_second() - at).max(0) / bar).unwrap_or(usize::MAX);
        if let Some(count) = back.checked_add(1).and_then(|back| bars.len().checked_sub(back)) {
            bars[count] += 1;
        }
    }
    bars
}

fn row(record: &Record, bars: &[u64], most: u64, now: Timestamp) -> String {
    let level = |count: u64| {
        let full = LEVELS.len() as u64 - 1;
        let level = if count == 0 { 0 } else { (count * full).div_ceil(most.max(full)).min(full) };
        LEVELS[usize::try_from(level).unwrap_or_default()]
    };
    let bars: String = bars.iter().map(|count| level(*count)).collect();
    let name = plain(record.rule.path()).into_owned();
    let name = match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &name[..end].chars().take(NAME - 1).collect::<String>()),
        None => name,
    };
    let state = match &record.breaker {
        Breaker::Closed | Breaker::HalfOpen { .. } => {
            let (count, limit) = (record.window.count_at(now), u64::from(record.window.limit().count.get()));
            let full = (count * GAUGE / limit.max(1)).min(GAUGE);
            let gauge: String = (0..GAUGE).map(|n| if n < full { '#' } else { '.' }).collect();
            format!("[{gauge}] {count} of {limit}")
        }
        breaker => breaker.to_string(),
    };
    format!("{name:NAME$} {bars}  {state}")
}

#[cfg(test)]
mod tests {
    use budget_guard_core::model::{Caller, Cause, Firing};
    use budget_guard_core::policy::BurstLimit;

    use super::*;

    fn record(limit: &str, seconds: &[i64]) -> Record {
        let rule = "arn:aws:events:eu-west-1:123456789012:rule/fix-acl".parse().unwrap();
        let limit: BurstLimit = limit.parse().unwrap();
        let mut record = Record::new(rule, limit);
        for (n, at) in seconds.iter().enumerate() {
            let at = Timestamp::from_second(*at).unwrap();
            let firing = Firing {
                rule: record.rule.clone(),
                event_id: n.to_string().into(),
                at,
                caller: Caller { principal: "ann".into(), issued_to: None },
                call: None,
                cause: Cause::Unknown,
            };
            record.window.insert(&firing, at);
        }
        record
    }

    #[test]
    fn a_row_fits_into_a_terminal_and_shows_when_the_rule_fired() {
        let check = |seconds: &[i64], expected: &str| {
            let now = Timestamp::from_second(1_000_000).unwrap();
            let record = record("10/60s", seconds);
            let bars = bars(&record, now);
            let most = bars.iter().copied().max().unwrap_or_default();
            let row = row(&record, &bars, most, now);
            assert_eq!(row, expected);
            assert!(row.chars().count() <= 80, "{row}");
        };
        check(&[], "fix-acl                  ▁▁▁▁▁▁▁▁▁▁▁▁  [....................] 0 of 10");
        check(
            &[999_941, 999_996, 999_997, 999_998],
            "fix-acl                  ▂▁▁▁▁▁▁▁▁▁▁▄  [########............] 4 of 10",
        );
    }
}
