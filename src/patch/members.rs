//! Operations on the members of a group: they become [`MemberEdit`]s, and never touch a row themselves.

use std::borrow::Cow;

use super::apply::{MemberEdit, Patcher};
use super::remove::refuse_listed_values;
use super::target::{Place, Selection};
use super::values::{immutable, invalid_value};
use super::{Dialect, Op, deviations};
use crate::filter::{CompareOp, FilterExpr};
use crate::model::{Definition, Input, Object, TypeModel};
use crate::{Error, ErrorKind, Result};

/// What a member may hold besides what the schema says: RFC 7643 section 2.4, and the examples of RFC 7644.
const MEMBER_NAMES: &[&str] = &["value", "$ref", "type", "display", "primary"];

impl Patcher<'_> {
    /// add or replace of members. Members themselves never change: who they are is immutable (RFC 7643 section 8.7.1).
    pub fn put_members(&mut self, op: Op, place: &Place<'_>, value: &Input) -> Result<()> {
        if place.sub.is_some() || place.selection.is_some() {
            return Err(immutable(place.sub.unwrap_or(place.definition)));
        }
        let ids = member_ids(self.model, place.definition, value, self.dialect)?;
        self.members.extend(match op {
            Op::Replace if ids.is_empty() => Some(MemberEdit::Clear),
            Op::Replace => Some(MemberEdit::Replace(ids)),
            _ => (!ids.is_empty()).then_some(MemberEdit::Add(ids)),
        });
        Ok(())
    }

    /// remove of all members, of those that a filter selects, or of those that a value lists.
    pub fn remove_members(&mut self, place: &Place<'_>, value: Option<&Input>) -> Result<()> {
        if let Some(sub) = place.sub {
            return Err(immutable(sub));
        }
        let edit = match (&place.selection, value) {
            (Some(selection), _) => Some(remove_selected(selection, self.dialect)),
            (None, Some(list)) if !matches!(list, Input::Null) => {
                refuse_listed_values(place.definition, self.dialect.remove_listed_values)?;
                let ids = member_ids(self.model, place.definition, list, self.dialect)?;
                (!ids.is_empty()).then_some(MemberEdit::Remove(ids))
            }
            (None, _) => Some(MemberEdit::Clear),
        };
        self.members.extend(edit);
        Ok(())
    }
}

fn remove_selected(selection: &Selection, dialect: &Dialect) -> MemberEdit {
    let mut ids = Vec::new();
    if only_ids(&selection.expr, dialect, &mut ids) {
        return MemberEdit::Remove(ids);
    }
    MemberEdit::RemoveWhere { filter: selection.bound.clone(), must_match: !dialect.remove_missing_values }
}

/// Collects the ids of `value eq "…"`, and of several of them joined by `or`: then rows are found by their key, and the
/// size of the group does not matter.
fn only_ids(filter: &FilterExpr, dialect: &Dialect, ids: &mut Vec<String>) -> bool {
    match filter {
        FilterExpr::Compare { path, op: CompareOp::Eq, value, .. } if path.text.eq_ignore_ascii_case("value") => {
            let id = deviations::text_of(value, dialect).map(Cow::into_owned);
            let is_id = id.is_some();
            ids.extend(id);
            is_id
        }
        FilterExpr::Or(any) => any.iter().all(|filter| only_ids(filter, dialect, ids)),
        _ => false,
    }
}

/// The ids of the members that a value lists.
fn member_ids(model: &TypeModel, members: &Definition, value: &Input, dialect: &Dialect) -> Result<Vec<String>> {
    let list = match value {
        Input::Null => &[],
        Input::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut ids = Vec::with_capacity(list.len());
    for member in list {
        match member {
            Input::Null => {}
            Input::Object(object) => ids.push(member_id(model, members, object, dialect)?),
            other => ids.push(deviations::bare_member_id(members, other, dialect)?.to_owned()),
        }
    }
    Ok(ids)
}

/// The id of one member: its `value`, or the last segment of its `$ref`.
fn member_id(model: &TypeModel, members: &Definition, member: &Object, dialect: &Dialect) -> Result<String> {
    for (name, _) in member.iter() {
        let known = MEMBER_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        if known || dialect.bind.ignore_unknown {
            continue;
        }
        if let Err(unknown) = model.resolve_sub(members.id, name) {
            let path = format!("{}.{name}", members.path);
            return Err(Error::new(ErrorKind::InvalidSyntax, unknown.detail).on(path));
        }
    }
    let id = match (member.get("value"), member.get("$ref")) {
        (Some(Input::String(id)), _) => id.as_str(),
        (None | Some(Input::Null), Some(Input::String(reference))) => {
            reference.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
        }
        _ => "",
    };
    if id.is_empty() {
        let detail = format!("each of {} needs a \"value\": the id of a resource, as a string", members.path);
        return Err(invalid_value(&members.path, detail));
    }
    Ok(id.to_owned())
}
