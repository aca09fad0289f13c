//! Instants: what dateTime attributes hold and how they compare.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A point in time, to the nanosecond. Ordered as time is.
///
/// ```
/// use scimdb::model::Instant;
/// let a = Instant::parse("2011-05-13T04:42:34Z").unwrap();
/// let b = Instant::parse("2011-05-13T06:42:34+02:00").unwrap();
/// assert_eq!(a, b);
/// assert_eq!(b.to_string(), "2011-05-13T04:42:34Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

impl Instant {
    /// Reads an `xsd:dateTime` (RFC 7643 section 2.3.5). One without an offset is taken as UTC.
    pub fn parse(text: &str) -> Option<Self> {
        // A date alone is no dateTime, though the parser below would complete it.
        if text.len() < 16 || !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
            return None;
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Instant(timestamp));
        }
        let local = text.parse::<civil::DateTime>().ok()?;
        TimeZone::UTC.to_timestamp(local).ok().map(Instant)
    }

    /// From the crate that reads clocks, which is not part of the public interface.
    pub(crate) fn from_timestamp(timestamp: Timestamp) -> Self {
        Instant(timestamp)
    }

    /// The instant that many seconds and nanoseconds after the Unix epoch; none outside years -9999 to 9999.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Option<Self> {
        Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok().map(Instant)
    }

    /// Whole seconds since the Unix epoch, rounded down, and the nanoseconds after them.
    pub fn to_unix(self) -> (i64, u32) {
        let (seconds, nanoseconds) = (self.0.as_second(), self.0.subsec_nanosecond());
        match u32::try_from(nanoseconds) {
            Ok(nanoseconds) => (seconds, nanoseconds),
            Err(_) => (seconds - 1, (nanoseconds + 1_000_000_000).unsigned_abs()),
        }
    }

    /// The same instant without what is finer than a millisecond.
    #[must_use]
    pub fn to_millisecond(self) -> Self {
        Timestamp::from_millisecond(self.0.as_millisecond()).map_or(self, Instant)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_xsd_allows() {
        let same =
            ["2008-01-23T04:56:22Z", "2008-01-23T05:56:22+01:00", "2008-01-23T04:56:22", "2008-01-23t04:56:22.000z"];
        for text in same {
            assert_eq!(Instant::parse(text).map(|i| i.to_string()).as_deref(), Some("2008-01-23T04:56:22Z"), "{text}");
        }
        for text in ["2008-01-23", "yesterday", "", "04:56:22Z", "2008-13-23T04:56:22Z"] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn unix_parts_round_trip_before_the_epoch() {
        for text in ["1969-12-31T23:59:59.25Z", "1901-01-01T00:00:00.000000001Z", "2026-11-22T03:00:00.5Z"] {
            let instant = Instant::parse(text).unwrap();
            let (seconds, nanoseconds) = instant.to_unix();
            assert_eq!(Instant::from_unix(seconds, nanoseconds), Some(instant));
        }
    }
}
