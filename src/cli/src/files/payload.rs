//! Payloads in base64, as subscriptions of CloudWatch Logs and streams carry them, packed or not.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::MultiGzDecoder;

use super::begins::GZIP;

/// Maximum size of a payload once it is unpacked. Kinesis takes 10 MiB, and JSON shrinks to a tenth.
const MAX_UNPACKED: u64 = 256 << 20;

/// Text of a payload. `None` if it is none.
pub(super) fn text(encoded: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    if !bytes.starts_with(GZIP) {
        return String::from_utf8(bytes).ok();
    }
    let mut text = String::new();
    let mut unpacked = MultiGzDecoder::new(bytes.as_slice()).take(MAX_UNPACKED);
    unpacked.read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_decoded_and_unpacked() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, b"[1]").unwrap();
        let packed = BASE64_STANDARD.encode(packer.finish().unwrap());
        assert_eq!(text(&packed).as_deref(), Some("[1]"));
        assert_eq!(text(&BASE64_STANDARD.encode("{}")).as_deref(), Some("{}"));
        assert_eq!(text("no base64"), None);
        assert_eq!(text(&packed[..16]), None);
    }
}
