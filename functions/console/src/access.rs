//! Who may come in: one secret token, a session derived from it, and checks against other web sites in the same browser.

use axum::http::{HeaderMap, Uri, header};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The cookie that stands for the token in a browser.
pub const COOKIE: &str = "greenroom_session";

/// Who may use the console, and under which names it is reached.
#[derive(Clone)]
pub struct Access {
    token: String,
    /// Names beside this machine's own, in lower case, with or without a port.
    hosts: Vec<String>,
    /// Whether the console is served over HTTPS: cookies are then bound to it.
    secure: bool,
    /// The name under which verdicts are recorded.
    person: String,
}

/// How a request proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By cookie: the browser sends it by itself, so a write needs a sign that our own page asked for it.
    Session,
    /// By `Authorization: Bearer`: no browser sends that by itself.
    Bearer,
}

impl Access {
    /// Lets in whoever has `token`, which must be long and random: it is the only key. Answers as `localhost`, `127.0.0.1`, `[::1]`
    /// and `hosts` (`console.example.com`, with a port or without).
    ///
    /// # Panics
    /// If the token has fewer than 16 characters: an empty setting must not open the console.
    pub fn new(token: &str, hosts: &[String]) -> Self {
        assert!(token.len() >= 16, "the console's token has {} characters and needs at least 16", token.len());
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Access { token: token.to_owned(), hosts, secure: false, person: "console".to_owned() }
    }

    /// Served over HTTPS.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Records verdicts under this name.
    #[must_use]
    pub fn person(mut self, name: impl Into<String>) -> Self {
        self.person = name.into();
        self
    }

    pub(crate) fn by(&self) -> &str {
        &self.person
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(crate) fn is_token(&self, text: &str) -> bool {
        // Digests have one length, so the comparison does not tell the token's.
        self.derive("compare", text).ct_eq(&self.derive("compare", &self.token)).into()
    }

    /// Returns the `Set-Cookie` value of a new session.
    pub(crate) fn session_cookie(&self) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000{secure}", self.session())
    }

    fn session(&self) -> String {
        hex::encode(self.derive("session", &self.token))
    }

    /// Returns the value that our own pages send with every write.
    pub(crate) fn csrf(&self) -> String {
        hex::encode(self.derive("csrf", &self.token))
    }

    pub(crate) fn is_csrf(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.csrf().as_bytes()).into()
    }

    fn derive(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.token.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(b"greenroom console ");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Returns how a request proves itself; `None` if it does not.
    pub(crate) fn proof(&self, headers: &HeaderMap) -> Option<Proof> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            let is_bearer = scheme.eq_ignore_ascii_case("bearer") && self.is_token(token.trim());
            return is_bearer.then_some(Proof::Bearer);
        }
        let session = self.session();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == COOKIE && bool::from(value.as_bytes().ct_eq(session.as_bytes())))
            .then_some(Proof::Session)
    }

    /// Returns whether the request names a host that this console is: a name of a stranger which resolves to this machine (DNS
    /// rebinding) is none.
    pub(crate) fn is_our_host(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        authority(headers, uri).is_some_and(|authority| {
            let name = host_name(&authority);
            matches!(name, "localhost" | "127.0.0.1" | "[::1]")
                || self.hosts.iter().any(|host| host == name || *host == authority)
        })
    }

    /// Returns whether a write comes from our own pages, as far as the browser tells. A tool that is no browser tells nothing and
    /// passes; `proof` and the CSRF value still stand before it.
    pub(crate) fn is_our_origin(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        if let Some(site) = headers.get("sec-fetch-site")
            && site != "same-origin"
            && site != "none"
        {
            return false;
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let origin = origin.to_str().unwrap_or("null").to_ascii_lowercase();
        let Some((scheme, origin)) = origin.split_once("://") else { return false };
        if self.secure && scheme != "https" {
            return false;
        }
        // Another port of this machine is another site. Behind a proxy the host that we see may differ from the browser's, so
        // configured names count too.
        authority(headers, uri).is_some_and(|authority| authority == origin)
            || self.hosts.iter().any(|host| host == origin)
    }
}

/// Returns `host[:port]` in lower case: HTTP/1.1 says it in a header, HTTP/2 in the URI.
fn authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let named = match headers.get(header::HOST) {
        Some(value) => value.to_str().ok()?.to_owned(),
        None => uri.authority()?.to_string(),
    };
    Some(named.to_ascii_lowercase())
}

fn host_name(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.find(']').map_or(authority, |end| &authority[..=end]);
    }
    authority.split(':').next().unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "needs at least 16")]
    fn an_empty_token_opens_nothing() {
        let _ = Access::new("", &[]);
    }

    #[test]
    fn what_is_derived_never_shows_the_token() {
        let access = Access::new("0123456789abcdef", &[]);
        let shown = format!("{} {}", access.session_cookie(), access.csrf());
        assert!(!shown.contains("0123456789abcdef"));
        assert_ne!(access.csrf(), access.session());
    }
}
