//! An excerpt of a line with a mark under the place of a mistake.

use budget_guard_core::replay::TextPosition;

/// Maximum number of characters shown before the place.
const BEFORE: usize = 50;
/// Maximum number of characters shown after the place.
const AFTER: usize = 25;

/// Returns two lines: the text around the place, and a caret below it. Empty if the text has no such line.
pub(crate) fn excerpt(text: &str, place: TextPosition) -> String {
    let Some(line) = text.lines().nth(place.line.saturating_sub(1)) else { return String::new() };
    let at = place.column.saturating_sub(1);
    let skipped = at.saturating_sub(BEFORE);
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let shown: String = line.chars().skip(skipped).take(at - skipped + AFTER).map(printable).collect();
    let (start, end) =
        (if skipped > 0 { "…" } else { "" }, if line.chars().count() > at + AFTER { "…" } else { "" });
    let caret = " ".repeat(at - skipped + start.chars().count());
    format!("\n  {start}{shown}{end}\n  {caret}^")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_mistake() {
        let check = |text: &str, line: usize, column: usize, expected: &str| {
            assert_eq!(excerpt(text, TextPosition { line, column }), expected);
        };
        check("{\n \"a\": 1}", 2, 7, "\n   \"a\": 1}\n        ^");
        check("\té", 1, 2, "\n   é\n   ^");
        check("x", 7, 1, "");
        let long = format!("{}!{}", "a".repeat(70), "b".repeat(70));
        let shown = format!("\n  …{}!{}…\n  {}^", "a".repeat(50), "b".repeat(24), " ".repeat(51));
        check(&long, 1, 71, &shown);
    }
}
