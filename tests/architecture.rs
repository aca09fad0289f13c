//! The project's shape, held by a test: who imports whom, which crates stand where, how long a file is, what no file
//! says. The rules are in `architecture/rules.rs`; CONTRIBUTING.md tells them in prose.
#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "a test may panic")]

#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/scan.rs"]
mod scan;

use std::path::Path;
use std::process::Command;

use rules::{File, violations};

/// Every file that is, or would be, under version control.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8(output.stdout).expect("paths are UTF-8"));
    let mut paths = match listed {
        Some(list) => list.split_terminator('\0').map(str::to_owned).collect(),
        // A packaged crate has no repository around it.
        None => walk(root, ""),
    };
    paths.sort();
    // What was deleted but is not committed yet is still listed; what is no text has no lines to check.
    let read = |path: String| std::fs::read_to_string(root.join(&path)).ok().map(|text| File { path, text });
    paths.into_iter().filter_map(read).collect()
}

fn walk(root: &Path, below: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(root.join(below)).expect("the folder can be read") {
        let entry = entry.expect("the entry can be read");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        match entry.file_type().expect("the entry has a type").is_dir() {
            true if matches!(name.as_str(), "target" | "node_modules" | ".git") => {}
            true => paths.extend(walk(root, &path)),
            false => paths.push(path),
        }
    }
    paths
}

#[test]
fn the_project_keeps_its_rules() {
    let files = files();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the files were not found");
    let found = violations(&files);
    assert!(found.is_empty(), "{} violations:\n{}\n", found.len(), found.join("\n"));
}

/// What the rules say about one more file in a small, sound project.
fn said_of(path: &str, text: &str) -> Vec<String> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let mut files = vec![
        file("src/lib.rs", "//! Docs.\npub use error::Error;\npub use engine::{Store, options::StoreOptions};\n"),
        file("src/engine/mod.rs", "//! Docs.\nmod storage;\npub use store::Store;\npub use options::StoreOptions;\n"),
    ];
    assert_eq!(violations(&files), Vec::<String>::new(), "the small project is sound");
    files.retain(|file| file.path != path);
    files.push(file(path, text));
    violations(&files)
}

#[test]
fn the_rules_catch_what_they_forbid() {
    let long = format!("//! Docs.\n{}", "// A line.\n".repeat(600));
    let cases: &[(&str, &str, &str)] = &[
        ("src/model/a.rs", "//! D\nuse crate::filter::parse;", "model must not know filter"),
        ("src/model/a.rs", "//! D\nuse crate::{error::Kind, engine::{self, Store}};", "model must not know engine"),
        ("src/filter/a.rs", "//! D\nfn f() { let x = crate::message::render(1); }", "filter must not know message"),
        ("src/filter/a.rs", "//! D\nfn f() { format!(\"{}\", crate::patch::x()) }", "filter must not know patch"),
        ("src/filter/a.rs", "//! D\nuse super::super::patch::Op;", "filter must not know patch"),
        ("src/filter/a.rs", "//! D\nmod b { use super::super::super::patch::Op; }", "filter must not know patch"),
        ("src/patch/a.rs", "//! D\nmacro_rules! m { () => { $crate::engine::x() } }", "patch must not know engine"),
        ("src/message/a.rs", "//! D\nuse crate::Store;", "message must not know engine (crate::Store)"),
        ("src/message/a.rs", "//! D\nuse crate::*;", "is no folder"),
        ("src/message/a.rs", "//! D\nuse crate::Unknown;", "lib.rs exports no such name"),
        ("src/grpc/a.rs", "//! D\nuse crate::http::x;", "grpc must not know http"),
        ("src/helpers/a.rs", "//! D\n", "the folder helpers has no place"),
        (
            "src/engine/storage/a.rs",
            "//! D\nuse crate::engine::query::Plan;",
            "engine::storage must not know engine::query",
        ),
        ("src/engine/query/a.rs", "//! D\nuse super::super::hooks::x;", "engine::query must not know engine::hooks"),
        ("src/engine/hooks/a.rs", "//! D\nuse super::super::Store;", "engine::hooks must not know engine::store"),
        ("src/engine/mod.rs", "//! D\npub(crate) mod storage;", "engine::storage must be private"),
        ("src/engine/get.rs", "//! D\nuse redb::Database;", "redb is for engine/storage/ only"),
        ("src/patch/a.rs", "//! D\nfn f(v: serde_json::Value) {}", "serde_json is for message/"),
        ("src/engine/get.rs", "//! D\nasync fn f() { tokio::spawn(g()); }", "tokio is for server/"),
        ("src/message/a.rs", "//! D\nfn f() { unsafe { g() } }", "unsafe is for src/ffi only"),
        ("tests/a.rs", "//! D\nfn f() { todo!() }", "todo! is a promise"),
        ("src/patch/mod.rs", "//! D\nmod apply;\npub fn f() {}", "fn f does not belong"),
        ("src/patch/mod.rs", "//! D\nimpl X {}", "an impl block does not belong"),
        ("src/patch/a.rs", "use std::fmt;\n", "opens without //!"),
        ("src/patch/a.rs", &long, "601 lines; 600 at most"),
        ("src/patch/a.rs", "//! D\nfn f( {", "cannot be read as Rust"),
        ("docs/A.md", concat!("a TO", "DO: b"), "do it, or file it"),
        ("docs/A.md", concat!("see https://pypi", ".org/x"), "names a registry's host"),
        ("docs/A.md", concat!("cd `/wo", "rk/x`"), "names a path of one machine"),
        (".github/workflows/ci.yml", "on: push", "the checks are .ci/run"),
        ("rust-toolchain.toml", "", "the toolchain is not pinned"),
    ];
    for (path, text, expected) in cases {
        let said = said_of(path, text);
        assert!(
            said.iter().any(|line| line.contains(expected)),
            "{path}: {text:?}\nexpected: {expected}\nsaid: {said:?}"
        );
    }
}

