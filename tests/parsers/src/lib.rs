//! What must hold of the readers of everything that comes from outside, whatever its bytes.
//!
//! Each target reads one kind of input and panics where something does not hold. Two things run them: the property tests
//! (`tests/properties.rs`, part of `make test`) with seeds, mutated seeds and generated inputs, and the fuzzer (`fuzz/`,
//! `make fuzz`). What the fuzzer finds becomes a file in `fuzz/seeds`, where the tests read it ever after.
//!
//! | target | the input | what is read |
//! | --- | --- | --- |
//! | [`events`] | JSON: a message's body, or a whole invocation | `events::parse_invocation` |
//! | [`key`] | a form-encoded key | `decode_form_encoded_key`, `ObjectKey`, `InteractionId`, `execution_name` |
//! | [`retry_after`] | the clock in Unix seconds, a line break, the header | `cxone::retry_after` |
//! | [`upload_response`], [`job_response`], [`token_response`] | the status, for an upload that was not sent whole `part` after it, a line break, `Retry-After`, a line break, the body | what `cxone` makes of the response |
//! | [`workflow`] | JSON: a payload of the state machine | `attachments::workflow`, `audit`, `polling` |

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "to panic where something does not hold is what a target is for"
)]

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

/// What a target is: given any bytes, it returns or panics.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its seeds' folder and of the fuzzer's binary.
pub const TARGETS: [(&str, Target); 7] = [
    ("events", events),
    ("key", key),
    ("retry_after", retry_after),
    ("upload_response", upload_response),
    ("job_response", job_response),
    ("token_response", token_response),
    ("workflow", workflow),
];

/// The prefix that keys are read with, the default of `KEY_PREFIX`.
const PREFIX: &str = "interactions/";

/// Asserts that an id becomes one segment of a URL's path and comes out of it as it was.
fn assert_one_segment(id: &str) {
    let mut url = url::Url::parse("https://cxone.example/api/v2").expect("a URL");
    url.path_segments_mut().expect("a path").extend([id, "end"]);
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let [_, _, segment, "end"] = segments[..] else { unreachable!("{id:?} is not one segment of {url}") };
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
    assert_eq!(decoded.as_deref(), Ok(id), "{url}");
    assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
}

/// Asserts that a reason keeps to its bounds, reads back, and would not be cut once more.
fn assert_bounded(reason: &attachments::Reason) {
    assert!(reason.text.len() <= attachments::REASON_TEXT_BYTES, "{} bytes", reason.text.len());
    assert!(!reason.text.contains(char::is_control), "{reason}");
    assert_eq!(attachments::Reason::new(reason.code, &reason.text), *reason);
    assert_reads_back(reason);
}

/// Asserts that what is written is read as the same, and written as the same again.
fn assert_reads_back<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).expect("a JSON form");
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}: {text}"));
    assert_eq!(read, *value);
    assert_eq!(serde_json::to_string(&read).ok(), Some(text));
}
