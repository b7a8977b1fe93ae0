//! The console's own style, script and icon: inside the binary, at addresses that change with the content.

use asset::canonical::sha256_hex;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

struct File {
    name: String,
    media_type: &'static str,
    body: &'static str,
}

fn file(stem: &str, extension: &str, media_type: &'static str, body: &'static str) -> File {
    File { name: format!("{stem}.{}.{extension}", &sha256_hex(body.as_bytes())[..12]), media_type, body }
}

static FILES: LazyLock<[File; 5]> = LazyLock::new(|| {
    [
        file("console", "css", "text/css; charset=utf-8", include_str!("../web/console.css")),
        file("console", "js", "text/javascript; charset=utf-8", include_str!("../web/console.js")),
        file("icon", "svg", "image/svg+xml", include_str!("../web/icon.svg")),
        file("player", "js", "text/javascript; charset=utf-8", include_str!("../web/player.js")),
        file("player", "css", "text/css; charset=utf-8", include_str!("../web/player.css")),
    ]
});

/// Returns the addresses of the style, the script and the icon.
pub fn addresses() -> [String; 3] {
    [0, 1, 2].map(|index| format!("/static/{}", FILES[index].name))
}

/// Returns the addresses of script and style of pages that play something.
pub fn player() -> [String; 2] {
    [3, 4].map(|index| format!("/static/{}", FILES[index].name))
}

/// Serves one of them.
pub async fn serve(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, file.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, file.body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn style_and_script_stay_small() {
        // Of most pages: those that play something have some more.
        let bytes: usize = super::FILES[..3].iter().map(|file| file.body.len()).sum();
        assert!(bytes < 40_000, "style, script and icon have {bytes} bytes");
    }
}
