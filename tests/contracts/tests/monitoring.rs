//! Alarms and dashboard name metrics, outcomes and reason codes that the code has.

use std::collections::BTreeSet;

use attachments::{Outcome, ReasonCode};
use contracts::Template;
use host::metrics::{Metric, OUTCOME_DIMENSIONS};
use serde_json::{Value, json};

const NAMESPACE: &str = "${MetricsNamespace}";

/// A metric of the pipeline, as an alarm or a widget names it.
#[derive(Debug, Clone)]
struct Named {
    place: String,
    metric: String,
    /// Names and values; a search has names alone.
    dimensions: Vec<(String, Option<String>)>,
}

fn monitoring() -> Template {
    Template::read("infra/monitoring.yaml").unwrap()
}

fn widgets() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&contracts::text("infra/dashboard.json").unwrap()).unwrap();
    dashboard["widgets"].as_array().unwrap().clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn named_by_alarms(monitoring: &Template) -> Vec<Named> {
    let mut found = Vec::new();
    for (_, alarm) in monitoring.resources("AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        let statistics = list(&properties["Metrics"]).iter().filter_map(|one| one.pointer("/MetricStat/Metric"));
        for metric in
            statistics.chain([properties]).filter(|one| one["Namespace"] == json!({"Ref": "MetricsNamespace"}))
        {
            let dimensions = list(&metric["Dimensions"]).iter();
            found.push(Named {
                place: text(&properties["AlarmName"]["Fn::Sub"]),
                metric: text(&metric["MetricName"]),
                dimensions: dimensions.map(|one| (text(&one["Name"]), Some(text(&one["Value"])))).collect(),
            });
        }
    }
    found
}

/// Writes a widget's metrics out: `...` stands for the front of the metric before it, and `.` for the part at its place.
fn written_out(widget: &Value) -> Vec<Vec<String>> {
    let mut written: Vec<Vec<String>> = Vec::new();
    for metric in list(&widget["properties"]["metrics"]) {
        let mut parts: Vec<String> = list(metric).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let before = written.last().cloned().unwrap_or_default();
        if parts.first().is_some_and(|first| first == "...") {
            let kept = before.len() + 1 - parts.len();
            parts.splice(..1, before[..kept].iter().cloned());
        }
        for (part, before) in parts.iter_mut().zip(&before).filter(|(part, _)| *part == ".") {
            before.clone_into(part);
        }
        if !parts.is_empty() {
            written.push(parts);
        }
    }
    written
}

/// The dimensions and the words of `SEARCH('{"${MetricsNamespace}",…} …')`.
fn searches(widget: &Value) -> Vec<(Vec<String>, String)> {
    let expressions =
        list(&widget["properties"]["metrics"]).iter().flat_map(list).filter_map(|part| part["expression"].as_str());
    let search = |expression: &str| {
        let (schema, words) = expression.strip_prefix("SEARCH('{\"${MetricsNamespace}\"")?.split_once('}')?;
        let dimensions = schema.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Some((dimensions, words.trim().split('\'').next()?.to_owned()))
    };
    expressions.filter_map(search).collect()
}

fn named_by_dashboard() -> Vec<Named> {
    let mut found = Vec::new();
    for widget in widgets() {
        let place = widget["properties"]["title"].as_str().unwrap_or_default().to_owned();
        for parts in written_out(&widget).into_iter().filter(|parts| parts[0] == NAMESPACE) {
            let dimensions = parts[2..].chunks(2).map(|pair| (pair[0].clone(), Some(pair[1].clone()))).collect();
            found.push(Named { place: place.clone(), metric: parts[1].clone(), dimensions });
        }
        for (dimensions, words) in searches(&widget) {
            let Some(metric) = words.strip_prefix("MetricName=\"").and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            let dimensions = dimensions.into_iter().map(|name| (name, None)).collect();
            found.push(Named { place: place.clone(), metric: metric.to_owned(), dimensions });
        }
    }
    found
}

/// The metrics that filters make of the state machine's log.
fn filtered(monitoring: &Template) -> BTreeSet<String> {
    let filters = monitoring.resources("AWS::Logs::MetricFilter");
    let made = filters.flat_map(|(_, filter)| list(&filter["Properties"]["MetricTransformations"]));
    made.map(|made| text(&made["MetricName"])).collect()
}

#[test]
fn alarms_and_dashboard_name_metrics_that_exist_with_their_dimensions() {
    let monitoring = monitoring();
    let filtered = filtered(&monitoring);
    let named = [named_by_alarms(&monitoring), named_by_dashboard()].concat();
    assert!(named.len() > 40, "only {} metrics are named", named.len());
    for Named { place, metric, dimensions } in &named {
        let known = Metric::ALL.iter().any(|known| known.name() == metric) || filtered.contains(metric);
        assert!(known, "{place} names {metric}, which nothing emits");
        let asked: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
        let is_right = if metric == Metric::Outcomes.name() {
            OUTCOME_DIMENSIONS.contains(&asked.as_slice())
        } else {
            asked.is_empty()
        };
        assert!(is_right, "{place} asks for {metric} with the dimensions {asked:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let named: BTreeSet<String> = named_by_dashboard().into_iter().map(|named| named.metric).collect();
    let rest: Vec<String> =
        widgets().iter().flat_map(searches).filter(|(names, _)| names.is_empty()).map(|(_, words)| words).collect();
    assert_eq!(rest, ["NOT MetricName=\"Outcomes\""], "one widget shows all metrics without dimensions");
    assert!(named.contains(Metric::Outcomes.name()), "Outcomes has dimensions, so a widget names it");
}

#[test]
fn outcomes_and_reasons_of_alarms_and_dashboard_exist() {
    let named = [named_by_alarms(&monitoring()), named_by_dashboard()].concat();
    let mut compared = 0;
    for (name, value) in named.into_iter().flat_map(|named| named.dimensions) {
        let Some(value) = value else { continue };
        let is_known = match name.as_str() {
            "Outcome" => !matches!(value.parse(), Ok(Outcome::Other(_)) | Err(_)),
            "Reason" => !matches!(value.parse(), Ok(ReasonCode::Other(_)) | Err(_)),
            _ => false,
        };
        assert!(is_known, "there is no {name} {value}");
        compared += 1;
    }
    assert!(compared > 10, "only {compared} values were compared");
}

#[test]
fn the_page_of_the_metrics_names_those_that_filters_make() {
    let page = contracts::text("docs/metrics.md").unwrap();
    let filtered = filtered(&monitoring());
    assert_eq!(filtered.len(), 2, "{filtered:?}");
    for metric in filtered {
        assert!(page.contains(&format!("| `{metric}` |")), "docs/metrics.md does not name {metric}");
    }
}
