//! Documents with a photo, written by `LibreOffice` and npm `docx` (`tests/fixtures/README.md`): a second range decides.

mod samples;

use std::{fs, path::Path};

use media_type::{HEAD_LEN, MAX_RANGE_LEN, MediaType, Verdict};
use samples::decide_with_reads;

#[test]
fn documents_with_a_photo_are_accepted_with_two_ranges_of_which_the_second_is_short() {
    for name in ["letter-with-photo.docx", "report-with-photo.docx"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/documents").join(name);
        let object = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (verdict, reads) = decide_with_reads(&object);
        assert_eq!(verdict, Verdict::Accepted(MediaType::Docx), "{name}");
        let [tail, (at, length)] = reads[..] else { panic!("{name}: {reads:?}") };
        assert_eq!(tail, (object.len() as u64 - MAX_RANGE_LEN, MAX_RANGE_LEN), "{name}");
        assert!(at > HEAD_LEN as u64 && at + length < tail.0, "{name}: the content types are in the middle");
        assert!(length < 10_000, "{name}: {length} bytes");
    }
}
