//! Any order, any repetition, any loss that is made good: the same facts fold to the same manifest.

use crate::make;
use asset::catalog::CatalogEntry;
use asset::embedding::{EmbedSpec, text_of};
use asset::fact::{Change, Decision, Fact, Outcome};
use asset::field::{Field, Placement, WriteSpec};
use asset::ids::Sha256;
use asset::image::FocalPoint;
use asset::manifest::Manifest;
use asset::plan;
use asset::profile::Profile;
use asset::readiness::{State, derive};
use asset::sequencer::Sequencer;
use asset::settle::{Patience, settle};
use asset::task::{Job, Task};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["", "v1", "v2", "v3"];

/// With a text, and a vector of what the text means.
fn profile() -> Profile {
    make::mapped("findings")
}

/// A person's word on the text: other words, or that the model's count again.
fn word(n: u64) -> Fact {
    let (field, locale) = (Field::AltText, "en".to_owned());
    let decision = match n % 3 {
        0 => Decision::ReleaseText { field, locale },
        _ => {
            let source = Sha256::of(NAMES[(n % 3) as usize].as_bytes());
            Decision::EditText { field, locale, text: format!("A person's {}.", n % 3), source, seen: None }
        }
    };
    make::verdict(1000 + n, decision)
}

/// A fact by a few numbers: what it holds follows from its name, so that two of one name are equal.
fn fact(kind: u8, n: u64, pick: u64) -> Fact {
    match kind {
        0..=3 => make::put(2 * n, NAMES[(n % 4) as usize]),
        4 => make::delete(2 * n + 1),
        5 => make::move_focus(3 * n, (n * 40) as u16, 500, NAMES[(n % 3) as usize + 1]),
        6 => make::release_focus(3 * n + 1),
        7 => make::retry(100 + pick, some_task(pick).id()),
        8 => word(n),
        _ => {
            let task = some_task(pick);
            if task.id().as_str().as_bytes()[0].is_multiple_of(3) && task.attempt.as_str().starts_with('0') {
                make::refused(&task)
            } else {
                make::done(&task)
            }
        }
    }
}

/// One of the tasks that could have been sent at some time.
fn some_task(pick: u64) -> Task {
    let profile = profile();
    let generation = match pick % 3 {
        0 => Sequencer::ZERO,
        n => make::seq(n * 12 + 1),
    };
    let collection = profile.collection_of(make::KEY).expect("a collection owns the key");
    let mut jobs = vec![Job::Inspect];
    for focus in [FocalPoint { x: 300, y: 400 }, FocalPoint { x: 40, y: 500 }] {
        jobs.extend(plan::renders(collection, focus));
    }
    jobs.push(Job::Write(WriteSpec {
        field: Field::AltText,
        placement: Placement::Informative,
        locale: "en".into(),
        max_characters: 150,
        model: "seer".into(),
        prompt: make::prompt("1.0.0").1,
        vocabulary: None,
        brand: None,
        file_name: None,
    }));
    for text in ["A hero.", "A person's 1.", "A person's 2."] {
        jobs.push(Job::Embed(EmbedSpec { model: "compass".into(), text: format!("{text}\nhero") }));
    }
    let job = jobs.swap_remove((pick / 3) as usize % jobs.len());
    make::task(&generation, NAMES[(pick / 30) as usize % 3 + 1], (pick / 90) as usize % 2, job, &profile)
}

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).expect("facts serialize")).expect("facts read back")
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec((0u8..16, 0u64..20, 0u64..180).prop_map(|(kind, n, pick)| fact(kind, n, pick)), 0..40)
}

