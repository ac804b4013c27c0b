//! Draws charts as SVG with an accessible name and with the colours of the page.

use std::error::Error;

use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Area that a chart is drawn on.
pub(crate) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Result of drawing. Writing to memory does not fail.
pub(crate) type Drawn = Result<(), Box<dyn Error>>;

/// Text and axes. `style.css` replaces each of these colours by that of the light or dark page.
pub(crate) const INK: RGBColor = RGBColor(0x11, 0x11, 0x11);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
/// Firings.
pub(crate) const BAR: RGBColor = RGBColor(0x22, 0x66, 0xaa);
/// Limit, trip and cut.
pub(crate) const ALARM: RGBColor = RGBColor(0xbb, 0x22, 0x33);

/// Width and height of a chart on a phone, in pixels. Its text keeps its size there.
pub(crate) const NARROW: (u32, u32) = (340, 250);
/// The same on a wide screen and on paper.
pub(crate) const WIDE: (u32, u32) = (880, 300);

/// Number of slices of a small curve.
pub(crate) const SLICES: usize = 44;

/// Draws one chart of this size, with an accessible name.
pub(crate) fn svg(name: &str, size: (u32, u32), draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Markup {
    let mut text = String::new();
    let drawn = {
        let canvas = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&canvas).and_then(|()| canvas.present().map_err(Into::into))
    };
    match drawn {
        Ok(()) => PreEscaped(named(name, &text)),
        Err(error) => html! { p { "The chart could not be drawn: " (error.to_string()) } },
    }
}

/// Draws a chart for narrow and for wide screens. The style shows one of them.
pub(crate) fn responsive(name: &str, draw: impl Fn(&Canvas<'_>) -> Drawn) -> Markup {
    html! {
        div.narrow { (svg(name, NARROW, &draw)) }
        div.wide { (svg(name, WIDE, &draw)) }
    }
}

/// Inserts the accessible name. In HTML the element needs no namespace, and the page then names no address at all.
fn named(name: &str, text: &str) -> String {
    let name = html! { (name) }.into_string();
    let text = text.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    let opened = text.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{name}\" "), 1);
    opened.replacen(">", &format!("><title>{name}</title>"), 1)
}

/// Shortens a text for a chart. The table beside the chart has it in full.
pub(crate) fn shortened(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Bars of equal width from left to right, the highest for the greatest count.
pub(crate) fn sparkline(name: &str, counts: &[u64], marked: Option<usize>) -> Markup {
    let (width, height) = (132_i32, 30_i32);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    svg(name, (width as u32, height as u32), |canvas| {
        let bar = f64::from(width) / counts.len().max(1) as f64;
        for (n, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // A single firing is still seen.
            let top = height - 1 - (*count as f64 / most * f64::from(height - 4)).max(2.0) as i32;
            let left = (n as f64 * bar) as i32;
            let right = (((n + 1) as f64 * bar) as i32 - 1).max(left + 1);
            let color = if marked == Some(n) { ALARM } else { BAR };
            canvas.draw(&Rectangle::new([(left, top), (right, height - 1)], color.filled()))?;
        }
        canvas.draw(&PathElement::new([(0, height - 1), (width, height - 1)], GRID))?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_no_address_is_left() {
        let hostile = "\"><script>alert(1)</script>";
        let shown = svg(hostile, (100, 50), |canvas| {
            canvas.draw(&Text::new(hostile.to_owned(), (5, 5), ("sans-serif", 12)))?;
            Ok(())
        });
        let shown = shown.into_string();
        assert!(shown.starts_with("<svg role=\"img\" aria-label=\"&quot;&gt;&lt;script"), "{shown}");
        assert!(!shown.contains("<script") && !shown.contains("http"), "{shown}");
        assert!(shown.contains("<title>&quot;"), "{shown}");
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("fix-acl", 7), "fix-acl");
        assert_eq!(shortened("fix-acl-2", 7), "fix-ac…");
    }
}
