//! Reads Rust source as tokens: which paths of the crate it names, which identifiers, whether it holds logic. Knows
//! no rule, and leaves out what is compiled for tests only.
//!
//! Tokens, not text: comments and strings name nothing, and a path inside a macro counts like any other.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Something found, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The 1-based line.
    pub line: usize,
    /// What.
    pub what: T,
}

/// What a source file holds besides its tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Paths that begin with `crate`, `self` or `super`, from the root of the crate; one for each leaf of a `use` tree.
    pub paths: Vec<Found<Vec<String>>>,
    /// Every identifier and keyword.
    pub identifiers: Vec<Found<String>>,
    /// Functions with a name, and `impl` blocks.
    pub logic: Vec<Found<String>>,
    /// Macro calls.
    pub macros: Vec<Found<String>>,
    /// `pub use module::Name` at the top: the name and the module it comes from.
    pub exports: Vec<(String, String)>,
    /// Modules declared `pub` or `pub(…)`.
    pub public_modules: Vec<Found<String>>,
    /// Modules in files of their own that are compiled for tests only.
    pub test_modules: Vec<String>,
}

/// Scans a file that is the module `module`, given from the root of its crate.
///
/// # Errors
/// What the tokeniser says about source that is no Rust.
pub fn scan(module: &[String], source: &str) -> Result<Scan, String> {
    let tokens: TokenStream = source.parse().map_err(|error| format!("cannot be read as Rust: {error}"))?;
    let mut scan = Scan::default();
    scan.walk(&tokens.into_iter().collect::<Vec<_>>(), module);
    Ok(scan)
}

impl Scan {
    fn walk(&mut self, tokens: &[TokenTree], module: &[String]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            if is_test_attribute(rest) {
                at += self.skip_item(rest);
                continue;
            }
            match token {
                TokenTree::Group(group) => {
                    // The braces of `mod name { … }` are a module of their own.
                    let inline = inline_module(&tokens[..at]).filter(|_| group.delimiter() == Delimiter::Brace);
                    let inner = inline.map(|name| [module, &[name]].concat());
                    let content: Vec<_> = group.stream().into_iter().collect();
                    self.walk(&content, inner.as_deref().unwrap_or(module));
                }
                TokenTree::Ident(ident) => {
                    let word = ident.to_string();
                    let line = ident.span().start().line;
                    self.declare(&word, line, tokens, at);
                    if matches!(word.as_str(), "crate" | "self" | "super")
                        && is_colons(&rest[1..])
                        && !after_colons(tokens, at)
                    {
                        self.path(rest, module);
                    }
                    self.identifiers.push(Found { line, what: word });
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    /// Notes what a keyword begins.
    fn declare(&mut self, word: &str, line: usize, tokens: &[TokenTree], at: usize) {
        let next = tokens.get(at + 1).map(ToString::to_string);
        match (word, next) {
            ("fn", Some(name)) if matches!(tokens.get(at + 1), Some(TokenTree::Ident(_))) => {
                self.logic.push(Found { line, what: format!("fn {name}") });
            }
            ("impl", _) => self.logic.push(Found { line, what: "an impl block".to_owned() }),
            ("use", _) if is_public(tokens, at) => {
                for leaf in leaves(&tokens[at + 1..], Vec::new()) {
                    let without_self =
                        if leaf.first().is_some_and(|first| first == "self") { &leaf[1..] } else { &leaf[..] };
                    if let [first, .., last] = without_self {
                        self.exports.push((last.clone(), first.clone()));
                    }
                }
            }
            ("mod", Some(name)) if is_public(tokens, at) => self.public_modules.push(Found { line, what: name }),
            (_, Some(bang)) if bang == "!" && matches!(tokens.get(at + 2), Some(TokenTree::Group(_))) => {
                self.macros.push(Found { line, what: word.to_owned() });
            }
            _ => {}
        }
    }

    /// Notes the paths that begin here.
    fn path(&mut self, tokens: &[TokenTree], module: &[String]) {
        let mut base = module.to_vec();
        let mut at = 0;
        while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
            match ident.to_string().as_str() {
                "crate" => base.clear(),
                "super" => drop(base.pop()),
                "self" => {}
                _ => break,
            }
            at += if is_colons(&tokens[at + 1..]) { 3 } else { break };
        }
        let line = tokens[0].span().start().line;
        self.paths.extend(leaves(&tokens[at..], base).into_iter().map(|what| Found { line, what }));
    }

    /// How many tokens an item with its attributes has; remembers it if it is a module in a file of its own.
    fn skip_item(&mut self, tokens: &[TokenTree]) -> usize {
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    if let [.., TokenTree::Ident(keyword), TokenTree::Ident(name)] = &tokens[..at]
                        && keyword == "mod"
                    {
                        self.test_modules.push(name.to_string());
                    }
                    return at + 1;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at + 1,
                _ => {}
            }
        }
        tokens.len()
    }
}

/// The leaves of a `use` tree, or the one path of an expression, behind `prefix`.
fn leaves(tokens: &[TokenTree], prefix: Vec<String>) -> Vec<Vec<String>> {
    let mut path = prefix;
    let mut at = 0;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let content: Vec<_> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                let branches = content.split(is_comma).filter(|branch| !branch.is_empty());
                return branches.flat_map(|branch| leaves(branch, path.clone())).collect();
            }
            // A glob, or the end of the path.
            _ => return vec![path],
        }
        if !is_colons(&tokens[at + 1..]) {
            return vec![path];
        }
        at += 3;
    }
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    is_punct(tokens.first(), ':') && is_punct(tokens.get(1), ':')
}

fn after_colons(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_colons(&tokens[at - 2..])
}

/// Whether the keyword at `at` stands behind `pub` or `pub(…)`.
fn is_public(tokens: &[TokenTree], at: usize) -> bool {
    let is_pub = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(ident)) if ident == "pub");
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    is_pub(before(1)) || (matches!(before(1), Some(TokenTree::Group(_))) && is_pub(before(2)))
}

/// The name, when the tokens end in `mod name`.
fn inline_module(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [.., TokenTree::Ident(keyword), TokenTree::Ident(name)] if keyword == "mod" => Some(name.to_string()),
        _ => None,
    }
}

/// Whether the tokens begin with `#[cfg(test)]`, or a `cfg` that asks for `test` among other things.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let (true, Some(TokenTree::Group(attribute))) = (is_punct(tokens.first(), '#'), tokens.get(1)) else {
        return false;
    };
    let mut content = attribute.stream().into_iter();
    let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(condition))) = (content.next(), content.next()) else {
        return false;
    };
    name == "cfg" && asks_for_test(condition.stream())
}

fn asks_for_test(condition: TokenStream) -> bool {
    let mut negated = false;
    for token in condition {
        match token {
            TokenTree::Ident(ident) if ident == "test" => return true,
            TokenTree::Ident(ident) => negated = ident == "not" || ident == "any",
            TokenTree::Group(group) if !negated && asks_for_test(group.stream()) => return true,
            _ => {}
        }
    }
    false
}
