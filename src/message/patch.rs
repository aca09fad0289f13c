//! The PatchOp message (RFC 7644 section 3.5.2). What paths and values mean, the module `patch` decides.

use super::input::parse_input;
use super::part::Part;
use crate::model::Input;
use crate::patch::{Op, Operation, PatchRequest};
use crate::{ErrorKind, Result};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Reads a PatchOp message (RFC 7644 section 3.5.2).
///
/// ```
/// let json = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
///     "Operations": [{"op": "replace", "path": "active", "value": false}]}"#;
/// assert_eq!(scimdb::message::parse_patch(json).unwrap().operations.len(), 1);
/// ```
///
/// # Errors
/// `InvalidSyntax` for what is no such message, `InvalidValue` for an add or replace without a value; both name the
/// place, as in `Operations[2].op`.
pub fn parse_patch(json: &[u8]) -> Result<PatchRequest> {
    patch_from_input(parse_input(json)?)
}

/// Reads a PatchOp message that is part of another: the `data` of a bulk operation.
///
/// # Errors
/// As [`parse_patch`].
pub fn patch_from_input(input: Input) -> Result<PatchRequest> {
    read(input, false)
}

/// Reads a PatchOp message whose `schemas` may be missing, for dialects that send it so.
///
/// # Errors
/// As [`parse_patch`].
pub fn patch_without_schemas(input: Input) -> Result<PatchRequest> {
    read(input, true)
}

fn read(input: Input, is_lenient: bool) -> Result<PatchRequest> {
    let mut part = Part::from_input(input, "a PatchOp")?;
    if is_lenient {
        part.take_any("schemas");
    } else {
        part.need_schema(SCHEMA)?;
    }
    let operations =
        part.need_objects("Operations")?.map(|operation| self::operation(operation?)).collect::<Result<_>>()?;
    Ok(PatchRequest { operations })
}

fn operation(mut part: Part) -> Result<Operation> {
    let word = part.need_string("op")?;
    let Some(op) = Op::from_keyword(&word) else {
        return Err(part.error(ErrorKind::InvalidSyntax, "op", "is \"add\", \"replace\" or \"remove\""));
    };
    let path = part.take_string("path")?;
    let value = part.take_any("value");
    if value.is_none() && op != Op::Remove {
        let detail = format!("is missing: {} needs one", op.keyword());
        return Err(part.error(ErrorKind::InvalidValue, "value", &detail));
    }
    Ok(Operation { op, path, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(operations: &str) -> String {
        format!(r#"{{"schemas": ["{}"], "operations": {operations}}}"#, SCHEMA.to_uppercase())
    }

    #[test]
    fn messages() {
        let json = with(
            r#"[{"op": "Add", "value": {"a": null}}, {"OP": "remove", "path": "x[y eq 1]"}, {"op": "replace", "path": "z", "value": null}]"#,
        );
        let operations = parse_patch(json.as_bytes()).unwrap().operations;
        let summary: Vec<_> = operations.iter().map(|o| (o.op, o.path.as_deref(), o.value.is_some())).collect();
        assert_eq!(
            summary,
            [(Op::Add, None, true), (Op::Remove, Some("x[y eq 1]"), false), (Op::Replace, Some("z"), true)]
        );
    }

    #[test]
    fn errors_name_the_place() {
        let cases = [
            (with("[]"), ErrorKind::InvalidSyntax, "Operations"),
            (with(r#"[{"op": "remove"}, {"op": "move"}]"#), ErrorKind::InvalidSyntax, "Operations[1].op"),
            (with(r#"[{"path": "a"}]"#), ErrorKind::InvalidSyntax, "Operations[0].op"),
            (with(r#"[{"op": "remove", "path": ["a"]}]"#), ErrorKind::InvalidSyntax, "Operations[0].path"),
            (with(r#"[{"op": "add", "path": "a"}]"#), ErrorKind::InvalidValue, "Operations[0].value"),
            (with("[[]]"), ErrorKind::InvalidSyntax, "Operations[0]"),
            (r#"{"Operations": [{"op": "remove", "path": "a"}]}"#.into(), ErrorKind::InvalidSyntax, "schemas"),
        ];
        for (json, kind, place) in cases {
            let error = parse_patch(json.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.attribute()), (kind, Some(place)), "{error}");
        }
    }
}
