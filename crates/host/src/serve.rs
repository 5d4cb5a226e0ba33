//! Serves invocations, and gives errors the names that the state machine knows.

use std::{
    fmt::{self, Display},
    pin::Pin,
};

use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use tracing::{Instrument as _, Span};

use crate::{Environment, Invalid, SettingsError, logging, metrics};
use attachments::{shown, to_json, workflow::error_type};

/// The error of a failed invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One of [`attachments::workflow::error_type`]. The state machine retries and catches by it.
    pub error_type: &'static str,
    /// Says to people what happened and, if known, what to do.
    pub message: String,
}

impl Failure {
    /// `error_type` is one of [`attachments::workflow::error_type`].
    #[must_use]
    pub fn new(error_type: &'static str, message: impl Display) -> Self {
        Self { error_type, message: message.to_string() }
    }

    /// The failure for a payload that cannot be read.
    #[must_use]
    pub fn input(fault: impl Display) -> Self {
        Self::new(error_type::INPUT_INVALID, fault)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(error_type::SETTINGS_INVALID, error)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type.to_owned(), error_message: shown(&failure.message).into_owned() }
    }
}

/// Starts a function: sets up its logs and metrics, and lets `make` build the clients for all invocations from the settings.
///
/// # Errors
/// [`SettingsError`] names every setting that is missing or malformed.
pub fn start<C>(
    mut environment: Environment,
    make: impl FnOnce(&mut Environment) -> Result<C, Invalid>,
) -> Result<C, SettingsError> {
    logging::init(&mut environment);
    metrics::init(&environment);
    let clients = make(&mut environment);
    environment.finish(clients)
}

/// Serves invocations with `handle`, which gets the clients of [`start`].
///
/// If a setting is wrong, the process continues to run and every invocation returns `Settings.Invalid` with the whole message.
/// If the process exited instead, the caller would see only `Runtime.ExitError`.
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve<C, H, O>(start: Result<C, SettingsError>, handle: H) -> Result<(), Error>
where
    H: AsyncFn(&C, Value, Context) -> Result<O, Failure>,
    O: Serialize,
{
    if let Err(error) = &start {
        tracing::error!(error_type = error_type::SETTINGS_INVALID, "{error}");
    }
    let (start, handle) = (&start, &handle);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let clients = start.as_ref().map_err(|error| Failure::from(error.clone()))?;
        let span = invocation(&event.payload, &event.context);
        // Boxed, because the SDK's futures nest too deeply for the compiler.
        let response: Pin<Box<dyn Future<Output = _>>> = Box::pin(handle(clients, event.payload, event.context));
        let logged = async {
            response.await.inspect_err(|failure: &Failure| {
                tracing::error!(error_type = failure.error_type, "{}", failure.message);
            })
        };
        let response = logged.instrument(span).await?;
        to_json(&response).and_then(RawValue::from_string).map_err(Failure::input)
    }))
    .await
}

/// The fields of every log line of an invocation: the request, and the object if the payload comes from the state machine. Each
/// record of a batch has its own span.
pub(crate) fn invocation(payload: &Value, context: &Context) -> Span {
    let text = |name: &str| {
        let value = payload.get(name).or_else(|| payload.get("attachment")?.get(name));
        value.and_then(Value::as_str)
    };
    // `tracing` drops spans below the configured level, and their fields with them. So use the level of errors.
    tracing::error_span!(
        "invocation",
        request_id = context.request_id,
        identity = text("identity"),
        interaction_id = text("interaction_id"),
    )
}
