//! Files of mixed types and sizes.

use crate::world::{File, PREFIX, sound};

const MP3: &[u8] = include_bytes!("../../../fixtures/voice.mp3");
const OGG: &[u8] = include_bytes!("../../../fixtures/voice.ogg");
const PNG: &[u8] = include_bytes!("../../../fixtures/screenshot.png");
const JPG: &[u8] = include_bytes!("../../../fixtures/photo.jpg");
const GIF: &[u8] = include_bytes!("../../../fixtures/animation.gif");
const PDF: &[u8] = include_bytes!("../../../fixtures/letter.pdf");
const DOC: &[u8] = include_bytes!("../../../fixtures/letter.doc");
const DOCX: &[u8] = include_bytes!("../../../fixtures/letter.docx");

/// The file with this number. Every second one is a sound of 1 KiB to 1 MiB, small ones more often than large ones; the
/// others are of each type in turn.
#[expect(clippy::disallowed_methods, reason = "sizes for a test")]
pub(super) fn file(interaction: &str, number: usize) -> File {
    let of = |name: &str, body: &[u8]| File::new(format!("{PREFIX}{interaction}/{name}"), body).tagged();
    if number.is_multiple_of(2) {
        // Evenly spread over the powers of two.
        let size = 1_024.0 * 2_f64.powf(fastrand::f64() * 10.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 KiB to 1 MiB")]
        return of("call.wav", &sound(size as usize));
    }
    match number / 2 % 8 {
        0 => of("voice.mp3", MP3),
        1 => of("voice.ogg", OGG),
        2 => of("screenshot.png", PNG),
        3 => of("photo.jpg", JPG),
        4 => of("animation.gif", GIF),
        5 => of("letter.pdf", PDF),
        6 => of("letter.doc", DOC),
        _ => of("letter.docx", DOCX),
    }
}
