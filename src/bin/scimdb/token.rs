//! `scimdb token`: bearer tokens of a tenant.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{Span, SpanRelativeTo};
use scimdb::engine::{Scope, TokenInfo, TokenOptions};
use serde_json::json;

use crate::failure::Failure;
use crate::output::Format;
use crate::session::Session;

/// Create, list, regenerate and revoke bearer tokens
#[derive(Args, Debug)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token; its secret is written to standard output, this one time only
    Create {
        /// A name to list and revoke it by
        name: String,
        /// What it allows [default: read, and write where there are permissions]
        #[arg(long, value_enum, value_name = "SCOPE")]
        scope: Option<ScopeName>,
        /// A permission of the tenant's profile that it is limited to; may be given more than once
        #[arg(long = "permission", value_name = "NAME")]
        permissions: Vec<String>,
        /// How long it is valid: 90d, 12h, 1w 3d [default: until it is revoked]
        #[arg(long, value_name = "SPAN", value_parser = lifetime)]
        expires: Option<Duration>,
        /// The id of the resource that its bearer is: what /Me shows
        #[arg(long, value_name = "ID")]
        subject: Option<String>,
    },
    /// List the tokens, without their secrets
    List {
        /// How to write them [default: a table on a terminal, JSON lines into a pipe]
        #[arg(long, value_enum, value_name = "FORMAT")]
        output: Option<Format>,
    },
    /// Give a token another secret, written to standard output this one time; the old one is refused from now on
    Regenerate {
        /// The token's name
        name: String,
    },
    /// Revoke a token
    Revoke {
        /// The token's name
        name: String,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeName {
    /// Get, search, watch
    Read,
    /// Also create, replace, modify, delete, bulk, import
    Write,
    /// Also schemas, tenants and tokens, of every tenant
    Admin,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Scope::Read,
            ScopeName::Write => Scope::Write,
            ScopeName::Admin => Scope::Admin,
        }
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Admin => "admin",
    }
}

/// Reads a span such as `90d`; a day has 24 hours. Months and years have no fixed length, and are refused.
fn lifetime(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "write it as 90d, 12h or 1w 3d".to_owned())?;
    let duration = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "months and years differ in length; write days or weeks".to_owned())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be longer than nothing".to_owned()),
    }
}

pub fn run(args: TokenArgs, session: &mut Session) -> Result<(), Failure> {
    match args.command {
        TokenCommand::Create { name, scope, permissions, expires, subject } => {
            let usual = if permissions.is_empty() { ScopeName::Read } else { ScopeName::Write };
            let scope = scope.unwrap_or(usual).into();
            let options = TokenOptions { scope, lifetime: expires, subject, permissions };
            let token = session.tenant_or_create()?.create_token(&name, options)?;
            session.summary(format_args!("The secret of token {name}; it is not shown again:"));
            session.out.line(token.secret)
        }
        TokenCommand::List { output } => {
            let tokens = session.tenant()?.tokens()?;
            list(tokens, output, session)
        }
        TokenCommand::Regenerate { name } => {
            let token = session.tenant()?.regenerate_token(&name)?;
            session.summary(format_args!("The new secret of token {name}; it is not shown again:"));
            session.out.line(token.secret)
        }
        TokenCommand::Revoke { name } => {
            session.tenant()?.revoke_token(&name)?;
            session.summary(format_args!("revoked token {name}"));
            Ok(())
        }
    }
}

fn list(tokens: Vec<TokenInfo>, output: Option<Format>, session: &mut Session) -> Result<(), Failure> {
    let format = Format::or_default(output, &session.out);
    if format == Format::Json {
        for TokenInfo { name, scope, created, expires, subject, permissions } in tokens {
            session.out.line(json!({
                "name": name, "scope": scope_name(scope), "created": created.to_string(),
                "expires": expires.map(|expires| expires.to_string()), "subject": subject, "permissions": permissions,
            }))?;
        }
        return Ok(());
    }
    let rows = tokens.into_iter().map(|TokenInfo { name, scope, created, expires, subject, permissions }| {
        let expires = expires.map_or_else(|| "never".to_owned(), |expires| expires.to_string());
        let (scope, subject) = (scope_name(scope).to_owned(), subject.unwrap_or_default());
        vec![name, scope, created.to_string(), expires, subject, permissions.join(", ")]
    });
    let columns = ["name", "scope", "created", "expires", "subject", "permissions"].map(str::to_owned);
    session.out.rows(format, &columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_spans_of_fixed_length() {
        assert_eq!(lifetime("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(lifetime("1w 3d"), Ok(Duration::from_secs(10 * 86_400)));
        assert_eq!(lifetime("36 hours"), Ok(Duration::from_secs(36 * 3_600)));
        for wrong in ["", "90", "soon", "-1d", "0s", "1 month"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
