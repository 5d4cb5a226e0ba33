//! PDF: the header at the start, then the first object.

use memchr::memmem;

use crate::{
    Found, MAX_RANGE_LEN, MediaType,
    document::pdf_front::{self, Object},
    window::{NotAccepted, Window},
};

/// White space before the header that readers skip.
const MOST_LEADING_SPACE: usize = 1024;
/// Where readers look for the end marker.
const END_LEN: u64 = 1024;
const END_MARKS: [&[u8]; 2] = [b"%%EOF", b"startxref"];
/// Read behind the head where that holds nothing but comments.
const MORE_COMMENTS_LEN: u64 = MAX_RANGE_LEN;

/// Where `%PDF-` and a digit stand, if only a byte order mark and white space come before.
pub(crate) fn header_at(head: &[u8]) -> Option<usize> {
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = head.iter().skip(mark).take(MOST_LEADING_SPACE + 1).position(|byte| !is_space(*byte))? + mark;
    matches!(head.get(start..)?, [b'%', b'P', b'D', b'F', b'-', b'0'..=b'9', ..]).then_some(start)
}

/// Decides a file that has the header.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let head = window.at(0);
    let body = header_at(head).and_then(|at| head.get(at..)).unwrap_or_default();
    match first_token(body, window.is_known_to_end(0)) {
        First::Object(object) => {
            pdf_front::check(&object)?;
            return Ok(MediaType::Pdf);
        }
        First::PastKnown => return Err(window.ask(MediaType::Pdf, window.head_len(), MORE_COMMENTS_LEN)),
        First::Other => {}
    }
    // Something else stands before the first object. That happens, but then the file has to end like a PDF as well.
    let object = later_object(body).ok_or(Found::Damaged(MediaType::Pdf))?;
    pdf_front::check(&object)?;
    let Some((_, tail)) = window.tail() else {
        return Err(window.ask(MediaType::Pdf, window.object_len().saturating_sub(END_LEN), END_LEN));
    };
    if END_MARKS.iter().any(|mark| memmem::find(tail, mark).is_some()) {
        Ok(MediaType::Pdf)
    } else {
        Err(Found::Damaged(MediaType::Pdf).into())
    }
}

/// What stands behind the header, comments and white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First<'a> {
    Object(Object<'a>),
    /// The known bytes end before this can be told.
    PastKnown,
    Other,
}

fn first_token(body: &[u8], is_whole: bool) -> First<'_> {
    let mut tokens = Tokens { rest: body, skips_comments: true };
    tokens.skip();
    let front = before(body, tokens.rest);
    if is_object(&mut tokens) {
        First::Object(Object { front, junk: b"", content: tokens.rest })
    } else if !is_whole && tokens.rest.is_empty() {
        First::PastKnown
    } else {
        First::Other
    }
}

/// The first object, wherever it begins.
fn later_object(body: &[u8]) -> Option<Object<'_>> {
    let mut comments = Tokens { rest: body, skips_comments: true };
    comments.skip();
    body.windows(2).enumerate().find_map(|(at, pair)| {
        let start = body.get(at + 1..).filter(|_| matches!(pair, [before, b'0'..=b'9'] if is_space(*before)))?;
        let mut tokens = Tokens { rest: start, skips_comments: false };
        let is_object = is_object(&mut tokens);
        is_object.then(|| Object {
            front: before(body, start),
            junk: before(comments.rest, start),
            content: tokens.rest,
        })
    })
}

/// What stands before `rest`, which is the end of `bytes`.
fn before<'a>(bytes: &'a [u8], rest: &[u8]) -> &'a [u8] {
    bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// Object number, generation, `obj`. Where the bytes end before all of these, nothing is left of them.
fn is_object(tokens: &mut Tokens<'_>) -> bool {
    tokens.next().is_some_and(|token| is_number(token, 10))
        && tokens.next().is_some_and(|token| is_number(token, 5))
        && tokens.next() == Some(b"obj")
}

fn is_number(token: &[u8], most_digits: usize) -> bool {
    (1..=most_digits).contains(&token.len()) && token.iter().all(u8::is_ascii_digit)
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

pub(crate) const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// Runs of regular characters, and delimiters one by one.
struct Tokens<'a> {
    rest: &'a [u8],
    skips_comments: bool,
}