fn folded(facts: impl IntoIterator<Item = Fact>) -> Manifest {
    let mut manifest = Manifest::new(make::asset());
    facts.into_iter().for_each(|fact| manifest.fold(fact));
    manifest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn order_and_repetition_do_not_matter(
        (facts, shuffled) in facts().prop_flat_map(|facts| {
            let doubled: Vec<Fact> = facts.iter().chain(&facts).cloned().collect();
            (Just(facts), Just(doubled).prop_shuffle())
        })
    ) {
        let (a, b) = (folded(facts), folded(shuffled));
        prop_assert_eq!(&a, &b);
        prop_assert_eq!(derive(&a, &profile()), derive(&b, &profile()));
    }

    #[test]
    fn what_was_lost_and_sent_again_is_made_good(facts in facts(), kept in prop::collection::vec(any::<bool>(), 40)) {
        let partial = facts.iter().zip(kept).filter(|(_, kept)| *kept).map(|(fact, _)| fact.clone());
        let later: Vec<Fact> = partial.chain(facts.iter().cloned()).collect();
        prop_assert_eq!(folded(facts), folded(later));
    }

    #[test]
    fn knows_says_what_fold_does(facts in facts(), next in (0u8..16, 0u64..20, 0u64..180)) {
        let next = fact(next.0, next.1, next.2);
        let before = folded(facts);
        let mut after = before.clone();
        after.fold(next.clone());
        prop_assert_eq!(before.knows(&make::fact_key(&next)), after == before, "{:?}", next);
        prop_assert!(after.knows(&make::fact_key(&next)));
    }

    #[test]
    fn a_delete_drops_what_was_before_it(facts in facts()) {
        let manifest = folded(facts.clone());
        let deletes = facts.iter().filter_map(|fact| match fact {
            Fact::Arrival(arrival) if arrival.change == Change::Delete => Some(arrival.sequencer.clone()),
            _ => None,
        });
        let generation = deletes.max().unwrap_or(Sequencer::ZERO);
        prop_assert_eq!(manifest.generation(), generation.clone());
        prop_assert!(manifest.results.values().all(|result| result.generation >= generation));
        let of_now = facts.iter().filter(|fact| matches!(fact, Fact::Result(result) if result.generation >= generation));
        prop_assert!(of_now.into_iter().all(|fact| manifest.knows(&make::fact_key(fact))));
    }

    #[test]
    fn what_is_listed_belongs_to_the_present_version(facts in facts()) {
        let manifest = folded(facts);
        let (readiness, pending) = derive(&manifest, &profile());
        let folder = format!("/renditions/{}/", manifest.generation().as_segment());
        prop_assert!(readiness.outputs().all(|output| output.key.contains(&folder)));
        let source = manifest.version().map(|version| version.sha256.clone());
        prop_assert_eq!(&readiness.version, &source);
        prop_assert!(pending.iter().all(|task| Some(&task.source) == source.as_ref()));
        prop_assert_eq!(pending.is_empty(), readiness.state.is_settled() || manifest.latest().is_none());
    }

    #[test]
    fn batches_of_any_size_settle_alike(facts in facts(), sizes in prop::collection::vec(1usize..8, 40)) {
        let mut manifest = Manifest::new(make::asset());
        let mut rest = facts.as_slice();
        for size in sizes {
            let (batch, later) = rest.split_at(size.min(rest.len()));
            rest = later;
            manifest = settle(&manifest, batch.to_vec(), &profile(), Patience::default(), 1000).manifest;
        }
        let at_once = settle(&Manifest::new(make::asset()), facts, &profile(), Patience::default(), 1000).manifest;
        prop_assert_eq!(&manifest.arrivals, &at_once.arrivals);
        prop_assert_eq!(&manifest.results, &at_once.results);
        prop_assert_eq!(&manifest.verdicts, &at_once.verdicts);
        prop_assert_eq!(&manifest.readiness, &at_once.readiness);
    }

    #[test]
    fn settling_again_does_nothing(facts in facts()) {
        let once = settle(&Manifest::new(make::asset()), facts.clone(), &profile(), Patience::default(), 1000);
        for again in [Vec::new(), facts] {
            let twice = settle(&once.manifest, again, &profile(), Patience::default(), 1000);
            prop_assert!(!twice.changed);
            prop_assert_eq!(&twice.manifest, &once.manifest);
            prop_assert!(twice.send.is_empty() && twice.give_up.is_empty());
        }
    }

    #[test]
    fn a_vector_is_of_the_texts_in_force(facts in facts()) {
        let manifest = settle(&Manifest::new(make::asset()), facts, &profile(), Patience::default(), 1000).manifest;
        let entry = CatalogEntry::of(&manifest);
        let text = text_of(&manifest.key, &manifest.readiness.fields, &[]);
        let expected = text.map(|text| make::embedded(&EmbedSpec { model: "compass".into(), text }));
        let Some(Outcome::Embedded(expected)) = expected else {
            prop_assert_eq!(entry.vector, None);
            return Ok(());
        };
        prop_assert!(entry.vector.is_none() || entry.vector == expected.point());
        prop_assert!(entry.vector.is_none() || manifest.readiness.state != State::Deleted);
    }

    #[test]
    fn a_manifest_survives_the_wire(facts in facts()) {
        let manifest = settle(&Manifest::new(make::asset()), facts, &profile(), Patience::default(), 1000).manifest;
        prop_assert_eq!(round_trip(&manifest), manifest);
    }
}
