//! Our tokenizers against Hugging Face's and OpenAI's, on texts of many scripts.

mod common;

use models_local::serve::{Vocabulary, WordPiece};
use std::collections::BTreeSet;

const TEXTS: [&str; 16] = [
    "A tabby cat sleeps on a red sofa.",
    "unaffordable antidisestablishmentarianism, isn't it?! (really) – “yes”…",
    "Crème brûlée, naïve façade, Ångström, Łódź, İstanbul, STRASSE straße",
    "Ελληνικά ΆΈΉ, кириллица ЁЙ, українська Їжак",
    "东京タワーと京都。한국어 문장",
    "العربيّة بالحَرَكات، עִבְרִית",
    "हिन्दी में देवनागरी, বাংলা, தமிழ்",
    "tabs\tand\nnew\r\nlines\u{a0}and\u{2003}wide\u{3000}spaces",
    "zero\u{200b}width\u{feff}and\u{0}nul\u{fffd}and\u{ad}soft\u{202e}hyphen",
    "emoji 🐈‍⬛ 👩🏽‍🚀 and signs € £ © ™ ½ ² № ℃",
    "e-mail: a.b+c@example.com, https://example.com/a_b?c=d&e=f#g",
    "1,234.56 12:30 3/4 #1 50% $5 ^~`|<>=+",
    "ﬁ ﬂ ﬀ Ⅷ ＡＢＣ １２３ ｶﾀｶﾅ",
    "á à ä a\u{301}\u{302}\u{303} o\u{308}",
    "supercalifragilisticexpialidocious xqzjvw",
    "",
];

#[test]
fn texts_become_the_same_numbers() {
    let folder = common::models().path().join("minilm-l6/tokenizer.json");
    let tokenizer = WordPiece::parse(&std::fs::read(&folder).expect("a tokenizer")).expect("it parses");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let list = scratch.path().join("texts.json");
    // A word of more than a hundred letters is unknown, and one of a hundred is not.
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([100, 101].map(|n| "a".repeat(n)));
    std::fs::write(&list, serde_json::to_string(&texts).expect("JSON")).expect("a file");
    let program = "import sys,json,tokenizers\nt=tokenizers.Tokenizer.from_file(sys.argv[1]);t.no_padding();t.no_truncation()\n\
                   print(json.dumps([t.encode(x).ids for x in json.load(open(sys.argv[2]))]))";
    let wanted: Vec<Vec<i32>> = serde_json::from_str(&common::python(program, &[&folder, &list])).expect("JSON");
    let mut seen: BTreeSet<&i32> = BTreeSet::new();
    for (text, wanted) in texts.iter().zip(&wanted) {
        assert_eq!(&tokenizer.tokenize(text, 512).ids, wanted, "{text:?}");
        seen.extend(wanted);
    }
    assert!(seen.len() > 150, "the texts have many tokens: {}", seen.len());
}

#[test]
fn prompts_of_speech_become_the_same_numbers() {
    let path = common::models().path().join("whisper-base/vocabulary.json");
    let vocabulary = Vocabulary::parse(&std::fs::read(&path).expect("a vocabulary")).expect("it parses");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let list = scratch.path().join("texts.json");
    let texts: Vec<String> = TEXTS.iter().map(|text| format!(" {text}")).chain(["a".repeat(100)]).collect();
    std::fs::write(&list, serde_json::to_string(&texts).expect("JSON")).expect("a file");
    // The letters of GPT-2's files are bytes: their own where they can be seen, one from 256 on where they cannot.
    let program = r"
import sys, json, tiktoken
seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
hidden = [byte for byte in range(256) if byte not in seen]
letters = {chr(byte): byte for byte in seen} | {chr(256 + n): byte for n, byte in enumerate(hidden)}
tokens = json.load(open(sys.argv[1]))['tokens']
ranks = {bytes(letters[c] for c in token): n for n, token in enumerate(tokens)}
pattern = r'(?:\x27(?:[sdmt]|ll|ve|re))| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+'
encoding = tiktoken.Encoding('whisper', pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
print(json.dumps([encoding.encode(text) for text in json.load(open(sys.argv[2]))]))";
    let wanted: Vec<Vec<i32>> = serde_json::from_str(&common::python(program, &[&path, &list])).expect("JSON");
    for (text, wanted) in texts.iter().zip(&wanted) {
        assert_eq!(&vocabulary.tokens_of(text), wanted, "{text:?}");
    }
}
