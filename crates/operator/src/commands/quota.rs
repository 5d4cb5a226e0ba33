//! `quota show`.

use std::io::Write;

use serde_json::json;

use super::Context;
use crate::{Exit, ToolError, object, ui::story::size};

/// Prints the counter and the limit.
pub(super) async fn show(context: &mut Context<'_, impl Write>) -> Result<Exit, ToolError> {
    let ledger = object::ledger(&context.clients, &context.deployment)?;
    let used = ledger.used_bytes().await.map_err(|error| object::of_ledger(&error))?;
    let limit = context.deployment.number("StorageQuotaBytes", 0);
    if context.is_json() {
        context.json(&json!({"schema_version": 1, "used_bytes": used, "limit_bytes": (limit > 0).then_some(limit)}))?;
        return Ok(Exit::Success);
    }
    let text = match (limit, used) {
        (0, 0) => "there is no quota (StorageQuotaBytes is 0)".to_owned(),
        (0, _) => format!("{used} bytes ({}) are counted, but there is no quota (StorageQuotaBytes is 0)", size(used)),
        _ => {
            let percent = u128::from(used) * 100 / u128::from(limit);
            format!("{used} of {limit} bytes are used: {percent} %, {} are left", size(limit.saturating_sub(used)))
        }
    };
    context.out.line(&text)?;
    Ok(Exit::Success)
}
