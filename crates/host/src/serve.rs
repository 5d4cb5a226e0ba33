//! The loop that answers invocations, and the one place where errors get their names.

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

/// An invocation that failed: the stable name that the state machine retries and catches by, and a message for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One of [`attachments::workflow::error_type`].
    pub error_type: &'static str,
    /// What went wrong and, where known, what to do.
    pub message: String,
}

impl Failure {
    /// A failure of a name.
    #[must_use]
    pub fn new(error_type: &'static str, message: impl Display) -> Self {
        Self { error_type, message: message.to_string() }
    }

    /// The payload cannot be read.
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

/// Starts a function: its logs, its metrics, and what `make` makes of the settings for all invocations.
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

/// Serves invocations with `handle`, which is given what `start` made.
///
/// Where `start` found faults in the settings, the process stays and every invocation answers `Settings.Invalid` with the
/// whole message: an exit at start would leave the caller with `Runtime.ExitError` and the message in a log.
///
/// # Errors
/// The Runtime API cannot be reached.
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
        // Erased, since the SDK's futures nest deeper than the compiler follows.
        let answer: Pin<Box<dyn Future<Output = _>>> = Box::pin(handle(clients, event.payload, event.context));
        let logged = async {
            answer.await.inspect_err(|failure: &Failure| {
                tracing::error!(error_type = failure.error_type, "{}", failure.message);
            })
        };
        let answer = logged.instrument(span).await?;
        to_json(&answer).and_then(RawValue::from_string).map_err(Failure::input)
    }))
    .await
}

/// What every line of an invocation carries in the log: its request, and the object where the payload is one of the state
/// machine's. Records of a batch have spans of their own.
pub(crate) fn invocation(payload: &Value, context: &Context) -> Span {
    let named = |name: &str| {
        let found = payload.get(name).or_else(|| payload.get("attachment")?.get(name));
        found.and_then(Value::as_str)
    };
    // At the level of errors: a log level hides spans that are below it, and with them what a line carries.
    tracing::error_span!(
        "invocation",
        request_id = context.request_id,
        identity = named("identity"),
        interaction_id = named("interaction_id"),
    )
}
