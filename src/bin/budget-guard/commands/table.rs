//! A table without lines: it wraps in a terminal and is one line per row anywhere else.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};

use budget_guard::breaker::Breaker;

/// Names that fit into this part of the width are never broken, so that they can be copied.
const SHARE: usize = 3;

/// The first column holds names.
pub fn render(header: &[&str], rows: Vec<Vec<Cell>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // What colour may be shown is decided where it is printed.
    table.enforce_styling();
    table.set_header(header.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    let room = table.width().map_or(usize::MAX, |width| usize::from(width) / SHARE);
    let names = rows.iter().filter_map(|row| row.first()).map(|name| name.content().len());
    let widest = names.filter(|length| *length <= room).max().unwrap_or_default();
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let (Some(names), Ok(widest)) = (table.column_mut(0), u16::try_from(widest + 2)) {
        names.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(widest)));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

pub fn breaker(breaker: &Breaker) -> Cell {
    let cell = Cell::new(breaker);
    match breaker {
        Breaker::Closed => cell,
        Breaker::Open(_) => cell.fg(Color::Red),
        Breaker::Restoring { .. } | Breaker::HalfOpen { .. } => cell.fg(Color::Yellow),
    }
}
