//! The hard cases of a file's true type, on the way through the pipeline.

use end_to_end::{Error, Put, World};
use stack::fixtures;

use crate::files::{aac, behind_a_tag, word};

const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const WITH_MACROS: &str = "application/vnd.ms-word.document.macroEnabled.main+xml";

/// A page whose first bytes are a PDF's, with an object and an end mark.
const PAGE: &[u8] = b"%PDF-1<html><script>alert(1)</script></html>\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n";

/// The declaration of a document, and of a part with macros that does not have their usual name.
fn document_with_a_project() -> String {
    format!(r#"{DOCUMENT}"/><Override PartName="/word/notes.bin" ContentType="application/vnd.ms-office.vbaProject"#)
}

pub(crate) async fn the_hard_cases_are_decided_right(world: &World) -> Result<(), Error> {
    let rows: [(&str, Vec<u8>, Option<&str>); 8] = [
        ("far-directory.docx", word(DOCUMENT, 40_000), None),
        // Its directory lies at byte 8,704, behind the head.
        ("far-directory.doc", fixtures::read("letter.doc")?, None),
        ("behind-700-KB-of-tag.mp3", behind_a_tag(700_000, &fixtures::read("voice.mp3")?), None),
        ("macros.docx", word(WITH_MACROS, 40_000), Some("unsupported_type")),
        ("macros-by-another-name.docx", word(&document_with_a_project(), 40_000), Some("active_content")),
        ("page-behind-a-header.pdf", PAGE.to_vec(), Some("unsupported_type")),
        ("aac-behind-a-tag.mp3", behind_a_tag(3_000, &aac()), Some("unsupported_type")),
        ("picture.pdf", fixtures::read("screenshot.png")?, Some("type_mismatch")),
    ];
    let mut sent = Vec::new();
    for (name, bytes, reason) in rows {
        let key = format!("interactions/MEDIA/{name}");
        sent.push((name, reason, world.put(Put { key: &key, bytes, ..Put::default() }).await?));
    }
    for (name, reason, object) in sent {
        let journey = world.journey(&object, "MEDIA").await?;
        journey.check()?;
        assert_eq!(journey.reason().as_deref(), reason, "{name}: {:?}", journey.audit.error_reason);
        println!(
            "{name}: {} {}",
            journey.audit.event,
            journey.audit.error_reason.map_or_else(String::new, |r| r.to_string())
        );
    }
    Ok(())
}
