//! The grammar of filters and PATCH paths. It knows no schema: whether an attribute exists is for `bind` to say.
//!
//! RFC 7644 figure 1, arranged by precedence (`not` before `and` before `or`), and figure 7:
//!
//! ```text
//! FILTER    = andExp *(SP "or" SP andExp)
//! andExp    = term *(SP "and" SP term)
//! term      = attrExp / valuePath [subAttr SP test] / ["not"] "(" FILTER ")"
//! attrExp   = attrPath SP test
//! test      = "pr" / compareOp SP compValue
//! valuePath = attrPath "[" valFilter "]"                ; valFilter is FILTER without valuePath
//! compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "lt" / "ge" / "le"
//! compValue = false / null / true / number / string     ; JSON (RFC 8259)
//! attrPath  = [URI ":"] ATTRNAME *1subAttr             ; *subAttr, where a schema goes beyond the RFC
//! subAttr   = "." ATTRNAME
//! ATTRNAME  = ALPHA *("-" / "_" / DIGIT / ALPHA)        ; and "$ref", which RFC 7643 section 2.4 defines
//! PATH      = attrPath / valuePath [subAttr]
//! ```
//!
//! Names, operators and keywords are read in any letter case; JSON literals in lower case only. SP is any run of
//! spaces, tabs and line breaks, and may also stand around parentheses and inside brackets. Before a string it may be
//! left out, as in an example of RFC 7644 section 3.5.2.2: `members[value eq"2819c223"]`.
//!
//! One form goes beyond the RFC, since identity providers send it: `emails[type eq "work"].value eq "x"` is read as
//! `emails[type eq "work" and value eq "x"]`, so one value must meet both. Text without quotes is a deviation that some
//! dialects have.

use super::lexer::{Lexer, Spanned, Token};
use super::{AttrPath, CompareOp, FilterExpr, Literal, PathExpr, hint};
use crate::model::BindOptions;
use crate::{Error, ErrorKind, Result};

/// The bytes that a filter or path may have: stops a text that costs more to read than it could ever be worth.
pub const MAX_FILTER_BYTES: usize = 16 * 1024;
/// How deep parentheses and brackets may nest: stops a filter that would exhaust the stack of whatever walks it.
pub const MAX_FILTER_DEPTH: usize = 64;
/// The comparisons that a filter may have: stops one that makes every resource of a scan cost thousands of tests.
pub const MAX_FILTER_CLAUSES: usize = 512;

/// Parses a filter.
///
/// # Errors
/// `InvalidFilter`, with the byte offset of the mistake and what was expected there.
pub fn parse(text: &str) -> Result<FilterExpr> {
    parse_with(text, BindOptions::default())
}

/// Parses a filter of who tolerates some deviations: text without quotes, where the options have it.
///
/// ```
/// use scimdb::filter::parse_with;
/// use scimdb::model::BindOptions;
/// let options = BindOptions { unquoted_literals: true, ..BindOptions::default() };
/// let filter = parse_with("(displayName sw smith)", options)?;
/// assert_eq!(filter.to_string(), r#"displayName sw "smith""#);
/// # Ok::<(), scimdb::Error>(())
/// ```
///
/// # Errors
/// As [`parse`].
pub fn parse_with(text: &str, options: BindOptions) -> Result<FilterExpr> {
    let mut parser = Parser::new(text, ErrorKind::InvalidFilter, options)?;
    if parser.token.token == Token::End {
        return Err(parser.error(0, "the filter is empty: write one such as userName eq \"bjensen\", or send none"));
    }
    let filter = parser.filter(0)?;
    match parser.token.token {
        Token::End => Ok(filter),
        Token::Close => Err(parser.error(parser.token.start, "this ) has no ( before it")),
        Token::CloseBracket => Err(parser.error(parser.token.start, "this ] has no [ before it")),
        _ => Err(parser.expected_logical("the end")),
    }
}

/// Parses a PATCH path.
///
/// ```
/// let path = scimdb::filter::parse_path(r#"addresses[type eq "work"].locality"#)?;
/// assert_eq!(path.attr.text, "addresses");
/// assert!(path.filter.is_some());
/// assert_eq!(path.sub.as_deref(), Some("locality"));
/// # Ok::<(), scimdb::Error>(())
/// ```
///
/// # Errors
/// `InvalidPath`; `InvalidFilter` where the mistake is inside the brackets (RFC 7644 table 9). Both with the byte
/// offset of the mistake and what was expected there.
pub fn parse_path(text: &str) -> Result<PathExpr> {
    parse_path_with(text, BindOptions::default())
}