impl<'a> Tokens<'a> {
    /// Goes on to where the next token begins.
    fn skip(&mut self) {
        loop {
            let start = self.rest.iter().position(|byte| !is_space(*byte)).unwrap_or(self.rest.len());
            self.rest = self.rest.get(start..).unwrap_or_default();
            if !(self.skips_comments && self.rest.starts_with(b"%")) {
                break;
            }
            let end = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(self.rest.len());
            self.rest = self.rest.get(end..).unwrap_or_default();
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip();
        let end = self.rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(self.rest.len());
        // None where nothing is left.
        let (token, rest) = self.rest.split_at_checked(end.max(1))?;
        self.rest = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Piece;

    fn tiny() -> Vec<u8> {
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\n\
          endobj\nxref\n0 3\n0000000000 65535 f \n0000000015 00000 n \n0000000060 00000 n \n\
          trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n105\n%%EOF\n"
            .to_vec()
    }

    fn outcome(file: &[u8]) -> Result<MediaType, NotAccepted> {
        match header_at(file) {
            Some(_) => sniff(&Window::of_head(&file[..file.len().min(8192)], file.len() as u64)),
            None => Err(Found::Unrecognised.into()),
        }
    }

    #[test]
    fn the_header_may_follow_a_mark_and_space_only() {
        for front in [&b""[..], b"\xef\xbb\xbf", b"\r\n \t", b"\xef\xbb\xbf\n", &[b' '; 1024]] {
            assert_eq!(outcome(&[front, &tiny()].concat()), Ok(MediaType::Pdf), "{front:?}");
        }
        for front in [&b"x"[..], b"<html><!-- ", b"\n\xef\xbb\xbf", &[b' '; 1025]] {
            assert_eq!(outcome(&[front, &tiny()].concat()), Err(Found::Unrecognised.into()), "{front:?}");
        }
        assert_eq!(outcome(b"%PDF-x\n1 0 obj\n"), Err(Found::Unrecognised.into()));
        assert_eq!(header_at(b"%PDF-"), None);
    }

    #[test]
    fn the_first_object_follows_comments_and_space() {
        for file in [
            &b"%PDF-1.7\n1 0 obj<<"[..],
            b"%PDF-1.4\n% \xe2\xe3\n3\n0\nobj\n<<",
            b"%PDF-1.4 and a remark\r%more\r\r12 0 obj[",
            b"%PDF-2.0\n1 0 % why not\nobj\n",
        ] {
            assert_eq!(outcome(file), Ok(MediaType::Pdf));
        }
        for file in [
            &b"%PDF-1.4\nMime-Version: 1.0\nX-Mailer: none\n"[..],
            b"%PDF-1.4\n<html><script>alert(1)</script></html>",
            b"%PDF-1.4\n% 1 0 obj\n",
            b"%PDF-1.4\n%1 0 obj\n",
            b"%PDF-1.4\n1 0 object\n",
            b"%PDF-1.4\n12345678901 0 obj\n",
            b"%PDF-1.4",
            b"%PDF-1.4\nno object at all\nstartxref\n%%EOF\n",
        ] {
            assert_eq!(outcome(file), Err(Found::Damaged(MediaType::Pdf).into()), "{:?}", file.escape_ascii());
        }
    }

    #[test]
    fn junk_before_the_first_object_calls_for_the_end_marker() {
        let file = tiny();
        let junk = [&b"%PDF-1.4\nsome junk\n"[..], &file[9..]].concat();
        assert_eq!(outcome(&junk), Ok(MediaType::Pdf));
        assert_eq!(outcome(&junk[..junk.len() - 30]), Err(Found::Damaged(MediaType::Pdf).into()));
        let long = [&junk[..], &b" ".repeat(20_000), b"startxref"].concat();
        let len = long.len() as u64;
        assert_eq!(outcome(&long), Err(NotAccepted::Needs { offset: len - 1024, length: 1024 }));
        let end = &long[long.len() - 1024..];
        let range = Piece { at: len - 1024, bytes: end };
        assert_eq!(sniff(&Window::with_range(&long[..8192], range, len)), Ok(MediaType::Pdf));
    }

    #[test]
    fn a_first_object_behind_comments_past_the_head_is_reached_with_one_range() {
        let comments = b"% a line of a comment that a generator wrote\n".repeat(300);
        let file = [&b"%PDF-1.4\n"[..], &comments, &tiny()[15..], &b" ".repeat(90_000)].concat();
        let len = file.len() as u64;
        assert_eq!(outcome(&file), Err(NotAccepted::Needs { offset: 8192, length: 65_557 }));
        let complete = |known: &[u8]| sniff(&Window::complete(known, [Piece::default(); 2], len));
        assert_eq!(complete(&file[..8192 + 65_557]), Ok(MediaType::Pdf));
        // Wherever the head ends within the first object's three words.
        let object_at = memmem::find(&file, b"\n1 0 obj").unwrap() + 1;
        for cut in object_at - 2..object_at + 7 {
            let outcome = sniff(&Window::of_head(&file[..cut], len));
            assert_eq!(outcome, Err(NotAccepted::Needs { offset: cut as u64, length: 65_557 }), "{cut}");
        }
        let endless = [&b"%PDF-1.4\n"[..], &b"% more\n".repeat(20_000)].concat();
        let outcome = sniff(&Window::complete(&endless[..73_749], [Piece::default(); 2], endless.len() as u64));
        assert_eq!(outcome, Err(Found::OutOfReach(MediaType::Pdf).into()));
        let script = [&b"%PDF-1.4\n"[..], &comments, b"#!/bin/sh\necho 1 0 obj\n"].concat();
        let outcome = sniff(&Window::complete(&script, [Piece::default(); 2], script.len() as u64));
        assert_eq!(outcome, Err(Found::Program.into()));
    }
}
