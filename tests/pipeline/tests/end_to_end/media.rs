//! Files whose true type is hard to find, through the whole pipeline.

use pipeline::{File, World};

use crate::{
    Error,
    files::{aac, behind_a_tag, fixture, word},
};

const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const WITH_MACROS: &str = "application/vnd.ms-word.document.macroEnabled.main+xml";

/// A page that begins like a PDF and has an object and an end mark.
const PAGE: &[u8] = b"%PDF-1<html><script>alert(1)</script></html>\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF\n";

/// The declaration of a document, and of a part with macros that does not have their usual name.
fn document_with_a_project() -> String {
    format!(r#"{DOCUMENT}"/><Override PartName="/word/notes.bin" ContentType="application/vnd.ms-office.vbaProject"#)
}

pub(crate) async fn hard_cases_get_their_true_type(world: &World) -> Result<(), Error> {
    let rows: [(&str, Vec<u8>, Option<&str>); 8] = [
        ("far-directory.docx", word(DOCUMENT, 40_000), None),
        // Its directory begins at byte 8,704, after the head.
        ("far-directory.doc", fixture("letter.doc")?, None),
        ("behind-700-KB-of-tag.mp3", behind_a_tag(700_000, &fixture("voice.mp3")?), None),
        ("macros.docx", word(WITH_MACROS, 40_000), Some("unsupported_type")),
        ("macros-by-another-name.docx", word(&document_with_a_project(), 40_000), Some("active_content")),
        ("page-behind-a-header.pdf", PAGE.to_vec(), Some("unsupported_type")),
        ("aac-behind-a-tag.mp3", behind_a_tag(3_000, &aac()), Some("unsupported_type")),
        ("picture.pdf", fixture("screenshot.png")?, Some("type_mismatch")),
    ];
    let mut sent = Vec::new();
    for (name, bytes, reason) in rows {
        let key = format!("interactions/MEDIA/{name}");
        sent.push((name, reason, world.put(&File::new(key, bytes)).await?));
    }
    for (name, reason, object) in sent {
        let ended = world.outcome_of(&object).await?;
        assert_eq!(ended.reason.as_deref(), reason, "{name}: {:?}", ended.audit.error_reason);
        println!(
            "{name}: {} {}",
            ended.audit.event,
            ended.audit.error_reason.map_or_else(String::new, |r| r.to_string())
        );
    }
    Ok(())
}
