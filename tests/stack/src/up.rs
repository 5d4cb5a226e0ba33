//! `make up`: the stack in the background.

use crate::variables::{self, Asked};
use crate::{Binaries, Options, Stack, StackError, banner, output, signals, state};

/// Starts the stack with what `binaries` gives and leaves it running, unless one runs already; what to print.
///
/// If a signal comes, nothing is left running.
pub async fn background(
    options: &Options,
    binaries: impl Future<Output = Result<Binaries, StackError>>,
) -> Result<String, StackError> {
    match state::running(&options.dir) {
        Ok(running) => {
            output::say(&already(&running.description.endpoint, &running.asked, &options.asked));
            return Ok(banner::of(&running.description, &running.asked));
        }
        Err(StackError::NotRunning) => {}
        Err(error) => return Err(error),
    }
    let start = async {
        let binaries = binaries.await?;
        let stack = Stack::start(options, &binaries).await?;
        stack.check_settings(&binaries).await?;
        Ok::<_, StackError>(stack)
    };
    let description = signals::unless_interrupted(Box::pin(start)).await?.detach()?;
    Ok(banner::of(&description, &options.asked))
}

/// That a stack runs, and in what it differs from the one that was asked for.
fn already(endpoint: &str, running: &Asked, now: &Asked) -> String {
    let differences = variables::differences(running, now);
    if differences.is_empty() {
        return format!("a stack already runs at {endpoint}");
    }
    let mut text =
        format!("a stack already runs at {endpoint}, with other variables:\n  {}\n", differences.join("\n  "));
    if differences.iter().any(|difference| ["PROFILE ", "BUILT "].iter().any(|name| difference.starts_with(name))) {
        text += "`make reload` replaces the functions alone, and keeps the data.\n";
    }
    text + "`make down` and then `make up` start a stack with yours; the data of the one that runs is lost."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_second_up_says_what_differs_and_what_to_do() {
        let running = asked(&[("PROFILE", "dev"), ("PARAMS", "A=1")]);
        let same = already("http://x", &running, &running);
        assert_eq!(same, "a stack already runs at http://x");
        let other = already("http://x", &running, &asked(&[("PARAMS", "A=2")]));
        assert!(
            other.contains("PARAMS is \"A=1\" there, and \"A=2\" here") && other.contains("`make down`"),
            "{other}"
        );
        assert!(!other.contains("make reload"), "{other}");
        let profile = already("http://x", &running, &asked(&[("PROFILE", "release")]));
        assert!(profile.contains("`make reload`"), "{profile}");
    }
}
