//! Where below the base URL an upload or a job is found.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// RFC 3986's unreserved characters, and the colon, which needs no escape behind the first slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// A path with a place for an id, such as `jobs/{job_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    before: String,
    after: String,
}

/// Why a text is no path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// The placeholder is missing or there twice.
    #[error("it must hold {{{0}}} exactly once")]
    Placeholder(&'static str),
    /// It is no plain path below the base URL.
    #[error(
        "it must be a path below CXONE_BASE_URL: visible ASCII without `?`, `#`, `\\`, `//`, `.` and `..` segments, and with no `/` at its start"
    )]
    NotAPath,
}

impl PathTemplate {
    /// Takes a template apart. `placeholder` is the name between the braces.
    ///
    /// # Errors
    /// [`InvalidPath`] says which rule it breaks.
    pub fn parse(text: &str, placeholder: &'static str) -> Result<Self, InvalidPath> {
        let mark = format!("{{{placeholder}}}");
        let (before, after) = text.split_once(&mark).ok_or(InvalidPath::Placeholder(placeholder))?;
        if after.contains(&mark) {
            return Err(InvalidPath::Placeholder(placeholder));
        }
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\' | '{' | '}');
        let segments = || text.split('/');
        let odd = segments().any(|segment| matches!(segment, "" | "." | ".."));
        if odd || !before.chars().chain(after.chars()).all(plain) {
            return Err(InvalidPath::NotAPath);
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The URL below `base`, the id percent-encoded.
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
    fn an_id_cannot_leave_its_place() {
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
    fn a_path_of_ones_own_is_used_as_written() {
        let path: UploadPath = "contacts/{interaction_id}/files".parse().unwrap();
        assert_eq!(path.0.url(&base(), "INT-1").path(), "/api/v2/contacts/INT-1/files");
        let path: JobPath = "job-status/v1/{job_id}/state".parse().unwrap();
        assert_eq!(path.0.url(&"https://x.example".parse().unwrap(), "j").path(), "/job-status/v1/j/state");
    }

    #[test]
    fn a_path_that_is_none_names_the_rule() {
        for text in ["jobs", "jobs/{interaction_id}", "{job_id}/{job_id}"] {
            assert_eq!(text.parse::<JobPath>(), Err(InvalidPath::Placeholder("job_id")), "{text}");
        }
        for text in ["/jobs/{job_id}", "a//{job_id}", "../{job_id}", "jobs?id={job_id}", "j#{job_id}", "j b/{job_id}"] {
            assert_eq!(text.parse::<JobPath>(), Err(InvalidPath::NotAPath), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_reads_back_from_one_segment(id in "\\PC{1,40}") {
            prop_assume!(id != "." && id != "..");
            let url = JobPath::default().0.url(&base(), &id);
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4, "{}", url);
            let read = percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap();
            prop_assert_eq!(read, id);
        }
    }
}
