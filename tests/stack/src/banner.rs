//! What `make up` prints.

use crate::Description;
use crate::variables::{self, Asked};

/// Where everything is, and what to try.
pub(crate) fn of(stack: &Description, asked: &Asked) -> String {
    let variables = variables::shown(asked);
    let started_with = if variables.is_empty() { String::new() } else { format!("started     with {variables}\n") };
    format!(
        "\
endpoint    {endpoint}
bucket      {bucket}
CXone       {cxone}
webhook     {webhook}, signed with the secret {webhook_secret}
logs        {logs}
{started_with}
Try:
  eval \"$(make -s env)\"
  aws s3 cp tests/fixtures/letter.pdf \"s3://$BUCKET/interactions/INT-42/letter.pdf\"
  target/debug/cxone-attachments explain INT-42
  target/debug/cxone-attachments status

`make -s status` tells the rest, `make reload` takes in an edit, `make down` stops it.
",
        endpoint = stack.endpoint,
        bucket = stack.bucket,
        cxone = stack.cxone_base_url,
        webhook = stack.webhook_url,
        webhook_secret = stack.webhook_secret_arn,
        logs = stack.log_dir.display(),
    )
}
