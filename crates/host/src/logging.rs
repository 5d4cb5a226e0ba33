//! Structured logs: one JSON object a line, on standard output, where Lambda takes them.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

use crate::Environment;

/// Starts logging at the level that `LOG_LEVEL` sets (`error`, `warn`, `info`, `debug`, `trace`; `info` where there is none).
///
/// Not `AWS_LAMBDA_LOG_LEVEL`: by that one Lambda itself filters what the function prints, metrics included.
///
/// Libraries are held at `warn`: at `debug` the SDK and hyper print headers, and with them credentials.
pub fn init(environment: &mut Environment) {
    let level = environment.parsed("LOG_LEVEL", LevelFilter::INFO);
    let own = ["intake", "poll", "finalize", "host", "cxone", "ledger", "attachments", "events"];
    let filter = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_targets(own.map(|target| (target, level)))
        // It says again what `serve` has said of a failure, without the request.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    // A second call (two tests in one process) keeps the first subscriber.
    let _ = registry().with(lines(std::io::stdout).with_filter(filter)).try_init();
    // A line like any other: the standard one is plain text on several lines, and knows nothing of the request.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

fn lines<W>(writer: W) -> impl Layer<Registry>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    lines.with_ansi(false).with_writer(writer)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use lambda_runtime::Context;
    use serde_json::{Value, json};

    use super::*;
    use crate::serve::invocation;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_names_request_and_object_at_every_level() {
        let mut context = Context::default();
        context.request_id = "request-1".to_owned();
        for payload in [
            json!({"identity": "i", "interaction_id": "INT-42"}),
            json!({"attachment": {"identity": "i", "interaction_id": "INT-42"}}),
        ] {
            for level in [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::TRACE] {
                let kept = Kept::default();
                let writer = kept.clone();
                let subscriber =
                    registry().with(lines(move || writer.clone()).with_filter(Targets::new().with_default(level)));
                tracing::subscriber::with_default(subscriber, || {
                    invocation(&payload, &context).in_scope(|| tracing::error!("it failed"));
                });
                let line: Value = serde_json::from_slice(&kept.0.lock().unwrap()).unwrap();
                let span = json!({"name": "invocation", "request_id": "request-1", "identity": "i", "interaction_id": "INT-42"});
                assert_eq!((&line["message"], &line["span"]), (&json!("it failed"), &span), "{level}");
            }
        }
    }
}
