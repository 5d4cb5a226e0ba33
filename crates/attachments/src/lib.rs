//! The domain of the pipeline, free of tokio, AWS and HTTP: what an object is, how it is named, what can become of it,
//! and every payload that crosses Step Functions.
//!
//! Everything that comes from outside is parsed once, at the edge, into a type of this crate that cannot be wrong:
//! [`InteractionId`], [`JobId`], [`ObjectRef`], [`FileName`]. Wire shapes are frozen in `tests/golden/`.

pub mod audit;
mod causes;
mod execution_name;
mod identity;
mod interaction;
mod job;
mod key;
mod outcome;
pub mod polling;
mod reason;
mod timestamp;
mod visible;
mod word;
pub mod workflow;

pub use causes::causes;
pub use execution_name::{ExecutionArn, InvalidExecutionArn, execution_name};
pub use identity::{Identity, NoIdentity, ObjectRef, ObjectVersion};
pub use interaction::{InteractionId, InteractionPrefix, InvalidInteractionId};
pub use job::{InvalidJobId, JobId, JobStatus};
pub use key::{FileName, InvalidKey, ObjectKey, decode_form_encoded_key};
pub use outcome::Outcome;
pub use reason::{KnownReason, POSSIBLY_STORED, REASON_TEXT_BYTES, Reason, ReasonCode};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use visible::{is_harmless, is_visible, json_shown, shown, shown_within, to_json};
pub use word::{InvalidWord, Word};
