//! Keys: big-endian numbers, so that they order as what they stand for. The tenant comes first in every one, and is
//! put there here.

use crate::model::{Instant, ValueRef};

/// A tenant's number: the first four bytes of its keys.
pub(in crate::engine) type TenantId = u32;

/// The pseudo-tenant that holds values which must be unique in the whole store.
pub(in crate::engine) const GLOBAL: TenantId = u32::MAX;

/// Where a resource is: its type's number and its row. Rows are unique in a tenant, and ordered as creation was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine) struct RowId {
    pub(in crate::engine) row: u64,
    pub(in crate::engine) kind: u16,
}

/// A key under construction.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Key(Vec<u8>);

impl Key {
    pub(in crate::engine) fn of(tenant: TenantId) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(&tenant.to_be_bytes());
        Key(bytes)
    }

    pub(in crate::engine) fn u8(mut self, number: u8) -> Self {
        self.0.push(number);
        self
    }

    pub(in crate::engine) fn u16(mut self, number: u16) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(in crate::engine) fn u32(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(in crate::engine) fn u64(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Bytes that end the key.
    pub(in crate::engine) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes that something follows: 0x00 becomes 0x00 0xFF, and 0x00 0x00 ends them. The order is kept.
    pub(in crate::engine) fn terminated(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0.push(*byte);
            if *byte == 0 {
                self.0.push(0xff);
            }
        }
        self.0.extend_from_slice(&[0, 0]);
        self
    }

    pub(in crate::engine) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// The end of the range of keys that begin with a prefix: the first key behind it, none if there is no such key.
pub(in crate::engine) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

pub(in crate::engine) fn resource(tenant: TenantId, at: RowId) -> Vec<u8> {
    Key::of(tenant).u16(at.kind).u64(at.row).done()
}

/// The tenant and the row in the key of a resource.
pub(in crate::engine) fn resource_place(key: &[u8]) -> Option<(TenantId, RowId)> {
    Some((u32::from_be_bytes(*key.first_chunk()?), resource_row(key)?))
}

/// The key of the index of a resource type.
pub(in crate::engine) fn index(tenant: TenantId, kind: u16) -> Vec<u8> {
    Key::of(tenant).u16(kind).done()
}

/// The row in the key of a resource.
pub(in crate::engine) fn resource_row(key: &[u8]) -> Option<RowId> {
    let kind = u16::from_be_bytes(*key.get(4..6)?.first_chunk()?);
    let row = u64::from_be_bytes(*key.get(6..14)?.first_chunk()?);
    Some(RowId { row, kind })
}

pub(in crate::engine) fn id(tenant: TenantId, id: &str) -> Vec<u8> {
    Key::of(tenant).bytes(id.as_bytes()).done()
}

pub(in crate::engine) fn external_id(tenant: TenantId, kind: u16, external_id: &str) -> Vec<u8> {
    Key::of(tenant).u16(kind).terminated(external_id.as_bytes()).done()
}

/// What the keys of deleted resources begin with that had an externalId. It stands there as a digest: nobody reads it out
/// of the store.
pub(in crate::engine) fn deleted(tenant: TenantId, kind: u16, external_id: &str) -> Vec<u8> {
    let key = Key::of(tenant).u16(kind);
    let mut hasher = blake3::Hasher::new_derive_key("scimdb: externalId of a deleted resource");
    hasher.update(&key.0);
    hasher.update(external_id.as_bytes());
    key.bytes(hasher.finalize().as_bytes()).done()
}

/// The sequence at the end of a key.
pub(in crate::engine) fn last_sequence(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |chunk| u64::from_be_bytes(*chunk))
}

pub(in crate::engine) fn edge(tenant: TenantId, from: u64, to: u64) -> Vec<u8> {
    Key::of(tenant).u64(from).u64(to).done()
}

/// The second row in the key of an edge.
pub(in crate::engine) fn edge_target(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.get(12..20)?.first_chunk()?))
}

/// What stands behind an `id` or an edge: where a resource is, and for edges its id.
pub(in crate::engine) fn location(at: RowId, id: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10 + id.len());
    bytes.extend_from_slice(&at.kind.to_be_bytes());
    bytes.extend_from_slice(&at.row.to_be_bytes());
    bytes.extend_from_slice(id.as_bytes());
    bytes
}

