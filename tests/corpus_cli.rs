//! The corpus through the command line: the program is run once for every step, on stores on disk.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::corpus::{Outcome, PatchError, ResourceOf};
use support::face::{Face, Search, run_filters, run_patches};
use tempfile::TempDir;
use unicode_width::UnicodeWidthStr;

struct CommandLine(TempDir);

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl CommandLine {
    fn new() -> CommandLine {
        // Thousands of small stores: in memory where that can be, since it is not durability that is asked for here.
        let in_memory = tempfile::tempdir_in("/dev/shm");
        CommandLine(in_memory.or_else(|_| tempfile::tempdir()).unwrap())
    }

    /// Runs the program on the tenant's store. Every tenant has one of its own, so that none grows.
    fn run(&self, tenant: &str, arguments: &[&str], input: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimdb"));
        command.arg("--store").arg(self.0.path().join(tenant)).args(["--tenant", tenant]).args(arguments);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCIMDB_")) {
            command.env_remove(name);
        }
        command.current_dir(self.0.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    fn done(self) -> Result<String, String> {
        if self.code == 0 { Ok(self.out) } else { Err(format!("exit code {}: {}{}", self.code, self.out, self.err)) }
    }

    /// `error: what is wrong (scimType, attribute)`
    fn scim_type(&self) -> Option<String> {
        let line = self.err.lines().next()?;
        let (_, notes) = line.strip_suffix(')')?.rsplit_once('(')?;
        notes.split(", ").next().map(str::to_owned)
    }

    /// The byte offset that the caret stands under, if the whole filter is shown.
    fn offset(&self, filter: &str) -> Option<u64> {
        let lines: Vec<&str> = self.err.lines().collect();
        let [.., shown, caret] = lines.as_slice() else { return None };
        let column = caret.trim_end_matches('^').width().checked_sub(2)?;
        if shown.strip_prefix("  ") != Some(filter) || !caret.ends_with('^') {
            return None;
        }
        let ends = filter.char_indices().map(|(index, _)| index).chain([filter.len()]);
        ends.into_iter().find(|index| filter[..*index].width() == column).map(|index| index as u64)
    }
}

impl Face for CommandLine {
    fn open(&mut self, tenant: &str, dialect: &str, documents: &[Value]) -> Result<(), String> {
        self.run(tenant, &["tenant", "create", tenant, "--profile", dialect], "").done()?;
        if !documents.is_empty() {
            let json = Value::Array(documents.to_vec()).to_string();
            self.run(tenant, &["schema", "put", "-"], &json).done()?;
        }
        Ok(())
    }

    fn load(&mut self, tenant: &str, resources: &[ResourceOf]) -> Result<(), String> {
        let mut rows = String::new();
        for ResourceOf { resource_type, id, body } in resources {
            let mut row = body.clone();
            row["id"] = json!(id);
            row["meta"] = json!({ "resourceType": resource_type });
            rows += &format!("{row}\n");
        }
        self.run(tenant, &["import", "--restore", "--quiet", "-"], &rows).done().map(drop)
    }

    fn search(&mut self, tenant: &str, search: &Search) -> Outcome {
        let Search { resource_type, filter, sort_by, descending, start_index, count } = search;
        let kind = format!("--type={}", resource_type.as_deref().unwrap_or("*"));
        let mut arguments = vec!["query".to_owned(), "--output=json".to_owned(), kind];
        arguments.extend(sort_by.as_ref().map(|path| format!("--sort-by={path}")));
        arguments.extend(descending.then(|| "--sort-order=descending".to_owned()));
        arguments.extend(start_index.map(|index| format!("--start-index={index}")));
        arguments.extend(count.map(|count| format!("--count={count}")));
        if let Some(filter) = filter {
            arguments.extend(["--".to_owned(), filter.clone()]);
        }
        let ran = self.run(tenant, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), "");
        if ran.code == 0 {
            let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
            let total = ran.err.split_whitespace().next().and_then(|total| total.replace(',', "").parse().ok());
            return Outcome::Found(ran.out.lines().map(id).collect(), total.expect("the summary tells the total"));
        }
        Outcome::Failed {
            scim_type: ran.scim_type(),
            offset: filter.as_ref().and_then(|filter| ran.offset(filter)),
            detail: ran.err,
        }
    }

    fn get(&mut self, tenant: &str, resource_type: &str, id: &str) -> Value {
        let out = self.run(tenant, &["get", resource_type, id], "").done().unwrap();
        serde_json::from_str(&out).unwrap()
    }

    fn patch(
        &mut self,
        tenant: &str,
        resource_type: &str,
        id: &str,
        request: &Value,
    ) -> Result<Option<Value>, PatchError> {
        let ran = self.run(tenant, &["patch", resource_type, id], &request.to_string());
        match ran.code {
            0 => Ok(Some(serde_json::from_str(&ran.out).unwrap())),
            // Scripts tell what is wrong from what is in the way by the exit code.
            code => Err(PatchError {
                status: if code == 5 { 409 } else { 400 },
                scim_type: ran.scim_type().unwrap_or_default(),
            }),
        }
    }
}

#[test]
fn filters() {
    run_filters(&mut CommandLine::new());
}

#[test]
fn patches() {
    run_patches(&mut CommandLine::new());
}
