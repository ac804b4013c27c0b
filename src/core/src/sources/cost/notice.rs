//! Notifications of AWS Budgets: plain text in a format that AWS does not document.
//!
//! Formats observed: `label: value` lines below two sentences (topics, e-mail as text), and the sentences above a table
//! (e-mail as HTML). Forwarders wrap lines, quote them, or replace line breaks by `#`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::words::Text;
use crate::model::{AlertBasis, Amount, Comparison, is_account};

/// Maximum length of a budget's name in the API.
const MAX_NAME: usize = 100;

/// Parsed notification. All fields but the name may be missing, because the API has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetNotice {
    /// Name of the budget, as in the API.
    pub name: String,
    /// Account id: twelve digits.
    pub account: Option<String>,
    /// Day of the notification, in a time zone that AWS does not name.
    pub date: Option<Date>,
    /// Amount that the alert compares: actual or forecasted.
    pub basis: Option<AlertBasis>,
    /// Period of the budget.
    pub period: Option<NoticePeriod>,
    /// Budgeted amount.
    pub limit: Option<Amount>,
    /// Side of the threshold on which the alert is raised.
    pub comparison: Option<Comparison>,
    /// Threshold as an amount, even if the budget has a percentage.
    pub threshold: Option<Amount>,
    /// Actual or forecasted amount, by `basis`.
    pub amount: Option<Amount>,
}

/// Period of a budget in the words of the notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticePeriod {
    /// `per day`.
    Day,
    /// `for the current month`.
    Month,
    /// `for the current quarter`.
    Quarter,
    /// `for the current year`.
    Year,
}

/// Unparsed pieces of a notification.
#[derive(Default)]
struct Pieces<'a> {
    name: Option<String>,
    limit: Option<&'a str>,
    basis: Option<&'a str>,
    threshold: Option<&'a str>,
    amount: Option<&'a str>,
}

/// Parses the notification in this text. `None` if there is none.
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

/// Cheap test that most other text fails.
pub(crate) fn may_be_one(text: &str) -> bool {
    text.contains("udget")
}

/// Parses the subject of a notification, which names the budget even if the text cannot be parsed.
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

/// Parses `label: value` lines. The API allows no colon in a name, so a label is never part of one.
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

/// Parses a line of column names separated by tabs, and the line below it.
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

/// Parses "… alert you when the ACTUAL Cost associated with your NAME budget is greater than $1.00 for the current
/// month. The ACTUAL Cost associated with this budget is $2.00."
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
    // A name may contain the same words, so the last occurrence counts.
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

/// Returns the name if the API allows it. Source: `BudgetName` (AWS Budgets API).
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

/// Parses "AWS Budget Notification March 04, 2023".
fn date(text: &Text<'_>) -> Option<Date> {
    let line = text.first_line(text.after("aws budget notification ")?);
    Date::strptime("%B %d, %Y", line.trim()).ok()
}

/// Parses `ACTUAL`, or a phrase such as `ACTUAL Cost`.
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
