//! The functions' processes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::World;
use crate::FaultsError;

/// A function of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Intake,
    Poll,
    Finalize,
}

impl Function {
    pub(crate) const ALL: [Self; 3] = [Self::Intake, Self::Poll, Self::Finalize];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Poll => "poll",
            Self::Finalize => "finalize",
        }
    }
}

impl World {
    /// The processes of a function in this stack.
    ///
    /// Their environment identifies them: only functions of this stack have its proxy's address.
    pub(crate) fn processes_of(&self, function: Function) -> Vec<u32> {
        let name = match function {
            Function::Intake => &self.place.functions.intake,
            Function::Poll => &self.place.functions.poll,
            Function::Finalize => &self.place.functions.finalize,
        };
        let marks = [format!("AWS_LAMBDA_FUNCTION_NAME={name}"), format!("AWS_ENDPOINT_URL={}", self.proxy.url())];
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let is_marked = |process: &u32| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            let has = |mark: &String| environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
            marks.iter().all(has)
        };
        numbers.filter(is_marked).collect()
    }
}

/// `kill -9`.
pub(crate) fn kill(process: u32) -> Result<(), FaultsError> {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    let number = number.ok_or_else(|| FaultsError::broken(format!("{process} is no process's number")))?;
    kill_process(number, Signal::KILL).map_err(|error| FaultsError::broken(format!("killing {process}: {error}")))
}
