//! The rules, as data and pure functions over (path, text) of every file: nothing here touches the disk.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{Found, Scan, scan};

/// A file of the project, by its path from the top.
pub struct File {
    /// With forward slashes.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// The folders of `src`, each with its place: a folder imports only from places to its left. Those that share a place
/// know nothing of each other.
const FOLDERS: &[(&str, u8)] = &[
    ("error", 0),
    ("model", 1),
    ("filter", 2),
    ("patch", 3),
    ("message", 4),
    ("profile", 5),
    ("engine", 6),
    ("protocol", 7),
    ("server", 8),
    ("grpc", 9),
    ("http", 9),
    // One port for both network faces.
    ("daemon", 10),
    // One store in several processes, over sockets of its own.
    ("share", 10),
    // Starts the daemon where it is built in.
    ("ffi", 11),
    ("bin", 12),
];

/// The same inside `engine`: what stands beside them there are the verbs, at the right end.
const ENGINE: &[(&str, u8)] = &[("storage", 1), ("rows", 2), ("index", 3), ("query", 4), ("hooks", 5), ("feed", 5)];

/// Files beside the verbs that every part of the engine may use: plain data, and the injected clock and ids.
const ENGINE_BASE: &[&str] = &["config", "env", "options", "rules", "value_keys"];

const ENGINE_VERBS: u8 = 6;

/// Crates that only some folders may name, with the paths under `src` where they may.
const CRATES: &[(&str, &[&str])] = &[
    // `message` alone knows JSON documents; a filter's literals are JSON by the RFC's grammar, and the command line
    // reads and writes its user's files, and options and answers of the C ABI are JSON. The table of contents of a run of the index is JSON by design, so that a later
    // version can add to it: no document of SCIM.
    (
        "serde_json",
        &["message/", "filter/literal.rs", "engine/index/layout.rs", "engine/index/grams/build.rs", "ffi/", "bin/"],
    ),
    ("redb", &["engine/storage/"]),
    // A medium of the host's own for index files is made of its types.
    ("tantivy", &["engine/index/", "engine/mod.rs"]),
    ("tokio", &["server/", "grpc/", "http/", "daemon/", "bin/"]),
    ("tokio_stream", &["server/", "grpc/", "http/"]),
    ("tokio_rustls", &["server/", "grpc/", "http/"]),
    ("rustls", &["server/", "grpc/", "http/"]),
    ("tonic", &["grpc/", "daemon/"]),
    ("prost", &["grpc/"]),
    ("hyper", &["grpc/", "http/", "daemon/"]),
    ("hyper_util", &["daemon/"]),
    ("prometheus_client", &["server/"]),
    ("sd_notify", &["server/"]),
    ("flate2", &["http/"]),
    ("clap", &["bin/"]),
];

/// What calls the C ABI from Rust, and has no other way to say it.
const C_ABI_FROM_RUST: &[&str] = &["fuzz/fuzz_targets/c_abi.rs", "fuzz/src/abi.rs", "fuzz/src/host.rs"];

/// Lines that a source file may have.
const MAX_LINES: usize = 600;

/// Everything that is wrong, one line each: `path:line: what`.
pub fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        found.extend(length(file).into_iter().chain(opening(file)).chain(words(file)).chain(place(file)));
    }
    let sources: Vec<(&File, Scan)> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .filter_map(|file| match scan(&module_of(&file.path), &file.text) {
            Ok(scan) => Some((file, scan)),
            Err(problem) => {
                found.push(format!("{}: {problem}", file.path));
                None
            }
        })
        .collect();
    let exports: BTreeMap<&str, &Scan> = sources.iter().map(|(file, scan)| (file.path.as_str(), scan)).collect();
    let for_tests = test_files(&sources);
    for (file, scan) in &sources {
        found.extend(tokens(file, scan));
        if let Some(path) = file.path.strip_prefix("src/").filter(|_| !for_tests.contains(&file.path)) {
            found.extend(arrows(file, path, scan, &exports));
            found.extend(foreign(file, path, scan));
            found.extend(modules(file, path, scan));
        }
    }
    found
}

