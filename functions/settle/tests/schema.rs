//! The schema of `settle`'s messages is that of its type. `UPDATE_EXPECT=1` writes it anew after a change that is meant.

use expect_test::expect_file;
use schemars::schema_for;
use settle::SettleTask;

#[test]
fn messages_are_described() {
    let schema = serde_json::to_string_pretty(&schema_for!(SettleTask)).expect("a schema is JSON");
    expect_file!["../../../events/schema/settle.json"].assert_eq(&format!("{schema}\n"));
}
