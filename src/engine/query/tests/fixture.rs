//! A directory in memory: rows, and an index of them that is made by hand.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::Result;
use crate::engine::config::Config;
use crate::engine::index::build::fixture::{Random, build, open, registry, resource};
use crate::engine::index::{Catalog, LiveRun, Recent, RecentCommit, TypeView, stack};
use crate::engine::query::{Query, SortBy};
use crate::engine::storage::keys::{self, RowId};
use crate::engine::storage::{Found, Reads, Table, Visit};
use crate::filter::{BoundFilter, CompareOp, Operand, Test};
use crate::model::{
    AttributeType, Definition, Instant, PathTarget, Preparation, Resource, Target, TypeModel, Value, common, stored,
};

const TENANT: u32 = 3;

/// Ordered rows in memory.
#[derive(Default)]
struct Rows(BTreeMap<(Table, Vec<u8>), Vec<u8>>);

impl Reads for Rows {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Found<'_>>> {
        Ok(self.0.get(&(table, key.to_vec())).map(|bytes| Found::Slice(bytes)))
    }

    fn scan(&self, table: Table, from: &[u8], to: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        let start = Bound::Included((table, from.to_vec()));
        for ((found, key), value) in self.0.range((start, Bound::Unbounded)) {
            if *found != table || to.is_some_and(|to| key.as_slice() >= to) || visit(key, value)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

pub(super) struct Directory {
    rows: Rows,
    config: Config,
    kind: String,
    view: TypeView,
}

impl Directory {
    /// So many resources of a type in some runs, with deleted and rewritten ones, and recent writes on top. Of users and
    /// groups, some of the other kind too, and who is a member of whom.
    pub(super) fn new(random: &mut Random, kind: &str, count: u64, variety: u64) -> Self {
        let config = Config::new(Arc::default(), Arc::new(registry()), None, None).unwrap();
        let model = Arc::clone(config.registry.resource_type(kind).unwrap());
        let catalog = Arc::new(Catalog::of(&model));
        let make = |random: &mut Random, row: u64| made(random, &model, row, variety);
        let mut now: BTreeMap<u64, Resource> = BTreeMap::new();
        let mut runs: Vec<LiveRun> = Vec::new();
        let parts = 1 + random.below(4);
        let mut row = 1;
        for part in 0..parts {
            let mut written: BTreeMap<u64, Resource> = BTreeMap::new();
            for _ in 0..count / parts {
                row += 1 + random.below(3);
                written.insert(row, make(random, row));
            }
            // Older rows that are written again, or deleted.
            let older: Vec<u64> = now.keys().copied().filter(|_| random.below(5) == 0).collect();
            let mut deleted = Vec::new();
            for row in older {
                if random.below(3) == 0 { deleted.push(row) } else { drop(written.insert(row, make(random, row))) }
            }
            deleted.iter().for_each(|row| drop(now.remove(row)));
            let resources: Vec<(u64, Resource)> = written.iter().map(|(row, r)| (*row, r.clone())).collect();
            let run = open(build(&catalog, &model, &resources, &deleted));
            runs = stack(&runs, LiveRun::new(run, None, part));
            now.extend(written);
        }
        let recent = if random.below(3) == 0 { Vec::new() } else { recent(random, &mut now, row, count / 8, &make) };
        let view = TypeView::new(catalog, runs, 0, recent);
        let mut directory = Directory { rows: Rows::default(), config, kind: kind.to_owned(), view };
        directory.put_all(&model, &now);
        if kind != "Everything" {
            let other = if kind == "User" { "Group" } else { "User" };
            let model = Arc::clone(directory.config.registry.resource_type(other).unwrap());
            let others =
                (1..=count / 3 + 1).map(|n| (1_000_000 + n, made(random, &model, 1_000_000 + n, variety))).collect();
            directory.put_all(&model, &others);
            directory.put_members(random);
        }
        directory
    }

    fn put_all(&mut self, model: &TypeModel, resources: &BTreeMap<u64, Resource>) {
        for (row, resource) in resources {
            let at = RowId { row: *row, kind: model.number() };
            let mut put = |table, key, value| drop(self.rows.0.insert((table, key), value));
            put(Table::Resources, keys::resource(TENANT, at), stored::encode(resource));
            put(Table::Ids, keys::id(TENANT, &resource.id), keys::location(at, &resource.id));
            if let Some(external) = crate::engine::rows::external_id(resource) {
                let mut key = keys::external_id(TENANT, at.kind, external);
                key.extend_from_slice(&row.to_be_bytes());
                put(Table::ExternalIds, key, Vec::new());
            }
            let unique = crate::engine::rows::unique_keys(TENANT, model, resource);
            unique.into_iter().for_each(|unique| put(Table::Unique, unique.key, keys::location(at, &resource.id)));
        }
    }

    /// Groups with members, some of them groups, some of those in circles.
    fn put_members(&mut self, random: &mut Random) {
        let at = |key: &[u8], value: &[u8]| {
            let at = keys::resource_row(key).unwrap();
            let model = self.config.registry.type_by_number(at.kind).unwrap();
            (at, stored::view(value, model).unwrap().id.to_owned())
        };
        let all: Vec<(RowId, String)> = self
            .rows
            .0
            .iter()
            .filter(|((table, _), _)| *table == Table::Resources)
            .map(|((_, k), v)| at(k, v))
            .collect();
        let group = self.config.registry.resource_type("Group").unwrap().number();
        let groups: Vec<_> = all.iter().filter(|(at, _)| at.kind == group).cloned().collect();
        for (group, group_id) in groups.iter().filter(|(at, _)| at.row % 3 > 0) {
            for _ in 0..random.below(6) {
                let (member, member_id) = &all[random.below(all.len() as u64) as usize];
                let down = (Table::Members, keys::edge(TENANT, group.row, member.row));
                let up = (Table::MemberOf, keys::edge(TENANT, member.row, group.row));
                self.rows.0.insert(down, keys::location(*member, member_id));
                self.rows.0.insert(up, keys::location(*group, group_id));
            }
        }
    }

    pub(super) fn query(&self, filter: Option<BoundFilter>, sort: Option<SortBy>) -> Query<'_> {
        Query { index: Some(&self.view), ..self.query_of(&self.kind, filter, sort) }
    }

    /// A query of a type, without its index.
    pub(super) fn query_of(&self, kind: &str, filter: Option<BoundFilter>, sort: Option<SortBy>) -> Query<'_> {
        let model = self.config.registry.resource_type(kind).unwrap();
        Query { reads: &self.rows, tenant: TENANT, config: &self.config, model, filter, sort, index: None, trace: None }
    }

    pub(super) fn target(&self, kind: &str, path: &str) -> Target {
        self.find_target(kind, path).unwrap()
    }

    pub(super) fn find_target(&self, kind: &str, path: &str) -> Option<Target> {
        match self.config.registry.resource_type(kind).unwrap().resolve(path) {
            Ok(PathTarget::Attribute(target)) => Some(target),
            _ => None,
        }
    }
}

