//! What the demo asks: every family of operators, sorts and pages, with how long an answer takes.

use std::time::{Duration, Instant};

use comfy_table::CellAlignment;
use scimdb::message::{SearchRequest, SortOrder};
use scimdb::{Error, ErrorKind, Tenant};

use super::groups::EVERYONE;
use crate::failure::Failure;
use crate::output::{elapsed, grouped, table};
use crate::progress::Progress;
use crate::session::Session;

/// Each question is asked this often, unless it takes long.
const RUNS: usize = 7;
/// A question that has taken this long is not asked again, once it was asked three times.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A question.
struct Question {
    resource_type: &'static str,
    filter: Option<String>,
    sort_by: Option<&'static str>,
    sort_order: SortOrder,
    start_index: Option<i64>,
}

impl Question {
    fn user(filter: impl Into<String>) -> Self {
        Question {
            resource_type: "User",
            filter: Some(filter.into()),
            sort_by: None,
            sort_order: SortOrder::Ascending,
            start_index: None,
        }
    }

    fn request(&self) -> SearchRequest {
        SearchRequest {
            filter: self.filter.clone(),
            sort_by: self.sort_by.map(str::to_owned),
            sort_order: self.sort_order,
            start_index: self.start_index,
            // A group's members are as many as the users: a page of groups shows the rest of them.
            excluded_attributes: if self.resource_type == "Group" { vec!["members".to_owned()] } else { Vec::new() },
            ..SearchRequest::default()
        }
    }

    fn text(&self) -> String {
        let mut text = self.filter.clone().unwrap_or_else(|| "everything".to_owned());
        if let Some(path) = self.sort_by {
            let order = if self.sort_order == SortOrder::Descending { ", descending" } else { "" };
            text.push_str(&format!("; sorted by {path}{order}"));
        }
        if let Some(index) = self.start_index {
            text.push_str(&format!("; from result {}", grouped(index.unsigned_abs())));
        }
        text
    }
}

/// Asks everything, and shows hits and latencies.
pub fn ask(tenant: &Tenant, session: &mut Session) -> Result<(), Failure> {
    let questions = questions(tenant)?;
    let progress = Progress::of_rows(session, "asking", Some(questions.len() as u64));
    let mut rows = Vec::with_capacity(questions.len());
    for question in &questions {
        let (hits, median) = measure(tenant, question)?;
        rows.push(vec![question.resource_type.to_owned(), question.text(), grouped(hits), elapsed(median)]);
        progress.step();
    }
    progress.finish();
    let mut table = table(&["type", "filter, order, page", "hits", "median"].map(str::to_owned), rows);
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(comfy_table::ColumnConstraint::ContentWidth);
        }
    }
    session.out.line(table)?;
    session
        .out
        .line("hits: the exact totalResults; median: of several runs, for the count and a page of 100 resources.")
}

fn measure(tenant: &Tenant, question: &Question) -> Result<(u64, Duration), Failure> {
    let request = question.request();
    let (mut times, mut hits, started) = (Vec::with_capacity(RUNS), 0, Instant::now());
    while times.len() < RUNS && (times.len() < 3 || started.elapsed() < PATIENCE) {
        let asked = Instant::now();
        let page = tenant.search(Some(question.resource_type), &request);
        times.push(asked.elapsed());
        hits = page.map_err(|error| Failure::filter(&question.text(), error))?.total_results;
    }
    times.sort_unstable();
    Ok((hits, times.get(times.len() / 2).copied().unwrap_or_default()))
}

fn questions(tenant: &Tenant) -> Result<Vec<Question>, Failure> {
    let users = SearchRequest { count: Some(0), ..SearchRequest::default() };
    let users = tenant.search(Some("User"), &users)?.total_results;
    // Somebody from the middle.
    let middle = i64::try_from(users / 2 + 1).unwrap_or(1);
    let (id, user_name) =
        one(tenant, "User", SearchRequest { start_index: Some(middle), ..SearchRequest::default() }, "userName")?;
    let everyone = SearchRequest { filter: Some(format!("displayName eq \"{EVERYONE}\"")), ..SearchRequest::default() };
    let (everyone, _) = one(tenant, "Group", everyone, "displayName")?;
    let deep = i64::try_from(users - users / 10 + 1).unwrap_or(1);
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let sorted = |sort_by, sort_order, start_index| Question {
        filter: None,
        sort_by: Some(sort_by),
        sort_order,
        start_index,
        ..Question::user("")
    };
    let group = |filter: String| Question { resource_type: "Group", ..Question::user(filter) };
    Ok(vec![
        Question::user(format!("userName eq \"{user_name}\"")),
        Question::user("userName sw \"mar\""),
        Question::user("displayName co \"son\""),
        Question::user("emails.value ew \"@eu.example.com\""),
        Question::user("active ne true"),
        Question::user("emails[type eq \"home\" and value co \"smith\"]"),
        Question::user("meta.created ge \"2020-01-01T00:00:00Z\" and meta.created lt \"2021-01-01T00:00:00Z\""),
        Question::user(format!("{department} eq \"Legal\" and title sw \"Senior\"")),
        Question::user("not (userType eq \"Employee\") or title eq \"Intern\""),
        Question::user("addresses[country eq \"JP\"] and phoneNumbers pr and not (nickName pr)"),
        Question::user(format!("groups.value eq \"{everyone}\"")),
        Question {
            sort_by: Some("name.familyName"),
            ..Question::user("preferredLanguage eq \"fr-FR\" and name.familyName gt \"S\"")
        },
        sorted("name.familyName", SortOrder::Ascending, Some(deep)),
        sorted("meta.lastModified", SortOrder::Descending, None),
        Question { sort_by: Some("displayName"), ..group("displayName sw \"Project\"".to_owned()) },
        group(format!("members.value eq \"{id}\"")),
    ])
}

/// The id of the first result, and another attribute of it.
fn one(
    tenant: &Tenant,
    resource_type: &str,
    request: SearchRequest,
    attribute: &str,
) -> Result<(String, String), Failure> {
    let request = SearchRequest { count: Some(1), attributes: vec![attribute.to_owned()], ..request };
    let page = tenant.search(Some(resource_type), &request)?;
    let missing = || {
        Error::new(
            ErrorKind::NotFound,
            format!("the demo's {resource_type} is not there any more; --fresh makes it anew"),
        )
    };
    let found = page.resources.first().ok_or_else(missing)?;
    let resource: serde_json::Value = serde_json::from_str(&found.json).unwrap_or_default();
    let text = resource.get(attribute).and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok((found.id.clone(), text.to_owned()))
}
