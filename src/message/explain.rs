//! What a search did, step by step: the answer of `explain`.
//!
//! RFC 7644 has no such message; this one is ours. The steps are a tree, written as a list in the order in which one
//! reads it: each step stands below the last one before it that is one less deep.

use std::fmt;

use serde::Serialize;

use super::text::to_json;

/// How a search was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What was done, as a tree: each step stands below the last one before it that is one less deep.
    pub steps: Vec<Step>,
    /// How many resources the search finds, as `totalResults` says.
    pub total: u64,
    /// How long all of it took, in microseconds.
    pub micros: u64,
}

/// A step of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How deep it stands in the tree; 0 at the root.
    pub depth: u32,
    /// What it was about: a part of the filter, the sort, the page.
    pub text: String,
    /// What answered it: the unique key, a slice of a column, evaluation on rows.
    pub method: String,
    /// How many resources were expected, where the plan needed to know.
    pub estimated: Option<u64>,
    /// How many there were, where it was counted.
    pub actual: Option<u64>,
    /// How long it took with all that stands below it, in microseconds; 0 where it was not measured on its own.
    pub micros: u64,
}

impl Explanation {
    /// The explanation as JSON, for programs.
    ///
    /// ```
    /// use scimdb::message::Explanation;
    /// let nothing = Explanation::default().to_json();
    /// assert_eq!(nothing, r#"{"steps":[],"total":0,"micros":0}"#);
    /// ```
    pub fn to_json(&self) -> String {
        to_json(self)
    }
}

impl fmt::Display for Explanation {
    /// The tree, for people: a line for each step, and one for the whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        let results = if self.total == 1 { "result" } else { "results" };
        write!(f, "{} {results}, {}", self.total, Micros(self.micros))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..self.depth {
            f.write_str("  ")?;
        }
        write!(f, "{}: {}", self.text, self.method)?;
        if let Some(actual) = self.actual {
            write!(f, ", {actual} found")?;
        }
        if let Some(estimated) = self.estimated {
            write!(f, ", {estimated} expected")?;
        }
        if self.micros > 0 { write!(f, ", {}", Micros(self.micros)) } else { Ok(()) }
    }
}

/// A time as people read it.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros @ 0..1_000 => write!(f, "{micros} µs"),
            micros @ 1_000..1_000_000 => write!(f, "{:.1} ms", micros as f64 / 1e3),
            micros => write!(f, "{:.2} s", micros as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_a_tree_and_programs_json() {
        let step = |depth, text: &str, method: &str| Step {
            depth,
            text: text.to_owned(),
            method: method.to_owned(),
            ..Step::default()
        };
        let explanation = Explanation {
            steps: vec![
                Step { actual: Some(2), micros: 2_500, ..step(0, "and", "sets combined") },
                Step { actual: Some(2), estimated: Some(3), micros: 40, ..step(1, "title eq \"x\"", "column") },
                step(1, "active eq true", "bitmap"),
            ],
            total: 1,
            micros: 3_210_000,
        };
        let text = "and: sets combined, 2 found, 2.5 ms\n  title eq \"x\": column, 2 found, 3 expected, 40 µs\n  \
                    active eq true: bitmap\n1 result, 3.21 s";
        assert_eq!(explanation.to_string(), text);
        let json: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
        assert_eq!(json["steps"][1]["estimated"], 3);
        assert_eq!(json["steps"][2]["actual"], serde_json::Value::Null);
    }
}
