//! Sound, text and patterns that look like MP3, similar types, and containers of MP3.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples of sound"
)]

use crate::{FRAME_HEADERS, Random, frames, none_is_accepted, samples::id3};

#[test]
fn sound_without_a_container_is_refused() {
    let sample = |at: usize, frequency: f64, rate: f64| (at as f64 * frequency / rate * std::f64::consts::TAU).sin();
    let pcm = |frequency: f64, amplitude: f64, to_bytes: fn(i16) -> [u8; 2]| -> Vec<u8> {
        (0..40_000).flat_map(|at| to_bytes((sample(at, frequency, 44_100.0) * amplitude) as i16)).collect()
    };
    let tones = (0..60_u32).map(|step| 55.0 + f64::from(step) * 73.5);
    let le = tones.clone().map(|tone| pcm(tone, 12_000.0, i16::to_le_bytes));
    let be = tones.clone().map(|tone| pcm(tone, 300.0, i16::to_be_bytes));
    let eight_bits = tones.map(|tone| (0..40_000).map(|at| (sample(at, tone, 8000.0) * 127.0 + 128.0) as u8).collect());
    let square = (1..60_usize).map(|period| {
        (0..20_000)
            .flat_map(|at: usize| if (at / period).is_multiple_of(2) { [0xFF, 0xFB] } else { [0x50, 0x64] })
            .collect()
    });
    none_is_accepted("PCM, little endian", le);
    none_is_accepted("PCM, big endian", be);
    none_is_accepted("PCM, 8 bits", eight_bits);
    none_is_accepted("square waves of header bytes", square);
}

#[test]
fn text_and_patterns_with_bytes_of_frame_headers_are_refused() {
    // Lines of many lengths, each with a header.
    let lines = FRAME_HEADERS.into_iter().flat_map(|(header, _)| {
        (5..70_usize).map(move |len| {
            let mut line = header.to_vec();
            line.resize(len, b'x');
            line.repeat(9000 / len)
        })
    });
    none_is_accepted("repeated lines with a header", lines);
    let after_text = FRAME_HEADERS.into_iter().flat_map(|(header, _)| {
        (5..30_usize).map(move |len| {
            let mut line = header.to_vec();
            line.resize(len, b'x');
            [&b"some text before\n"[..], &line.repeat(9000 / len)].concat()
        })
    });
    none_is_accepted("repeated lines after text", after_text);
    let words = (0..60).map(|seed| {
        let mut random = Random::new(seed);
        // In Windows-1251, FF is the letter ya. In common words, F2, F3, E2, E3, FA and FB follow it.
        let letters = b"\xff\xf2\xe8\xe2\xee\xed\xe0\xf3\xfb\xfa\xe3 \xff\xf2\xfc ";
        (0..20_000).map(|_| letters[random.below(letters.len())]).collect()
    });
    none_is_accepted("Cyrillic letters", words);
    let short = FRAME_HEADERS.into_iter().flat_map(|(header, frame_len)| {
        [0, 5, 32, 60].into_iter().chain([frame_len - 5]).map(move |len| {
            let text = b"<script>alert('one frame is no proof')</script> ".repeat(30);
            [&header[..], &text[..len]].concat()
        })
    });
    none_is_accepted("a header with text shorter than its frame", short);
    let two_frames_then_text = FRAME_HEADERS
        .into_iter()
        .map(|(header, frame_len)| [frames(header, frame_len, 2, &mut Random::new(7)), b"<html>".repeat(30)].concat());
    none_is_accepted("two frames, then text", two_frames_then_text);
}

