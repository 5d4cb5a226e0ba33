//! A file's true type, decided from its first 8 KiB and at most one ranged read, or two for a DOCX.
//!
//! Pure: no I/O, no clock, no state. A caller gathers the [`Head`] of a stream and calls [`inspect`]. Where the head does not
//! decide, the caller reads the range that is named and calls [`FirstRange::decide`], and perhaps [`SecondRange::decide`] after
//! another one. Each range lies inside the object and overlaps nothing that was read. The first is at most [`MAX_RANGE_LEN`]
//! bytes long, the second at most [`MAX_SECOND_RANGE_LEN`]. The answer is a closed [`Verdict`], and depends on nothing but these
//! bytes and the object's length.
//!
//! ```
//! use media_type::{ActiveContentPolicy, Inspection, MediaType, Verdict, inspect};
//!
//! let object = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n";
//! let read = |offset: u64, length: u64| &object[offset as usize..(offset + length) as usize];
//! let verdict = match inspect(object, object.len() as u64, ActiveContentPolicy::default()) {
//!     Inspection::Decided(verdict) => verdict,
//!     Inspection::NeedsRange(first) => match first.decide(read(first.offset(), first.length())) {
//!         Inspection::Decided(verdict) => verdict,
//!         Inspection::NeedsRange(second) => second.decide(read(second.offset(), second.length())),
//!     },
//! };
//! assert_eq!(verdict, Verdict::Accepted(MediaType::Pdf));
//! ```
//!
//! Names are another matter: [`AllowedTypes`] holds the matrix of extensions and types, narrowed by the operator, and
//! joins name and content to the pipeline's reason codes ([`RefusalCode`]).
//!
//! # Rules
//!
//! Each [`MediaType`] says what proves it, and which range the decision may need.
//!
//! Objects shorter than the head are decided by the same rules, without a range.
//!
//! Refused on purpose: macro-enabled documents (`.docm`) and templates, encrypted packages, Layer I and II, RIFX, video in Ogg, and
//! anything with junk before its signature, except MP3. A DOC with a password is a DOC: only its text is encrypted.
//!
//! Where the end of the object is known anyway, an end-of-central-directory record in a file that is neither DOCX nor DOC
//! makes it a [`Refusal::Polyglot`] (many DOC hold a theme archive). So do bytes before, behind or between a DOCX's own
//! records that these do not account for: an archive put in front, a program appended, a second archive in the comment.
//!
//! ## Active content
//!
//! [`ActiveContentPolicy`] says what is refused as [`Refusal::ActiveContent`]. Only bytes that are read for the type anyway
//! are looked at; nothing is read for this alone.
//!
//! | type | macros | refused with `all` as well |
//! | --- | --- | --- |
//! | DOCX | a content type with `vbaProject`, `vbaData` or `macroEnabled`; a part named `vbaProject.bin` or `vbaData.xml`; a relationship of the main part to a project | `ActiveX` controls; embedded or linked objects and documents; external templates, frames and subdocuments |
//! | DOC | a storage or stream `Macros`, `VBA`, `_VBA_PROJECT` or `_VBA_PROJECT_CUR`, at any depth | an `ObjectPool` that is not empty; a packed file (`Ole10Native`) |
//! | PDF | - | the names `JavaScript`, `JS`, `Launch`, `EmbeddedFile(s)`, `RichMedia`; `OpenAction`, unless it is a place in the document |
//!
//! For a DOCX, all content types and part names are known, and of the relationships those lists that lie in the bytes that
//! were read. For a DOC, it is the part of the directory that was read, which is all of it in most files. For a PDF, it is
//! the first 8 KiB, as they are: what stands farther in or is compressed is not seen. `WordBasic` macros of Word 6 and 95 are
//! not seen, nor are fields (DDE) in a document's text.
//!
//! ## MP3
//!
//! - Most files chain from the first byte or from the tag's end. The free format counts there too.
//! - Recordings that were cut or joined, and tags whose size is wrong, do not. If the file starts with a tag or a frame, a
//!   chain of three headers anywhere in the known bytes is enough.
//! - If the file starts with anything else (zeros, text, the rest of a frame), the chain must go on to the end of the
//!   known bytes or be eight headers long, and the file must not be one of the containers that hold MP3.
//! - Two headers are enough if the file ends with the second frame or within it. One header is enough if the file ends in
//!   that frame and its side information is that of a recording's first frame.
//! - A chain whose header comes again within a frame is a pattern of bytes and does not count.
//! - AAC, FLAC, Monkey's Audio and the other layers behind a tag are refused at once.
//!
//! # Limits
//!
//! - An archive or program appended to an image, a sound or a PDF longer than what was read is not seen.
//! - A DOCX with more than about 4,000 parts is refused as [`Found::OutOfReach`]: its directory is longer than both ranges. So is
//!   one with more than about 900 parts whose content types are neither first nor last, since directory and content types
//!   would need a range each.
//! - So is an MP3 with more than 64 KiB of padding, or with a second tag that is longer than that, behind a tag that leaves
//!   the head; a WAV or JPEG with more than 64 KiB of other chunks or segments behind the first one that leaves the head; and
//!   a PDF with more than 72 KiB of comments.
//! - Whether a PDF or a DOC needs a password is not told.
//!
//! # Bounds
//!
//! Every number from a file is checked against the object's length and against what is known before it is used; nothing
//! recurses on input; loops go forward by at least a byte, and links are followed once. The largest allocations are the known
//! bytes joined (at most 335,893 bytes, for a DOCX with thousands of parts; 73,749 otherwise) and what is inflated: at
//! most 1 MiB of `[Content_Types].xml`, of `_rels/.rels` and of all other relationships together, no more than the directory
//! says, checked by CRC-32. A second range is no longer than the part that it is for, as the directory claims it, with 4 KiB
//! for what only the part's own record has; a part that the longest range cannot hold is not read at all.
//!
//! # What is used and what is not
//!
//! - `miniz_oxide` inflates into a vector with a limit; pure Rust, no unsafe code.
//! - `crc32fast` checks PNG headers and inflated parts.
//! - `quick-xml` reads the two XML parts as events: comments, prefixes, quotes and UTF-16 do not fool it as they fool a
//!   search for a string. It neither recurses nor expands entities. Its namespace resolver is left out, since nested
//!   declarations cost it quadratic time; the namespace of the root is checked here instead.
//! - `memchr` finds the end record, and the bytes that may begin a frame.
//! - `zip` and its like want the whole file to seek in, and build a list of all entries first, as long as the file claims.
//!   Here only the end is known, and the directory is walked in place.
//! - `cfb` too wants the whole file and builds its allocation table first. Here a few sectors are known, and one of the
//!   others may be asked for.
//!
//! # Figures
//!
//! On 919 real files, 379 of accepted types and 540 of others, many of them close relatives
//! (`cargo test -p media-type --test corpus`; `CORPUS_DIR` says where the files are): all right, nothing wrong let in.
//!
//! | type | files | right | let in | bytes read: least | median | p99 | most | with a range |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | WAV | 38 | 38 | 0 | 48 | 2,194 | 8,192 | 8,192 | 0 |
//! | MP3 | 71 | 71 | 0 | 390 | 8,192 | 73,749 | 73,749 | 22 |
//! | OGG | 18 | 18 | 0 | 3,927 | 8,192 | 8,192 | 8,192 | 0 |
//! | PNG | 30 | 30 | 0 | 72 | 716 | 8,192 | 8,192 | 0 |
//! | JPEG | 55 | 55 | 0 | 212 | 8,192 | 8,192 | 8,192 | 0 |
//! | GIF | 42 | 42 | 0 | 48 | 1,622 | 8,192 | 8,192 | 0 |
//! | PDF | 30 | 30 | 0 | 659 | 8,192 | 8,192 | 8,192 | 0 |
//! | DOC | 46 | 46 | 0 | 6,144 | 10,752 | 64,000 | 64,000 | 39 |
//! | DOCX | 49 | 49 | 0 | 2,297 | 14,645 | 73,749 | 73,749 | 47 |
//! | none of these | 540 | 540 | - | 3 | 8,192 | 73,749 | 73,749 | 126 |
//!
//! Fuzzed with 8,000,000 inputs in 301 s on the stable toolchain: no panic, no violated bound, 34 MiB of memory at most (the
//! command stands in `fuzz/fuzz_targets/decide.rs`).
//!
//! Beside two detectors, on the same files in memory, on two shared cores (`cargo run --release -p media-type --example
//! compare`):
//!
//! | detector | right | others let in | ns a decision |
//! | --- | --- | --- | --- |
//! | this crate | 100.0 % | 0 | 4,900 |
//! | `infer` 0.22, 8 KiB head | 84.4 % | 42 | 1,000 |
//! | `infer` 0.22, whole file | 92.8 % | 42 | 4,400 |
//! | `file-format` 0.29, 8 KiB head | 71.5 % | 5 | 2,900 |
//! | `file-format` 0.29, whole file | 99.2 % | 24 | 3,100 |

mod active;
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

pub use active::{ActiveContent, ActiveContentPolicy, UnknownActiveContentPolicy};
pub use allowed::{AllowedTypes, AllowedTypesError};
pub use head::Head;
pub use inspect::{FirstRange, Inspection, SecondRange, inspect};
pub use media_type::{MediaType, UnknownMediaType, extension_of};
pub use verdict::{Found, Hidden, Refusal, RefusalCode, Verdict};

/// Bytes of an object's head that are wanted; fewer only where the object is shorter.
pub const HEAD_LEN: usize = 8192;

/// The longest first range, in bytes: a ZIP archive's end record with the longest comment.
pub const MAX_RANGE_LEN: u64 = 65_557;

/// The longest second range, in bytes. Only a DOCX with more than about 900 parts needs more than a few thousand.
pub const MAX_SECOND_RANGE_LEN: u64 = 256 * 1024;
