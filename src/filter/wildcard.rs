//! What a text with wildcards asks for, where a dialect has them: `f*`, `*son`, `*mid*`, `a*z`, `*`.
//!
//! A backslash directly before a star makes it a character like any other, and a backslash before that one is a
//! backslash: `\*` is a star, `\\*` is a backslash and then any text. All other backslashes are themselves.

/// The values that a pattern of two parts lists by name at most: stops a pattern that repeats itself from growing.
const MAX_OVERLAPS: usize = 64;

/// What a text asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This text.
    Exact(String),
    /// Any text.
    Any,
    /// Text that begins so.
    Starts(String),
    /// Text that ends so.
    Ends(String),
    /// Text with this in it.
    Contains(String),
    /// Text that begins so and ends so, the two beside each other.
    Around(String, String),
}

impl Pattern {
    /// Reads a text; none for stars in other places than [`Pattern`] has.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut parts = parts(text).into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(text), None, ..) => Some(Pattern::Exact(text)),
            (Some(start), Some(end), None, _) => Some(match (start.is_empty(), end.is_empty()) {
                (true, true) => Pattern::Any,
                (false, true) => Pattern::Starts(start),
                (true, false) => Pattern::Ends(end),
                (false, false) => Pattern::Around(start, end),
            }),
            (Some(start), Some(middle), Some(end), None) if start.is_empty() && end.is_empty() => {
                Some(Pattern::Contains(middle))
            }
            _ => None,
        }
    }
}

/// The texts between the stars; those before the first and behind the last may be empty, others are not.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut backslashes = 0usize;
    for c in text.chars() {
        let Some(part) = parts.last_mut() else { break };
        if c == '*' {
            // Every second one of those before it is an escape.
            part.truncate(part.len() - backslashes.div_ceil(2));
            if backslashes % 2 == 1 {
                part.push(c);
            } else {
                parts.push(String::new());
            }
        } else {
            part.push(c);
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    let last = parts.len() - 1;
    let mut index = 0;
    parts.retain(|part| {
        index += 1;
        !part.is_empty() || index == 1 || index == last + 1
    });
    parts
}

/// The values that begin with one text and end with the other only because the two overlap in them: `aba` for `ab` and
/// `ba`. None for too many.
pub(super) fn overlaps(start: &str, end: &str) -> Option<Vec<String>> {
    let lengths = (1..=start.len().min(end.len())).filter(|length| {
        let shared = end.get(..*length);
        shared.is_some_and(|shared| start.ends_with(shared))
    });
    let values: Vec<String> =
        lengths.take(MAX_OVERLAPS + 1).filter_map(|length| Some(format!("{start}{}", end.get(length..)?))).collect();
    (values.len() <= MAX_OVERLAPS).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_in_few_places() {
        let text = str::to_owned;
        let table = [
            ("", Some(Pattern::Exact(text("")))),
            ("smith", Some(Pattern::Exact(text("smith")))),
            ("*", Some(Pattern::Any)),
            ("***", Some(Pattern::Any)),
            ("f*", Some(Pattern::Starts(text("f")))),
            ("f**", Some(Pattern::Starts(text("f")))),
            ("*f", Some(Pattern::Ends(text("f")))),
            ("*f*", Some(Pattern::Contains(text("f")))),
            ("a*b", Some(Pattern::Around(text("a"), text("b")))),
            ("a**b", Some(Pattern::Around(text("a"), text("b")))),
            (r"a\*b", Some(Pattern::Exact(text("a*b")))),
            (r"a\\*", Some(Pattern::Starts(text(r"a\")))),
            (r"a\\\*", Some(Pattern::Exact(text(r"a\*")))),
            (r"\\server\share", Some(Pattern::Exact(text(r"\\server\share")))),
            (r"\**\*", Some(Pattern::Around(text("*"), text("*")))),
            ("é*é", Some(Pattern::Around(text("é"), text("é")))),
            ("*a*b", None),
            ("a*b*", None),
            ("a*b*c", None),
        ];
        for (pattern, expected) in table {
            assert_eq!(Pattern::of(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn overlaps_are_what_is_too_short() {
        for (start, end, expected) in [
            ("ab", "ba", vec!["aba"]),
            ("a", "b", vec![]),
            ("aa", "aa", vec!["aaa", "aa"]),
            ("abc", "c", vec!["abc"]),
            ("é", "é", vec!["é"]),
        ] {
            assert_eq!(overlaps(start, end).unwrap(), expected, "{start}*{end}");
        }
        assert_eq!(overlaps(&"a".repeat(65), &"a".repeat(65)), None);
        // Against the definition, for every text of up to five letters.
        let texts = |length: u32| {
            (0..2u32.pow(length))
                .map(move |bits| (0..length).map(|at| if bits >> at & 1 == 1 { 'a' } else { 'b' }).collect::<String>())
        };
        for (start, end) in
            (1..4).flat_map(texts).flat_map(|start| (1..4).flat_map(texts).map(move |end| (start.clone(), end)))
        {
            let short = overlaps(&start, &end).unwrap();
            for value in (0..6).flat_map(texts) {
                let both = value.starts_with(&start) && value.ends_with(&end);
                assert_eq!(
                    both && !short.contains(&value),
                    both && value.len() >= start.len() + end.len(),
                    "{start}*{end} {value}"
                );
            }
        }
    }
}
