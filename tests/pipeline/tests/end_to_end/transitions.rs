//! What real executions cost: Step Functions bills each state that is entered, and each retry.

use cxone_standin::{JobAct, Step};
use end_to_end::{Error, Journey, Put, World};

use crate::files::pdf;

pub(crate) async fn a_job_inside_the_window_takes_four(world: &World) -> Result<(), Error> {
    world.cxone.script_jobs("FOUR", &[Step::once(JobAct::word("RUNNING")).times(2)]).await?;
    let journey = followed(world, "FOUR").await?;
    assert_eq!(journey.states, ["Route", "PollJob", "Route", "RecordCompletion"]);
    Ok(())
}

pub(crate) async fn each_wait_takes_three_more(world: &World) -> Result<(), Error> {
    let running = 5;
    world.cxone.script_jobs("OWN-5", &[Step::once(JobAct::word("RUNNING")).times(running)]).await?;
    let journey = followed(world, "OWN-5").await?;
    let waits = journey.states.iter().filter(|state| *state == "WaitForJob").count();
    println!("{} questions, {waits} waits, {} transitions", journey.audit.polls, journey.states.len());
    assert!(waits >= 1, "the job did not outlast the window: {:?}", journey.states);
    assert_eq!(journey.states.len(), 4 + 3 * waits, "{:?}", journey.states);
    // A window asks at least once, so that there are no more windows than questions.
    assert!(waits < usize::try_from(journey.audit.polls)?, "{:?}", journey.states);
    Ok(())
}

async fn followed(world: &World, interaction: &str) -> Result<Journey, Error> {
    let key = format!("interactions/{interaction}/a.pdf");
    let object = world.put(Put { key: &key, bytes: pdf(500, interaction), ..Put::default() }).await?;
    let journey = world.journey(&object, interaction).await?;
    journey.check()?;
    assert_eq!(journey.status, "SUCCEEDED");
    Ok(journey)
}
