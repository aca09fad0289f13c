//! `scimdb serve`: a store over SCIM's HTTP and gRPC.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use scimdb::server::{LogFormat, ServeOptions, TlsFiles, start_logs};
use scimdb::{Store, StoreOptions};

use crate::failure::Failure;
use crate::output::{Out, note};
use crate::session::Session;

/// Serve the store: SCIM over HTTP, and gRPC, on one port
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one. Beyond loopback needs TLS and --require-tokens
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:7644")]
    address: SocketAddr,
    /// The certificate chain, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Authorities of clients, a PEM file: every client then needs a certificate of one
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_client_ca: Option<PathBuf>,
    /// Refuse calls without a bearer token: see scimdb token
    #[arg(long)]
    require_tokens: bool,
    /// What clients call the server, for locations: https://id.example.com [default: the host of a request]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Believe Forwarded, X-Forwarded-Proto, -Host and -For: behind a proxy that sets them. Needs
    /// --require-tokens
    #[arg(long)]
    forwarded_headers: bool,
    /// Where people find help, told by /ServiceProviderConfig
    #[arg(long, value_name = "URL")]
    documentation_url: Option<String>,
    /// Requests a second of a token, or of an address without one [default: any number]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: Option<u32>,
    /// Requests at once after a silence [default: as many as in a second]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), requires = "rate_limit")]
    rate_burst: Option<u32>,
    /// Bytes of the body of an HTTP request at most [default: 1 MiB]
    #[arg(long, value_name = "BYTES")]
    max_body_bytes: Option<usize>,
    /// Bytes of all bodies that are read at one time [default: 64 MiB]
    #[arg(long, value_name = "BYTES")]
    max_buffered_bytes: Option<usize>,
    /// Compress larger answers over HTTP for clients that accept gzip [default: 1024]
    #[arg(long, value_name = "BYTES")]
    gzip_above: Option<usize>,
    /// Name tenants in /metrics
    #[arg(long)]
    metrics_by_tenant: bool,
    /// Bytes of a gRPC message at most [default: 16 MiB]
    #[arg(long, value_name = "BYTES")]
    max_message_bytes: Option<usize>,
    /// Calls answered at one time; more are answered UNAVAILABLE
    #[arg(long, value_name = "COUNT")]
    max_requests: Option<usize>,
    /// Long calls (StreamList, Watch, Import) at one time
    #[arg(long, value_name = "COUNT")]
    max_streams: Option<usize>,
    /// Connections at one time
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<usize>,
    /// Connections of one address at one time [default: half of them, or all for this machine]
    #[arg(long, value_name = "COUNT")]
    max_connections_per_address: Option<usize>,
    /// Threads that answer calls
    #[arg(long, value_name = "COUNT")]
    workers: Option<usize>,
    /// How long a call without a deadline of its own may take: 60s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    request_timeout: Option<Duration>,
    /// How often a silent connection is asked whether it lives: 30s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    keepalive: Option<Duration>,
    /// How long a connection may stand still where its client has to go on: 75s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    stall_timeout: Option<Duration>,
    /// How long to go on after SIGTERM while /readyz says no: 0s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    stop_delay: Option<Duration>,
    /// How long calls may take to end after SIGTERM: 20s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    drain: Option<Duration>,
    /// Operations of a bulk request at most [default: 1000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    max_bulk_operations: Option<u32>,
    /// Bytes of an import at most that is queued [default: 4 GiB]
    #[arg(long, value_name = "BYTES")]
    max_import_bytes: Option<u64>,
    /// Resources of a page when a request names no count [default: 100]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    default_page: Option<u64>,
    /// Resources of a page at most [default: 1000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    max_page: Option<u64>,
    /// How long a page cursor is valid after the page that told it: 10m
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    cursor_ttl: Option<Duration>,
    /// MiB that password hashing may use at one time, 19 for each hash [default: 76]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(19..=1 << 20))]
    hash_memory: Option<u32>,
    /// Serve a page at / that searches the store from a browser; on loopback only
    #[arg(long)]
    development: bool,
    /// How logs are written to standard error; SCIMDB_LOG says what is logged
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormatName::Text)]
    log_format: LogFormatName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormatName {
    Text,
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text.parse().map_err(|_| "write it as 60s, 500ms or 2m".to_owned())?;
    Duration::try_from(span).map_err(|_| "it cannot be less than nothing".to_owned())
}

impl ServeArgs {
    /// The limits that are the store's own.
    fn limit(&self, options: &mut StoreOptions) {
        let defaults = StoreOptions::default();
        let number = |given: u32| usize::try_from(given).unwrap_or(usize::MAX);
        options.max_bulk_operations = self.max_bulk_operations.map_or(defaults.max_bulk_operations, number);
        options.max_import_bytes = self.max_import_bytes.unwrap_or(defaults.max_import_bytes);
        options.default_page = self.default_page.unwrap_or(defaults.default_page);
        options.max_page = self.max_page.unwrap_or(defaults.max_page);
        options.cursor_ttl = self.cursor_ttl.unwrap_or(defaults.cursor_ttl);
        options.hash_memory_bytes =
            self.hash_memory.map_or(defaults.hash_memory_bytes, |mib| number(mib).saturating_mul(1 << 20));
    }

