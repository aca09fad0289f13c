//! The stored form of a resource: compact bytes that filters and sort read in place.
//!
//! ```text
//! resource := 0x01 version:u64 created:instant lastModified:instant id:text entry*
//! entry    := attribute:varint value                ; in the order of attribute numbers
//! value    := 0x00 | 0x01                           ; false, true
//!           | 0x02 zigzag:varint                    ; integer
//!           | 0x03 f64                              ; decimal
//!           | 0x04 text                             ; string, reference
//!           | 0x05 instant text                     ; dateTime: what it means, as it was written
//!           | 0x06 length:varint byte*              ; binary
//!           | 0x07 length:varint entry*             ; complex
//!           | 0x08 length:varint value*             ; multi-valued
//!           | 0x09 text                             ; any JSON value
//! instant  := seconds:i64 nanoseconds:u32
//! text     := length:varint byte*                   ; UTF-8
//! ```
//! Fixed-width numbers are little-endian; a varint is LEB128. `schemas`, `meta` and derived attributes are not stored.

use super::{AttributeId, Complex, ComplexRef, Instant, MultiRef, Resource, ResourceView, TypeModel, Value, ValueRef};
use crate::{Error, ErrorKind, Result};

/// The first byte of every stored resource: the version of this form.
pub const STORED_VERSION: u8 = 1;

/// The stored bytes of a resource.
pub fn encode(resource: &Resource) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.push(STORED_VERSION);
    out.extend_from_slice(&resource.version.to_le_bytes());
    put_instant(&mut out, resource.created);
    put_instant(&mut out, resource.last_modified);
    put_text(&mut out, &resource.id);
    put_entries(&mut out, &resource.attributes);
    out
}

/// The stored bytes of a set of attributes: what stands behind a resource's header.
fn put_entries(out: &mut Vec<u8>, complex: &Complex) {
    for (id, value) in complex.iter() {
        put_varint(out, u64::from(id.0));
        put_value(out, value);
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Boolean(flag) => out.push(u8::from(*flag)),
        Value::Integer(number) => {
            out.push(2);
            put_varint(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
        }
        Value::Decimal(number) => {
            out.push(3);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::String(text) => {
            out.push(4);
            put_text(out, text);
        }
        Value::DateTime(time) => {
            out.push(5);
            put_instant(out, time.instant);
            put_text(out, &time.text);
        }
        Value::Binary(bytes) => {
            out.push(6);
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        Value::Any(json) => {
            out.push(9);
            put_text(out, json);
        }
        Value::Complex(complex) => put_block(out, 7, |out| put_entries(out, complex)),
        Value::Multi(values) => put_block(out, 8, |out| values.iter().for_each(|value| put_value(out, value))),
    }
}

/// Writes a block behind its length, which is known only afterwards.
fn put_block(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let start = out.len();
    fill(out);
    let end = out.len();
    put_varint(out, (end - start) as u64);
    let length_bytes = out.len() - end;
    if let Some(block) = out.get_mut(start..) {
        block.rotate_right(length_bytes);
    }
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_instant(out: &mut Vec<u8>, instant: Instant) {
    let (seconds, nanoseconds) = instant.to_unix();
    out.extend_from_slice(&seconds.to_le_bytes());
    out.extend_from_slice(&nanoseconds.to_le_bytes());
}

/// Reads the header of a stored resource; its attributes are read when asked for.
///
/// # Errors
/// `Corrupt` when the bytes are no stored resource.
pub fn view<'a>(bytes: &'a [u8], model: &'a TypeModel) -> Result<ResourceView<'a>> {
    let header = || -> Option<ResourceView<'a>> {
        let mut rest = bytes;
        if take(&mut rest, 1)? != [STORED_VERSION] {
            return None;
        }
        let version = u64::from_le_bytes(*take(&mut rest, 8)?.first_chunk()?);
        let created = take_instant(&mut rest)?;
        let last_modified = take_instant(&mut rest)?;
        let id = take_text(&mut rest)?;
        let attributes = ComplexRef::Stored(StoredEntries(rest));
        Some(ResourceView { model, id, version, created, last_modified, attributes, derived: None })
    };
    header().ok_or_else(|| Error::new(ErrorKind::Corrupt, "a stored resource cannot be read; run `scimdb check`"))
}

/// Decodes a stored resource whole, and checks every byte of it.
///
/// # Errors
/// `Corrupt` when the bytes are no stored resource.
pub fn decode(bytes: &[u8], model: &TypeModel) -> Result<Resource> {
    let view = view(bytes, model)?;
    let attributes = view.attributes.to_complex();
    let resource = Resource {
        id: view.id.to_owned(),
        version: view.version,
        created: view.created,
        last_modified: view.last_modified,
        attributes,
    };
    // The form is canonical, so a resource whose bytes are sound encodes to the same bytes again.
    if encode(&resource) != bytes {
        return Err(Error::new(ErrorKind::Corrupt, format!("the stored resource {} is damaged", resource.id)));
    }
    Ok(resource)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

#[inline]
fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let (&first, tail) = rest.split_first()?;
    if first < 0x80 {
        *rest = tail;
        return Some(u64::from(first));
    }
    let mut number = 0u64;
    for (index, byte) in rest.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            *rest = rest.get(index + 1..)?;
            return Some(number);
        }
    }
    None
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(rest)?).ok()?;
    take(rest, length)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(take_block(rest)?).ok()
}

