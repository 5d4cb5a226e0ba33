//! The `Content-Disposition` header of a form's part.

/// The names that a part carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    /// The file name as received, between its quotes.
    pub(super) file_name: Option<String>,
}

/// Parses `form-data; name="…"; filename="…"` as RFC 7578 and the HTML standard have it: quoted, in UTF-8, with `"`, CR
/// and LF escaped as `%22`, `%0D` and `%0A`, and without `filename*`, which RFC 7578 forbids.
pub(super) fn parse(value: &[u8]) -> Result<Disposition, String> {
    let text = std::str::from_utf8(value).map_err(|_| "Content-Disposition is not UTF-8".to_owned())?;
    let (kind, mut rest) = text.split_once(';').ok_or("Content-Disposition has no parameters")?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(format!("Content-Disposition is {kind:?} and not form-data"));
    }
    let (mut name, mut file_name) = (None, None);
    loop {
        let (parameter, after) =
            rest.split_once('=').ok_or_else(|| format!("a parameter without a value: {rest:?}"))?;
        let quoted = after.strip_prefix('"').and_then(|after| after.split_once('"'));
        let (value, after) = quoted.ok_or_else(|| format!("a value without quotes: {after:?}"))?;
        let slot = match parameter.trim().to_ascii_lowercase().as_str() {
            "name" => &mut name,
            "filename" => &mut file_name,
            other => return Err(format!("unexpected parameter {other:?} in Content-Disposition")),
        };
        if slot.replace(value.to_owned()).is_some() {
            return Err(format!("{:?} is given twice in Content-Disposition", parameter.trim()));
        }
        match after.trim_start() {
            "" => break,
            more => rest = more.strip_prefix(';').ok_or_else(|| format!("{more:?} after a closing quote"))?,
        }
    }
    let name = name.ok_or("Content-Disposition has no name")?;
    Ok(Disposition { name, file_name })
}

/// Decodes the three escapes of the HTML standard in a file name. A name that itself contains such text cannot be
/// distinguished from an escaped one, so records have both forms.
pub(super) fn decode_file_name(raw: &str) -> String {
    let escapes = [("%22", "\""), ("%0D", "\r"), ("%0d", "\r"), ("%0A", "\n"), ("%0a", "\n")];
    escapes.iter().fold(raw.to_owned(), |name, (escape, plain)| name.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_received() {
        let parsed = parse(r#"form-data; name="file"; filename="año 1+1 %28final%29; \%22.pdf""#.as_bytes()).unwrap();
        assert_eq!(parsed.name, "file");
        assert_eq!(parsed.file_name.as_deref(), Some(r"año 1+1 %28final%29; \%22.pdf"));
        assert_eq!(parse(b"Form-Data;name=\"a\"").unwrap(), Disposition { name: "a".to_owned(), file_name: None });
    }

    #[test]
    fn only_the_three_escapes_are_undone() {
        assert_eq!(decode_file_name("a%22b%0D%0Ac%20d%2B"), "a\"b\r\nc%20d%2B");
    }

    #[test]
    fn forms_outside_the_standards_are_refused() {
        let fault = |value: &[u8]| parse(value).unwrap_err();
        assert!(fault(b"attachment; name=\"a\"").contains("attachment"));
        assert!(fault(b"form-data").contains("no parameters"));
        assert!(fault(b"form-data; filename=\"a\"").contains("no name"));
        assert!(fault(b"form-data; name=a").contains("without quotes"));
        assert!(fault(b"form-data; name=\"a").contains("without quotes"));
        assert!(fault(b"form-data; name=\"a\"; name=\"b\"").contains("twice"));
        assert!(fault(b"form-data; name=\"a\"; filename=\"b\\\"c\"").contains("after a closing quote"));
        assert!(fault(b"form-data; name=\"a\"; filename*=\"UTF-8''b\"").contains("filename*"));
        assert!(fault(b"form-data; name=\"\xff\"").contains("UTF-8"));
    }
}
