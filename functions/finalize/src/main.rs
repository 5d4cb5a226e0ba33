//! The bootstrap of `FinalizeFunction`.

use finalize::Finalize;
use host::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    host::serve(Finalize::start(Environment::of_process()), finalize::handle).await
}
