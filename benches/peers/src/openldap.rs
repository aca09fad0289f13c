//! OpenLDAP: an instance of its own in a directory of its own, on a socket there.
//!
//! LDAP has no count: the total is had by the control for virtual list views, which counts what it sorted, or by
//! streaming the name of every entry that was found.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ldap3::controls::RawControl;
use ldap3::{LdapConn, Scope, SearchEntry};

use crate::data::{Drawn, each};
use crate::measure::{Answer, Peer, Run, bytes, measure};
use crate::{Outcome, Settings};

/// Numbers of attributes and classes: below one made of a UUID, which nobody else has.
const NUMBERS: &str = "2.25.329800735698586629295641978511506172918";
const BASE: &str = "dc=bench";
const TEXTS: [&str; 7] = ["UserName", "DisplayName", "FamilyName", "Title", "UserType", "Department", "Email"];

fn programs() -> [PathBuf; 2] {
    ["slapd", "slapadd"].map(|name| Path::new("/usr/sbin").join(name))
}

/// Whether its programs are there.
pub fn is_installed() -> bool {
    programs().iter().all(|program| program.exists())
}

/// The configuration: one database, every attribute indexed.
fn configuration(directory: &Path) -> Outcome<String> {
    let mut out = String::new();
    let attribute = |out: &mut String, number: usize, name: &str, rules: &str| {
        let _ = writeln!(out, "attributetype ( {NUMBERS}.1.{number} NAME '{name}' {rules} )");
    };
    let any = "EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX \
               1.3.6.1.4.1.1466.115.121.1.15";
    let exact = "EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
    let time = "EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX \
                1.3.6.1.4.1.1466.115.121.1.24";
    for (number, name) in TEXTS.into_iter().chain(["HomeEmail"]).enumerate() {
        attribute(&mut out, number + 1, &format!("scim{name}"), any);
    }
    attribute(&mut out, 21, "scimId", exact);
    attribute(&mut out, 22, "scimExternalId", exact);
    attribute(&mut out, 23, "scimDocument", "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15");
    attribute(&mut out, 24, "scimCreated", time);
    attribute(&mut out, 25, "scimLastModified", time);
    attribute(&mut out, 26, "scimActive", "EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7");
    let all = "scimUserName $ scimDisplayName $ scimFamilyName $ scimTitle $ scimUserType $ scimDepartment $ scimEmail $ \
               scimHomeEmail $ scimExternalId $ scimDocument $ scimCreated $ scimLastModified $ scimActive";
    let _ = writeln!(out, "objectclass ( {NUMBERS}.2.1 NAME 'scimUser' SUP top STRUCTURAL MUST scimId MAY ( {all} ) )");
    let data = directory.join("data");
    std::fs::create_dir_all(&data)?;
    let (modules, here) = ("/usr/lib/ldap", directory.display());
    Ok(format!(
        "include /etc/ldap/schema/core.schema\n{out}modulepath {modules}\nmoduleload back_mdb\nmoduleload sssvlv\n\
         pidfile {here}/pid\nargsfile {here}/args\nthreads 4\nsizelimit unlimited\ntimelimit unlimited\nloglevel 0\n\
         backend mdb\nidlexp 21\ndatabase mdb\nsuffix {BASE}\nrootdn cn=admin,{BASE}\nrootpw bench\n\
         directory {data}\nmaxsize 34359738368\nindex objectClass eq\nindex scimId,scimExternalId,scimActive eq\n\
         index scimCreated,scimLastModified eq\n\
         index scimUserName,scimDisplayName,scimFamilyName,scimTitle,scimUserType,scimDepartment eq,sub,pres\n\
         index scimEmail,scimHomeEmail eq,sub,pres\noverlay sssvlv\n",
        data = data.display()
    ))
}

