//! Replaces the functions of a running stack. Its data stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use servers::scripted::control::ControlClient;
use tokio::process::Command;

use crate::binaries::FUNCTIONS;
use crate::error::Trying as _;
use crate::stack::failed;
use crate::state::{self, State};
use crate::{Binaries, Clients, Description, Options, StackError, deploy, output, settings, signals, workspace};

/// Writes a zip file without compression: to compress would take longer than everything else.
const ZIP: &str = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').write(sys.argv[2], 'bootstrap')";

/// Compiles the functions and puts them into the stack that runs in the background; `PROFILE` and `BUILT` as for `make up`.
///
/// If they do not compile, or refuse the stack's settings, the old ones keep running.
pub async fn background(variable: impl Fn(&str) -> Option<String>) -> Result<Description, StackError> {
    let dir = state::background_dir();
    let mut state = state::running(&dir)?;
    let options = Options::private("reload")?.functions(&variable);
    let prepared = async {
        let binaries = Binaries::build(&options).await?;
        settings::check(&state.description, &binaries, &state.environment).await?;
        Ok::<_, StackError>(binaries)
    };
    let package = dir.join(deploy::PACKAGE);
    let binaries = signals::unless_interrupted(prepared).await.map_err(|cause| match cause {
        StackError::Interrupted => StackError::ReloadInterrupted,
        cause => StackError::NotReloaded(Box::new(cause)),
    })?;
    replace(&state.description, &package, &binaries).await?;
    for changed in changed_since(&package)? {
        output::say(&format!("{changed} has changed since `make up`, and needs `make down` and `make up`"));
    }
    remember(&mut state, &options);
    state.save(&dir)?;
    Ok(state.description)
}

/// Replaces the programs of the stack whose package is in the folder.
pub(crate) async fn replace(stack: &Description, package: &Path, binaries: &Binaries) -> Result<(), StackError> {
    let (control, clients) = (ControlClient::new(&stack.endpoint)?, Clients::new(&stack.endpoint));
    deploy::lay_out_functions(package, binaries)?;
    for (name, _) in FUNCTIONS {
        let zip = package.join(format!("{name}.zip"));
        pack(&zip, &deploy::bootstrap(package, name)).await?;
        let body = ByteStream::from_path(&zip).await.map_err(|error| failed("PutObject", &error))?;
        let key = format!("reload/{name}.zip");
        let put = clients.s3.put_object().bucket(deploy::ARTIFACTS).key(&key).body(body);
        put.send().await.map_err(|error| failed("PutObject", &error))?;
        std::fs::remove_file(&zip).trying(|| format!("removing {}", zip.display()))?;
        let path = format!("/2015-03-31/functions/{}/code", stack.functions.named(name));
        control.put(&path, &json!({ "S3Bucket": deploy::ARTIFACTS, "S3Key": key })).await?;
    }
    Ok(())
}

async fn pack(zip: &Path, program: &Path) -> Result<(), StackError> {
    let output = Command::new(workspace::venv_program("python")?)
        .args(["-c", ZIP])
        .args([zip, program])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .trying(|| "starting python".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let output_text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(StackError::Program { program: "python".to_owned(), status: output.status, output: output_text })
}

/// The files of the template that differ from the deployed ones.
fn changed_since(package: &Path) -> Result<Vec<String>, StackError> {
    let (deployed, now) = (deploy::template_files(package)?, deploy::template_files(&workspace::root())?);
    let names: BTreeSet<&PathBuf> = deployed.keys().chain(now.keys()).collect();
    let changed = names.into_iter().filter(|name| deployed.get(*name) != now.get(*name));
    Ok(changed.map(|name| name.display().to_string()).collect())
}

/// A second `make up` compares with the functions that run now.
fn remember(state: &mut State, options: &Options) {
    state.asked.insert("PROFILE".to_owned(), options.profile.clone());
    match &options.built {
        Some(folder) => state.asked.insert("BUILT".to_owned(), folder.display().to_string()),
        None => state.asked.remove("BUILT"),
    };
}
