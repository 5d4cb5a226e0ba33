//! The name of an object's execution in the Step Functions console.

use crate::Identity;

/// `{interaction, at most 40}-{first 32 of the identity}`: at most 73 of `0-9 A-Z a-z _ -`, so valid for any key,
/// and a person finds an interaction's executions by prefix.
///
/// `interaction` is the text as the producer wrote it, whether it is a valid id or not; every other character becomes `_`.
#[must_use]
pub fn execution_name(interaction: &str, identity: &Identity) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let readable: String = interaction.chars().take(40).map(safe).collect();
    let readable = if readable.is_empty() { "unknown" } else { &readable };
    format!("{readable}-{}", identity.short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identity() -> Identity {
        "0123456789abcdef".repeat(4).parse().unwrap()
    }

    #[test]
    fn keeps_what_a_person_looks_for() {
        assert_eq!(execution_name("INT-42", &identity()), "INT-42-0123456789abcdef0123456789abcdef");
        assert_eq!(execution_name("a.b:c", &identity()), "a_b_c-0123456789abcdef0123456789abcdef");
        assert_eq!(execution_name("", &identity()), "unknown-0123456789abcdef0123456789abcdef");
    }

    proptest! {
        #[test]
        fn is_a_valid_name_for_any_text(text in ".{0,200}") {
            let name = execution_name(&text, &identity());
            prop_assert!((1..=80).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }
}
