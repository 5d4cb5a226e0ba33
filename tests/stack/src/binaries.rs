//! Compiling what the stack runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use crate::error::Trying as _;
use crate::{Options, StackError, workspace};

/// The functions, each in `functions/{name}`, and their logical ids in the template.
pub(crate) const FUNCTIONS: [(&str, &str); 3] =
    [("intake", "IntakeFunction"), ("poll", "PollFunction"), ("finalize", "FinalizeFunction")];

/// What every development build compiles, as the Makefile's `PROGRAMS` does. Cargo unifies the features of the packages
/// that it compiles together, so a smaller set would compile half of the dependencies again, with fewer features.
const DEVELOPMENT_BUILD: [&str; 8] =
    ["stack", "operator", "pipeline", "parsers", "intake", "poll", "finalize", "servers"];

/// The programs that a stack runs, freshly compiled unless `sam build` has made them.
#[derive(Debug)]
pub struct Binaries(BTreeMap<String, PathBuf>);

/// The part of cargo's messages that names a program.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Binaries {
    /// Compiles the servers with the development profile, and the three functions with `options.profile`. Functions that
    /// `sam build` made are used as they are.
    ///
    /// Cargo reports its progress on standard error.
    pub async fn build(options: &Options) -> Result<Self, StackError> {
        let mut programs = cargo_build("dev", &DEVELOPMENT_BUILD).await?;
        match &options.built {
            Some(folder) => programs.extend(built_by_sam(folder)?),
            None if options.profile == "dev" => {}
            None => programs.extend(cargo_build(&options.profile, &FUNCTIONS.map(|(name, _)| name)).await?),
        }
        Ok(Self(programs))
    }

    /// Programs that are there already, by name.
    #[must_use]
    pub fn at(programs: BTreeMap<String, PathBuf>) -> Self {
        Self(programs)
    }

    /// Where the program lies.
    ///
    /// # Errors
    /// It was not among those that were compiled.
    pub fn path(&self, name: &str) -> Result<&Path, StackError> {
        self.0.get(name).map(PathBuf::as_path).ok_or_else(|| StackError::Missing {
            what: format!("the program {name}"),
            remedy: "its package must have a binary of that name",
        })
    }
}

/// What `sam build` has made, whose folder has one of each function's logical id.
fn built_by_sam(folder: &Path) -> Result<BTreeMap<String, PathBuf>, StackError> {
    let found = FUNCTIONS.map(|(name, logical_id)| {
        let path = folder.join(logical_id).join("bootstrap");
        if path.is_file() {
            return Ok((name.to_owned(), path));
        }
        Err(StackError::Missing {
            what: path.display().to_string(),
            remedy: "BUILT must be the folder of a `sam build`, such as .aws-sam/build",
        })
    });
    found.into_iter().collect()
}

/// Whether cargo sets the variable for one package, rather than a person for the whole build.
fn tells_of_a_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name == "OUT_DIR" || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|beginning| name.starts_with(beginning))
}

async fn cargo_build(profile: &str, packages: &[&str]) -> Result<BTreeMap<String, PathBuf>, StackError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What `cargo run` and `cargo test` say of their own package, a build script of a dependency takes for a change of its
    // surroundings: without this, a build from there and one from a shell each undo the other's.
    for (name, _) in std::env::vars_os().filter(|(name, _)| tells_of_a_package(name)) {
        command.env_remove(name);
    }
    let output = command
        .current_dir(workspace::root())
        .args(["build", "--profile", profile, "--message-format", "json-render-diagnostics"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .trying(|| "starting cargo".to_owned())?
        // Unlike `output`, which would keep cargo's progress to itself.
        .wait_with_output()
        .await
        .trying(|| "waiting for cargo".to_owned())?;
    if !output.status.success() {
        return Err(StackError::Program {
            program: "cargo build".to_owned(),
            status: output.status,
            output: "its messages are above".to_owned(),
        });
    }
    let mut programs = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Message = serde_json::from_slice(line).trying(|| "reading cargo's messages".to_owned())?;
        if let Message { target: Some(target), executable: Some(executable) } = message {
            programs.insert(target.name, executable);
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makefile_compiles_the_same_packages() {
        let makefile = std::fs::read_to_string(workspace::root().join("Makefile")).unwrap();
        assert!(makefile.contains(&format!("\nPROGRAMS := {}\n", DEVELOPMENT_BUILD.join(" "))));
    }

    #[test]
    fn what_sam_built_is_taken_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("built-by-sam-{}", std::process::id()));
        for (_, logical_id) in FUNCTIONS {
            let error = built_by_sam(&folder).unwrap_err().to_string();
            assert!(error.contains(logical_id) && error.contains("sam build"), "{error}");
            std::fs::create_dir_all(folder.join(logical_id)).unwrap();
            std::fs::write(folder.join(logical_id).join("bootstrap"), "").unwrap();
        }
        let built = built_by_sam(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(built.into_keys().collect::<Vec<_>>(), ["finalize", "intake", "poll"]);
    }

    #[test]
    fn a_packages_variables_are_told_from_a_persons() {
        // As cargo runs this very test.
        assert!(std::env::vars_os().any(|(name, _)| tells_of_a_package(&name)));
        for variable in ["CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION", "OUT_DIR"] {
            assert!(tells_of_a_package(OsStr::new(variable)), "{variable}");
        }
        for variable in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO", "RUSTFLAGS", "CC"] {
            assert!(!tells_of_a_package(OsStr::new(variable)), "{variable}");
        }
    }
}