fn made(random: &mut Random, model: &TypeModel, row: u64, variety: u64) -> Resource {
    let mut made = resource(random, model, row, variety);
    made.id = format!("id-{row}-{:x}", random.below(16));
    // A complex value without sub-attributes is never stored; nor are memberships.
    let empty = |value: &Value| matches!(value, Value::Complex(complex) if complex.iter().next().is_none());
    let without: Vec<_> = made.attributes.iter().filter(|(_, value)| empty(value)).map(|(id, _)| id).collect();
    let memberships = [model.members(), model.groups()].into_iter().flatten().map(|m| m.attribute);
    without.into_iter().chain(memberships).for_each(|id| drop(made.attributes.remove(id)));
    // Unique values are.
    for target in model.unique() {
        if let Some(Value::String(text)) = made.attributes.get_mut(target.attribute) {
            text.push_str(&format!(".{row}"));
        }
    }
    if row.is_multiple_of(3) {
        made.created = Instant::from_unix(random.below(variety) as i64, 0).unwrap();
    }
    made
}

fn recent(
    random: &mut Random,
    now: &mut BTreeMap<u64, Resource>,
    last: u64,
    count: u64,
    make: &dyn Fn(&mut Random, u64) -> Resource,
) -> Vec<RecentCommit> {
    let known: Vec<u64> = now.keys().copied().collect();
    let mut commits = Vec::new();
    let mut row = last;
    for sequence in 0..count {
        let place = if random.below(2) == 0 || known.is_empty() {
            row += 1;
            row
        } else {
            known[random.below(known.len() as u64) as usize]
        };
        let stored = if random.below(4) == 0 {
            now.remove(&place);
            None
        } else {
            let made = make(random, place);
            let bytes: Arc<[u8]> = stored::encode(&made).into();
            now.insert(place, made);
            Some(bytes)
        };
        commits.push(RecentCommit { sequence, writes: vec![Recent { row: place, stored }].into() });
    }
    commits
}

