//! The parameters of a query (RFC 7644 section 3.4.2, RFC 9865 section 2).
//!
//! Names are found whatever their letter case, and what no RFC defines is ignored: identity providers put flags of their
//! own there.

use percent_encoding::percent_decode_str;

use crate::message::{SearchRequest, SortOrder};
use crate::profile::Profile;
use crate::{Error, ErrorKind, Result};

/// Whether every percent sign begins an octet (RFC 3986 section 2.1). What a broken encoder made is not taken for a value
/// that does not exist.
pub(super) fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|octet| octet.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// The parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query as `application/x-www-form-urlencoded`: a plus sign is a space.
    ///
    /// # Errors
    /// `InvalidSyntax` for what is not UTF-8.
    pub(super) fn parse(query: &str) -> Result<Self> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            if !is_encoded(&text) {
                return None;
            }
            percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        };
        let pairs = pairs.map(read).collect::<Option<_>>().ok_or_else(|| {
            let detail = "the query is no UTF-8 text that was percent-encoded: encode it as a URL";
            Error::new(ErrorKind::InvalidSyntax, detail)
        })?;
        Ok(Parameters(pairs))
    }

    /// Reads the query of a request to a tenant of a profile: what only profiles define is ignored where this one has nothing
    /// that it is about, like all else that no RFC defines.
    ///
    /// # Errors
    /// As [`Parameters::parse`].
    pub(super) fn of(query: &str, profile: &Profile) -> Result<Self> {
        let mut parameters = Self::parse(query)?;
        parameters.0.retain(|(name, _)| profile.has_parameter(name));
        Ok(parameters)
    }

    /// A parameter that may stand there several times, with brackets behind its name or without.
    fn lists<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it = move |known: &str| known.strip_suffix("[]").unwrap_or(known).eq_ignore_ascii_case(name);
        self.0.iter().filter(move |(known, _)| is_it(known)).map(|(_, value)| value.as_str())
    }

    /// A parameter that may stand there once.
    fn one(&self, name: &'static str) -> Result<Option<&str>> {
        let mut values = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Error::new(ErrorKind::InvalidValue, format!("{name} stands in the query twice")).on(name));
        }
        Ok(first)
    }

    /// The filter.
    ///
    /// # Errors
    /// `InvalidValue` when it stands there twice.
    pub(super) fn filter(&self) -> Result<Option<&str>> {
        self.one("filter")
    }

    fn integer(&self, name: &'static str) -> Result<Option<i64>> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let digits = text.trim().strip_prefix(['-', '+']).unwrap_or(text.trim());
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::new(ErrorKind::InvalidValue, format!("{name} is a whole number")).on(name));
        }
        // What is beyond 64 bits is as good as their largest number.
        let beyond = if text.trim().starts_with('-') { i64::MIN } else { i64::MAX };
        Ok(Some(text.trim().parse().unwrap_or(beyond)))
    }

    /// The API version that a request asks for: its first digit.
    ///
    /// # Errors
    /// `InvalidValue` when it begins with no digit, or stands there twice.
    pub(super) fn api_version(&self) -> Result<Option<u32>> {
        let Some(text) = self.one("api-version")? else { return Ok(None) };
        let digit = text.trim().chars().next().and_then(|first| first.to_digit(10));
        let wrong = || Error::new(ErrorKind::InvalidValue, "api-version is a number such as 3").on("api-version");
        digit.map(Some).ok_or_else(wrong)
    }

    /// A parameter that is true or false; false where it is not there.
    ///
    /// # Errors
    /// `InvalidValue` for anything else.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool> {
        match self.one(name)?.map(str::trim) {
            None => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(Error::new(ErrorKind::InvalidValue, format!("{name} is true or false")).on(name)),
        }
    }

    /// A list of names: with commas, by a parameter for each, also written `attributes[]=a` or `attributes=["a","b"]`.
    fn names(&self, name: &str) -> Vec<String> {
        let bare = |list| {
            let list: &str = str::trim(list);
            list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(list)
        };
        let names = self.lists(name).flat_map(|list| bare(list).split(','));
        let names = names.map(|name| name.trim_matches(|c: char| c == '"' || c.is_whitespace()));
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Whether a request says which attributes it wants to see, be it by an empty list.
    pub(super) fn chooses_attributes(&self) -> bool {
        ["attributes", "excludedAttributes"].iter().any(|name| self.lists(name).next().is_some())
    }

    /// The attributes to show.
    pub(super) fn attributes(&self) -> Vec<String> {
        self.names("attributes")
    }

    /// The attributes not to show.
    pub(super) fn excluded_attributes(&self) -> Vec<String> {
        self.names("excludedAttributes")
    }

    /// The search that a query asks for.
    ///
    /// # Errors
    /// `InvalidValue` for what is no number, no order, or stands there twice.
    pub(super) fn search(&self, base: &str) -> Result<SearchRequest> {
        let sort_order = match self.one("sortOrder")? {
            None | Some("") => SortOrder::default(),
            Some(word) => SortOrder::from_keyword(word).ok_or_else(|| {
                let detail = "sortOrder is \"ascending\" or \"descending\"";
                Error::new(ErrorKind::InvalidValue, detail).on("sortOrder")
            })?,
        };
        Ok(SearchRequest {
            filter: self.filter()?.map(str::to_owned),
            sort_by: self.one("sortBy")?.filter(|path| !path.is_empty()).map(str::to_owned),
            sort_order,
            start_index: self.integer("startIndex")?,
            count: self.integer("count")?,
            attributes: self.attributes(),
            excluded_attributes: self.excluded_attributes(),
            cursor: self.one("cursor")?.map(str::to_owned),
            base: base.to_owned(),
            api_version: self.api_version()?,
            search_repositories: self.flag("searchRepositories")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Result<SearchRequest> {
        Parameters::parse(query).and_then(|parameters| parameters.search("b"))
    }

    #[test]
    fn queries() {
        let query = "filter=userName+eq+%22a%2Bb%22&startIndex=-3&COUNT=10&attributes=userName,%20emails&attributes=id\
                     &sortBy=name.familyName&sortOrder=Descending&aadOptscim062020&cursor";
        let expected = SearchRequest {
            filter: Some("userName eq \"a+b\"".into()),
            sort_by: Some("name.familyName".into()),
            sort_order: SortOrder::Descending,
            start_index: Some(-3),
            count: Some(10),
            attributes: vec!["userName".into(), "emails".into(), "id".into()],
            excluded_attributes: Vec::new(),
            cursor: Some(String::new()),
            base: "b".into(),
            ..SearchRequest::default()
        };
        assert_eq!(search(query).unwrap(), expected);
        assert_eq!(search("").unwrap(), SearchRequest { base: "b".into(), ..SearchRequest::default() });
        // As generated clients write a list.
        for query in
            ["attributes[]=a&attributes%5B%5D=b.c", "attributes=%5B%22a%22%2C+%22b.c%22%5D", "attributes=[a,b.c]"]
        {
            assert_eq!(search(query).unwrap().attributes, ["a", "b.c"], "{query}");
        }
        assert_eq!(search("excludedAttributes[]=a").unwrap().excluded_attributes, ["a"]);
        assert_eq!(search("startIndex=99999999999999999999").unwrap().start_index, Some(i64::MAX));
        assert_eq!(search("count=-99999999999999999999").unwrap().count, Some(i64::MIN));
    }

    #[test]
    fn wrong_queries_name_the_parameter() {
        let cases = [
            ("count=ten", "count"),
            ("startIndex=", "startIndex"),
            ("startIndex=1.5", "startIndex"),
            ("sortOrder=up", "sortOrder"),
            ("filter=a&filter=b", "filter"),
        ];
        for (query, name) in cases {
            let error = search(query).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (ErrorKind::InvalidValue, Some(name)), "{query}");
        }
        assert_eq!(search("filter=%ff").unwrap_err().kind(), ErrorKind::InvalidSyntax);
    }
}
