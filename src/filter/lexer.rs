//! Tokens of a filter or path. It knows no grammar and no schema, and decodes nothing: a string is still JSON text.
//!
//! A word is a run of characters other than white space, parentheses, brackets and the double quote: attribute paths
//! with their URNs, operators, keywords and numbers all are words, and the parser tells them apart by where they stand.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// A word.
    Word(&'a str),
    /// A JSON string, quotes and escapes included.
    String(&'a str),
    /// A string whose closing quote is missing.
    Unclosed,
    /// The end of the text.
    End,
}

/// A token, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spanned<'a> {
    pub token: Token<'a>,
    /// The byte offset of its first character.
    pub start: usize,
    /// Whether white space stands before it.
    pub spaced: bool,
}

/// Cuts a text into tokens, one at a time.
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, position: 0 }
    }

    /// The next token; [`Token::End`] for ever once the text is used up.
    pub(super) fn next(&mut self) -> Spanned<'a> {
        let bytes = self.text.as_bytes();
        let before = self.position;
        while bytes.get(self.position).is_some_and(|byte| is_space(*byte)) {
            self.position += 1;
        }
        let start = self.position;
        let token = match bytes.get(start) {
            None => Token::End,
            Some(b'(') => self.single(Token::Open),
            Some(b')') => self.single(Token::Close),
            Some(b'[') => self.single(Token::OpenBracket),
            Some(b']') => self.single(Token::CloseBracket),
            Some(b'"') => self.string(start),
            Some(_) => {
                let rest = bytes.get(start..).unwrap_or_default();
                let length = rest.iter().position(|byte| ends_word(*byte)).unwrap_or(rest.len());
                self.position = start + length;
                Token::Word(self.text.get(start..self.position).unwrap_or_default())
            }
        };
        Spanned { token, start, spaced: start > before }
    }

    /// Reads text without quotes that begins at an offset, where a word was read before: it ends at white space, or at a
    /// closing bracket that it does not open itself. None if a bracket stays open, or for a double quote in it.
    pub(super) fn unquoted(&mut self, start: usize) -> Option<&'a str> {
        let rest = self.text.get(start..).unwrap_or_default();
        let (mut parentheses, mut brackets) = (0usize, 0usize);
        let mut length = rest.len();
        for (index, byte) in rest.bytes().enumerate() {
            let (open, opens) = match byte {
                b'(' | b')' => (&mut parentheses, byte == b'('),
                b'[' | b']' => (&mut brackets, byte == b'['),
                b'"' => return None,
                _ if is_space(byte) => {
                    length = index;
                    break;
                }
                _ => continue,
            };
            match (opens, *open) {
                (true, _) => *open += 1,
                (false, 0) => {
                    length = index;
                    break;
                }
                (false, _) => *open -= 1,
            }
        }
        self.position = start + length;
        rest.get(..length).filter(|_| parentheses == 0 && brackets == 0)
    }

    /// The offset, or that of the character that it is inside of.
    pub(super) fn boundary(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        (0..=offset).rev().find(|offset| self.text.is_char_boundary(*offset)).unwrap_or(0)
    }

    fn single(&mut self, token: Token<'a>) -> Token<'a> {
        self.position += 1;
        token
    }

    fn string(&mut self, start: usize) -> Token<'a> {
        let mut bytes = self.text.bytes().enumerate().skip(start + 1);
        while let Some((index, byte)) = bytes.next() {
            match byte {
                // Whatever is escaped, it does not close the string.
                b'\\' => drop(bytes.next()),
                b'"' => {
                    self.position = index + 1;
                    return Token::String(self.text.get(start..self.position).unwrap_or_default());
                }
                _ => {}
            }
        }
        self.position = self.text.len();
        Token::Unclosed
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn ends_word(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'(' | b')' | b'[' | b']' | b'"')
}