/// Files that a `#[cfg(test)] mod name;` brings in.
fn test_files(sources: &[(&File, Scan)]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (file, scan) in sources {
        let folder = file.path.strip_suffix("mod.rs").or_else(|| file.path.strip_suffix("lib.rs"));
        let folder = folder.map_or_else(|| file.path.trim_end_matches(".rs").to_owned() + "/", str::to_owned);
        paths.extend(scan.test_modules.iter().map(|name| format!("{folder}{name}.rs")));
    }
    paths
}

/// The module path of a file under `src`; the binary's begins with `bin`, as its folder does.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.first().is_some_and(|first| first == "bin") {
        module.drain(1..module.len().min(2));
    }
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

fn rank(table: &[(&str, u8)], name: &str) -> Option<u8> {
    table.iter().find(|(folder, _)| *folder == name).map(|(_, rank)| *rank)
}

/// Whether a part at `to` may be imported from one at `from`.
fn may_import(table: &[(&str, u8)], from: &str, to: &str) -> bool {
    from == to || rank(table, to) < rank(table, from)
}

/// Imports against the arrows, of folders and of the engine's parts.
fn arrows(file: &File, path: &str, scan: &Scan, exports: &BTreeMap<&str, &Scan>) -> Vec<String> {
    let module = module_of(&file.path);
    let Some(folder) = module.first() else { return Vec::new() };
    if rank(FOLDERS, folder).is_none() {
        return vec![format!("{}: the folder {folder} has no place among the arrows", file.path)];
    }
    // The binary is a crate of its own: what it names by `crate` is itself, and everything else is to its left.
    if folder == "bin" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for Found { line, what } in &scan.paths {
        let named = what.join("::");
        let target = what.first().and_then(|name| defined_in(name, FOLDERS, "src/lib.rs", exports));
        let Some(target) = target else {
            found.push(format!("{}:{line}: crate::{named} is no folder, and lib.rs exports no such name", file.path));
            continue;
        };
        if !may_import(FOLDERS, folder, &target) {
            found.push(format!("{}:{line}: {folder} must not know {target} (crate::{named})", file.path));
        }
        if folder == "engine" && target == "engine" {
            found.extend(engine_arrow(file, path, *line, what, exports));
        }
    }
    found
}

/// The folder that a name at the top of a module is, or is exported from.
fn defined_in(name: &str, table: &[(&str, u8)], root: &str, exports: &BTreeMap<&str, &Scan>) -> Option<String> {
    if rank(table, name).is_some() {
        return Some(name.to_owned());
    }
    let scan = exports.get(root)?;
    scan.exports.iter().find(|(exported, _)| exported == name).map(|(_, from)| from.clone())
}

fn engine_arrow(
    file: &File,
    path: &str,
    line: usize,
    what: &[String],
    exports: &BTreeMap<&str, &Scan>,
) -> Option<String> {
    let part_of = |name: &str| match rank(ENGINE, name) {
        Some(rank) => rank,
        None if ENGINE_BASE.contains(&name) => 0,
        None => ENGINE_VERBS,
    };
    let own = path.strip_prefix("engine/")?;
    let own = own.split('/').next()?.trim_end_matches(".rs");
    let name = what.get(1)?;
    let target = defined_in(name, ENGINE, "src/engine/mod.rs", exports).unwrap_or_else(|| name.clone());
    let is_base = part_of(&target) == 0;
    if own == target || is_base || part_of(own) == ENGINE_VERBS || part_of(&target) < part_of(own) {
        return None;
    }
    Some(format!("{}:{line}: engine::{own} must not know engine::{target} (crate::{})", file.path, what.join("::")))
}

/// Crates named where they must not be.
fn foreign(file: &File, path: &str, scan: &Scan) -> Vec<String> {
    let mut found = Vec::new();
    for (name, allowed) in CRATES {
        if allowed.iter().any(|prefix| path.starts_with(prefix)) {
            continue;
        }
        if let Some(Found { line, .. }) = scan.identifiers.iter().find(|identifier| identifier.what == *name) {
            found.push(format!("{}:{line}: {name} is for {} only", file.path, allowed.join(", ")));
        }
    }
    found
}

/// Logic in a module's front page, and engine parts that are open to the crate.
fn modules(file: &File, path: &str, scan: &Scan) -> Vec<String> {
    let mut found = Vec::new();
    if path.ends_with("mod.rs") || path == "lib.rs" {
        for Found { line, what } in &scan.logic {
            found.push(format!("{}:{line}: {what} does not belong in a file of docs and re-exports", file.path));
        }
    }
    if path == "engine/mod.rs" {
        for Found { line, what } in &scan.public_modules {
            if rank(ENGINE, what).is_some() {
                found.push(format!("{}:{line}: engine::{what} must be private to the engine", file.path));
            }
        }
    }
    found
}

