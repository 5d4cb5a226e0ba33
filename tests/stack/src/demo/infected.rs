//! A PDF that every virus scanner stops, made at run time: no file of this project holds the test string.

use std::fmt::Write as _;

use servers::cxone::eicar;

/// A valid PDF of one page with the EICAR test file attached to it, as mail programs attach files.
pub(crate) fn pdf() -> Vec<u8> {
    with_attachment(&eicar::test_string())
}

/// `attachment` must be ASCII: then the text's offsets are the file's.
fn with_attachment(attachment: &str) -> Vec<u8> {
    let page = "BT /F1 14 Tf 72 720 Td (A file for virus scanners is attached to this page.) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(eicar.com) 6 0 R] >> >> >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        stream("", page),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /Filespec /F (eicar.com) /UF (eicar.com) /EF << /F 7 0 R >> >>".to_owned(),
        stream("/Type /EmbeddedFile ", attachment),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    // Each entry is 20 bytes; the first heads the list of free objects.
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size) = (file.len(), objects.len() + 1);
    let _ = write!(file, "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

fn stream(dictionary: &str, content: &str) -> String {
    format!("<< {dictionary}/Length {} >>\nstream\n{content}\nendstream", content.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows the only or last `mark`.
    fn after<'t>(text: &'t str, mark: &str) -> &'t str {
        text.rsplit_once(mark).unwrap().1
    }

    #[test]
    fn its_cross_references_point_at_its_objects() {
        let text = String::from_utf8(pdf()).unwrap();
        assert!(text.starts_with("%PDF-1.7\n") && text.ends_with("\n%%EOF\n"));
        let start: usize = after(&text, "startxref\n").lines().next().unwrap().parse().unwrap();
        let table = text[start..].strip_prefix("xref\n0 8\n").unwrap();
        for number in 0..8 {
            let entry = &table[number * 20..][..20];
            assert!(entry.ends_with(if number == 0 { " 65535 f \n" } else { " 00000 n \n" }), "{entry:?}");
            let offset: usize = entry[..10].parse().unwrap();
            let pointed = if number == 0 { "%PDF" } else { &format!("{number} 0 obj\n") };
            assert!(text[offset..].starts_with(pointed), "object {number} is not at {offset}");
        }
        assert!(table[160..].starts_with("trailer\n<< /Size 8 /Root 1 0 R >>\n"));
    }

    #[test]
    fn its_streams_have_the_lengths_that_they_name() {
        let text = String::from_utf8(pdf()).unwrap();
        let streams: Vec<_> = text.split(">>\nstream\n").collect();
        assert_eq!(streams.len(), 3);
        for pair in streams.windows(2) {
            let length: usize = after(pair[0], "/Length ").trim().parse().unwrap();
            assert!(pair[1][length..].starts_with("\nendstream\n"), "not {length} bytes");
        }
    }

    #[test]
    fn it_holds_the_test_string_whole() {
        let text = String::from_utf8(pdf()).unwrap();
        assert_eq!(text.matches(&format!("stream\n{}\nendstream", eicar::test_string())).count(), 1);
        assert_eq!(text.matches("/Length 68 >>").count(), 1);
    }
}
