//! Secrets, CXone's token, the webhook's receiver and the clock.

use std::{io::Write, time::SystemTime};

use host::{CxoneSettings, Environment, PlainHttpHosts, SecretError};

use super::{Check, Deployed, Variables};
use crate::{cli, commands::Context};

const SECRETS: &str = "Secrets";
const OUTSIDE: &str = "Outside";
/// The skew that AWS's signatures tolerate is five minutes; a minute already falsifies latencies.
const SKEW_SECONDS: u64 = 60;

pub(super) async fn checks(
    context: &Context<'_, impl Write>,
    deployed: Option<&Deployed>,
    arguments: &cli::Doctor,
) -> Vec<Check> {
    let Some(deployed) = deployed else {
        return vec![Check::skipped(SECRETS, "all", "the functions' configuration cannot be read")];
    };
    vec![
        cxone_secret(context, deployed).await,
        webhook_secret(context, deployed).await,
        if arguments.token {
            token(context, deployed).await
        } else {
            Check::skipped(OUTSIDE, "CXone token", "use --token to fetch one")
        },
        if arguments.ping_webhook {
            ping(context, deployed).await
        } else {
            Check::skipped(OUTSIDE, "webhook", "use --ping-webhook to post a signed ping")
        },
        clock(context, deployed).await,
    ]
}

fn environment(variables: &Variables) -> Environment {
    let variables = variables.clone();
    Environment::new(move |name| variables.get(name).cloned())
}

fn fill(arn: &str, shape: &str) -> String {
    format!("aws secretsmanager put-secret-value --secret-id {arn} --secret-string '{shape}'")
}

fn of_secret(name: &'static str, result: Result<String, SecretError>, fix: String) -> Check {
    match result {
        Ok(detail) => Check::ok(SECRETS, name, detail),
        Err(error @ SecretError::Unreadable { .. }) => Check::skipped(SECRETS, name, error.to_string()),
        Err(error) => Check::fail(SECRETS, name, error.to_string(), fix),
    }
}

async fn cxone_secret(context: &Context<'_, impl Write>, deployed: &Deployed) -> Check {
    let Some(id) = deployed.intake.get("CXONE_SECRET_ID") else {
        return Check::fail(SECRETS, "CXone", "intake has no CXONE_SECRET_ID", "sam deploy");
    };
    let read = host::read_credentials(&context.clients.secrets, id).await.map(|_| "has the right form".to_owned());
    of_secret("CXone", read, fill(id, r#"{"client_id":"…","client_secret":"…"}"#))
}

async fn webhook_secret(context: &Context<'_, impl Write>, deployed: &Deployed) -> Check {
    let Some(id) = deployed.finalize.get("WEBHOOK_SECRET_ID") else {
        return Check::fail(SECRETS, "webhook", "finalize has no WEBHOOK_SECRET_ID", "sam deploy");
    };
    let read = host::read_signing_secrets(&context.clients.secrets, id).await;
    let read = read.map(|secrets| {
        format!("{} signing {}", secrets.0.len(), if secrets.0.len() == 1 { "secret" } else { "secrets" })
    });
    of_secret("webhook", read, fill(id, r#"{"signing_secrets":["whsec_…"]}"#))
}

async fn token(context: &Context<'_, impl Write>, deployed: &Deployed) -> Check {
    let mut environment = environment(&deployed.intake);
    let settings = CxoneSettings::from_environment(&mut environment);
    let settings = match environment.finish(settings) {
        Ok(settings) => settings,
        Err(error) => {
            return Check::fail(OUTSIDE, "CXone token", error.to_string(), "correct the parameter and deploy again");
        }
    };
    let client = host::cxone_client(settings, deployed.http.web.clone(), context.clients.secrets.clone());
    match client.authorize().await {
        Ok(()) => Check::ok(OUTSIDE, "CXone token", "CXone gave one"),
        Err(error) => Check::fail(
            OUTSIDE,
            "CXone token",
            error.to_string(),
            "check the secret and the client's scopes in CXone's administration, then run doctor --token again",
        ),
    }
}

async fn ping(context: &Context<'_, impl Write>, deployed: &Deployed) -> Check {
    let name = "webhook";
    let mut environment = environment(&deployed.finalize);
    let plain = PlainHttpHosts::from_environment(&environment);
    let url = environment.url("WEBHOOK_URL", &plain);
    let url = match environment.finish(url) {
        Ok(url) => url,
        Err(error) => return Check::fail(OUTSIDE, name, error.to_string(), "set WebhookUrl and deploy again"),
    };
    let id = deployed.finalize.get("WEBHOOK_SECRET_ID").map(String::as_str).unwrap_or_default();
    let secrets = match host::read_signing_secrets(&context.clients.secrets, id).await {
        Ok(secrets) => secrets,
        Err(error) => return Check::skipped(OUTSIDE, name, error.to_string()),
    };
    let body = r#"{"schema_version":1,"event":"PING"}"#;
    let message = format!("ping-{}", context.ui.now.unix_millis());
    let Ok(signed) =
        host::signatures(&secrets, &message, context.ui.now.unix_seconds().unsigned_abs(), body.as_bytes())
    else {
        return Check::fail(
            OUTSIDE,
            name,
            "a signing secret is no key",
            fill(id, r#"{"signing_secrets":["whsec_…"]}"#),
        );
    };
    let posted = deployed
        .http
        .web
        .post(url.clone())
        .header("content-type", "application/json")
        .header("webhook-id", &message)
        .header("webhook-timestamp", context.ui.now.unix_seconds().to_string())
        .header("webhook-signature", signed)
        .body(body)
        .timeout(std::time::Duration::from_secs(10))
        .send()
        .await;
    let fix = "correct the receiver, or WebhookUrl (sam deploy), then run doctor --ping-webhook again";
    match posted {
        Ok(response) if response.status().is_success() => {
            Check::ok(OUTSIDE, name, format!("the receiver answered {}", response.status().as_u16()))
        }
        Ok(response) => {
            Check::fail(OUTSIDE, name, format!("{} answered {}", shown(&url), response.status().as_u16()), fix)
        }
        Err(error) => Check::fail(
            OUTSIDE,
            name,
            format!("{} cannot be reached: {}", shown(&url), attachments::causes(&error.without_url())),
            fix,
        ),
    }
}

/// Without its query, which may hold a key.
fn shown(url: &reqwest::Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.to_string()
}

/// Compares this machine's clock with AWS's, by the `Date` of any answer.
async fn clock(context: &Context<'_, impl Write>, deployed: &Deployed) -> Check {
    let region = &context.clients.region;
    let url = context.global.endpoint_url.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL").ok());
    let url = url.unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com/"));
    let asked = deployed.http.web.get(&url).timeout(std::time::Duration::from_secs(5)).send().await;
    let date =
        asked.ok().and_then(|answer| httpdate::parse_http_date(answer.headers().get("date")?.to_str().ok()?).ok());
    let Some(date) = date else { return Check::skipped(OUTSIDE, "clock", "AWS did not say its time") };
    let now = SystemTime::now();
    let skew = now.duration_since(date).or_else(|_| date.duration_since(now)).unwrap_or_default().as_secs();
    if skew > SKEW_SECONDS {
        Check::fail(
            OUTSIDE,
            "clock",
            format!("this machine's clock differs from AWS's by {skew} s"),
            "sudo timedatectl set-ntp true",
        )
    } else {
        Check::ok(OUTSIDE, "clock", format!("within {} s of AWS's", skew.max(1)))
    }
}