/// Reads what [`location`] wrote.
pub(in crate::engine) fn read_location(bytes: &[u8]) -> Option<(RowId, &str)> {
    let (kind, rest) = bytes.split_first_chunk()?;
    let (row, id) = rest.split_first_chunk()?;
    let at = RowId { kind: u16::from_be_bytes(*kind), row: u64::from_be_bytes(*row) };
    Some((at, std::str::from_utf8(id).ok()?))
}

/// The bytes of a simple value that order as values do. Text is expected to be prepared for comparison already.
pub(in crate::engine) fn ordered(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::String(text) => out.extend_from_slice(text.as_bytes()),
        ValueRef::Boolean(flag) => out.push(u8::from(flag)),
        ValueRef::Integer(number) => ordered_number(number as f64, number, out),
        ValueRef::Decimal(number) => ordered_number(number, nearest_integer(number), out),
        ValueRef::DateTime(_, instant) | ValueRef::Instant(instant) => ordered_instant(instant, out),
        ValueRef::Binary(bytes) => out.extend_from_slice(bytes),
        ValueRef::Any(_) | ValueRef::Complex(_) | ValueRef::Multi(_) => {}
    }
}

/// Whole and floating point numbers in one order: first as floating point numbers, then, where whole numbers are
/// closer together than those, as whole numbers.
fn ordered_number(number: f64, whole: i64, out: &mut Vec<u8>) {
    // Zero has two signs, and they are equal.
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let ordered = if bits >> 63 == 0 { bits | 1 << 63 } else { !bits };
    out.extend_from_slice(&ordered.to_be_bytes());
    out.extend_from_slice(&(whole.cast_unsigned() ^ 1 << 63).to_be_bytes());
}

/// The whole number nearest to a floating point number that may be larger than any.
fn nearest_integer(number: f64) -> i64 {
    number as i64
}

fn ordered_instant(instant: Instant, out: &mut Vec<u8>) {
    let (seconds, nanoseconds) = instant.to_unix();
    out.extend_from_slice(&(seconds.cast_unsigned() ^ 1 << 63).to_be_bytes());
    out.extend_from_slice(&nanoseconds.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Value;

    fn bytes(value: Value) -> Vec<u8> {
        let mut out = Vec::new();
        ordered((&value).into(), &mut out);
        out
    }

    proptest! {
        #[test]
        fn integers_order_as_keys(a: i64, b: i64) {
            prop_assert_eq!(bytes(Value::Integer(a)).cmp(&bytes(Value::Integer(b))), a.cmp(&b));
        }

        #[test]
        fn decimals_order_as_keys(a in -1e300..1e300f64, b in -1e300..1e300f64) {
            prop_assert_eq!(Some(bytes(Value::Decimal(a)).cmp(&bytes(Value::Decimal(b)))), a.partial_cmp(&b));
        }

        #[test]
        fn text_orders_as_keys(a: String, b: String) {
            prop_assert_eq!(bytes(Value::String(a.clone())).cmp(&bytes(Value::String(b.clone()))), a.cmp(&b));
        }

        #[test]
        fn terminated_bytes_keep_their_order(a: Vec<u8>, b: Vec<u8>, x: u64, y: u64) {
            let left = Key::of(1).terminated(&a).u64(x).done();
            let right = Key::of(1).terminated(&b).u64(y).done();
            prop_assert_eq!(left.cmp(&right), (a, x).cmp(&(b, y)));
        }

        #[test]
        fn instants_order_as_keys(a in -60_000_000_000i64..200_000_000_000, b in -60_000_000_000i64..200_000_000_000) {
            let instant = |s| Value::DateTime(Instant::from_unix(s, 5).unwrap().into());
            prop_assert_eq!(bytes(instant(a)).cmp(&bytes(instant(b))), a.cmp(&b));
        }

        #[test]
        fn the_end_of_a_prefix_is_behind_its_keys(prefix: Vec<u8>, rest: Vec<u8>) {
            let key = [prefix.clone(), rest].concat();
            if let Some(end) = after_prefix(&prefix) {
                prop_assert!(key < end);
                prop_assert!(prefix < end);
            }
        }
    }

    #[test]
    fn whole_and_floating_point_numbers_share_an_order() {
        assert!(bytes(Value::Decimal(1.5)) > bytes(Value::Integer(1)));
        assert_eq!(bytes(Value::Decimal(-0.0)), bytes(Value::Integer(0)));
        assert_eq!(bytes(Value::Decimal(7.0)), bytes(Value::Integer(7)));
    }
}
