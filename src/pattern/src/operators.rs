//! List of a field: values, and objects with one operator each.

use super::PatternError;
use super::address::{Address, Block};
use super::json::Reader;
use super::number;
use super::text::{AnyCase, Wildcard};
use super::value::{Exact, Literal, Range, Test};

/// Names that are not field names within `$or`: today's operators, and those that the reference engine reserves.
pub(super) const RESERVED: &[&str] = &[
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
    "cidr",
    "numeric",
    "=",
    "<",
    "<=",
    ">",
    ">=",
];

const OPERATORS: &str = "one of the operators prefix, suffix, equals-ignore-case, wildcard, anything-but, numeric, cidr, \
    exists, exactly";

/// Reads the list of a field.
pub(super) fn tests(json: &mut Reader<'_>) -> Result<Vec<Test>, PatternError> {
    let start = json.place();
    let mut tests = Vec::new();
    json.list(|json| {
        tests.push(match json.peek() {
            Some(b'{') => operator(json)?,
            Some(b'[') => {
                return Err(
                    json.expected("a string, a number, true, false, null or an object with one operator")
                );
            }
            _ => Test::Exact(exact(json)?),
        });
        Ok(())
    })?;
    if tests.is_empty() {
        return Err(json.problem(start, "an empty list where at least one value is expected"));
    }
    Ok(tests)
}

fn exact(json: &mut Reader<'_>) -> Result<Exact, PatternError> {
    Ok(match json.peek() {
        Some(b'"') => {
            let text = json.string()?;
            Address::parse(text.as_bytes()).map_or_else(|| Exact::Text(text.into()), Exact::Address)
        }
        Some(b'-' | b'0'..=b'9') => Exact::number(json.number()?),
        _ if json.word("true") => Exact::Literal(Literal::True),
        _ if json.word("false") => Exact::Literal(Literal::False),
        _ if json.word("null") => Exact::Literal(Literal::Null),
        _ => {
            return Err(json.expected("a string, a number, true, false, null or an object with one operator"));
        }
    })
}

