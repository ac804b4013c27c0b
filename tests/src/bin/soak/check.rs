//! Expectations on a load that was processed, and the table at the end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::load::{CALL, Offered};
use super::stage::{LOOP_LIMIT, Rule, Stage, Totals};
use budget_guard_tests::Failure;

/// Maximum number of invocations for ten messages, the most that the emulator's mapping delivers at once.
const INVOCATIONS: f64 = 1.25;
const ALERT_PATIENCE: Duration = Duration::from_secs(20);
/// Time to wait for an alert that should not come.
const QUIET: Duration = Duration::from_secs(2);

/// Course of one load.
pub struct Course {
    /// Name of the load.
    pub name: &'static str,
    /// Number of messages.
    pub messages: u64,
    /// Times of the offer.
    pub offered: Offered,
    /// Number of messages by index of the rule. The first rule loops.
    pub offered_by_rule: Vec<u64>,
    /// Time at which the queue was empty.
    pub drained: Instant,
    /// Time at which the looping rule was found disabled.
    pub cut: Instant,
    /// True if the load was processed while it was offered, and false if afterwards.
    pub at_once: bool,
    /// Totals of the function.
    pub done: Totals,
}

/// All expectations, and the rows of the table.
#[derive(Default)]
pub struct Report {
    held: usize,
    failed: Vec<String>,
    rows: Vec<String>,
}

impl Course {
    fn began(&self) -> Instant {
        if self.at_once { self.offered.began } else { self.offered.ended }
    }

    fn offered_rate(&self) -> f64 {
        self.messages as f64 / (self.offered.ended - self.offered.began).as_secs_f64()
    }

    fn worked_rate(&self) -> f64 {
        self.messages as f64 / (self.drained - self.began()).as_secs_f64()
    }

    fn bound(&self) -> u64 {
        (self.messages as f64 / CALL as f64 * INVOCATIONS) as u64
    }
}

impl Report {
    fn expect(&mut self, held: bool, text: String) {
        println!("   {:7} {text}", if held { "ok" } else { "FAILED" });
        match held {
            true => self.held += 1,
            false => self.failed.push(text),
        }
    }

    /// Prints the time of the first cut.
    pub fn first_cut(&mut self, ready: Instant, course: &Course) {
        println!(
            "   The first cut came {:.1} s after the first firing, {:.1} s after the stack was ready.",
            (course.cut - course.offered.began).as_secs_f64(),
            (course.cut - ready).as_secs_f64()
        );
    }

    /// Reads the results of a load from the records, the rules, the queues and the alerts.
    pub async fn check(&mut self, stage: &Stage, rules: &[Rule], course: Course) -> Result<(), Failure> {
        let done = course.done;
        // A message that is delivered twice counts twice in the function's totals, and in `late` of a cut rule.
        let again = done.firings.saturating_sub(course.messages);
        let (mut lost, mut wrongly_cut) = (Vec::new(), Vec::new());
        for (rule, offered) in rules.iter().zip(&course.offered_by_rule) {
            let record = stage.record(rule).await?;
            let (counted, late) = match (&record, rule.is_loop) {
                (None, _) => (0, 0),
                (Some(record), true) => {
                    (record.last_trip.as_ref().map_or(0, |trip| trip.evidence.count), record.late)
                }
                (Some(record), false) => (record.window.count_at_newest(), record.late),
            };
            let is_whole = counted + late >= *offered && counted + late <= *offered + again;
            let is_right = counted == if rule.is_loop { LOOP_LIMIT } else { *offered };
            if !is_whole || !is_right {
                lost.push(format!("{}: {counted} counted, {late} late of {offered}", rule.arn.name()));
            }
            if !rule.is_loop && !stage.is_enabled(rule).await? {
                wrongly_cut.push(rule.arn.name().to_owned());
            }
        }
        self.expect(
            lost.is_empty() && done.firings >= course.messages,
            format!(
                "every firing is counted, or late after the cut: {} of {} {}",
                done.firings - again,
                course.messages,
                lost.join("; ")
            ),
        );
        self.expect(
            wrongly_cut.is_empty(),
            format!("honest rules enabled: {} of {}", rules.len() - 1 - wrongly_cut.len(), rules.len() - 1),
        );
        let mut alerts = stage.world.wait_for_alerts(1, ALERT_PATIENCE).await?;
        sleep(QUIET).await;
        alerts.extend(stage.world.alerts().await?);
        let told: Vec<String> = alerts
            .iter()
            .map(|alert| {
                let rule = alert.attributes.get("rule_arn").and_then(|arn| arn.rsplit('/').next());
                format!("{} {}", alert.kind(), rule.unwrap_or("?"))
            })
            .collect();
        let expected = format!("tripped {}", rules[0].arn.name());
        self.expect(
            told == [expected] && done.trips == 1,
            format!("one cut, one alert: {}", told.join(", ")),
        );
        let dead = stage.dead().await?;
        self.expect(dead == 0, format!("dead letters: {dead}"));
        let (invocations, bound) = (done.invocations, course.bound());
        self.expect(invocations <= bound, format!("invocations: {invocations}, at most {bound}"));
        self.rows.push(row(&course, again));
        Ok(())
    }

    /// Prints the table. Returns true if everything was done and every expectation held.
    pub fn end(&self, soaked: Result<(), Failure>) -> bool {
        if !self.rows.is_empty() {
            println!("\n{HEADER}");
            self.rows.iter().for_each(|row| println!("{row}"));
        }
        let all = self.held + self.failed.len();
        match soaked {
            Ok(()) if self.failed.is_empty() => println!("\nAll {all} expectations held."),
            Ok(()) => println!("\nThe soak FAILED: of {all} expectations {} held.", self.held),
            Err(failure) => {
                println!("\nThe soak FAILED: {failure}");
                return false;
            }
        }
        self.failed.iter().for_each(|text| println!("   {text}"));
        self.failed.is_empty()
    }
}

const HEADER: &str =
    "load      messages  offered/s  worked off/s  drained after  cut after  invocations  late   again";

fn row(course: &Course, again: u64) -> String {
    let from = course.began();
    // Time after the last message was offered, for messages that still waited.
    let drained = course.drained.saturating_duration_since(course.offered.ended).as_secs_f64();
    format!(
        "{:8}{:>10}{:>11.0}{:>14.0}{:>13.1} s{:>9.1} s{:>13}{:>6}{:>8}",
        course.name,
        course.messages,
        course.offered_rate(),
        course.worked_rate(),
        drained,
        (course.cut - from).as_secs_f64(),
        course.done.invocations,
        course.done.late,
        again
    )
}
