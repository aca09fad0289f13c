//! `scimdb query`: filter, sort, page.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use scimdb::Tenant;
use scimdb::message::{Representation, SearchRequest, SortOrder};
use scimdb::model::{Registry, TypeModel};
use serde_json::{Map, Value};

use crate::cells::{Column, default_columns, heading};
use crate::failure::{Exit, Failure};
use crate::output::{Format, Out, cut, elapsed, grouped, table};
use crate::session::Session;

/// What `--type` says to search every resource type.
const EVERY_TYPE: &str = "*";

/// Search by a SCIM filter
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    scimdb query 'userName sw \"ann\" and active eq true'\n  \
    scimdb query 'emails[type eq \"work\" and value ew \"@example.com\"]' --count 20\n  \
    scimdb query --type Group 'displayName co \"sales\"' --output csv --all")]
pub struct QueryArgs {
    #[command(flatten)]
    search: Search,
    /// Show all of them
    #[arg(long)]
    all: bool,
    /// The attributes to show, separated by commas
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    attributes: Vec<String>,
    /// The attributes not to show, separated by commas
    #[arg(long, value_name = "PATHS", value_delimiter = ',')]
    excluded_attributes: Vec<String>,
    /// How to write the results [default: a table on a terminal, JSON lines into a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// What to search for, and which page of it.
#[derive(Args, Debug)]
pub struct Search {
    /// The filter (RFC 7644 section 3.4.2.2); everything without one
    filter: Option<String>,
    /// The resource type; '*' for every one
    #[arg(long = "type", value_name = "TYPE", default_value = "User")]
    resource_type: String,
    /// The attribute to sort by [default: the order of creation]
    #[arg(long, value_name = "PATH")]
    sort_by: Option<String>,
    /// The order
    #[arg(long, value_enum, value_name = "ORDER", default_value_t = Order::Ascending)]
    sort_order: Order,
    /// The first result to show, counted from 1
    #[arg(long, value_name = "INDEX", allow_negative_numbers = true)]
    start_index: Option<i64>,
    /// How many to show [default: 100]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    count: Option<i64>,
    /// Show pages by cursor: '' for the first, then a cursor that an earlier page told
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

impl Search {
    /// The resource type; none for every one.
    pub fn model<'a>(&self, registry: &'a Registry) -> Result<Option<&'a TypeModel>, Failure> {
        match self.resource_type.as_str() {
            EVERY_TYPE => Ok(None),
            name => Ok(Some(registry.resource_type(name)?.as_ref())),
        }
    }