#[test]
fn the_rules_allow_what_is_sound() {
    let cases: &[(&str, &str)] = &[
        ("src/message/a.rs", "//! D\nuse crate::{Error, filter::parse};\nuse serde_json::Value;"),
        ("src/model/a.rs", "//! D\n// crate::engine, redb, unsafe\nconst A: &str = \"crate::engine redb unsafe\";"),
        (
            "src/model/a.rs",
            "//! D\nuse self::b::c;\nuse super::value::Value;\npub(crate) fn f() {}\npub(super) fn g() {}",
        ),
        (
            "src/model/a.rs",
            "//! D\n#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::message::render; use serde_json::json; }",
        ),
        ("src/patch/mod.rs", "//! D\nmod apply;\n#[cfg(test)]\nmod tests { fn f() {} }\npub use apply::apply;"),
        (
            "src/engine/storage/a.rs",
            "//! D\nuse crate::engine::StoreOptions;\nuse super::super::env::Clock;\nuse redb::Database;",
        ),
        ("src/engine/create.rs", "//! D\nuse super::{hooks, query::Plan, storage};\nuse crate::engine::replace::f;"),
        ("src/engine/hooks/a.rs", "//! D\nuse crate::engine::storage::keys;\nuse super::other;"),
        ("src/grpc/a.rs", "//! D\nuse crate::server::pool;\nuse tonic::Status;"),
        ("src/bin/scimdb/main.rs", "//! D\nmod demo;\nuse crate::demo::run;\nuse scimdb::engine::Store;\nfn main() {}"),
        ("docs/A.md", "https://example.com/work/1, mastodon, ten thousand times TODOS"),
    ];
    for (path, text) in cases {
        assert_eq!(said_of(path, text), Vec::<String>::new(), "{path}: {text:?}");
    }
    let parent = File { path: "src/model/text.rs".to_owned(), text: "//! D\n#[cfg(test)]\nmod vectors;".to_owned() };
    let child = File { path: "src/model/text/vectors.rs".to_owned(), text: "//! D\nuse crate::engine::X;".to_owned() };
    assert_eq!(violations(&[parent, child]), Vec::<String>::new(), "a file for tests only is free to import");
}
