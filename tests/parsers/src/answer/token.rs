use std::time::Duration;

use cxone::UploadError;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;

use super::Given;

/// The longest word of OAuth's that is repeated.
const LONGEST_WORD: usize = 40;
const DAY: Duration = Duration::from_hours(24);

/// A token can be sent and is renewed within a day; nothing of an answer is repeated but OAuth's own error word.
pub fn token_answer(input: &[u8]) {
    let Some(given) = Given::parse(input) else { return };
    let read = |body: &[u8]| given.read(cxone::fuzzing::token, body);
    let error = match read(given.body) {
        Ok((token, renew_in)) => {
            assert!(given.is(&[200]));
            assert!(renew_in <= DAY, "{renew_in:?}");
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let sent = bearer.expect("a token that can be sent");
            assert!(sent.to_str().is_ok_and(|sent| sent.trim().len() > "Bearer ".len()), "an empty token");
            return;
        }
        Err(error) => error,
    };
    match &error {
        UploadError::Throttled { wait } => given.assert_wait(*wait),
        UploadError::Unauthorized(_) => assert!(given.is(&[400, 401, 403]) || given.status.is_redirection()),
        UploadError::Unavailable(_) => assert!(!given.is(&[400, 401, 403, 429]) && !given.status.is_redirection()),
        _ => unreachable!("an answer means {error}"),
    }
    let silent = read(b"").expect_err("no token from nothing").to_string();
    let text = error.to_string();
    let same = text.bytes().zip(silent.bytes()).take_while(|(a, b)| a == b).count();
    let (before, behind) = silent.split_at(same);
    let added = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind)).expect("the text and a word");
    let word = added.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    let plain = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    assert!(added.is_empty() || word.is_some_and(|word| word.len() <= LONGEST_WORD && plain(word)), "{text}");
}
