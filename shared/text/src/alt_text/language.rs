//! Whether a text is in the language that it should be in.
//!
//! Identification by trigrams is a guess on a sentence this short. So the script decides where it can, and where it cannot,
//! another language needs two witnesses: a reliable guess among the likely languages and the same doubt among all of
//! them, or a guess of any kind and function words. More function words of the locale than of the other acquit.

use super::finding::Findings;
use super::reading::Reading;
use super::{Check, Placement};
use unicode_segmentation::UnicodeSegmentation;
use whatlang::{Detector, Lang, Script};

pub(super) fn check(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let text = reading.own_text();
    let is_long = text.graphemes(true).count() >= reading.rules.limits.language_characters;
    // A picture's words are written down in whatever language they are.
    if !is_long || reading.alt.placement == Placement::Text {
        return;
    }
    let Some(found) = found(&text, reading) else { return };
    findings.add(Check::WrongLanguage, format!("the text seems to be in {found}, not in `{:.35}`", reading.alt.locale));
}

/// Returns the name of the script or language that the text is in, if it is another than the locale's.
fn found(text: &str, reading: &Reading<'_>) -> Option<String> {
    let locale = Locale::parse(reading.alt.locale);
    let script = whatlang::detect_script(text)?;
    let scripts = locale.scripts();
    if !scripts.is_empty() && !scripts.contains(&script) {
        return Some(format!("{} script", script.name()));
    }
    let expected = locale.language?;
    // Japanese and Chinese share characters, which a script's list of languages does not say.
    if !script.langs().contains(&expected) && !matches!(expected, Lang::Jpn | Lang::Cmn) {
        return None;
    }
    let mut likely: Vec<Lang> = reading.rules.likely.iter().filter_map(|code| language(code)).collect();
    likely.push(expected);
    let likely = Detector::with_allowlist(likely).detect(text).filter(|info| info.lang() != expected)?;
    let (n_own, n_other) = (n_function_words(reading, expected), n_function_words(reading, likely.lang()));
    let is_doubted = || whatlang::detect(text).is_some_and(|info| info.lang() != expected);
    let is_witnessed = (n_own == 0 && n_other >= 2) || (likely.is_reliable() && is_doubted());
    (n_own <= n_other && is_witnessed).then(|| likely.lang().eng_name().to_owned())
}

/// Counts the writer's own words that are function words of a language.
fn n_function_words(reading: &Reading<'_>, of: Lang) -> usize {
    let lists = reading.rules.locales.iter().find(|(code, _)| language(code) == Some(of)).map(|(_, lists)| lists);
    let is_function_word = |word: &String| lists.is_some_and(|lists| lists.function_words.contains(word));
    reading.tokens.iter().filter(|token| !token.is_quoted && is_function_word(&token.folded)).count()
}

/// What a BCP 47 tag says of a text.
struct Locale {
    language: Option<Lang>,
    script: Option<&'static [Script]>,
}

impl Locale {
    fn parse(tag: &str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().and_then(language);
        // The script is the second part, or the third after an extended language; four letters are a script only.
        let script = parts.take(2).find(|part| part.len() == 4).and_then(script);
        Locale { language, script }
    }

    /// Returns the scripts that the text may be in; none where that is unknown.
    fn scripts(&self) -> Vec<Script> {
        match (self.script, self.language) {
            (Some(scripts), _) => scripts.to_vec(),
            (None, Some(Lang::Jpn)) => vec![Script::Hiragana, Script::Katakana, Script::Mandarin],
            (None, Some(Lang::Kor)) => vec![Script::Hangul, Script::Mandarin],
            // Written in two scripts, and identified in one.
            (None, Some(Lang::Srp | Lang::Uzb | Lang::Aze | Lang::Tuk | Lang::Pan)) => Vec::new(),
            (None, Some(language)) => {
                Script::all().iter().copied().filter(|script| script.langs().contains(&language)).collect()
            }
            (None, None) => Vec::new(),
        }
    }
}

fn script(code: &str) -> Option<&'static [Script]> {
    let scripts: &[Script] = match code.to_ascii_lowercase().as_str() {
        "latn" => &[Script::Latin],
        "cyrl" => &[Script::Cyrillic],
        "arab" => &[Script::Arabic],
        "deva" => &[Script::Devanagari],
        "hebr" => &[Script::Hebrew],
        "grek" => &[Script::Greek],
        "guru" => &[Script::Gurmukhi],
        "hans" | "hant" | "hani" => &[Script::Mandarin],
        "jpan" => &[Script::Hiragana, Script::Katakana, Script::Mandarin],
        "kore" => &[Script::Hangul, Script::Mandarin],
        "hang" => &[Script::Hangul],
        _ => return None,
    };
    Some(scripts)
}

/// Two-letter codes, and three-letter codes of ISO 639-3 that BCP 47 uses, of the languages that can be identified.
const CODES: &str = "eo:epo en:eng ru:rus zh:cmn yue:cmn es:spa pt:por it:ita bn:ben fr:fra de:deu uk:ukr ka:kat ar:ara \
    hi:hin ja:jpn he:heb iw:heb yi:yid pl:pol am:amh jv:jav ko:kor nb:nob no:nob da:dan sv:swe fi:fin tr:tur nl:nld \
    hu:hun cs:ces el:ell bg:bul be:bel mr:mar kn:kan ro:ron sl:slv hr:hrv sr:srp mk:mkd lt:lit lv:lav et:est ta:tam \
    vi:vie ur:urd th:tha gu:guj uz:uzb pa:pan az:aze id:ind in:ind te:tel fa:pes ml:mal or:ori my:mya ne:nep si:sin \
    km:khm tk:tuk ak:aka zu:zul sn:sna af:afr la:lat sk:slk ca:cat tl:tgl fil:tgl hy:hye cy:cym";

fn language(code: &str) -> Option<Lang> {
    let code = code.to_ascii_lowercase();
    let short = CODES.split_whitespace().filter_map(|pair| pair.split_once(':')).find(|(short, _)| *short == code);
    Lang::from_code(short.map_or(code.as_str(), |(_, long)| long))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_that_can_be_identified_has_a_code() {
        let named: Vec<_> = CODES.split_whitespace().filter_map(|pair| language(pair.split_once(':')?.0)).collect();
        assert_eq!(named.len(), CODES.split_whitespace().count(), "a code is unknown to the library");
        let missing: Vec<_> = Lang::all().iter().filter(|lang| !named.contains(lang)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(language("").is_none() && language("en us").is_none());
    }
}
