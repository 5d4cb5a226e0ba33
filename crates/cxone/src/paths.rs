//! The paths of uploads and jobs below the base URL.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// All characters except RFC 3986's unreserved ones and the colon, which needs no escape after the first slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// A path with a placeholder for an id, such as `jobs/{job_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    before: String,
    after: String,
}

/// Why a text is not a path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// The placeholder is missing, or is there twice.
    #[error("it must contain {{{0}}} exactly once")]
    Placeholder(&'static str),
    /// The text is not a plain path below the base URL.
    #[error(
        "it must be a path below CXONE_BASE_URL: visible ASCII without `?`, `#`, `\\`, `//`, `.` and `..` segments, and with no `/` at its start"
    )]
    NotAPath,
}

impl PathTemplate {
    /// Parses a template. `placeholder` is the name between the braces.
    ///
    /// # Errors
    /// [`InvalidPath`] says which rule the text breaks.
    pub fn parse(text: &str, placeholder: &'static str) -> Result<Self, InvalidPath> {
        let mark = format!("{{{placeholder}}}");
        let (before, after) = text.split_once(&mark).ok_or(InvalidPath::Placeholder(placeholder))?;
        if after.contains(&mark) {
            return Err(InvalidPath::Placeholder(placeholder));
        }
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\' | '{' | '}');
        let segments = || text.split('/');
        let is_relative = segments().any(|segment| matches!(segment, "" | "." | ".."));
        if is_relative || !before.chars().chain(after.chars()).all(plain) {
            return Err(InvalidPath::NotAPath);
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The URL below `base`, with the id percent-encoded.
    pub(crate) fn url(&self, base: &Url, id: &str) -> Url {
        let mut url = base.clone();
        let id = utf8_percent_encode(id, ESCAPED);
        url.set_path(&format!("{}/{}{id}{}", base.path().trim_end_matches('/'), self.before, self.after));
        url
    }
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{…}}{}", self.before, self.after)
    }
}

macro_rules! path {
    ($(#[doc = $doc:literal])+ $name:ident, $placeholder:literal, $default:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub(crate) PathTemplate);

        impl FromStr for $name {
            type Err = InvalidPath;

            fn from_str(text: &str) -> Result<Self, InvalidPath> {
                PathTemplate::parse(text, $placeholder).map(Self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                let (before, after) = $default;
                Self(PathTemplate { before: before.to_owned(), after: after.to_owned() })
            }
        }
    };
}

path!(
    /// The path of uploads, by default `interactions/{interaction_id}/attachments`.
    UploadPath,
    "interaction_id",
    ("interactions/", "/attachments")
);
path!(
    /// The path of jobs, by default `jobs/{job_id}`.
    JobPath,
    "job_id",
    ("jobs/", "")
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base() -> Url {
        "https://cxone.example/api/v2/".parse().unwrap()
    }

    #[test]
    fn id_is_encoded_into_one_segment() {
        let path = JobPath::default().0;
        for (id, expected) in [
            ("8f14e45f:1", "jobs/8f14e45f:1"),
            ("a/../b?c#d%2e\\é", "jobs/a%2F..%2Fb%3Fc%23d%252e%5C%C3%A9"),
            ("%2e%2e", "jobs/%252e%252e"),
        ] {
            assert_eq!(path.url(&base(), id).as_str(), format!("https://cxone.example/api/v2/{expected}"));
        }
    }

    #[test]
    fn custom_path_is_used_unchanged() {
        let path: UploadPath = "contacts/{interaction_id}/files".parse().unwrap();
        assert_eq!(path.0.url(&base(), "INT-1").path(), "/api/v2/contacts/INT-1/files");
        let path: JobPath = "job-status/v1/{job_id}/state".parse().unwrap();
        assert_eq!(path.0.url(&"https://x.example".parse().unwrap(), "j").path(), "/job-status/v1/j/state");
    }

    #[test]
    fn invalid_path_is_reported_with_the_broken_rule() {
        for text in ["jobs", "jobs/{interaction_id}", "{job_id}/{job_id}"] {
            assert_eq!(text.parse::<JobPath>(), Err(InvalidPath::Placeholder("job_id")), "{text}");
        }
        for text in ["/jobs/{job_id}", "a//{job_id}", "../{job_id}", "jobs?id={job_id}", "j#{job_id}", "j b/{job_id}"] {
            assert_eq!(text.parse::<JobPath>(), Err(InvalidPath::NotAPath), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_id_reads_back_from_one_segment(id in "\\PC{1,40}") {
            prop_assume!(id != "." && id != "..");
            let url = JobPath::default().0.url(&base(), &id);
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4, "{}", url);
            let read = percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap();
            prop_assert_eq!(read, id);
        }
    }
}
