//! Finds the EICAR anti-virus test string in a stream.

use memchr::memmem::Finder;

/// The two halves of the test string. In one piece, scanners would find this program infected.
const HALVES: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// The 68 bytes of the test string, put together at run time.
#[must_use]
pub fn test_string() -> String {
    HALVES.concat()
}

/// Looks for the test string in pieces as they come.
#[derive(Debug)]
pub(crate) struct Scanner {
    finder: Finder<'static>,
    /// The end of the earlier pieces, one byte shorter than the test string.
    tail: Vec<u8>,
    found: bool,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self { finder: Finder::new(test_string().as_bytes()).into_owned(), tail: Vec::new(), found: false }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.found {
            return;
        }
        let keep = self.finder.needle().len() - 1;
        // First the seam between the pieces, then the piece alone, which is not copied.
        let (head, _) = piece.split_at(piece.len().min(keep));
        self.tail.extend_from_slice(head);
        self.found = self.finder.find(&self.tail).is_some() || self.finder.find(piece).is_some();
        if piece.len() >= keep {
            self.tail.clear();
            self.tail.extend(piece.iter().skip(piece.len() - keep));
        } else {
            self.tail.drain(..self.tail.len().saturating_sub(keep));
        }
    }

    pub(crate) fn found(&self) -> bool {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&[u8]]) -> bool {
        let mut scanner = Scanner::new();
        for piece in pieces {
            scanner.push(piece);
        }
        scanner.found()
    }

    #[test]
    fn the_string_has_its_published_length() {
        assert_eq!(test_string().len(), 68);
    }

    #[test]
    fn test_string_is_found_wherever_the_pieces_are_cut() {
        let text = [b"%PDF-1.4 x".as_slice(), test_string().as_bytes(), b" %%EOF"].concat();
        for cut in 0..=text.len() {
            let (left, right) = text.split_at(cut);
            assert!(found(&[left, right]), "cut at {cut}");
        }
        for size in 1..text.len() {
            assert!(found(&text.chunks(size).collect::<Vec<_>>()), "pieces of {size}");
        }
    }

    #[test]
    fn test_string_with_bytes_in_between_is_not_found() {
        let string = test_string();
        for cut in 1..string.len() {
            let (left, right) = string.as_bytes().split_at(cut);
            assert!(!found(&[left, b"-", right]), "cut at {cut}");
        }
        assert!(!found(&[&string.as_bytes()[..67]]));
    }
}
