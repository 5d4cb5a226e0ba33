//! The bootstrap of `IntakeFunction`.

use host::Environment;
use intake::Intake;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    host::serve(host::start(Environment::of_process(), Intake::make), intake::handle).await
}
