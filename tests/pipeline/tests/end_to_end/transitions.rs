//! The state transitions of executions, which Step Functions bills.

use pipeline::{Ended, File, World};
use servers::{cxone::JobAct, scripted::Step};

use crate::{Error, files::pdf};

pub(crate) async fn job_inside_the_window_takes_four_transitions(world: &World) -> Result<(), Error> {
    world.standin.script_jobs("FOUR", &[Step::once(JobAct::word("RUNNING")).times(2)]).await?;
    let (_, states) = followed(world, "FOUR").await?;
    assert_eq!(states, ["Route", "PollJob", "Route", "RecordCompletion"]);
    Ok(())
}

pub(crate) async fn each_wait_takes_three_more_transitions(world: &World) -> Result<(), Error> {
    let running = 5;
    world.standin.script_jobs("OWN-5", &[Step::once(JobAct::word("RUNNING")).times(running)]).await?;
    let (ended, states) = followed(world, "OWN-5").await?;
    let waits = states.iter().filter(|state| *state == "WaitForJob").count();
    println!("{} polls, {waits} waits, {} transitions", ended.audit.polls, states.len());
    assert!(waits >= 1, "the job did not outlast the window: {states:?}");
    assert_eq!(states.len(), 4 + 3 * waits, "{states:?}");
    // Each window polls at least once.
    assert!(waits < usize::try_from(ended.audit.polls)?, "{states:?}");
    Ok(())
}

/// Sends a small file, whose job the stand-in was told about; how it ended, and through which states.
async fn followed(world: &World, interaction: &str) -> Result<(Ended, Vec<String>), Error> {
    let key = format!("interactions/{interaction}/a.pdf");
    let object = world.put(&File::new(key, pdf(500, interaction))).await?;
    let ended = world.outcome_of(&object).await?;
    assert_eq!(ended.outcome, "COMPLETED");
    let states = world.states_of(&ended).await?;
    Ok((ended, states))
}
