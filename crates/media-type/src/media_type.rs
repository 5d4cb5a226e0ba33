//! The types that the pipeline accepts, with their names and extensions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! media_types {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident {
            name: $name:literal,
            aliases: [$($alias:literal),*],
            extensions: [$($extension:literal),+],
            plain_name: $plain_name:literal,
        }
    )+) => {
        /// A type that the pipeline accepts. Each describes its proof, and when the decision needs a range.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MediaType {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl MediaType {
            /// All of them, in the order in which messages list them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The canonical name, such as `audio/mpeg`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Other names of the same type, such as `audio/mp3`.
            #[must_use]
            pub const fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($alias),*],)+ }
            }

            /// The file name extensions of this type, in lower case and without the dot. The first is the usual one.
            #[must_use]
            pub const fn extensions(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($extension),+],)+ }
            }

            /// The name for people, such as `Word document (DOCX)`. It can follow "a".
            #[must_use]
            pub const fn plain_name(self) -> &'static str {
                match self { $(Self::$variant => $plain_name,)+ }
            }
        }
    };
}

media_types! {
    /// RIFF, RF64 or BW64 wave audio with any codec.
    ///
    /// Proof: RIFF, RF64 or BW64 of the form `WAVE`, and chunks that chain to a possible `fmt `. Zeros between chunks and a chunk
    /// named by four NULs are skipped.
    ///
    /// Range: 64 KiB at the next chunk, if `fmt ` is not in the head.
    Wav {
        name: "audio/wav",
        aliases: ["audio/x-wav", "audio/wave", "audio/vnd.wave"],
        extensions: ["wav", "wave"],
        plain_name: "WAV recording",
    }

    /// MPEG audio, Layer III.
    ///
    /// Proof: after any ID3 version 2 tags, three headers of Layer III, each where the previous frame ends, with the same version
    /// and sample rate. [More](crate#mp3).
    ///
    /// Range: 64 KiB at the tag's end, or after the head if it has no chain.
    Mpeg {
        name: "audio/mpeg",
        aliases: ["audio/mp3"],
        extensions: ["mp3"],
        plain_name: "MP3 recording",
    }

    /// Ogg with audio streams only.
    ///
    /// Proof: pages. Every stream that begins in the head is Vorbis, Opus, FLAC, Speex or a skeleton.
    ///
    /// Range: none.
    Ogg {
        name: "audio/ogg",
        aliases: [],
        extensions: ["ogg", "oga", "opus"],
        plain_name: "Ogg recording",
    }

    /// A PNG image, also an animated one.
    ///
    /// Proof: the signature, an `IHDR` with possible numbers and the right checksum, and the start of another chunk.
    ///
    /// Range: none.
    Png {
        name: "image/png",
        aliases: [],
        extensions: ["png"],
        plain_name: "PNG image",
    }

    /// A JPEG image.
    ///
    /// Proof: segments that chain to a quantisation table or a frame header. They may also chain to the end of the known bytes
    /// after a segment that only JPEG has (JFIF, Exif, Adobe, Photoshop, XMP, ICC, MPF, `FlashPix`). An application segment of
    /// length 0 or 1 is skipped.
    ///
    /// Range: 64 KiB at the next segment, if the head has no segment that only JPEG has.
    Jpeg {
        name: "image/jpeg",
        aliases: [],
        extensions: ["jpg", "jpeg", "jpe", "jfif"],
        plain_name: "JPEG image",
    }

    /// A GIF image.
    ///
    /// Proof: a screen descriptor, and blocks that chain to an image with a possible code size or to the end of the head.
    ///
    /// Range: none.
    Gif {
        name: "image/gif",
        aliases: [],
        extensions: ["gif"],
        plain_name: "GIF image",
    }

    /// A PDF document.
    ///
    /// Proof: `%PDF-` and a digit, after at most a byte order mark and 1 KiB of white space. Then an object (`n n obj`), after
    /// comments only, or after other text if the file has an end mark. A program, an archive or a web page after the header,
    /// before the first object or instead of its content is refused.
    ///
    /// Range: 64 KiB after the head, if the head has only comments. The last 1 KiB, if there is text before the first object.
    Pdf {
        name: "application/pdf",
        aliases: [],
        extensions: ["pdf"],
        plain_name: "PDF document",
    }

    /// A Word 6 to 2003 document.
    ///
    /// Proof: a compound file with a stream `WordDocument` directly below the root, or with Word's class id if the directory is
    /// not completely known. A stream `Workbook`, `Book`, `PowerPoint Document`, `EncryptedPackage` or the like is refused.
    ///
    /// Range: 4 KiB at the directory, or more, up to the sector of the allocation table that continues the directory.
    Msword {
        name: "application/msword",
        aliases: [],
        extensions: ["doc"],
        plain_name: "Word 97-2003 document (DOC)",
    }

    /// An Office Open XML document that is neither a template nor macro-enabled.
    ///
    /// Proof: an archive with an end record and a directory, whose `[Content_Types].xml` and `_rels/.rels` declare a main part of
    /// the type `…wordprocessingml.document.main+xml`, which exists.
    ///
    /// Ranges: the last 65,557 bytes. Then `[Content_Types].xml` if neither head nor tail has it, or the part of the directory
    /// before the tail.
    Docx {
        name: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        aliases: [],
        extensions: ["docx"],
        plain_name: "Word document (DOCX)",
    }
}

impl MediaType {
    /// [`Self::plain_name`] with its article, such as `an MP3 recording`.
    #[must_use]
    pub fn with_article(self) -> String {
        let name = self.plain_name();
        // The letter M of MP3 is spoken with a vowel in front.
        let article = if name.starts_with(['A', 'E', 'I', 'M', 'O']) { "an" } else { "a" };
        format!("{article} {name}")
    }

    /// The type of a file name extension without its dot, in upper or lower case.
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

/// The text is neither the name of an accepted type nor an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a known media type")]
pub struct UnknownMediaType;

impl FromStr for MediaType {
    type Err = UnknownMediaType;

    /// Accepts canonical names and aliases in upper and lower case. The caller must remove white space and parameters.
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

/// The extension of a file name or of the last part of a key: the text after the last dot, unless the dot comes first.
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
    fn extensions_are_known_in_any_case() {
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
    fn extension_is_that_of_the_last_part() {
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
