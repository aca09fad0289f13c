//! What a query did, step by step. Conditions are timed one by one, each on its own and over all runs; what a search
//! spends on them together is part of the step that puts the hits in order.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::time::Instant;

use super::clause::{Clause, Kind};
use super::indexed::Indexed;
use super::sets::{Part, solve};
use crate::Result;
use crate::engine::index::bits;
use crate::filter::{BoundFilter, CompareOp, Operand, Test};
use crate::message::{Step, text_json};
use crate::model::{AttributeId, Target, TypeModel};

/// Steps as they are made.
#[derive(Default)]
pub(in crate::engine) struct Trace {
    steps: RefCell<Vec<Step>>,
}

impl Trace {
    pub(in crate::engine) fn add(&self, step: Step) {
        self.steps.borrow_mut().push(step);
    }

    pub(in crate::engine) fn into_steps(self) -> Vec<Step> {
        self.steps.into_inner()
    }
}

/// Microseconds since then.
pub(in crate::engine) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl<'q> Indexed<'q, '_> {
    /// Adds the steps of a clause and of those below it.
    pub(super) fn trace_clause(&self, trace: &Trace, clause: &Clause<'_>, depth: u32) -> Result<()> {
        let started = Instant::now();
        let (mut estimated, mut actual, mut is_known) = (0, 0, clause.is_exact());
        let mut parts = Vec::new();
        for (number, live) in (0u32..).zip(&self.view.runs) {
            let Some(part) = clause.resolve(self.lens(live), true)? else {
                is_known = false;
                continue;
            };
            let alive = self.alive(number, live);
            estimated += part.estimate(alive.docs);
            let words = alive.of(solve(&part, alive.docs).into_words(alive.docs));
            actual += bits::count(&words);
            parts.push(part);
        }
        let recent = if clause.is_exact() { self.recent(Some(clause), false)?.len() as u64 } else { 0 };
        let method = match &clause.kind {
            Kind::And(_) => "intersection".to_owned(),
            Kind::Or(_) => "union".to_owned(),
            Kind::Not(_) => "complement".to_owned(),
            Kind::Rows(_) => "membership rows".to_owned(),
            Kind::Evaluated(None) => "evaluated on rows".to_owned(),
            Kind::Evaluated(Some(_)) => "evaluated on rows that membership rows leave".to_owned(),
            Kind::Columns => method_of(&parts),
        };
        trace.add(Step {
            depth,
            text: describe(clause.filter, self.query.model),
            method,
            estimated: (!parts.is_empty()).then_some(estimated),
            actual: is_known.then_some(actual + recent),
            micros: micros(started),
        });
        match &clause.kind {
            Kind::And(parts) | Kind::Or(parts) => {
                parts.iter().try_for_each(|part| self.trace_clause(trace, part, depth + 1))
            }
            Kind::Not(inner) => self.trace_clause(trace, inner, depth + 1),
            _ => Ok(()),
        }
    }
}

/// What answers a condition: of the run where that takes most.
fn method_of(parts: &[Part<'_>]) -> String {
    let largest = parts.iter().max_by_key(|part| part.estimate(u32::MAX));
    largest.map_or("no run", |part| part.method()).to_owned()
}

/// A filter as one writes it.
pub(super) fn describe(filter: &BoundFilter, model: &TypeModel) -> String {
    let mut out = String::new();
    write_filter(filter, model, None, &mut out);
    out
}

fn write_filter(filter: &BoundFilter, model: &TypeModel, inside: Option<AttributeId>, out: &mut String) {
    let joined = |parts: &[BoundFilter], word: &str, out: &mut String| {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.push_str(word);
            }
            let is_joined = matches!(part, BoundFilter::And(_) | BoundFilter::Or(_));
            out.push_str(if is_joined { "(" } else { "" });
            write_filter(part, model, inside, out);
            out.push_str(if is_joined { ")" } else { "" });
        }
    };
    match filter {
        BoundFilter::Constant(true) => out.push_str("any value"),
        BoundFilter::Constant(false) => out.push_str("nothing"),
        BoundFilter::And(parts) => joined(parts, " and ", out),
        BoundFilter::Or(parts) => joined(parts, " or ", out),
        BoundFilter::Not(inner) => {
            out.push_str("not (");
            write_filter(inner, model, inside, out);
            out.push(')');
        }
        BoundFilter::Present(target) => {
            write_path(*target, model, inside, out);
            out.push_str(" pr");
        }
        BoundFilter::Compare(target, op, operand) => {
            write_path(*target, model, inside, out);
            write_operand(*op, operand, out);
        }
        BoundFilter::Element(attribute, inner) => {
            write_path(Target::whole(*attribute), model, inside, out);
            out.push('[');
            write_filter(inner, model, Some(*attribute), out);
            out.push(']');
        }
        BoundFilter::Deep(trail, test) => {
            write_trail(trail, model, inside, out);
            match test {
                Test::Present => out.push_str(" pr"),
                Test::Compare(op, operand) => write_operand(*op, operand, out),
            }
        }
    }
}

fn write_path(target: Target, model: &TypeModel, inside: Option<AttributeId>, out: &mut String) {
    match inside {
        Some(attribute) if attribute == target.attribute => out.push_str("value"),
        _ => write_trail(&model.trail(target), model, inside, out),
    }
}

/// The path of what attributes lead down to; inside brackets without what stands before them.
fn write_trail(trail: &[AttributeId], model: &TypeModel, inside: Option<AttributeId>, out: &mut String) {
    let definition = |id: &AttributeId| model.definition(*id);
    if inside.is_none() {
        out.push_str(trail.last().and_then(definition).map_or("?", |definition| &definition.path));
        return;
    }
    let names = trail.iter().map(|id| definition(id).map_or("?", |definition| definition.attribute.name.as_str()));
    out.push_str(&names.collect::<Vec<_>>().join("."));
}

fn write_operand(op: CompareOp, operand: &Operand, out: &mut String) {
    // Writing to a text does not fail.
    let _ = match operand {
        Operand::Text(text, _) => write!(out, " {} {}", op.keyword(), text_json(text)),
        Operand::Boolean(flag) => write!(out, " {} {flag}", op.keyword()),
        Operand::Integer(number) => write!(out, " {} {number}", op.keyword()),
        Operand::Decimal(number) => write!(out, " {} {number}", op.keyword()),
        Operand::Instant(instant) => write!(out, " {} \"{instant}\"", op.keyword()),
        Operand::Binary(bytes) => write!(out, " {} {} bytes", op.keyword(), bytes.len()),
    };
}
