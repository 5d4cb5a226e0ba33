//! Whole PDF files with different bytes between the header and the first object.

#![expect(clippy::indexing_slicing, reason = "a test's own files")]

mod samples;

use media_type::{Found, HEAD_LEN, MediaType, Refusal, Verdict};
use samples::{decide, decide_with_reads, pdf, pdf_with_long_comments};

const ACCEPTED: Verdict = Verdict::Accepted(MediaType::Pdf);

fn refused(found: Found) -> Verdict {
    Verdict::Refused(Refusal::UnsupportedType(found))
}

/// A whole document with this header.
fn with_header(header: &[u8]) -> Vec<u8> {
    [header, &pdf()[9..]].concat()
}

#[test]
fn program_archive_or_page_after_the_header_is_refused() {
    for (what, found) in [
        (&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"[..], Found::Program),
        (b"\x7fELF\x02\x01\x01\0", Found::Program),
        (b"#!/bin/sh\necho 1", Found::Program),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", Found::Program),
        (b"<html><script>alert(1)</script></html>", Found::Html),
        (b"<!DOCTYPE html><p>", Found::Html),
        (b"<SCRIPT>alert(1)</SCRIPT>", Found::Html),
        (b"<svg onload=alert(1)>", Found::Html),
        (b"<?php system($_GET[0]);", Found::Html),
        (b"PK\x03\x04\x14\0", Found::ZipArchive),
        (b"Rar!\x1a\x07\x01\0", Found::OtherArchive),
    ] {
        for header in ["%PDF-1", "%PDF-1.4", "%PDF-1.4\n", "%PDF-1.7\r\n\r\n", "%PDF-2 "] {
            let file = with_header(&[header.as_bytes(), what, b"\n"].concat());
            assert_eq!(decide(&file), refused(found), "{header:?} {}", what.escape_ascii());
        }
        let in_place_of_an_object = [b"%PDF-1.4\n1 0 obj\n", what, b"\nendobj\n", &pdf()[9..]].concat();
        assert_eq!(decide(&in_place_of_an_object), refused(found), "{}", what.escape_ascii());
    }
}

#[test]
fn page_before_the_first_object_is_refused() {
    for front in ["%PDF-1.4\n%<html>\n", "%PDF-1.4 x <script>\n", "%PDF-1.4\nFrom: a\n\n<body onload=alert(1)>\n"] {
        assert_eq!(decide(&with_header(front.as_bytes())), refused(Found::Html), "{front:?}");
    }
    let comments = b"% more\n".repeat(3000);
    let past_the_head = [&b"%PDF-1.4\n"[..], &comments, b"% <iframe>\n", &pdf()[9..]].concat();
    let (verdict, reads) = decide_with_reads(&past_the_head);
    assert_eq!((verdict, reads.len()), (refused(Found::Html), 1));
}

#[test]
fn bytes_that_are_not_text_before_the_first_object_are_refused() {
    let damaged = refused(Found::Damaged(MediaType::Pdf));
    // A program with an unknown signature.
    let program = b"\x01\x02\x03\x04\0\0\x7f\x1b";
    for header in [&b"%PDF-1"[..], b"%PDF-1.4", b"%PDF-1.4 ", b"%PDF-1.4\n", b"%PDF-1.4\n% fine\n"] {
        assert_eq!(decide(&with_header(&[header, program, b"\n"].concat())), damaged, "{}", header.escape_ascii());
    }
}

#[test]
fn text_of_real_writers_before_the_first_object_is_accepted() {
    for front in [
        &b"%PDF-1.4\n"[..],
        b"%PDF-1.4\r",
        b"%PDF-1.4 \r\n",
        b"%PDF-1\n",
        b"%PDF-1.\n",
        b"%PDF-1.10\n",
        b"%PDF-1.4%\xe2\xe3\xcf\xd3\r\n",
        b"%PDF-1.3\0\0\n",
        b"%PDF-1.4\n%\x01\x02\x7f\x80\n",
        b"%PDF-1.4 and a remark <of> 3 < 4\n",
        b"%PDF-1.4\n% produced by <somebody@example.net>\n",
        b"%PDF-1.4\n\xe2\xe3\xcf\xd3\n",
        b"%PDF-1.4\nMime-Version: 1.0\nFrom: <somebody@example.net>\n\n",
        b"\xef\xbb\xbf%PDF-1.4\n",
    ] {
        assert_eq!(decide(&with_header(front)), ACCEPTED, "{}", front.escape_ascii());
    }
    for content in
        ["<</Type/Catalog>>", "\n<48656C6C6F>", "[1 2]", "(text)", " 42", "/Name", " null", " % why\n<<>>", ""]
    {
        let file = [b"%PDF-1.4\n1 0 obj", content.as_bytes(), b"\nendobj\n"].concat();
        assert_eq!(decide(&file), ACCEPTED, "{content:?}");
    }
}

#[test]
fn first_object_after_8_kib_of_comments_is_accepted_with_one_range() {
    let file = pdf_with_long_comments();
    assert!(file.windows(7).position(|window| window == b"1 0 obj").is_some_and(|at| at > HEAD_LEN));
    let (verdict, reads) = decide_with_reads(&file);
    assert_eq!((verdict, reads.len()), (ACCEPTED, 1));
}
