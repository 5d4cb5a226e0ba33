//! Unusual and slightly damaged files that must be accepted with at most one range.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own files")]

mod samples;

use std::{fs, path::Path};

use media_type::{HEAD_LEN, MediaType, Verdict};
use samples::{archive::Archive, chunk, decide_with_reads, id3, jpeg, pcm_chunk, pdf, riff};

/// Asserts that the file is accepted from its head, or from the head and one range.
fn assert_accepted(media_type: MediaType, file: &[u8], what: &str) {
    let (verdict, reads) = decide_with_reads(file);
    assert_eq!(verdict, Verdict::Accepted(media_type), "{what}");
    assert!(reads.len() <= 1, "{what}: {reads:?}");
    if file.len() <= HEAD_LEN {
        assert_eq!(reads, [], "{what}");
    }
}

/// Frames with the same header and different payloads.
fn frames(header: [u8; 4], frame_len: usize, count: usize) -> Vec<u8> {
    let frame = |number: usize| {
        let payload = (0..frame_len - 4).map(move |at| u8::try_from((at * 7 + number * 31) % 251).unwrap());
        header.into_iter().chain(payload)
    };
    (0..count).flat_map(frame).collect()
}

/// At 44.1 kHz and 128 kbit/s.
fn music(count: usize) -> Vec<u8> {
    frames([0xFF, 0xFB, 0x90, 0x64], 417, count)
}

/// Two seconds of a tone from LAME: the tag, and the audio, which is a frame of information and frames of 104 and 105 bytes.
fn real_mp3() -> (Vec<u8>, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/voice.mp3");
    let mut tag = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let audio_at = tag.windows(2).position(|pair| pair == [0xFF, 0xF3]).unwrap();
    let audio = tag.split_off(audio_at);
    (tag, audio)
}

#[test]
fn real_mp3_with_usual_damage_is_accepted() {
    let (tag, audio) = real_mp3();
    assert_accepted(MediaType::Mpeg, &[&tag[..], &audio].concat(), "unchanged");
    assert_accepted(MediaType::Mpeg, &audio, "without its tag");
    let mut cut = audio.clone();
    cut.drain(150..191);
    assert_accepted(MediaType::Mpeg, &cut, "frame 2 lacks 41 bytes");
    assert_accepted(MediaType::Mpeg, &[vec![0; 417], audio.clone()].concat(), "417 zeros first");
    assert_accepted(MediaType::Mpeg, &audio[1000..], "without its first 1,000 bytes");
    for len in [60, 104, 150, 208, 1000] {
        assert_accepted(MediaType::Mpeg, &audio[..len], &format!("only the first {len} bytes"));
        assert_accepted(MediaType::Mpeg, &[&tag[..], &audio[..len]].concat(), &format!("the tag and {len} more bytes"));
    }
    for delta in [-10_i64, -3, 3, 10] {
        let size = i64::try_from(tag.len()).unwrap() - 10 + delta;
        let mut file = [&tag[..], &audio].concat();
        file[6..10].copy_from_slice(&id3(usize::try_from(size).unwrap())[6..10]);
        assert_accepted(MediaType::Mpeg, &file, &format!("a tag size that is wrong by {delta}"));
    }
    for front in [[id3(9000), id3(9000)].concat(), [id3(100), vec![0; 20_000]].concat(), vec![b't'; 40]] {
        assert_accepted(MediaType::Mpeg, &[front, audio.clone()].concat(), "tags, zeros, text");
    }
}

#[test]
fn mp3_with_a_broken_first_chain_is_accepted() {
    let mut cut = music(60);
    cut.drain(500..541);
    assert_accepted(MediaType::Mpeg, &cut, "frame 2 lacks 41 bytes");
    let joined = [frames([0xFF, 0xE3, 0x18, 0xC4], 72, 1), music(60)].concat();
    assert_accepted(MediaType::Mpeg, &joined, "one frame at 8 kHz before a file at 44.1 kHz");
    let many_cuts: Vec<u8> = (0..20).flat_map(|_| [&music(2)[..600], &music(5)[..]].concat()).collect();
    assert_accepted(MediaType::Mpeg, &many_cuts, "a recorder that loses bytes");
    assert_accepted(MediaType::Mpeg, &music(60)[200..], "begins within a frame");
}

#[test]
fn mp3_after_a_tag_with_a_wrong_size_is_accepted() {
    for real in [500_usize, 5000, 50_000] {
        for claimed in [real - 10, real - 1, real + 1, real + 10] {
            let mut file = [id3(real), music(60)].concat();
            file[6..10].copy_from_slice(&id3(claimed)[6..10]);
            assert_accepted(MediaType::Mpeg, &file, &format!("a tag of {real} that claims {claimed}"));
        }
        let text_between = [&id3(real)[..], &b"text between "[..].repeat(4)[..40], &music(60)].concat();
        assert_accepted(MediaType::Mpeg, &text_between, "40 bytes of text between tag and frame");
    }
    assert_accepted(MediaType::Mpeg, &[vec![0; 417], music(60)].concat(), "417 zeros before the first frame");
    assert_accepted(MediaType::Mpeg, &[id3(90), vec![0; 417], music(60)].concat(), "417 zeros after a tag");
}

