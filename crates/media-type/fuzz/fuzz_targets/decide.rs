//! Any object: the decision ends without a panic, and asks for at most one range, inside the object.
//!
//! `make fuzz ONLY=decide SECONDS_EACH=60` runs it. For a number of inputs, from `crates/media-type`, with
//! `cargo install cargo-fuzz`; the stable toolchain will do:
//!
//! ```text
//! RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none decide fuzz/corpus/decide fuzz/seeds -- \
//!     -runs=5000000 -max_len=13000 -rss_limit_mb=512 -timeout=5 -print_final_stats=1
//! ```
//!
//! `fuzz/seeds` is written by `cargo run --manifest-path fuzz/Cargo.toml --bin seeds`.

#![no_main]

mod object;

use libfuzzer_sys::fuzz_target;
use media_type::{HEAD_LEN, Inspection, MAX_RANGE_LEN, inspect};
use object::Object;

fuzz_target!(|input: &[u8]| {
    let Some(object) = Object::parse(input) else {
        return;
    };
    let object_len = object.len() as u64;
    let head = object.part(0, HEAD_LEN);
    if let Inspection::NeedsRange(request) = inspect(&head, object_len) {
        let (offset, length) = (request.offset(), request.length());
        assert!((1..=MAX_RANGE_LEN).contains(&length));
        assert!(offset >= head.len() as u64 && offset + length <= object_len);
        let range = object.part(usize::try_from(offset).unwrap(), usize::try_from(length).unwrap());
        let verdict = request.decide(&head, &range);
        // The same again: nothing but head and range counts.
        assert_eq!(verdict, request.decide(&head, &range));
        // A range that came back cut short.
        let _ = request.decide(&head, &range[..range.len() / 2]);
    }
});
