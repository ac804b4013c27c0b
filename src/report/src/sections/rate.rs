//! Rate: firings over time with the limit, the trip, DisableRule and what came after.

use budget_guard_core::aftermath::Measured;
use budget_guard_core::model::{Timestamp, grouped, plural};
use maud::{Markup, html};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart::{ALARM, BAR, Canvas, Drawn, GRID, INK, responsive};
use crate::explain::Explanation;
use crate::page::{numbers, section, table};
use crate::words::{span, time};

/// A limit higher than this multiple of the highest bar is not drawn: the bars would vanish.
const HIGHEST_LIMIT: f64 = 4.0;

/// Numbers of the chart. Times are seconds after the last firing counted.
struct RateChart {
    slice: f64,
    /// Firings by slice, oldest first. The last slice ends at time 0.
    counts: Vec<u32>,
    /// Firings per slice that the burst limit allows on average.
    limit: f64,
    trip: f64,
    disabled: Option<f64>,
    /// Calls after the cut, per slice on average.
    after: Option<(f64, String)>,
}

/// Section with the rate.
pub(crate) fn show(explanation: &Explanation<'_>) -> Markup {
    let content = match RateChart::new(explanation) {
        Some(chart) => html! {
            (responsive(&chart.name(), |canvas| chart.draw(canvas)))
            (remarks(explanation, &chart))
            (numbers(&chart.table(explanation)))
        },
        None => html! { p { "The record keeps no rate of this trip." } },
    };
    section("rate", "How fast it fired", &content)
}

fn remarks(explanation: &Explanation<'_>, chart: &RateChart) -> Markup {
    let limit = explanation.record.limit;
    html! {
        @if !chart.shows_limit() {
            p { "The limit of " (limit) ", " (per_slice(chart.limit)) " in each bar on average, lies above this chart. The rate alone would not have reached it here." }
        }
        @match &chart.after {
            Some((_, text)) => p.muted { "After the cut: " (text) ". The chart shows their average, not to scale in time." },
            None => p.muted { "What came after the cut is not known: nothing was measured since." },
        }
    }
}

impl RateChart {
    fn new(explanation: &Explanation<'_>) -> Option<Self> {
        let evidence = &explanation.trip.evidence;
        let (curve, last) = (evidence.rate.as_ref()?, evidence.last?);
        let seconds = |at: Timestamp| at.duration_since(last).as_secs_f64().max(0.0);
        let slice = f64::from(curve.slice_seconds.get());
        let limit = explanation.record.limit;
        let measured = explanation.aftermath().and_then(|after| after.outcome.numbers());
        let after = |numbers: &Measured| {
            let average = numbers.after as f64 * slice / (numbers.after_seconds.max(1) as f64);
            let time = span(numbers.after_seconds.try_into().unwrap_or(i64::MAX));
            (average, format!("{} in {time}", plural(numbers.after, "call")))
        };
        Some(Self {
            slice,
            counts: curve.counts.clone(),
            limit: f64::from(limit.count.get()) * slice / f64::from(limit.window.get()),
            trip: seconds(explanation.trip.at),
            disabled: explanation.disabled_at().map(seconds),
            after: measured.map(after),
        })
    }

    fn most(&self) -> f64 {
        f64::from(self.counts.iter().copied().max().unwrap_or(0)).max(1.0)
    }

    fn shows_limit(&self) -> bool {
        self.limit <= self.most() * HIGHEST_LIMIT
    }

    /// Time at which the first bar begins.
    fn start(&self) -> f64 {
        -(self.slice * self.counts.len() as f64)
    }

    /// Last time that is drawn to scale.
    fn end(&self) -> f64 {
        self.trip.max(self.disabled.unwrap_or(0.0)).max(self.slice)
    }

