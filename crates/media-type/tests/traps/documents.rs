//! Packages, PDF, JPEG and WAV files that are something else or contain something else.

use crate::{
    FRAME_HEADERS, none_is_accepted,
    samples::{
        self,
        archive::{Archive, DOCUMENT, docx_with_content_types_between, entry, package, picture},
        jpeg, riff,
    },
};

#[test]
fn documents_of_another_type_are_refused() {
    let other_types = [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
        "application/xml",
    ];
    let mut traps = Vec::new();
    for main_type in other_types {
        for (before, behind) in [(0, 0), (20_000, 0), (0, 100_000), (20_000, 100_000), (7900, 70_000)] {
            let mut archive = docx_with_content_types_between(before, behind);
            archive.entries[3].content = samples::archive::content_types(main_type).into_bytes();
            traps.push(archive.build());
            for at in [0, 2, 4, 5] {
                let mut with_macros = docx_with_content_types_between(before, behind);
                with_macros.entries.insert(at, entry("word/vbaProject.bin", "macros"));
                traps.push(with_macros.build());
            }
        }
    }
    for len in [10, 20_000, 200_000] {
        let manifest = entry("META-INF/MANIFEST.MF", "Main-Class: Evil");
        let jar = Archive::of(vec![manifest, picture("Evil.class", len), entry("[Content_Types].txt", DOCUMENT)]);
        traps.push(jar.build());
        traps.push([jar.build(), package(DOCUMENT).build()].concat());
        traps.push([docx_with_content_types_between(20_000, 100_000).build(), jar.build()].concat());
        traps.push([docx_with_content_types_between(20_000, 100_000).build(), b"MZ\x90".repeat(len)].concat());
    }
    none_is_accepted("packages of another kind, macros, archives", traps);

    let programs =
        [&b"#!/bin/sh\nrm -rf /\n"[..], b"MZ\x90\0\x03", b"<html><script>alert(1)</script>", b"\x7fELF", b"PK\x03\x04"];
    let headers = [&b"%PDF-1.4\n"[..], b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"\xef\xbb\xbf%PDF-1.4\r"];
    let comments = [0, 1, 300, 3000].map(|lines| b"% a line of a generated comment\n".repeat(lines));
    let after_header = headers.into_iter().flat_map(|header| {
        let comments = comments.clone();
        programs.into_iter().flat_map(move |program| {
            comments.clone().map(|comments| [header, &comments, program, &b"\ndata\n".repeat(2000)].concat())
        })
    });
    none_is_accepted("programs after a PDF header", after_header);
    none_is_accepted("comments and nothing else", comments.map(|comments| [&b"%PDF-1.4\n"[..], &comments].concat()));
}

#[test]
fn pictures_and_recordings_with_a_program_are_refused() {
    let photo = jpeg();
    let programs = [&b"<script>alert(1)</script>"[..], b"MZ\x90\0\x03", b"#!/bin/sh\n", b"\0\0\0\0"];
    let comment = [&b"\xff\xfe\x75\x32"[..], &vec![b'c'; 30_000]].concat();
    let mut traps = Vec::new();
    for program in programs {
        let program = program.repeat(500);
        for start in [
            &b"\xff\xd8\xff\xe0\0\0"[..],
            b"\xff\xd8\xff\xe0\0\x01",
            b"\xff\xd8\xff\xdc\0\x04\0\0",
            b"\xff\xd8\xff\xd0",
            b"\xff\xd8\xff\x01",
        ] {
            traps.push([start, &program].concat());
            traps.push([start, b"JFIF\0", &program].concat());
        }
        traps.push([&photo[..2], &comment, &comment, &program].concat());
        traps.push([&photo[..2], &comment, &comment, &comment, &program].concat());
        for zeros in [0, 4, 8, 100, 20_000] {
            traps.push(riff(&[vec![0; zeros], program.clone()]));
            let mut wide = riff(&[vec![0; zeros], program.clone()]);
            wide[..4].copy_from_slice(b"BW64");
            traps.push(wide);
        }
    }
    none_is_accepted("JPEG and WAV with a program in them", traps);
    // Raw photos with equal rows of the length of a frame.
    let rows = FRAME_HEADERS.into_iter().flat_map(|(header, frame_len)| {
        [1, 2, 3, 4, 8].into_iter().filter(move |step| frame_len % step == 0 && frame_len / step > 44).map(
            move |step| {
                // The row contains the bytes of a header.
                let mut row: Vec<u8> = (0..frame_len / step).map(|at| u8::try_from(at % 200).unwrap()).collect();
                row[40..44].copy_from_slice(&header);
                row.repeat(60 * step)
            },
        )
    });
    none_is_accepted("raw pictures with equal rows", rows);
}
