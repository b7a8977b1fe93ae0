//! The schemas in `events/schema` are those of the types. `UPDATE_EXPECT=1` writes them anew after a change that is meant.

use asset::fact::{Arrival, TaskResult, Verdict};
use asset::manifest::Manifest;
use asset::task::Task;
use expect_test::{ExpectFile, expect_file};
use schemars::{JsonSchema, schema_for};

fn check<T: JsonSchema>(file: ExpectFile) {
    let schema = serde_json::to_string_pretty(&schema_for!(T)).expect("a schema is JSON");
    file.assert_eq(&format!("{schema}\n"));
}

#[test]
fn messages_and_objects_are_described() {
    check::<Task>(expect_file!["../../../../events/schema/task.json"]);
    check::<Arrival>(expect_file!["../../../../events/schema/arrival.json"]);
    check::<TaskResult>(expect_file!["../../../../events/schema/result.json"]);
    check::<Verdict>(expect_file!["../../../../events/schema/verdict.json"]);
    check::<Manifest>(expect_file!["../../../../events/schema/manifest.json"]);
}
