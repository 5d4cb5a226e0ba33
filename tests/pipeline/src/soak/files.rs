//! Files of mixed types and sizes.

use stack::fixtures::Fixture;

use crate::world::{File, PREFIX, sound};

/// The file with this number. Every second one is a sound of 1 KiB to 1 MiB, small ones more often than large ones; the
/// others are of each type in turn.
#[expect(clippy::disallowed_methods, reason = "sizes for a test")]
pub(super) fn file(fixtures: &[Fixture], interaction: &str, number: usize) -> File {
    let of = |name: &str, body: &[u8]| File::new(format!("{PREFIX}{interaction}/{name}"), body).tagged();
    match fixtures.get(number / 2 % fixtures.len().max(1)) {
        Some(fixture) if !number.is_multiple_of(2) => of(&fixture.name, &fixture.content),
        _ => {
            // Evenly spread over the powers of two.
            let size = 1_024.0 * 2_f64.powf(fastrand::f64() * 10.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 KiB to 1 MiB")]
            of("call.wav", &sound(size as usize))
        }
    }
}
