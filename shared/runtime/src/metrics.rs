//! Numbers worth watching, gathered while a batch is handled and written by whoever runs the function.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What a number counts, in CloudWatch's own words (`MetricDatum`, "Unit").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Count,
    Milliseconds,
}

/// The numbers of one batch.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<BTreeMap<(&'static str, Unit), Vec<u64>>>);

/// The most values that one metric may have in one record (CloudWatch embedded metric format, "Limits").
const MAX_VALUES: usize = 100;

impl Metrics {
    /// Adds one value. Beyond a hundred of one name in one batch, they are dropped.
    pub fn record(&self, name: &'static str, unit: Unit, value: u64) {
        if let Ok(mut values) = self.0.lock() {
            let values = values.entry((name, unit)).or_default();
            if values.len() < MAX_VALUES {
                values.push(value);
            }
        }
    }

    /// Returns the values recorded under a name, in the order in which they came.
    pub fn values(&self, name: &str) -> Vec<u64> {
        let Ok(values) = self.0.lock() else { return Vec::new() };
        values.iter().filter(|((found, _), _)| *found == name).flat_map(|(_, values)| values.clone()).collect()
    }

    /// Returns one record in CloudWatch's embedded metric format (its "Specification", version 0): a log line which is also metrics, so
    /// that nothing has to be called to count something. `None` if there is nothing to tell.
    pub fn to_emf(&self, function: &str, at_ms: u64) -> Option<Value> {
        let values = self.0.lock().ok()?;
        if values.is_empty() {
            return None;
        }
        let metrics: Vec<Value> =
            values.keys().map(|(name, unit)| json!({ "Name": name, "Unit": format!("{unit:?}") })).collect();
        let mut record = Map::new();
        record.insert("function".into(), function.into());
        for ((name, _), values) in values.iter() {
            record.insert((*name).to_owned(), json!(values));
        }
        let directive = json!({ "Namespace": "Greenroom", "Dimensions": [["function"]], "Metrics": metrics });
        record.insert("_aws".into(), json!({ "Timestamp": at_ms, "CloudWatchMetrics": [directive] }));
        Some(Value::Object(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_each_metric_once_and_keeps_all_values() {
        let metrics = Metrics::default();
        assert_eq!(metrics.to_emf("settle", 7), None);
        metrics.record("done", Unit::Count, 1);
        metrics.record("latency", Unit::Milliseconds, 12);
        metrics.record("latency", Unit::Milliseconds, 30);
        let expected = json!({
            "function": "settle", "done": [1], "latency": [12, 30],
            "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "Greenroom", "Dimensions": [["function"]],
                "Metrics": [{ "Name": "done", "Unit": "Count" }, { "Name": "latency", "Unit": "Milliseconds" }],
            }] },
        });
        assert_eq!(metrics.to_emf("settle", 7), Some(expected));
    }

    #[test]
    fn no_more_values_than_the_format_allows() {
        let metrics = Metrics::default();
        (0..150).for_each(|value| metrics.record("latency", Unit::Milliseconds, value));
        assert_eq!(metrics.values("latency").len(), MAX_VALUES);
    }
}
