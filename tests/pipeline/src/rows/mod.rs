//! The table of scenarios: each row has a fault, the expectation, and how to provoke the fault.

mod alone;
mod aws;
mod deadline;
mod early;
mod echo;
mod events;
mod foreign_events;
mod forgery;
mod gateways;
mod given_up;
mod hostile;
mod jobs;
mod keys;
mod may_hold;
mod neighbours;
mod patience;
mod planted;
mod processes;
mod quota;
mod replies;
mod retry_after;
mod s3_headers;
mod same_request;
mod shapes;
mod uploads;
mod webhooks;

use std::pin::Pin;
use std::time::Duration;

use servers::webhook::DeliveryAct;
use servers::{
    cxone::{JobAct, UploadAct},
    scripted::Step,
};

use crate::FaultsError;
use crate::case::{Case, Expect};
use crate::places::Place;
use crate::world::File;

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// `group/fault`, also the interaction of its objects.
    pub(crate) name: &'static str,
    /// What goes wrong.
    pub(crate) fault: &'static str,
    /// The expected result.
    pub(crate) expectation: &'static str,
    /// The stack that it runs on.
    pub(crate) place: Place,
    /// Whether it runs in `make test`.
    pub(crate) fast: bool,
    /// How long its objects may take.
    pub(crate) seconds: u64,
    pub(crate) play: Play,
}

/// What a row does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Play {
    /// One file; CXone does this with its uploads.
    Upload(fn() -> Vec<Step<UploadAct>>, Expect),
    /// One file; CXone does this with the polls of its job.
    Job(fn() -> Vec<Step<JobAct>>, Expect),
    /// One file; the receiver does this with its deliveries. The number is that of all attempts.
    Webhook(fn() -> Vec<Step<DeliveryAct>>, usize),
    /// Something else.
    Other(fn(Case) -> Acting),
}

/// What a row's function returns.
pub(crate) type Acting = Pin<Box<dyn Future<Output = Result<String, FaultsError>> + Send>>;

/// A row on the shared stack.
const fn row(name: &'static str, fault: &'static str, expectation: &'static str, play: Play) -> Row {
    Row { name, fault, expectation, place: Place::Shared, fast: false, seconds: 180, play }
}

impl Row {
    const fn fast(self) -> Self {
        Self { fast: true, ..self }
    }

    const fn within(self, seconds: u64) -> Self {
        Self { seconds, ..self }
    }

    const fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Whether it takes seconds on a stack that others share, so that it can be played with every test run.
    pub(crate) fn is_quick(&self) -> bool {
        self.fast && self.place == Place::Shared
    }

    /// Its interaction's id.
    pub(crate) fn interaction(&self) -> String {
        self.name.replace('/', ".")
    }

    /// Runs it; a summary of the result, if that is as expected.
    pub(crate) async fn run(&self, world: std::sync::Arc<crate::world::World>) -> Result<String, FaultsError> {
        let case = Case { world, interaction: self.interaction(), limit: Duration::from_secs(self.seconds) };
        match self.play {
            Play::Upload(script, expect) => {
                case.world.standin.script_uploads(&case.interaction, &script()).await?;
                one_file(&case, &expect).await
            }
            Play::Job(script, expect) => {
                case.world.standin.script_jobs(&case.interaction, &script()).await?;
                one_file(&case, &expect).await
            }
            Play::Webhook(script, tries) => {
                case.world.receiver.script_interaction(&case.interaction, &script()).await?;
                webhooks::tried(&case, tries).await
            }
            Play::Other(act) => act(case).await,
        }
    }
}

async fn one_file(case: &Case, expect: &Expect) -> Result<String, FaultsError> {
    let placed = case.world.put(&File::named(&case.interaction, "call.wav", expect.bytes)).await?;
    case.expect(&placed, expect).await
}

/// All rows, the slow ones first, so that the fast ones run at the same time.
pub(crate) fn all() -> Vec<Row> {
    let groups = [
        // First, because its first row needs a stack that has not fetched a token yet.
        alone::ROWS,
        processes::ROWS,
        quota::ROWS,
        uploads::ROWS,
        given_up::ROWS,
        jobs::ROWS,
        webhooks::ROWS,
        aws::ROWS,
        events::ROWS,
        foreign_events::ROWS,
        hostile::ROWS,
        keys::ROWS,
        gateways::ROWS,
        retry_after::ROWS,
        same_request::ROWS,
        may_hold::ROWS,
        early::ROWS,
        echo::ROWS,
        shapes::ROWS,
        s3_headers::ROWS,
        patience::ROWS,
        deadline::ROWS,
        neighbours::ROWS,
        forgery::ROWS,
        planted::ROWS,
    ];
    let mut rows = groups.concat();
    rows.sort_by_key(|row| std::cmp::Reverse(row.seconds));
    rows
}
