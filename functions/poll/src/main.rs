//! The bootstrap of `PollFunction`.

use host::Environment;
use poll::Poll;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    host::serve(Poll::start(Environment::of_process()), poll::handle).await
}