/// Random filters of a type.
pub(super) struct Filters<'d> {
    directory: &'d Directory,
    model: &'d TypeModel,
    variety: u64,
}

impl<'d> Filters<'d> {
    pub(super) fn new(directory: &'d Directory, variety: u64) -> Self {
        let model = directory.config.registry.resource_type(&directory.kind).unwrap();
        Filters { directory, model, variety }
    }

    fn definition(&self, id: crate::model::AttributeId) -> &'d Definition {
        self.model.definition(id).unwrap()
    }

    /// Something with simple values: an attribute, or a sub-attribute.
    fn leaf(&self, random: &mut Random) -> Target {
        let all: Vec<Target> = self
            .model
            .attributes()
            .filter(|id| self.definition(*id).is_searchable())
            .flat_map(|id| {
                let children = &self.definition(id).children;
                let subs = children.iter().map(move |sub| Target { attribute: id, sub: Some(*sub) });
                let whole = children.is_empty().then_some(Target::whole(id));
                subs.chain(whole).collect::<Vec<_>>()
            })
            .filter(|target| self.definition(target.leaf()).is_searchable())
            .collect();
        all[random.below(all.len() as u64) as usize]
    }

    pub(super) fn sortable(&self, random: &mut Random) -> Target {
        loop {
            let target = self.leaf(random);
            let kind = self.definition(target.leaf()).attribute.attribute_type;
            if !matches!(kind, AttributeType::Any | AttributeType::Complex) {
                return target;
            }
        }
    }

    /// A condition on what is below a sub-attribute, if the type has any.
    fn deep(&self, random: &mut Random) -> Option<BoundFilter> {
        let of_type =
            |id: &&Definition| self.model.attributes().any(|top| self.model.definitions().is_within(id.id, top));
        let trail = |definition: &Definition| self.model.definitions().trail(definition.id);
        let all: Vec<&Definition> =
            self.model.definitions().iter().filter(of_type).filter(|definition| trail(definition).len() > 2).collect();
        let definition = *all.get(random.below(all.len().max(1) as u64) as usize)?;
        let trail = trail(definition);
        let target = Target::whole(definition.id);
        let compared = self.compare(random, target, target);
        if random.below(2) == 0 {
            let within = &trail[..trail.len() - 1];
            return Some(within.iter().rev().fold(compared, |inner, id| BoundFilter::Element(*id, Box::new(inner))));
        }
        Some(match compared {
            BoundFilter::Compare(_, op, operand) => BoundFilter::Deep(trail, Test::Compare(op, operand)),
            _ => BoundFilter::Deep(trail, Test::Present),
        })
    }

    pub(super) fn any(&self, random: &mut Random, depth: u32) -> BoundFilter {
        self.logical(random, depth, &|random| self.condition(random))
    }

    fn logical(&self, random: &mut Random, depth: u32, leaf: &dyn Fn(&mut Random) -> BoundFilter) -> BoundFilter {
        let several = |random: &mut Random| {
            (0..2 + random.below(2)).map(|_| self.logical(random, depth - 1, leaf)).collect::<Vec<_>>()
        };
        match random.below(if depth == 0 { 1 } else { 6 }) {
            3 => BoundFilter::And(several(random)),
            4 => BoundFilter::Or(several(random)),
            5 => BoundFilter::Not(Box::new(self.logical(random, depth - 1, leaf))),
            _ => leaf(random),
        }
    }

    fn condition(&self, random: &mut Random) -> BoundFilter {
        if random.below(8) == 0
            && let Some(deep) = self.deep(random)
        {
            return deep;
        }
        let target = self.leaf(random);
        let whole = self.definition(target.attribute);
        let is_complex = !whole.children.is_empty();
        match random.below(8) {
            0 if is_complex => BoundFilter::Present(Target::whole(target.attribute)),
            0 | 1 => BoundFilter::Present(target),
            2 | 3 if is_complex || whole.attribute.multi_valued => {
                let searchable = || {
                    whole.children.iter().copied().filter(|id| self.definition(*id).is_searchable()).collect::<Vec<_>>()
                };
                let inner = |random: &mut Random| {
                    let subs = searchable();
                    let sub = match subs.len() {
                        0 => target.attribute,
                        some => subs[random.below(some as u64) as usize],
                    };
                    match random.below(5) {
                        0 => BoundFilter::Present(Target::whole(sub)),
                        _ => self.compare(
                            random,
                            Target::whole(sub),
                            Target { attribute: target.attribute, sub: Some(sub) },
                        ),
                    }
                };
                let inner = match random.below(9) {
                    0 => BoundFilter::Constant(true),
                    _ => self.logical(random, 2, &inner),
                };
                BoundFilter::Element(target.attribute, Box::new(inner))
            }
            _ => self.compare(random, target, target),
        }
    }

    fn compare(&self, random: &mut Random, target: Target, _: Target) -> BoundFilter {
        use CompareOp::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Sw};
        let definition = self.definition(target.leaf());
        let number = random.below(self.variety) as i64;
        let (operand, operators): (Operand, &[CompareOp]) = match definition.attribute.attribute_type {
            AttributeType::String | AttributeType::Reference => {
                let text = definition.preparation.prepare(&self.text(random, definition)).into_owned();
                (Operand::Text(text, definition.preparation), &[Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le])
            }
            AttributeType::Boolean => (Operand::Boolean(number % 2 == 0), &[Eq, Ne]),
            AttributeType::Integer | AttributeType::Decimal => {
                let operand = match random.below(4) {
                    0 => Operand::Decimal(number as f64 / 4.0 - 2.0),
                    1 => Operand::Integer(i64::MAX),
                    _ => Operand::Integer(number - 3),
                };
                (operand, &[Eq, Ne, Gt, Ge, Lt, Le])
            }
            AttributeType::DateTime => {
                let nanoseconds = if random.below(2) == 0 { 7 } else { 0 };
                let instant = Instant::from_unix(number - 5 * random.below(2) as i64, nanoseconds).unwrap();
                (Operand::Instant(instant), &[Eq, Ne, Gt, Ge, Lt, Le])
            }
            AttributeType::Binary => {
                (Operand::Binary(number.to_le_bytes()[..(number % 4) as usize].to_vec()), &[Eq, Ne])
            }
            AttributeType::Any => match random.below(4) {
                0 => (Operand::Boolean(number % 2 == 0), &[Eq, Ne]),
                1 => (Operand::Decimal(number as f64 / 4.0 - 2.0), &[Eq, Ne]),
                2 => (Operand::Integer(number - 3), &[Eq, Ne]),
                _ => (Operand::Text(self.text(random, definition), Preparation::Exact), &[Eq, Ne, Co, Sw, Ew]),
            },
            AttributeType::Complex => return BoundFilter::Present(target),
        };
        BoundFilter::Compare(target, operators[random.below(operators.len() as u64) as usize], operand)
    }

    fn text(&self, random: &mut Random, definition: &Definition) -> String {
        let number = random.below(self.variety);
        if definition.id == common::SCHEMAS {
            return self.model.schema_urns().nth(random.below(2) as usize).unwrap_or("urn:").to_owned();
        }
        let is_id = definition.attribute.name == "value" && definition.preparation == Preparation::Exact;
        if definition.id == common::ID || is_id || random.below(4) == 0 && definition.attribute.name == "value" {
            let ids: Vec<&(Table, Vec<u8>)> =
                self.directory.rows.0.keys().filter(|(table, _)| *table == Table::Ids).collect();
            if !ids.is_empty() {
                let (_, key) = ids[random.below(ids.len() as u64) as usize];
                return String::from_utf8_lossy(&key[4..]).into_owned();
            }
        }
        match random.below(12) {
            0 => String::new(),
            1 => format!("Ünï{number}"),
            2 => "Common Pre".to_owned(),
            3 => "@example.com".to_owned(),
            4 => format!("ab\0{number}"),
            5 => "v".to_owned(),
            6 => format!("{}", number % 10),
            7 => "com".to_owned(),
            8 => format!("{number}@Example.com"),
            _ => format!("V{number}"),
        }
    }
}
