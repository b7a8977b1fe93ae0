//! Names as words that can be compared: without case, punctuation and number.

/// The words of a name, each with the forms that it may be the plural of.
pub(super) type Words = Vec<Vec<String>>;

/// Splits a name into words.
pub(super) fn words(name: &str) -> Words {
    // "carpenter's" is "carpenter", not "carpenter" and "s".
    let name = name.to_lowercase().replace('’', "'").replace("'s", "");
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(forms).collect()
}

/// A word, and what it would be in the singular. A rule that does not fit gives a form that nobody else has, and does no harm:
/// "houses" is "house" or "hous", and only one of them is a word.
fn forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let mut add = |stem: &str, end: &str| forms.push(format!("{stem}{end}"));
    // In three letters and less, an s is seldom a plural: "gas", "bus".
    if word.chars().count() > 3 {
        if let Some(stem) = word.strip_suffix("ies") {
            add(stem, "y");
        }
        if let Some(stem) = word.strip_suffix("ves") {
            add(stem, "f");
            add(stem, "fe");
        }
        if let Some(stem) = word.strip_suffix("es")
            && ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| stem.ends_with(end))
        {
            add(stem, "");
        }
        if let Some(stem) = word.strip_suffix('s')
            && !["s", "u", "i"].iter().any(|end| stem.ends_with(end))
        {
            add(stem, "");
        }
        if let Some(stem) = word.strip_suffix("men") {
            add(stem, "man");
        }
    }
    for (plural, singular) in
        [("mice", "mouse"), ("geese", "goose"), ("children", "child"), ("people", "person"), ("feet", "foot")]
    {
        if word == plural {
            add(singular, "");
        }
    }
    forms
}

fn is_same(a: &[String], b: &[String]) -> bool {
    a.iter().any(|form| b.contains(form))
}

pub(super) fn are_equal(a: &Words, b: &Words) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
}

/// Says whether `short` are the last words of `long`, as "cat" of "tabby cat": in English, what something is stands last.
pub(super) fn is_end_of(short: &Words, long: &Words) -> bool {
    !short.is_empty() && short.len() < long.len() && {
        let end = &long[long.len() - short.len()..];
        end.iter().zip(short).all(|(a, b)| is_same(a, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_case_do_not_count() {
        let same = |a: &str, b: &str| are_equal(&words(a), &words(b));
        for (a, b) in [
            ("Cats", "cat"),
            ("Buses", "bus"),
            ("houses", "House"),
            ("Butterflies", "butterfly"),
            ("Wolves", "wolf"),
            ("knives", "knife"),
            ("Tomatoes", "tomato"),
            ("wine glasses", "wine-glass"),
            ("Fishermen", "fisherman"),
            ("carpenter's kit", "Carpenter’s Kits"),
            ("mice", "mouse"),
            ("Cafés", "café"),
        ] {
            assert!(same(a, b), "{a} and {b}");
        }
        for (a, b) in
            [("cat", "car"), ("glass", "glas"), ("bus", "bu"), ("hot dog", "dog"), ("news", "newspaper"), ("", "s")]
        {
            assert!(!same(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn what_something_is_stands_last() {
        let end = |short: &str, long: &str| is_end_of(&words(short), &words(long));
        assert!(end("Cats", "tabby cat") && end("mountain dog", "Bernese mountain dog"));
        assert!(!end("tabby", "tabby cat") && !end("cat", "cat") && !end("", "cat"));
    }
}
