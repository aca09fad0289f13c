//! Text that is encrypted at rest: how it is told from other text. What is behind the mark, the engine knows.
//!
//! ```text
//! sealed := MARK digest ":" rest        ; digest: 32 hexadecimal digits, in lower case
//! ```

/// What sealed text begins with, and no other text does: nothing that a client sends.
pub const MARK: &str = "\u{1}sealed:";

/// Letters of a digest: the same for values that compare as equal.
pub const DIGEST: usize = 32;

/// Whether text is sealed.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The part of text that an index holds: of what is sealed, the mark and the digest alone.
pub fn comparable(text: &str) -> &str {
    if is_sealed(text) { text.get(..MARK.len() + DIGEST).unwrap_or(text) } else { text }
}
