//! A filter parser of its own, so that a mistake in the store's is not made twice. It shares no code with it.

use serde_json::{Number, Value};

/// What is wrong with a filter, and at which byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Bad {
    pub offset: usize,
    pub why: String,
}

pub fn bad<T>(offset: usize, why: impl Into<String>) -> Result<T, Bad> {
    Err(Bad { offset, why: why.into() })
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ast {
    And(Box<Ast>, Box<Ast>),
    Or(Box<Ast>, Box<Ast>),
    Not(Box<Ast>),
    Present(Name),
    Compare(Name, String, Value, usize),
    Brackets(Name, Box<Ast>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: String,
    pub offset: usize,
}

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// Reads a filter: RFC 7644 figure 1, with the limits of the corpus.
pub fn parse(text: &str) -> Result<Ast, Bad> {
    if text.len() > 16_384 {
        return bad(16_384, "too long");
    }
    let mut reader = Reader { text, at: 0, comparisons: 0 };
    let ast = reader.or(0)?;
    match reader.peek() {
        (_, "") => Ok(ast),
        (at, _) => bad(at, "something stands behind the filter"),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    comparisons: usize,
}

impl<'a> Reader<'a> {
    /// The next piece and where it begins: a punctuation mark, a string with its quotes, a word, or nothing.
    fn peek(&self) -> (usize, &'a str) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let start = self.at + rest.len() - trimmed.len();
        let length = match trimmed.chars().next() {
            None => 0,
            Some('(' | ')' | '[' | ']') => 1,
            Some('"') => {
                let mut escaped = false;
                let end = trimmed.char_indices().skip(1).find(|(_, c)| {
                    let closes = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    closes
                });
                end.map_or(trimmed.len(), |(index, _)| index + 1)
            }
            Some(_) => trimmed.find([' ', '\t', '\r', '\n', '(', ')', '[', ']', '"']).unwrap_or(trimmed.len()),
        };
        (start, &trimmed[..length])
    }

    fn next(&mut self) -> (usize, &'a str) {
        let (start, piece) = self.peek();
        self.at = start + piece.len();
        (start, piece)
    }

    fn or(&mut self, depth: usize) -> Result<Ast, Bad> {
        let mut left = self.and(depth)?;
        while self.logical("or")? {
            left = Ast::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Result<Ast, Bad> {
        let mut left = self.term(depth)?;
        while self.logical("and")? {
            left = Ast::And(Box::new(left), Box::new(self.term(depth)?));
        }
        Ok(left)
    }

    fn logical(&mut self, keyword: &str) -> Result<bool, Bad> {
        let (start, piece) = self.peek();
        if !piece.eq_ignore_ascii_case(keyword) {
            return Ok(false);
        }
        if start == self.at {
            return bad(start, "no space before it");
        }
        self.next();
        let (next, piece) = self.peek();
        if next == self.at && !piece.is_empty() {
            return bad(next, "no space behind it");
        }
        Ok(true)
    }

    fn group(&mut self, depth: usize, close: &str) -> Result<Ast, Bad> {
        let (start, _) = self.next();
        if depth >= 64 {
            return bad(start, "nested too deeply");
        }
        let inner = self.or(depth + 1)?;
        match self.next() {
            (_, piece) if piece == close => Ok(inner),
            (at, _) => bad(at, format!("{close} is missing")),
        }
    }

    fn term(&mut self, depth: usize) -> Result<Ast, Bad> {
        let (start, piece) = self.peek();
        if piece == "(" {
            return self.group(depth, ")");
        }
        self.next();
        if piece.eq_ignore_ascii_case("not") {
            return match self.peek() {
                (_, "(") => Ok(Ast::Not(Box::new(self.group(depth, ")")?))),
                (at, _) => bad(at, "not needs a group"),
            };
        }
        let name = name(piece, start)?;
        if self.peek().1 == "[" {
            let inner = self.group(depth, "]")?;
            let (at, piece) = self.peek();
            let Some(sub) = piece.strip_prefix('.').filter(|_| at == self.at) else {
                return Ok(Ast::Brackets(name, Box::new(inner)));
            };
            self.next();
            let test = self.test(self::name(sub, at + 1)?)?;
            return Ok(Ast::Brackets(name, Box::new(Ast::And(Box::new(inner), Box::new(test)))));
        }
        self.test(name)
    }

    fn test(&mut self, name: Name) -> Result<Ast, Bad> {
        let (at, word) = self.next();
        self.comparisons += 1;
        if self.comparisons > 512 {
            return bad(at, "too many comparisons");
        }
        let operator = word.to_ascii_lowercase();
        if operator == "pr" {
            return Ok(Ast::Present(name));
        }
        if !OPERATORS.contains(&operator.as_str()) {
            return bad(at, format!("{word} is no operator"));
        }
        let (at, piece) = self.next();
        let value = match piece {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ if piece.starts_with('"') => match serde_json::from_str(piece) {
                Ok(value) => value,
                Err(_) => return bad(at, "no JSON string"),
            },
            _ => match serde_json::from_str::<Number>(piece) {
                Ok(number) => Value::Number(number),
                Err(_) => return bad(at, "no JSON literal"),
            },
        };
        Ok(Ast::Compare(name, operator, value, at))
    }
}

fn name(piece: &str, offset: usize) -> Result<Name, Bad> {
    let after_urn = piece.rsplit(':').next().unwrap_or(piece);
    let names: Vec<&str> = after_urn.split('.').collect();
    let is_name = |name: &&str| {
        let name = name.strip_prefix('$').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    // The last part of a URN on its own may hold dots and digits.
    let urn = piece.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
    if urn || (names.len() <= 2 && names.iter().all(is_name) && !piece.contains(':')) {
        return Ok(Name { text: piece.to_owned(), offset });
    }
    bad(offset, format!("{piece} is no attribute path"))
}
