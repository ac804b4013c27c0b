//! Output of the demo: lines of text and, during the loop, a live view on a terminal or one line a second elsewhere.

use std::io::Write;
use std::process::Output;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use budget_guard_core::breaker::Breaker;
use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Record;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::SignedDuration;
use tokio::time::sleep;

use super::stage::Rule;

/// Width of the text in columns.
const COLUMNS: usize = 80;
/// Pause between two acts on a terminal, to read along.
const PAUSE: Duration = Duration::from_millis(1_500);
const INDENT: &str = "   ";
/// Indentation of an alert's text, behind its labels.
const HANG: &str = "           ";
const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SPARK_COUNT: i64 = 12;
const SPARK_WIDTH: SignedDuration = SignedDuration::from_millis(250);
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const GAUGE_WIDTH: u64 = 20;

/// Output of the demo.
pub struct Screen {
    is_watched: bool,
}

/// One rule in the live view.
pub struct Row {
    name: String,
    deliveries: Vec<Timestamp>,
    guard: Guarding,
}

/// The guard's record of a rule, as it is shown.
enum Guarding {
    /// No record yet.
    Nothing,
    /// Closed, with the firings of the window.
    Counting { count: u64, limit: u64 },
    /// Cut, with the state of the breaker.
    Cut { breaker: String },
}

impl Screen {
    /// Output for standard output.
    pub fn new() -> Self {
        Self { is_watched: !ProgressDrawTarget::stdout().is_hidden() }
    }

    /// Returns true if standard output is a terminal.
    pub fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Prints a line.
    pub fn line(&self, text: &str) {
        // A reader that closed the pipe is no failure; the exit code still counts.
        let _ = writeln!(anstream::stdout().lock(), "{text}");
    }

    /// Prints a heading.
    pub fn heading(&self, text: &str) {
        self.line(&format!("\n{}", styled(Style::new().bold(), text)));
    }

    /// Prints the heading of the next act, after a pause on a terminal.
    pub async fn act(&self, text: &str) {
        if self.is_watched {
            sleep(PAUSE).await;
        }
        self.heading(text);
    }

    /// Prints a remark.
    pub fn note(&self, text: &str) {
        for line in wrapped(text, COLUMNS - INDENT.len(), "") {
            self.line(&format!("{INDENT}{line}"));
        }
    }

    /// Prints a name with a text.
    pub fn fact(&self, name: &str, text: &str) {
        let mut name = name;
        for line in wrapped(text, COLUMNS - INDENT.len() - 16, "") {
            self.line(&format!("{INDENT}{name:16}{line}"));
            name = "";
        }
    }

    /// Prints the result of an expectation.
    pub fn verdict(&self, held: bool, text: &str) {
        let (colour, word) = if held { (AnsiColor::Green, "ok") } else { (AnsiColor::Red, "FAILED") };
        let word = styled(colour.on_default().bold(), &format!("{word:6}"));
        let mut word = word.as_str();
        for line in wrapped(text, COLUMNS - INDENT.len() - 8, "") {
            self.line(&format!("{INDENT}{word}  {line}"));
            word = "      ";
        }
    }

    /// Prints the text of an alert, marked as a quotation.
    pub fn quote(&self, text: &str) {
        for line in text.lines().flat_map(|line| wrapped(line, COLUMNS - INDENT.len() - 2, HANG)) {
            self.line(format!("{INDENT}| {line}").trim_end());
        }
    }

    /// Prints a command as it is typed.
    pub fn typed(&self, command: &str) {
        self.line(&format!("\n{}", styled(Style::new().bold(), &format!("$ {command}"))));
    }

    /// Prints the output of a command.
    pub fn output(&self, output: &Output) {
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            text.lines().for_each(|line| self.line(line.trim_end()));
        }
    }

    /// Starts a live view with this number of rows. Its times begin at `since`.
    pub fn live(&self, since: Timestamp, rows: usize) -> Live<'_> {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let style =
            ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bars = (0..=rows).map(|_| lines.add(ProgressBar::new(1).with_style(style.clone()))).collect();
        Live { screen: self, bars, since, last_line: None }
    }
}

