//! Counters in the text format of Prometheus, over HTTP.

use super::report::Report;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use tiny_http::{Header, Method, Response, Server};

/// Serves what `report` says at `/metrics`, from a thread that ends with the program.
pub(super) fn serve(
    listener: TcpListener,
    report: impl Fn() -> Report + Send + Sync + 'static,
) -> io::Result<()> {
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let mut registry = Registry::with_prefix("rpcscope");
    registry.register_collector(Box::new(Metrics { report: Arc::new(report) }));
    thread::Builder::new().name("metrics".into()).spawn(move || {
        for request in server.incoming_requests() {
            let is_asked = request.url().split('?').next() == Some("/metrics");
            let response = match (request.method(), is_asked) {
                (Method::Get | Method::Head, true) => {
                    let mut text = String::new();
                    match encode(&mut text, &registry) {
                        Ok(()) => Response::from_string(text).with_header(content_type()),
                        Err(_) => Response::from_string("cannot encode\n").with_status_code(500),
                    }
                }
                (_, true) => Response::from_string("only GET\n").with_status_code(405),
                (_, false) => Response::from_string("see /metrics\n").with_status_code(404),
            };
            // Whoever asked may have gone.
            let _ = request.respond(response);
        }
    })?;
    Ok(())
}

fn content_type() -> Header {
    let value = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Header::from_bytes("Content-Type", value).expect("both are visible ASCII")
}

type Source = Arc<dyn Fn() -> Report + Send + Sync>;

struct Metrics {
    report: Source,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = (self.report)();
        for (name, meaning, value) in report.stats.rows().into_iter().chain(report.health.rows()) {
            let counter = ConstCounter::new(value);
            let one =
                encoder.encode_descriptor(name, meaning.trim_end_matches('.'), None, MetricType::Counter)?;
            counter.encode(one)?;
        }
        for (name, meaning, value) in report.health.sizes.rows() {
            // Some counters have the same name, and a family may come only once.
            gauge(&mut encoder, &format!("{name}_now"), meaning, value)?;
        }
        gauge(
            &mut encoder,
            "uptime_seconds",
            "Seconds since the sensor was started.",
            report.health.uptime_seconds,
        )?;
        let mut dropped = encoder.encode_descriptor(
            "interface_kernel_drops",
            "Frames that the kernel dropped, by interface",
            None,
            MetricType::Counter,
        )?;
        for (interface, counters) in &report.interfaces {
            let labels = [("interface", &**interface)];
            ConstCounter::new(counters.dropped).encode(dropped.encode_family(&labels)?)?;
        }
        let mut open = encoder.encode_descriptor(
            "output_up",
            "Whether an output takes lines, by output",
            None,
            MetricType::Gauge,
        )?;
        for output in &report.outputs {
            let labels = [("output", output.name.as_str())];
            ConstGauge::new(i64::from(output.is_open)).encode(open.encode_family(&labels)?)?;
        }
        let build =
            encoder.encode_descriptor("build", "The version of the sensor", None, MetricType::Info)?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        prometheus_client::metrics::info::Info::new(version).encode(build)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, meaning: &str, value: u64) -> fmt::Result {
    let one = encoder.encode_descriptor(name, meaning.trim_end_matches('.'), None, MetricType::Gauge)?;
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(one)
}
