use crate::world::{HOSTILE, PICTURE, World, ask, bearer, text};
use asset::ids::Sha256;
use axum::body::Body;
use axum::http::{Method, StatusCode};

#[tokio::test]
async fn hostile_text_stays_text() {
    let world = World::new().await;
    for path in [
        "/".to_owned(),
        format!("/assets/{}", world.asset),
        format!("/?q={}", "%22%3E%3Cscript%3Ealert(7)%3C/script%3E"),
    ] {
        let (status, page) = world.get(&path).await;
        assert_eq!(status, StatusCode::OK);
        for markup in ["<script>alert", "<img src=x", "\u{202E}", "</dd><script", "<b>disk", "\"><script>"] {
            assert!(!page.contains(markup), "{path} holds `{markup}`");
        }
        let n_scripts = page.matches("<script").count();
        assert_eq!(n_scripts, 1, "{path} has {n_scripts} scripts");
        assert!(!page.contains("style=\""), "{path} has inline style, which the policy forbids");
        assert!(!page.contains("javascript:"), "{path}");
    }
    let (_, page) = world.get(&format!("/assets/{}", world.asset)).await;
    assert!(page.contains("⟨U+202E⟩gpj."), "the direction mark is shown");
    let (_, json) = world.get("/api/assets").await;
    let answer: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(answer["assets"][0]["key"], HOSTILE);
}

#[tokio::test]
async fn the_policy_forbids_what_is_not_ours() {
    let world = World::new().await;
    let response = world.send(ask(Method::GET, "/").body(Body::empty()).expect("valid")).await;
    expect_test::expect![[
        r#""default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self' https://inbox.example; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'""#
    ]]
    .assert_eq(&format!("{:?}", response.headers()["content-security-policy"].to_str().expect("ASCII")));
}

#[tokio::test]
async fn only_renditions_are_media() {
    let world = World::new().await;
    let asset = &world.asset;
    for path in [
        format!("/media/assets/{asset}/manifest.json"),
        format!("/media/assets/{asset}/versions/{}/original", Sha256::of(PICTURE)),
        format!("/media/assets/{asset}/renditions/../manifest.json"),
        format!("/media/assets/{asset}/renditions/%2e%2e/manifest.json"),
        format!("/media/assets/{asset}/renditions/..%2fmanifest.json"),
        format!("/media/assets/{asset}/renditions/..%5c..%5cx.jpg"),
        format!("/media/assets/{asset}/renditions/0/%00.jpg"),
        "/media//etc/passwd".to_owned(),
        "/media/%2e%2e/%2e%2e/etc/passwd".to_owned(),
    ] {
        assert_eq!(world.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let request = ask(Method::GET, &world.rendition()).header("authorization", bearer());
    let response = world.send(request.body(Body::empty()).expect("valid")).await;
    assert_eq!(response.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(response.headers()["content-type"], "image/avif");
    assert_eq!(response.headers()["cache-control"], "private, max-age=31536000, immutable");
    let tag = response.headers()["etag"].clone();
    let request = ask(Method::GET, &world.rendition()).header("authorization", bearer()).header("if-none-match", tag);
    assert_eq!(world.send(request.body(Body::empty()).expect("valid")).await.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn originals_are_downloads_only() {
    let world = World::new().await;
    let path = format!("/originals/{}/{}", world.asset, Sha256::of(PICTURE));
    let response =
        world.send(ask(Method::GET, &path).header("authorization", bearer()).body(Body::empty()).expect("valid")).await;
    let disposition = response.headers()["content-disposition"].to_str().expect("ASCII").to_owned();
    assert!(disposition.starts_with("attachment; filename*=UTF-8''"), "{disposition}");
    assert!(
        !disposition.contains(['<', '>', '"', ' ', '\u{202E}']) || disposition.matches(' ').count() == 1,
        "{disposition}"
    );
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(response.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(text(response).await.len(), String::from_utf8_lossy(PICTURE).len());
}

#[tokio::test]
async fn where_no_answer_may_be_large_originals_come_from_the_store() {
    let world = World::with_links().await;
    let (asset, sha256) = (&world.asset, Sha256::of(PICTURE));
    let get =
        |path: String| ask(Method::GET, &path).header("authorization", bearer()).body(Body::empty()).expect("valid");
    let response = world.send(get(format!("/originals/{asset}/{sha256}"))).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers()["cache-control"], "no-store", "the link is a credential");
    let location = response.headers()["location"].to_str().expect("ASCII");
    assert!(
        location.starts_with(&format!("https://store.example/assets/{asset}/versions/{sha256}/original?")),
        "{location}"
    );
    // Nobody gets a link to what he may not see.
    let anonymous = ask(Method::GET, &format!("/originals/{asset}/{sha256}")).body(Body::empty()).expect("valid");
    assert_eq!(world.send(anonymous).await.status(), StatusCode::UNAUTHORIZED);
    let unknown = world.send(get(format!("/originals/a-0123456789abcdef/{sha256}"))).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn polls_are_cheap_while_nothing_changes() {
    let world = World::new().await;
    for path in ["/api/assets".to_owned(), format!("/api/assets/{}", world.asset), "/api/status".to_owned()] {
        let get = || ask(Method::GET, &path).header("authorization", bearer());
        let first = world.send(get().body(Body::empty()).expect("valid")).await;
        let tag = first.headers()["etag"].to_str().expect("ASCII").to_owned();
        for sent in [tag.clone(), format!("W/{tag}")] {
            let again = world.send(get().header("if-none-match", sent).body(Body::empty()).expect("valid")).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
            assert_eq!(text(again).await, "");
        }
    }
}
