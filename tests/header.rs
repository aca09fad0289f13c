//! include/scimdb.h is what src/ffi says: made again from the sources, and compared with the file that is committed.
//!
//! `SCIMDB_WRITE_HEADER=1 cargo test --test header` writes it.
#![allow(clippy::expect_used, reason = "a test may panic")]

use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, Language, SortKey, Style};
use scimdb::error::ERROR_TABLE;

/// The sources, in the order in which a reader wants their contents.
const SOURCES: &[&str] = &[
    "text",
    "buf",
    "code",
    "callback",
    "error",
    "life",
    "endpoint",
    "resources",
    "query",
    "bulk",
    "import",
    "jobs",
    "iter",
    "changes",
    "hooks",
    "repositories",
    "schemas",
    "tenants",
    "profiles",
    "tokens",
    "forget",
    "value_keys",
    "operator",
    "log",
    "serve",
];

const CONVENTIONS: &str = include_str!("../src/ffi/conventions.h");

fn header() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config {
        language: Language::C,
        header: Some(CONVENTIONS.trim_end().to_owned()),
        include_guard: Some("SCIMDB_H".to_owned()),
        includes: Vec::new(),
        sys_includes: vec!["stddef.h".to_owned(), "stdint.h".to_owned()],
        no_includes: true,
        after_includes: Some(version()),
        cpp_compat: true,
        style: Style::Both,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::C99,
        line_length: 120,
        ..Config::default()
    };
    config.constant.sort_by = Some(SortKey::None);
    config.function.sort_by = Some(SortKey::None);
    config.function.args = cbindgen::Layout::Vertical;
    let mut builder = Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(source).with_extension("rs"));
    }
    let bindings = builder.generate().expect("the sources can be read");
    let mut out = Vec::new();
    bindings.write(&mut out);
    // A comment of two lines is two lines in both languages; trailing white space is in none.
    let text = String::from_utf8(out).expect("the header is text");
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// What a program can compare at compile time.
fn version() -> String {
    let part = |name: &str, value: &str| format!("#define SCIMDB_{name} {value}\n");
    let macros = [
        part("VERSION", concat!("\"", env!("CARGO_PKG_VERSION"), "\"")),
        part("VERSION_MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        part("VERSION_MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        part("VERSION_PATCH", env!("CARGO_PKG_VERSION_PATCH")),
        // A constant of Rust has no name for the largest number.
        "\n// A length that says: the text ends with a NUL.\n#define SCIMDB_NTS SIZE_MAX\n".to_owned(),
        "\n// A buffer before its first use.\n#define SCIMDB_BUF_INIT { NULL, 0, 0 }\n".to_owned(),
    ];
    macros.concat()
}

#[test]
fn the_header_is_what_the_sources_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/scimdb.h");
    let made = header();
    if std::env::var_os("SCIMDB_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "include/scimdb.h is stale: SCIMDB_WRITE_HEADER=1 cargo test --test header writes it");
}

#[test]
fn every_error_has_its_code() {
    let header = header();
    for row in ERROR_TABLE {
        let line = format!("#define SCIMDB_{} {}\n", row.name, row.code);
        assert!(header.contains(&line), "{line}");
    }
    let codes = header.lines().filter(|line| line.starts_with("#define SCIMDB_")).count();
    // Besides errors: OK, DONE, four of the version, the version of the ABI, NTS, BUF_INIT; and the guard.
    assert_eq!(codes, ERROR_TABLE.len() + 10);
}
