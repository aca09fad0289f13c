//! Literals of the attribute's type: which literals and operators a type takes, and how its values compare with them.
//! It knows no paths and no resources.

use std::cmp::Ordering;

use super::{CompareOp, Literal, text};
use crate::model::any::{AnyScalar, scalar};
use crate::model::bind::{coerce, decode_base64};
use crate::model::{AttributeType, BindOptions, Definition, Instant, Preparation, Value, ValueRef, sealed};

/// A literal of the attribute's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Text, prepared as the attribute's values are.
    Text(String, Preparation),
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number; finite.
    Decimal(f64),
    /// An instant.
    Instant(Instant),
    /// Bytes.
    Binary(Vec<u8>),
}

/// Why an operator or a literal does not fit an attribute.
pub(super) enum Misfit {
    /// The type lacks the operator: a sentence.
    Operator(String),
    /// The literal is of another type: a sentence.
    Literal(String),
}

impl Operand {
    /// Types a literal that is not null (RFC 7644 table 3). Whether it fits depends on the schema alone, never on data.
    pub(super) fn of(
        definition: &Definition,
        op: CompareOp,
        literal: &Literal,
        options: BindOptions,
    ) -> Result<Operand, Misfit> {
        let kind = definition.attribute.attribute_type;
        let is_scalar = match kind {
            AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal => true,
            // It may be a number, or text: what is written as a number is one.
            AttributeType::Any => !is_textual(op),
            _ => false,
        };
        let unquoted;
        let literal = match literal {
            // `externalId eq 1000`: without quotes, only the attribute tells text from numbers.
            number if options.unquoted_literals && !is_scalar => {
                unquoted = number.unquoted().map_or(Literal::Null, Literal::String);
                &unquoted
            }
            literal => literal,
        };
        let coerced = match literal {
            Literal::String(text) if options.coerce_scalars || options.unquoted_literals => coerced(kind, text),
            _ => None,
        };
        match kind {
            AttributeType::String | AttributeType::Reference => match literal {
                Literal::String(text) if sealed::is_sealed(text) => {
                    let detail = "begins with a control character that the store keeps for itself";
                    Err(Misfit::Literal(format!("the literal {detail}")))
                }
                Literal::String(text) => {
                    let preparation = definition.preparation;
                    Ok(Operand::Text(preparation.prepare(text).into_owned(), preparation))
                }
                _ => Err(wrong_literal(definition, "a string in double quotes")),
            },
            AttributeType::Boolean => {
                only(definition, op, is_equality, "eq, ne and pr")?;
                match (literal, coerced) {
                    (Literal::Boolean(flag), _) => Ok(Operand::Boolean(*flag)),
                    (_, Some(operand)) => Ok(operand),
                    _ => Err(wrong_literal(definition, "true or false, without quotes")),
                }
            }
            AttributeType::Integer | AttributeType::Decimal => {
                only(definition, op, |op| !is_textual(op), "eq, ne, gt, ge, lt, le and pr")?;
                match (literal, coerced) {
                    (Literal::Integer(number), _) => Ok(Operand::Integer(*number)),
                    (Literal::Decimal(number), _) => Ok(Operand::Decimal(*number)),
                    (_, Some(operand)) => Ok(operand),
                    _ => Err(wrong_literal(definition, "a number, without quotes")),
                }
            }
            AttributeType::DateTime => {
                only(definition, op, |op| !is_textual(op), "eq, ne, gt, ge, lt, le and pr")?;
                let instant = match literal {
                    Literal::String(text) => Instant::parse(text),
                    _ => None,
                };
                instant.map(Operand::Instant).ok_or_else(|| {
                    wrong_literal(definition, "a dateTime in double quotes such as \"2011-05-13T04:42:34Z\"")
                })
            }
            AttributeType::Binary => {
                only(definition, op, is_equality, "eq, ne and pr")?;
                let bytes = match literal {
                    Literal::String(text) => decode_base64(text),
                    _ => None,
                };
                bytes.map(Operand::Binary).ok_or_else(|| wrong_literal(definition, "base64 in double quotes"))
            }
            AttributeType::Any => {
                only(definition, op, |op| is_equality(op) || is_textual(op), "eq, ne, co, sw, ew and pr")?;
                match literal {
                    Literal::String(text) => Ok(Operand::Text(text.clone(), Preparation::Exact)),
                    _ if is_textual(op) => Err(wrong_literal(definition, "a string in double quotes")),
                    Literal::Boolean(flag) => Ok(Operand::Boolean(*flag)),
                    Literal::Integer(number) => Ok(Operand::Integer(*number)),
                    Literal::Decimal(number) => Ok(Operand::Decimal(*number)),
                    Literal::Null => Err(wrong_literal(definition, "a string, a number, true or false")),
                }
            }
            AttributeType::Complex => Err(Misfit::Operator(format!("{} is complex and has only pr", definition.path))),
        }
    }

