//! Functions that are killed at chosen moments.

use std::time::Duration;

use servers::webhook::DeliveryAct;
use servers::{cxone::UploadAct, scripted::Step};
use tokio::sync::mpsc;

use super::{Acting, Play, Row, replies::status, row};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, Placed, kill};

const COMPLETED: Expect = Expect::COMPLETED;
/// The message's second delivery takes over the expired lease. The killed run counts as an upload, because it may have
/// sent the file.
const TAKEN_OVER: Expect = COMPLETED.claims(2, 2).uploads(2, 2);
/// The lease and the visibility timeout of the local stack are 100 s.
const TAKEN_OVER_SECONDS: u64 = 240;

fn killed(case: Case, operation: &'static str, skip: u32, done: bool, expect: Expect) -> Acting {
    Box::pin(async move { case.kill_at(operation, skip, done, &expect).await })
}

pub(super) const ROWS: &[Row] = &[
    row(
        "process/intake-claimed",
        "intake killed after the claim",
        "taken over, COMPLETED",
        Play::Other(|case| killed(case, "GetObject", 0, false, TAKEN_OVER.uploads(1, 2))),
    )
    .within(TAKEN_OVER_SECONDS),
    row(
        "process/intake-in-body",
        "intake killed within the body",
        "CXone saw no complete body; taken over, COMPLETED",
        Play::Other(in_body),
    )
    .within(TAKEN_OVER_SECONDS),
    row(
        "process/intake-uploaded",
        "intake killed after the 202",
        "uploaded again under the same key, one attachment",
        Play::Other(uploaded),
    )
    .within(TAKEN_OVER_SECONDS),
    row(
        "process/intake-decided",
        "intake killed after the decision",
        "the next delivery starts the execution, one upload",
        Play::Other(|case| killed(case, "StartExecution", 0, false, COMPLETED)),
    )
    .within(TAKEN_OVER_SECONDS),
    row(
        "process/intake-started",
        "intake killed after StartExecution",
        "one execution, one upload",
        Play::Other(|case| killed(case, "StartExecution", 0, true, COMPLETED)),
    )
    .within(TAKEN_OVER_SECONDS),
    row(
        "process/intake-five-times",
        "intake killed five times over one object",
        "REJECTED intake_crashed",
        Play::Other(five_times),
    )
    .at(Place::Crashes)
    .within(480),
    row(
        "process/finalize-begun",
        "finalize killed before it writes the ledger",
        "the state is retried, one record, one body",
        Play::Other(|case| killed(case, "GetItem", 0, false, COMPLETED)),
    ),
    row(
        "process/finalize-settled",
        "finalize killed between the ledger and the audit record",
        "the state is retried, one record, one body",
        Play::Other(|case| killed(case, "PutObject", 0, false, COMPLETED)),
    ),
    row(
        "process/finalize-recorded",
        "finalize killed between the audit record and the webhook",
        "the state is retried, the stored bytes are sent",
        Play::Other(|case| killed(case, "PutObject", 0, true, COMPLETED)),
    ),
    row(
        "process/finalize-delivered",
        "finalize killed while the webhook is answered",
        "delivered twice with one id and one body",
        Play::Other(delivered),
    ),
];

/// The process that last read or wrote something about the object.
async fn caller(case: &Case, about: &str) -> Result<u32, FaultsError> {
    for _ in 0..300 {
        if let Some(process) = case.world.proxy.last_caller(about) {
            return Ok(process);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(FaultsError::broken("no process has called about it"))
}

fn uploaded(case: Case) -> Acting {
    Box::pin(async move {
        let seen = case.kill_at("UpdateItem/execution_input", 0, false, &TAKEN_OVER).await?;
        let held = case.world.standin.attachments(Some(&case.interaction)).await?;
        let uploads: Vec<usize> = held.iter().map(|one| one.requests.len()).collect();
        ensure(uploads == [2], || format!("uploads by attachment: {uploads:?}"))?;
        Ok(format!("{seen}; two uploads, one attachment"))
    })
}

fn in_body(case: Case) -> Acting {
    Box::pin(async move {
        let stalled = Step::once(UploadAct::Stall { after_bytes: 1_000_000, ms: 30_000 });
        case.world.standin.script_uploads(&case.interaction, &[stalled]).await?;
        let placed = case.world.place(&File::named(&case.interaction, "call.wav", 6_000_000)).await?;
        case.world.announce(&placed).await?;
        begun(&case).await?;
        let process = caller(&case, &placed.key).await?;
        kill(process)?;
        let seen = case.expect(&placed, &TAKEN_OVER.bytes(6_000_000)).await?;
        let uploads = case.world.standin.requests(Some(&case.interaction), Some(servers::cxone::Call::Upload)).await?;
        let whole: Vec<bool> = uploads.iter().map(|upload| upload.body_whole).collect();
        ensure(whole == [false, true], || format!("uploads that CXone saw whole: {whole:?}"))?;
        Ok(format!("killed {process}; {seen}"))
    })
}

/// Waits until an upload of the row's interaction is being read.
async fn begun(case: &Case) -> Result<(), FaultsError> {
    for _ in 0..300 {
        if !case.world.standin.requests(Some(&case.interaction), Some(servers::cxone::Call::Upload)).await?.is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(FaultsError::broken("no upload was begun"))
}

fn delivered(case: Case) -> Acting {
    Box::pin(async move {
        let slow = servers::scripted::Step::once(DeliveryAct::Reply(status(200))).after(Duration::from_secs(6));
        case.world.receiver.script_interaction(&case.interaction, &[slow]).await?;
        let placed = case.world.place(&case.file()).await?;
        case.world.announce(&placed).await?;
        let process = receiving(&case, &placed).await?;
        kill(process)?;
        let seen = case.expect(&placed, &COMPLETED).await?;
        let deliveries = case.world.receiver.deliveries(Some(placed.identity.as_str()), None).await?;
        ensure(deliveries.len() == 2, || format!("{} deliveries", deliveries.len()))?;
        Ok(format!("killed {process}; {seen}"))
    })
}

/// Waits until the webhook has come, and gives the process that sent it.
async fn receiving(case: &Case, placed: &Placed) -> Result<u32, FaultsError> {
    for _ in 0..600 {
        if !case.world.receiver.deliveries(Some(placed.identity.as_str()), None).await?.is_empty() {
            return caller(case, placed.identity.as_str()).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(FaultsError::broken("no webhook came"))
}

fn five_times(case: Case) -> Acting {
    Box::pin(async move {
        let placed = case.world.place(&case.file()).await?;
        let (caught, mut caught_one) = mpsc::unbounded_channel();
        let planted = case.plant(&placed, "GetObject", 0, 5, Act::HoldBefore(caught));
        case.world.announce(&placed).await?;
        for _ in 0..5 {
            kill(case.caught(&mut caught_one, &placed).await?)?;
        }
        let seen = case.expect(&placed, &Expect::rejected("intake_crashed").uploads(0, 5).claims(6, 6)).await?;
        case.met(&planted, 5).await?;
        Ok(seen)
    })
}
