//! Who may call, and with what.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::records::Authorization;

/// What every token of the stand-in begins with, so that a search for it in logs finds any leak.
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

    pub(crate) fn issue(&mut self, now: Instant, lifetime: Duration) -> String {
        let token = format!("{TOKEN_PREFIX}{:032x}", fastrand::u128(..));
        self.issued.insert(token.clone(), Issued { expires: now + lifetime, revoked: false });
        token
    }

    pub(crate) fn basic(&self, header: Option<&HeaderValue>) -> Authorization {
        let credentials = match scheme(header, "Basic") {
            Ok(credentials) => credentials,
            Err(verdict) => return verdict,
        };
        let decoded = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
            None => Authorization::Malformed,
            Some((id, secret)) if id == self.client_id && secret == self.client_secret.expose_secret() => {
                Authorization::Valid
            }
            Some(_) => Authorization::Unknown,
        }
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

    fn basic(tokens: &Tokens, text: &str) -> Authorization {
        let header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(text))).unwrap();
        tokens.basic(Some(&header))
    }

    #[test]
    fn credentials_are_compared_whole() {
        let mut tokens = tokens();
        assert_eq!(basic(&tokens, "id:a:b"), Authorization::Valid);
        assert_eq!(basic(&tokens, "id:a"), Authorization::Unknown);
        assert_eq!(basic(&tokens, "id"), Authorization::Malformed);
        assert_eq!(tokens.basic(None), Authorization::Missing);
        assert_eq!(tokens.basic(Some(&HeaderValue::from_static("Basic %%"))), Authorization::Malformed);
        tokens.rotate("id".to_owned(), "c".into());
        assert_eq!(basic(&tokens, "id:a:b"), Authorization::Unknown);
        assert_eq!(basic(&tokens, "id:c"), Authorization::Valid);
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
