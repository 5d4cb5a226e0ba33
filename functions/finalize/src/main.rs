//! The bootstrap of `FinalizeFunction`.

use finalize::Finalize;
use host::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    host::serve(host::start(Environment::of_process(), Finalize::make), finalize::handle).await
}
