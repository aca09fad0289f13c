//! Attributes and their characteristics, as RFC 7643 sections 2 and 7 define them. Plain data, nothing derived.

/// Defines an enum whose variants are keywords of RFC 7643 section 7.
macro_rules! keywords {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every keyword, as RFC 7643 section 7 spells them.
            pub const KEYWORDS: &[&str] = &[$($word,)*];

            /// The keyword, as RFC 7643 section 7 spells it.
            pub const fn keyword(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Reads the keyword; letter case does not matter.
            pub fn from_keyword(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) { return Some($name::$variant); })*
                None
            }
        }
    };
}

keywords! {
    /// The data type of an attribute (RFC 7643 section 2.3).
    AttributeType {
        /// Unicode text.
        String "string",
        /// `true` or `false`.
        Boolean "boolean",
        /// A 64-bit floating point number.
        Decimal "decimal",
        /// A signed 64-bit whole number.
        Integer "integer",
        /// An RFC 3339 instant.
        DateTime "dateTime",
        /// Bytes, base64 in JSON.
        Binary "binary",
        /// A URI or a relative reference.
        Reference "reference",
        /// Sub-attributes.
        Complex "complex",
        /// Any JSON value. Not of the RFC: only [schemas that go beyond it](super::Registry::build_with) have it.
        Any "any",
    }
}

keywords! {
    /// Who may set an attribute, and when (RFC 7643 section 7).
    Mutability {
        /// Set by the service provider; ignored on input.
        ReadOnly "readOnly",
        /// Set and changed by clients.
        ReadWrite "readWrite",
        /// Set by clients once.
        Immutable "immutable",
        /// Set by clients, never told.
        WriteOnly "writeOnly",
    }
}

keywords! {
    /// When an attribute is part of an answer (RFC 7643 section 7).
    Returned {
        /// In every answer, asked for or not.
        Always "always",
        /// In no answer.
        Never "never",
        /// Unless excluded, or unless others are asked for.
        Default "default",
        /// Only when asked for.
        Request "request",
    }
}

keywords! {
    /// How far a value must be the only one (RFC 7643 section 7).
    Uniqueness {
        /// Values may repeat.
        None "none",
        /// Once in a tenant.
        Server "server",
        /// Once in the whole store.
        Global "global",
    }
}

/// An attribute, with its characteristics (RFC 7643 section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name, as the schema spells it.
    pub name: String,
    /// The data type.
    pub attribute_type: AttributeType,
    /// Whether it holds several values.
    pub multi_valued: bool,
    /// For people.
    pub description: String,
    /// Whether a resource must have a value.
    pub required: bool,
    /// Suggested values: hints, not constraints.
    pub canonical_values: Vec<String>,
    /// Whether letter case matters in comparison, uniqueness and sort.
    pub case_exact: bool,
    /// Who may set it.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// How far a value must be the only one.
    pub uniqueness: Uniqueness,
    /// What a reference may point at: resource type names, `external`, `uri`.
    pub reference_types: Vec<String>,
    /// The sub-attributes of a complex attribute. Only in [schemas that go beyond the RFC](super::Registry::build_with)
    /// are they complex themselves.
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// A single-valued attribute with the default characteristics of RFC 7643 section 2.2.
    pub fn new(name: impl Into<String>, attribute_type: AttributeType) -> Self {
        Attribute {
            name: name.into(),
            attribute_type,
            multi_valued: false,
            description: String::new(),
            required: false,
            canonical_values: Vec::new(),
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }
}
