//! What was measured, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::faces::Cost;

/// Nanoseconds that a get may cost above the call in Rust, by the name of the face.
const GOALS: [(&str, f64); 4] = [("C", 500.0), ("Go", 1_000.0), ("Python", 4_000.0), ("Node", 8_000.0)];

/// What each face costs, in the order in which they were measured first. The first is what the others are compared with.
#[derive(Default)]
pub struct Figures(Vec<(String, Cost)>);

impl Figures {
    /// Adds a round of a face: the least of all rounds is kept, since what else the machine does only adds.
    pub fn add(&mut self, name: &str, cost: Cost) {
        eprintln!("{name}: get {:.0} ns, search {:.0} ns", cost.get, cost.search);
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, least)) => {
                *least = Cost { get: least.get.min(cost.get), search: least.search.min(cost.search) };
            }
            None => self.0.push((name.to_owned(), cost)),
        }
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let rust = self.0.first().map_or(Cost { get: f64::NAN, search: f64::NAN }, |(_, cost)| *cost);
        self.0.iter().map(move |(name, cost)| Line { name, cost: *cost, rust })
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let heads = ("", "get ns", "above Rust", "times", "search ns", "above Rust", "times");
        let (name, get, above, times, search, search_above, search_times) = heads;
        let _ = writeln!(
            out,
            "{name:<20}{get:>10}{above:>12}{times:>8}{search:>11}{search_above:>12}{search_times:>8}  goal of get"
        );
        for line in self.lines() {
            let Line { name, cost, rust } = line;
            let goal = line.goal().map_or(String::new(), |(most, is_reached)| {
                format!("+{most:.0} ({})", if is_reached { "reached" } else { "not reached" })
            });
            let _ = writeln!(
                out,
                "{name:<20}{:>10.0}{:>12.0}{:>8.2}{:>11.0}{:>12.0}{:>8.2}  {goal}",
                cost.get,
                cost.get - rust.get,
                cost.get / rust.get,
                cost.search,
                cost.search - rust.search,
                cost.search / rust.search,
            );
        }
        out
    }

    /// As JSON.
    pub fn json(&self, about: &Json) -> Json {
        let lines = self.lines().map(|line| {
            let Line { name, cost, rust } = line;
            let goal = line.goal().map(|(most, is_reached)| json!({"get_above_ns": most, "reached": is_reached}));
            json!({
                "face": name, "get_ns": cost.get, "search_ns": cost.search,
                "get_above_ns": cost.get - rust.get, "search_above_ns": cost.search - rust.search,
                "get_times": cost.get / rust.get, "search_times": cost.search / rust.search, "goal": goal,
            })
        });
        json!({"about": about, "lines": lines.collect::<Vec<_>>()})
    }
}

/// A face beside the call in Rust.
struct Line<'a> {
    name: &'a str,
    cost: Cost,
    rust: Cost,
}

impl Line<'_> {
    /// What a get may cost above the call in Rust, and whether it does not cost more.
    fn goal(&self) -> Option<(f64, bool)> {
        let (_, most) = GOALS.into_iter().find(|(name, _)| *name == self.name)?;
        Some((most, self.cost.get - self.rust.get <= most))
    }
}
