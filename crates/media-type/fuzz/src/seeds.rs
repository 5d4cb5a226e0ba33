//! Writes the seed corpus, as `make fuzz` does first: the fixtures and samples of the tests, whole and with their long
//! stretches left out.

#[path = "../../tests/samples/mod.rs"]
mod samples;

use std::{fs, io, path::Path};

use media_type::MediaType;
use samples::{
    archive::{
        Archive, DOCUMENT, Entry, OFFICE_RELATIONSHIPS, docx_with_content_types_between, entry, package,
        relationships_of,
    },
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
    let gapped =
        |name: &str, content: Vec<u8>, place, kibibytes| (name.to_owned(), describe(&content, place, kibibytes));
    let mut seeds: Vec<_> = samples::one_of_each()
        .into_iter()
        .map(|(media_type, content)| whole(media_type.extensions()[0], content))
        .collect();
    let broadcast =
        samples::wav_with_long_front().into_iter().map(|byte| if byte == b' ' { 0 } else { byte }).collect();
    let fixtures = samples::fixtures().into_iter();
    seeds.extend(fixtures.map(|(media_type, content)| whole(&format!("{}-real", media_type.extensions()[0]), content)));
    seeds.push(gapped("wav-long", broadcast, 20, 68));
    let tag: Vec<u8> =
        samples::id3(100_000).into_iter().enumerate().map(|(at, byte)| if at < 10 { byte } else { 0 }).collect();
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
    seeds.extend(tolerated());
    seeds.extend(active());
    assert!(seeds.len() > MediaType::ALL.len());
    seeds
}

/// The kinds of files that are laid out unusually or damaged a little, and accepted.
fn tolerated() -> Vec<(String, Vec<u8>)> {
    let whole = |name: &str, content: Vec<u8>| (name.to_owned(), describe(&content, 0, 0));
    let gapped =
        |name: &str, content: Vec<u8>, place, kibibytes| (name.to_owned(), describe(&content, place, kibibytes));
    let mut cut = samples::mp3(8);
    cut.drain(500..541);
    let mut info = [&[0xFF, 0xFB, 0xE0, 0x64][..], &[0; 32], b"Info"].concat();
    info.resize(400, 0);
    let comment = [&b"\xff\xfe\x75\x32"[..], &[0; 30_000]].concat();
    let photo = samples::jpeg();
    let commented = [&photo[..2], &comment, &photo[2..]].concat();
    let (mut lines, mut short) = (photo.clone(), photo);
    lines[3] = 0xDC;
    short[4..6].copy_from_slice(&[0, 1]);
    let document = samples::pdf();
    let remark = [&document[..9], b"%", &[0; 20_480], b"\n", &document[9..]].concat();
    let mut wide = samples::riff(&[samples::chunk([0; 4], b"nameless"), samples::pcm_chunk()]);
    wide[..4].copy_from_slice(b"BW64");
    let mut middle = docx_with_content_types_between(9216, 0);
    middle.entries.push(Entry { is_stored: true, ..entry("b.png", vec![0; 71_680]) });
    for part in middle.entries.iter_mut().filter(|part| part.name == "a.png") {
        part.content.fill(0);
    }
    let middle = middle.build();
    let place = middle.windows(70_000).position(|zeros| zeros.iter().all(|byte| *byte == 0)).expect("a picture");
    vec![
        whole("mp3-cut", cut),
        whole("mp3-zeros", [vec![0; 417], samples::mp3(4)].concat()),
        whole("mp3-text", [b"HTTP/1.0 200 OK\r\n\r\n".to_vec(), samples::mp3(4)].concat()),
        whole("mp3-info", info),
        gapped("mp3-padded", [samples::id3(20), vec![0; 20_480], samples::mp3(4)].concat(), 30, 20),
        gapped("jpg-comment", commented, 6, 29),
        whole("jpg-lines", lines),
        whole("jpg-short", short),
        gapped("pdf-comment", remark, 10, 20),
        whole("wav-wide", wide),
        gapped("docx-middle", middle, place, 68),
    ]
}

/// Macros and other active content, and what hides behind a PDF's header.
fn active() -> Vec<(String, Vec<u8>)> {
    let whole = |name: &str, content: Vec<u8>| (name.to_owned(), describe(&content, 0, 0));
    let relationship = format!("{OFFICE_RELATIONSHIPS}vbaProject");
    let mut document = package(DOCUMENT);
    document.entries.push(entry("word/_rels/document.xml.rels", relationships_of(&[(&relationship, "a.bin", "")])));
    document.entries.push(entry("word/embeddings/a.bin", "x"));
    let storage = Builder { storage: "Macros", nested: vec!["dir"], ..Builder::word() };
    let portable = samples::pdf();
    let page = [b"%PDF-1<html><script>", &portable[8..]].concat();
    let script = [&portable[..9], b"1 0 obj<</S/J#61vaScript/OpenAction 2 0 R>>", &portable[8..]].concat();
    vec![
        whole("docx-macros", document.build()),
        whole("doc-macros", storage.build()),
        whole("pdf-page", page),
        whole("pdf-script", script),
    ]
}

/// The fuzz target's input for this content, with so many KiB of it, all zeros, left out from `place` on.
fn describe(content: &[u8], place: usize, kibibytes: u8) -> Vec<u8> {
    let behind = place + usize::from(kibibytes) * 1024;
    assert!(content[place..behind].iter().all(|byte| *byte == 0), "the gap holds zeros only");
    let [low, high] = u16::try_from(place).expect("the gap begins within 64 KiB").to_le_bytes();
    [&[kibibytes, low, high][..], &content[..place], &content[behind..]].concat()
}
