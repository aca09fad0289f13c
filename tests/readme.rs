//! README's programs in other languages are those of the packages, whose own tests run them.
#![allow(clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn programs_of_the_readme_are_those_that_are_tested() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there");
    let readme = read("README.md");
    for (language, folder) in
        [("python", "python"), ("js", "node"), ("go", "go"), ("java", "java"), ("c", "c"), ("cpp", "cpp")]
    {
        let own = read(&format!("bindings/{folder}/README.md"));
        let first = blocks(&own, language).first().copied().expect("each package has an example");
        assert!(blocks(&readme, language).contains(&first), "README.md does not show the example of {folder}");
    }
}

#[test]
fn the_readme_shows_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let tail = |name: &str, from: &str| {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let start = text.find(from).unwrap();
        text[start..].to_owned()
    };
    assert!(readme.contains(&tail("examples/embed.rs", "fn main")));
    assert!(readme.contains(&tail("examples/client.py", "import json")));
}
