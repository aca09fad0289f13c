//! Which operators a filter may compare an attribute with. It must not know what they mean.

use std::fmt;
use std::ops::BitOr;

/// A set of the operators of RFC 7644 table 3.
///
/// ```
/// use scimdb::model::Operators;
/// let set = Operators::from_keyword("eq").unwrap() | Operators::PR | Operators::SW;
/// assert!(set.contains(Operators::PR) && !set.contains(Operators::NE));
/// assert_eq!(set.to_string(), "eq, sw and pr");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Operators(u16);

macro_rules! operators {
    ($($name:ident $word:literal $bit:literal,)*) => {
        impl Operators {
            $(#[doc = concat!("`", $word, "`")] pub const $name: Operators = Operators(1 << $bit);)*

            /// Every operator with its keyword, in the order of RFC 7644 table 3.
            pub const KEYWORDS: &[(&str, Operators)] = &[$(($word, Operators::$name),)*];
        }
    };
}

operators! {
    EQ "eq" 0,
    NE "ne" 1,
    CO "co" 2,
    SW "sw" 3,
    EW "ew" 4,
    GT "gt" 5,
    GE "ge" 6,
    LT "lt" 7,
    LE "le" 8,
    PR "pr" 9,
}

impl Operators {
    /// Reads one operator; letter case does not matter.
    pub fn from_keyword(word: &str) -> Option<Self> {
        Self::KEYWORDS.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(word)).map(|(_, operator)| *operator)
    }

    /// Whether all of the other set are in it.
    pub const fn contains(self, other: Operators) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Operators {
    type Output = Operators;

    fn bitor(self, other: Operators) -> Operators {
        Operators(self.0 | other.0)
    }
}

/// As a sentence names them: `eq, sw and pr`.
impl fmt::Display for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> =
            Self::KEYWORDS.iter().filter(|(_, operator)| self.contains(*operator)).map(|(word, _)| *word).collect();
        match words.split_last() {
            None => f.write_str("nothing"),
            Some((last, [])) => f.write_str(last),
            Some((last, first)) => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}
