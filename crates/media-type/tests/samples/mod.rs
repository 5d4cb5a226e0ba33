//! Small files of each type, made here byte by byte.

#![expect(dead_code, reason = "each test binary uses a part of the samples")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a sample that cannot be built as written has to fail the test"
)]

pub(crate) mod archive;
pub(crate) mod compound;

use std::{fs, path::Path};

use media_type::{ActiveContentPolicy, Head, Inspection, MediaType, Verdict, inspect};

/// Decides an object held in memory, as a reader of its stream would.
pub(crate) fn decide(object: &[u8]) -> Verdict {
    decide_with_reads(object).0
}

/// The same, with offset and length of the ranges that were read.
pub(crate) fn decide_with_reads(object: &[u8]) -> (Verdict, Vec<(u64, u64)>) {
    decide_for(object, ActiveContentPolicy::default())
}

/// The same, for an operator who refuses this.
pub(crate) fn decide_for(object: &[u8], policy: ActiveContentPolicy) -> (Verdict, Vec<(u64, u64)>) {
    let mut head = Head::default();
    head.take(object);
    let mut reads = Vec::new();
    let mut read = |offset: u64, length: u64| {
        reads.push((offset, length));
        let start = usize::try_from(offset).unwrap();
        object.get(start..start + usize::try_from(length).unwrap()).expect("the range lies inside the object")
    };
    let verdict = match inspect(head.bytes(), object.len() as u64, policy) {
        Inspection::Decided(verdict) => verdict,
        Inspection::NeedsRange(first) => match first.decide(read(first.offset(), first.length())) {
            Inspection::Decided(verdict) => verdict,
            Inspection::NeedsRange(second) => second.decide(read(second.offset(), second.length())),
        },
    };
    (verdict, reads)
}

/// The real files in `tests/fixtures`, one of each type.
pub(crate) fn fixtures() -> Vec<(MediaType, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(|folder| {
        let fixtures = folder.join("tests/fixtures");
        fixtures.is_dir().then_some(fixtures)
    });
    let files: Vec<_> = fs::read_dir(folder.unwrap()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let of = |media_type: MediaType| {
        let usual = media_type.extensions()[0];
        let file = files.iter().find(|file| file.extension().is_some_and(|extension| extension == usual));
        (media_type, fs::read(file.unwrap_or_else(|| panic!("{media_type} has no fixture"))).unwrap())
    };
    MediaType::ALL.map(of).into()
}

/// Small but whole files, made byte by byte.
pub(crate) fn one_of_each() -> Vec<(MediaType, Vec<u8>)> {
    vec![
        (MediaType::Wav, wav()),
        (MediaType::Mpeg, mp3(3)),
        (MediaType::Ogg, ogg()),
        (MediaType::Png, png()),
        (MediaType::Jpeg, jpeg()),
        (MediaType::Gif, gif()),
        (MediaType::Pdf, pdf()),
        (MediaType::Msword, compound::doc()),
        (MediaType::Docx, archive::docx()),
    ]
}

/// The same types, as files that need a ranged read where their type can call for one, else longer than the head.
pub(crate) fn one_of_each_long() -> Vec<(MediaType, Vec<u8>)> {
    let padded = |mut file: Vec<u8>| {
        file.resize(file.len() + 90_000, 0x20);
        file
    };
    vec![
        (MediaType::Wav, wav_with_long_front()),
        (MediaType::Mpeg, [id3(100_000), mp3(40)].concat()),
        (MediaType::Ogg, padded(ogg())),
        (MediaType::Png, padded(png())),
        (MediaType::Jpeg, padded(jpeg())),
        (MediaType::Gif, padded(gif())),
        (MediaType::Pdf, padded(pdf())),
        (MediaType::Msword, compound::Builder { streams_first: 100_000, ..compound::Builder::word() }.build()),
        (MediaType::Docx, archive::docx_with_picture(200_000)),
        (MediaType::Docx, archive::docx_with_content_types_between(20_000, 100_000).build()),
        (MediaType::Pdf, pdf_with_long_comments()),
        (MediaType::Jpeg, jpeg_with_long_comments()),
    ]
}

pub(crate) fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = [&name[..], &u32::try_from(content.len()).unwrap().to_le_bytes(), content].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

pub(crate) fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(*b"RIFF", &[&b"WAVE"[..], &chunks.concat()].concat())
}

pub(crate) fn pcm_chunk() -> Vec<u8> {
    chunk(*b"fmt ", &PCM)
}

const PCM: [u8; 16] = [1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0];

pub(crate) fn wav() -> Vec<u8> {
    riff(&[pcm_chunk(), chunk(*b"data", &[128; 64])])
}

/// A broadcast file with a long description before its format.
pub(crate) fn wav_with_long_front() -> Vec<u8> {
    riff(&[chunk(*b"iXML", &b" ".repeat(70_000)), pcm_chunk(), chunk(*b"data", &[128; 9000])])
}

pub(crate) fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0x64];
    frame.resize(417, 0x55);
    frame.repeat(frames)
}

pub(crate) fn id3(length: usize) -> Vec<u8> {
    let bits = |shift: usize| u8::try_from(length >> shift & 0x7F).unwrap();
    let mut tag = vec![b'I', b'D', b'3', 4, 0, 0, bits(21), bits(14), bits(7), bits(0)];
    tag.resize(10 + length, b't');
    tag
}

pub(crate) fn ogg_page(flags: u8, content: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend([0; 20]);
    page.extend([1, u8::try_from(content.len()).unwrap()]);
    page.extend(content);
    page
}

pub(crate) fn ogg() -> Vec<u8> {
    let vorbis = [&b"\x01vorbis\0\0\0\0\x02\x44\xac\0\0"[..], &[0; 12], &[0xB8, 1]].concat();
    [ogg_page(2, &vorbis), ogg_page(0, &[3; 200])].concat()
}

pub(crate) fn png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [
        (b"IHDR", vec![0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]),
        (b"IDAT", miniz_oxide::deflate::compress_to_vec_zlib(&[0, 128], 6)),
        (b"IEND", vec![]),
    ] {
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let named = [&name[..], &data].concat();
        file.extend(&named);
        file.extend(crc32fast::hash(&named).to_be_bytes());
    }
    file
}

pub(crate) fn jpeg() -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        [&[0xFF, marker][..], &u16::try_from(content.len() + 2).unwrap().to_be_bytes(), content].concat()
    };
    [
        vec![0xFF, 0xD8],
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xDB, &[1; 65]),
        segment(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![0x7F, 0xFF, 0xD9],
    ]
    .concat()
}

/// A photo of a scanner that says a lot before it begins.
pub(crate) fn jpeg_with_long_comments() -> Vec<u8> {
    let comment = [&b"\xff\xfe\x75\x32"[..], &vec![b'c'; 30_000]].concat();
    let photo = jpeg();
    [&photo[..2], &comment, &comment, &photo[2..]].concat()
}

/// A document with a generated comment before its first object.
pub(crate) fn pdf_with_long_comments() -> Vec<u8> {
    let document = pdf();
    let (header, rest) = document.split_at(9);
    [header, &b"% a line of a comment that a generator wrote\n".repeat(300), rest].concat()
}

pub(crate) fn gif() -> Vec<u8> {
    [
        &b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"[..],
        b"!\xf9\x04\x01\0\0\0\0",
        b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;",
    ]
    .concat()
}

pub(crate) fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\n\
      endobj\nxref\n0 3\n0000000000 65535 f \n0000000015 00000 n \n0000000060 00000 n \n\
      trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n107\n%%EOF\n"
        .to_vec()
}
