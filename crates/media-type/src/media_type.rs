//! The nine types, their names, aliases and extensions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One of the nine types that the pipeline takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// RIFF, RF64 or BW64 wave audio, whatever its codec.
    Wav,
    /// MPEG audio, Layer III.
    Mpeg,
    /// Ogg with audio streams only.
    Ogg,
    /// A PNG image, animated ones included.
    Png,
    /// A JPEG image.
    Jpeg,
    /// A GIF image.
    Gif,
    /// A PDF document.
    Pdf,
    /// A Word 6 to 2003 document.
    Msword,
    /// An Office Open XML document that is no template and has no macros.
    Docx,
}

impl MediaType {
    /// All nine, in the order in which messages list them.
    pub const ALL: [Self; 9] =
        [Self::Wav, Self::Mpeg, Self::Ogg, Self::Png, Self::Jpeg, Self::Gif, Self::Pdf, Self::Msword, Self::Docx];

    /// The canonical name, such as `audio/mpeg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mpeg => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Pdf => "application/pdf",
            Self::Msword => "application/msword",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }

    /// Other names of the same type, such as `audio/mp3`.
    #[must_use]
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Wav => &["audio/x-wav", "audio/wave", "audio/vnd.wave"],
            Self::Mpeg => &["audio/mp3"],
            _ => &[],
        }
    }

    /// The file name extensions of this type, in lower case and without the dot; the first is the usual one.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Wav => &["wav", "wave"],
            Self::Mpeg => &["mp3"],
            Self::Ogg => &["ogg", "oga", "opus"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Gif => &["gif"],
            Self::Pdf => &["pdf"],
            Self::Msword => &["doc"],
            Self::Docx => &["docx"],
        }
    }

    /// What a person would call such a file, such as `Word document (DOCX)`. It follows "a".
    #[must_use]
    pub const fn plain_name(self) -> &'static str {
        match self {
            Self::Wav => "WAV recording",
            Self::Mpeg => "MP3 recording",
            Self::Ogg => "Ogg recording",
            Self::Png => "PNG image",
            Self::Jpeg => "JPEG image",
            Self::Gif => "GIF image",
            Self::Pdf => "PDF document",
            Self::Msword => "Word 97-2003 document (DOC)",
            Self::Docx => "Word document (DOCX)",
        }
    }

    /// The type that an extension stands for, in any case and without its dot.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|media_type| media_type.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension)))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is neither one of the nine nor an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a known media type")]
pub struct UnknownMediaType;

impl FromStr for MediaType {
    type Err = UnknownMediaType;

    /// Takes canonical names and aliases, in any case; white space and parameters are the caller's to remove.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|media_type| {
                media_type.as_str().eq_ignore_ascii_case(name)
                    || media_type.aliases().iter().any(|alias| alias.eq_ignore_ascii_case(name))
            })
            .ok_or(UnknownMediaType)
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

/// The extension of a file name or of the last part of a key: what follows the last dot, unless nothing stands before it.
///
/// ```
/// assert_eq!(media_type::extension_of("calls/2026/Notes.v2.PDF"), Some("PDF"));
/// assert_eq!(media_type::extension_of("calls.d/readme"), None);
/// assert_eq!(media_type::extension_of(".pdf"), None);
/// ```
#[must_use]
pub fn extension_of(file_name: &str) -> Option<&str> {
    let last = file_name.rsplit('/').next()?;
    match last.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => Some(extension),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_parse_in_any_case() {
        for media_type in MediaType::ALL {
            assert_eq!(media_type.as_str().parse(), Ok(media_type));
            assert_eq!(media_type.as_str().to_uppercase().parse(), Ok(media_type));
        }
        for (alias, media_type) in [
            ("audio/mp3", MediaType::Mpeg),
            ("audio/x-wav", MediaType::Wav),
            ("audio/wave", MediaType::Wav),
            ("audio/vnd.wave", MediaType::Wav),
        ] {
            assert_eq!(alias.parse(), Ok(media_type));
        }
        for wrong in ["", "audio", "image/jpg", "audio/mpeg ", "application/zip"] {
            assert_eq!(wrong.parse::<MediaType>(), Err(UnknownMediaType), "{wrong:?}");
        }
    }

    #[test]
    fn serde_uses_the_canonical_name() {
        assert_eq!(serde_json::to_string(&MediaType::Mpeg).unwrap(), "\"audio/mpeg\"");
        assert_eq!(serde_json::from_str::<MediaType>("\"audio/mp3\"").unwrap(), MediaType::Mpeg);
        assert!(serde_json::from_str::<MediaType>("\"text/html\"").is_err());
    }

    #[test]
    fn extensions_map_in_any_case() {
        for (extension, expected) in [
            ("wav", Some(MediaType::Wav)),
            ("MP3", Some(MediaType::Mpeg)),
            ("oga", Some(MediaType::Ogg)),
            ("jpe", Some(MediaType::Jpeg)),
            ("JPEG", Some(MediaType::Jpeg)),
            ("jfif", Some(MediaType::Jpeg)),
            ("Opus", Some(MediaType::Ogg)),
            ("wave", Some(MediaType::Wav)),
            ("doc", Some(MediaType::Msword)),
            ("docx", Some(MediaType::Docx)),
            ("docm", None),
            ("", None),
            ("ogv", None),
        ] {
            assert_eq!(MediaType::from_extension(extension), expected, "{extension:?}");
        }
    }

    #[test]
    fn the_extension_is_that_of_the_last_part() {
        for (name, expected) in [
            ("a.pdf", Some("pdf")),
            ("a.tar.gz", Some("gz")),
            ("dir.pdf/a", None),
            ("dir/.pdf", None),
            ("a.", None),
            ("", None),
            ("a.pdf ", Some("pdf ")),
        ] {
            assert_eq!(extension_of(name), expected, "{name:?}");
        }
    }
}
