//! Structured logs: one JSON object a line, on standard output, where Lambda takes them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

use crate::Environment;

/// Starts logging at the level that Lambda's logging configuration sets (`AWS_LAMBDA_LOG_LEVEL`: `error`, `warn`, `info`,
/// `debug`, `trace`; `info` where there is none).
///
/// Libraries are held at `warn`: at `debug` the SDK and hyper print headers, and with them credentials.
pub fn init(environment: &mut Environment) {
    let level = environment.parsed("AWS_LAMBDA_LOG_LEVEL", LevelFilter::INFO);
    let own = ["intake", "poll", "finalize", "host", "cxone", "ledger", "attachments"];
    let filter =
        Targets::new().with_default(LevelFilter::WARN.min(level)).with_targets(own.map(|target| (target, level)));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_ansi(false);
    // A second call (two tests in one process) keeps the first subscriber.
    let _ = registry().with(lines.with_filter(filter)).try_init();
}