#[test]
fn mp3_with_fewer_than_three_frames_is_accepted() {
    let fast = frames([0xFF, 0xFB, 0xB0, 0x64], 626, 10);
    assert_accepted(MediaType::Mpeg, &fast[..1000], "1,000 bytes at 192 kbit/s");
    let mut info = vec![0xFF, 0xFB, 0xE0, 0x64];
    info.resize(36, 0);
    info.extend(b"Info\0\0\0\x0f");
    info.resize(1044, 0);
    let fastest = [info, frames([0xFF, 0xFB, 0xE2, 0x64], 1045, 9)].concat();
    assert_accepted(MediaType::Mpeg, &fastest[..1000], "1,000 bytes at 320 kbit/s");
    assert_accepted(
        MediaType::Mpeg,
        &[id3(200), music(2)[..500].to_vec()].concat(),
        "one frame and a part of another after a tag",
    );
}

#[test]
fn mp3_with_two_tags_or_long_padding_is_accepted() {
    for tags in [[9000, 9000], [20_000, 30_000], [700_000, 40_000], [20, 60_000]] {
        let [first, second] = tags.map(id3);
        assert_accepted(MediaType::Mpeg, &[first, second, music(200)].concat(), &format!("tags of {tags:?}"));
    }
    for zeros in [8000, 20_000, 50_000] {
        for tag in [100, 9000] {
            let file = [id3(tag), vec![0; zeros], music(200)].concat();
            assert_accepted(MediaType::Mpeg, &file, &format!("{zeros} zeros after a tag of {tag}"));
        }
    }
}

#[test]
fn jpeg_of_scanners_and_broken_writers_is_accepted() {
    let long = [jpeg(), vec![0x7F; 90_000]].concat();
    for file in [jpeg(), long.clone()] {
        let mut lines = file.clone();
        lines[3] = 0xDC;
        assert_accepted(MediaType::Jpeg, &lines, "byte 3 is DC");
        for length in [0, 1] {
            let mut broken = file.clone();
            broken[4..6].copy_from_slice(&[0, length]);
            assert_accepted(MediaType::Jpeg, &broken, &format!("an APP0 of length {length}"));
        }
    }
    let comment = [&b"\xff\xfe\x75\x32"[..], &vec![b'c'; 30_000]].concat();
    let commented = [&long[..2], &comment, &comment, &long[2..]].concat();
    assert_accepted(MediaType::Jpeg, &commented, "two comments of 30,000 bytes first");
}

#[test]
fn wav_of_studios_is_accepted() {
    let samples = chunk(*b"data", &vec![128; 90_000]);
    for kind in [*b"RF64", *b"BW64"] {
        let mut file = riff(&[chunk(*b"ds64", &[0; 28]), pcm_chunk(), samples.clone()]);
        file[..4].copy_from_slice(&kind);
        assert_accepted(MediaType::Wav, &file, "a 64-bit form");
    }
    for (bext, ixml) in [(15_000, 15_000), (15_001, 14_999), (602, 15_000), (40_000, 60_000)] {
        let file =
            riff(&[chunk(*b"bext", &vec![0; bext]), chunk(*b"iXML", &vec![b' '; ixml]), pcm_chunk(), samples.clone()]);
        assert_accepted(MediaType::Wav, &file, &format!("bext of {bext} and iXML of {ixml} bytes"));
    }
    for nameless in [&b""[..], b"something"] {
        let file = riff(&[chunk([0; 4], nameless), pcm_chunk(), samples.clone()]);
        assert_accepted(MediaType::Wav, &file, "a chunk named by four NULs");
    }
}

#[test]
fn pdf_with_its_first_object_after_the_head_is_accepted() {
    let document = pdf();
    let (header, rest) = document.split_at(9);
    for lines in [300, 1000] {
        let comments = b"% a line of a comment that a generator wrote to it\n".repeat(lines);
        for padding in [0, 200_000] {
            let file = [header, &comments, rest, &vec![b' '; padding]].concat();
            assert_accepted(MediaType::Pdf, &file, &format!("{lines} comment lines, then {padding} more bytes"));
        }
    }
}

#[test]
fn archive_in_a_range_for_another_purpose_is_a_polyglot() {
    let jar = Archive::of(vec![samples::archive::entry("Evil.class", "x")]).build();
    for file in [
        [id3(9000), music(40)].concat(),
        [id3(90), vec![0; 20_000], music(40)].concat(),
        samples::pdf_with_long_comments(),
        samples::jpeg_with_long_comments(),
    ] {
        assert!(matches!(decide_with_reads(&file).0, Verdict::Accepted(_)));
        let (verdict, _) = decide_with_reads(&[file, jar.clone()].concat());
        assert!(matches!(verdict, Verdict::Refused(media_type::Refusal::Polyglot { .. })), "{verdict:?}");
    }
}
