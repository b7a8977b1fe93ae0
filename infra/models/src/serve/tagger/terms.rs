//! From classes to terms of a vocabulary.
//!
//! **The rule.** A class has one or more names, which are synonyms. A class stands for a term if one of its names has the same words as the
//! term's label, or ends in them ("tabby cat" is a cat), whatever their case and number. Names whose last word is not what they are ("hot
//! dog") only count as a whole. A label with several alternatives ("Cats / kittens") has each of them, and a term its synonyms. Classes exclude each other, so
//! the probability of a term is the sum over its classes. Nothing is guessed beyond words: "espresso" is not "coffee" here.

use super::question::{Question, Term};
use super::words::{Words, are_equal, is_end_of, words};

/// Measured on photographs: below this, a class is as often wrong as right.
const LOW: f32 = 0.15;
/// From here on a tag is useful; a suggestion, which nobody asked for, has to be.
const MEDIUM: f32 = 0.25;
const HIGH: f32 = 0.5;

/// Classes below this are not looked at; a hundred of them would not make a tag.
const NEGLIGIBLE: f32 = 0.001;

const MAX_SUGGESTIONS: usize = 3;

/// Names whose last word is not what they are, of those that the classes have.
const WHOLE_NAMES: [&str; 55] = [
    "Band Aid",
    "bear cat",
    "black widow",
    "blue jack",
    "Boston bull",
    "cat bear",
    "computer mouse",
    "custard apple",
    "darning needle",
    "devil's darning needle",
    "freight car",
    "Granny Smith",
    "Great Dane",
    "guinea pig",
    "hen of the woods",
    "high bar",
    "horizontal bar",
    "horse chestnut",
    "hot dog",
    "hot pot",
    "ice cream",
    "kangaroo bear",
    "king crab",
    "koala bear",
    "Madagascar cat",
    "mosquito hawk",
    "mountain lion",
    "mouth harp",
    "mouth organ",
    "mud puppy",
    "native bear",
    "one-armed bandit",
    "oyster catcher",
    "passenger car",
    "prairie chicken",
    "punching bag",
    "river horse",
    "rock beauty",
    "rose hip",
    "sand bar",
    "sea anemone",
    "sea cucumber",
    "sea lion",
    "sea star",
    "sea wolf",
    "sewing needle",
    "skeeter hawk",
    "sleeping bag",
    "snake doctor",
    "snake feeder",
    "space bar",
    "squeeze box",
    "walking stick",
    "web site",
    "wood pussy",
];

/// One of ImageNet's classes.
#[derive(Debug)]
pub(super) struct Class {
    /// The first of its names, as it is written.
    label: String,
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    words: Words,
    is_whole: bool,
}

impl Class {
    /// Takes the names of one class, with commas between them.
    pub fn new(names: &str) -> Self {
        let name = |name: &str| Name { words: words(name), is_whole: WHOLE_NAMES.contains(&name) };
        let label = names.split(',').next().unwrap_or_default().trim().to_owned();
        Class { label, names: names.split(',').map(str::trim).filter(|text| !text.is_empty()).map(name).collect() }
    }

    fn stands_for(&self, label: &Words) -> bool {
        let names = |name: &Name| are_equal(label, &name.words) || !name.is_whole && is_end_of(label, &name.words);
        self.names.iter().any(names)
    }
}

/// What is answered.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// Ids and confidences, the likeliest first.
    pub tags: Vec<(String, &'static str)>,
    pub suggestions: Vec<String>,
}