/// The users as LDIF.
fn export(path: &Path, settings: &Settings) -> Outcome<()> {
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    write!(out, "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: bench\no: bench\n\n")?;
    let time = |text: &str| text.replace(['-', ':', 'T'], "");
    each(&settings.data, settings.users, |user| {
        write!(out, "dn: scimId={0},{BASE}\nobjectClass: scimUser\nscimId: {0}\n", user.id)?;
        let optional = [("Title", &user.title), ("UserType", &user.user_type), ("Department", &user.department)];
        let given = optional.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let always = [
            ("ExternalId", user.external_id.as_str()),
            ("UserName", &user.user_name),
            ("DisplayName", &user.display_name),
            ("FamilyName", &user.family_name),
            ("Document", &user.document),
        ];
        let home =
            user.emails.iter().filter(|(kind, _)| kind == "home").map(|(_, value)| ("HomeEmail", value.as_str()));
        let emails = user.emails.iter().map(|(_, value)| ("Email", value.as_str()));
        for (name, value) in given.chain(always).chain(emails).chain(home) {
            writeln!(out, "scim{name}: {value}")?;
        }
        if let Some(active) = user.active {
            writeln!(out, "scimActive: {}", if active { "TRUE" } else { "FALSE" })?;
        }
        write!(out, "scimCreated: {}\nscimLastModified: {}\n\n", time(&user.created), time(&user.last_modified))?;
        Ok(())
    })?;
    Ok(out.flush()?)
}

/// A running server; stopped when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Killed: nothing of it is kept.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn run(settings: &Settings, drawn: &Drawn) -> Outcome<Peer> {
    let directory = settings.work.join("openldap");
    std::fs::create_dir_all(&directory)?;
    let (file, ldif) = (directory.join("slapd.conf"), directory.join("users.ldif"));
    std::fs::write(&file, configuration(&directory)?)?;
    export(&ldif, settings)?;
    let [slapd, slapadd] = programs();
    let start = Instant::now();
    let loaded = Command::new(slapadd).arg("-q").arg("-f").arg(&file).arg("-l").arg(&ldif).status()?;
    if !loaded.success() {
        return Err("slapadd failed".into());
    }
    let load_seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(ldif)?;
    let disk = bytes(&directory.join("data"))?;
    let socket = directory.join("ldapi").display().to_string().replace('/', "%2F");
    let url = format!("ldapi://{socket}");
    let mut command = Command::new(&slapd);
    command.args(["-d", "0", "-h", &url, "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(command.spawn()?);
    let version = Command::new(&slapd).arg("-VV").output()?.stderr;
    let version = String::from_utf8_lossy(&version).split_whitespace().nth(3).unwrap_or("?").to_owned();
    let mut peer = Peer::new(format!("OpenLDAP {version}"), load_seconds, disk);
    let connect = || connect(&url);
    for (id, filter, sort) in queries(settings.users) {
        let runs: Vec<Run<'_>> = match (id, sort) {
            ("Q1", _) => vec![values(connect()?, "scimUserName", &drawn.user_names)],
            ("Q7", _) => vec![values(connect()?, "scimExternalId", &drawn.external_ids)],
            ("Q18", _) => vec![documents(connect()?, &drawn.ids)],
            (_, None) => vec![streamed(connect()?, filter)],
            (_, Some(sort)) => vec![sorted(url.clone(), filter, sort)],
        };
        peer.queries.insert(id.to_owned(), measure(id, runs, settings.seconds)?);
    }
    drop(server);
    Ok(peer)
}

