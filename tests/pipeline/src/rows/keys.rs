//! Keys of producers, valid and invalid.

use super::{Acting, Play, Row, row};
use crate::case::{Case, Expect, ensure};
use crate::world::{File, PREFIX, Webhook};

pub(super) const ROWS: &[Row] = &[
    row(
        "key/plus",
        "a key with + and spaces",
        "COMPLETED with that file name",
        Play::Other(|case| named(case, "1 + 1 = 2.wav")),
    )
    .fast(),
    row(
        "key/percent",
        "a key with %",
        "COMPLETED with that file name",
        Play::Other(|case| named(case, "100%41 %2F %.wav")),
    )
    .fast(),
    row(
        "key/unicode",
        "a key in Unicode",
        "COMPLETED with that file name",
        Play::Other(|case| named(case, "Grüße 録音 \u{1f4de}.wav")),
    )
    .fast(),
    row(
        "key/quote",
        "a file name with quotation marks",
        "COMPLETED with that file name",
        Play::Other(|case| named(case, "the \"call\".wav")),
    )
    .fast(),
    row("key/long", "a key of 1,024 bytes", "COMPLETED", Play::Other(long)).fast(),
    row(
        "key/dots",
        "a key with ..",
        "COMPLETED at the interaction at the start of the key",
        Play::Other(|case| named(case, "../../other/call.wav")),
    )
    .fast(),
    row("key/newline", "a newline in the file name", "REJECTED bad_key", Play::Other(|case| bad(case, "a\nb.wav")))
        .fast(),
    row(
        "key/ansi",
        "ANSI codes in the file name",
        "REJECTED bad_key",
        Play::Other(|case| bad(case, "\u{1b}[31mred.wav")),
    )
    .fast(),
];

fn named(case: Case, name: &'static str) -> Acting {
    Box::pin(async move {
        let placed = case.world.put(&File::named(&case.interaction, name, 6_000)).await?;
        let ended = case.end_of(&placed, Webhook::Delivered).await?;
        let seen = Expect::COMPLETED.compare(&ended)?;
        let held = ended.attachment.map(|one| (one.interaction_id, one.file_name)).unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or(name);
        ensure(held == (case.interaction.clone(), last.to_owned()), || format!("CXone holds {held:?}"))?;
        Ok(seen)
    })
}

fn long(case: Case) -> Acting {
    Box::pin(async move {
        let start = format!("{PREFIX}{}/", case.interaction);
        // Folders of 200 bytes; the file's name takes the rest.
        let mut key = start;
        while key.len() + 201 < 1_000 {
            key.push_str(&"f".repeat(200));
            key.push('/');
        }
        key.push_str(&"n".repeat(1_024 - 4 - key.len()));
        key.push_str(".wav");
        let placed = case.world.put(&File { key, ..case.file() }).await?;
        ensure(placed.key.len() == 1_024, || format!("a key of {} bytes", placed.key.len()))?;
        case.expect(&placed, &Expect::COMPLETED).await
    })
}

fn bad(case: Case, name: &'static str) -> Acting {
    Box::pin(async move {
        let placed = case.world.put(&File::named(&case.interaction, name, 6_000)).await?;
        case.expect(&placed, &Expect::rejected("bad_key").uploads(0, 0)).await
    })
}