/// Turns probabilities of classes into an answer.
pub(super) fn tag(classes: &[Class], probabilities: &[f32], question: &Question) -> Found {
    let mut likely: Vec<(&Class, f32)> = classes
        .iter()
        .zip(probabilities.iter().copied())
        .filter(|(_, probability)| *probability >= NEGLIGIBLE)
        .collect();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut has_term = vec![false; likely.len()];
    let mut tags: Vec<(&Term, f32)> = Vec::new();
    for term in &question.vocabulary {
        let names = std::iter::once(&term.label).chain(&term.synonyms);
        let alternatives = names.flat_map(|name| name.split([',', ';', '/', '|', '&'])).map(words);
        let alternatives: Vec<Words> = alternatives.filter(|words| !words.is_empty()).collect();
        let mut sum = 0.0;
        for ((class, probability), has_term) in likely.iter().zip(&mut has_term) {
            if alternatives.iter().any(|label| class.stands_for(label)) {
                sum += probability;
                *has_term = true;
            }
        }
        if sum >= LOW && !tags.iter().any(|(known, _)| known.id == term.id) {
            tags.push((term, sum));
        }
    }
    tags.sort_by(|a, b| b.1.total_cmp(&a.1));
    let tags = tags.into_iter().take(question.max_tags).map(|(term, sum)| (term.id.clone(), confidence(sum))).collect();
    let missing =
        likely.iter().zip(&has_term).filter(|((_, probability), has_term)| *probability >= MEDIUM && !**has_term);
    let suggestions = missing.map(|((class, _), _)| class.label.clone()).take(MAX_SUGGESTIONS);
    Found { tags, suggestions: if question.is_english { suggestions.collect() } else { Vec::new() } }
}

fn confidence(probability: f32) -> &'static str {
    match probability {
        _ if probability >= HIGH => "high",
        _ if probability >= MEDIUM => "medium",
        _ => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(labels: &[&str], max_tags: usize) -> Question {
        let term = |label: &&str| Term { id: label.to_lowercase(), label: (*label).to_owned(), synonyms: Vec::new() };
        Question { vocabulary: labels.iter().map(term).collect(), max_tags, is_english: true }
    }

    fn ids(classes: &[(&str, f32)], labels: &[&str], max_tags: usize) -> (Vec<String>, Vec<String>) {
        let (names, probabilities): (Vec<Class>, Vec<f32>) =
            classes.iter().map(|(names, probability)| (Class::new(names), *probability)).unzip();
        let found = tag(&names, &probabilities, &question(labels, max_tags));
        (found.tags.into_iter().map(|(id, confidence)| format!("{id} {confidence}")).collect(), found.suggestions)
    }

    #[test]
    fn kinds_are_summed_and_the_rest_is_proposed() {
        let classes = [("tabby, tabby cat", 0.2), ("tiger cat", 0.2), ("Egyptian cat", 0.3), ("espresso maker", 0.27)];
        let (tags, suggestions) = ids(&classes, &["Dogs", "Cats", "Tabby", "Tiger"], 10);
        assert_eq!(tags, ["cats high", "tabby low"]);
        assert_eq!(suggestions, ["espresso maker"]);
        assert_eq!(ids(&classes, &["Cats", "Tabby"], 1).0, ["cats high"]);
        assert_eq!(ids(&classes, &["Cats", "Tabby"], 0).0, [""; 0]);
        assert_eq!(ids(&classes, &[], 10).1, ["Egyptian cat", "espresso maker"]);
    }

    #[test]
    fn synonyms_stand_for_their_term() {
        let mut question = question(&["Coffee"], 10);
        question.vocabulary[0].synonyms = vec!["Espresso".to_owned(), "Cappuccino / latte".to_owned()];
        let tags = tag(&[Class::new("espresso"), Class::new("latte")], &[0.3, 0.3], &question).tags;
        assert_eq!(tags, [("coffee".to_owned(), "high")]);
    }

    #[test]
    fn names_that_are_something_else_count_as_a_whole() {
        let classes = [("hot dog, red hot", 0.5), ("sea lion", 0.4)];
        assert_eq!(ids(&classes, &["Dog", "Lion"], 10), (vec![], vec!["hot dog".into(), "sea lion".into()]));
        assert_eq!(
            ids(&classes, &["Hot dogs", "Sea lions / seals"], 10).0,
            ["hot dogs high", "sea lions / seals medium"]
        );
    }

    #[test]
    fn what_is_unlikely_is_not_said() {
        assert_eq!(ids(&[("tench", 0.149), ("goldfish", 0.2)], &["Tench"], 10), (vec![], vec![]));
        let foreign = Question { is_english: false, ..question(&[], 10) };
        assert_eq!(tag(&[Class::new("tench")], &[0.9], &foreign).suggestions, [""; 0]);
    }
}
