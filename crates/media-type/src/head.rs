//! Gathers the head of an object from a stream.

use crate::HEAD_LEN;

/// The first [`HEAD_LEN`] bytes of a stream, gathered from frames of any size.
///
/// ```
/// let mut head = media_type::Head::default();
/// for frame in [&b"%PDF"[..], b"-1.7\n", b"1 0 obj\n"] {
///     head.take(frame);
/// }
/// assert!(!head.is_full());
/// assert!(matches!(media_type::inspect(head.bytes(), 17, media_type::ActiveContentPolicy::Macros), media_type::Inspection::Decided(_)));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Head(Vec<u8>);

impl Head {
    /// Adds the bytes of a frame that still fit into the head, and ignores the rest.
    pub fn take(&mut self, frame: &[u8]) {
        let room = HEAD_LEN.saturating_sub(self.0.len());
        self.0.extend_from_slice(frame.get(..room).unwrap_or(frame));
    }

    /// Whether the head is complete.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.0.len() >= HEAD_LEN
    }

    /// The bytes that were gathered so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_the_head_are_ignored() {
        let mut head = Head::default();
        head.take(&[1; 8000]);
        assert!(!head.is_full());
        head.take(&[2; 8000]);
        assert!(head.is_full());
        head.take(&[3; 10]);
        assert_eq!(head.bytes().len(), HEAD_LEN);
        assert_eq!(head.bytes().last(), Some(&2));
    }
}