/// Reads an object with one key.
fn single<T>(
    json: &mut Reader<'_>,
    expected: &str,
    read: impl FnOnce(&mut Reader<'_>, &str, usize) -> Result<T, PatternError>,
) -> Result<T, PatternError> {
    json.expect(b'{', expected)?;
    let at = json.place();
    if json.peek() != Some(b'"') {
        return Err(json.expected(expected));
    }
    let name = json.key()?;
    let operand = read(json, &name, at)?;
    json.expect(b'}', "`}` after a single operator")?;
    Ok(operand)
}

fn operator(json: &mut Reader<'_>) -> Result<Test, PatternError> {
    single(json, OPERATORS, |json, name, at| match name {
        "exactly" => Ok(Test::Exact(Exact::Text(json.string()?.into()))),
        "prefix" => text_or_any_case(json, |text| Test::Prefix(text.into()), Test::PrefixAnyCase),
        "suffix" => text_or_any_case(json, |text| Test::Suffix(text.into()), Test::SuffixAnyCase),
        "equals-ignore-case" => Ok(Test::AnyCase(AnyCase::new(&json.string()?))),
        "wildcard" => wildcard(json),
        "cidr" => {
            let at = json.place();
            let text = json.string()?;
            Block::parse(&text).map(Test::Cidr).map_err(|problem| {
                json.problem(at, format!("{problem}, as in \"10.0.0.0/24\" or \"2001:db8::/32\""))
            })
        }
        "exists" if json.word("true") => Ok(Test::Present),
        "exists" if json.word("false") => Ok(Test::Absent),
        "exists" => Err(json.expected("true or false")),
        "numeric" => numeric(json).map(Test::Numeric),
        "anything-but" => anything_but(json),
        _ => Err(json.problem(at, format!("{name:?} where {OPERATORS} is expected"))),
    })
}

fn text_or_any_case(
    json: &mut Reader<'_>,
    as_is: impl FnOnce(&str) -> Test,
    any_case: impl FnOnce(AnyCase) -> Test,
) -> Result<Test, PatternError> {
    match json.peek() {
        Some(b'"') => Ok(as_is(&json.string()?)),
        Some(b'{') => single(json, "equals-ignore-case", |json, name, at| match name {
            "equals-ignore-case" => Ok(any_case(AnyCase::new(&json.string()?))),
            _ => Err(json.problem(at, format!("{name:?} where equals-ignore-case is expected"))),
        }),
        _ => Err(json.expected("a string or an object with equals-ignore-case")),
    }
}

fn wildcard(json: &mut Reader<'_>) -> Result<Test, PatternError> {
    let at = json.place();
    let text = json.string()?;
    Wildcard::parse(&text).map(Test::Wildcard).map_err(|error| json.problem(at, error.to_string()))
}

/// Reads `["=", n]`, a lower bound, an upper bound, or a lower and then an upper bound.
fn numeric(json: &mut Reader<'_>) -> Result<Range, PatternError> {
    let start = json.place();
    let mut range = Range::ALL;
    let mut sign: Option<String> = None;
    let mut bounds = Vec::new();
    json.list(|json| {
        match sign.take() {
            Some(sign) => {
                let value = operand(json)?;
                match sign.as_str() {
                    "=" => range = Range { low: (value, true), high: (value, true) },
                    ">" | ">=" => range.low = (value, sign == ">="),
                    _ => range.high = (value, sign == "<="),
                }
                bounds.push(sign);
            }
            None => {
                let at = json.place();
                let next = json.string()?;
                let expected = match bounds.last().map(|sign: &String| sign.as_str()) {
                    None => &["=", "<", "<=", ">", ">="][..],
                    Some(">" | ">=") if bounds.len() == 1 => &["<", "<="],
                    _ => return Err(json.problem(at, format!("{next:?} where `]` is expected"))),
                };
                if !expected.contains(&&*next) {
                    let expected = expected.join(" ");
                    return Err(json.problem(at, format!("{next:?} where one of {expected} is expected")));
                }
                sign = Some(next.into_owned());
            }
        }
        Ok(())
    })?;
    if sign.is_some() || bounds.is_empty() {
        let problem = "a comparison and a number are expected, as in [\">=\", 0, \"<\", 10]";
        return Err(json.problem(start, problem));
    }
    if bounds.len() == 2 && range.low.0 >= range.high.0 {
        let (low, high) = (range.low.0, range.high.0);
        let problem = format!("an empty range: the lower bound {low} is expected to be less than {high}");
        return Err(json.problem(start, problem));
    }
    Ok(range)
}

/// Reads a number to compare with. It must be one that a double has exactly.
fn operand(json: &mut Reader<'_>) -> Result<f64, PatternError> {
    let at = json.place();
    let spelled = json.number()?;
    number::exact(spelled.as_bytes()).ok_or_else(|| {
        let problem =
            format!("{spelled} cannot be compared; a number that a double keeps digit by digit is expected");
        json.problem(at, problem)
    })
}

fn anything_but(json: &mut Reader<'_>) -> Result<Test, PatternError> {
    const OPERAND: &str = "a string, a number, a list of either, or an object with one of prefix, suffix, \
        equals-ignore-case, wildcard";
    match json.peek() {
        Some(b'{') => {
            let expected = "one of prefix, suffix, equals-ignore-case, wildcard";
            single(json, expected, |json, name, at| {
                let test: fn(&mut Reader<'_>) -> Result<Test, PatternError> = match name {
                    "prefix" => |json| filled(json).map(Test::Prefix),
                    "suffix" => |json| filled(json).map(Test::Suffix),
                    "equals-ignore-case" => |json| Ok(Test::AnyCase(AnyCase::new(&json.string()?))),
                    "wildcard" => wildcard,
                    _ => return Err(json.problem(at, format!("{name:?} where {expected} is expected"))),
                };
                one_or_more(json, "a string", test).map(Test::NotAny)
            })
        }
        Some(b'"' | b'-' | b'0'..=b'9' | b'[') => {
            let mut is_text = None;
            let values = one_or_more(json, OPERAND, |json| {
                let text = json.peek() == Some(b'"');
                if *is_text.get_or_insert(text) != text {
                    return Err(json.expected(if text { "another number" } else { "another string" }));
                }
                // In this operator an address is only equal to its own spelling.
                if text {
                    return Ok(Exact::Text(json.string()?.into()));
                }
                operand(json).map(|value| Exact::Number(value.to_bits()))
            });
            values.map(Test::Not)
        }
        _ => Err(json.expected(OPERAND)),
    }
}

fn filled(json: &mut Reader<'_>) -> Result<Box<str>, PatternError> {
    let at = json.place();
    let text = json.string()?;
    if text.is_empty() {
        return Err(json.problem(at, "an empty string where at least one character is expected"));
    }
    Ok(text.into())
}

/// Reads one item, or a list of at least one.
fn one_or_more<T>(
    json: &mut Reader<'_>,
    expected: &str,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, PatternError>,
) -> Result<Vec<T>, PatternError> {
    if json.peek() != Some(b'[') {
        return Ok(vec![item(json)?]);
    }
    let start = json.place();
    let mut items = Vec::new();
    json.list(|json| {
        items.push(item(json)?);
        Ok(())
    })?;
    if items.is_empty() {
        return Err(json.problem(start, format!("an empty list where {expected} is expected")));
    }
    Ok(items)
}