/// Parses a PATCH path of who tolerates some deviations in its filter.
///
/// # Errors
/// As [`parse_path`].
pub fn parse_path_with(text: &str, options: BindOptions) -> Result<PathExpr> {
    let mut parser = Parser::new(text, ErrorKind::InvalidPath, options)?;
    let attr = match parser.token.token {
        Token::Word(word) => parser.attr_path(word)?,
        _ => return Err(parser.error(parser.token.start, "expected an attribute path such as name.givenName")),
    };
    let mut path = PathExpr { attr, filter: None, sub: None };
    if parser.token.token == Token::OpenBracket {
        path.filter = Some(parser.brackets(0)?);
        path.sub = parser.sub_attr()?.map(|sub| sub.text);
    }
    match (parser.token.token, &path.filter) {
        (Token::End, _) => Ok(path),
        (_, Some(_)) => Err(parser.error(
            parser.token.start,
            "expected the end of the path, or a dot and a sub-attribute directly behind the ]",
        )),
        (_, None) => Err(parser.error(parser.token.start, "expected the end of the path, or a filter in [ ]")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token to be looked at next.
    token: Spanned<'a>,
    /// What a mistake is outside brackets; inside them it is always `InvalidFilter`.
    kind: ErrorKind,
    in_brackets: bool,
    clauses: usize,
    options: BindOptions,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, kind: ErrorKind, options: BindOptions) -> Result<Self> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next();
        let parser = Parser { lexer, token, kind, in_brackets: false, clauses: 0, options };
        if text.len() > MAX_FILTER_BYTES {
            let detail = format!("{} bytes are too long; a filter or path has at most {MAX_FILTER_BYTES}", text.len());
            return Err(parser.error(MAX_FILTER_BYTES, detail));
        }
        Ok(parser)
    }

    fn error(&self, offset: usize, detail: impl Into<String>) -> Error {
        let kind = if self.in_brackets { ErrorKind::InvalidFilter } else { self.kind };
        Error::new(kind, detail).at_offset(self.lexer.boundary(offset))
    }

    /// Takes the token that is looked at.
    fn take(&mut self) -> Spanned<'a> {
        std::mem::replace(&mut self.token, self.lexer.next())
    }

    /// `FILTER = andExp *(SP "or" SP andExp)`
    fn filter(&mut self, depth: usize) -> Result<FilterExpr> {
        let mut filter = self.and_exp(depth)?;
        while self.take_logical("or")? {
            filter = filter.or(self.and_exp(depth)?);
        }
        Ok(filter)
    }

    /// `andExp = term *(SP "and" SP term)`
    fn and_exp(&mut self, depth: usize) -> Result<FilterExpr> {
        let mut filter = self.term(depth)?;
        while self.take_logical("and")? {
            filter = filter.and(self.term(depth)?);
        }
        Ok(filter)
    }

    /// Takes `and` or `or` if it stands here, and sees to the white space on both sides of it.
    fn take_logical(&mut self, keyword: &str) -> Result<bool> {
        if !matches!(self.token.token, Token::Word(word) if word.eq_ignore_ascii_case(keyword)) {
            return Ok(false);
        }
        self.spaced(keyword)?;
        self.take();
        if self.token.token != Token::End {
            self.spaced(&format!("what follows {keyword}"))?;
        }
        Ok(true)
    }

    /// The grammar has SP before the token that is looked at.
    fn spaced(&self, what: &str) -> Result<()> {
        if self.token.spaced {
            return Ok(());
        }
        Err(self.error(self.token.start, format!("a space is missing before {what}")))
    }

    /// `term = attrExp / valuePath [subAttr SP test] / ["not"] "(" FILTER ")"`
    fn term(&mut self, depth: usize) -> Result<FilterExpr> {
        let start = self.token.start;
        let word = match self.token.token {
            Token::Open => return self.group(depth),
            Token::Word(word) => word,
            _ => return Err(self.expected_term(start)),
        };
        // `not`, `and` and `or` are attribute names where an operator or a bracket follows, and keywords elsewhere.
        let path = self.attr_path(word)?;
        let names = match self.token.token {
            Token::OpenBracket => return self.value_path(path, depth),
            Token::Word(next) => is_operator(next),
            _ => false,
        };
        if !names && word.eq_ignore_ascii_case("not") {
            if self.token.token == Token::Open {
                return Ok(FilterExpr::Not(Box::new(self.group(depth)?)));
            }
            return Err(self.error(self.token.start, "not is followed by a filter in parentheses: not (title pr)"));
        }
        if !names && ["and", "or"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) {
            return Err(self.expected_term(start));
        }
        self.test(path)
    }

    fn expected_term(&self, offset: usize) -> Error {
        let detail = match self.token.token {
            Token::String(_) | Token::Unclosed => {
                "expected an attribute path; a value stands on the right of an operator"
            }
            _ => "expected an attribute path, not ( or (",
        };
        self.error(offset, detail)
    }

    /// `"(" FILTER ")"`
    fn group(&mut self, depth: usize) -> Result<FilterExpr> {
        let open = self.take().start;
        self.check_depth(depth, open)?;
        let filter = self.filter(depth + 1)?;
        if self.token.token != Token::Close {
            return Err(self.expected_logical(&format!("the ) that closes the ( at {open}")));
        }
        self.take();
        Ok(filter)
    }

    /// Called before descending, so that no input can exhaust the stack.
    fn check_depth(&self, depth: usize, offset: usize) -> Result<()> {
        if depth < MAX_FILTER_DEPTH {
            return Ok(());
        }
        let detail = format!("parentheses and brackets nest too deep; at most {MAX_FILTER_DEPTH} may be open at once");
        Err(self.error(offset, detail))
    }

    /// `valuePath [subAttr SP test]`, behind the path.
    fn value_path(&mut self, path: AttrPath, depth: usize) -> Result<FilterExpr> {
        let mut filter = self.brackets(depth)?;
        if let Some(sub) = self.sub_attr()? {
            if matches!(filter, FilterExpr::Or(_)) {
                // It is about to stand in parentheses that the text does not have.
                self.check_depth(depth + 1 + nesting(&filter), sub.offset)?;
            }
            filter = filter.and(self.test(sub)?);
        }
        Ok(FilterExpr::ValuePath { path, filter: Box::new(filter) })
    }

    /// `"[" valFilter "]"`
    fn brackets(&mut self, depth: usize) -> Result<FilterExpr> {
        let open = self.take().start;
        if self.in_brackets {
            return Err(
                self.error(open, "value paths do not nest: sub-attributes have no values with parts of their own")
            );
        }
        self.check_depth(depth, open)?;
        self.in_brackets = true;
        let filter = self.filter(depth + 1)?;
        if self.token.token != Token::CloseBracket {
            return Err(self.expected_logical(&format!("the ] that closes the [ at {open}")));
        }
        self.in_brackets = false;
        self.take();
        Ok(filter)
    }

    /// `[subAttr]`, directly behind a bracket.
    fn sub_attr(&mut self) -> Result<Option<AttrPath>> {
        let Spanned { token: Token::Word(word), start, spaced: false } = self.token else { return Ok(None) };
        let Some(name) = word.strip_prefix('.') else { return Ok(None) };
        if !is_attr_name(name) {
            return Err(self.error(start + 1, "expected the name of one sub-attribute behind the dot"));
        }
        self.take();
        Ok(Some(AttrPath { text: name.to_owned(), offset: start + 1 }))
    }

    /// `attrPath`: the word that is looked at.
    fn attr_path(&mut self, word: &str) -> Result<AttrPath> {
        let offset = self.token.start;
        if let Some((index, _)) = word.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
            return Err(self.error(offset + index, "attribute names are ASCII letters, digits, - and _"));
        }
        // A URN has dots and digits of its own: which part of it is the schema's, only `bind` can tell.
        if !word.contains(':') {
            let mut names = word.split('.');
            if !names.all(is_attr_name) {
                let detail =
                    "expected an attribute path such as userName, name.givenName or a schema's URN, a colon and a name";
                return Err(self.error(offset, detail));
            }
        }
        self.take();
        Ok(AttrPath { text: word.to_owned(), offset })
    }

    /// `test = "pr" / compareOp SP compValue`, behind its path.
    fn test(&mut self, path: AttrPath) -> Result<FilterExpr> {
        let start = self.token.start;
        let Token::Word(word) = self.token.token else {
            let detail = format!("expected an operator behind {}: pr, {}", path.text, CompareOp::KEYWORDS.join(", "));
            return Err(self.error(start, detail));
        };
        self.clauses += 1;
        if self.clauses > MAX_FILTER_CLAUSES {
            let detail = format!("the filter has too many comparisons; at most {MAX_FILTER_CLAUSES} are allowed");
            return Err(self.error(path.offset, detail));
        }
        if word.eq_ignore_ascii_case("pr") {
            self.take();
            return Ok(FilterExpr::Present(path));
        }
        let Some(op) = CompareOp::from_keyword(word) else {
            return Err(self.error(start, hint::unknown_operator(word)));
        };
        self.take();
        let value_offset = self.token.start;
        let value = self.literal(op)?;
        Ok(FilterExpr::Compare { path, op, value, value_offset })
    }

    /// `compValue = false / null / true / number / string`
    fn literal(&mut self, op: CompareOp) -> Result<Literal> {
        let start = self.token.start;
        let literal = match self.token.token {
            Token::String(json) => self.string(json, start)?,
            Token::Unclosed => return Err(self.error(start, "the string that begins here has no closing quote")),
            Token::Word(word) if self.options.unquoted_literals => self.unquoted(word, start)?,
            Token::Word("true") => Literal::Boolean(true),
            Token::Word("false") => Literal::Boolean(false),
            Token::Word("null") => Literal::Null,
            Token::Word(word) => self.number(word, start)?,
            _ => {
                let detail =
                    format!("expected a value behind {}: a \"string\", a number, true, false or null", op.keyword());
                return Err(self.error(start, detail));
            }
        };
        self.take();
        Ok(literal)
    }

    fn string(&self, json: &str, start: usize) -> Result<Literal> {
        Literal::string(json).map_err(|(at, cause)| {
            let detail =
                "the string is not JSON (RFC 8259 section 7): escape \\ and control characters, and pair surrogates";
            self.error(start + at, detail).caused_by(cause)
        })
    }

    /// Text without quotes, which some systems write. A number is one if it is written as numbers are: `007` is text.
    fn unquoted(&mut self, word: &str, start: usize) -> Result<Literal> {
        if word.starts_with(hint::QUOTES) {
            return Err(self.error(start, hint::no_literal(word)));
        }
        let Some(word) = self.lexer.unquoted(start) else {
            let detail = "put text with a bracket or a double quote in it into double quotes";
            return Err(self.error(start, detail));
        };
        Ok(match word {
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            "null" => Literal::Null,
            _ => {
                let number = Literal::number(word).filter(|number| number.to_string() == word);
                number.unwrap_or_else(|| Literal::String(word.to_owned()))
            }
        })
    }

    fn number(&self, word: &str, start: usize) -> Result<Literal> {
        if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(self.error(start, hint::no_literal(word)));
        }
        Literal::number(word).ok_or_else(|| {
            let detail = "this is no JSON number of 64 bits such as 42 or -1.5e3; text needs double quotes around it";
            self.error(start, detail)
        })
    }

    /// The error for whatever stands where only `and`, `or` or the given end can.
    fn expected_logical(&self, end: &str) -> Error {
        let start = self.token.start;
        match self.token.token {
            Token::Word(word) if self.options.unquoted_literals => {
                let detail = hint::unknown_logical(word, end);
                self.error(start, format!("{detail}; text with a space in it stands in double quotes"))
            }
            Token::Word(word) => self.error(start, hint::unknown_logical(word, end)),
            _ => self.error(start, format!("expected and, or, or {end}")),
        }
    }
}

/// How deep parentheses nest in the canonical form.
fn nesting(filter: &FilterExpr) -> usize {
    match filter {
        FilterExpr::And(items) => {
            let nesting = |item: &FilterExpr| nesting(item) + usize::from(matches!(item, FilterExpr::Or(_)));
            items.iter().map(nesting).max().unwrap_or(0)
        }
        FilterExpr::Or(items) => items.iter().map(nesting).max().unwrap_or(0),
        FilterExpr::Not(inner) => nesting(inner) + 1,
        FilterExpr::ValuePath { path: _, filter } => nesting(filter) + 1,
        FilterExpr::Present(_) | FilterExpr::Compare { .. } => 0,
    }
}

fn is_operator(word: &str) -> bool {
    word.eq_ignore_ascii_case("pr") || CompareOp::from_keyword(word).is_some()
}

/// `ATTRNAME`
fn is_attr_name(name: &str) -> bool {
    let name = name.strip_prefix('$').unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
