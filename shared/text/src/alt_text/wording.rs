//! What the words say: prefixes, labels, a model's talk, guesses, banned terms.

use super::finding::Findings;
use super::reading::{Reading, excerpt};
use super::rules::{Guess, Lists, Matching};
use super::words::{self, Gap, Phrase, Token};
use super::{Check, Placement};
use std::collections::HashSet;
use std::ops::Range;

pub(super) fn check(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    // Words in a picture are written down as they are.
    if reading.alt.placement != Placement::Text {
        prefix(reading, findings);
        suffix(reading, findings);
    }
    placeholder(reading, findings);
    label(reading, findings);
    model_talk(reading, findings);
    // What stands in a picture of words is nobody's guess.
    if reading.alt.placement != Placement::Text {
        hedge(reading, findings);
        guesses(reading, findings);
    }
    banned(reading, findings);
    without_lists(reading, findings);
}

fn prefix(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let found = reading.lists.iter().find_map(|lists| {
        lists.prefixes.iter().find_map(|phrase| match lists.matching {
            Matching::Words => phrase.len_at(&reading.tokens, 0).map(|n| reading.written(0..n).to_owned()),
            Matching::Parts => reading.letters.starts_with(phrase.letters()).then(|| phrase.letters().to_owned()),
        })
    });
    if let Some(found) = found {
        findings.add(Check::RedundantPrefix, format!("the text begins with {}", excerpt(&found)));
    }
}

fn suffix(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let tokens = &reading.tokens;
    let is_object = |lists: &Lists, start: usize| {
        let before = &tokens[..start];
        lists.articles.iter().any(|article| article.start_at_end(before).is_some())
    };
    let found = reading.lists.iter().find_map(|lists| {
        lists.suffixes.iter().find_map(|phrase| match lists.matching {
            Matching::Words => phrase
                .start_at_end(tokens)
                .filter(|start| *start > 0 && !is_object(lists, *start))
                .map(|start| reading.written(start..tokens.len()).to_owned()),
            Matching::Parts => {
                let is_end =
                    reading.letters.len() > phrase.letters().len() && reading.letters.ends_with(phrase.letters());
                is_end.then(|| phrase.letters().to_owned())
            }
        })
    });
    if let Some(found) = found {
        findings.add(Check::RedundantSuffix, format!("the text ends with {}", excerpt(&found)));
    }
}

/// Returns whether an entry is the whole of some text.
fn is_whole(lists: &Lists, phrase: &Phrase, tokens: &[Token], letters: &str) -> bool {
    match lists.matching {
        Matching::Words => phrase.is_all(tokens),
        Matching::Parts => phrase.letters() == letters,
    }
}

fn placeholder(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let is_placeholder = |lists: &&Lists| {
        lists.placeholders.iter().any(|phrase| is_whole(lists, phrase, &reading.tokens, &reading.letters))
    };
    if reading.tokens.is_empty() {
        findings.add(Check::Placeholder, "the text has no word");
    } else if reading.lists.iter().any(is_placeholder) {
        findings.add(Check::Placeholder, format!("the text is nothing but {}", excerpt(reading.text)));
    }
}

fn label(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    if let Some(head) = head(reading, &[':', '：', '='], |lists| &lists.labels) {
        findings.add(Check::Label, format!("the text begins with {}", excerpt(&format!("{head}:"))));
    }
}

fn model_talk(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let reply = || head(reading, REPLY_ENDS, |lists| &lists.replies).map(str::to_owned);
    if let Some(found) = reading.find(|lists| &lists.model_talk).or_else(reply) {
        findings.add(Check::ModelTalk, format!("the text says {}", excerpt(&found)));
    }
}

const REPLY_ENDS: &[char] = &[',', '!', '.', ':', ';', '，', '！', '。', '、', '：', '،', '।'];

/// Returns what stands before the first of some marks, if it is an entry of a list.
fn head<'a>(reading: &Reading<'a>, ends: &[char], of: fn(&Lists) -> &[Phrase]) -> Option<&'a str> {
    let (head, _) = reading.text.split_once(ends)?;
    let (tokens, letters) = (words::tokens(head, &[]), words::letters(head));
    let is_entry = |lists: &Lists| of(lists).iter().any(|phrase| is_whole(lists, phrase, &tokens, &letters));
    reading.lists.iter().any(|lists| is_entry(lists)).then_some(head)
}

fn hedge(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let found = reading.lists.iter().find_map(|lists| own_words(reading, lists, &lists.hedges));
    if let Some(found) = found {
        findings.add(Check::Hedge, format!("the text says {}", excerpt(&found)));
    }
}

/// Returns the first entry that is in the writer's own words, outside quotations.
fn own_words(reading: &Reading<'_>, lists: &Lists, phrases: &[Phrase]) -> Option<String> {
    phrases.iter().find_map(|phrase| match lists.matching {
        Matching::Words => (0..reading.tokens.len()).find_map(|index| {
            let n = phrase.len_at(&reading.tokens, index).filter(|_| !reading.tokens[index].is_quoted)?;
            Some(reading.written(index..index + n).to_owned())
        }),
        Matching::Parts => phrase.is_in_letters(&reading.own_letters).then(|| phrase.letters().to_owned()),
    })
}

