use std::time::Duration;

use cxone::{DEFAULT_WAIT, TokenError};
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use super::{Given, assert_clean};

/// How many characters of OAuth's error word are repeated.
const MAX_WORD: usize = 40;
const DAY: Duration = Duration::from_hours(24);

/// A token can be sent in a header and is renewed within a day. An error repeats nothing but OAuth's error word.
pub fn token_response(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    let read = |body: &[u8]| cxone::fuzzing::token(given.status, &given.headers, body, Given::now());
    let error = match read(given.body) {
        Ok((token, renew_in)) => {
            assert!(given.status.is_success());
            assert!(renew_in <= DAY, "{renew_in:?}");
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let sent = bearer.expect("a token that can be sent");
            assert!(sent.to_str().is_ok_and(|sent| sent.trim().len() > "Bearer ".len()), "an empty token");
            return;
        }
        Err(error) => error,
    };
    let redirect = given.status.is_redirection();
    let refused = given.is(&[400, 401, 403]) && !given.is_throttling();
    match &error {
        TokenError::Throttled { wait, .. } => {
            assert!(given.is_throttling());
            assert_eq!(*wait, given.retry_after().unwrap_or(DEFAULT_WAIT));
        }
        TokenError::Unauthorized { .. } => assert!(redirect || refused && !given.is_no_object(), "{error}"),
        TokenError::Unavailable { retry_after, .. } => {
            assert!(!(redirect || given.is_throttling() || refused && given.is_from_cxone()), "{error}");
            assert_eq!(*retry_after, given.retry_after());
        }
    }
    let text = error.to_string();
    assert_clean(&text);
    // The error of the same response without an error word.
    let silent: &[u8] = if matches!(error, TokenError::Unauthorized { .. }) { b"{}" } else { b"" };
    let silent = read(silent).expect_err("a response without a token").to_string();
    let same = text.bytes().zip(silent.bytes()).take_while(|(a, b)| a == b).count();
    let (before, after) = silent.split_at(same);
    let added = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .expect("the same text with at most a word added");
    let word = added.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let plain = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    assert!(added.is_empty() || word.is_some_and(|word| word.len() <= MAX_WORD && plain(word)), "{text}");
}
