//! Parses the four bytes before every frame of MPEG audio.

/// A header of Layer III.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Version and sample rate, which are the same in the whole file.
    family: (u8, u8),
    /// Bytes from this header to the next. `None` in the free format, where the encoder chooses the length.
    length: Option<usize>,
    /// 1 if the frame has a further byte at its end, otherwise 0.
    padding: usize,
    pub(crate) is_mono: bool,
    /// Whether two bytes of checksum follow the header.
    pub(crate) has_checksum: bool,
}

/// The kinds of frames that four bytes may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    Layer3(FrameHeader),
    /// Layer I or II.
    OtherLayer,
    /// A frame of AAC, which has the same sync word.
    Aac,
    None,
}

/// kbit/s by index. Index 0 is the free format, 15 is invalid.
const RATES_V1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const RATES_V2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES_V1: [u32; 3] = [44_100, 48_000, 32_000];

impl Frame {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let &[0xFF, second, third, fourth, ..] = bytes else {
            return Self::None;
        };
        if second & 0xE0 != 0xE0 {
            return Self::None;
        }
        let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
        let (rate_index, sample_index, padding) = (third >> 4, third >> 2 & 3, third >> 1 & 1);
        if layer == 0 && second & 0xF0 == 0xF0 {
            return Self::Aac;
        }
        // Version 2.5 is 0, 2 is 2, 1 is 3.
        if version == 1 || layer == 0 {
            return Self::None;
        }
        let (rates, samples_by_eight, divisor) = match version {
            3 => (RATES_V1, 144, 1),
            2 => (RATES_V2, 72, 2),
            _ => (RATES_V2, 72, 4),
        };
        let (Some(rate), Some(sample_rate)) =
            (rates.get(usize::from(rate_index)), SAMPLE_RATES_V1.get(usize::from(sample_index)))
        else {
            return Self::None;
        };
        if layer != 1 {
            return Self::OtherLayer;
        }
        let padding = usize::from(padding);
        let unpadded = usize::try_from(samples_by_eight * rate * 1000 / (sample_rate / divisor)).unwrap_or_default();
        Self::Layer3(FrameHeader {
            family: (version, sample_index),
            length: (*rate > 0).then_some(unpadded + padding),
            padding,
            is_mono: fourth >> 6 == 3,
            has_checksum: second & 1 == 0,
        })
    }

    /// The header, if it is one of Layer III.
    pub(crate) fn layer3(bytes: &[u8]) -> Option<FrameHeader> {
        match Self::parse(bytes) {
            Self::Layer3(header) => Some(header),
            _ => None,
        }
    }
}

impl FrameHeader {
    /// Whether both can be frames of the same file.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.family == other.family && self.length.is_some() == other.length.is_some()
    }

    /// Bytes from this header to the next. `free_len` is the length of a free format's frame without its padding.
    pub(crate) fn step(&self, free_len: usize) -> usize {
        self.length.unwrap_or(free_len + self.padding)
    }

    pub(crate) fn is_free_format(&self) -> bool {
        self.length.is_none()
    }

    pub(crate) fn padding(&self) -> usize {
        self.padding
    }

    /// Whether this is MPEG-1, and not a version with lower sample rates.
    pub(crate) fn is_version_1(&self) -> bool {
        self.family.0 == 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_standard() {
        for (bytes, expected) in [
            ([0xFF, 0xFB, 0x90, 0x64], 417),
            ([0xFF, 0xFB, 0x92, 0x64], 418),
            ([0xFF, 0xFA, 0xE4, 0x00], 960),
            ([0xFF, 0xF3, 0x88, 0x64], 288),
            ([0xFF, 0xE3, 0x18, 0xC4], 72),
        ] {
            assert_eq!(Frame::layer3(&bytes).unwrap().step(0), expected, "{bytes:x?}");
        }
        let free = Frame::layer3(&[0xFF, 0xFB, 0x02, 0x64]).unwrap();
        assert!(free.is_free_format());
        assert_eq!(free.step(700), 701);
    }

    #[test]
    fn other_layers_and_invalid_numbers_are_distinguished() {
        assert_eq!(Frame::parse(&[0xFF, 0xFD, 0x90, 0x64]), Frame::OtherLayer);
        assert_eq!(Frame::parse(&[0xFF, 0xFF, 0x90, 0x64]), Frame::OtherLayer);
        assert_eq!(Frame::parse(&[0xFF, 0xF1, 0x50, 0x80]), Frame::Aac);
        for bytes in [[0xFF, 0xFB, 0xF0, 0], [0xFF, 0xFB, 0x9C, 0], [0xFF, 0xEB, 0x90, 0], [0xFE, 0xFB, 0x90, 0]] {
            assert_eq!(Frame::parse(&bytes), Frame::None, "{bytes:x?}");
        }
        assert_eq!(Frame::parse(&[0xFF, 0xFB, 0x90]), Frame::None);
    }
}
