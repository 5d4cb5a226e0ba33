//! Faults that affect every object: rows that run one after the other, or on a stack of their own.

use std::time::Duration;

use serde_json::json;
use servers::{
    cxone::{JobAct, TokenAct, UploadAct},
    scripted::{CutHow, RetryAfter, Step},
};

use super::{
    Acting, Play, Row,
    replies::{aws_error, invalid_client, status},
    row,
};
use crate::FaultsError;
use crate::case::{Case, Expect, ensure};
use crate::error::Calling as _;
use crate::places::Place;
use crate::proxy::Act;
use crate::world::{File, Function, Webhook, kill};

const COMPLETED: Expect = Expect::COMPLETED;

/// A row of the stack whose rows run one after the other, in this order.
const fn alone(name: &'static str, fault: &'static str, expectation: &'static str, act: fn(Case) -> Acting) -> Row {
    row(name, fault, expectation, Play::Other(act)).at(Place::Alone).within(120)
}

pub(super) const ROWS: &[Row] = &[
    alone(
        "secrets/cold-start",
        "Secrets Manager fails nine calls at a cold start",
        "redelivered, COMPLETED",
        secrets_down,
    )
    // The longest of its stack, so that it runs first: a warm process has read its secret.
    .within(200),
    alone("token/down", "the token endpoint answers 503 twice", "retried, COMPLETED", |case| {
        token(case, vec![Step::once(TokenAct::Reply(status(503))).times(2)], COMPLETED.uploads(1, 4).claims(1, 2))
    }),
    alone("token/unreachable", "the token endpoint resets the connection twice", "retried, COMPLETED", |case| {
        token(case, vec![Step::once(TokenAct::Cut(CutHow::Reset)).times(2)], COMPLETED.uploads(1, 4).claims(1, 2))
    }),
    alone("token/slow", "the token endpoint gives no answer once", "timeout after 10 s, COMPLETED", |case| {
        token(case, vec![Step::once(TokenAct::Never)], COMPLETED.uploads(1, 4).claims(1, 2))
    }),
    alone(
        "token/nonsense",
        "the token endpoint answers HTML, then JSON without a token",
        "retried, COMPLETED",
        |case| {
            token(
                case,
                vec![
                    Step::once(TokenAct::Reply(status(200).body("<html>"))),
                    Step::once(TokenAct::Reply(status(200).body("{}"))),
                ],
                COMPLETED.uploads(1, 4).claims(1, 2),
            )
        },
    ),
    alone(
        "token/refused",
        "401 from the token endpoint once",
        "a configuration fault: released, not rejected; COMPLETED",
        |case| token(case, vec![Step::once(TokenAct::Reply(invalid_client()))], COMPLETED.uploads(1, 4).claims(2, 2)),
    ),
    alone(
        "token/rotated",
        "the secret is rotated, all tokens are revoked",
        "the secret is read again, COMPLETED",
        rotated,
    ),
    alone(
        "webhook/older-secret",
        "a receiver that knows only the older of two secrets",
        "both sign, the receiver verifies",
        older_secret,
    ),
    alone("process/poll-killed", "poll killed between two requests", "the state is retried, COMPLETED", poll_killed),
    row(
        "aws/visibility",
        "the call that changes a message's visibility fails",
        "redelivered after the queue's visibility timeout, COMPLETED",
        Play::Other(visibility),
    )
    .at(Place::Visibility)
    .within(180),
];

fn secrets_down(case: Case) -> Acting {
    Box::pin(async move {
        let secret = case.world.place.cxone_secret_arn.clone();
        let down = Act::Answer(aws_error(500, "InternalServiceError"));
        let planted = case.world.proxy.rules.plant("GetSecretValue", &secret, 0, 9, down);
        let placed = case.world.put(&case.file()).await?;
        let seen = case.expect(&placed, &COMPLETED.uploads(1, 5)).await?;
        case.met(&planted, 9).await?;
        Ok(seen)
    })
}

