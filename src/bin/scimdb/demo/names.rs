//! Names as often as people bear them.

use super::dice::Dice;
use crate::failure::{Exit, Failure};

const TABLE: &str = include_str!("names.txt");

/// A list of names.
pub struct Names {
    names: Vec<&'static str>,
    /// For each name, how many people bear it or one before it.
    cumulative: Vec<u32>,
}

impl Names {
    /// The list of this heading: `last`, `male` or `female`.
    pub fn of(heading: &str) -> Result<Self, Failure> {
        let wrong = || Failure::new(Exit::Internal, format!("the table of names has no proper list [{heading}]"));
        let lines =
            TABLE.lines().skip_while(|line| line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) != Some(heading));
        let (mut names, mut cumulative, mut sum) = (Vec::new(), Vec::new(), 0);
        for line in lines.skip(1).take_while(|line| !line.starts_with('[')) {
            let (name, count) = line.split_once(' ').ok_or_else(wrong)?;
            sum += count.parse::<u32>().map_err(|_| wrong())?;
            names.push(name);
            cumulative.push(sum);
        }
        if names.is_empty() { Err(wrong()) } else { Ok(Names { names, cumulative }) }
    }

    /// One of them.
    pub fn pick(&self, dice: &mut Dice) -> &'static str {
        let drawn = dice.below(self.cumulative.last().copied().unwrap_or_default());
        let index = self.cumulative.partition_point(|sum| *sum <= drawn);
        self.names.get(index).copied().unwrap_or_default()
    }
}
