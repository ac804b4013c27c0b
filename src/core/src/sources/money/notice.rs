//! The notifications of AWS Budgets: plain text in a form that AWS does not document.
//!
//! Seen so far: `label: value` lines below two sentences (topics, e-mail as text), and the sentences above a table
//! (e-mail as HTML). Forwarders wrap lines, quote them, or put `#` where a line ended.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::words::Text;
use crate::model::{AlertBasis, Amount, Comparison, is_account};

/// The API takes no longer names.
const MAX_NAME: usize = 100;

/// What a notification says. All but the name may be missing: the API knows the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetNotice {
    /// As the API knows it.
    pub name: String,
    /// Twelve digits.
    pub account: Option<String>,
    /// The day of the notification; AWS does not say in which time zone.
    pub date: Option<Date>,
    pub basis: Option<AlertBasis>,
    pub period: Option<NoticePeriod>,
    /// The budgeted amount.
    pub limit: Option<Amount>,
    pub comparison: Option<Comparison>,
    /// Always an amount, also where the budget has a percentage.
    pub threshold: Option<Amount>,
    pub amount: Option<Amount>,
}

/// How the notification names the budget's period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticePeriod {
    Day,
    Month,
    Quarter,
    Year,
}

/// The pieces of a notification, before it is known whether they mean anything.
#[derive(Default)]
struct Pieces<'a> {
    name: Option<String>,
    limit: Option<&'a str>,
    basis: Option<&'a str>,
    threshold: Option<&'a str>,
    amount: Option<&'a str>,
}

/// The notification in this text, if there is one.
pub(super) fn read(text: &str) -> Option<BudgetNotice> {
    if !may_be_one(text) {
        return None;
    }
    let text = Text::new(text);
    let prose = prose(&text);
    let pieces = labelled(&text);
    let table = table(&text);
    let all = [&pieces, &table, &prose.pieces];
    let first = |get: fn(&Pieces<'_>) -> Option<Amount>| all.iter().find_map(|pieces| get(pieces));
    Some(BudgetNotice {
        name: all.iter().find_map(|pieces| pieces.name.as_deref().and_then(name))?,
        account: account(&text),
        date: date(&text),
        basis: all.iter().find_map(|pieces| basis(pieces.basis?)),
        period: prose.period,
        limit: first(|pieces| amount(pieces.limit?)),
        comparison: all.iter().find_map(|pieces| comparison(pieces.threshold?)).or(prose.comparison),
        threshold: first(|pieces| amount(pieces.threshold?)),
        amount: first(|pieces| amount(pieces.amount?)),
    })
}

/// A cheap look, for texts that mostly are none.
pub fn may_be_one(text: &str) -> bool {
    text.contains("udget")
}

/// The subject of a notification names its budget, whatever became of the text.
pub(super) fn from_subject(subject: &str) -> Option<BudgetNotice> {
    let (_, rest) = subject.split_once("AWS Budgets:")?;
    let (named, _) = rest.rsplit_once(" has exceeded your alert threshold")?;
    Some(BudgetNotice {
        name: name(named.trim())?,
        account: None,
        date: None,
        basis: None,
        period: None,
        limit: None,
        comparison: None,
        threshold: None,
        amount: None,
    })
}

/// `label: value` lines. The API allows no colon in a name, so no label can be a part of one.
fn labelled<'a>(text: &'a Text<'_>) -> Pieces<'a> {
    const LABELS: [&str; 7] = [
        "budget name:",
        "budget type:",
        "budgeted amount:",
        "alert type:",
        "alert threshold:",
        "actual amount:",
        "forecasted amount:",
    ];
    let value = |label: &str| text.value(label, &LABELS);
    let line = |label: &str| value(label).map(|value| text.first_line(value));
    Pieces {
        name: value("budget name:").map(|value| text.joined(value)),
        limit: line("budgeted amount:"),
        basis: line("alert type:"),
        threshold: line("alert threshold:"),
        amount: line("actual amount:").or_else(|| line("forecasted amount:")),
    }
}

/// A line of column names between tabs, and the line below it.
fn table<'a>(text: &'a Text<'_>) -> Pieces<'a> {
    let mut pieces = Pieces::default();
    let mut lines = text.all().lines().skip_while(|line| !line.trim_start().starts_with("Budget Name\t"));
    let (Some(names), Some(values)) = (lines.next(), lines.find(|line| !line.trim().is_empty())) else {
        return pieces;
    };
    for (column, value) in names.split('\t').zip(values.split('\t')) {
        let place = match column.trim() {
            "Budget Name" => {
                pieces.name = Some(value.trim().to_owned());
                continue;
            }
            "Budgeted Amount" => &mut pieces.limit,
            "Alert Type" => &mut pieces.basis,
            "Alert Threshold" => &mut pieces.threshold,
            "ACTUAL Amount" | "FORECASTED Amount" => &mut pieces.amount,
            _ => continue,
        };
        *place = Some(value);
    }
    pieces
}

#[derive(Default)]
struct Prose<'a> {
    pieces: Pieces<'a>,
    period: Option<NoticePeriod>,
    comparison: Option<Comparison>,
}

