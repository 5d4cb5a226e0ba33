//! An error's causes as one text.

use std::error::Error;

/// The texts of the error's causes, outermost first, joined by `: `. The error's own text if it has no cause.
///
/// Use it for transport errors: their own text repeats the URL, and their causes say what went wrong.
#[must_use]
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn error_without_a_cause_is_shown_by_its_own_text() {
        assert_eq!(causes(&Outer(std::io::Error::other("inner"))), "inner");
        assert_eq!(causes(&std::io::Error::other("alone")), "alone");
    }
}
