//! Makes an object from the fuzzer's input.

/// An object that may be up to 255 KiB longer than the input: its content has a gap of zeros. So an input of a few kilobytes can
/// describe bytes after a long tag or picture.
pub struct Object<'a> {
    front: &'a [u8],
    gap: usize,
    back: &'a [u8],
}

impl<'a> Object<'a> {
    /// The input is the gap's length in KiB, the gap's offset (two bytes, little endian), and the content.
    pub fn parse(input: &'a [u8]) -> Option<Self> {
        let (&[kibibytes, low, high], content) = input.split_first_chunk::<3>()?;
        let gap_at = usize::from(u16::from_le_bytes([low, high])).min(content.len());
        let (front, back) = content.split_at(gap_at);
        Some(Self { front, gap: usize::from(kibibytes) * 1024, back })
    }

    pub fn len(&self) -> usize {
        self.front.len() + self.gap + self.back.len()
    }

    /// At most `len` bytes of the object, from `start`.
    pub fn part(&self, start: usize, len: usize) -> Vec<u8> {
        let gap_end = self.front.len() + self.gap;
        let end = (start + len).min(self.len());
        let clip = |piece: &[u8], at: usize| -> Vec<u8> {
            let from = start.saturating_sub(at).min(piece.len());
            let to = end.saturating_sub(at).min(piece.len());
            piece.get(from..to).unwrap_or_default().to_vec()
        };
        let zeros = end.min(gap_end).saturating_sub(start.max(self.front.len()));
        [clip(self.front, 0), vec![0; zeros], clip(self.back, gap_end)].concat()
    }
}
