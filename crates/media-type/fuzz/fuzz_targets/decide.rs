//! Any object: the decision ends without a panic, and asks for at most two ranges, inside the object.
//!
//! `make fuzz ONLY=decide SECONDS_EACH=60` runs it. For a number of inputs, from `crates/media-type`, with
//! `cargo install cargo-fuzz`; the stable toolchain will do:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none decide fuzz/corpus/decide fuzz/seeds -- \
//!     -runs=5000000 -max_len=13000 -rss_limit_mb=512 -timeout=5 -print_final_stats=1
//! ```
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --bin seeds` writes `fuzz/seeds`.

#![no_main]

mod object;

use libfuzzer_sys::fuzz_target;
use media_type::{ActiveContentPolicy, HEAD_LEN, Inspection, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, inspect};
use object::Object;

fuzz_target!(|input: &[u8]| {
    let Some(object) = Object::parse(input) else {
        return;
    };
    let object_len = object.len() as u64;
    let head = object.part(0, HEAD_LEN);
    let Inspection::NeedsRange(first) = inspect(&head, object_len, ActiveContentPolicy::All) else {
        return;
    };
    let (offset, length) = (first.offset(), first.length());
    assert!((1..=MAX_RANGE_LEN).contains(&length));
    assert!(offset >= head.len() as u64 && offset + length <= object_len);
    let range = object.part(usize::try_from(offset).unwrap(), usize::try_from(length).unwrap());
    // The same again: nothing but head and range counts.
    assert_eq!(first.decide(&range), first.decide(&range));
    // A range that came back cut short.
    let _ = first.decide(&range[..range.len() / 2]);
    let Inspection::NeedsRange(second) = first.decide(&range) else {
        return;
    };
    let (at, more_length) = (second.offset(), second.length());
    assert!((1..=MAX_SECOND_RANGE_LEN).contains(&more_length));
    assert!(at >= head.len() as u64 && at + more_length <= object_len);
    assert!(at + more_length <= offset || at >= offset + length);
    let more = object.part(usize::try_from(at).unwrap(), usize::try_from(more_length).unwrap());
    assert_eq!(second.decide(&more), second.decide(&more));
    let _ = second.decide(&more[..more.len() / 2]);
});
