//! The snippet, as a page gets it.

use crate::make;
use asset::fact::Fact;
use asset::manifest::Manifest;
use asset::picture::picture_html;
use asset::profile::Profile;
use asset::readiness::{Readiness, derive};
use expect_test::{Expect, expect};

fn ready(profile: &Profile, extra: Vec<Fact>) -> Readiness {
    let mut manifest = Manifest::new(make::asset());
    manifest.fold(make::put(1, "v1"));
    extra.into_iter().for_each(|fact| manifest.fold(fact));
    loop {
        let (readiness, pending) = derive(&manifest, profile);
        if pending.is_empty() {
            return readiness;
        }
        pending.iter().for_each(|task| manifest.fold(make::done(task)));
    }
}

fn check(profile: &str, view: &str, alt: &str, base: &str, expected: Expect) {
    let profile = Profile::parse("small.toml", profile).expect("the profile is valid");
    let readiness = ready(&profile, Vec::new());
    let url = |key: &str| format!("{base}/{}", key.rsplit('/').next().unwrap_or_default());
    expected.assert_eq(&picture_html(&readiness, view, alt, url).unwrap_or_else(|| "nothing".into()));
}

#[test]
fn best_format_first_and_the_last_is_the_fallback() {
    check(
        make::SMALL,
        "whole",
        "a hero",
        "/r",
        expect![[r#"
        <picture>
          <source type="image/webp" srcset="/r/whole-320.webp 320w, /r/whole-640.webp 640w" sizes="100vw">
          <img src="/r/whole-640.jpg" srcset="/r/whole-320.jpg 320w, /r/whole-640.jpg 640w" sizes="100vw" width="640" height="480" alt="a hero" loading="lazy" decoding="async" style="background:#203040">
        </picture>"#]],
    );
}

#[test]
fn text_from_strangers_is_escaped() {
    check(
        make::SMALL,
        "square",
        "\"><script>alert('&')</script>",
        "https://x/?a=1&b=\"2\"",
        expect![[r#"
        <picture>
          <source type="image/webp" srcset="https://x/?a=1&amp;b=&quot;2&quot;/square-320.webp 320w" sizes="100vw">
          <img src="https://x/?a=1&amp;b=&quot;2&quot;/square-320.jpg" srcset="https://x/?a=1&amp;b=&quot;2&quot;/square-320.jpg 320w" sizes="100vw" width="320" height="240" alt="&quot;&gt;&lt;script&gt;alert('&amp;')&lt;/script&gt;" loading="lazy" decoding="async" style="background:#203040">
        </picture>"#]],
    );
}

#[test]
fn one_format_needs_no_source() {
    check(
        &make::SMALL.replace("webp = { quality = 78 }\n", ""),
        "square",
        "",
        "/r",
        expect![[r#"
        <picture>
          <img src="/r/square-320.jpg" srcset="/r/square-320.jpg 320w" sizes="100vw" width="320" height="240" alt="" loading="lazy" decoding="async" style="background:#203040">
        </picture>"#]],
    );
}

#[test]
fn a_view_that_is_not_there_is_nothing() {
    check(make::SMALL, "banner", "", "/r", expect![["nothing"]]);
}

#[test]
fn addresses_with_commas_and_spaces_stay_one_candidate() {
    check(
        make::SMALL,
        "square",
        "",
        "https://cdn/w_100,h_100/a b,",
        expect![[r#"
        <picture>
          <source type="image/webp" srcset="https://cdn/w_100,h_100/a%20b,/square-320.webp 320w" sizes="100vw">
          <img src="https://cdn/w_100,h_100/a%20b,/square-320.jpg" srcset="https://cdn/w_100,h_100/a%20b,/square-320.jpg 320w" sizes="100vw" width="320" height="240" alt="" loading="lazy" decoding="async" style="background:#203040">
        </picture>"#]],
    );
}
