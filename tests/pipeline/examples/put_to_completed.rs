//! From PUT to COMPLETED on the local stack, beside the stand-in's own time for a job.
//!
//! `cargo run -p pipeline --example put_to_completed [objects] [file to write]`; `PROFILE` names the functions' cargo profile.

use pipeline::{File, Setup, World};
use serde_json::json;
use servers::cxone::JobTimes;
use stack::{Binaries, Options};

const BYTES: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let objects: usize = arguments.next().map_or(Ok(10), |count| count.parse())?;
    let options = Options::private("put-to-completed")?.functions(|name| std::env::var(name).ok());
    let binaries = Binaries::build(&options).await?;
    let world = World::start(&Setup::as_deployed("put-to-completed", ""), &options.profile, &binaries).await?;
    let times: JobTimes = servers::cxone::Settings::default().job_times;
    let own = f64::from(u32::try_from(times.pending_ms + times.running_ms)?) / 1000.0;
    let (mut queued, mut uploads, mut processing, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // The first one starts the functions and is left out.
    for index in 0..=objects {
        let interaction = format!("PUT-{index}");
        let mut bytes = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".to_vec();
        bytes.resize(BYTES, b' ');
        let key = format!("interactions/{interaction}/a.pdf");
        let object = world.put(&File::new(key, bytes)).await?;
        let ended = world.outcome_of(&object).await?;
        let (timings, latency) = (ended.audit.timings, ended.audit.latency_seconds);
        if index > 0 {
            queued.push(timings.queued_seconds.ok_or("no time in the queue")?);
            uploads.push(timings.upload_seconds.ok_or("no upload")?);
            processing.push(timings.processing_seconds.ok_or("no job")?);
            whole.push(timings.queued_seconds.unwrap_or(0.0) + latency.ok_or("no latency")?);
        }
    }
    let figures = json!({
        "objects": objects, "bytes": BYTES, "standin": own, "queued": median(queued),
        "upload": median(uploads), "processing": median(processing), "whole": median(whole),
    });
    println!("{figures:#}");
    if let Some(file) = arguments.next() {
        std::fs::write(file, figures.to_string())?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
