//! Prints the costs of polling a job, by the job's duration: `cargo run -p bench --example polling [window s] [deadline s]`.

use std::time::Duration;

use bench::{
    Error,
    polling::{Limits, fixed_loop, of_the_mix, windows},
    rows::polling_table,
};

fn main() -> Result<(), Error> {
    let mut limits = Limits::default();
    let mut arguments = std::env::args().skip(1);
    if let Some(window) = arguments.next() {
        limits.window = Duration::from_secs(window.parse()?);
    }
    if let Some(deadline) = arguments.next() {
        limits.deadline = Duration::from_secs(deadline.parse()?);
    }
    println!("{}", polling_table(limits));
    println!("The mix by window:");
    for seconds in [0, 2, 5, 10, 15, 20, 30, 60] {
        let mix = of_the_mix(windows, Limits { window: Duration::from_secs(seconds), ..limits });
        println!(
            "window {seconds:>2} s: {:>5.2} transitions, {:>5.2} Lambda s, {:>5.2} calls, {:>5.2} s delay, ${:.0} per million",
            mix.transitions,
            mix.lambda_seconds,
            mix.polls,
            mix.delay_seconds,
            mix.dollars_per_million()
        );
    }
    println!("fixed loop: ${:.0} per million", of_the_mix(fixed_loop, limits).dollars_per_million());
    Ok(())
}
