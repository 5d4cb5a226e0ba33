//! One request per `Idempotency-Key`: the first attempt under each key, and the differences of later ones.

use std::collections::HashMap;

use crate::cxone::records::UploadRecord;

/// The first attempt under each key.
#[derive(Default)]
pub(crate) struct Repetitions {
    by_key: HashMap<String, Attempt>,
}

/// An upload, as far as it was received.
pub(crate) struct Attempt {
    pub(crate) interaction_id: String,
    /// The request's own header, with the boundary.
    pub(crate) content_type: Option<String>,
    /// None where the body was not read to its end.
    pub(crate) body: Option<WholeBody>,
}

/// A complete body.
pub(crate) struct WholeBody {
    /// Of all its bytes.
    pub(crate) sha256: String,
    /// Its content, to name the differences.
    pub(crate) upload: UploadRecord,
}

impl Repetitions {
    /// Names the differences from the first attempt under the key.
    pub(crate) fn compare(&mut self, key: &str, attempt: Attempt) -> Option<String> {
        let Some(first) = self.by_key.get_mut(key) else {
            self.by_key.insert(key.to_owned(), attempt);
            return None;
        };
        let mut differences = Vec::new();
        if first.interaction_id != attempt.interaction_id {
            differences.push("interaction");
        }
        if let (Some(before), Some(now)) = (&first.body, &attempt.body) {
            differences.extend(before.differences(now));
        }
        if first.content_type != attempt.content_type {
            differences.push("boundary");
        }
        let digest = |attempt: &Attempt| attempt.body.as_ref().map(|body| body.sha256.clone());
        let both = digest(first).zip(digest(&attempt));
        if differences.is_empty() && both.is_some_and(|(before, now)| before != now) {
            differences.push("body");
        }
        if first.body.is_none() && differences.is_empty() {
            first.body = attempt.body;
        }
        if differences.is_empty() { None } else { Some(differences.join(", ")) }
    }
}

impl WholeBody {
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let (before, now) = (&self.upload, &other.upload);
        [
            ("file name", before.file_name_raw != now.file_name_raw),
            ("content type", before.content_type != now.content_type),
            ("content", before.sha256 != now.sha256),
            ("metadata", before.metadata != now.metadata),
            ("autoScan", before.auto_scan != now.auto_scan),
        ]
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(boundary: &str, sha256: Option<&str>) -> Attempt {
        Attempt {
            interaction_id: "INT-1".to_owned(),
            content_type: Some(format!("multipart/form-data; boundary={boundary}")),
            body: sha256.map(|sha256| WholeBody { sha256: sha256.to_owned(), upload: UploadRecord::default() }),
        }
    }

    #[test]
    fn aborted_attempt_is_compared_as_far_as_received() {
        let mut seen = Repetitions::default();
        assert_eq!(seen.compare("k", attempt("a", None)), None);
        assert_eq!(seen.compare("k", attempt("b", None)).as_deref(), Some("boundary"));
        assert_eq!(seen.compare("k", attempt("a", Some("1"))), None);
        assert_eq!(seen.compare("k", attempt("a", Some("2"))).as_deref(), Some("body"), "the first whole body counts");
        assert_eq!(seen.compare("k", attempt("b", Some("2"))).as_deref(), Some("boundary"));
        assert_eq!(seen.compare("other", attempt("b", Some("2"))), None);
    }

    #[test]
    fn all_differences_are_named() {
        let mut seen = Repetitions::default();
        seen.compare("k", attempt("a", Some("1")));
        let mut other = attempt("b", Some("2"));
        other.interaction_id = "INT-2".to_owned();
        if let Some(body) = &mut other.body {
            body.upload.auto_scan = Some(true);
        }
        assert_eq!(seen.compare("k", other).as_deref(), Some("interaction, autoScan, boundary"));
    }
}
