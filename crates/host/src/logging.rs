//! Structured logs: one JSON object a line, on standard output, where Lambda takes them.

use std::io::{self, Write};

use attachments::json_shown;
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
pub(crate) fn init(environment: &mut Environment) {
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
    lines.with_ansi(false).with_writer(HarmlessLines(writer))
}

/// Escapes what a terminal would obey or hide: a key, a tag or an error of another system may hold it.
struct HarmlessLines<W>(W);

impl<'a, W: fmt::MakeWriter<'a>> fmt::MakeWriter<'a> for HarmlessLines<W> {
    type Writer = Harmless<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Harmless(self.0.make_writer())
    }
}

struct Harmless<W>(W);

impl<W: Write> Write for Harmless<W> {
    /// A line comes as one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(json_shown(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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
    fn line_holds_no_raw_character_that_a_terminal_obeys_or_hides() {
        let (kept, key) = (Kept::default(), "INT-1/a\u{202e}\u{200b}\u{1b}[2J\u{9b}fdp.exe");
        let writer = kept.clone();
        tracing::subscriber::with_default(registry().with(lines(move || writer.clone())), || {
            tracing::error!(key, "{key} cannot be read");
        });
        let line = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(line.trim_end().chars().all(attachments::is_harmless), "{line:?}");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["key"], &line["message"]), (&json!(key), &json!(format!("{key} cannot be read"))));
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
