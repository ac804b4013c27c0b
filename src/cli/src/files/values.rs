//! Values of one content: JSON as it comes, or the rows of a table as JSON objects.

use std::fs::File;
use std::io::{self, Chain, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use budget_guard_core::json::{JsonObjects, ObjectsError};
use budget_guard_core::model::printable;

use super::aside::Aside;
use super::begins::begins_like_log;
use super::search::{Entry, entry};
use super::table::{Header, Table};
use super::unpack::each;
use crate::input;

/// Size of the first read.
const FIRST: usize = 8 << 10;
/// Maximum length of a table's header.
const MAX_HEADER: usize = 64 << 10;

/// The first bytes, which were looked at, and the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Content that was looked at.
pub(crate) enum Content<R> {
    /// Values to read.
    Values(Values<R>),
    /// Content that is left out as a whole.
    Aside(Aside),
}

/// Reader of the values of a content.
pub(crate) struct Values<R>(Box<Form<R>>);

enum Form<R> {
    Json(JsonObjects<Whole<R>>),
    Table(Table<Whole<R>>),
}

/// Error of a content, or of one value of it.
#[derive(Debug)]
pub(crate) enum ValuesError {
    /// The content could not be read.
    Read(io::Error),
    /// A part of it is broken. Holds the description.
    Broken(String),
}

/// Receiver of contents, with a path for messages.
pub(crate) type Receive<'a> = dyn FnMut(&Path, io::Result<Content<&mut dyn Read>>) + 'a;

/// Opens a file and gives its content to `read`, each entry of an archive in turn, with a path for messages.
///
/// # Errors
///
/// The file cannot be opened, or the archive is damaged.
pub(crate) fn contents<R: Read>(
    path: &Path,
    wrap: impl FnOnce(File) -> R,
    read: &mut Receive<'_>,
) -> io::Result<()> {
    each(path, wrap, &mut |name, input| {
        let Some(name) = name else { return read(path, Content::new(input, false)) };
        // The name is that of an archive's author.
        let shown = PathBuf::from(format!("{}/{}", input::name(path), printable(name)));
        match entry(name) {
            Entry::Folder(what) => read(&shown, Ok(Content::Aside(what))),
            Entry::Named => read(&shown, Content::new(input, false)),
            Entry::Unknown => read(&shown, Content::new(input, true)),
        }
    })
}

impl<R: Read> Content<R> {
    /// Looks at the first bytes. With `is_found`, a content that begins like no log is left out.
    ///
    /// # Errors
    ///
    /// The content cannot be read.
    fn new(mut input: R, is_found: bool) -> io::Result<Self> {
        let mut first = Vec::new();
        let is_whole = !fill(&mut input, &mut first)?;
        let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first).trim_ascii_start();
        let may_be_table =
            text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"\"_@".contains(byte));
        if may_be_table && !is_whole {
            while !first.contains(&b'\n') && first.len() < MAX_HEADER && fill(&mut input, &mut first)? {}
        }
        let header = if may_be_table { header(&first) } else { None };
        let is_other = is_found && header.is_none() && !begins_like_log(&first);
        let whole = Cursor::new(first).chain(input);
        Ok(match header {
            _ if is_other => Self::Aside(Aside::OtherFile),
            Some(header) if !header.has_event() => Self::Aside(Aside::Table),
            Some(header) => Self::Values(Values(Box::new(Form::Table(Table::new(header, whole))))),
            None => Self::Values(Values(Box::new(Form::Json(JsonObjects::new(whole))))),
        })
    }
}

fn header(first: &[u8]) -> Option<Header> {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    Header::read(text.split_inclusive(|byte| *byte == b'\n').next()?)
}

/// Reads once more. Returns false at the end.
fn fill(input: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let start = bytes.len();
    bytes.resize(start + FIRST, 0);
    let count = loop {
        match input.read(&mut bytes[start..]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read,
        }
    };
    bytes.truncate(start + *count.as_ref().unwrap_or(&0));
    Ok(count? > 0)
}

impl<R: Read> Values<R> {
    /// Returns the next value. `None` at the end.
    ///
    /// # Errors
    ///
    /// The content cannot be read, or this value is broken; the next ones may be read then.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, ValuesError> {
        match &mut *self.0 {
            Form::Table(rows) => rows.next().map_err(ValuesError::from),
            Form::Json(objects) => objects.next().map_err(ValuesError::from),
        }
    }

    /// Returns true if the content was read to its end and holds no byte.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&*self.0, Form::Json(objects) if objects.is_empty())
    }

    /// Returns true if the last page names a next one, so that records are missing.
    pub(crate) fn has_next_page(&self) -> bool {
        matches!(&*self.0, Form::Json(objects) if objects.has_next_page())
    }

    /// Returns true if there may be more to read, even after an error.
    pub(crate) fn goes_on(&self) -> bool {
        match &*self.0 {
            Form::Json(objects) => objects.goes_on(),
            Form::Table(_) => true,
        }
    }
}

impl From<ObjectsError> for ValuesError {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::Read(error) => Self::Read(error),
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<csv::Error> for ValuesError {
    fn from(error: csv::Error) -> Self {
        let problem = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::Read(error),
            _ => Self::Broken(problem),
        }
    }
}
