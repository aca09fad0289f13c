//! Requests and responses, as plain data.

/// A request. Names of headers are found whatever their letter case.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `HEAD`, `OPTIONS`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'a str,
    /// What stands behind the base of the endpoint, with the query: `/Users/2819c223?attributes=userName`.
    pub target: &'a str,
    /// The headers, in any order.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty if there is none.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The path: the target without its query.
    pub(super) fn path(&self) -> &'a str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// The query, without its question mark.
    pub(super) fn query(&self) -> &'a str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first header of a name.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Every header of a name, put together as a list (RFC 9110 section 5.3).
    pub(super) fn list(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| (*value).to_owned()).reduce(|list, value| list + ", " + &value)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in lower case. `content-length` is left to the host, except in an answer to `HEAD`.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, or nothing.
    pub body: String,
}

impl Response {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
