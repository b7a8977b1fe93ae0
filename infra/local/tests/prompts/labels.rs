//! Labels, as their user moves them and as a running host obeys them.

use crate::world::{DESCRIPTION, LONG, NEW, OLD, World};
use asset::canary::Share;
use asset::ids::AssetId;
use serde_json::{Value, json};

fn names(n: usize) -> Vec<String> {
    (0..n).map(|number| format!("picture {number}.svg")).collect()
}

/// Runs a command with words that are not known at compile time.
fn words<'a>(fixed: &[&'a str], more: &'a [String]) -> Vec<&'a str> {
    fixed.iter().copied().chain(more.iter().map(String::as_str)).collect()
}

fn published(world: &World) -> String {
    world.says(&words(&["prompts", "publish", "alt_text"], &world.from()))
}

fn evaluated(world: &World, answer: &str) -> Value {
    let eval = world.eval(answer);
    world.json(&words(&[], &[eval, vec!["--record".to_owned()]].concat()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_prompt_writes_its_own_texts_anew_and_a_rollback_brings_the_old_ones_back() {
    let mut world = World::new(DESCRIPTION).await;
    world.start();
    world.add(&names(4));
    let human = "picture 3.svg";
    world.says(&["review", "edit", human, "--text", "Our astronaut.", "--by", "bob"]);
    world.wait_for("the edit", |texts| texts.iter().any(|(_, status, _)| status == "human"));
    let are = |old: &str| {
        let old = old.to_owned();
        move |texts: &[(String, String, String)]| {
            texts.iter().all(|(name, status, text)| match name == human {
                true => (status.as_str(), text.as_str()) == ("human", "Our astronaut."),
                false => (status.as_str(), text) == ("machine", &old),
            })
        }
    };
    assert!(are(OLD)(&world.texts("alt_text")), "{:?}", world.texts("alt_text"));
    assert_eq!(world.asked(), [4, 0, 4]);

    // Nobody gets a label without an eval of exactly this prompt that passes.
    let promote = words(&["prompts", "promote", "alt_text", "--label", "production", "--why", "shorter"], &[]);
    let from = world.from();
    let promote = words(&promote, &from);
    assert!(world.refuses(&promote).contains("publish it first"));
    assert!(published(&world).contains("published `alt_text` 1.1.0"));
    assert!(world.refuses(&promote).contains("was never evaluated"));
    assert_eq!(evaluated(&world, &"A very long text. ".repeat(9))["reasons"][0], "1 of 1 cases failed: short");
    assert!(world.refuses(&promote).contains("did not pass its eval"));
    let passed = evaluated(&world, NEW);
    assert_eq!((&passed["answers"], &passed["recorded"]), (&json!("written by hand"), &json!(true)), "{passed:#}");
    assert_eq!(passed["hash"], world.changed().hash().as_str());

    // What it would do, before it does it.
    let diff = words(&["prompts", "diff", "alt_text", "--impact"], &from);
    let impact = world.json(&diff)["impact"].clone();
    let row = json!({"collection": "default", "locale": "en", "remade": 3, "human": 1, "settled": 0, "canary": impact["rows"][0]["canary"]});
    assert_eq!(impact["rows"], json!([row]), "{impact:#}");
    assert_eq!(impact["paid_before_micro_usd"], 3 * (900 + 5 * 30));
    let forecast = impact["forecast_micro_usd"].as_u64().expect("a forecast");
    assert!((3 * 1_050..100_000).contains(&forecast), "{forecast}");
    let said = world.says(&diff);
    assert!(
        said.contains("+ Write exactly one plain sentence") && said.contains("1 by people are left alone"),
        "{said}"
    );
    assert!(said.contains("for all 3") && said.contains("canary 1 %"), "{said}");

    assert!(world.says(&promote).contains("answers are written by hand, and no model was asked"));
    world.wait_for("production", are(NEW));
    assert_eq!(world.asked(), [4, 3, 4], "the asked field, and nobody's own words");
    assert!(world.texts("description").iter().all(|(_, status, text)| status == "machine" && text == LONG));
    let listed = world.json(&["prompts", "ls"]);
    let row = listed.as_array().expect("rows").iter().find(|row| row["id"] == "alt_text").cloned().expect("a row");
    assert_eq!((&row["version"], &row["built_in"]), (&json!("1.1.0"), &json!(false)), "{listed:#}");
    assert!(world.says(&diff).contains("no change"), "it is production now");
    // A new picture is described by it at once.
    world.add(&["new.svg".to_owned()]);
    world.wait_for("the new one", are(NEW));
    assert_eq!(world.asked(), [4, 4, 5]);

    let rollback = ["prompts", "rollback", "alt_text", "--label", "production", "--why", "too short", "--by", "bob"];
    assert!(world.says(&rollback).contains("production of `alt_text` is what is built in"));
    world.wait_for("the rollback", are(OLD));
    assert_eq!(world.asked(), [5, 4, 5], "only the picture that had no such words");
    assert!(world.refuses(&rollback).contains("points at nothing"));
    let history = world.json(&["prompts", "history", "alt_text"]);
    let moves = history["production"]["history"].as_array().expect("moves");
    let told: Vec<_> = moves.iter().map(|one| (&one["kind"], &one["by"], &one["why"])).collect();
    assert_eq!(
        told,
        [
            (&json!("promote"), &json!("ada"), &json!("shorter")),
            (&json!("rollback"), &json!("bob"), &json!("too short"))
        ]
    );
    assert!(moves.iter().all(|one| one["at_ms"].as_u64().is_some_and(|at_ms| at_ms > 1_700_000_000_000)));
    let told = world.says(&["prompts", "history", "alt_text"]);
    assert!(told.contains("too short") && told.contains("1.1.0"), "{told}");
    assert!(world.json(&["verify"])["problems"] == json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_touches_its_share_of_forty_assets_and_then_goes_on() {
    let mut world = World::new("").await;
    world.start();
    let names = names(40);
    world.add(&names);
    assert_eq!(world.asked(), [40, 0, 0]);
    published(&world);
    evaluated(&world, NEW);
    let half = Share::parse_percent("50").expect("a share");
    let inside = |name: &str| half.holds(&AssetId::of_key(name), "alt_text");
    let n_inside = names.iter().filter(|name| inside(name)).count();
    assert!((8..=32).contains(&n_inside), "{n_inside}");

    let from = world.from();
    let impact =
        world.json(&words(&["prompts", "diff", "alt_text", "--impact", "--percent", "50"], &from))["impact"].clone();
    assert_eq!((&impact["all"]["remade"], &impact["canary"]["remade"]), (&json!(40), &json!(n_inside)), "{impact:#}");

    let promote = ["prompts", "promote", "alt_text", "--why", "shorter"];
    let canary = [&promote[..], &["--label", "canary", "--percent", "50"]].concat();
    assert!(world.says(&words(&canary, &from)).contains("for 50 % of the assets"));
    world.wait_for("the canary", |texts| {
        texts.iter().all(|(name, status, text)| status == "machine" && text == if inside(name) { NEW } else { OLD })
    });
    assert_eq!(world.asked(), [40, n_inside, 0], "nobody else was asked for");

    // On: whoever has its words keeps them.
    let production = [&promote[..], &["--label", "production", "--hash", "canary"]].concat();
    world.says(&production);
    world.wait_for("production", |texts| texts.iter().all(|(_, status, text)| status == "machine" && text == NEW));
    assert_eq!(world.asked(), [40, 40, 0]);
    let history = world.json(&["prompts", "history", "alt_text"]);
    assert_eq!(history["canary"]["points_at"], Value::Null);
    assert_eq!(history["canary"]["history"][1]["kind"], "end");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_price_nobody_says_what_it_costs() {
    let world = World::new("").await;
    world.add(&names(2));
    world.forget_the_price();
    let from = world.from();
    let diff = words(&["prompts", "diff", "alt_text", "--impact"], &from);
    let impact = world.json(&diff)["impact"].clone();
    assert_eq!((&impact["all"]["remade"], &impact["forecast_micro_usd"]), (&json!(2), &Value::Null), "{impact:#}");
    assert!(world.says(&diff).contains("no forecast: the price book has no price for `seer`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_in_the_wrong_way_is_refused_with_the_way_out() {
    let world = World::new("").await;
    let promote = ["prompts", "promote", "alt_text", "--why", "x"];
    let with = |more: &[&'static str]| world.refuses(&[&promote[..], more].concat());
    assert!(with(&["--label", "canary"]).contains("`--percent P`"));
    assert!(with(&["--label", "production", "--percent", "1"]).contains("leave `--percent` out"));
    assert!(with(&["--label", "staging"]).contains("give production or canary"));
    assert!(with(&["--label", "canary", "--percent", "0"]).contains("from 0.01 to 100"));
    assert!(with(&["--label", "production", "--hash", "abc"]).contains("at least 6 digits"));
    assert!(with(&["--label", "production", "--hash", "abcdef"]).contains("no published state"));
    assert!(with(&["--label", "production", "--hash", "canary"]).contains("has no canary"));
    assert!(with(&["--label", "production", "--by", " "]).contains("say who"));
    assert!(
        world
            .refuses(&["prompts", "rollback", "alt_text", "--label", "canary", "--why", "x"])
            .contains("points at nothing")
    );
    assert!(world.says(&["prompts", "history", "alt_text"]).contains("was ever moved"));
}
