//! Writes the seed corpus: the samples of the tests, whole and with their long stretches left out.

#[path = "../../tests/samples/mod.rs"]
mod samples;

use std::{fs, io, path::Path};

use media_type::MediaType;
use samples::{
    archive::{Archive, DOCUMENT, Entry, entry, package},
    compound::Builder,
};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    fs::create_dir_all(&folder)?;
    for (name, seed) in seeds() {
        fs::write(folder.join(name), seed)?;
    }
    Ok(())
}

fn seeds() -> Vec<(String, Vec<u8>)> {
    let whole = |name: &str, content: Vec<u8>| (name.to_owned(), describe(&content, 0, 0));
    let gapped = |name: &str, content: Vec<u8>, place, kibibytes| {
        (name.to_owned(), describe(&content, place, kibibytes))
    };
    let mut seeds: Vec<_> = samples::one_of_each()
        .into_iter()
        .map(|(media_type, content)| whole(media_type.extensions()[0], content))
        .collect();
    let broadcast = samples::wav_with_long_front().into_iter().map(|byte| if byte == b' ' { 0 } else { byte }).collect();
    seeds.push(gapped("wav-long", broadcast, 20, 68));
    let tag: Vec<u8> = samples::id3(100_000).into_iter().enumerate().map(|(at, byte)| if at < 10 { byte } else { 0 }).collect();
    seeds.push(gapped("mp3-tagged", [tag, samples::mp3(4)].concat(), 10, 97));
    seeds.push(whole("mp3-two-tags", [samples::id3(20), samples::id3(7), vec![0; 5], samples::mp3(3)].concat()));
    let free: Vec<u8> = [&[0xFF, 0xFB, 0x00, 0x64][..], &[0x55; 700]].concat().repeat(4);
    seeds.push(whole("mp3-free", free));
    let far = Builder { streams_first: 90_112, has_table_last: true, directory_gap: 3, ..Builder::word() };
    seeds.push(gapped("doc-far", far.build(), 512, 87));
    seeds.push(whole("doc-large-sectors", Builder { sector_shift: 12, ..Builder::word() }.build()));
    let nested = Builder { root_class: [0; 16], nested: vec!["WordDocument"], ..Builder::word() };
    seeds.push(whole("doc-nested", nested.build()));
    let mut illustrated = package(DOCUMENT);
    illustrated.entries.push(Entry { is_stored: true, ..entry("a.png", vec![0; 204_800]) });
    let illustrated = illustrated.build();
    let place = illustrated.windows(1024).position(|zeros| zeros.iter().all(|byte| *byte == 0)).expect("a picture");
    seeds.push(gapped("docx-illustrated", illustrated, place, 199));
    let mut liberal = Archive { comment: b"comment".to_vec(), has_wide_end: true, ..package(DOCUMENT) };
    for part in &mut liberal.entries {
        (part.is_wide, part.is_stored, part.flags) = (true, true, 8);
    }
    seeds.push(whole("docx-zip64", liberal.build()));
    let jar = Archive::of(vec![entry("Evil.class", "x")]).build();
    seeds.push(whole("png-jar", [samples::png(), jar.clone()].concat()));
    seeds.push(whole("jar-docx", [jar, samples::archive::docx()].concat()));
    seeds.push(whole("pdf-junk", [&b"%PDF-1.4\njunk\n"[..], &samples::pdf()[9..]].concat()));
    assert!(seeds.len() > MediaType::ALL.len());
    seeds
}

/// The fuzz target's input for this content, with so many KiB of it, all zeros, left out from `place` on.
fn describe(content: &[u8], place: usize, kibibytes: u8) -> Vec<u8> {
    let behind = place + usize::from(kibibytes) * 1024;
    assert!(content[place..behind].iter().all(|byte| *byte == 0), "the gap holds zeros only");
    let [low, high] = u16::try_from(place).expect("the gap begins within 64 KiB").to_le_bytes();
    [&[kibibytes, low, high][..], &content[..place], &content[behind..]].concat()
}
