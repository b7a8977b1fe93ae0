//! The languages of speech models: they name them in English.

/// Returns the tag of a language that a server names by tag or in English. Where it is the one that was asked for, the
/// tag of the question is kept, with its region.
pub(super) fn tag(name: &str, asked: Option<&str>) -> Option<String> {
    let name = name.trim().to_lowercase();
    let found = NAMES.iter().find(|(tag, english)| *tag == name || english.contains(&name.as_str()));
    let tag = found.map(|(tag, _)| *tag)?;
    let is_asked = asked.filter(|asked| asked.split('-').next().is_some_and(|asked| asked.eq_ignore_ascii_case(tag)));
    Some(is_asked.unwrap_or(tag).to_owned())
}

/// The languages of Whisper, with the names that it knows.
const NAMES: &[(&str, &[&str])] = &[
    ("af", &["afrikaans"]),
    ("am", &["amharic"]),
    ("ar", &["arabic"]),
    ("as", &["assamese"]),
    ("az", &["azerbaijani"]),
    ("ba", &["bashkir"]),
    ("be", &["belarusian"]),
    ("bg", &["bulgarian"]),
    ("bn", &["bengali"]),
    ("bo", &["tibetan"]),
    ("br", &["breton"]),
    ("bs", &["bosnian"]),
    ("ca", &["catalan", "valencian"]),
    ("cs", &["czech"]),
    ("cy", &["welsh"]),
    ("da", &["danish"]),
    ("de", &["german"]),
    ("el", &["greek"]),
    ("en", &["english"]),
    ("es", &["spanish", "castilian"]),
    ("et", &["estonian"]),
    ("eu", &["basque"]),
    ("fa", &["persian"]),
    ("fi", &["finnish"]),
    ("fo", &["faroese"]),
    ("fr", &["french"]),
    ("gl", &["galician"]),
    ("gu", &["gujarati"]),
    ("ha", &["hausa"]),
    ("haw", &["hawaiian"]),
    ("he", &["hebrew"]),
    ("hi", &["hindi"]),
    ("hr", &["croatian"]),
    ("ht", &["haitian creole", "haitian"]),
    ("hu", &["hungarian"]),
    ("hy", &["armenian"]),
    ("id", &["indonesian"]),
    ("is", &["icelandic"]),
    ("it", &["italian"]),
    ("ja", &["japanese"]),
    ("jv", &["javanese", "jw"]),
    ("ka", &["georgian"]),
    ("kk", &["kazakh"]),
    ("km", &["khmer"]),
    ("kn", &["kannada"]),
    ("ko", &["korean"]),
    ("la", &["latin"]),
    ("lb", &["luxembourgish", "letzeburgesch"]),
    ("ln", &["lingala"]),
    ("lo", &["lao"]),
    ("lt", &["lithuanian"]),
    ("lv", &["latvian"]),
    ("mg", &["malagasy"]),
    ("mi", &["maori"]),
    ("mk", &["macedonian"]),
    ("ml", &["malayalam"]),
    ("mn", &["mongolian"]),
    ("mr", &["marathi"]),
    ("ms", &["malay"]),
    ("mt", &["maltese"]),
    ("my", &["myanmar", "burmese"]),
    ("ne", &["nepali"]),
    ("nl", &["dutch", "flemish"]),
    ("nn", &["nynorsk"]),
    ("no", &["norwegian"]),
    ("oc", &["occitan"]),
    ("pa", &["punjabi", "panjabi"]),
    ("pl", &["polish"]),
    ("ps", &["pashto", "pushto"]),
    ("pt", &["portuguese"]),
    ("ro", &["romanian", "moldavian", "moldovan"]),
    ("ru", &["russian"]),
    ("sa", &["sanskrit"]),
    ("sd", &["sindhi"]),
    ("si", &["sinhala", "sinhalese"]),
    ("sk", &["slovak"]),
    ("sl", &["slovenian"]),
    ("sn", &["shona"]),
    ("so", &["somali"]),
    ("sq", &["albanian"]),
    ("sr", &["serbian"]),
    ("su", &["sundanese"]),
    ("sv", &["swedish"]),
    ("sw", &["swahili"]),
    ("ta", &["tamil"]),
    ("te", &["telugu"]),
    ("tg", &["tajik"]),
    ("th", &["thai"]),
    ("tk", &["turkmen"]),
    ("tl", &["tagalog"]),
    ("tr", &["turkish"]),
    ("tt", &["tatar"]),
    ("uk", &["ukrainian"]),
    ("ur", &["urdu"]),
    ("uz", &["uzbek"]),
    ("vi", &["vietnamese"]),
    ("yi", &["yiddish"]),
    ("yo", &["yoruba"]),
    ("yue", &["cantonese"]),
    ("zh", &["chinese", "mandarin"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_tags_and_regions_stay() {
        let found = |name: &str, asked: Option<&str>| tag(name, asked);
        assert_eq!(found("English", None).as_deref(), Some("en"));
        assert_eq!(found("de", Some("fr")).as_deref(), Some("de"));
        assert_eq!(found("german", Some("de-CH")).as_deref(), Some("de-CH"));
        assert_eq!(found("klingon", None), None);
        assert_eq!(found("jw", None).as_deref(), Some("jv"), "Whisper has the tag of old");
    }
}
