//! The name of an object's execution, and the execution's ARN.

use std::{fmt, str::FromStr};

use crate::Identity;

/// `{interaction}-{first 32 digits of the identity}`, at most 73 characters. A person finds an interaction's executions by
/// prefix.
///
/// `interaction` is the text that the producer wrote, valid or not. The name contains its first 40 characters. Every
/// character outside `0-9 A-Z a-z _ -` becomes `_`, so the name is valid for any key.
#[must_use]
pub fn execution_name(interaction: &str, identity: &Identity) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let readable: String = interaction.chars().take(40).map(allowed).collect();
    let readable = if readable.is_empty() { "unknown" } else { &readable };
    format!("{readable}-{}", identity.short())
}

/// The ARN of an execution: `arn:{partition}:states:{region}:{account}:execution:{state machine}:{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionArn {
    text: String,
    /// The byte at which the name begins.
    name_at: usize,
}

/// The text is not the ARN of a Standard execution.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not the ARN of an execution")]
pub struct InvalidExecutionArn(String);

impl ExecutionArn {
    /// The longest accepted ARN. Step Functions' own limit is lower.
    const MAX_BYTES: usize = 512;

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The execution's name, its last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..).unwrap_or_default()
    }
}

impl FromStr for ExecutionArn {
    type Err = InvalidExecutionArn;

    fn from_str(text: &str) -> Result<Self, InvalidExecutionArn> {
        let parts: Vec<&str> = text.splitn(9, ':').collect();
        let is_plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
        match parts.as_slice() {
            ["arn", _, "states", _, _, "execution", _, name]
                if text.len() <= Self::MAX_BYTES && parts.iter().all(is_plain) =>
            {
                Ok(Self { name_at: text.len() - name.len(), text: text.to_owned() })
            }
            _ => Err(InvalidExecutionArn(text.chars().take(128).collect())),
        }
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identity() -> Identity {
        "0123456789abcdef".repeat(4).parse().unwrap()
    }

    #[test]
    fn execution_name_begins_with_the_interaction() {
        assert_eq!(execution_name("INT-42", &identity()), "INT-42-0123456789abcdef0123456789abcdef");
        assert_eq!(execution_name("a.b:c", &identity()), "a_b_c-0123456789abcdef0123456789abcdef");
        assert_eq!(execution_name("", &identity()), "unknown-0123456789abcdef0123456789abcdef");
    }

    #[test]
    fn execution_arn_gives_its_name() {
        let text = "arn:aws-cn:states:cn-north-1:123456789012:execution:Machine-1a2B:INT-42-0123";
        let arn: ExecutionArn = text.parse().unwrap();
        assert_eq!((arn.name(), arn.as_str()), ("INT-42-0123", text));
    }

    #[test]
    fn text_that_is_no_execution_arn_is_refused() {
        let long = format!("arn:aws:states:us-east-1:123456789012:execution:m:{}", "x".repeat(512));
        for text in [
            "",
            "INT-42-0123",
            "arn:aws:states:us-east-1:123456789012:stateMachine:m",
            "arn:aws:states:us-east-1:123456789012:stateMachine:m:INT-42-0123",
            "arn:aws:states:us-east-1:123456789012:express:m:INT-42-0123:1",
            "arn:aws:states:us-east-1:123456789012:execution:m:INT-42-0123:more",
            "arn:aws:states:us-east-1:123456789012:execution:m:",
            "arn:aws:states:us-east-1:123456789012:execution::INT-42-0123",
            "arn:aws:lambda:us-east-1:123456789012:execution:m:INT-42-0123",
            "arn:aws:states:us-east-1:123456789012:execution:m:INT 42",
            "arn:aws:states:us-east-1:123456789012:execution:m:INT\n42",
            &long,
        ] {
            let error = text.parse::<ExecutionArn>().unwrap_err().to_string();
            assert!(error.ends_with("is not the ARN of an execution") && error.len() < 400, "{error}");
        }
    }

    proptest! {
        #[test]
        fn execution_name_is_valid_for_any_interaction(text in ".{0,200}") {
            let name = execution_name(&text, &identity());
            prop_assert!((1..=80).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }
}
