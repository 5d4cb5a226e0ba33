//! The credentials and tokens.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cxone::{records::Authorization, settings::TokenAuth};

/// Every token of the stand-in begins with this, so that a search for it in logs finds any leak.
pub const TOKEN_PREFIX: &str = "standin-token-";

pub(crate) struct Tokens {
    client_id: String,
    client_secret: SecretString,
    issued: HashMap<String, Issued>,
}

struct Issued {
    expires: Instant,
    revoked: bool,
}

impl Tokens {
    pub(super) fn new(client_id: String, client_secret: SecretString) -> Self {
        Self { client_id, client_secret, issued: HashMap::new() }
    }

    pub(crate) fn rotate(&mut self, client_id: String, client_secret: SecretString) {
        self.client_id = client_id;
        self.client_secret = client_secret;
    }

    pub(crate) fn revoke_all(&mut self) {
        self.issued.values_mut().for_each(|token| token.revoked = true);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.issued.keys().cloned().collect()
    }

    #[expect(clippy::disallowed_methods, reason = "a token of a test server")]
    pub(crate) fn issue(&mut self, now: Instant, lifetime: Duration) -> String {
        let token = format!("{TOKEN_PREFIX}{:032x}", fastrand::u128(..));
        self.issued.insert(token.clone(), Issued { expires: now + lifetime, revoked: false });
        token
    }

    /// Checks the credentials of a token request, which must come in the configured way.
    pub(crate) fn client(
        &self,
        way: TokenAuth,
        header: Option<&HeaderValue>,
        form: &[(String, String)],
    ) -> Authorization {
        if way == TokenAuth::Body {
            return self.in_form(header, form);
        }
        // RFC 6749 (2.3): a client uses only one way.
        if form.iter().any(|(name, _)| name == "client_secret") {
            return Authorization::Malformed;
        }
        let credentials = match scheme(header, "Basic") {
            Ok(credentials) => credentials,
            Err(verdict) => return verdict,
        };
        let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
            None => Authorization::Malformed,
            Some((id, secret)) if way == TokenAuth::BasicEncoded => {
                self.are_ours(&form_decoded(id), &form_decoded(secret))
            }
            Some((id, secret)) => self.are_ours(id, secret),
        }
    }

    fn in_form(&self, header: Option<&HeaderValue>, form: &[(String, String)]) -> Authorization {
        if header.is_some() {
            return Authorization::Malformed;
        }
        let field = |wanted: &str| {
            let mut values = form.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
            values.next().filter(|_| values.next().is_none())
        };
        match (field("client_id"), field("client_secret")) {
            (Some(id), Some(secret)) => self.are_ours(id, secret),
            _ => Authorization::Missing,
        }
    }

    fn are_ours(&self, id: &str, secret: &str) -> Authorization {
        let ours = id == self.client_id && secret == self.client_secret.expose_secret();
        if ours { Authorization::Valid } else { Authorization::Unknown }
    }

    pub(crate) fn bearer(&self, header: Option<&HeaderValue>, now: Instant) -> Authorization {
        let token = match scheme(header, "Bearer") {
            Ok(token) => token,
            Err(verdict) => return verdict,
        };
        match self.issued.get(token) {
            None => Authorization::Unknown,
            Some(token) if token.revoked => Authorization::Revoked,
            Some(token) if token.expires <= now => Authorization::Expired,
            Some(_) => Authorization::Valid,
        }
    }
}

/// Undoes the escapes of a form's value.
fn form_decoded(text: &str) -> String {
    // An unescaped value may contain separators, which would end it.
    let form = format!("v={text}");
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn scheme<'h>(header: Option<&'h HeaderValue>, wanted: &str) -> Result<&'h str, Authorization> {
    let header = header.ok_or(Authorization::Missing)?;
    let (scheme, rest) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Authorization::Malformed)?;
    if scheme.eq_ignore_ascii_case(wanted) { Ok(rest) } else { Err(Authorization::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::new("id".to_owned(), "a:b".into())
    }

    fn header(text: &str) -> HeaderValue {
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(text))).unwrap()
    }

    fn basic(tokens: &Tokens, text: &str) -> Authorization {
        tokens.client(TokenAuth::Basic, Some(&header(text)), &[])
    }

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn credentials_are_compared_whole() {
        let mut tokens = tokens();
        assert_eq!(basic(&tokens, "id:a:b"), Authorization::Valid);
        assert_eq!(basic(&tokens, "id:a"), Authorization::Unknown);
        assert_eq!(basic(&tokens, "id"), Authorization::Malformed);
        let no_base64 = HeaderValue::from_static("Basic %%");
        assert_eq!(tokens.client(TokenAuth::Basic, None, &[]), Authorization::Missing);
        assert_eq!(tokens.client(TokenAuth::Basic, Some(&no_base64), &[]), Authorization::Malformed);
        tokens.rotate("id".to_owned(), "c".into());
        assert_eq!(basic(&tokens, "id:a:b"), Authorization::Unknown);
        assert_eq!(basic(&tokens, "id:c"), Authorization::Valid);
    }

    #[test]
    fn each_token_auth_excludes_the_others() {
        let tokens = Tokens::new("i d".to_owned(), "a:+%&b".into());
        let plain = header("i d:a:+%&b");
        let encoded = header("i+d:a%3A%2B%25%26b");
        let body = form(&[("client_id", "i d"), ("client_secret", "a:+%&b")]);
        let all = [(Some(&plain), vec![]), (Some(&encoded), vec![]), (None, body.clone())];
        for (index, way) in [TokenAuth::Basic, TokenAuth::BasicEncoded, TokenAuth::Body].into_iter().enumerate() {
            let good: Vec<_> =
                all.iter().map(|(header, form)| tokens.client(way, *header, form) == Authorization::Valid).collect();
            assert_eq!(good, [index == 0, index == 1, index == 2], "{way:?}");
        }
        assert_eq!(tokens.client(TokenAuth::Body, Some(&plain), &body), Authorization::Malformed, "two ways at once");
        assert_eq!(tokens.client(TokenAuth::Basic, Some(&plain), &body), Authorization::Malformed, "two ways at once");
        let twice = [body.clone(), body].concat();
        assert_eq!(tokens.client(TokenAuth::Body, None, &twice), Authorization::Missing);
    }

    #[test]
    fn tokens_end_by_time_and_by_revocation() {
        let mut tokens = tokens();
        let start = Instant::now();
        let token = tokens.issue(start, Duration::from_secs(10));
        let header = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        assert_eq!(tokens.bearer(Some(&header), start + Duration::from_secs(9)), Authorization::Valid);
        assert_eq!(tokens.bearer(Some(&header), start + Duration::from_secs(10)), Authorization::Expired);
        assert_eq!(tokens.bearer(Some(&HeaderValue::from_static("Bearer x")), start), Authorization::Unknown);
        assert_eq!(tokens.bearer(Some(&HeaderValue::from_static("Basic x")), start), Authorization::Malformed);
        tokens.revoke_all();
        assert_eq!(tokens.bearer(Some(&header), start), Authorization::Revoked);
    }
}
