//! `scimdb schema`: the schemas and resource types of a tenant.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use scimdb::message::{SchemaDocument, parse_schema_document, resource_type_json, schema_json};
use scimdb::model::Registry;
use scimdb::{Error, ErrorKind};

use crate::failure::Failure;
use crate::output::Format;
use crate::session::{Session, read_body};

/// List, show, register and remove schemas and resource types
#[derive(Args, Debug)]
pub struct SchemaArgs {
    #[command(subcommand)]
    command: SchemaCommand,
}

#[derive(Debug, Subcommand)]
enum SchemaCommand {
    /// List the resource types and schemas
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Show the RFC 7643 document of a schema or resource type
    Show {
        /// The schema's URN, or the resource type's name
        name: String,
    },
    /// Register the documents of RFC 7643 in these files, or change them: all, or none
    Put {
        /// JSON files with a Schema or ResourceType document, or an array of them; - for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Remove a schema or resource type that nothing uses
    Remove {
        /// The schema's URN, or the resource type's name
        name: String,
    },
}

pub fn run(args: SchemaArgs, session: &mut Session) -> Result<(), Failure> {
    match args.command {
        SchemaCommand::List { output } => list(output, session),
        SchemaCommand::Show { name } => {
            let registry = session.tenant()?.registry()?;
            let document = show(&registry, &name)?;
            session.out.json(&document)
        }
        SchemaCommand::Put { files } => {
            let mut documents = Vec::new();
            for file in &files {
                let read = parse_schema_document(&read_body(file)?);
                documents.extend(read.map_err(|error| error.within(file.display()))?);
            }
            let names: Vec<String> = documents.iter().map(name_of).collect();
            session.tenant_or_create()?.put_schemas(documents)?;
            session.summary(format_args!("registered {}", names.join(", ")));
            Ok(())
        }
        SchemaCommand::Remove { name } => {
            session.tenant()?.remove_schema(&name)?;
            session.summary(format_args!("removed {name}"));
            Ok(())
        }
    }
}

fn name_of(document: &SchemaDocument) -> String {
    match document {
        SchemaDocument::Schema(schema) => format!("schema {}", schema.id),
        SchemaDocument::ResourceType(resource_type) => format!("resource type {}", resource_type.name),
    }
}

fn show(registry: &Registry, name: &str) -> Result<String, Failure> {
    if let Some(schema) = registry.schema(name) {
        return Ok(schema_json(schema, ""));
    }
    let unknown = |error: Error| match error.kind() {
        ErrorKind::UnknownType => {
            Error::new(ErrorKind::UnknownType, format!("{error}; nor is there a schema of that URN"))
        }
        _ => error,
    };
    let model = registry.resource_type(name).map_err(unknown)?;
    Ok(resource_type_json(model.resource_type(), ""))
}

fn list(output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    let registry = session.tenant()?.registry()?;
    let format = Format::or_default(output, &session.out);
    if format == Format::Json {
        for model in registry.types() {
            session.out.line(resource_type_json(model.resource_type(), ""))?;
        }
        for schema in registry.schemas() {
            session.out.line(schema_json(schema, ""))?;
        }
        return Ok(());
    }
    let types = registry.types().iter().map(|model| {
        let t = model.resource_type();
        let about = format!("{}, extensions: {}", t.endpoint, t.schema_extensions.len());
        vec!["resource type".to_owned(), t.name.clone(), about]
    });
    let schemas = registry.schemas().iter().map(|schema| {
        let about = format!("{}, attributes: {}", schema.name, schema.attributes.len());
        vec!["schema".to_owned(), schema.id.clone(), about]
    });
    let rows: Vec<Vec<String>> = types.chain(schemas).collect();
    session.out.rows(format, &["kind", "name", "about"].map(str::to_owned), rows.into_iter())
}
