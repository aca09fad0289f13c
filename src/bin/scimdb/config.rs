//! Flags over environment over file. Every flag `--some-name` is also `SCIMDB_SOME_NAME`, and `some-name` in the TOML
//! file: at the top for every subcommand that has it, or in a table named for one subcommand.
//!
//! It is one walk over clap's commands, so no flag can be forgotten: the file's values become the flags' defaults.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, OsStr};
use clap::parser::ValueSource;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches};
use scimdb::model::nearest;
use toml::{Table, Value};

use crate::args::Cli;
use crate::failure::{Exit, Failure};

/// The file that is read when it is there and none is named.
const DEFAULT_FILE: &str = "scimdb.toml";

/// Puts the three sources together.
pub fn parse(arguments: Vec<OsString>) -> Result<Cli, Failure> {
    // The file must be known before the flags mean anything: the same parser finds it, forgiving everything else.
    let first = with_sources(Cli::command(), &Table::new(), None).ignore_errors(true);
    let first = first.try_get_matches_from(&arguments).ok();
    let named = first.as_ref().and_then(|matches| matches.get_one::<PathBuf>("config"));
    let file = read_file(named.map(PathBuf::as_path))?;
    // The flags of every command stand at the root: the table of the command that is called is looked at for them too.
    let called = first.as_ref().and_then(|matches| matches.subcommand_name());
    let section = called.and_then(|name| file.get(name)).and_then(Value::as_table);
    let command = with_sources(Cli::command(), &file, section);
    let matches = command.try_get_matches_from(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.global.tenant_is_named = matches.value_source("tenant") == Some(ValueSource::CommandLine);
    Ok(cli)
}

fn read_file(named: Option<&Path>) -> Result<Table, Failure> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    if named.is_none() && !path.is_file() {
        return Ok(Table::new());
    }
    let wrong = |message: String| Failure::new(Exit::Usage, format!("{}: {message}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    check_names(&table, &Cli::command()).map_err(wrong)?;
    Ok(table)
}

fn flags(command: &Command) -> impl Iterator<Item = &str> {
    let settable = |name: &&str| !matches!(*name, "help" | "version" | "config");
    command.get_arguments().filter_map(clap::Arg::get_long).filter(settable)
}

fn all_flags<'a>(command: &'a Command, into: &mut BTreeSet<&'a str>) {
    into.extend(flags(command));
    for sub in command.get_subcommands() {
        all_flags(sub, into);
    }
}

/// A name that nothing reads is a typing error, and never passed over.
fn check_names(table: &Table, root: &Command) -> Result<(), String> {
    let mut known = BTreeSet::new();
    all_flags(root, &mut known);
    for (name, value) in table {
        match (root.find_subcommand(name), value) {
            (Some(sub), Value::Table(table)) => {
                let mut known: BTreeSet<&str> = flags(root).collect();
                all_flags(sub, &mut known);
                for (name, value) in table {
                    check_name(name, value, &known)?;
                }
            }
            _ => check_name(name, value, &known)?,
        }
    }
    Ok(())
}

fn check_name(name: &str, value: &Value, known: &BTreeSet<&str>) -> Result<(), String> {
    if !known.contains(name) {
        let hint = nearest(name, &mut known.iter().map(|known| (*known, *known)));
        let hint = hint.map(|hint| format!("; did you mean {hint}?")).unwrap_or_default();
        return Err(format!("there is no setting {name}{hint}"));
    }
    text_of(value).map(|_| ()).ok_or_else(|| format!("{name} is text, a number, true, false, or a list of texts"))
}

/// A value as it would stand on the command line.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(items) => items.iter().map(text_of).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

/// Gives every flag its environment variable, and the file's value as its default. `section` is the table of the
/// subcommand, which wins over the top of the file.
fn with_sources(command: Command, file: &Table, section: Option<&Table>) -> Command {
    let flags: Vec<String> = flags(&command).chain(["config"]).map(str::to_owned).collect();
    let mut command = command;
    for id in command.get_arguments().map(|arg| arg.get_id().clone()).collect::<Vec<_>>() {
        command = command.mut_arg(id, |arg| {
            let Some(name) = arg.get_long().map(str::to_owned).filter(|name| flags.contains(name)) else { return arg };
            let variable = format!("SCIMDB_{}", name.to_uppercase().replace('-', "_"));
            let arg = arg.env(OsStr::from(variable)).hide_env_values(true);
            let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
            let arg = if is_flag { arg.value_parser(BoolishValueParser::new()) } else { arg };
            let value = section.and_then(|section| section.get(&name)).or_else(|| file.get(&name)).and_then(text_of);
            match value {
                Some(value) => arg.required(false).default_value(OsStr::from(value)),
                None => arg,
            }
        });
    }
    for name in command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect::<Vec<_>>() {
        let own = section.or_else(|| file.get(&name).and_then(Value::as_table));
        command = command.mut_subcommand(name, |sub| with_sources(sub, file, own));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), String> {
        check_names(&toml::from_str(text).unwrap(), &Cli::command())
    }

    #[test]
    fn the_commands_are_well_formed() {
        with_sources(Cli::command(), &Table::new(), None).debug_assert();
    }

    #[test]
    fn names_in_the_file_are_those_of_the_flags() {
        check("store = 'x'\non-conflict = 'skip'\n[query]\ncount = 5\nstore = 'y'\nattributes = ['id', 'userName']")
            .unwrap();
        assert_eq!(check("stroe = 'x'").unwrap_err(), "there is no setting stroe; did you mean store?");
        assert!(check("[query]\nscope = 'read'").unwrap_err().starts_with("there is no setting scope"));
        assert!(check("config = 'x'").is_err());
        assert!(check("store = 1979-05-27").is_err());
    }
}
