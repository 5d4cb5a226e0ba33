//! AWS in one process and nothing on it, for tests of what needs no more of the stack.

use crate::error::Trying as _;
use crate::group::ProcessGroup;
use crate::stack::{WorkDir, ready};
use crate::{Clients, Options, StackError, ministack};

/// A running ministack. Dropping it ends its process and removes its directory; the process ends with this one in any case.
#[derive(Debug)]
pub struct LoneMinistack {
    endpoint: String,
    _group: ProcessGroup,
    _dir: WorkDir,
}

impl LoneMinistack {
    /// Starts one on a free port and returns when it answers. `name` tells its directory from those of other tests.
    pub async fn start(name: &str) -> Result<Self, StackError> {
        let options = Options::private(name)?;
        let dir = WorkDir::create(options.dir.clone())?;
        let logs = dir.path.join("logs");
        std::fs::create_dir_all(&logs).trying(|| format!("creating {}", logs.display()))?;
        let mut group = ProcessGroup::new()?;
        let endpoint = ministack::start(&mut group, &options, &logs)?;
        ready(&mut group, &Clients::new(&endpoint), &logs).await?;
        Ok(Self { endpoint, _group: group, _dir: dir })
    }

    /// `http://host:port`, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}
