//! Answers in gzip, for clients that ask for it (RFC 9110 section 12.5.3).

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, HeaderMap};

/// Whether a client reads gzip, and does not like it less than what is not encoded.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut named, mut any, mut identity) = (None, None, None);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        // What cannot be read is not wanted.
        let quality: f32 = quality.map_or(1.0, |text| text.parse().unwrap_or(0.0));
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(quality),
            "*" => any = Some(quality),
            "identity" => identity = Some(quality),
            _ => {}
        }
    }
    let gzip = named.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// The bytes in gzip. Fast rather than small: JSON becomes small anyway.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_who_asks_for_it() {
        let cases = [
            (None, false),
            (Some("gzip"), true),
            (Some("deflate, GZIP;q=0.5"), true),
            (Some("*"), true),
            (Some("gzip;q=0, *"), false),
            (Some("identity, gzip;q=0.2"), false),
            (Some("br"), false),
            (Some("gzip;q=x"), false),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(sent) = sent {
                headers.insert(ACCEPT_ENCODING, sent.parse().unwrap());
            }
            assert_eq!(accepts_gzip(&headers), expected, "{sent:?}");
        }
    }
}
