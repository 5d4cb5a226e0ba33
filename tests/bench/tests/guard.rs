//! Compares the functions with their budgets (`budgets.json`): sizes, and the instructions of a cold start. It measures no time.

use std::path::{Path, PathBuf};

use bench::{
    Error,
    fakes::Fakes,
    measure::{Callgrind, callgrind_is_there, size},
    report::{Budgets, budgets},
};
use stack::{Binaries, Options};

/// The functions as they are deployed: compiled here, or those of a `sam build` in the folder `BUILT`.
async fn functions() -> Result<Binaries, Error> {
    let mut options = Options::private("guard")?;
    "release".clone_into(&mut options.profile);
    Ok(Binaries::build(&options.functions(|name| std::env::var(name).ok().filter(|_| name == "BUILT"))).await?)
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts far below 2^52")]
fn check(budgets: &Budgets, faults: &mut Vec<String>, name: &str, value: u64) -> Result<(), Error> {
    let budget = budgets.get(name).ok_or_else(|| format!("budgets.json has no {name}"))?;
    println!("{name}: {value} ({budget:?})");
    if !budget.is_met(value as f64) {
        faults.push(format!("{name} is {value}, but its budget is {budget:?}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "compiles the functions as they are deployed, which takes minutes: make guard"]
async fn functions_keep_their_budgets() -> Result<(), Error> {
    let (functions, budgets) = (functions().await?, budgets()?);
    let mut faults = Vec::new();
    for function in ["intake", "poll", "finalize"] {
        let size = size(functions.path(function)?)?;
        check(&budgets, &mut faults, &format!("{function}.binary"), size.binary as u64)?;
        if function == "intake" {
            check(&budgets, &mut faults, "intake.zip", size.zip as u64)?;
        }
    }
    if callgrind_is_there() {
        let scratch = Scratch::new()?;
        let fakes = Fakes::start(&scratch.0).await?;
        let callgrind = Callgrind { intake: functions.path("intake")?.to_owned(), scratch: scratch.0.clone() };
        check(&budgets, &mut faults, "intake.init.instructions", callgrind.init(&fakes).await?)?;
        check(&budgets, &mut faults, "intake.first_tls.instructions", callgrind.first_tls(&fakes).await?)?;
    } else {
        eprintln!("SKIPPED: instructions, because valgrind is not installed (Debian: apt-get install valgrind)");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// A folder that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("guard-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that cannot be removed stays below target/.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
