//! Generated files that are of no accepted type, or must be refused although they begin like one. None is accepted.
//!
//! What tolerates more may be fooled by more: text, sound, pictures and programs with bytes that look like frames, other
//! containers that hold real MP3, relatives behind a tag, and what hides behind a comment, a broken segment or a gap.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's own files")]

mod documents;
#[path = "../samples/mod.rs"]
mod samples;
mod sound;

use media_type::{MediaType, Verdict};
use samples::decide;

/// A xorshift generator: the same traps in every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 8).unwrap() % limit
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}

/// Headers of Layer III with every version, a few bit rates and sample rates.
const FRAME_HEADERS: [([u8; 4], usize); 6] = [
    ([0xFF, 0xFB, 0x90, 0x64], 417),
    ([0xFF, 0xFB, 0x50, 0x64], 208),
    ([0xFF, 0xFA, 0xE4, 0x00], 960),
    ([0xFF, 0xF3, 0x88, 0x64], 288),
    ([0xFF, 0xF2, 0x84, 0xC4], 264),
    ([0xFF, 0xE3, 0x18, 0xC4], 72),
];

fn frames(header: [u8; 4], frame_len: usize, count: usize, random: &mut Random) -> Vec<u8> {
    (0..count).flat_map(|_| [&header[..], &random.bytes(frame_len - 4)].concat()).collect()
}

/// No trap of these is accepted; the number of traps.
fn none_is_accepted(what: &str, traps: impl IntoIterator<Item = Vec<u8>>) -> usize {
    let mut count = 0;
    for (number, trap) in traps.into_iter().enumerate() {
        let verdict = decide(&trap);
        assert!(
            matches!(verdict, Verdict::Refused(_)),
            "{what} {number}: {verdict:?}, {}",
            trap[..trap.len().min(40)].escape_ascii()
        );
        count += 1;
    }
    println!("{count:>5} {what}");
    count
}

#[test]
fn random_bytes_with_and_without_a_start() {
    let lengths = [100, 500, 3000, 9000, 20_000, 90_000];
    let with_start = |start: &'static [u8], seeds: std::ops::Range<u64>| {
        seeds.map(move |seed| {
            let mut random = Random::new(seed);
            [start, &random.bytes(lengths[usize::try_from(seed).unwrap() % lengths.len()])].concat()
        })
    };
    let mut count = none_is_accepted("random bytes", with_start(b"", 0..240));
    count += none_is_accepted("random bytes behind 417 zeros", with_start(&[0; 417], 0..120));
    count += none_is_accepted("random bytes behind a frame's header", with_start(&[0xFF, 0xFB, 0x90, 0x64], 0..120));
    count += none_is_accepted("random bytes behind a free format's", with_start(&[0xFF, 0xFB, 0x00, 0x64], 0..60));
    count +=
        none_is_accepted("random bytes behind APP0 of length 1", with_start(b"\xff\xd8\xff\xe0\0\x01JFIF\0", 0..60));
    count += none_is_accepted(
        "random bytes behind a nameless chunk",
        with_start(b"RIFF\0\0\x02\0WAVE\0\0\0\0\0\0\0\0", 0..60),
    );
    count += none_is_accepted("random bytes behind a PDF header", with_start(b"%PDF-1.7\n%\xe2\xe3\n", 0..60));
    assert!(count >= 700, "{count}");
}

#[test]
fn the_types_themselves_are_no_trap() {
    // A trap that could not be accepted whatever it holds would prove nothing.
    for (media_type, file) in samples::one_of_each() {
        assert_eq!(decide(&file), Verdict::Accepted(media_type));
    }
    assert_eq!(decide(&samples::mp3(20)), Verdict::Accepted(MediaType::Mpeg));
}
