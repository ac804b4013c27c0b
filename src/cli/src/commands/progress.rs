//! Progress on standard error: a bar on a terminal, else a line for each tenth.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use crate::output;

/// Progress of one step.
pub(super) struct Progress {
    bar: ProgressBar,
    step: String,
    tenths: u64,
}

impl Progress {
    /// Progress of `length` parts. `step` names it.
    pub(super) fn new(step: String, length: u64) -> Self {
        let template = "{msg} {bar:30} {percent}%";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(length.max(1)).with_style(style).with_message(step.clone());
        Self { bar: bar.with_finish(ProgressFinish::AndClear), step, tenths: 0 }
    }

    /// Shows this number of parts as done.
    pub(super) fn at(&mut self, done: u64) {
        let length = self.bar.length().unwrap_or(1);
        self.bar.set_position(done.min(length));
        let tenths = done.min(length) * 10 / length;
        if tenths > self.tenths {
            self.tenths = tenths;
            if self.bar.is_hidden() {
                output::note(format_args!("{}: {} %", self.step, tenths * 10));
            }
        }
    }
}
