//! A strict reader of `multipart/form-data` as it streams in (RFC 7578 and 2046).
//!
//! Strict means that forms which these RFCs allow for old mail software are errors here: text before the first
//! boundary, spaces after a boundary, anything but one line end after the closing boundary.

mod disposition;
mod form;
mod metadata;

pub(crate) use form::{Form, Received};

use memchr::memmem;

/// The most bytes of one part's headers.
const HEADER_LIMIT: usize = 16 * 1024;

/// What the reader found.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A part begins: its headers, names in lower case, values as received.
    Part(Vec<(String, Vec<u8>)>),
    /// Bytes of the part's body.
    Data(&'a [u8]),
    /// The part's body is complete.
    PartEnd,
}

/// Why a body is not multipart.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Fault {
    #[error("the body does not begin with the boundary")]
    NoOpeningBoundary,
    #[error("a boundary is followed by neither a line end nor two hyphens")]
    BadBoundaryEnd,
    #[error("a part's headers are longer than {HEADER_LIMIT} bytes")]
    HeadersTooLong,
    #[error("a part's header line is malformed: {0}")]
    BadHeader(String),
    #[error("bytes follow the closing boundary")]
    TrailingBytes,
    #[error("the body ended before the closing boundary")]
    Truncated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    AfterBoundary,
    Headers,
    Data,
    Closed,
}

/// Reads pieces of a body as they arrive.
#[derive(Debug)]
pub(crate) struct Reader {
    /// A line end, two hyphens and the boundary.
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
}

impl Reader {
    pub(crate) fn new(boundary: &str) -> Self {
        Self { delimiter: format!("\r\n--{boundary}").into_bytes(), buffer: Vec::new(), state: State::Start }
    }

