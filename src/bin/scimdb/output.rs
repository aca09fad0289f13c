//! Standard output and standard error: the only ways out. Neither panics when the reader has gone away.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

use crate::failure::{Exit, Failure};

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table, for people.
    Table,
    /// A line of JSON for each resource.
    Json,
    /// Comma-separated values, with a header row.
    Csv,
}

impl Format {
    /// The format asked for; else a table on a terminal and JSON lines into a pipe.
    pub fn or_default(asked: Option<Format>, out: &Out) -> Format {
        asked.unwrap_or(if out.is_terminal() { Format::Table } else { Format::Json })
    }
}

/// Standard output, buffered.
pub struct Out {
    writer: BufWriter<Stdout>,
    terminal: bool,
}

impl Out {
    pub fn new() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Out { writer: BufWriter::with_capacity(64 << 10, stdout), terminal }
    }

    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes a line.
    pub fn line(&mut self, text: impl fmt::Display) -> Result<(), Failure> {
        writeln!(self.writer, "{text}").map_err(|error| Failure::output(&error))
    }

    /// Writes a JSON document: indented on a terminal, one line into a pipe.
    pub fn json(&mut self, json: &str) -> Result<(), Failure> {
        if !self.terminal {
            return self.line(json);
        }
        let document: serde_json::Value = serde_json::from_str(json)
            .map_err(|error| Failure::new(Exit::Internal, format!("a document of ours is not JSON: {error}")))?;
        self.line(format_args!("{document:#}"))
    }

    /// Writes rows as a table, or as CSV.
    pub fn rows(
        &mut self,
        format: Format,
        headings: &[String],
        mut rows: impl Iterator<Item = Vec<String>>,
    ) -> Result<(), Failure> {
        if format == Format::Table {
            let table = table(headings, rows);
            return self.line(table);
        }
        let mut csv = csv::Writer::from_writer(self);
        let written = csv.write_record(headings).and_then(|()| rows.try_for_each(|row| csv.write_record(row)));
        written.map_err(Failure::csv_output)?;
        csv.flush().map_err(|error| Failure::output(&error))
    }

    /// Writes what is waiting.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| Failure::output(&error))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a line to standard error. One that is closed is nothing to fail for.
pub fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The columns of the terminal; 100 where there is none.
pub fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout())
        .or_else(|| terminal_size::terminal_size_of(io::stderr()))
        .map_or(100, |(width, _)| usize::from(width.0))
}

/// A table with these headings that fits the terminal: what is too wide is wrapped.
pub fn table(headings: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width()).unwrap_or(u16::MAX)).set_truncation_indicator("…");
    table.set_header(headings);
    for cells in rows {
        table.add_row(cells.iter().map(|cell| printable(cell)));
    }
    table
}

/// Makes every row one line: what is too wide is cut, except in the first column if it is `id`, which is no use when it
/// is cut.
pub fn cut(table: &mut Table) {
    for index in 0..table.row_count() {
        if let Some(row) = table.row_mut(index) {
            row.max_height(1);
        }
    }
    let id_first =
        table.header().and_then(|header| header.cell_iter().next()).is_some_and(|cell| cell.content() == "id");
    if let Some(column) = table.column_mut(0).filter(|_| id_first) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// Text without control characters: a stored value must not be able to move the cursor or colour the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A number with its thousands set apart: 1,234,567.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration as people read it: 312 µs, 4.1 ms, 2.35 s.
pub fn elapsed(time: std::time::Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        let times = [Duration::from_micros(312), Duration::from_micros(4_123), Duration::from_millis(2_350)];
        assert_eq!(times.map(elapsed), ["312 µs", "4.1 ms", "2.35 s"]);
    }

    #[test]
    fn a_value_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