    fn name(&self) -> String {
        let total: u64 = self.counts.iter().copied().map(u64::from).sum();
        let mut name = format!(
            "Rate curve: {} in {} bars of {}, the highest {}",
            plural(total, "firing"),
            self.counts.len(),
            span(self.slice as i64),
            self.most()
        );
        if let Some(disabled) = self.disabled {
            name += &format!("; disabled {} after the last one counted", span(disabled as i64));
        }
        if let Some((_, text)) = &self.after {
            name += &format!("; after it {text}");
        }
        name
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let is_narrow = canvas.dim_in_pixel().0 < 500;
        let (start, end) = (self.start(), self.end());
        let after = (end - start) * 0.3;
        let limit = if self.shows_limit() { self.limit } else { 0.0 };
        let top = self.most().max(limit) * 1.1;
        let mut chart = ChartBuilder::on(canvas)
            .margin_top(46)
            .margin_right(12)
            .x_label_area_size(40)
            .y_label_area_size(if is_narrow { 34 } else { 44 })
            .build_cartesian_2d(start..end + after, 0.0..top)?;
        let style = ("sans-serif", 13).into_font().color(&INK);
        let at = |seconds: &f64| match *seconds {
            late if late > end => String::new(),
            0.0 => "0".to_owned(),
            early if early < 0.0 => format!("−{}", span(early as i64)),
            late => format!("+{}", span(late as i64)),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(style.clone())
            .x_labels(if is_narrow { 6 } else { 10 })
            .y_labels(4)
            .x_label_formatter(&at)
            .y_label_formatter(&|count| {
                if count.fract() == 0.0 { grouped(*count as u64) } else { String::new() }
            })
            .x_desc(if is_narrow { "time from the last firing" } else { "time from the last firing counted" })
            .axis_desc_style(style.clone())
            .draw()?;
        let bars = self.counts.iter().enumerate().map(|(n, count)| {
            let left = start + self.slice * n as f64;
            Rectangle::new(
                [(left + self.slice * 0.08, 0.0), (left + self.slice * 0.92, f64::from(*count))],
                BAR.filled(),
            )
        });
        chart.draw_series(bars)?;
        if let Some((average, _)) = &self.after {
            let outline = Rectangle::new(
                [(end + after * 0.15, 0.0), (end + after * 0.9, *average)],
                BAR.stroke_width(2),
            );
            chart.draw_series([outline])?;
        }
        if self.shows_limit() {
            chart.draw_series([PathElement::new(
                [(start, self.limit), (end + after, self.limit)],
                ALARM.stroke_width(2),
            )])?;
        }
        self.marks(canvas, &chart, top, end + after)
    }

    /// Vertical lines with their words above the chart, at heights of their own so that words never meet.
    fn marks(
        &self,
        canvas: &Canvas<'_>,
        chart: &ChartContext<
            '_,
            SVGBackend<'_>,
            Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
        >,
        top: f64,
        right: f64,
    ) -> Drawn {
        let font = ("sans-serif", 13).into_font();
        let middle = (self.start() + right) / 2.0;
        // A line that begins lower leaves the word beside it free.
        let heights = if self.trip > middle { (20, 4) } else { (4, 20) };
        let marks = [(Some(self.trip), "trip", heights.0), (self.disabled, "DisableRule", heights.1)];
        for (at, word, height) in marks {
            let Some(at) = at else { continue };
            let (x, bottom) = chart.backend_coord(&(at, 0.0));
            canvas.draw(&PathElement::new([(x, height + 2), (x, bottom)], ALARM.stroke_width(1)))?;
            let (anchor, x) = if at > middle { (HPos::Right, x - 5) } else { (HPos::Left, x + 5) };
            let style = font.clone().color(&ALARM).pos(Pos::new(anchor, VPos::Top));
            canvas.draw(&Text::new(word, (x, height), style))?;
        }
        if self.shows_limit() {
            // The right end has no bars.
            let (x, y) = chart.backend_coord(&(right, self.limit));
            let style = font.clone().color(&ALARM).pos(Pos::new(HPos::Right, VPos::Bottom));
            canvas.draw(&Text::new("limit", (x, y - 3), style))?;
        }
        if let Some((average, text)) = &self.after {
            let (x, y) = chart.backend_coord(&(right, average.min(top)));
            let style = font.color(&INK).pos(Pos::new(HPos::Right, VPos::Bottom));
            // On a narrow chart the words would cross the lines. They stand below it, too.
            let is_narrow = canvas.dim_in_pixel().0 < 500;
            let words = if is_narrow { "after".to_owned() } else { format!("after: {text}") };
            canvas.draw(&Text::new(words, (x, y - 5), style))?;
        }
        Ok(())
    }

    fn table(&self, explanation: &Explanation<'_>) -> Markup {
        let last = explanation.trip.evidence.last.map(Timestamp::as_second).unwrap_or_default();
        let rows = self.counts.iter().enumerate().map(|(n, count)| {
            let from = last + (self.start() + self.slice * n as f64) as i64;
            let from = Timestamp::from_second(from).map(time).unwrap_or_default();
            vec![html! { (from) }, html! { span.number { (count) } }]
        });
        let rows: Vec<Vec<Markup>> = rows.collect();
        let caption = format!("Firings in each {}, by the time of the events", span(self.slice as i64));
        table(&caption, &["From about", "Firings"], &rows)
    }
}

/// Number with one decimal place below ten.
fn per_slice(number: f64) -> String {
    if number < 10.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}
