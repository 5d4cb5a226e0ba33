//! The pipeline's own metrics.

use host::metrics::Metric;

use super::{code, table};

pub(super) fn metrics() -> String {
    let rows = Metric::ALL.iter().map(|metric| {
        let meaning = metric.meaning().trim().trim_end_matches('.');
        [code(metric.name()), metric.unit().to_owned(), metric.functions().to_owned(), meaning.to_owned()]
    });
    table(["metric", "unit", "emitted by", "meaning"], rows)
}
