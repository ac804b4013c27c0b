//! Expectations of the story, their results, and the summary at the end.

use budget_guard_core::model::Timestamp;
use budget_guard_core::record::Record;

use super::screen::Screen;
use budget_guard_tests::Failure;

/// All expectations so far. They decide on the exit code.
pub struct Report<'a> {
    screen: &'a Screen,
    held: usize,
    failed: Vec<String>,
}

/// One rule in the summary.
pub struct Line {
    /// Name of the rule.
    pub rule: String,
    /// Number of its firings.
    pub firings: usize,
    /// Time until its cut.
    pub cut: Cut,
    /// State of the rule and its breaker.
    pub state: String,
}

/// Time until the rule was read back as disabled. Empty if it was not, or if its firings were played at once.
#[derive(Clone, Copy, Default)]
pub struct Cut {
    decisive: usize,
    after_first_seconds: Option<f64>,
    /// Seconds from the decisive firing.
    after_decisive_seconds: Option<f64>,
}

impl Cut {
    /// Times of a cut. `times` are the rule's firings in order, and `decisive` is the number of firings it needed.
    pub fn new(times: &[Timestamp], record: &Record, decisive: usize) -> Self {
        let seconds = |from: Option<&Timestamp>| {
            let until = disabled_at(record)?;
            Some(until.duration_since(*from?).as_secs_f64())
        };
        let last = decisive.checked_sub(1).and_then(|index| times.get(index));
        Self { decisive, after_first_seconds: seconds(times.first()), after_decisive_seconds: seconds(last) }
    }

    /// The times as a sentence.
    pub fn sentence(&self) -> String {
        let part = |seconds: Option<f64>, what: String| seconds.map(|s| format!("{s:.2} s after {what}"));
        let first = part(self.after_first_seconds, "the first firing".to_owned());
        let last = part(self.after_decisive_seconds, format!("firing {}", self.decisive));
        [first, last].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Report<'a> {
    /// Report without expectations.
    pub fn new(screen: &'a Screen) -> Self {
        Self { screen, held: 0, failed: Vec::new() }
    }

    /// Prints the real and the simulated parts of the demo.
    pub fn begin(&self) {
        self.screen.heading("budget-guard: rules that fire themselves, and what stops them");
        self.screen.note(
            "Real: the guard's stack as `make deploy` makes it, the Lambda binary in it, the budget-guard command, and \
             every request they make. Played: AWS, by the emulator ministack on this machine; the people; the functions behind the rules.",
        );
    }

    /// Notes an expectation. `text` is the result that was read back, and `held` is true if it is as expected.
    pub fn expect(&mut self, held: bool, text: impl Into<String>) {
        let text = text.into();
        self.screen.verdict(held, &text);
        match held {
            true => self.held += 1,
            false => self.failed.push(text),
        }
    }

    /// Prints the summary.
    pub fn summary(&self, lines: &[Line], elapsed_seconds: f64) {
        let row = |cells: [&str; 5]| {
            let [rule, firings, first, limit, state] = cells;
            self.screen.line(&format!("   {rule:16}{firings:>7}{first:>15}{limit:>20}   {state}"));
        };
        row(["rule", "firings", "cut after", "decisive firing", "state now"]);
        let seconds = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2} s"));
        for line in lines {
            let first = seconds(line.cut.after_first_seconds);
            let decisive = match line.cut.after_decisive_seconds {
                Some(after) => format!("{}, {after:.2} s before", line.cut.decisive),
                None => "-".to_owned(),
            };
            row([&line.rule, &line.firings.to_string(), &first, &decisive, &line.state]);
        }
        self.screen.line(&format!("\n   The whole story took {elapsed_seconds:.0} s."));
    }

    fn where_to_go(&self) {
        self.screen.heading("Where to go next");
        self.screen.fact("README.md", "what it decides, what it cannot see, how to install it");
        self.screen.fact("infra/README.md", "how to deploy it, and from there what proves a loop");
        self.screen.fact("make test", "every check and every test");
        self.screen.fact("make package", "dist/bootstrap.zip, the Lambda function to deploy");
    }

    /// Prints the end. Returns true if all acts were played and every expectation held.
    pub fn end(&self, played: Result<(), Failure>) -> bool {
        let all = self.held + self.failed.len();
        match &played {
            Ok(()) if self.failed.is_empty() => {
                self.where_to_go();
                self.screen.line(&format!("\nAll {all} expectations held."));
                return true;
            }
            Ok(()) => {
                self.screen.line(&format!("\nThe demo FAILED: of {all} expectations {} held.", self.held))
            }
            Err(failure) => self.screen.line(&format!("\nThe demo FAILED: {failure}")),
        }
        for text in &self.failed {
            self.screen.verdict(false, text);
        }
        false
    }
}

/// Time at which the guard read the rule back as disabled. `None` if it is not cut.
pub fn disabled_at(record: &Record) -> Option<Timestamp> {
    record.breaker.disabled().map(|disabled| disabled.at)
}