    fn options(self) -> (ServeOptions, LogFormat) {
        let ServeArgs {
            address,
            tls_certificate,
            tls_key,
            require_tokens,
            tls_client_ca,
            public_url,
            forwarded_headers,
            documentation_url,
            rate_limit,
            rate_burst,
            max_body_bytes,
            max_buffered_bytes,
            gzip_above,
            metrics_by_tenant,
            stall_timeout,
            stop_delay,
            max_message_bytes,
            max_requests,
            max_streams,
            max_connections,
            max_connections_per_address,
            workers,
            request_timeout,
            keepalive,
            drain,
            development,
            log_format,
            max_bulk_operations: _,
            max_import_bytes: _,
            default_page: _,
            max_page: _,
            cursor_ttl: _,
            hash_memory: _,
        } = self;
        let defaults = ServeOptions::default();
        let mut options = ServeOptions::default();
        options.address = address;
        options.tls = tls_certificate.zip(tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
        options.tls_client_ca = tls_client_ca;
        options.require_tokens = require_tokens;
        options.public_url = public_url;
        options.forwarded_headers = forwarded_headers;
        options.documentation_url = documentation_url;
        options.rate_limit = rate_limit;
        options.rate_burst = rate_burst;
        options.metrics_by_tenant = metrics_by_tenant;
        options.max_body_bytes = max_body_bytes.unwrap_or(defaults.max_body_bytes);
        options.max_buffered_bytes = max_buffered_bytes.unwrap_or(defaults.max_buffered_bytes);
        options.gzip_above = gzip_above.unwrap_or(defaults.gzip_above);
        options.stall_timeout = stall_timeout.unwrap_or(defaults.stall_timeout);
        options.stop_delay = stop_delay.unwrap_or(defaults.stop_delay);
        options.max_message_bytes = max_message_bytes.unwrap_or(defaults.max_message_bytes);
        options.max_requests = max_requests.unwrap_or(defaults.max_requests);
        options.max_streams = max_streams.unwrap_or(defaults.max_streams);
        options.max_connections = max_connections.unwrap_or(defaults.max_connections);
        options.max_connections_per_address = max_connections_per_address;
        options.workers = workers.unwrap_or(defaults.workers);
        options.request_timeout = request_timeout.unwrap_or(defaults.request_timeout);
        options.keepalive = keepalive.unwrap_or(defaults.keepalive);
        options.drain = drain.unwrap_or(defaults.drain);
        options.development = development;
        let format = match log_format {
            LogFormatName::Text => LogFormat::Text,
            LogFormatName::Json => LogFormat::Json,
        };
        (options, format)
    }
}

pub fn run(args: ServeArgs, session: &mut Session) -> Result<(), Failure> {
    let mut store_options = session.store_options();
    args.limit(&mut store_options);
    let (options, format) = args.options();
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    store_options.holder = Some(format!("scimdb serve at {scheme}://{}", options.address));
    let store = Store::open(session.directory(), store_options)?;
    start_logs(format);
    let quiet = session.global.quiet;
    let development = options.development;
    let ready = |address: SocketAddr| {
        announce(&mut session.out, scheme, address, quiet);
        if development && !quiet {
            note(format_args!("Explorer: {scheme}://{address}/"));
        }
    };
    Ok(scimdb::daemon::run(store, options, ready)?)
}

/// Says where it listens and how to call it. A closed standard output is no reason to stop serving.
fn announce(out: &mut Out, scheme: &str, address: SocketAddr, quiet: bool) {
    let said = out.line(format_args!("scimdb listening on {scheme}://{address}")).and_then(|()| out.flush());
    if said.is_ok() && !quiet {
        note(format_args!(
            "SCIM at {scheme}://{address}/scim/v2, and the gRPC service scimdb.v1 on the same port. Stop it with Ctrl-C.\n\
             Try: curl {scheme}://{address}/scim/v2/Users\n\
             or:  grpcurl {}{address} list",
            if scheme == "http" { "-plaintext " } else { "" }
        ));
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::args::Cli;

    #[test]
    fn the_documents_tell_every_setting() {
        let documents = [include_str!("../../../docs/OPERATIONS.md"), include_str!("../../../docs/GRPC.md")].concat();
        let mut command = Cli::command();
        command.build();
        let serve = command.find_subcommand("serve").unwrap();
        for name in serve.get_arguments().filter(|argument| !argument.is_global_set()).filter_map(|it| it.get_long()) {
            let is_told = documents.contains(&format!("`{name}`")) || documents.contains(&format!("`--{name} "));
            assert!(is_told || name == "help", "no document tells {name}");
        }
    }
}
