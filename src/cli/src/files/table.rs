//! Tables as CSV: each row becomes a JSON object with the columns as its members.

use std::io::{self, Read};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::shape::WRAPPERS;

/// Columns that a row needs besides, or instead of, one that holds the record as JSON.
const RECORD: [&str; 4] = ["eventID", "eventTime", "eventSource", "userIdentity"];
/// Delimiters, the most common first. Spreadsheets of some countries write semicolons.
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];
/// Maximum size of a row. A quotation mark that is never closed would read all of the file.
const MAX_ROW: u64 = 16 << 20;

/// First line of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    delimiter: u8,
    columns: Vec<String>,
}

/// Reader of the rows of a table.
pub(super) struct Table<R> {
    rows: csv::Reader<Bounded<R>>,
    columns: Vec<String>,
    row: csv::StringRecord,
    object: Vec<u8>,
}

/// Reader that fails after a number of bytes, which each row sets anew.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl Header {
    /// Reads the first line of a text. `None` if it is no header.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        DELIMITERS.iter().find_map(|delimiter| Self::split(line, *delimiter))
    }

    fn split(line: &[u8], delimiter: u8) -> Option<Self> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(line);
        let first = reader.records().next()?.ok()?;
        let columns: Vec<String> = first.iter().map(spelled).collect();
        let header = Self { delimiter, columns };
        let is_name = |column: &String| {
            column.starts_with(|c: char| c.is_ascii_alphabetic() || "_@".contains(c))
                && column.chars().all(|c| c.is_ascii_alphanumeric() || "_.@-".contains(c))
        };
        let is_console = header.has("Event name") && header.has("Event time");
        let is_header = header.has_event()
            || is_console
            || header.columns.len() > 1 && header.columns.iter().all(is_name);
        is_header.then_some(header)
    }

    fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.eq_ignore_ascii_case(name))
    }

    /// Returns true if a row holds the whole event, in one column or in several.
    pub(super) fn has_event(&self) -> bool {
        self.columns.iter().any(|column| WRAPPERS.contains(&&**column))
            || RECORD.iter().all(|name| self.has(name))
            || self.has("detail-type") && self.has("detail")
    }
}

/// Name of a column. Athena has all names in lower case. Some names are known in both cases.
fn spelled(name: &str) -> String {
    let is_known = WRAPPERS.contains(&name);
    let known = WRAPPERS.iter().find(|known| !is_known && known.eq_ignore_ascii_case(name));
    known.map_or(name, |known| *known).to_owned()
}

impl<R: Read> Table<R> {
    pub(super) fn new(header: Header, input: R) -> Self {
        let input = Bounded { input, left: MAX_ROW };
        let rows = csv::ReaderBuilder::new().delimiter(header.delimiter).from_reader(input);
        Self { rows, columns: header.columns, row: csv::StringRecord::new(), object: Vec::new() }
    }

    /// Returns the next row as a JSON object.
    ///
    /// # Errors
    ///
    /// The stream cannot be read, or the row has other columns or is no UTF-8. The next rows can be read then.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, csv::Error> {
        self.rows.get_mut().left = MAX_ROW;
        if !self.rows.read_record(&mut self.row)? {
            return Ok(None);
        }
        let cells = self.columns.iter().zip(&self.row);
        let members: Map<String, Value> =
            cells.map(|(name, cell)| (name.clone(), member(name, cell))).collect();
        self.object.clear();
        serde_json::to_writer(&mut self.object, &members).map_err(io::Error::from)?;
        Ok(Some(&self.object))
    }
}

/// Value of a cell. An event's `detail` is an object; all others are read from their text.
fn member(name: &str, cell: &str) -> Value {
    let is_object = name == "detail" && serde_json::from_str::<&RawValue>(cell).is_ok();
    match is_object.then(|| serde_json::from_str(cell)) {
        Some(Ok(value)) => value,
        _ => Value::String(cell.to_owned()),
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a row of the table is larger than 16 MiB; is a quote open?",
            )
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_told_from_other_text() {
        let check = |line: &str, expected: Option<bool>| {
            let header = Header::read(line.as_bytes());
            assert_eq!(header.map(|header| header.has_event()), expected, "{line}");
        };
        check("eventJson\n", Some(true));
        check("\"@timestamp\",\"@message\"\r\n", Some(true));
        check("id;eventtime;EVENTJSON\n", Some(true));
        check("eventid\teventtime\teventsource\tuseridentity\n", Some(true));
        check("Event name,Event time,User name,Event source\n", Some(false));
        check("name,size\n", Some(false));
        check("hello", None);
        check("hello, world", None);
        check("one\n", None);
        check("{\"a\":1,\"b\":2}", None);
        check("", None);
    }

    #[test]
    fn a_row_becomes_an_object_and_a_broken_one_costs_only_itself() {
        let text = "a,detail,message\n1,\"{\"\"b\"\": 2}\",\"x,\ny\"\n1,2\n3,no,z\n";
        let mut table = Table::new(Header::read(text.as_bytes()).unwrap(), text.as_bytes());
        let mut next = || table.next().map(|row| row.map(|row| String::from_utf8(row.to_vec()).unwrap()));
        assert_eq!(next().unwrap().unwrap(), r#"{"a":"1","detail":{"b":2},"message":"x,\ny"}"#);
        assert!(next().is_err());
        assert_eq!(next().unwrap().unwrap(), r#"{"a":"3","detail":"no","message":"z"}"#);
        assert_eq!(next().unwrap(), None);
    }

    #[test]
    fn an_open_quote_ends_with_an_error() {
        let endless = b"message,x\n\"".chain(io::repeat(b'a'));
        let mut table = Table::new(Header::read(b"message,x\n").unwrap(), endless);
        assert!(table.next().unwrap_err().to_string().contains("larger than 16 MiB"));
    }
}
