//! Unpacks files by their content: gzip, Zstandard and zip, also within each other, and UTF-16.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use zip::ZipArchive;

use super::begins::{GZIP, ZIP, ZSTD, foreign, is_utf16};
use super::utf16::Utf16;
use crate::input;

/// Maximum number of packings within each other, a zip archive included.
const MAX_LAYERS: usize = 4;
/// Maximum size of a file once it is unpacked, in bytes.
const MAX_UNPACKED: u64 = 16 << 30;
/// Maximum size of a zip archive that comes through a pipe, in bytes.
const MAX_PIPED_ZIP: u64 = 256 << 20;
/// Size of a buffer. The longest magic number fits in any read.
const BUFFER: usize = 128 << 10;

/// Opens a file and gives its content to `read`, each entry of a zip archive in turn. The file's name does not matter.
///
/// # Errors
///
/// The file cannot be opened, or the archive is damaged.
pub(super) fn each<R: Read>(
    path: &Path,
    wrap: impl FnOnce(File) -> R,
    read: &mut dyn FnMut(Option<&str>, &mut dyn Read),
) -> io::Result<()> {
    let mut file = input::open(path)?;
    let is_plain = file.metadata().is_ok_and(|about| about.is_file());
    if is_plain && starts_with_zip(&mut file)? {
        return entries(BufReader::with_capacity(BUFFER, file), read);
    }
    let mut file = BufReader::with_capacity(BUFFER, wrap(file));
    if file.fill_buf()?.starts_with(ZIP) {
        let mut bytes = Vec::new();
        file.take(MAX_PIPED_ZIP + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_PIPED_ZIP {
            return Err(invalid("a zip archive through a pipe is larger than 256 MiB; expected a file"));
        }
        return entries(Cursor::new(bytes), read);
    }
    read(None, &mut unpacked(file, 0)?.take_at_most(MAX_UNPACKED));
    Ok(())
}

fn starts_with_zip(file: &mut File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.by_ref().take(ZIP.len() as u64).read_to_end(&mut first)?;
    file.rewind()?;
    Ok(first == ZIP)
}

fn entries(file: impl Read + Seek, read: &mut dyn FnMut(Option<&str>, &mut dyn Read)) -> io::Result<()> {
    let mut archive = ZipArchive::new(file)?;
    let mut left = MAX_UNPACKED;
    for index in 0..archive.len() {
        let entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name()?.into_owned();
        let entry = BufReader::with_capacity(BUFFER, entry);
        match unpacked(entry, 1) {
            Ok(entry) => {
                let mut entry = entry.take_at_most(left);
                read(Some(&name), &mut entry);
                left = entry.left;
            }
            Err(error) => read(Some(&name), &mut Failing(Some(error))),
        }
    }
    Ok(())
}

/// Removes the packings, looking at the first bytes of each content.
fn unpacked<'a>(mut file: impl BufRead + 'a, layers: usize) -> io::Result<Box<dyn Read + 'a>> {
    let first = file.fill_buf()?;
    if layers >= MAX_LAYERS && (first.starts_with(GZIP) || first.starts_with(ZSTD)) {
        return Err(invalid("it is packed more than 4 times"));
    }
    let inner: Box<dyn Read + 'a> = if first.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(file))
    } else if first.starts_with(ZSTD) {
        let decoder = StreamingDecoder::new(file);
        Box::new(decoder.map_err(|error| invalid(&format!("damaged Zstandard: {error}")))?)
    } else if first.starts_with(ZIP) {
        return Err(invalid("it is a zip archive within another packing; unpack the outer one"));
    } else if let Some(what) = foreign(first) {
        return Err(invalid(what));
    } else if is_utf16(first) {
        return Ok(Box::new(Utf16::new(file)));
    } else {
        return Ok(Box::new(file));
    };
    unpacked(BufReader::with_capacity(BUFFER, inner), layers + 1)
}

/// Returns true for an error that means damaged content, and not a failure of the disk.
pub(crate) fn is_damaged(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

/// Reader that fails once, with the error of opening.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Reader that fails beyond a number of bytes, where [`io::Take`] would end.
struct AtMost<R> {
    inner: R,
    left: u64,
}

trait TakeAtMost: Sized {
    fn take_at_most(self, left: u64) -> AtMost<Self>;
}

impl<R: Read> TakeAtMost for R {
    fn take_at_most(self, left: u64) -> AtMost<Self> {
        AtMost { inner: self, left }
    }
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left =
            (self.left).checked_sub(count as u64).ok_or_else(|| invalid("it unpacks to more than 16 GiB"))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_ends_with_an_error() {
        let mut read = io::repeat(b' ').take_at_most(1 << 20);
        let error = io::copy(&mut read, &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let mut packed = b"{}".to_vec();
        for layer in 1..=5 {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut packer, &packed).unwrap();
            packed = packer.finish().unwrap();
            assert_eq!(unpacked(packed.as_slice(), 0).is_ok(), layer <= MAX_LAYERS, "{layer}");
        }
    }

    #[test]
    fn each_entry_of_an_archive_is_unpacked() {
        // One raw block, by RFC 8878.
        let zstd = [ZSTD, &[0x20, 3, 0x19, 0, 0], b"[1]"].concat();
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in [("logs/a.json", b"{}".as_slice()), ("b.zst", &zstd), ("c.zip", b"PK\x03\x04")]
        {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            io::Write::write_all(&mut archive, content).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any name");
        std::fs::write(&path, archive.finish().unwrap().into_inner()).unwrap();
        let mut seen = Vec::new();
        each(&path, |file| file, &mut |name, input| {
            let mut text = String::new();
            let is_read = input.read_to_string(&mut text).is_ok();
            seen.push((name.unwrap_or_default().to_owned(), is_read.then_some(text)));
        })
        .unwrap();
        let some = |text: &str| Some(text.to_owned());
        let expected = [("logs/a.json", some("{}")), ("b.zst", some("[1]")), ("c.zip", None)];
        assert_eq!(seen, expected.map(|(name, text)| (name.to_owned(), text)));
    }
}
