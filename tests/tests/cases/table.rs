//! The outcomes of all cases as a table, with totals.

use std::fmt::Write;

use super::expect::Expected;
use super::play::Outcome;

/// One rule of one case, with the outcome at each batch size.
pub struct Row<'a> {
    pub case: &'a str,
    pub rule: &'a str,
    pub is_loop: bool,
    pub expected: Expected,
    pub seen: Vec<Outcome>,
}

impl Row<'_> {
    /// Indexes of the batch sizes at which the outcome is not the expected one.
    pub fn differs(&self) -> impl Iterator<Item = usize> {
        let is_other = |(_, seen): &(usize, &Outcome)| !self.expected.is_met(seen);
        self.seen.iter().enumerate().filter(is_other).map(|(index, _)| index)
    }
}

fn told(seen: &Outcome) -> String {
    match &seen.cut {
        Some(cut) => format!("cut by {} after {}", cut.kind, seen.firings),
        None if seen.is_suspect() => {
            let kind = seen.alerts.iter().map(|(kind, _)| &**kind).find(|kind| *kind != "failed");
            format!("{} of {}", kind.unwrap_or("suspect"), seen.firings)
        }
        None => format!("left alone, {}", seen.firings),
    }
}

/// A line for each rule, with the number of firings until the cut or of all firings.
pub fn table(rows: &[Row<'_>], batches: &[usize]) -> String {
    let mut text = format!("{:<9}{:<42}{:<20}{:<8}{:<16}", "", "case", "rule", "kind", "expected");
    for batch in batches {
        let _ = write!(text, "{:<28}", format!("seen, batches of {batch}"));
    }
    text.push('\n');
    for row in rows {
        let mark = if row.differs().next().is_some() { "DIFFERS" } else { "ok" };
        let kind = if row.is_loop { "loop" } else { "honest" };
        let rule: String = row.rule.chars().take(18).collect();
        let _ = write!(text, "{mark:<9}{:<42}{rule:<20}{kind:<8}{:<16}", row.case, row.expected);
        for seen in &row.seen {
            let _ = write!(text, "{:<28}", told(seen));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// Totals at one batch size: the honest machines that were cut, and the loops that were cut out of all loops.
pub fn numbers(rows: &[Row<'_>], index: usize, batch: usize) -> String {
    let is_cut = |row: &&Row<'_>| row.seen[index].cut.is_some();
    let honest = || rows.iter().filter(|row| !row.is_loop && !row.expected.ends_with_a_cut());
    let loops = || rows.iter().filter(|row| row.is_loop && row.expected == Expected::Cut);
    let others = || rows.iter().filter(|row| row.is_loop && row.expected != Expected::Cut);
    let warned = others().filter(|row| row.expected.is_met(&row.seen[index])).count();
    format!(
        "batches of {batch}: honest machines cut {} of {}; loops cut {} of {}; other loops with a suspect alert or a cut {warned} of {}",
        honest().filter(is_cut).count(),
        honest().count(),
        loops().filter(is_cut).count(),
        loops().count(),
        others().count(),
    )
}
