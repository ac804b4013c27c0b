//! `make picture`: draws parts of the demo as an SVG of a terminal. Takes the path of the demo and that of the file.

use std::env;
use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};

use anstyle_svg::Term;

/// Parts of the demo: the first line of each, and the first line after it. Between them, the picture leaves lines out.
const PARTS: [(&str, &str); 4] = [
    ("2. ann", "   ann opens"),
    ("$ budget-guard cure fix-acl", "  Left out"),
    ("$ budget-guard cure fix-acl --apply", "hint: "),
    ("$ budget-guard enable", "   fix-acl"),
];
/// Width of the picture in columns.
const COLUMNS: usize = 80;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (Some(demo), Some(file)) = (args.next(), args.next()) else {
        return Err("expected the path of the demo and that of the SVG file".into());
    };
    let output = Command::new(demo).env("CLICOLOR_FORCE", "1").stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!("the demo failed:\n{text}").into());
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = vec!["\u{1b}[1m$ make demo\u{1b}[0m".to_owned()];
    for (first, after) in PARTS {
        shown.push(format!("{:COLUMNS$}", ""));
        shown.extend(part(&lines, first, after)?.iter().map(|line| (*line).to_owned()));
    }
    fs::write(file, Term::new().render_svg(&shown.join("\n")))?;
    Ok(())
}

/// Lines from the one that begins with `first` to the one before that which begins with `after`, without their colours
/// in the comparison.
fn part<'a>(lines: &'a [&'a str], first: &str, after: &str) -> Result<&'a [&'a str], String> {
    let begins = |line: &str, words: &str| plain(line).starts_with(words);
    let start = lines.iter().position(|line| begins(line, first)).ok_or(format!("no line \"{first}\""))?;
    let length =
        lines[start..].iter().position(|line| begins(line, after)).ok_or(format!("no line \"{after}\""))?;
    let end = start + length;
    let blank = lines[start..end].iter().rev().take_while(|line| line.is_empty()).count();
    Ok(&lines[start..end - blank])
}

/// Text without escape sequences.
fn plain(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string()
}