    /// Whether a value that is not multi-valued compares so. A value of another type, as a changed schema may leave
    /// behind, differs and has no order.
    pub(super) fn compare(&self, value: ValueRef<'_>, op: CompareOp) -> bool {
        match (self, value) {
            (Operand::Text(operand, preparation), ValueRef::String(text)) => {
                text::matches(text, op, operand, *preparation)
            }
            (Operand::Boolean(operand), ValueRef::Boolean(flag)) => holds(op, flag.cmp(operand)),
            (Operand::Integer(operand), ValueRef::Integer(number)) => holds(op, number.cmp(operand)),
            (Operand::Integer(operand), ValueRef::Decimal(number)) => holds(op, order(*operand, number).reverse()),
            (Operand::Decimal(operand), ValueRef::Integer(number)) => holds(op, order(number, *operand)),
            (Operand::Decimal(operand), ValueRef::Decimal(number)) => {
                number.partial_cmp(operand).map_or(op == CompareOp::Ne, |order| holds(op, order))
            }
            (Operand::Instant(operand), ValueRef::DateTime(_, instant) | ValueRef::Instant(instant)) => {
                holds(op, instant.cmp(operand))
            }
            (_, ValueRef::Any(json)) => match scalar(json) {
                Some(AnyScalar::Boolean(flag)) => self.compare(ValueRef::Boolean(flag), op),
                Some(AnyScalar::Integer(number)) => self.compare(ValueRef::Integer(number), op),
                Some(AnyScalar::Decimal(number)) => self.compare(ValueRef::Decimal(number), op),
                Some(AnyScalar::String(text)) => self.compare(ValueRef::String(&text), op),
                None => op == CompareOp::Ne,
            },
            (Operand::Binary(operand), ValueRef::Binary(bytes)) => holds(op, bytes.cmp(operand.as_slice())),
            _ => op == CompareOp::Ne,
        }
    }
}

fn coerced(kind: AttributeType, text: &str) -> Option<Operand> {
    // A whole-number attribute may be compared with a fraction, in quotes as without.
    let value = coerce(kind, text).or_else(|| match kind {
        AttributeType::Integer => coerce(AttributeType::Decimal, text),
        _ => None,
    })?;
    match value {
        Value::Boolean(flag) => Some(Operand::Boolean(flag)),
        Value::Integer(number) => Some(Operand::Integer(number)),
        Value::Decimal(number) => Some(Operand::Decimal(number)),
        _ => None,
    }
}

fn is_equality(op: CompareOp) -> bool {
    matches!(op, CompareOp::Eq | CompareOp::Ne)
}

fn is_textual(op: CompareOp) -> bool {
    matches!(op, CompareOp::Co | CompareOp::Sw | CompareOp::Ew)
}

fn only(
    definition: &Definition,
    op: CompareOp,
    allowed: impl Fn(CompareOp) -> bool,
    names: &str,
) -> Result<(), Misfit> {
    if allowed(op) {
        return Ok(());
    }
    let kind = definition.attribute.attribute_type.keyword();
    Err(Misfit::Operator(format!(
        "{} is of type {kind}, which {} does not apply to: there are {names}",
        definition.path,
        op.keyword()
    )))
}

fn wrong_literal(definition: &Definition, expected: &str) -> Misfit {
    let kind = definition.attribute.attribute_type.keyword();
    Misfit::Literal(format!("{} is of type {kind}: compare it with {expected}", definition.path))
}

fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        // Binding admits these for text only.
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

/// How a whole number compares with a finite fraction. Exact: neither is turned into the other's type, where it could
/// be rounded.
fn order(integer: i64, decimal: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if decimal >= BEYOND {
        return Ordering::Less;
    }
    if decimal < -BEYOND {
        return Ordering::Greater;
    }
    // In this range the whole part is a 64-bit number exactly.
    let whole = decimal.trunc();
    integer.cmp(&(whole as i64)).then(0.0_f64.partial_cmp(&(decimal - whole)).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_fractions_compare_exactly() {
        let cases = [
            (0, 0.5, Ordering::Less),
            (0, -0.5, Ordering::Greater),
            (0, -0.0, Ordering::Equal),
            (i64::MAX, 9_223_372_036_854_775_807.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MIN, -1e300, Ordering::Greater),
            (-3, -2.5, Ordering::Less),
        ];
        for (integer, decimal, expected) in cases {
            assert_eq!(order(integer, decimal), expected, "{integer} {decimal}");
        }
    }
}