    /// Reads the next piece. After an error, the reader must not be used again.
    pub(crate) fn push(&mut self, piece: &[u8], mut met: impl FnMut(Event<'_>)) -> Result<(), Fault> {
        self.buffer.extend_from_slice(piece);
        while self.step(&mut met)? {}
        Ok(())
    }

    /// The body has ended.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match (self.state, self.buffer.as_slice()) {
            (State::Closed, b"" | b"\r\n") => Ok(()),
            (State::Closed, _) => Err(Fault::TrailingBytes),
            _ => Err(Fault::Truncated),
        }
    }

    /// One step; false if it needs more bytes.
    fn step(&mut self, met: &mut impl FnMut(Event<'_>)) -> Result<bool, Fault> {
        match self.state {
            State::Start => {
                // The line end before the first boundary is that of the HTTP headers.
                let opening = self.delimiter.get(2..).unwrap_or_default();
                let seen = self.buffer.len().min(opening.len());
                if self.buffer.get(..seen) != opening.get(..seen) {
                    return Err(Fault::NoOpeningBoundary);
                }
                let whole = seen == opening.len();
                if whole {
                    self.advance(seen, State::AfterBoundary);
                }
                Ok(whole)
            }
            State::AfterBoundary => match self.buffer.get(..2) {
                None => Ok(false),
                Some(b"\r\n") => {
                    self.advance(2, State::Headers);
                    Ok(true)
                }
                Some(b"--") => {
                    self.advance(2, State::Closed);
                    Ok(true)
                }
                Some(_) => Err(Fault::BadBoundaryEnd),
            },
            State::Headers => self.headers(met),
            State::Data => Ok(self.data(met)),
            State::Closed => {
                if b"\r\n".starts_with(&self.buffer) {
                    Ok(false)
                } else {
                    Err(Fault::TrailingBytes)
                }
            }
        }
    }

    fn headers(&mut self, met: &mut impl FnMut(Event<'_>)) -> Result<bool, Fault> {
        if self.buffer.starts_with(b"\r\n") {
            self.advance(2, State::Data);
            met(Event::Part(Vec::new()));
            return Ok(true);
        }
        let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") else {
            return if self.buffer.len() > HEADER_LIMIT { Err(Fault::HeadersTooLong) } else { Ok(false) };
        };
        let block = String::from_utf8_lossy(self.buffer.get(..end).unwrap_or_default()).into_owned();
        let mut headers = Vec::new();
        let mut rest = self.buffer.get(..end).unwrap_or_default();
        while !rest.is_empty() {
            let line_end = memmem::find(rest, b"\r\n").unwrap_or(rest.len());
            let (line, after) = rest.split_at(line_end);
            rest = after.get(2..).unwrap_or_default();
            headers.push(header(line).ok_or_else(|| Fault::BadHeader(block.clone()))?);
        }
        self.advance(end + 4, State::Data);
        met(Event::Part(headers));
        Ok(true)
    }

    fn data(&mut self, met: &mut impl FnMut(Event<'_>)) -> bool {
        if let Some(end) = memmem::find(&self.buffer, &self.delimiter) {
            met(Event::Data(self.buffer.get(..end).unwrap_or_default()));
            met(Event::PartEnd);
            self.advance(end + self.delimiter.len(), State::AfterBoundary);
            return true;
        }
        // The last bytes may be the beginning of a delimiter.
        let sure = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
        met(Event::Data(self.buffer.get(..sure).unwrap_or_default()));
        self.advance(sure, State::Data);
        false
    }

    fn advance(&mut self, count: usize, state: State) {
        self.buffer.drain(..count);
        self.state = state;
    }
}

fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(colon);
    let value = value.get(1..)?.trim_ascii();
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let plain = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    if name.is_empty() || !name.iter().all(token) || !value.iter().all(plain) {
        return None;
    }
    Some((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], size: usize) -> Result<Vec<(String, String)>, Fault> {
        let mut reader = Reader::new("b0");
        let mut parts: Vec<(String, String)> = Vec::new();
        let mut ended = 0;
        for piece in body.chunks(size) {
            reader.push(piece, |event| match event {
                Event::Part(headers) => {
                    let lines: Vec<_> = headers
                        .iter()
                        .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)))
                        .collect();
                    parts.push((lines.join(","), String::new()));
                }
                Event::Data(bytes) => parts.last_mut().unwrap().1.push_str(&String::from_utf8_lossy(bytes)),
                Event::PartEnd => ended += 1,
            })?;
        }
        reader.finish()?;
        assert_eq!(ended, parts.len());
        Ok(parts)
    }

    const TWO: &[u8] = b"--b0\r\nA: x\r\nB-c:y \r\n\r\none\r\n--b\r\ntwo\r\n--b0\r\nA: z\r\n\r\n\r\n--b0--\r\n";

    #[test]
    fn parts_are_read_wherever_the_pieces_are_cut() {
        let expected = [("a=x,b-c=y".to_owned(), "one\r\n--b\r\ntwo".to_owned()), ("a=z".to_owned(), String::new())];
        for size in 1..=TWO.len() {
            assert_eq!(read(TWO, size).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn part_can_have_no_headers() {
        let expected = [(String::new(), "x".to_owned())];
        for size in [1, 2, 100] {
            assert_eq!(read(b"--b0\r\n\r\nx\r\n--b0--", size).unwrap(), expected);
        }
    }

    #[test]
    fn last_line_end_can_be_missing() {
        assert_eq!(read(&TWO[..TWO.len() - 2], 7).unwrap().len(), 2);
    }

    #[test]
    fn every_shorter_body_is_truncated() {
        for end in 0..TWO.len() - 2 {
            assert_eq!(read(&TWO[..end], 5).unwrap_err(), Fault::Truncated, "{end} bytes");
        }
    }

    #[test]
    fn trailing_bytes_are_refused_at_once() {
        let mut reader = Reader::new("b0");
        assert_eq!(reader.push(b"--b0--\r\nx", |_| {}), Err(Fault::TrailingBytes));
    }

    #[test]
    fn malformed_bodies_are_named() {
        let check = |body: &[u8], expected: &Fault| {
            for size in [1, 3, 1000] {
                assert_eq!(read(body, size).unwrap_err(), *expected, "pieces of {size}");
            }
        };
        check(b"preamble\r\n--b0--\r\n", &Fault::NoOpeningBoundary);
        check(b"\r\n--b0--\r\n", &Fault::NoOpeningBoundary);
        check(b"--b0 \r\nA: x\r\n\r\n\r\n--b0--", &Fault::BadBoundaryEnd);
        check(b"--b0--\r\n\r\n", &Fault::TrailingBytes);
        check(b"--b0--x", &Fault::TrailingBytes);
        check(b"--b0--\r", &Fault::TrailingBytes);
        check(b"--b0\r\nA x\r\n\r\n\r\n--b0--", &Fault::BadHeader("A x".to_owned()));
        check(b"--b0\r\nA: x\ny\r\n\r\n\r\n--b0--", &Fault::BadHeader("A: x\ny".to_owned()));
        let long = [b"--b0\r\nA: ".as_slice(), &vec![b'x'; HEADER_LIMIT + 4], b"\r\n\r\n"].concat();
        assert_eq!(read(&long, 100).unwrap_err(), Fault::HeadersTooLong);
    }
}
