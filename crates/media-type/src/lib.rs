//! x
mod allowed;
mod audio;
mod document;
mod head;
mod image;
mod inspect;
mod media_type;
mod polyglot;
mod recognise;
mod verdict;
mod window;

pub use allowed::{AllowedTypes, AllowedTypesError};
pub use head::Head;
pub use inspect::{Inspection, RangeRequest, inspect};
pub use media_type::{MediaType, UnknownMediaType, extension_of};
pub use verdict::{Found, Hidden, Refusal, RefusalCode, Verdict};

/// Bytes of an object's head that are wanted; fewer only where the object is shorter.
pub const HEAD_LEN: usize = 8192;

/// The longest range that is ever asked for, in bytes: a ZIP archive's end record with the longest comment.
pub const MAX_RANGE_LEN: u64 = 65_557;
