//! Credentials that are known by the name of their authentication scheme.

use attachments::is_harmless;

use super::REDACTED;

/// What follows one of these is a credential, whatever it is.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
/// Escapes that may stand between a scheme and its credential, in lower case.
const GAPS: [&str; 14] =
    ["%20", "%09", "%0a", "%0d", "%22", "%3a", "%3d", "&nbsp;", "&quot;", "&#32;", "&#x20;", "\\n", "\\r", "\\t"];

/// Hides the word that follows the name of an authentication scheme.
pub(super) fn without_credentials(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(end) = next_scheme(&lower, at) {
        let gap = gap(lower.get(end..).unwrap_or_default());
        let rest = text.get(end + gap..).unwrap_or_default();
        let word = rest.find(|c: char| !is_credential(c)).unwrap_or(rest.len());
        shown.push_str(text.get(at..end).unwrap_or_default());
        at = end;
        if gap > 0 && word > 0 {
            shown.push(' ');
            shown.push_str(REDACTED);
            at = end + gap + word;
        }
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// Where the next scheme's name ends.
fn next_scheme(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    SCHEMES.iter().filter_map(|scheme| rest.find(scheme).map(|at| from + at + scheme.len())).min()
}

/// The length of what may stand between a scheme and its credential.
fn gap(lower: &str) -> usize {
    let separates = |c: char| c.is_whitespace() || matches!(c, ':' | '=' | '+' | '"' | '\'') || !is_harmless(c);
    let mut rest = lower;
    loop {
        let trimmed = rest.trim_start_matches(separates);
        let next = GAPS.iter().find_map(|gap| trimmed.strip_prefix(gap)).unwrap_or(trimmed);
        if next.len() == rest.len() {
            return lower.len() - rest.len();
        }
        rest = next;
    }
}

/// What a credential may be made of, in any encoding: everything but what ends a word in text, JSON or HTML.
fn is_credential(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | ',' | '<' | '>' | '{' | '}' | '[' | ']')
}
