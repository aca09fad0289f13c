//! The command line, by running the program: files in, tables and JSON out, exit codes, pipes that close.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[cfg(all(unix, feature = "server"))]
#[path = "cli/jobs.rs"]
mod jobs;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";

struct Sandbox(tempfile::TempDir);

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }

    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Sandbox {
    fn new() -> Self {
        Sandbox(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimdb"));
        command.args(arguments).current_dir(self.0.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SCIMDB_")) {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        run(self.command(arguments), stdin)
    }

    fn import(&self, name: &str, content: &str) {
        let file = self.file(name, content);
        self.run(&["import", file.to_str().unwrap()]).ok();
    }
}

fn run(mut command: Command, stdin: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes it: no matter.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn user(name: &str) -> String {
    json!({"schemas": [USER], "userName": name, "active": true}).to_string()
}

fn users(names: &[&str]) -> String {
    names.iter().map(|name| user(name) + "\n").collect()
}

#[test]
fn what_is_exported_is_restored() {
    let from = Sandbox::new();
    let ann = json!({"schemas": [USER], "userName": "ann", "password": "correct horse", "name": {"givenName": "Ann"}});
    from.import("users.ndjson", &format!("{ann}\n\n{}", users(&["bo", "cy"])));
    let found = from.run(&["query", "userName eq \"ANN\"", "--attributes", "name.givenName"]);
    assert_eq!(
        found.err.lines().next().map(|line| line.starts_with("1 result, 1 to 1 shown, ")),
        Some(true),
        "{}",
        found.err
    );
    let id = found.lines()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(found.lines()[0]["name"], json!({"givenName": "Ann"}));
    let group = json!({"schemas": [GROUP], "displayName": "all", "members": [{"value": id}]});
    from.run_with(&["create", "Group"], &group.to_string()).ok();
    from.run(&["-q", "export", "all.ndjson"]).ok();
    let exported = fs::read_to_string(from.path("all.ndjson")).unwrap();
    assert_eq!(exported.lines().count(), 4);
    assert!(exported.contains("$argon2id$"));
    assert!(!from.path("all.ndjson.partial").exists());
    assert_eq!(from.run(&["export", "--type", "Groups"]).ok().lines().count(), 1);

    let to = Sandbox::new();
    to.run_with(&["import", "-", "--restore"], &exported).ok();
    assert_eq!(to.run(&["export"]).ok(), exported);
    let get = |sandbox: &Sandbox| sandbox.run(&["get", "User", &id]).ok();
    assert_eq!(get(&to), get(&from));
    assert!(get(&to).contains("\"groups\""));
    to.run(&["check"]).ok();
    let stats: Value = serde_json::from_str(&to.run(&["stats"]).ok()).unwrap();
    assert_eq!(stats["tenants"][0]["resources"], json!({"User": 3, "Group": 1}));
    assert_eq!(stats["tenants"][0]["memberships"], json!(1));
    assert!(stats["tenants"][0]["indexes"].is_object());
    to.run(&["backup", "backup"]).ok();
    assert_eq!(to.run(&["export", "--store", "backup"]).ok(), exported);
    to.run(&["backup", "backup"]).fails(5);
}

#[test]
fn rejected_rows_are_kept_as_given() {
    let sandbox = Sandbox::new();
    sandbox.import("first.ndjson", &users(&["ann"]));
    let wrong_type = format!("{{\"schemas\":[\"{USER}\"],  \"userName\":7}}");
    let rows = format!("{}\n{wrong_type}\nno json\n{}\n", user("Ann"), user("bo"));
    let file = sandbox.file("rows.jsonl", &rows);
    let file = file.to_str().unwrap();
    let told = sandbox.run(&["import", file, "--rejects", "bad.ndjson"]).fails(7);
    assert!(told.contains("1 created, 3 rejected"), "{told}");
    assert!(told.contains("bad.ndjson.errors"), "{told}");
    // What is no JSON is refused when it is read, what is taken when it is committed: the order is not the file's.
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let given = format!("{}\n{wrong_type}\nno json\n", user("Ann"));
    assert_eq!(sorted(fs::read_to_string(sandbox.path("bad.ndjson")).unwrap()), sorted(given));
    let errors = fs::read_to_string(sandbox.path("bad.ndjson.errors")).unwrap();
    let mut errors: Vec<Value> = errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    errors.sort_by_key(|error| error["row"].as_u64());
    let seen: Vec<_> =
        errors.iter().map(|error| (error["row"].as_u64().unwrap(), error["scimType"].as_str().unwrap())).collect();
    assert_eq!(seen, [(1, "uniqueness"), (2, "invalidValue"), (3, "invalidSyntax")]);
    assert_eq!(errors[1]["attribute"], "userName");

    let told = sandbox.run(&["import", file]).fails(7);
    assert!(told.contains("row 3: ") && told.contains("--rejects"), "{told}");
    sandbox.run(&["import", file, "--rejects", file]).fails(2);
    assert_eq!(fs::read_to_string(file).unwrap(), rows);
    // What is there already may be left, or replaced; without rejects no file stays.
    let ann = json!({"schemas": [USER], "userName": "ann", "title": "CEO"}).to_string();
    let skipped = sandbox.run_with(&["import", "-", "--on-conflict", "skip", "--rejects", "bad.ndjson"], &ann);
    assert!(skipped.err.contains("0 created, 1 skipped"), "{}", skipped.err);
    assert_eq!(skipped.code, 0);
    assert!(!sandbox.path("bad.ndjson").exists() && !sandbox.path("bad.ndjson.errors").exists());
    assert_eq!(sandbox.run(&["-q", "query", "title pr"]).ok(), "");
    sandbox.run_with(&["import", "-", "--on-conflict", "replace"], &ann).ok();
    assert_eq!(sandbox.run(&["query", "title eq \"ceo\" and userName eq \"ann\""]).lines().len(), 1);
}

#[test]
fn json_arrays_and_csv_are_read() {
    let sandbox = Sandbox::new();
    sandbox.import("array.json", &format!("\u{feff} [\n {},\n {}\n]\n", user("ann"), user("bo").replace(',', ",\n")));
    assert_eq!(sandbox.run(&["query"]).lines().len(), 2);
    let told = sandbox.run_with(&["import", "-", "--format", "json"], &format!("[{}, {{]", user("cy"))).fails(3);
    assert!(told.contains("after row 1") && told.contains("1 rows before that"), "{told}");

    let csv = "\u{feff}userName;active;emails[work].value;emails[home];urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department\n\
               di;TRUE;di@work;\"d\"\"i@home\";Sales\n\
               ed;maybe;;;\n\
               too;few\n\
               fi;false;;fi@home;\n";
    let file = sandbox.file("people.csv", csv);
    let told = sandbox.run(&["import", file.to_str().unwrap(), "--delimiter", ";", "--rejects", "bad.csv"]).fails(7);
    assert!(told.contains("4 rows") && told.contains("2 created, 2 rejected"), "{told}");
    let bad = fs::read_to_string(sandbox.path("bad.csv")).unwrap();
    let rows: Vec<&str> = bad.lines().skip(1).collect();
    assert!(rows.contains(&"ed;maybe;;;") && rows.contains(&"too;few"), "{bad}");
    assert!(bad.starts_with("userName;active;emails[work].value;"), "{bad}");
    let found =
        sandbox.run(&["query", "emails[type eq \"home\" and value eq \"d\\\"i@home\"] and active eq true"]).lines();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["schemas"].as_array().unwrap().len(), 2);
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let table = sandbox.run(&[
        "query",
        "emails pr",
        "--output",
        "csv",
        "--attributes",
        &format!("userName,emails,{department}"),
    ]);
    assert_eq!(table.ok(), format!("userName,emails,{department}\ndi,\"di@work;d\"\"i@home\",Sales\nfi,fi@home,\n"));
    let told = sandbox.run_with(&["import", "-", "--format", "csv"], "usrName\nann\n").fails(3);
    assert!(told.contains("column \"usrName\"") && told.contains("userName"), "{told}");
    sandbox.run(&["import", "nothing.csv"]).fails(4);
    sandbox.file("people.xls", "");
    sandbox.run(&["import", "people.xls"]).fails(2);
}

#[test]
fn queries_sort_page_and_choose() {
    let sandbox = Sandbox::new();
    sandbox.import("users.ndjson", &users(&["cy", "ann", "éva", "bo"]));
    let names = |arguments: &[&str]| {
        let ran = sandbox.run(arguments);
        let names: Vec<String> = ran.lines().iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect();
        (names.join(" "), ran.err)
    };
    assert_eq!(names(&["query"]).0, "cy ann éva bo");
    let (page, told) =
        names(&["query", "--sort-by", "userName", "--sort-order", "descending", "--start-index", "2", "--count", "2"]);
    assert_eq!(page, "cy bo");
    assert!(told.starts_with("4 results, 2 to 3 shown, "), "{told}");
    assert_eq!(names(&["query", "not (userName sw \"A\")", "--all", "--sort-by", "userName"]).0, "bo cy éva");
    assert!(names(&["query", "--count", "0"]).1.starts_with("4 results, none shown, "));
    assert_eq!(sandbox.run(&["-q", "query", "--type", "*"]).err, "");
    let table =
        sandbox.run(&["query", "--output", "table", "userName eq \"ÉVA\"", "--attributes", "userName,active"]).ok();
    assert!(table.contains("userName") && table.contains("éva") && table.contains("true"), "{table}");
}

#[test]
fn queries_page_by_cursor() {
    let sandbox = Sandbox::new();
    sandbox.import("users.ndjson", &users(&["cy", "ann", "éva", "bo", "dee"]));
    let page = |cursor: &str, more: &[&str]| {
        let fixed = ["query", "--sort-by", "userName", "--count", "2", "--cursor", cursor];
        sandbox.run(&[&fixed[..], more].concat())
    };
    let told = |ran: &Ran, page: &str| {
        let start = format!("{page} page: --cursor ");
        ran.err.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
    };
    let names = |ran: &Ran| -> Vec<String> {
        ran.lines().iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    };
    let first = page("", &[]);
    assert!(first.err.starts_with("5 results, 2 shown, "), "{}", first.err);
    assert_eq!((names(&first).join(" ").as_str(), told(&first, "previous")), ("ann bo", None));
    // Each run is a process of its own.
    let second = page(&told(&first, "next").unwrap(), &[]);
    let third = page(&told(&second, "next").unwrap(), &[]);
    assert_eq!((names(&second).join(" "), names(&third).join(" ")), ("cy dee".to_owned(), "éva".to_owned()));
    assert_eq!(told(&third, "next"), None);
    assert_eq!(names(&page(&told(&third, "previous").unwrap(), &[])), names(&second));

    assert!(page("forged", &[]).fails(3).contains("invalidCursor"));
    assert!(page("", &["--start-index", "1"]).fails(3).contains("invalidCursor"));
    let other = ["query", "--sort-by", "userName", "--count", "3", "--cursor", &told(&first, "next").unwrap()];
    assert!(sandbox.run(&other).fails(3).contains("invalidCount"));
    page("", &["--all"]).fails(2);
}

#[test]
fn explain_tells_how_a_search_is_carried_out() {
    let sandbox = Sandbox::new();
    sandbox.import("users.ndjson", &users(&["cy", "ann"]));
    let told: Value = serde_json::from_str(&sandbox.run(&["explain", "userName eq \"ann\""]).ok()).unwrap();
    assert_eq!((&told["total"], &told["steps"][0]["depth"]), (&json!(1), &json!(0)));
    let tree = sandbox.run(&["explain", "--sort-by", "userName", "--type", "*", "--output", "table"]).ok();
    assert!(tree.lines().count() > 1 && tree.lines().last().unwrap().starts_with("2 results, "), "{tree}");
    let csv = sandbox.run(&["explain", "--output", "csv"]).ok();
    assert!(csv.starts_with("depth,text,method,estimated,actual,micros\n"), "{csv}");
    let told = sandbox.run(&["explain", "userName eqq 1"]).fails(3);
    assert!(told.contains("invalidFilter") && told.lines().last().unwrap().trim() == "^", "{told}");
}

#[test]
fn a_caret_stands_under_what_is_wrong_in_a_filter() {
    let sandbox = Sandbox::new();
    sandbox.import("users.ndjson", &users(&["ann"]));
    let filter = "displayName eq \"é漢\" and userNam eq \"x\"";
    let told = sandbox.run(&["query", filter]).fails(3);
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("error: ") && lines[0].contains("userName") && lines[0].contains("invalidFilter"),
        "{told}"
    );
    assert_eq!(lines[1], format!("  {filter}"));
    // The second of the quoted characters is two columns wide.
    assert_eq!(lines[2], format!("  {}^", " ".repeat("displayName eq \"éxx\" and ".chars().count())));
    assert!(sandbox.run(&["query", "--attributes", "usrName"]).fails(3).contains("userName"));
    assert!(sandbox.run(&["query", "--sort-by", "usrName"]).fails(3).contains("invalidPath"));
}

#[test]
fn exit_codes_are_those_of_the_documentation() {
    let sandbox = Sandbox::new();
    sandbox.run(&["query"]).fails(4);
    assert!(!sandbox.path("scimdb-data").exists());
    sandbox.run(&["qury"]).fails(2);
    let created = sandbox.run_with(&["create", "User", "--id", "a1"], &user("ann"));
    assert_eq!(created.lines()[0]["id"], "a1");
    sandbox.run_with(&["create", "User"], &user("ANN")).fails(5);
    sandbox.run_with(&["create", "User"], "{").fails(3);
    sandbox.run_with(&["create", "Usr"], &user("bo")).fails(4);
    sandbox.run(&["get", "User", "nobody"]).fails(4);
    sandbox.run(&["get", "User", "a1", "--tenant", "nowhere"]).fails(4);
    let version = created.lines()[0]["meta"]["version"].as_str().unwrap().to_owned();
    let patch = |value: bool| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
               "Operations": [{"op": "replace", "path": "active", "value": value}]})
        .to_string()
    };
    let patched = sandbox.run_with(&["patch", "User", "a1", "--if-match", &version], &patch(false));
    assert_eq!(patched.lines()[0]["active"], false);
    sandbox.run_with(&["patch", "User", "a1", "--if-match", &version], &patch(true)).fails(5);
    assert!(sandbox.run_with(&["patch", "User", "a1"], &patch(false)).err.contains("nothing changed"));
    sandbox.file("ann.json", &user("anna"));
    let replaced = sandbox.run(&["replace", "User", "a1", "ann.json", "--attributes", "userName"]);
    assert_eq!(replaced.lines()[0]["userName"], "anna");
    assert_eq!(replaced.lines()[0].get("active"), None);
    sandbox.run(&["delete", "User", "a1"]).ok();
    sandbox.run(&["delete", "User", "a1"]).fails(4);
    sandbox.run(&["demo", "--store", "scimdb-data", "--users", "5"]).fails(5);
    assert!(sandbox.path("scimdb-data").exists());
    let documented = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CLI.md")).unwrap();
    for code in 0..=8 {
        assert!(documented.contains(&format!("\n| {code} | ")), "docs/CLI.md explains exit code {code}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_panic() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = (0..3_000).map(|n| format!("somebody.with.a.long.name.{n}")).collect();
    sandbox.import("users.ndjson", &users(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    for arguments in
        [&["query", "--all"][..], &["export"], &["query", "--all", "--output", "csv"], &["completions", "bash"]]
    {
        let mut child = sandbox.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn flags_win_over_environment_over_file() {
    let sandbox = Sandbox::new();
    for store in ["flag", "environment", "top", "section"] {
        sandbox.run_with(&["create", "User", "--store", store], &user(store)).ok();
    }
    sandbox.file("scimdb.toml", "store = 'top'\nquiet = true\n[query]\nstore = 'section'\nattributes = ['userName']\n");
    let user_name = |ran: Ran| ran.lines()[0]["userName"].as_str().unwrap().to_owned();
    let with = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = sandbox.command(arguments);
        command.envs(environment.iter().copied());
        run(command, "")
    };
    assert_eq!(user_name(with(&["query"], &[])), "section");
    assert_eq!(with(&["query"], &[]).err, "");
    assert_eq!(user_name(with(&["export"], &[])), "top");
    assert_eq!(user_name(with(&["query"], &[("SCIMDB_STORE", "environment")])), "environment");
    assert_eq!(user_name(with(&["query", "--store", "flag"], &[("SCIMDB_STORE", "environment")])), "flag");
    sandbox.file("other.toml", "store = 'flag'\n");
    assert_eq!(user_name(with(&["query", "--config", "other.toml"], &[])), "flag");
    assert_eq!(user_name(with(&["query"], &[("SCIMDB_CONFIG", "other.toml")])), "flag");
    sandbox.file("other.toml", "stoer = 'flag'\n");
    assert!(with(&["query", "--config", "other.toml"], &[]).fails(2).contains("did you mean store?"));
    with(&["query", "--config", "missing.toml"], &[]).fails(2);
    with(&["query"], &[("SCIMDB_COUNT", "many")]).fails(2);
}

#[test]
fn a_resource_type_of_a_file_works_everywhere() {
    let sandbox = Sandbox::new();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schemas/device.json");
    let schema = schema.to_str().unwrap();
    let told = sandbox.run(&["schema", "put", schema]);
    assert!(told.err.contains(DEVICE) && told.err.contains("resource type Device"), "{}", told.err);
    let device = json!({
        "schemas": [DEVICE], "serialNumber": "C02x", "kind": "Laptop", "active": true, "port": 8443, "weight": 1.5,
        "purchased": "2024-03-01T09:00:00+01:00", "certificate": "MIIB", "tags": ["loan", "Paris"],
        "owner": {"value": "u1"},
        "addresses": [{"value": "10.0.0.7", "type": "ipv4", "primary": true}, {"value": "aa:bb", "type": "mac"}],
    });
    let created = sandbox.run_with(&["create", "Device", "-"], &device.to_string());
    let shown = &created.lines()[0];
    assert_eq!(shown["meta"]["resourceType"], "Device");
    assert_eq!((&shown["port"], &shown["weight"]), (&json!(8443), &json!(1.5)));
    // Returned on request: who sent it sees it in the answer, and nobody else unless they ask.
    assert_eq!(shown["certificate"], "MIIB");
    let read = &sandbox.run(&["get", "Device", shown["id"].as_str().unwrap()]).lines()[0];
    assert_eq!(read.get("certificate"), None);
    sandbox.run_with(&["create", "Device"], &device.to_string()).fails(5);
    let filters = [
        "kind eq \"laptop\" and serialNumber eq \"C02x\"",
        "port ge 8443 and weight lt 1.6",
        "tags eq \"paris\"",
        "purchased eq \"2024-03-01T08:00:00Z\"",
        "addresses[type eq \"mac\" and value sw \"AA\"]",
        "owner.value eq \"u1\"",
        &format!("{DEVICE}:active eq true"),
    ];
    for filter in filters {
        assert_eq!(sandbox.run(&["query", "--type", "Device", filter]).lines().len(), 1, "{filter}");
    }
    assert_eq!(sandbox.run(&["query", "--type", "Devices", "serialNumber eq \"c02x\""]).lines().len(), 0);
    sandbox.run(&["query", "--type", "Device", "port eq \"8443\""]).fails(3);
    let csv = "serialNumber,kind,port,addresses[mac].value,tags[1],tags[2]\nD1,phone,22,cc:dd,a,b\n";
    sandbox.run_with(&["import", "-", "--format", "csv", "--type", "Device"], csv).ok();
    let found = sandbox.run(&["query", "--type", "Device", "tags eq \"b\" and port eq 22", "--output", "table"]).ok();
    assert!(found.contains("D1") && found.contains("serialNumber"), "{found}");
    let shown: Value = serde_json::from_str(&sandbox.run(&["schema", "show", DEVICE]).ok()).unwrap();
    assert_eq!(shown["attributes"].as_array().unwrap().len(), 11);
    assert!(sandbox.run(&["schema", "list", "--output", "csv"]).ok().contains("resource type,Device,"));
    sandbox.run(&["schema", "remove", "Device"]).fails(5);
    sandbox.run(&["schema", "show", "Devic"]).fails(4);
}

#[test]
fn tenants_and_tokens_are_managed() {
    let sandbox = Sandbox::new();
    sandbox.run(&["tenant", "create", "acme", "--profile", "entra"]).ok();
    sandbox.run(&["tenant", "create", "acme"]).fails(5);
    sandbox.run(&["tenant", "create", "other", "--profile", "klingon"]).fails(3);
    sandbox.run_with(&["create", "User", "--tenant", "acme"], &user("ann")).ok();
    let listed = sandbox.run(&["tenant", "list"]).lines();
    assert!(listed.contains(&json!({"name": "acme", "profile": "entra", "resources": 1})), "{listed:?}");
    assert_eq!(sandbox.run(&["query"]).lines().len(), 0);
    sandbox.run(&["tenant", "configure", "acme", "--profile", "okta"]).ok();
    assert!(sandbox.run(&["tenant", "list", "--output", "table"]).ok().contains("okta"));
    assert_eq!(sandbox.run(&["profile", "list"]).lines()[1]["name"], "entra");
    assert!(sandbox.run(&["profile", "show", "--tenant", "acme"]).ok().contains("okta"));
    let own = json!({"name": "ours", "extends": "entra", "sensitive": ["emails"]});
    let file = sandbox.file("profile.json", &own.to_string());
    let file = file.to_str().unwrap();
    assert!(sandbox.run(&["profile", "check", file]).ok().is_empty());
    sandbox.run(&["tenant", "configure", "acme", "--profile", file]).ok();
    assert_eq!(sandbox.run(&["profile", "show", "--tenant", "acme"]).lines(), [own]);
    let narrow = json!({"name": "narrow", "attributes": {"User": {"userName": {"minLength": 5}}}});
    let narrow = sandbox.file("narrow.json", &narrow.to_string());
    let narrow = narrow.to_str().unwrap();
    assert!(sandbox.run(&["profile", "check", narrow]).ok().is_empty());
    assert!(sandbox.run(&["profile", "check", "--tenant", "acme"]).ok().is_empty());
    let refused = sandbox.run(&["profile", "check", "--tenant", "acme", narrow]);
    let found = json!({"resourceType": "User", "attribute": "userName", "rule": "minLength", "count": 1});
    assert_eq!((refused.code, &refused.lines()[0], refused.lines().len()), (8, &found, 2));
    let warned = sandbox.run(&["tenant", "configure", "acme", "--profile", narrow]);
    assert!(warned.code == 0 && warned.err.contains("1 resource of acme"), "{}", warned.err);
    let table = sandbox.run(&["profile", "check", "--tenant", "acme", "--output", "table"]);
    assert!(table.code == 8 && table.out.contains("minLength"), "{}", table.out);
    let wrong = json!({"name": "w", "attributes": {"User": {"titel": {"maxLength": 1}}}}).to_string();
    let wrong = sandbox.run_with(&["profile", "check", "-"], &wrong).fails(3);
    assert!(wrong.contains("attributes.User.titel"), "{wrong}");
    let schema: Value = serde_json::from_str(&sandbox.run(&["profile", "schema"]).ok()).unwrap();
    assert!(schema["properties"]["name"].is_object());
    assert_eq!(sandbox.run(&["profile", "list"]).lines().len(), 6);
    sandbox.run(&["tenant", "configure", "acme", "--profile", file]).ok();
    let wrong = sandbox.run_with(&["profile", "check", "-"], "{\"name\": \"x\",\n  \"limits\": }").fails(3);
    assert!(wrong.contains("at line 2, column 13"), "{wrong}");
    let wrong = sandbox.run_with(&["profile", "check", "-"], r#"{"name": "x", "sensitiv": []}"#).fails(3);
    assert!(wrong.contains("did you mean sensitive?"), "{wrong}");
    sandbox.run(&["tenant", "drop", "acme"]).fails(2);
    sandbox.run(&["tenant", "drop", "acme", "--yes"]).ok();
    sandbox.run(&["query", "--tenant", "acme"]).fails(4);

    let secret = sandbox.run(&["token", "create", "ci", "--scope", "write", "--expires", "90d"]).ok();
    assert_eq!(secret.trim_end().len(), 43, "{secret}");
    sandbox.run(&["token", "create", "ci"]).fails(5);
    sandbox.run(&["token", "create", "cd", "--expires", "1 month"]).fails(2);
    let listed = sandbox.run(&["token", "list"]);
    assert_eq!(listed.lines()[0]["scope"], "write");
    assert!(listed.lines()[0]["expires"].is_string() && !listed.out.contains(secret.trim_end()));
    let regenerated = sandbox.run(&["token", "regenerate", "ci"]).ok();
    assert!(regenerated.trim_end().len() == 43 && regenerated != secret, "{regenerated}");
    sandbox.run(&["token", "regenerate", "cd"]).fails(4);
    let profile = json!({"name": "p", "permissions": [
        {"name": "Read users", "allows": [{"resourceTypes": ["User"], "operations": ["read"]}]}]});
    let file = sandbox.file("permissions.json", &profile.to_string());
    sandbox.run(&["tenant", "configure", "default", "--profile", file.to_str().unwrap()]).ok();
    sandbox.run(&["token", "create", "cd", "--permission", "Read users"]).ok();
    let unknown = sandbox.run(&["token", "create", "ce", "--permission", "Fly"]).fails(3);
    assert!(unknown.contains("\"Read users\""), "{unknown}");
    let listed = sandbox.run(&["token", "list"]).lines();
    assert_eq!((&listed[0]["scope"], &listed[0]["permissions"]), (&json!("write"), &json!(["Read users"])));
    assert_eq!(listed[1]["permissions"], json!([]));
    sandbox.run(&["token", "revoke", "ci"]).ok();
    sandbox.run(&["token", "revoke", "ci"]).fails(4);
}

#[test]
fn a_store_that_is_served_is_held() {
    use std::io::{BufRead, BufReader};
    let sandbox = Sandbox::new();
    let mut server = sandbox.command(&["-q", "serve", "--address", "127.0.0.1:0"]);
    let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert!(ready.starts_with("scimdb listening on http://127.0.0.1:"), "{ready}");
    let told = sandbox.run(&["query"]).fails(6);
    assert!(told.contains(&server.id().to_string()) && told.contains("serve"), "{told}");
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(asked.success() && server.wait().unwrap().success());
    sandbox.run(&["query"]).ok();
    sandbox.run(&["serve", "--address", "0.0.0.0:0"]).fails(3);
}

#[test]
fn the_demo_makes_answers_and_stays() {
    let sandbox = Sandbox::new();
    let demo = |arguments: &[&str]| sandbox.run(&[&["demo", "--users", "500", "--groups", "40"], arguments].concat());
    let first = demo(&[]).ok();
    let row = |text: &str| {
        let line = first.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text} in {first}"));
        let hits = line.split(['│', '┆']).nth(3).unwrap_or_default().trim();
        hits.replace(',', "").parse::<u64>().unwrap_or_else(|_| panic!("{line}"))
    };
    assert_eq!(row("userName eq"), 1);
    assert_eq!(row("sorted by name.familyName"), 500);
    assert!(row("displayName co \"son\"") > 0 && row("active ne true") > 0);
    assert!((1..=8).contains(&row("members.value eq")));
    assert!(row("groups.value eq") > 0);
    // The last lines are commands that work.
    let commands: Vec<&str> =
        first.lines().filter(|line| line.starts_with("  ") && line.contains("scimdb-demo")).collect();
    assert!(commands.len() >= 4, "{first}");
    #[cfg(unix)]
    for line in commands.iter().filter(|line| !line.ends_with(" serve")) {
        let mut shell = Command::new("sh");
        shell.args(["-c", line.trim()]).current_dir(sandbox.0.path());
        run(shell, "").ok();
    }
    assert!(demo(&[]).ok().contains("earlier run"));
    assert!(demo(&["--seed", "7"]).fails(5).contains("--fresh"));
    assert!(demo(&["--seed", "7", "--fresh"]).ok().contains("by seed 7"));
    sandbox.run(&["check", "--store", "scimdb-demo"]).ok();
    // An interrupted run is made again.
    let marker = sandbox.path("scimdb-demo/demo.toml");
    let interrupted = fs::read_to_string(&marker).unwrap().replace("complete = true", "complete = false");
    fs::write(&marker, interrupted).unwrap();
    assert!(demo(&["-q"]).ok().contains("Making 500 users"));
}
