//! Checks of all parsers of outside data that must hold for any bytes.
//!
//! Each target parses one kind of input and panics if a check fails. The property tests run the targets
//! (`tests/properties.rs`, part of `make test`) with seeds, mutated seeds and generated inputs, and so does the fuzzer (`fuzz/`,
//! `make fuzz`). Add an input that the fuzzer has found to `fuzz/seeds`, so that the property tests run it too.
//!
//! | target | input | parsers |
//! | --- | --- | --- |
//! | [`events`] | JSON: a message's body, or a whole invocation | `events::parse_invocation` |
//! | [`key`] | a form-encoded key | `decode_form_encoded_key`, `ObjectKey`, `InteractionId`, `execution_name` |
//! | [`retry_after`] | the clock in Unix seconds, a line break, the header | `cxone::retry_after` |
//! | [`upload_response`], [`job_response`], [`token_response`] | the status (with ` part` after it if the upload was not sent whole), a line break, `Retry-After`, a line break, the body | those of `cxone` for responses |
//! | [`workflow`] | JSON: a payload of the state machine | `attachments::workflow`, `audit`, `polling` |

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a target panics if a check fails")]

mod events;
mod key;
mod response;
mod retry_after;
mod workflow;

pub use events::events;
pub use key::key;
pub use response::{job_response, token_response, upload_response};
pub use retry_after::retry_after;
pub use workflow::workflow;

/// A target. It panics if a check of the input fails.
pub type Target = fn(&[u8]);

/// All targets by name. It is also the name of the seeds' folder and of the fuzzer's binary.
pub const TARGETS: [(&str, Target); 7] = [
    ("events", events),
    ("key", key),
    ("retry_after", retry_after),
    ("upload_response", upload_response),
    ("job_response", job_response),
    ("token_response", token_response),
    ("workflow", workflow),
];

/// The prefix of keys: the default of `KEY_PREFIX`.
const PREFIX: &str = "interactions/";

/// Asserts that an id becomes exactly one segment of a URL's path, and that this segment decodes to the id.
fn assert_one_segment(id: &str) {
    let mut url = url::Url::parse("https://cxone.example/api/v2").expect("a URL");
    url.path_segments_mut().expect("a path").extend([id, "end"]);
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let [_, _, segment, "end"] = segments[..] else { unreachable!("{id:?} is not one segment of {url}") };
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
    assert_eq!(decoded.as_deref(), Ok(id), "{url}");
    assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
}

/// Asserts that a reason keeps its bounds, reads back, and is not cut a second time.
fn assert_bounded(reason: &attachments::Reason) {
    assert!(reason.text.len() <= attachments::REASON_TEXT_BYTES, "{} bytes", reason.text.len());
    assert!(!reason.text.contains(char::is_control), "{reason}");
    assert_eq!(attachments::Reason::new(reason.code, &reason.text), *reason);
    assert_reads_back(reason);
}

/// Asserts that the value's JSON reads back as the value, and that this has the same JSON.
fn assert_reads_back<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).expect("a JSON form");
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}: {text}"));
    assert_eq!(read, *value);
    assert_eq!(serde_json::to_string(&read).ok(), Some(text));
}
