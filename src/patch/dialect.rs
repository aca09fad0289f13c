//! What identity providers send that the RFC does not allow: each deviation is one flag here and one function elsewhere.
//!
//! `docs/DIALECTS.md` lists them with an example each. It must not know what a deviation does.

use crate::model::BindOptions;

/// The deviations from RFC 7643 and RFC 7644 that a tenant tolerates.
///
/// ```
/// use scimdb::patch::Dialect;
/// assert_eq!(Dialect::from_name("Entra"), Some(&Dialect::ENTRA));
/// assert!(!Dialect::STRICT.remove_listed_values);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// `strict`, `entra`, `okta`, `activid`, `absorb`, `activtrak`.
    pub name: &'static str,
    /// How forgiving binding of values is, in every verb.
    pub bind: BindOptions,
    /// A single value may come wrapped: `[{"$ref": null, "value": "x"}]`.
    pub wrapped_values: bool,
    /// The keys of a value without `path` may be paths: `name.givenName`, `emails[type eq "work"].value`.
    pub paths_as_keys: bool,
    /// add and replace on a value path that matches nothing make the value from the filter's eq terms.
    pub create_missing_values: bool,
    /// remove of a multi-valued attribute with a `value` removes the values that are listed.
    pub remove_listed_values: bool,
    /// remove of a value path that matches nothing changes nothing.
    pub remove_missing_values: bool,
    /// readOnly attributes in a value without `path` are ignored, the resource's own `id` among them.
    pub ignore_read_only: bool,
    /// Members may be bare ids: `["2819c223"]`.
    pub bare_member_ids: bool,
    /// `tags[value eq null].value` of a multi-valued attribute that is not complex means all of it.
    pub null_value_paths: bool,
    /// An operation whose path names a readOnly attribute changes nothing.
    pub ignore_read_only_paths: bool,
    /// `schemas` may be left out of a PATCH request.
    pub patch_without_schemas: bool,
}

impl Dialect {
    /// RFC 7644 to the letter: the default.
    pub const STRICT: Dialect = Dialect {
        name: "strict",
        bind: BindOptions {
            coerce_scalars: false,
            bare_values: false,
            ignore_unknown: false,
            lenient_schemas: false,
            bare_extension_names: false,
            dotted_extension_keys: false,
            unquoted_literals: false,
            wildcards: false,
            boxed_values: false,
            trusted: false,
        },
        wrapped_values: false,
        paths_as_keys: false,
        create_missing_values: false,
        remove_listed_values: false,
        remove_missing_values: false,
        ignore_read_only: false,
        bare_member_ids: false,
        null_value_paths: false,
        ignore_read_only_paths: false,
        patch_without_schemas: false,
    };

    /// What the provisioning service of Microsoft Entra ID sends, with and without its `aadOptscim062020` flag.
    pub const ENTRA: Dialect = Dialect {
        name: "entra",
        bind: BindOptions {
            coerce_scalars: true,
            bare_values: true,
            ignore_unknown: true,
            lenient_schemas: true,
            bare_extension_names: true,
            dotted_extension_keys: false,
            unquoted_literals: false,
            wildcards: false,
            boxed_values: false,
            trusted: false,
        },
        wrapped_values: true,
        paths_as_keys: true,
        create_missing_values: true,
        remove_listed_values: true,
        remove_missing_values: true,
        ignore_read_only: true,
        bare_member_ids: true,
        null_value_paths: true,
        ignore_read_only_paths: false,
        patch_without_schemas: false,
    };

    /// What Okta's lifecycle management and group push send.
    pub const OKTA: Dialect = Dialect {
        name: "okta",
        bind: BindOptions {
            coerce_scalars: true,
            bare_values: true,
            ignore_unknown: true,
            lenient_schemas: true,
            bare_extension_names: false,
            dotted_extension_keys: false,
            unquoted_literals: false,
            wildcards: false,
            boxed_values: false,
            trusted: false,
        },
        wrapped_values: false,
        paths_as_keys: true,
        create_missing_values: true,
        remove_listed_values: true,
        remove_missing_values: true,
        ignore_read_only: true,
        bare_member_ids: true,
        null_value_paths: false,
        ignore_read_only_paths: false,
        patch_without_schemas: false,
    };

    /// What ActivID Appliance documents: filters without quotes and with wildcards, bodies without `schemas`.
    pub const ACTIVID: Dialect = Dialect {
        name: "activid",
        bind: BindOptions { unquoted_literals: true, wildcards: true, ..Dialect::ENTRA.bind },
        ignore_read_only_paths: true,
        patch_without_schemas: true,
        ..Dialect::ENTRA
    };

    /// What Absorb documents: nothing beyond the RFC but bodies without `schemas`.
    pub const ABSORB: Dialect = Dialect {
        name: "absorb",
        bind: BindOptions { lenient_schemas: true, ..Dialect::STRICT.bind },
        ..Dialect::STRICT
    };

    /// What ActivTrak documents, and what Entra ID sends to it: flat keys with a dot behind the URN.
    pub const ACTIVTRAK: Dialect = Dialect {
        name: "activtrak",
        bind: BindOptions { dotted_extension_keys: true, boxed_values: true, ..Dialect::ENTRA.bind },
        ignore_read_only_paths: true,
        ..Dialect::ENTRA
    };

    /// Every dialect, the default first.
    pub const ALL: &[Dialect] =
        &[Dialect::STRICT, Dialect::ENTRA, Dialect::OKTA, Dialect::ACTIVID, Dialect::ABSORB, Dialect::ACTIVTRAK];

    /// The dialect of a name; letter case does not matter.
    pub fn from_name(name: &str) -> Option<&'static Dialect> {
        Dialect::ALL.iter().find(|dialect| dialect.name.eq_ignore_ascii_case(name))
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect::STRICT
    }
}
