//! The bootstrap of `PollFunction`.

use host::Environment;
use poll::Poll;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    host::serve(host::start(Environment::of_process(), Poll::make), poll::handle).await
}