/// What the metadata says, taken apart.
struct Stated {
    /// Every few words in a row.
    phrases: HashSet<String>,
    letters: Vec<String>,
}

/// Longer phrases of the metadata are not looked up.
const MAX_PHRASE: usize = 6;

impl Stated {
    fn new(texts: &[String]) -> Self {
        let mut phrases = HashSet::new();
        for tokens in texts.iter().map(|text| words::tokens(text, &[])) {
            for n in 1..=MAX_PHRASE {
                phrases.extend(tokens.windows(n).map(joined));
            }
        }
        Stated { phrases, letters: texts.iter().map(|text| words::letters(text)).collect() }
    }

    fn has_words(&self, words: &[Token]) -> bool {
        self.phrases.contains(&joined(words))
    }

    fn has_letters(&self, letters: &str) -> bool {
        self.letters.iter().any(|text| text.contains(letters))
    }
}

fn joined(words: &[Token]) -> String {
    words.iter().map(|token| token.folded.as_str()).collect::<Vec<_>>().join(" ")
}

fn guesses(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let stated = Stated::new(reading.alt.stated);
    for lists in &reading.lists {
        let is_person = people(&reading.tokens, lists);
        for guess in &lists.guesses {
            let found = match lists.matching {
                Matching::Words => guessed_words(reading, guess, &is_person, &stated),
                Matching::Parts => guessed_letters(reading, guess, &stated),
            };
            if !found.is_empty() {
                let found: Vec<_> = found.iter().map(|words| excerpt(words)).collect();
                findings.add(guess.check, format!("the text says {}", found.join(", ")));
            }
        }
    }
}

/// Returns which words are people. What is a man's need not be one.
fn people(tokens: &[Token], lists: &Lists) -> Vec<bool> {
    let is_owner =
        |index: usize| tokens.get(index + 1).is_some_and(|next| next.gap == Gap::Joint && next.folded == "s");
    let is_person = |index: usize| lists.people.iter().any(|phrase| phrase.len_at(tokens, index) == Some(1));
    (0..tokens.len()).map(|index| is_person(index) && !is_owner(index)).collect()
}

/// More than this many in one message help nobody.
const MAX_NAMED: usize = 4;

fn guessed_words(reading: &Reading<'_>, guess: &Guess, is_person: &[bool], stated: &Stated) -> Vec<String> {
    let tokens = &reading.tokens;
    let is_beside_person = |words: &Range<usize>| {
        let before = words.start > 0 && is_person[words.start - 1] && tokens[words.start].gap != Gap::Apart;
        let after = tokens.get(words.end).is_some_and(|next| is_person[words.end] && next.gap != Gap::Apart);
        before || after
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for index in 0..tokens.len() {
        let at = |phrase: &Phrase| phrase.len_at(tokens, index).map(|n| index..index + n);
        let anywhere = guess.words.iter().filter_map(at);
        let beside = guess.beside_people.iter().filter_map(at).filter(|words| is_beside_person(words));
        let words = anywhere.chain(beside).find(|words| !stated.has_words(&tokens[words.clone()]));
        found.extend(words.filter(|_| !tokens[index].is_quoted));
        if found.len() == MAX_NAMED {
            break;
        }
    }
    found.into_iter().map(|words| reading.written(words).to_owned()).collect()
}

fn guessed_letters(reading: &Reading<'_>, guess: &Guess, stated: &Stated) -> Vec<String> {
    let entries = guess
        .words
        .iter()
        .filter(|phrase| phrase.is_in_letters(&reading.own_letters) && !stated.has_letters(phrase.letters()));
    entries.take(MAX_NAMED).map(|phrase| phrase.letters().to_owned()).collect()
}

fn banned(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let is_there = |term: &&String| {
        Phrase::parse(term).is_some_and(|phrase| match reading.matching {
            Matching::Words => phrase.find(&reading.tokens).is_some(),
            Matching::Parts => phrase.is_in_letters(&reading.letters),
        })
    };
    if let Some(term) = reading.alt.banned_terms.iter().find(is_there) {
        findings.add(Check::BannedTerm, format!("the text says {}", excerpt(term)));
    }
}

fn without_lists(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let own = reading.rules.lists(reading.alt.locale);
    let is_missing = |of: fn(&Lists) -> bool| own.is_none_or(of);
    let lists = [
        ("redundant words", is_missing(|lists| lists.prefixes.is_empty() && lists.suffixes.is_empty())),
        ("a model's talk", is_missing(|lists| lists.model_talk.is_empty())),
        ("guesses", is_missing(|lists| lists.guesses.is_empty())),
    ];
    let missing: Vec<_> = lists.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect();
    if !missing.is_empty() {
        let found = format!("there is no list for {} in {}", missing.join(", "), excerpt(reading.alt.locale));
        findings.add(Check::LocaleWithoutLists, found);
    }
}
