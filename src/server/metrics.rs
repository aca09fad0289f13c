//! What the server counts, as text that Prometheus reads (OpenMetrics). Both faces are counted in one place, where
//! their calls are logged. No label says what a client sent: labels are few, and known from the start.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::engine::{IndexState, StoreStats};
use crate::{Error, ErrorKind, Result};

/// The content type of the text.
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The upper bounds of the latencies, in seconds.
const SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0];

/// Series of each metric of the store at most: what is beyond them is summed up under the name `other`.
const MAX_SERIES: usize = 2_000;

type Label = (&'static str, &'static str);

/// The counters. They live as long as the server.
pub(super) struct Metrics {
    requests: Family<[Label; 3], Counter>,
    seconds: Family<[Label; 2], Histogram, fn() -> Histogram>,
    in_flight: Family<[Label; 1], Gauge>,
    rate_limited: Family<[Label; 1], Counter>,
    connections: Gauge,
}

/// A connection that is counted until it is dropped.
pub struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Family::default(),
            rate_limited: Family::default(),
            connections: Gauge::default(),
        }
    }
}

impl Metrics {
    pub(super) fn begin(&self, face: &'static str) {
        self.in_flight.get_or_create(&[("face", face)]).inc();
    }

    pub(super) fn end(&self, face: &'static str, method: &'static str, status: &'static str, took: Duration) {
        self.in_flight.get_or_create(&[("face", face)]).dec();
        self.requests.get_or_create(&[("face", face), ("method", method), ("status", status)]).inc();
        self.seconds.get_or_create(&[("face", face), ("method", method)]).observe(took.as_secs_f64());
    }

    pub(super) fn rate_limited(&self, face: &'static str) {
        self.rate_limited.get_or_create(&[("face", face)]).inc();
    }

    pub(super) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// All of it, with the counts of the store. Tenants are named where `by_tenant` says so.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub(super) fn text(&self, stats: &StoreStats, by_tenant: bool) -> Result<String> {
        let mut registry = Registry::with_prefix("scimdb");
        registry.register("requests", "Requests that were answered", self.requests.clone());
        registry.register_with_unit("request", "How long they took", Unit::Seconds, self.seconds.clone());
        registry.register("requests_in_flight", "Requests under way", self.in_flight.clone());
        registry.register("rate_limited", "Requests that came too often", self.rate_limited.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        stored(&mut registry, stats, by_tenant);
        let mut text = String::new();
        encode(&mut text, &registry)
            .map_err(|error| Error::new(ErrorKind::Internal, "the metrics cannot be written").caused_by(error))?;
        Ok(text)
    }
}

/// A metric of the store: what it is for each of some labels.
#[derive(Default)]
struct Series(BTreeMap<Vec<(&'static str, String)>, u64>);

impl Series {
    fn add(&mut self, labels: &[(&'static str, &str)], count: u64) {
        let mut labels: Vec<_> = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if self.0.len() >= MAX_SERIES && !self.0.contains_key(&labels) {
            for (_, value) in &mut labels {
                "other".clone_into(value);
            }
        }
        let sum = self.0.entry(labels).or_default();
        *sum = sum.saturating_add(count);
    }

    fn gauges(self) -> Family<Vec<(&'static str, String)>, Gauge> {
        let family: Family<Vec<(&'static str, String)>, Gauge> = Family::default();
        for (labels, count) in self.0 {
            family.get_or_create(&labels).set(number(count));
        }
        family
    }
}

fn stored(registry: &mut Registry, stats: &StoreStats, by_tenant: bool) {
    let StoreStats { file_bytes, sequence, tenants } = stats;
    let [mut resources, mut recent, mut failed] = [Series::default(), Series::default(), Series::default()];
    let [mut bytes, mut memberships, mut changes] = [0_u64; 3];
    for tenant in tenants {
        let labels = |name| {
            let labels = [("resource_type", name), ("tenant", tenant.name.as_str())];
            labels.into_iter().take(if by_tenant { 2 } else { 1 }).collect::<Vec<_>>()
        };
        memberships = memberships.saturating_add(tenant.memberships);
        changes = changes.saturating_add(tenant.changes);
        for (name, count) in &tenant.resources {
            resources.add(&labels(name), *count);
        }
        for index in &tenant.indexes {
            recent.add(&labels(&index.resource_type), index.recent);
            failed.add(&labels(&index.resource_type), u64::from(index.state == IndexState::Failed));
            bytes = bytes.saturating_add(index.bytes);
        }
    }
    registry.register_with_unit("store_file", "The size of the store's file", Unit::Bytes, gauge(*file_bytes));
    registry.register("store_sequence", "The sequence of the last change", gauge(*sequence));
    registry.register("tenants", "Tenants", gauge(tenants.len() as u64));
    registry.register("resources", "Resources", resources.gauges());
    registry.register("memberships", "Members of groups", gauge(memberships));
    registry.register("changes", "Changes that the change log holds", gauge(changes));
    registry.register("index_backlog", "Recent writes that are in no run of an index yet", recent.gauges());
    registry.register("index_failed", "Indexes that could not be built", failed.gauges());
    registry.register_with_unit("index", "The size of the indexes", Unit::Bytes, gauge(bytes));
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(number(value));
    gauge
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TenantStats;

    fn stats(tenants: usize) -> StoreStats {
        let tenant = |number: usize| TenantStats {
            name: format!("tenant{number}"),
            resources: vec![("User".to_owned(), 2)],
            ..TenantStats::default()
        };
        StoreStats { file_bytes: 9, sequence: 7, tenants: (0..tenants).map(tenant).collect() }
    }

    #[test]
    fn calls_are_counted() {
        let metrics = Metrics::default();
        metrics.begin("http");
        metrics.begin("http");
        metrics.end("http", "GET", "200", Duration::from_micros(200));
        let connected = metrics.connected();
        let text = metrics.text(&stats(1), false).unwrap();
        for line in [
            "scimdb_requests_total{face=\"http\",method=\"GET\",status=\"200\"} 1",
            "scimdb_requests_in_flight{face=\"http\"} 1",
            "scimdb_request_seconds_bucket{le=\"0.0001\",face=\"http\",method=\"GET\"} 0",
            "scimdb_request_seconds_bucket{le=\"0.00025\",face=\"http\",method=\"GET\"} 1",
            "scimdb_connections 1",
            "scimdb_store_file_bytes 9",
            "scimdb_resources{resource_type=\"User\"} 2",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
        drop(connected);
        assert!(metrics.text(&stats(1), false).unwrap().contains("scimdb_connections 0"));
    }

    #[test]
    fn tenants_are_named_when_asked_and_never_without_end() {
        let metrics = Metrics::default();
        let text = metrics.text(&stats(3), false).unwrap();
        assert!(text.contains("scimdb_resources{resource_type=\"User\"} 6") && !text.contains("tenant1"), "{text}");
        let text = metrics.text(&stats(3), true).unwrap();
        assert!(text.contains("scimdb_resources{resource_type=\"User\",tenant=\"tenant1\"} 2"), "{text}");
        let text = metrics.text(&stats(MAX_SERIES + 5), true).unwrap();
        assert!(text.contains("scimdb_resources{resource_type=\"other\",tenant=\"other\"} 10"), "{text}");
    }
}