/// A connection, as soon as the server answers.
fn connect(url: &str) -> Outcome<LdapConn> {
    let begin = Instant::now();
    loop {
        match LdapConn::new(url) {
            Ok(mut connection) => {
                connection.simple_bind(&format!("cn=admin,{BASE}"), "bench")?.success()?;
                return Ok(connection);
            }
            Err(error) if begin.elapsed() > Duration::from_secs(20) => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// By which attribute, in which direction, and from where on.
#[derive(Clone, Copy)]
struct Sort(&'static str, bool, usize);

/// Every query: its filter, and its order.
fn queries(users: usize) -> Vec<(&'static str, &'static str, Option<Sort>)> {
    let by_name = |start| Some(Sort("scimUserName", false, start));
    vec![
        ("Q1", "", None),
        ("Q2", "(scimUserName=mary.sm*)", None),
        ("Q3", "(scimUserName=*smith*)", None),
        ("Q4a", "(scimDisplayName=*zq*)", None),
        ("Q4b", "(scimDisplayName=*amezq*)", None),
        ("Q5", "(scimUserName=*7@example.com)", None),
        ("Q6", "(scimEmail=*@home.example.org)", None),
        ("Q7", "", None),
        ("Q8", "(scimTitle=*)", None),
        ("Q9", "(&(scimActive=FALSE)(scimDepartment=sales))", None),
        ("Q10", "(scimDisplayName=jo*)", Some(Sort("scimDisplayName", false, 1))),
        ("Q11", "(scimUserName=*)", by_name(1)),
        ("Q12", "(scimUserName=*)", by_name(500_001.min(users / 2 + 1))),
        ("Q13", "(&(scimFamilyName=smith)(!(scimUserType=contractor)))", Some(Sort("scimCreated", true, 1))),
        ("Q14", "(scimLastModified>=20250601000001Z)", Some(Sort("scimLastModified", true, 1))),
        ("Q15", "(scimHomeEmail=*smith*)", None),
        ("Q16", "(&(|(scimDisplayName=*ann*)(scimDisplayName=*lee*))(scimTitle=manager))", None),
        ("Q17", "(scimDisplayName=*ab*)", None),
        ("Q18", "", None),
    ]
}

fn values<'a>(mut connection: LdapConn, attribute: &'a str, values: &'a [String]) -> Run<'a> {
    Box::new(move |turn| {
        let filter = format!("({attribute}={})", values[turn % values.len()]);
        let (found, _) = connection.search(BASE, Scope::OneLevel, &filter, ["1.1"])?.success()?;
        let ids: Vec<String> = found.into_iter().map(|entry| SearchEntry::construct(entry).dn).collect();
        Ok(Answer { total: ids.len() as u64, ids })
    })
}

fn documents(mut connection: LdapConn, ids: &[String]) -> Run<'_> {
    Box::new(move |turn| {
        let name = format!("scimId={},{BASE}", ids[turn % ids.len()]);
        let found = connection.search(&name, Scope::Base, "(objectClass=*)", ["scimDocument"])?.success()?.0;
        let ids: Vec<String> = found.into_iter().map(|entry| SearchEntry::construct(entry).dn).collect();
        Ok(Answer { total: ids.len() as u64, ids })
    })
}

/// Counts what is found by streaming the names of all.
fn streamed(mut connection: LdapConn, filter: &'static str) -> Run<'static> {
    Box::new(move |_| {
        let mut stream = connection.streaming_search(BASE, Scope::OneLevel, filter, ["1.1"])?;
        let (mut total, mut ids) = (0, Vec::new());
        while let Some(entry) = stream.next()? {
            if ids.len() < 100 {
                ids.push(SearchEntry::construct(entry).dn);
            }
            total += 1;
        }
        stream.result().success()?;
        Ok(Answer { total, ids })
    })
}

/// Sorts at the server and takes a page of the view, which tells how long it is. A connection may hold a few views only
/// and has no way to close one, so that each search has one of its own.
fn sorted(url: String, filter: &'static str, Sort(attribute, descending, start): Sort) -> Run<'static> {
    Box::new(move |_| {
        let mut connection = connect(&url)?;
        let mut key = tagged(0x04, attribute.as_bytes());
        if descending {
            key.extend([0x81, 1, 0xff]);
        }
        let order = tagged(0x30, &tagged(0x30, &key));
        let place = tagged(0xa0, &[integer(start), integer(0)].concat());
        let view = tagged(0x30, &[integer(0), integer(99), place].concat());
        let control = |ctype: &str, val| RawControl { ctype: ctype.to_owned(), crit: true, val: Some(val) };
        connection
            .with_controls(vec![control("1.2.840.113556.1.4.473", order), control("2.16.840.1.113730.3.4.9", view)]);
        let (found, result) = connection.search(BASE, Scope::OneLevel, filter, ["1.1"])?.success()?;
        let told = result.ctrls.iter().find(|control| control.1.ctype == "2.16.840.1.113730.3.4.10");
        let value =
            told.and_then(|control| control.1.val.as_deref()).ok_or("the server tells no length of the view")?;
        let ids = found.into_iter().map(|entry| SearchEntry::construct(entry).dn).collect();
        connection.unbind()?;
        Ok(Answer { total: length_of_view(value).ok_or("the length of the view cannot be read")?, ids })
    })
}

/// A value of BER, of fewer than 128 bytes.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, content.len() as u8];
    out.extend(content);
    out
}

fn integer(number: usize) -> Vec<u8> {
    let bytes = (number as u64).to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    let mut content = bytes[zeros..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    tagged(0x02, &content)
}

/// The second number of the sequence.
fn length_of_view(value: &[u8]) -> Option<u64> {
    let position = value.get(2..)?;
    let count = position.get(2 + usize::from(*position.get(1)?)..)?;
    let bytes = count.get(2..2 + usize::from(*count.get(1)?))?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
