//! Filters: what is encrypted can be asked for its equality, by its digest, and for nothing else.

use super::rows::{Named, column, ring, targets};
use crate::engine::config::Config;
use crate::engine::storage::Reads;
use crate::engine::storage::keys::TenantId;
use crate::filter::{BoundFilter, CompareOp, Operand};
use crate::model::{AttributeId, Target, TypeModel, sealed};
use crate::profile::EncryptedTarget;
use crate::{Error, ErrorKind, Result};

/// The same filter, for rows as they are stored.
///
/// # Errors
/// `InvalidFilter` for an operator that would need what is encrypted; `Unavailable` without keys.
pub(in crate::engine) fn bind(
    reads: &dyn Reads,
    tenant: TenantId,
    config: &Config,
    model: &TypeModel,
    filter: BoundFilter,
) -> Result<BoundFilter> {
    targets(config, model).into_iter().try_fold(filter, |filter, encrypted| {
        if !filter.mentions(encrypted.target.leaf()) {
            return Ok(filter);
        }
        let named = Named::of(reads, tenant, config, model, &encrypted)?;
        Binder { tenant, config, model, encrypted, named }.filter(filter, None)
    })
}

/// Refuses to sort by what is encrypted.
///
/// # Errors
/// `InvalidPath`.
pub(in crate::engine) fn check_order(config: &Config, model: &TypeModel, target: Target) -> Result<()> {
    if targets(config, model).iter().any(|encrypted| encrypted.target == target) {
        let path = model.path_of(target);
        let detail = format!("sortBy: {path} is encrypted at rest, and has no order");
        return Err(Error::new(ErrorKind::InvalidPath, detail).on(path));
    }
    Ok(())
}

struct Binder<'a> {
    tenant: TenantId,
    config: &'a Config,
    model: &'a TypeModel,
    encrypted: EncryptedTarget,
    named: Named,
}

/// Inside the brackets behind the attribute: whether all elements that can meet the filter are clear.
#[derive(Clone, Copy)]
struct Inside {
    is_clear: bool,
}

impl Binder<'_> {
    fn filter(&self, filter: BoundFilter, inside: Option<Inside>) -> Result<BoundFilter> {
        let all = |items: Vec<BoundFilter>| {
            items.into_iter().map(|item| self.filter(item, inside)).collect::<Result<Vec<_>>>()
        };
        Ok(match filter {
            BoundFilter::And(items) => BoundFilter::And(all(items)?),
            BoundFilter::Or(items) => BoundFilter::Or(all(items)?),
            BoundFilter::Not(inner) => BoundFilter::Not(Box::new(self.filter(*inner, inside)?)),
            BoundFilter::Element(attribute, inner) if attribute == self.encrypted.target.attribute => {
                let is_clear = self.named.is_nothing()
                    || self.names(&inner).is_some_and(|names| !names.iter().any(|name| self.named.has(Some(name))));
                BoundFilter::Element(attribute, Box::new(self.filter(*inner, Some(Inside { is_clear }))?))
            }
            BoundFilter::Compare(target, op, operand) if self.is_it(target, inside) => {
                self.compare(target, op, operand, inside)?
            }
            other => other,
        })
    }

    /// Whether a comparison is one of what may be encrypted. Inside brackets targets are sub-attributes themselves.
    fn is_it(&self, target: Target, inside: Option<Inside>) -> bool {
        match inside {
            Some(_) => target == Target::whole(self.encrypted.target.leaf()),
            None => target == self.encrypted.target,
        }
    }

    fn compare(&self, target: Target, op: CompareOp, operand: Operand, inside: Option<Inside>) -> Result<BoundFilter> {
        let is_clear = inside.map_or(self.named.is_nothing(), |inside| inside.is_clear);
        let text = match &operand {
            // Nothing empty is sealed.
            Operand::Text(text, _) if !(is_clear || text.is_empty() && is_equality(op)) => text,
            _ => return Ok(BoundFilter::Compare(target, op, operand)),
        };
        if !is_equality(op) {
            return Err(self.refused());
        }
        let leaf = self.encrypted.target.leaf();
        let digest = ring(self.config)?.digest(&column(self.tenant, leaf), text);
        let preparation = self.model.definition(leaf).map_or(crate::model::Preparation::Exact, |it| it.preparation);
        let equals = |target: Target| {
            let clear = BoundFilter::Compare(target, CompareOp::Eq, operand.clone());
            // An index holds the text up to the digest, and nothing behind it.
            let begins = Operand::Text(format!("{}{digest}", sealed::MARK), preparation);
            BoundFilter::Or(vec![clear, BoundFilter::Compare(target, CompareOp::Sw, begins)])
        };
        if op == CompareOp::Eq {
            return Ok(equals(target));
        }
        if inside.is_some() || !self.is_multi_valued() {
            return Ok(BoundFilter::Not(Box::new(equals(target))));
        }
        // Some value differs, or there is none.
        let own = Target::whole(leaf);
        let differs = BoundFilter::And(vec![BoundFilter::Present(own), BoundFilter::Not(Box::new(equals(own)))]);
        let empty = Operand::Text(String::new(), preparation);
        let differs = BoundFilter::Or(vec![differs, BoundFilter::Compare(own, CompareOp::Eq, empty)]);
        let none = BoundFilter::Not(Box::new(BoundFilter::Present(target)));
        Ok(BoundFilter::Or(vec![none, BoundFilter::Element(target.attribute, Box::new(differs))]))
    }

    fn is_multi_valued(&self) -> bool {
        let has_many =
            |id: AttributeId| self.model.definition(id).is_some_and(|definition| definition.attribute.multi_valued);
        let Target { attribute, sub } = self.encrypted.target;
        has_many(attribute) || sub.is_some_and(has_many)
    }

    fn refused(&self) -> Error {
        let path = self.model.path_of(self.encrypted.target);
        let detail = match self.encrypted.by {
            None => format!("{path} is encrypted at rest: only eq, ne and pr apply to it"),
            Some((key, _, _)) => format!(
                "{path} is encrypted at rest: only eq, ne and pr apply to it, unless {} names, by eq in the same brackets, \
                 what is not encrypted",
                self.model.path_of(key)
            ),
        };
        Error::new(ErrorKind::InvalidFilter, detail).on(path)
    }

    /// The keys that an element has, one of them, which meets a filter; none where it may have any.
    fn names(&self, filter: &BoundFilter) -> Option<Vec<String>> {
        let (key, _, _) = self.encrypted.by?;
        match filter {
            BoundFilter::Compare(target, CompareOp::Eq, Operand::Text(text, _))
                if *target == Target::whole(key.leaf()) =>
            {
                Some(vec![text.clone()])
            }
            BoundFilter::And(items) => items.iter().find_map(|item| self.names(item)),
            BoundFilter::Or(items) => {
                let names: Option<Vec<Vec<String>>> = items.iter().map(|item| self.names(item)).collect();
                names.map(|names| names.concat())
            }
            _ => None,
        }
    }
}

fn is_equality(op: CompareOp) -> bool {
    matches!(op, CompareOp::Eq | CompareOp::Ne)
}
