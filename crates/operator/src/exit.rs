//! The exit code: one function for text, JSON and `--wait`.

use std::process::ExitCode;

use crate::ToolError;

/// What an exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and the answer is good.
    Success = 0,
    /// The answer is bad: not completed, a check failed.
    Bad = 1,
    /// The arguments or the settings are wrong.
    Usage = 2,
    /// Still in progress, or waited too long.
    InProgress = 3,
    /// What was asked for does not exist.
    NotFound = 4,
    /// Credentials, region or permission.
    Access = 5,
    /// Some of many items failed.
    Partial = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The exit code of a command's result.
#[must_use]
pub const fn exit_of(result: &Result<Exit, ToolError>) -> Exit {
    match result {
        Ok(exit) => *exit,
        Err(error) => error.exit(),
    }
}

impl Exit {
    /// The exit code of several answers: that of all if they agree, else the worst of bad, not found, in progress.
    #[must_use]
    pub fn of_all(exits: impl IntoIterator<Item = Self>) -> Self {
        let rank = |exit: &Self| match exit {
            Self::Success => 0,
            Self::InProgress => 1,
            Self::NotFound => 2,
            _ => 3,
        };
        exits.into_iter().max_by_key(rank).unwrap_or(Self::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_answer_makes_all_bad() {
        assert_eq!(Exit::of_all([Exit::Success, Exit::InProgress, Exit::Bad, Exit::NotFound]), Exit::Bad);
        assert_eq!(Exit::of_all([Exit::Success, Exit::InProgress]), Exit::InProgress);
        assert_eq!(Exit::of_all([Exit::Success, Exit::Success]), Exit::Success);
        assert_eq!(Exit::of_all([]), Exit::NotFound);
    }
}
