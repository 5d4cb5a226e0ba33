//! Redacts credentials that follow the name of an authentication scheme.

use attachments::is_harmless;

use super::REDACTED;

/// The word after one of these names is treated as a credential.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
/// Escapes that may separate a scheme from its credential, in lower case.
const GAPS: [&str; 14] =
    ["%20", "%09", "%0a", "%0d", "%22", "%3a", "%3d", "&nbsp;", "&quot;", "&#32;", "&#x20;", "\\n", "\\r", "\\t"];

/// Redacts the word after the name of an authentication scheme.
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

/// The end of the next scheme's name.
fn next_scheme(lower: &str, from: usize) -> Option<usize> {
    let rest = lower.get(from..)?;
    SCHEMES.iter().filter_map(|scheme| rest.find(scheme).map(|at| from + at + scheme.len())).min()
}

/// The length of the separators between a scheme and its credential.
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

/// Whether a credential may contain the character, in any encoding: it does not end a word in text, JSON or HTML.
fn is_credential(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | ',' | '<' | '>' | '{' | '}' | '[' | ']')
}
