//! An error's causes as one text.

use std::error::Error;

/// The texts of what caused the error, outermost first, joined by `: `; the error's own text where it has no cause.
///
/// For transport errors: their own text repeats the URL, their causes say what went wrong.
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
    fn causes_are_named_and_the_error_itself_only_without_any() {
        assert_eq!(causes(&Outer(std::io::Error::other("inner"))), "inner");
        assert_eq!(causes(&std::io::Error::other("alone")), "alone");
    }
}
