//! How much work a request may cause: its own size says little about it. It must not know what an operation means.

use crate::filter::FilterExpr;
use crate::model::Value;
use crate::{Error, ErrorKind, Result};

/// Values that the operations of one request may look at or make, all in all: stops a request of a thousand operations,
/// each with a filter of hundreds of clauses over ten thousand values, which would keep every writer waiting for minutes.
/// A value counts once for each clause of a filter and for each operation on its attribute, and long ones count as
/// several.
pub const MAX_WORK: usize = 10_000_000;

/// Bytes of a value that count as one.
const UNIT: usize = 64;

/// What is left of [`MAX_WORK`]. The requests of a bulk request share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Budget(MAX_WORK)
    }
}

impl Budget {
    /// Takes the work that is about to be done.
    ///
    /// # Errors
    /// `TooMany` where less is left.
    pub(super) fn charge(&mut self, work: usize) -> Result<()> {
        let Some(left) = self.0.checked_sub(work) else {
            let detail = "the operations up to here have too many values to go through: send fewer in one request, \
                with shorter filters, or with the values to add in one list";
            return Err(Error::new(ErrorKind::TooMany, detail));
        };
        self.0 = left;
        Ok(())
    }
}

/// What it costs to look at a value or to copy it.
pub(super) fn weight(value: &Value) -> usize {
    1 + size(value) / UNIT
}

/// What it costs to look at each of some values.
pub(super) fn weights(values: &[Value]) -> usize {
    values.iter().map(weight).sum()
}

/// The clauses of a filter: each is evaluated for each value, in the worst case.
pub(super) fn clauses(filter: &FilterExpr) -> usize {
    match filter {
        FilterExpr::And(all) | FilterExpr::Or(all) => all.iter().map(clauses).sum(),
        FilterExpr::Not(inner) | FilterExpr::ValuePath { filter: inner, .. } => clauses(inner),
        _ => 1,
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::Any(json) => json.len(),
        Value::Complex(complex) => complex.iter().map(|(_, value)| size(value)).sum(),
        // Each value of a list is compared by itself.
        Value::Multi(values) => values.iter().map(|value| UNIT + size(value)).sum(),
        _ => 0,
    }
}
