//! Writes the reference tables of the docs: `make reference`.

use std::{fs, process::ExitCode};

use contracts::{ContractError, reference, root, text};

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), ContractError> {
    for page in reference()? {
        if text(page.path)? != page.text {
            fs::write(root().join(page.path), page.text)
                .map_err(|source| ContractError::Write { path: page.path.to_owned(), source })?;
            println!("wrote {}", page.path);
        }
    }
    Ok(())
}
