//! Outcomes and reason codes.

use attachments::{Outcome, ReasonCode};

use super::{code, item, table};

pub(super) fn outcomes() -> String {
    let rows = Outcome::ALL.map(|outcome| {
        let execution = if outcome.is_success() { "succeeded" } else { "failed" };
        [code(outcome.as_str()), code(&outcome.event()), execution.to_owned()]
    });
    let items = Outcome::ALL.map(|outcome| item(&format!("`{outcome}`: {}", outcome.meaning().trim())));
    table(["outcome", "event", "execution"], rows) + "\n" + &items.concat()
}

pub(super) fn reasons() -> String {
    let known = ReasonCode::KNOWN.iter().map(|reason| (reason.word, reason.meaning.trim(), reason.advice));
    let open = (
        "cxone_{status}",
        "CXone refused with another 4xx status.",
        "Read the text: it is the start of CXone's response.",
    );
    known.chain([open]).map(|(word, meaning, advice)| item(&format!("`{word}`: {meaning} **Do:** {advice}"))).collect()
}
