//! Comparison of text: the attribute's value as it is stored, the operand prepared once when the filter was bound.
//!
//! ASCII values, which nearly all are, are compared in place; others are prepared first, which allocates.

use memchr::{memchr2_iter, memmem};

use super::CompareOp;
use crate::model::Preparation;

/// The longest operand that is searched for in place, which takes time in proportion to its length times the value's:
/// stops a long operand and a long value, both of one repeated letter, from making a search quadratic.
const LONGEST_IN_PLACE: usize = 64;

/// Whether the value compares so with the prepared operand.
#[inline]
pub(super) fn matches(value: &str, op: CompareOp, operand: &str, preparation: Preparation) -> bool {
    match preparation {
        Preparation::Exact => prepared(value.as_bytes(), op, operand.as_bytes()),
        _ if value.is_ascii() => ascii(value.as_bytes(), op, operand.as_bytes()),
        _ => prepared(preparation.prepare(value).as_bytes(), op, operand.as_bytes()),
    }
}

/// Compares prepared texts: UTF-8 orders its bytes as it orders its code points.
fn prepared(value: &[u8], op: CompareOp, operand: &[u8]) -> bool {
    match op {
        CompareOp::Eq => value == operand,
        CompareOp::Ne => value != operand,
        CompareOp::Co => memmem::find(value, operand).is_some(),
        CompareOp::Sw => value.starts_with(operand),
        CompareOp::Ew => value.ends_with(operand),
        CompareOp::Gt => value > operand,
        CompareOp::Ge => value >= operand,
        CompareOp::Lt => value < operand,
        CompareOp::Le => value <= operand,
    }
}

/// Compares an ASCII value as if it were in lower case; the operand is, being prepared.
fn ascii(value: &[u8], op: CompareOp, operand: &[u8]) -> bool {
    let order = || value.iter().map(u8::to_ascii_lowercase).cmp(operand.iter().copied());
    match op {
        CompareOp::Eq => value.eq_ignore_ascii_case(operand),
        CompareOp::Ne => !value.eq_ignore_ascii_case(operand),
        CompareOp::Co => contains(value, operand),
        CompareOp::Sw => value.get(..operand.len()).is_some_and(|head| head.eq_ignore_ascii_case(operand)),
        CompareOp::Ew => {
            let start = value.len().checked_sub(operand.len());
            start.and_then(|start| value.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(operand))
        }
        CompareOp::Gt => order().is_gt(),
        CompareOp::Ge => order().is_ge(),
        CompareOp::Lt => order().is_lt(),
        CompareOp::Le => order().is_le(),
    }
}

fn contains(value: &[u8], operand: &[u8]) -> bool {
    let Some((&first, rest)) = operand.split_first() else { return true };
    if operand.len() > LONGEST_IN_PLACE {
        return memmem::find(&value.to_ascii_lowercase(), operand).is_some();
    }
    let Some(last_start) = value.len().checked_sub(operand.len()) else { return false };
    let starts = value.get(..=last_start).unwrap_or_default();
    memchr2_iter(first, first.to_ascii_uppercase(), starts)
        .any(|start| value.get(start + 1..start + operand.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATORS: [CompareOp; 9] = [
        CompareOp::Eq,
        CompareOp::Ne,
        CompareOp::Co,
        CompareOp::Sw,
        CompareOp::Ew,
        CompareOp::Gt,
        CompareOp::Ge,
        CompareOp::Lt,
        CompareOp::Le,
    ];

    #[test]
    fn in_place_and_prepared_comparison_agree() {
        let long = "a".repeat(LONGEST_IN_PLACE + 1);
        let texts =
            ["", "a", "B", "ab", "Abab", "aB@example.COM", "[", "_", "zz", "É", "straße", "STRASSE", "ABA", &long];
        for value in texts {
            for operand in texts {
                for preparation in [Preparation::Folded, Preparation::UserName, Preparation::Exact] {
                    let operand = preparation.prepare(operand);
                    let slow = preparation.prepare(value);
                    for op in OPERATORS {
                        assert_eq!(
                            matches(value, op, &operand, preparation),
                            prepared(slow.as_bytes(), op, operand.as_bytes()),
                            "{value} {op:?} {operand} {preparation:?}"
                        );
                    }
                }
            }
        }
    }
}