#[test]
fn types_similar_to_mp3_with_and_without_a_tag_are_refused() {
    // ADTS: seven bytes of header with the frame's length.
    let adts = |random: &mut Random| -> Vec<u8> {
        let frame = |random: &mut Random| {
            let len = 150 + random.below(400);
            let bits = u32::try_from(len).unwrap();
            let [_, _, high, low] = (bits << 5 | 0x1F).to_be_bytes();
            [&[0xFF, 0xF1, 0x50, 0x80 | u8::try_from(bits >> 11).unwrap(), high, low, 0xFC][..], &random.bytes(len - 7)]
                .concat()
        };
        (0..60).flat_map(|_| frame(random)).collect()
    };
    let starts: [fn(&mut Random) -> Vec<u8>; 4] = [
        |random| [&b"fLaC\0\0\0\x22"[..], &random.bytes(30_000)].concat(),
        |random| [&b"MAC \x96\x0f\0\0"[..], &random.bytes(30_000)].concat(),
        |random| frames([0xFF, 0xFD, 0x90, 0x64], 417, 60, random),
        |random| frames([0xFF, 0xFF, 0x90, 0x64], 348, 60, random),
    ];
    let mut traps = Vec::new();
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let mut contents: Vec<_> = starts.iter().map(|start| start(&mut random)).collect();
        contents.push(adts(&mut random));
        for content in contents {
            for tag in [20, 3000, 9000, 40_000] {
                traps.push([id3(tag), content.clone()].concat());
                // The size is wrong by ten bytes, and there is padding.
                let mut wrong = [id3(tag), vec![0; 500], content.clone()].concat();
                wrong[6..10].copy_from_slice(&id3(tag - 10)[6..10]);
                traps.push(wrong);
            }
            traps.push([vec![0; 417], content.clone()].concat());
            traps.push([b"forty bytes of text".to_vec(), content.clone()].concat());
            traps.push(content);
        }
    }
    none_is_accepted("AAC, FLAC, APE, Layer I and II", traps);
    let others =
        [&b"PK\x03\x04"[..], b"MZ\x90\0", b"<html><script>", b"\x7fELF\x02\x01", b"%PDF-1.4\n1 0 obj\n", b"text"];
    let tagged = others.into_iter().flat_map(|start| {
        [20, 3000, 9000].into_iter().map(move |tag| [&id3(tag)[..], start, &b" and so on ".repeat(2000)].concat())
    });
    none_is_accepted("something else after a tag", tagged);
    none_is_accepted("a tag and nothing else", [0, 20, 3000, 9000, 90_000].map(id3));
    none_is_accepted("a tag and zeros", [400, 20_000, 90_000].map(|zeros| [id3(50), vec![0; zeros]].concat()));
}

#[test]
fn containers_of_real_mp3_are_refused() {
    let starts: [&[u8]; 24] = [
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41\0\0\0\x08free\0\xff\0\0mdat",
        b"\0\xff\0\0mdat",
        b"\0\0\x02\0moov\0\0\x01\x90trak",
        b"\0\0\0\x08wide\0\xff\0\0mdat",
        b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x08",
        b"FWS\x08\0\xff\0\0\x78\0",
        b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01",
        b"\0\0\x01\xba\x44\0\x04\0\x04\x01\0\0\x03\xf8\0\0\x01\xc0",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c",
        b".RMF\0\0\0\x12\0\x01",
        b"FORM\0\xff\0\0AIFCSSND",
        b"caff\0\x01\0\0desc",
        b".snd\0\0\0\x18\0\0\xff\0",
        b"RIFF\0\xff\0\0AVI LIST",
        b"RIFF\0\xff\0\0RMP3data",
        b"RIFX\0\xff\0\0WAVE",
        b"MSCF\0\0\0\0\0\xff\0\0",
        b"!<arch>\nsong.mp3/       0           0     0     644     99999     `\n",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0",
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0",
        b"#!/bin/sh\ntail -c +40 $0 | play -; exit\n",
        b"PK\x03\x04\x0a\0\0\0\0\0song.mp3",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"Rar!\x1a\x07\0song.mp3",
    ];
    let mut traps = Vec::new();
    for start in starts {
        for (header, frame_len) in FRAME_HEADERS {
            let mut random = Random::new(frame_len as u64);
            for gap in [0, 300] {
                traps.push([start, &random.bytes(gap), &frames(header, frame_len, 80, &mut random)].concat());
            }
        }
    }
    // Tar: a name, and the signature at its offset.
    for (header, frame_len) in FRAME_HEADERS {
        let mut tar = b"song.mp3".to_vec();
        tar.resize(257, 0);
        tar.extend(b"ustar\x0000");
        tar.resize(512, 0);
        tar.extend(frames(header, frame_len, 80, &mut Random::new(1)));
        traps.push(tar);
    }
    none_is_accepted("containers with MP3 in them", traps);
    let records = FRAME_HEADERS.into_iter().flat_map(|(header, frame_len)| {
        (1..5).map(move |per_record| {
            let mut random = Random::new(per_record as u64);
            let record = |_| [b"record: ".to_vec(), frames(header, frame_len, per_record, &mut random)].concat();
            [(0..12).flat_map(record).collect(), b"the end".to_vec()].concat()
        })
    });
    none_is_accepted("unknown containers that break the chain", records.filter(|file| file.len() < 8192));
    let transport = (0..20).map(|seed| {
        let mut random = Random::new(seed);
        let mp3 = frames([0xFF, 0xFB, 0x90, 0x64], 417, 60, &mut random);
        mp3.chunks(184).flat_map(|packet| [&b"G\x01\0\x10"[..], packet].concat()).collect()
    });
    none_is_accepted("MPEG transport streams", transport);
}
