//! The matrix of extensions and types, narrowed by the operator.

use std::str::FromStr;

use crate::{MediaType, Refusal, Verdict, extension_of};

/// The types that an installation takes: all, or those that `ALLOWED_MIME_TYPES` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedTypes([bool; MediaType::ALL.len()]);

impl Default for AllowedTypes {
    /// All types.
    fn default() -> Self {
        Self([true; MediaType::ALL.len()])
    }
}

impl AllowedTypes {
    /// Whether files of this type are taken.
    #[must_use]
    pub fn contains(&self, media_type: MediaType) -> bool {
        self.iter().any(|allowed| allowed == media_type)
    }

    /// The types that are taken, in the order of [`MediaType::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = MediaType> + '_ {
        MediaType::ALL.into_iter().zip(self.0).filter_map(|(media_type, allowed)| allowed.then_some(media_type))
    }

    /// The type that a file's name promises. This is the first check, before any content is looked at.
    ///
    /// The error is [`Refusal::UnsupportedExtension`].
    pub fn check_name(&self, file_name: &str) -> Result<MediaType, Refusal> {
        extension_of(file_name)
            .and_then(MediaType::from_extension)
            .filter(|named| self.contains(*named))
            .ok_or(Refusal::UnsupportedExtension)
    }

    /// Joins what the name promised with what the content is: the file's type, or the first reason against it in the
    /// order `unsupported_type`, `type_mismatch`, then `active_content` or `polyglot`.
    pub fn check_content(&self, named: MediaType, verdict: Verdict) -> Result<MediaType, Refusal> {
        let (found, refusal) = match verdict {
            Verdict::Accepted(found) => (found, None),
            Verdict::Refused(refusal @ (Refusal::Polyglot { front, .. } | Refusal::ActiveContent { front, .. })) => {
                (front, Some(refusal))
            }
            Verdict::Refused(refusal) => return Err(refusal),
        };
        if !self.contains(found) {
            return Err(Refusal::NotAllowed(found));
        }
        if found != named {
            return Err(Refusal::TypeMismatch { named, found });
        }
        refusal.map_or(Ok(found), Err)
    }
}

/// What is wrong with a list of allowed types; the text names the entry and all that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedTypesError {
    /// An entry is neither a known name nor an alias.
    #[error("{entry:?} is not a known type; write all, or some of {}", known())]
    Unknown {
        /// The entry as it was written, without the spaces around it.
        entry: String,
    },
    /// The list, or an entry of it, is empty.
    #[error("the list is empty or has an empty entry; write all, or some of {}", known())]
    Empty,
}

fn known() -> String {
    MediaType::ALL
        .into_iter()
        .flat_map(|media_type| std::iter::once(media_type.as_str()).chain(media_type.aliases().iter().copied()))
        .collect::<Vec<_>>()
        .join(", ")
}

impl FromStr for AllowedTypes {
    type Err = AllowedTypesError;

    /// Reads `all`, or a comma-separated list of names and aliases, in any case; spaces around an entry are ignored.
    fn from_str(list: &str) -> Result<Self, Self::Err> {
        if list.trim().eq_ignore_ascii_case("all") {
            return Ok(Self::default());
        }
        let mut allowed = [false; MediaType::ALL.len()];
        for entry in list.split(',').map(str::trim) {
            if entry.is_empty() {
                return Err(AllowedTypesError::Empty);
            }
            let media_type: MediaType =
                entry.parse().map_err(|_| AllowedTypesError::Unknown { entry: entry.to_owned() })?;
            for (slot, candidate) in allowed.iter_mut().zip(MediaType::ALL) {
                *slot |= candidate == media_type;
            }
        }
        Ok(Self(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActiveContent, Found, Hidden};

    #[test]
    fn a_list_takes_names_aliases_and_spaces() {
        let allowed: AllowedTypes = " audio/mp3 ,image/png,AUDIO/X-WAV,image/png".parse().unwrap();
        assert_eq!(allowed.iter().collect::<Vec<_>>(), [MediaType::Wav, MediaType::Mpeg, MediaType::Png]);
        assert!(!allowed.contains(MediaType::Pdf));
        assert_eq!(AllowedTypes::default().iter().count(), MediaType::ALL.len());
        assert_eq!(" All ".parse(), Ok(AllowedTypes::default()));
    }

    #[test]
    fn a_wrong_list_names_the_entry_and_what_is_known() {
        let error = "image/png,image/jpg".parse::<AllowedTypes>().unwrap_err().to_string();
        assert!(
            error.contains("\"image/jpg\"") && error.contains("image/jpeg") && error.contains("audio/mp3"),
            "{error}"
        );
        for empty in ["", " ", "image/png,", ",image/png", "image/png,,image/gif"] {
            assert_eq!(empty.parse::<AllowedTypes>(), Err(AllowedTypesError::Empty), "{empty:?}");
        }
    }

    #[test]
    fn the_name_is_checked_against_what_is_allowed() {
        let only_png: AllowedTypes = "image/png".parse().unwrap();
        assert_eq!(AllowedTypes::default().check_name("a/b.JPE"), Ok(MediaType::Jpeg));
        assert_eq!(only_png.check_name("b.png"), Ok(MediaType::Png));
        for name in ["b.jpg", "b.docm", "png", ".png"] {
            assert_eq!(only_png.check_name(name), Err(Refusal::UnsupportedExtension), "{name}");
        }
    }

    #[test]
    fn the_content_is_checked_in_the_order_of_the_reasons() {
        let all = AllowedTypes::default();
        let only_pdf: AllowedTypes = "application/pdf".parse().unwrap();
        let png = Verdict::Accepted(MediaType::Png);
        let two = Refusal::Polyglot { front: MediaType::Png, hidden: Hidden::Archive };
        let zip = Refusal::UnsupportedType(Found::ZipArchive);
        assert_eq!(all.check_content(MediaType::Png, png), Ok(MediaType::Png));
        assert_eq!(only_pdf.check_content(MediaType::Pdf, png), Err(Refusal::NotAllowed(MediaType::Png)));
        let mismatch = Refusal::TypeMismatch { named: MediaType::Pdf, found: MediaType::Png };
        assert_eq!(all.check_content(MediaType::Pdf, png), Err(mismatch));
        assert_eq!(all.check_content(MediaType::Pdf, Verdict::Refused(two)), Err(mismatch));
        assert_eq!(all.check_content(MediaType::Png, Verdict::Refused(two)), Err(two));
        assert_eq!(all.check_content(MediaType::Png, Verdict::Refused(zip)), Err(zip));
        let macros = Refusal::ActiveContent { front: MediaType::Docx, active: ActiveContent::Macros };
        assert_eq!(all.check_content(MediaType::Docx, Verdict::Refused(macros)), Err(macros));
        let mismatch = Refusal::TypeMismatch { named: MediaType::Pdf, found: MediaType::Docx };
        assert_eq!(all.check_content(MediaType::Pdf, Verdict::Refused(macros)), Err(mismatch));
        let not_allowed = Refusal::NotAllowed(MediaType::Docx);
        assert_eq!(only_pdf.check_content(MediaType::Pdf, Verdict::Refused(macros)), Err(not_allowed));
    }
}
