//! A table without borders. It wraps in a terminal, and elsewhere has one line per row.

use std::fmt::Display;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, Width};

use budget_guard_core::breaker::Breaker;
use budget_guard_core::escape::plain;

/// Names of at most one third of the width are never broken, so that they can be copied.
const SHARE: usize = 3;
/// Space between columns.
const GAP: usize = 2;
/// Minimum width of the last column, which holds sentences. Below it, the other columns break too.
const NARROWEST: usize = 16;

/// Renders a table. The first column holds names.
pub(crate) fn render(header: &[&str], rows: Vec<Vec<Cell>>) -> String {
    render_rows(None, header, rows.into_iter().map(Row::from).collect())
}

/// Renders a table with one line for each row. Within this width, or that of the terminal, the end of a text that does not fit is
/// cut off.
pub(crate) fn render_lines(width: Option<u16>, header: &[&str], rows: Vec<Vec<Cell>>) -> String {
    let rows = rows.into_iter().map(|cells| {
        let mut row = Row::from(cells);
        row.max_height(1);
        row
    });
    render_rows(width, header, rows.collect())
}

fn render_rows(width: Option<u16>, header: &[&str], rows: Vec<Row>) -> String {
    let mut table = Table::new();
    width.map(|width| table.set_width(width));
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // The printer decides on colours.
    table.enforce_styling();
    table.set_header(header.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    let room = table.width().map_or(usize::MAX, usize::from);
    table.set_truncation_indicator("…");
    let cells = |column: usize| rows.iter().filter_map(move |row| row.cell_iter().nth(column));
    let widest = |column: usize| cells(column).map(|cell| cell.content().chars().count()).max();
    let short_names = cells(0).map(|name| name.content().len()).filter(|length| *length <= room / SHARE);
    let mut whole = vec![short_names.max().unwrap_or_default() + GAP];
    let between = 1..header.len().saturating_sub(1);
    whole.extend(between.map(|column| widest(column).unwrap_or_default().max(header[column].len()) + GAP));
    // Unbroken names would leave no room for the last column, so all columns may break.
    if whole.iter().sum::<usize>() + NARROWEST > room {
        whole.truncate(1);
    }
    table.add_rows(rows);
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, GAP as u16));
        if let Some(width) = whole.get(n).and_then(|width| u16::try_from(*width).ok()) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// Cell of plain text.
pub(crate) fn cell(text: impl Display) -> Cell {
    Cell::new(plain(&text.to_string()))
}

/// Cell with the state of a breaker.
pub(crate) fn breaker(breaker: &Breaker) -> Cell {
    let cell = cell(breaker.word());
    match breaker {
        Breaker::Closed => cell,
        Breaker::Open(_) => cell.fg(Color::Red),
        Breaker::Restoring { .. } | Breaker::HalfOpen { .. } => cell.fg(Color::Yellow),
    }
}
