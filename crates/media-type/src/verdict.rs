//! The result of a decision.

use std::fmt;

use crate::{ActiveContent, MediaType};

/// The result of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The content is of this type.
    Accepted(MediaType),
    /// The content is refused.
    Refused(Refusal),
}

/// Why a file is refused. The text never repeats content of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file's name has no extension, or its extension belongs to no allowed type.
    #[error("the file name has no extension, or one that is not accepted")]
    UnsupportedExtension,
    /// The content has no accepted type.
    #[error("the content is {0}")]
    UnsupportedType(Found),
    /// The content has an accepted type that the operator does not allow.
    #[error("the content is {}, which this installation does not accept (ALLOWED_MIME_TYPES)", .0.with_article())]
    NotAllowed(MediaType),
    /// Name and content have different types.
    #[error("the extension means {}, but the content is {}", named.with_article(), found.with_article())]
    TypeMismatch {
        /// The type of the file name's extension.
        named: MediaType,
        /// The type of the content.
        found: MediaType,
    },
    /// The content has an accepted type and contains active content that the operator refuses.
    #[error("the content is {} that contains {active}", front.with_article())]
    ActiveContent {
        /// The type of the content.
        front: MediaType,
        /// The active content.
        active: ActiveContent,
    },
    /// The content starts as an accepted type and contains something else too.
    #[error("the content starts as {}, but {hidden}", front.with_article())]
    Polyglot {
        /// The type of the file's start.
        front: MediaType,
        /// The hidden content.
        hidden: Hidden,
    },
}

impl Refusal {
    /// The reason code of this refusal in the pipeline.
    #[must_use]
    pub const fn code(&self) -> RefusalCode {
        match self {
            Self::UnsupportedExtension => RefusalCode::UnsupportedExtension,
            Self::UnsupportedType(_) | Self::NotAllowed(_) => RefusalCode::UnsupportedType,
            Self::TypeMismatch { .. } => RefusalCode::TypeMismatch,
            Self::ActiveContent { .. } => RefusalCode::ActiveContent,
            Self::Polyglot { .. } => RefusalCode::Polyglot,
        }
    }
}

/// The pipeline's reason codes for a refused type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// `unsupported_extension`
    UnsupportedExtension,
    /// `unsupported_type`
    UnsupportedType,
    /// `type_mismatch`
    TypeMismatch,
    /// `active_content`
    ActiveContent,
    /// `polyglot`
    Polyglot,
}

impl RefusalCode {
    /// The code as records and logs show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnsupportedExtension => "unsupported_extension",
            Self::UnsupportedType => "unsupported_type",
            Self::TypeMismatch => "type_mismatch",
            Self::ActiveContent => "active_content",
            Self::Polyglot => "polyglot",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The hidden content of a polyglot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// A ZIP archive, which may be a JAR.
    Archive,
    /// Bytes after the end of the document's own archive.
    TrailingData,
    /// Bytes before the document's own archive, or an entry that its directory does not list.
    LeadingData,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archive => "it also contains a ZIP archive",
            Self::TrailingData => "other data follows its end",
            Self::LeadingData => "it contains other data that its directory does not list",
        })
    }
}

/// The likely type of refused content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// The object has no bytes.
    Empty,
    /// It starts like this type, but its structure is broken or incomplete.
    Damaged(MediaType),
    /// It starts like this type, but the ranged reads do not reach the bytes that would prove it.
    OutOfReach(MediaType),
    /// A Word document with macros (`.docm`).
    MacroEnabledDocument,
    /// A Word template (`.dotx`).
    WordTemplate,
    /// A Word template with macros (`.dotm`).
    MacroEnabledTemplate,
    /// An Office document that needs a password.
    EncryptedOffice,
    /// A workbook, in the old or the new format.
    Spreadsheet,
    /// A presentation, in the old or the new format.
    Presentation,
    /// Another Office Open XML package, or a similar package.
    OtherPackage,
    /// An `OpenDocument` file or an EPUB book.
    OpenDocument,
    /// A ZIP archive of another kind.
    ZipArchive,
    /// An Outlook message.
    OutlookMessage,
    /// A compound file (OLE2) of another kind.
    OtherCompoundFile,
    /// Ogg with a video stream.
    OggVideo,
    /// Ogg with a stream that is neither Vorbis, Opus, FLAC nor Speex.
    OtherOgg,
    /// MPEG audio of Layer I or II.
    MpegLayerOneOrTwo,
    /// AAC audio.
    Aac,
    /// FLAC audio outside Ogg.
    Flac,
    /// Monkey's Audio.
    MonkeysAudio,
    /// An ID3 tag that is not followed by MP3.
    OtherTagged,
    /// Wave audio with big-endian numbers (RIFX).
    BigEndianWave,
    /// A WebP image.
    WebP,
    /// AVI video.
    Avi,
    /// RIFF of another kind.
    OtherRiff,
    /// A JPEG-LS image.
    JpegLs,
    /// MP4, M4A, `QuickTime` or HEIC.
    IsoMedia,
    /// A TIFF image.
    Tiff,
    /// An SVG image.
    Svg,
    /// A web page.
    Html,
    /// Another XML document.
    Xml,
    /// Rich text.
    Rtf,
    /// `PostScript`.
    PostScript,
    /// A program or script.
    Program,
    /// An archive other than ZIP.
    OtherArchive,
    /// Plain text.
    Text,
    /// Content of an unknown type.
    Unrecognised,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged(media_type) => {
                return write!(f, "{}, but broken or incomplete", media_type.with_article());
            }
            Self::OutOfReach(media_type) => {
                return write!(
                    f,
                    "perhaps {}, but the bytes that would prove it are out of reach",
                    media_type.with_article()
                );
            }
            Self::Empty => "empty",
            Self::MacroEnabledDocument => "a macro-enabled Word document",
            Self::WordTemplate => "a Word template",
            Self::MacroEnabledTemplate => "a macro-enabled Word template",
            Self::EncryptedOffice => "an encrypted Office document",
            Self::Spreadsheet => "a spreadsheet",
            Self::Presentation => "a presentation",
            Self::OtherPackage => "an Office package other than a Word document",
            Self::OpenDocument => "an OpenDocument file or e-book",
            Self::ZipArchive => "a ZIP archive",
            Self::OutlookMessage => "an Outlook message",
            Self::OtherCompoundFile => "a compound file other than a Word document",
            Self::OggVideo => "Ogg with video",
            Self::OtherOgg => "Ogg with a codec that is not accepted",
            Self::MpegLayerOneOrTwo => "MPEG audio of Layer I or II",
            Self::Aac => "AAC audio",
            Self::Flac => "FLAC audio",
            Self::MonkeysAudio => "Monkey's Audio",
            Self::OtherTagged => "an ID3 tag followed by something other than MP3",
            Self::BigEndianWave => "big-endian wave audio (RIFX)",
            Self::WebP => "a WebP image",
            Self::Avi => "AVI video",
            Self::OtherRiff => "RIFF other than wave audio",
            Self::JpegLs => "a JPEG-LS image",
            Self::IsoMedia => "MP4, QuickTime or HEIF media",
            Self::Tiff => "a TIFF image",
            Self::Svg => "an SVG image",
            Self::Html => "a web page",
            Self::Xml => "an XML document",
            Self::Rtf => "rich text",
            Self::PostScript => "PostScript",
            Self::Program => "a program or script",
            Self::OtherArchive => "an archive",
            Self::Text => "text",
            Self::Unrecognised => "of no known type",
        })
    }
}
