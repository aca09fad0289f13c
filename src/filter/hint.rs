//! What people write instead of an operator, a keyword or a literal, and what they meant. It knows words, no grammar.
//!
//! Words of a filter are repeated in an error only where they are short and stand in the place of an operator: whatever
//! stands in the place of a value could be personal.

use super::CompareOp;

/// What other languages call the operators.
const FOREIGN: &[(&str, &str)] = &[
    ("=", "eq"),
    ("==", "eq"),
    ("===", "eq"),
    ("equals", "eq"),
    ("equal", "eq"),
    ("is", "eq"),
    ("!=", "ne"),
    ("<>", "ne"),
    (">", "gt"),
    (">=", "ge"),
    ("gte", "ge"),
    ("<", "lt"),
    ("<=", "le"),
    ("lte", "le"),
    ("like", "co"),
    ("contains", "co"),
    ("startswith", "sw"),
    ("endswith", "ew"),
    ("present", "pr"),
    ("exists", "pr"),
    ("&&", "and"),
    ("&", "and"),
    (",", "and"),
    ("||", "or"),
    ("|", "or"),
];

/// Longer words are no misspelled operators: they are not repeated.
const LONGEST_WORD: usize = 16;

/// What looks like a quote and is none of JSON's.
pub(super) const QUOTES: [char; 4] = ['\'', '\u{2018}', '\u{201c}', '`'];

fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == lower).map(|(_, ours)| *ours);
    if let Some(ours) = foreign {
        return known.clone().find(|known| *known == ours);
    }
    // The keywords are two and three letters long, so every short word is within two edits of one of them.
    known.clone().find(|known| strsim::damerau_levenshtein(&lower, known) <= 1)
}

fn quoted(word: &str) -> String {
    if word.len() <= LONGEST_WORD { format!("'{word}'") } else { "this word".to_owned() }
}

/// The sentence for a word that stands where an operator should.
pub(super) fn unknown_operator(word: &str) -> String {
    let known = CompareOp::KEYWORDS.iter().copied().chain(["pr"]);
    let operator = quoted(word);
    match meant(word, known) {
        Some(meant) => format!("the operator {operator} is not supported; did you mean {meant}?"),
        None => format!("the operator {operator} is not supported; there are pr, {}", CompareOp::KEYWORDS.join(", ")),
    }
}

/// The sentence for a word that stands where only `and`, `or` or the end can.
pub(super) fn unknown_logical(word: &str, end: &str) -> String {
    match meant(word, ["and", "or"].into_iter()) {
        Some(meant) => format!("expected and, or, or {end}; did you mean {meant}?"),
        None => format!("expected and, or, or {end}"),
    }
}

/// The sentence for a word that stands where a literal should.
pub(super) fn no_literal(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    match ["true", "false", "null"].into_iter().find(|keyword| *keyword == lower) {
        Some(keyword) => format!("JSON literals are lower case: write {keyword}"),
        None if word.starts_with(QUOTES) => {
            "a string stands in straight double quotes, \"…\", not in other quotes".to_owned()
        }
        None => "text needs double quotes around it: \"…\"".to_owned(),
    }
}
