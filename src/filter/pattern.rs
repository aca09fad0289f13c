//! Comparisons with text in which stars stand for any text: each becomes comparisons that a filter has anyway, so that
//! whatever answers those answers it.

use super::bind::{Binder, BoundFilter, Place, invalid};
use super::deep::nested;
use super::wildcard::{Pattern, overlaps};
use super::{CompareOp, Literal, Operand, Test};
use crate::Result;
use crate::model::{AttributeId, Operators, Target};

impl<'a> Binder<'a> {
    /// A comparison with text in which stars stand for any text.
    pub(super) fn pattern(&self, place: &Place<'a, '_>, op: CompareOp, text: &str) -> Result<BoundFilter> {
        let refuse = |detail: &str| Err(invalid(place.path, detail).at_offset(place.value_offset));
        let typed = |op, text| self.typed(place, op, &Literal::String(text));
        let allowed = |operators| {
            let checked = self.check_operators(place.path, place.definition, operators);
            checked.map_err(|error| {
                let detail = format!("{}; a * makes it sw, ew, co or pr, \\* is a star itself", error.detail());
                invalid(place.path, detail)
            })
        };
        let pattern = match op {
            CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le => return typed(op, text.to_owned()),
            _ => Pattern::of(text),
        };
        let met = match (op, pattern) {
            (op, Some(Pattern::Exact(text))) => return typed(op, text),
            (CompareOp::Sw, Some(Pattern::Starts(text)))
            | (CompareOp::Ew, Some(Pattern::Ends(text)))
            | (CompareOp::Co, Some(Pattern::Starts(text) | Pattern::Ends(text) | Pattern::Contains(text))) => {
                return typed(op, text);
            }
            (CompareOp::Sw | CompareOp::Ew | CompareOp::Co, Some(Pattern::Any)) => return typed(op, String::new()),
            (CompareOp::Eq | CompareOp::Ne, Some(pattern)) => match pattern {
                Pattern::Exact(text) => return typed(op, text),
                Pattern::Any => allowed(Operators::PR).map(|()| Test::Present.of(place.target, self.model))?,
                Pattern::Starts(text) => allowed(Operators::SW).and_then(|()| typed(CompareOp::Sw, text))?,
                Pattern::Ends(text) => allowed(Operators::EW).and_then(|()| typed(CompareOp::Ew, text))?,
                Pattern::Contains(text) => allowed(Operators::CO).and_then(|()| typed(CompareOp::Co, text))?,
                Pattern::Around(start, end) => {
                    allowed(Operators::SW | Operators::EW)?;
                    match self.around(place, start, end)? {
                        Some(met) => met,
                        None => {
                            return refuse("the text before and behind the * repeats itself too often: use sw and ew");
                        }
                    }
                }
            },
            (CompareOp::Eq | CompareOp::Ne, None) => {
                return refuse("a * stands at the start, at the end, at both, or once between; \\* is a star itself");
            }
            _ => {
                return refuse(
                    "with sw a * stands at the end, with ew at the start, with co at both; \\* is a star itself",
                );
            }
        };
        Ok(if op == CompareOp::Ne { BoundFilter::not(met) } else { met })
    }

    /// One value that begins so and ends so, the two beside each other: `ab*ba` is not `aba`.
    fn around(&self, place: &Place<'a, '_>, start: String, end: String) -> Result<Option<BoundFilter>> {
        let operand = |op, text| match Operand::of(place.definition, op, &Literal::String(text), self.options) {
            Ok(Operand::Text(text, preparation)) => Ok((text, preparation)),
            _ => Err(invalid(place.path, "a * stands in the text of strings only")),
        };
        let (start, preparation) = operand(CompareOp::Sw, start)?;
        let (end, _) = operand(CompareOp::Ew, end)?;
        let Some(short) = overlaps(&start, &end) else { return Ok(None) };
        let conditions = |target| {
            let compare = |op, text| BoundFilter::Compare(target, op, Operand::Text(text, preparation));
            let short = short.into_iter().map(|text| compare(CompareOp::Ne, text));
            let both = [compare(CompareOp::Sw, start), compare(CompareOp::Ew, end)];
            BoundFilter::And(both.into_iter().chain(short).collect())
        };
        Ok(Some(self.of_one_value(place.target, conditions)))
    }

    /// Several conditions on one value of an attribute, if it has more.
    fn of_one_value(&self, target: Target, conditions: impl FnOnce(Target) -> BoundFilter) -> BoundFilter {
        let is_multi = |id: &AttributeId| self.model.definition(*id).is_some_and(|it| it.attribute.multi_valued);
        // Inside the brackets behind an attribute it is about one value of that already.
        let is_inside = |id: &AttributeId| self.parent.is_some_and(|parent| parent.definition.id == *id);
        let several = |id: &AttributeId| is_multi(id) && !is_inside(id);
        if self.model.is_deep(target) {
            let mut above = self.model.trail(target);
            let leaf = above.pop().filter(is_multi);
            above.extend(leaf);
            return nested(&above, conditions(Target::whole(target.leaf())));
        }
        let holders: Vec<AttributeId> = match target.sub {
            None => Some(target.attribute).filter(several).into_iter().collect(),
            Some(sub) if is_multi(&sub) => vec![target.attribute, sub],
            Some(_) => Some(target.attribute).filter(several).into_iter().collect(),
        };
        let inner = conditions(if holders.is_empty() { target } else { Target::whole(target.leaf()) });
        holders.into_iter().rev().fold(inner, |inner, holder| BoundFilter::Element(holder, Box::new(inner)))
    }
}
