//! Files that are read as a whole and as text: rules, event patterns, templates. Packed, in UTF-16, or in an archive.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use budget_guard_core::model::printable;

use super::unpack::each;
use crate::input;
use crate::problem::Problem;

/// Maximum size of a text, in bytes. The rules of an account are a hundredth of it.
const MAX: u64 = 64 << 20;

/// One text of a file.
#[derive(Debug)]
pub(crate) struct Text {
    /// Path of the file, with that of the entry in an archive.
    pub name: String,
    /// Content without its byte order mark.
    pub text: String,
}

/// Reads the text of a file, or of each entry of an archive.
///
/// # Errors
///
/// The file or an entry cannot be read, is no UTF-8, or is larger than 64 MiB.
pub(crate) fn texts(path: &Path) -> Result<Vec<Text>, Problem> {
    let file = input::name(path);
    let mut texts = Vec::new();
    each(path, |file: File| file, &mut |entry, input| {
        let name = entry.map_or_else(|| file.clone(), |entry| format!("{file}/{}", printable(entry)));
        texts.push(text(&name, input).map(|text| Text { name, text }));
    })
    .map_err(|error| unreadable(&file, &error))?;
    texts.into_iter().collect()
}

/// Reads a file as one text. The entries of an archive follow one another.
///
/// # Errors
///
/// See [`texts`].
pub(crate) fn whole_text(path: &Path) -> Result<String, Problem> {
    let texts: Vec<String> = texts(path)?.into_iter().map(|text| text.text).collect();
    Ok(texts.join("\n"))
}

fn unreadable(name: &str, error: &io::Error) -> Problem {
    Problem::usage(format!("{name}: {error}"))
}

fn text(name: &str, input: &mut dyn Read) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    input.take(MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > MAX {
        let expected = "expected a file of rules, one event pattern or a template";
        return Err(Problem::usage(format!("{name} is larger than 64 MiB; {expected}")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::usage(format!("{name}: byte {at} is no UTF-8; expected text"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
