//! Runs the saved Athena queries over the records of all trials.

use std::{path::Path, process::Command};

use pipeline::World;

use crate::Error;

/// Runs the queries in `DuckDB` and gives the last line of what was printed, which counts queries and records.
pub(crate) fn check(world: &World) -> Result<String, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let place = &world.place;
    let output = Command::new(root.join(".venv/bin/python"))
        .current_dir(&root)
        .arg("tests/python/audit_queries.py")
        .args(["--endpoint", &place.endpoint, "--bucket", &place.audit_bucket])
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("the saved queries: {}\n{printed}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(printed.lines().last().unwrap_or_default().to_owned())
}