/// Keywords and macros that stand nowhere: in tests neither.
fn tokens(file: &File, scan: &Scan) -> Vec<String> {
    let mut found = Vec::new();
    if !file.path.starts_with("src/ffi/") && !C_ABI_FROM_RUST.contains(&file.path.as_str()) {
        for Found { line, .. } in scan.identifiers.iter().filter(|identifier| identifier.what == "unsafe") {
            found.push(format!("{}:{line}: unsafe is for src/ffi only", file.path));
        }
    }
    for Found { line, what } in scan.macros.iter().filter(|call| matches!(call.what.as_str(), "todo" | "unimplemented"))
    {
        found.push(format!("{}:{line}: {what}! is a promise, not code", file.path));
    }
    found
}

fn length(file: &File) -> Option<String> {
    let is_source = [".rs", ".proto", ".py", ".mjs", ".js", ".ts", ".go", ".java", ".c", ".hpp", ".sh"]
        .iter()
        .any(|suffix| file.path.ends_with(suffix));
    let lines = file.text.lines().count();
    (is_source && lines > MAX_LINES).then(|| format!("{}: {lines} lines; {MAX_LINES} at most", file.path))
}

fn opening(file: &File) -> Option<String> {
    let is_module = file.path.ends_with(".rs");
    (is_module && !file.text.starts_with("//!"))
        .then(|| format!("{}:1: opens without //!, what it is and what it must not know", file.path))
}

/// Words and names that stand in no file.
fn words(file: &File) -> Vec<String> {
    // In two halves, so that this file passes too.
    const MARKS: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME")];
    const HOSTS: &[(&str, &str)] = &[
        ("index.crates", ".io"),
        ("static.crates", ".io"),
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("registry.npm", "js.org"),
        ("proxy.golang", ".org"),
        ("repo1.maven", ".org"),
        ("repo.maven.apache", ".org"),
        ("deb.debian", ".org"),
        ("static.rust-lang", ".org"),
    ];
    const PATHS: &[(&str, &str)] = &[("/wo", "rk/"), ("/tm", "p/"), ("/ro", "ot/")];
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let mut report = |what: String| found.push(format!("{}:{}: {what}", file.path, at + 1));
        for (head, tail) in MARKS {
            if is_word(line, &[*head, *tail].concat()) {
                report(format!("{head}{tail}: do it, or file it"));
            }
        }
        for (head, tail) in HOSTS {
            if line.contains(&[*head, *tail].concat()) {
                report(format!("names a registry's host, {head}{tail}"));
            }
        }
        for (head, tail) in PATHS {
            if starts_path(line, &[*head, *tail].concat()) {
                report(format!("names a path of one machine, {head}{tail}"));
            }
        }
    }
    found
}

/// Whether the word stands in the line, and is no part of a longer one.
fn is_word(line: &str, word: &str) -> bool {
    let is_letter = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| !is_letter(line[..at].chars().next_back()) && !is_letter(line[at + word.len()..].chars().next()))
}

/// Whether a path begins so: not in the middle of a longer path or a URL.
fn starts_path(line: &str, start: &str) -> bool {
    let may_precede = |character: char| character.is_whitespace() || "\"'`(=:<[".contains(character);
    line.match_indices(start).any(|(at, _)| line[..at].chars().next_back().is_none_or(may_precede))
}

/// Files that must not be: the checks are `.ci/run` alone, and the toolchain is the user's.
fn place(file: &File) -> Option<String> {
    const FOREIGN: &[&str] = &[
        ".github/",
        ".gitlab-ci.yml",
        ".circleci/",
        ".travis.yml",
        "azure-pipelines.yml",
        "Jenkinsfile",
        ".drone.yml",
    ];
    if FOREIGN.iter().any(|name| file.path.starts_with(name)) {
        return Some(format!("{}: the checks are .ci/run, for any machine", file.path));
    }
    matches!(file.path.as_str(), "rust-toolchain" | "rust-toolchain.toml")
        .then(|| format!("{}: the toolchain is not pinned; rust-version in Cargo.toml says what is needed", file.path))
}
