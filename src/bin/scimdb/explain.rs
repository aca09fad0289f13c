//! `scimdb explain`: how a search is carried out.

use clap::Args;
use scimdb::message::Step;
use scimdb::model::TypeModel;

use crate::failure::Failure;
use crate::output::Format;
use crate::query::Search;
use crate::session::Session;

/// Search, and tell how the results were found instead of what they are
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    scimdb explain 'userName sw \"ann\" and active eq true' --sort-by name.familyName")]
pub struct ExplainArgs {
    #[command(flatten)]
    search: Search,
    /// How to write it [default: a tree on a terminal, JSON into a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

pub fn run(args: ExplainArgs, session: &mut Session) -> Result<(), Failure> {
    let format = Format::or_default(args.output, &session.out);
    let tenant = session.tenant()?;
    let registry = tenant.registry()?;
    let resource_type = args.search.model(&registry)?.map(TypeModel::name);
    let request = args.search.request();
    let explanation = tenant.explain(resource_type, &request).map_err(|error| {
        let filter = request.filter.as_deref().unwrap_or_default();
        Failure::filter(filter, error)
    })?;
    match format {
        Format::Table => session.out.line(&explanation),
        Format::Json => session.out.json(&explanation.to_json()),
        Format::Csv => {
            let headings = ["depth", "text", "method", "estimated", "actual", "micros"].map(str::to_owned);
            let rows = explanation.steps.into_iter().map(cells);
            session.out.rows(format, &headings, rows)
        }
    }
}

fn cells(step: Step) -> Vec<String> {
    let Step { depth, text, method, estimated, actual, micros } = step;
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    vec![depth.to_string(), text, method, number(estimated), number(actual), micros.to_string()]
}