/// An object while the token endpoint does this, with all tokens revoked.
pub(super) fn token(case: Case, script: Vec<Step<TokenAct>>, expect: Expect) -> Acting {
    Box::pin(async move {
        let before = case.world.standin.stats().await?.token_requests;
        case.world.standin.script_tokens(&script).await?;
        case.world.standin.revoke_tokens().await?;
        let placed = case.world.put(&case.file()).await?;
        let seen = case.expect(&placed, &expect).await?;
        let left = case.world.standin.scripts_left().await?.token.into_values().flatten().count();
        ensure(left == 0, || format!("{left} steps of the fault were not met"))?;
        let asked = case.world.standin.stats().await?.token_requests - before;
        Ok(format!("{seen}; {asked} token requests"))
    })
}

fn rotated(case: Case) -> Acting {
    Box::pin(async move {
        // Not a word of our own messages: the log is searched for pieces of it.
        let new = "rotated-7f3a9c52e1b8d604";
        case.world.keep_secret(new);
        // A process that holds a token of the old secret.
        let before = case.world.put(&File::named(&case.interaction, "before.wav", 3_000)).await?;
        case.expect(&before, &COMPLETED).await?;
        let placed = case.world.place(&case.file()).await?;
        let value = json!({ "client_id": "local-client", "client_secret": new }).to_string();
        let call = case.world.clients.secrets.put_secret_value().secret_id(&case.world.place.cxone_secret_arn);
        call.secret_string(value).send().await.calling("PutSecretValue")?;
        case.world.standin.rotate("local-client", new, true).await?;
        case.world.announce(&placed).await?;
        case.expect(&placed, &COMPLETED.uploads(2, 2)).await
    })
}

fn older_secret(case: Case) -> Acting {
    Box::pin(async move {
        let newer = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSByb3dzISE=";
        case.world.keep_secret(newer);
        let secrets = &case.world.clients.secrets;
        let id = &case.world.place.webhook_secret_arn;
        let stored = secrets.get_secret_value().secret_id(id).send().await.calling("GetSecretValue")?;
        let stored: serde_json::Value =
            serde_json::from_str(stored.secret_string().unwrap_or_default()).calling("reading the webhook's secret")?;
        let older = stored.pointer("/signing_secrets/0").cloned().unwrap_or_default();
        let both = json!({ "signing_secrets": [newer, older] }).to_string();
        secrets.put_secret_value().secret_id(id).secret_string(both).send().await.calling("PutSecretValue")?;
        // Cached secrets are dropped when a delivery is refused.
        let refused = servers::scripted::Step::once(servers::webhook::DeliveryAct::Reply(status(401)));
        case.world.receiver.script_interaction(&case.interaction, &[refused]).await?;
        let placed = case.world.put(&case.file()).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let last = ended.deliveries.last().ok_or_else(|| FaultsError::broken("no delivery"))?;
        ensure(last.signatures == 2 && last.verified, || {
            format!("{} signatures, verified {}", last.signatures, last.verified)
        })?;
        Ok(format!("{}; two signatures, one verified", COMPLETED.compare(&ended)?))
    })
}

fn poll_killed(case: Case) -> Acting {
    Box::pin(async move {
        case.world.standin.script_jobs(&case.interaction, &[Step::once(JobAct::word("RUNNING")).times(4)]).await?;
        let placed = case.world.put(&case.file()).await?;
        let mut asked = 0;
        for _ in 0..300 {
            asked = case.world.standin.requests(Some(&case.interaction), Some(servers::cxone::Call::Job)).await?.len();
            if asked >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let processes = case.world.processes_of(Function::Poll);
        ensure(asked >= 2 && !processes.is_empty(), || format!("{asked} questions, processes {processes:?}"))?;
        for process in &processes {
            kill(*process)?;
        }
        let seen = case.expect(&placed, &COMPLETED).await?;
        Ok(format!("killed {processes:?} after {asked} questions; {seen}"))
    })
}

fn visibility(case: Case) -> Acting {
    Box::pin(async move {
        let throttled = Step::once(UploadAct::Reply(status(429).retry_after(RetryAfter::Seconds(25))));
        case.world.standin.script_uploads(&case.interaction, &[throttled]).await?;
        let planted = case.world.proxy.rules.plant(
            "ChangeMessageVisibility",
            "",
            0,
            4,
            Act::Answer(aws_error(500, "InternalFailure")),
        );
        let placed = case.world.put(&case.file()).await?;
        let seen = case.expect(&placed, &COMPLETED.uploads(2, 2).claims(2, 2)).await?;
        case.met(&planted, 4).await?;
        Ok(seen)
    })
}
