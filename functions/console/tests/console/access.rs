use crate::world::{TOKEN, World, ask, bearer, text};
use axum::body::Body;
use axum::http::{Method, StatusCode};

/// Every route that needs a token: method, path, body, and what it answers to somebody who has one.
fn routes(world: &World) -> Vec<(Method, String, &'static str, StatusCode)> {
    let asset = &world.asset;
    let sha256 = world.manifest.readiness.version.as_ref().expect("a version");
    vec![
        (Method::GET, "/".into(), "", StatusCode::OK),
        (Method::GET, "/?state=ready&q=a&after=x".into(), "", StatusCode::OK),
        (Method::GET, format!("/assets/{asset}"), "", StatusCode::OK),
        (Method::GET, "/assets/none-0123456789abcdef".into(), "", StatusCode::NOT_FOUND),
        (Method::GET, "/assets/../../etc".into(), "", StatusCode::NOT_FOUND),
        (Method::POST, format!("/assets/{asset}/verdicts"), "decision=release_focus", StatusCode::SEE_OTHER),
        (Method::POST, format!("/assets/{asset}/verdicts"), "decision=boil", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, format!("/api/assets/{asset}/verdicts"), "decision=release_focus", StatusCode::CREATED),
        (Method::GET, "/api/assets".into(), "", StatusCode::OK),
        (Method::GET, format!("/api/assets/{asset}"), "", StatusCode::OK),
        (Method::GET, "/api/status".into(), "", StatusCode::OK),
        (Method::POST, "/api/uploads".into(), r#"{"name":"a.jpg","size":3}"#, StatusCode::OK),
        (Method::GET, world.rendition(), "", StatusCode::OK),
        (Method::GET, format!("/originals/{asset}/{sha256}"), "", StatusCode::OK),
        (Method::GET, "/nowhere".into(), "", StatusCode::NOT_FOUND),
        (Method::DELETE, format!("/assets/{asset}"), "", StatusCode::METHOD_NOT_ALLOWED),
    ]
}

async fn status(
    world: &World,
    method: &Method,
    path: &str,
    body: &'static str,
    headers: &[(&str, &str)],
) -> StatusCode {
    let mut request = ask(method.clone(), path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = world.send(request.body(Body::from(body)).expect("valid")).await;
    for name in
        ["content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "cache-control"]
    {
        assert!(response.headers().contains_key(name), "{method} {path}: no {name}");
    }
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    response.status()
}

#[tokio::test]
async fn every_route_needs_the_right_token() {
    let world = World::new().await;
    let (cookie, csrf) = world.browser().await;
    for (method, path, body, expected) in routes(&world) {
        let answer = async |headers: &[(&str, &str)]| status(&world, &method, &path, body, headers).await;
        let refused = StatusCode::UNAUTHORIZED;
        assert_eq!(answer(&[]).await, refused, "{method} {path} without anything");
        for authorization in
            ["Bearer wrong", "Bearer ", "Bearer", &format!("Basic {TOKEN}"), &format!("Bearer {TOKEN}x")]
        {
            assert_eq!(
                answer(&[("authorization", authorization)]).await,
                refused,
                "{method} {path} with {authorization}"
            );
        }
        for cookie in ["greenroom_session=", "greenroom_session=00", &format!("greenroom_session={TOKEN}"), "other=1"] {
            assert_eq!(answer(&[("cookie", cookie)]).await, refused, "{method} {path} with {cookie}");
        }
        assert_eq!(answer(&[("authorization", &bearer())]).await, expected, "{method} {path} with the token");
        assert_eq!(
            answer(&[("cookie", &cookie), ("x-csrf-token", &csrf)]).await,
            expected,
            "{method} {path} with the session"
        );
        let both = [("authorization", "Bearer wrong"), ("cookie", cookie.as_str())];
        assert_eq!(answer(&both).await, refused, "{method} {path}: a wrong token is not saved by a session");
    }
}

#[tokio::test]
async fn writes_need_our_own_page() {
    let world = World::new().await;
    let (cookie, csrf) = world.browser().await;
    for (method, path, body, expected) in routes(&world) {
        if method != Method::POST {
            continue;
        }
        let answer = async |headers: &[(&str, &str)]| {
            let mut all = vec![("cookie", cookie.as_str())];
            all.extend_from_slice(headers);
            status(&world, &method, &path, body, &all).await
        };
        let refused = StatusCode::FORBIDDEN;
        assert_eq!(answer(&[]).await, refused, "{path} without a CSRF value");
        assert_eq!(answer(&[("x-csrf-token", "wrong")]).await, refused, "{path} with a wrong one");
        for origin in
            ["https://evil.example", "null", "http://localhost:7701", "http://localhost:7700.evil.example", ""]
        {
            assert_eq!(answer(&[("x-csrf-token", &csrf), ("origin", origin)]).await, refused, "{path} from `{origin}`");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(
                answer(&[("x-csrf-token", &csrf), ("sec-fetch-site", site)]).await,
                refused,
                "{path} from {site}"
            );
        }
        let ours =
            [("x-csrf-token", csrf.as_str()), ("origin", "http://localhost:7700"), ("sec-fetch-site", "same-origin")];
        assert_eq!(answer(&ours).await, expected, "{path} from our page");
    }
    // A form without script carries the value in a field.
    let path = format!("/assets/{}/verdicts", world.asset);
    for (field, expected) in [(csrf.as_str(), StatusCode::SEE_OTHER), ("wrong", StatusCode::FORBIDDEN)] {
        let request = ask(Method::POST, &path)
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("decision=release_focus&csrf={field}")))
            .expect("valid");
        assert_eq!(world.send(request).await.status(), expected);
    }
}

#[tokio::test]
async fn a_strangers_host_name_opens_nothing() {
    let world = World::new().await;
    for (method, path, _, _) in routes(&world) {
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:7700", "[::2]", ""] {
            let request = axum::http::Request::builder().method(method.clone()).uri(&path).header("host", host);
            let response =
                world.send(request.header("authorization", bearer()).body(Body::empty()).expect("valid")).await;
            assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "{method} {path} as `{host}`");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:7700", "[::1]:7700", "[::1]", "console.example"] {
        let request = axum::http::Request::builder().uri("/api/status").header("host", host);
        let response = world.send(request.header("authorization", bearer()).body(Body::empty()).expect("valid")).await;
        assert_eq!(response.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn health_and_static_files_are_public() {
    let world = World::new().await;
    let request = axum::http::Request::builder().uri("/health").body(Body::empty()).expect("valid");
    assert_eq!(world.send(request).await.status(), StatusCode::OK);
    let (_, page) = world.get("/").await;
    for address in page.split('"').filter(|part| part.starts_with("/static/")) {
        let response = world.send(ask(Method::GET, address).body(Body::empty()).expect("valid")).await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
}

#[tokio::test]
async fn the_link_becomes_a_session_and_leaves_the_address() {
    let world = World::new().await;
    let response = world.send(ask(Method::GET, &format!("/?token={TOKEN}")).body(Body::empty()).expect("valid")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/");
    let cookie = response.headers()["set-cookie"].to_str().expect("ASCII").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(TOKEN), "the cookie holds the token");
    let response = world.send(ask(Method::GET, "/?token=wrong").body(Body::empty()).expect("valid")).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!response.headers().contains_key("set-cookie"));
    assert!(!text(response).await.contains(TOKEN));
}