/// Live view of rules.
pub struct Live<'a> {
    screen: &'a Screen,
    bars: Vec<ProgressBar>,
    since: Timestamp,
    last_line: Option<Timestamp>,
}

impl Live<'_> {
    /// Shows the rows at a time.
    pub fn show(&mut self, now: Timestamp, rows: &[Row]) {
        let elapsed = now.duration_since(self.since).as_secs_f64();
        if self.screen.is_watched {
            let most = rows.iter().flat_map(|row| row.buckets(now)).max().unwrap_or(0);
            for (row, bar) in rows.iter().zip(&self.bars) {
                bar.set_message(row.picture(now, most));
            }
            if let Some(last) = self.bars.last() {
                last.set_message(format!("{INDENT}{elapsed:.1} s"));
            }
        } else if self.last_line.is_none_or(|last| now >= last + SECOND) {
            self.last_line = Some(now);
            let rows: Vec<String> = rows.iter().map(|row| row.words(now)).collect();
            self.screen.line(&format!("{INDENT}{elapsed:4.1} s  {}", rows.join("; ")));
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        // The last state stays visible.
        self.bars.iter().for_each(ProgressBar::abandon);
    }
}

impl Row {
    /// Row of a rule, from its record.
    pub fn new(rule: &Rule, record: Option<&Record>, now: Timestamp) -> Self {
        let guard = match record {
            None => Guarding::Nothing,
            Some(record) if matches!(record.breaker, Breaker::Closed | Breaker::HalfOpen { .. }) => {
                Guarding::Counting {
                    count: record.window.count_at(now),
                    limit: record.window.limit().count.get().into(),
                }
            }
            Some(record) => Guarding::Cut { breaker: record.breaker.to_string() },
        };
        Self { name: rule.arn.name().to_owned(), deliveries: rule.target.deliveries(), guard }
    }

    fn rate(&self, now: Timestamp) -> usize {
        self.deliveries.iter().filter(|at| **at > now - SECOND).count()
    }

    fn buckets(&self, now: Timestamp) -> Vec<usize> {
        let count = |back: i64| {
            let until = now - SPARK_WIDTH * i32::try_from(back).unwrap_or(0);
            self.deliveries.iter().filter(|at| **at <= until && **at > until - SPARK_WIDTH).count()
        };
        (0..SPARK_COUNT).rev().map(count).collect()
    }

    fn picture(&self, now: Timestamp, most: usize) -> String {
        let level = |count: usize| if count == 0 { 0 } else { (count * 7).div_ceil(most.max(7)).min(7) };
        let sparks: String = self.buckets(now).into_iter().map(|count| SPARKS[level(count)]).collect();
        let gauge = match &self.guard {
            Guarding::Nothing => String::new(),
            Guarding::Cut { breaker } => breaker.clone(),
            Guarding::Counting { count, limit } => {
                let full = (count * GAUGE_WIDTH / (*limit).max(1)).min(GAUGE_WIDTH);
                let bar: String = (0..GAUGE_WIDTH).map(|n| if n < full { '#' } else { '.' }).collect();
                format!("[{bar}] {count:3} of {limit}")
            }
        };
        format!("{INDENT}{:16}{sparks} {:3}/s  {gauge}", self.name, self.rate(now))
    }

    fn words(&self, now: Timestamp) -> String {
        let guard = match &self.guard {
            Guarding::Nothing => "not seen yet".to_owned(),
            Guarding::Cut { breaker } => breaker.clone(),
            Guarding::Counting { count, limit } => format!("{count} of {limit}"),
        };
        format!("{} {}/s, {guard}", self.name, self.rate(now))
    }
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Wraps a text at spaces. Words that are too long stay whole. Lines after the first begin with `hang`.
fn wrapped(text: &str, width: usize, hang: &str) -> Vec<String> {
    let (indent, words) = text.split_at(text.len() - text.trim_start().len());
    let (mut lines, mut line, mut is_empty) = (Vec::new(), indent.to_owned(), true);
    for word in words.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, hang.to_owned()));
        } else if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}
