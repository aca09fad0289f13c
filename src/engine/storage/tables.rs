//! Every table of the store, and nowhere else. `docs/FORMAT.md` tells what is in them, byte for byte.

use redb::TableDefinition;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// A table: an ordered map from bytes to bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(in crate::engine) enum Table { $($(#[$doc])* $name,)* }

        impl Table {
            /// Every table, in the order of the enum.
            pub(in crate::engine) const ALL: &[Table] = &[$(Table::$name,)*];

            /// The name in the file.
            pub(in crate::engine) const fn name(self) -> &'static str {
                match self { $(Table::$name => $text,)* }
            }
        }
    };
}

tables! {
    /// Store-wide: format version, last sequence, next tenant, the key of cursors.
    Meta "meta",
    /// Tenant → its record.
    Tenants "tenants",
    /// Tenant, kind, index → schema or resource type document.
    Documents "documents",
    /// Tenant, attribute number → the attribute's key.
    Numbers "numbers",
    /// Tenant, type, row → stored resource.
    Resources "resources",
    /// Tenant, id → type, row.
    Ids "ids",
    /// Tenant, attribute, value → type, row, id.
    Unique "unique",
    /// Tenant, type, externalId, row → id.
    ExternalIds "external_ids",
    /// Tenant, group's row, member's row → member's type, id.
    Members "members",
    /// Tenant, member's row, group's row → group's type, id.
    MemberOf "member_of",
    /// Tenant, sequence → change.
    Changes "changes",
    /// Tenant, name → token.
    Tokens "tokens",
    /// Digest of a secret → tenant, name of the token.
    Secrets "secrets",
    /// Tenant, counter → number.
    Counters "counters",
    /// Tenant, type → what of its index is on disk.
    Indexes "indexes",
    /// Tenant, type, digest of an externalId, sequence → row, id of a deleted resource that had it.
    Deleted "deleted",
    /// Tenant, sequence → an erasure that is under way.
    Forgetting "forgetting",
    /// Tenant, what it is, number or correlation id → the record of a queued import, or how to find one.
    Jobs "jobs",
    /// Tenant, upload, chunk → users of a queued import.
    JobRows "job_rows",
}

impl Table {
    /// The definition for the storage engine.
    pub(super) const fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.name())
    }
}
