//! `scimdb export`: everything, as NDJSON.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use crate::failure::Failure;
use crate::output::{elapsed, grouped};
use crate::progress::Progress;
use crate::session::{Session, private_file};

/// Write resources as NDJSON, for import --restore
///
/// Everything that is stored is written, password hashes included: the file is made readable to its owner only.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The file; - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Only this resource type
    #[arg(long = "type", value_name = "TYPE")]
    resource_type: Option<String>,
}

pub fn run(args: ExportArgs, session: &mut Session) -> Result<(), Failure> {
    let ExportArgs { file, resource_type } = args;
    let tenant = session.tenant()?;
    let resource_type = match &resource_type {
        Some(name) => Some(tenant.registry()?.resource_type(name)?.name().to_owned()),
        None => None,
    };
    let counts = tenant.stats()?.resources;
    let wanted = counts.iter().filter(|(name, _)| resource_type.as_ref().is_none_or(|wanted| wanted == name));
    let progress = Progress::of_rows(session, "exporting", Some(wanted.map(|(_, count)| count).sum()));
    let started = Instant::now();
    let mut target = Target::open(&file, session)?;
    let (mut rows, mut failure) = (0, None);
    tenant.export(resource_type.as_deref(), &mut |json| {
        progress.step();
        rows += 1;
        failure = target.line(json).err();
        failure.is_none()
    })?;
    progress.finish();
    match failure {
        Some(failure) => return Err(failure),
        None => target.finish()?,
    }
    session.summary(format_args!("{} resources exported in {}", grouped(rows), elapsed(started.elapsed())));
    Ok(())
}

/// Where the lines go. A file gets its name only when it is whole: half an export never looks like one.
enum Target<'a> {
    Output(&'a mut crate::output::Out),
    File { writer: BufWriter<File>, path: PathBuf, rename_to: Option<PathBuf> },
}

impl<'a> Target<'a> {
    fn open(path: &Path, session: &'a mut Session) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Target::Output(&mut session.out));
        }
        // A device or a named pipe is written in place.
        let special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        let (path, rename_to) = match special {
            true => (path.to_owned(), None),
            false => {
                let mut partial = path.as_os_str().to_owned();
                partial.push(".partial");
                (PathBuf::from(partial), Some(path.to_owned()))
            }
        };
        Ok(Target::File { writer: BufWriter::with_capacity(1 << 20, private_file(&path)?), path, rename_to })
    }

    fn line(&mut self, json: &str) -> Result<(), Failure> {
        match self {
            Target::Output(out) => out.line(json),
            Target::File { writer, path, .. } => {
                writeln!(writer, "{json}").map_err(|error| Failure::file(path, &error))
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Target::Output(out) => out.flush(),
            Target::File { mut writer, path, rename_to } => {
                let finished = writer.flush().and_then(|()| match &rename_to {
                    Some(name) => writer.get_ref().sync_all().and_then(|()| std::fs::rename(&path, name)),
                    None => Ok(()),
                });
                finished.map_err(|error| Failure::file(&path, &error))
            }
        }
    }
}
