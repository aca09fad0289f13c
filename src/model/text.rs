//! The one normaliser of strings: what filters, uniqueness and sort compare.
//!
//! caseExact strings are compared byte by byte. All others are case folded and brought to NFC. `userName` is prepared
//! by the PRECIS profile UsernameCaseMapped first (RFC 7643 section 4.1.1, RFC 8265), where that accepts the text.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;

/// The version of the normaliser. It changes whenever any text is normalised in another way, since what was
/// derived from normalised text is then stale.
pub const NORMALISER_VERSION: u32 = 1;

/// How the text of an attribute is prepared before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preparation {
    /// Not at all: caseExact.
    Exact,
    /// Case folded, NFC.
    Folded,
    /// PRECIS UsernameCaseMapped, or folded where that refuses the text.
    UserName,
}

impl Preparation {
    /// Prepares the text. ASCII text without capitals is not copied.
    ///
    /// ```
    /// use scimdb::model::Preparation;
    /// assert_eq!(Preparation::Folded.prepare("Straße"), "strasse");
    /// assert_eq!(Preparation::Exact.prepare("Straße"), "Straße");
    /// ```
    pub fn prepare(self, text: &str) -> Cow<'_, str> {
        match self {
            Preparation::Exact => Cow::Borrowed(text),
            _ if text.is_ascii() => lower_ascii(text),
            Preparation::Folded => Cow::Owned(fold(text)),
            Preparation::UserName => UsernameCaseMapped::enforce(text).unwrap_or_else(|_| Cow::Owned(fold(text))),
        }
    }
}

fn lower_ascii(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn fold(text: &str) -> String {
    let composed = ComposingNormalizer::new_nfc();
    let folded = CaseMapper::new().fold_string(text).into_owned();
    // Folding can undo composition, and what it makes can fold again only after it is composed.
    composed.normalize(&folded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_composes() {
        for (left, right) in [("É", "e\u{301}"), ("ΣΑΣ", "σας"), ("ﬁ", "FI"), ("Ǆ", "ǆ"), ("K", "k")] {
            assert_eq!(Preparation::Folded.prepare(left), Preparation::Folded.prepare(right), "{left} {right}");
        }
        assert!(matches!(Preparation::Folded.prepare("plain.ascii@x"), Cow::Borrowed(_)));
    }

    #[test]
    fn user_names_are_precis_where_it_accepts_them() {
        assert_eq!(Preparation::UserName.prepare("Ｊｕｌｉａ"), "julia");
        assert_eq!(Preparation::UserName.prepare("Größe"), "größe");
        // A space is not allowed in a PRECIS username: folded instead.
        assert_eq!(Preparation::UserName.prepare("Ana Größe"), "ana grösse");
    }

    #[test]
    fn preparing_twice_changes_nothing() {
        for text in ["É", "Σς", "İ", "ŉ", "ΐ", "ᾳ", "Ⅷ", "e\u{301}\u{323}"] {
            let once = Preparation::Folded.prepare(text).into_owned();
            assert_eq!(Preparation::Folded.prepare(&once), once, "{text}");
        }
    }
}