/// "… alert you when the ACTUAL Cost associated with your NAME budget is greater than $1.00 for the current month. The
/// ACTUAL Cost associated with this budget is $2.00."
fn prose<'a>(text: &'a Text<'_>) -> Prose<'a> {
    const CONNECTIVES: [(&str, Comparison); 4] = [
        (" budget is greater than ", Comparison::GreaterThan),
        (" budget exceeds ", Comparison::GreaterThan),
        (" budget is less than ", Comparison::LessThan),
        (" budget is equal to ", Comparison::EqualTo),
    ];
    const PERIODS: [(&str, NoticePeriod); 4] = [
        ("per day", NoticePeriod::Day),
        ("for the current month", NoticePeriod::Month),
        ("for the current quarter", NoticePeriod::Quarter),
        ("for the current year", NoticePeriod::Year),
    ];
    let flat = text.flat();
    let mut prose = Prose::default();
    let Some((_, rest)) = flat.split("alert you when the ") else { return prose };
    let Some((measured, rest)) = rest.split(" associated with your ") else { return prose };
    prose.pieces.basis = Some(measured.all());
    let (condition, spent) = rest.split(" associated with this budget is ").unzip();
    let condition = condition.unwrap_or(rest);
    prose.pieces.amount = spent.map(|spent| spent.sentence());
    // A name may hold the same words, so the last of them counts.
    let found = CONNECTIVES.iter().filter_map(|(words, comparison)| {
        let (name, rest) = condition.rsplit(words)?;
        Some((name.all().len(), name, rest, *comparison))
    });
    let Some((_, name, rest, comparison)) = found.max_by_key(|(at, ..)| *at) else { return prose };
    prose.pieces.name = Some(name.all().to_owned());
    prose.comparison = Some(comparison);
    let periods = PERIODS.iter().filter_map(|(words, period)| Some((rest.split(words)?.0.all(), *period)));
    let found = periods.min_by_key(|(threshold, _)| threshold.len());
    prose.period = found.map(|(_, period)| period);
    prose.pieces.threshold = Some(found.map_or_else(|| rest.sentence(), |(threshold, _)| threshold));
    prose
}

/// The name, if the API could know it. Source: `BudgetName` (AWS Budgets API).
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let is_known = |c: char| !c.is_control() && c != ':' && c != '\\';
    let is_name = !text.is_empty() && text.chars().count() <= MAX_NAME && text.chars().all(is_known);
    is_name.then(|| text.to_owned())
}

fn account(text: &Text<'_>) -> Option<String> {
    let rest = text.after("aws account ")?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    is_account(&digits).then_some(digits)
}

/// "AWS Budget Notification March 04, 2023".
fn date(text: &Text<'_>) -> Option<Date> {
    let line = text.first_line(text.after("aws budget notification ")?);
    Date::strptime("%B %d, %Y", line.trim()).ok()
}

/// `ACTUAL`, or a phrase such as `ACTUAL Cost`.
fn basis(text: &str) -> Option<AlertBasis> {
    text.split_whitespace().find_map(|word| match word {
        _ if word.eq_ignore_ascii_case("actual") => Some(AlertBasis::Actual),
        _ if word.eq_ignore_ascii_case("forecasted") => Some(AlertBasis::Forecasted),
        _ => None,
    })
}

fn comparison(threshold: &str) -> Option<Comparison> {
    match threshold.trim_start().chars().next()? {
        '>' => Some(Comparison::GreaterThan),
        '<' => Some(Comparison::LessThan),
        '=' => Some(Comparison::EqualTo),
        _ => None,
    }
}

fn amount(text: &str) -> Option<Amount> {
    text.trim().trim_start_matches(['>', '<', '=']).parse().ok()
}
