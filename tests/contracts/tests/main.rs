//! The contracts. Each module compares one kind of file with the code; a test's name says what must agree.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own steps"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "simulated seconds and counts are small"
)]

mod docs;
mod limits;
mod monitoring;
#[path = "../../../crates/attachments/tests/payloads/mod.rs"]
mod payloads;
mod reference;
mod settings;
mod state_machine;

use contracts::Template;

fn template() -> Template {
    Template::read("template.yaml").unwrap()
}

/// A number of the template, by its path of keys.
fn number(keys: &[&str]) -> u64 {
    let template = template();
    let number = template.part(keys).and_then(serde_json::Value::as_u64);
    number.unwrap_or_else(|| panic!("the template has no number {keys:?}"))
}