    pub fn request(self) -> SearchRequest {
        let Search { filter, resource_type: _, sort_by, sort_order, start_index, count, cursor } = self;
        let sort_order = match sort_order {
            Order::Ascending => SortOrder::Ascending,
            Order::Descending => SortOrder::Descending,
        };
        SearchRequest { filter, sort_by, sort_order, start_index, count, cursor, ..SearchRequest::default() }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    Ascending,
    Descending,
}

pub fn run(args: QueryArgs, session: &mut Session) -> Result<(), Failure> {
    let format = Format::or_default(args.output, &session.out);
    let tenant = session.tenant()?;
    let registry = tenant.registry()?;
    let model = args.search.model(&registry)?;
    let columns = columns(&args, model)?;
    let mut request = args.search.request();
    (request.attributes, request.excluded_attributes) = (args.attributes, args.excluded_attributes);
    if args.all && request.cursor.is_some() {
        return Err(Failure::new(Exit::Usage, "--all shows everything: it has no pages, and takes no --cursor"));
    }
    // Only what a table shows is read.
    if format != Format::Json && request.attributes.is_empty() && request.excluded_attributes.is_empty() {
        request.attributes = columns.iter().map(|column| column.title.clone()).collect();
    }
    let resource_type = model.map(TypeModel::name);
    let filter = request.filter.clone().unwrap_or_default();
    let mut sink = Sink::new(format, columns, &mut session.out)?;
    let answer = match args.all {
        true => search_all(&tenant, resource_type, &request, &mut sink),
        false => search_page(&tenant, resource_type, &request, &mut sink),
    };
    let Answer { total, shown, first, next, previous, time } = answer.map_err(|failure| match failure {
        Unanswered::Refused(error) => Failure::filter(&filter, error),
        Unanswered::Unwritten(failure) => failure,
    })?;
    sink.finish()?;
    session.out.flush()?;
    let results = if total == 1 { "result" } else { "results" };
    let page = match (shown, first) {
        (0, _) => "none shown".to_owned(),
        (_, Some(first)) => format!("{} to {} shown", grouped(first), grouped(first + shown - 1)),
        (_, None) => format!("{} shown", grouped(shown)),
    };
    session.summary(format_args!("{} {results}, {page}, {}", grouped(total), elapsed(time)));
    for (page, cursor) in [("previous", previous), ("next", next)] {
        if let Some(cursor) = cursor {
            session.summary(format_args!("{page} page: --cursor {cursor}"));
        }
    }
    Ok(())
}

fn columns(args: &QueryArgs, model: Option<&TypeModel>) -> Result<Vec<Column>, Failure> {
    let Some(model) = model else { return Ok(default_columns(None)) };
    // A misspelt attribute is told, also where no table is made.
    for path in &args.excluded_attributes {
        Column::resolve(model, path)?;
    }
    if args.attributes.is_empty() {
        let excluded =
            |column: &Column| args.excluded_attributes.iter().any(|path| path.eq_ignore_ascii_case(&column.title));
        return Ok(default_columns(Some(model)).into_iter().filter(|column| !excluded(column)).collect());
    }
    args.attributes.iter().map(|path| Column::resolve(model, path)).collect()
}

struct Answer {
    total: u64,
    shown: u64,
    /// None on a page by cursor, which does not know it.
    first: Option<u64>,
    next: Option<String>,
    previous: Option<String>,
    time: Duration,
}

enum Unanswered {
    Refused(scimdb::Error),
    Unwritten(Failure),
}

fn search_page(
    tenant: &Tenant,
    resource_type: Option<&str>,
    request: &SearchRequest,
    sink: &mut Sink<'_>,
) -> Result<Answer, Unanswered> {
    let started = Instant::now();
    let page = tenant.search(resource_type, request).map_err(Unanswered::Refused)?;
    let time = started.elapsed();
    for resource in &page.resources {
        sink.write(resource).map_err(Unanswered::Unwritten)?;
    }
    Ok(Answer {
        total: page.total_results,
        shown: page.resources.len() as u64,
        first: page.start_index,
        next: page.next_cursor,
        previous: page.previous_cursor,
        time,
    })
}

fn search_all(
    tenant: &Tenant,
    resource_type: Option<&str>,
    request: &SearchRequest,
    sink: &mut Sink<'_>,
) -> Result<Answer, Unanswered> {
    let started = Instant::now();
    let (mut shown, mut failure) = (0, None);
    let visited = tenant.search_all(resource_type, request, &mut |resource| {
        shown += 1;
        failure = sink.write(&resource).err();
        failure.is_none()
    });
    visited.map_err(Unanswered::Refused)?;
    match failure {
        Some(failure) => Err(Unanswered::Unwritten(failure)),
        None => {
            let time = started.elapsed();
            Ok(Answer { total: shown, shown, first: Some(1), next: None, previous: None, time })
        }
    }
}

/// Where resources go, one by one.
struct Sink<'a> {
    columns: Vec<Column>,
    kind: SinkKind<'a>,
}

enum SinkKind<'a> {
    /// Collected, since the widths depend on all of them.
    Table(Vec<Vec<String>>, &'a mut Out),
    Json(&'a mut Out),
    Csv(Box<csv::Writer<&'a mut Out>>),
}

impl<'a> Sink<'a> {
    fn new(format: Format, columns: Vec<Column>, out: &'a mut Out) -> Result<Self, Failure> {
        let kind = match format {
            Format::Table => SinkKind::Table(Vec::new(), out),
            Format::Json => SinkKind::Json(out),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                let titles = columns.iter().map(|column| &column.title);
                writer.write_record(titles).map_err(Failure::csv_output)?;
                SinkKind::Csv(Box::new(writer))
            }
        };
        Ok(Sink { columns, kind })
    }

    fn write(&mut self, resource: &Representation) -> Result<(), Failure> {
        match &mut self.kind {
            SinkKind::Json(out) => out.line(&resource.json),
            SinkKind::Table(rows, _) => {
                rows.push(cells(&self.columns, resource, false)?);
                Ok(())
            }
            SinkKind::Csv(writer) => {
                let cells = cells(&self.columns, resource, true)?;
                writer.write_record(cells).map_err(Failure::csv_output)
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self.kind {
            SinkKind::Json(_) => Ok(()),
            SinkKind::Csv(mut writer) => writer.flush().map_err(|error| Failure::output(&error)),
            SinkKind::Table(rows, _) if rows.is_empty() => Ok(()),
            SinkKind::Table(rows, out) => {
                let titles: Vec<String> = self.columns.iter().map(|column| heading(&column.title)).collect();
                let mut table = table(&titles, rows);
                cut(&mut table);
                out.line(table)
            }
        }
    }
}

fn cells(columns: &[Column], resource: &Representation, every_value: bool) -> Result<Vec<String>, Failure> {
    let object: Map<String, Value> = serde_json::from_str(&resource.json)
        .map_err(|error| Failure::new(Exit::Internal, format!("a resource of ours is not JSON: {error}")))?;
    Ok(columns.iter().map(|column| column.text(&object, every_value)).collect())
}