fn take_instant(rest: &mut &[u8]) -> Option<Instant> {
    let seconds = i64::from_le_bytes(*take(rest, 8)?.first_chunk()?);
    let nanoseconds = u32::from_le_bytes(*take(rest, 4)?.first_chunk()?);
    Instant::from_unix(seconds, nanoseconds)
}

fn take_value<'a>(rest: &mut &'a [u8]) -> Option<ValueRef<'a>> {
    let (&tag, tail) = rest.split_first()?;
    *rest = tail;
    Some(match tag {
        0 => ValueRef::Boolean(false),
        1 => ValueRef::Boolean(true),
        2 => {
            let number = take_varint(rest)?;
            ValueRef::Integer((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
        }
        3 => ValueRef::Decimal(f64::from_le_bytes(*take(rest, 8)?.first_chunk()?)),
        4 => ValueRef::String(take_text(rest)?),
        5 => {
            let instant = take_instant(rest)?;
            ValueRef::DateTime(take_text(rest)?, instant)
        }
        6 => ValueRef::Binary(take_block(rest)?),
        7 => ValueRef::Complex(ComplexRef::Stored(StoredEntries(take_block(rest)?))),
        8 => ValueRef::Multi(MultiRef::Stored(StoredValues(take_block(rest)?))),
        9 => ValueRef::Any(take_text(rest)?),
        _ => return None,
    })
}

/// Steps over a value without looking into it.
#[inline]
fn skip_value(rest: &mut &[u8]) -> Option<()> {
    let (&tag, tail) = rest.split_first()?;
    *rest = tail;
    match tag {
        0 | 1 => {}
        2 => drop(take_varint(rest)?),
        3 => drop(take(rest, 8)?),
        5 => {
            take(rest, 12)?;
            take_block(rest)?;
        }
        4 | 6 | 7 | 8 | 9 => drop(take_block(rest)?),
        _ => return None,
    }
    Some(())
}

/// Stored attributes with their values. Damaged bytes end it early: [`decode`] tells.
#[derive(Clone, Copy, Debug)]
pub struct StoredEntries<'a>(&'a [u8]);

impl<'a> StoredEntries<'a> {
    /// The value of an attribute, found by stepping over those before it.
    pub fn get(self, id: AttributeId) -> Option<ValueRef<'a>> {
        let mut rest = self.0;
        while let Some(number) = take_varint(&mut rest) {
            match number.cmp(&u64::from(id.0)) {
                std::cmp::Ordering::Less => skip_value(&mut rest)?,
                std::cmp::Ordering::Equal => return take_value(&mut rest),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }
}

impl<'a> Iterator for StoredEntries<'a> {
    type Item = (AttributeId, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let id = u32::try_from(take_varint(&mut self.0)?).ok()?;
        Some((AttributeId(id), take_value(&mut self.0)?))
    }
}

/// Stored values of a multi-valued attribute. Damaged bytes end it early: [`decode`] tells.
#[derive(Clone, Copy, Debug)]
pub struct StoredValues<'a>(&'a [u8]);

impl<'a> Iterator for StoredValues<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        if self.0.is_empty() { None } else { take_value(&mut self.0) }
    }
}
