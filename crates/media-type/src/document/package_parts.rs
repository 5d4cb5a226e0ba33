//! Parses the two XML parts that describe an Office package: the content types and the relationships.
//!
//! Unlike a search for strings, parsing handles comments, prefixes, single quotes and UTF-16. The reader neither recurses nor
//! expands entities. A document type declaration, which the format forbids, is an error.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event, attributes::Attribute},
};

const CONTENT_TYPES_NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const RELATIONSHIPS_NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
/// The relationship from a package to its main part, in the transitional and in the strict form.
const MAIN_PART_RELATIONSHIPS: [&str; 2] = [
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument",
];
/// The most attributes of an element. The format allows at most five.
const MAX_ATTRIBUTES: usize = 32;
const USUAL_ATTRIBUTES: usize = 4;

/// The part does not follow the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The subject of a declaration in the content types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared<'a> {
    /// The part with this name, without its first slash.
    Part(&'a str),
    /// All parts with this extension, without the dot.
    Extension(&'a str),
}

/// Calls `see` with each declaration and its content type, in the order of the file.
pub(crate) fn each_content_type(xml: &[u8], mut see: impl FnMut(Declared<'_>, &str)) -> Result<(), Malformed> {
    each_child(xml, "Types", CONTENT_TYPES_NAMESPACE, |child| {
        let content_type = child.attribute("ContentType");
        match (child.name, child.attribute("PartName"), child.attribute("Extension"), content_type) {
            ("Override", Some(part), _, Some(content_type)) => {
                see(Declared::Part(part.strip_prefix('/').unwrap_or(&part)), content_type.trim());
                Ok(())
            }
            ("Default", _, Some(extension), Some(content_type)) => {
                see(Declared::Extension(&extension), content_type.trim());
                Ok(())
            }
            _ => Err(Malformed),
        }
    })
}

/// A relationship of the package or of one of its parts.
pub(crate) struct Relationship<'a> {
    /// The relationship's type, a URI.
    pub(crate) kind: &'a str,
    target: Option<Cow<'a, str>>,
    /// Whether the target is outside the package.
    pub(crate) is_external: bool,
}

/// Calls `see` with each relationship, in the order of the file.
pub(crate) fn each_relationship(xml: &[u8], mut see: impl FnMut(Relationship<'_>)) -> Result<(), Malformed> {
    try_each_relationship(xml, |relationship| {
        see(relationship);
        Ok(())
    })
}

fn try_each_relationship(
    xml: &[u8],
    mut see: impl FnMut(Relationship<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    each_child(xml, "Relationships", RELATIONSHIPS_NAMESPACE, |child| match child.attribute("Type") {
        Some(kind) if child.name == "Relationship" => {
            let is_external = child.attribute("TargetMode").is_some_and(|mode| mode == "External");
            see(Relationship { kind: &kind, target: child.attribute("Target"), is_external })
        }
        _ => Ok(()),
    })
}

/// The name of the package's main part, without a leading slash. `None` if the relationships name none.
pub(crate) fn main_part(xml: &[u8]) -> Result<Option<String>, Malformed> {
    let mut main = None;
    try_each_relationship(xml, |relationship| {
        if MAIN_PART_RELATIONSHIPS.contains(&relationship.kind) && !relationship.is_external {
            let target = relationship.target.ok_or(Malformed)?;
            let part = target.replace('\\', "/").trim_start_matches("./").trim_start_matches('/').to_owned();
            // Of two main parts, it is not known which one a reader would open.
            if main.replace(part).is_some() {
                return Err(Malformed);
            }
        }
        Ok(())
    })?;
    Ok(main)
}

/// An element directly below the root.
struct Child<'a> {
    /// The element's name without its prefix.
    name: &'a str,
    attributes: &'a [Attribute<'a>],
}

impl Child<'_> {
    fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let attribute = self.attributes.iter().find(|attribute| attribute.key.0 == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok()
    }
}

/// Calls `visit` with every element directly below the root. The root must have this name, and the root and its children this
/// namespace.
fn each_child(
    xml: &[u8],
    root: &str,
    namespace: &str,
    mut visit: impl FnMut(&Child<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let text = decode(xml).ok_or(Malformed)?;
    let mut reader = Reader::from_str(&text);
    let mut prefix: Option<String> = None;
    let mut depth = 0_usize;
    loop {
        let event = reader.read_event().map_err(|_| Malformed)?;
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let attributes = attributes(element)?;
                let name = element.name().0;
                let (element_prefix, local) = name.rsplit_once(':').unwrap_or(("", name));
                match (depth, &prefix) {
                    (0, None)
                        if local == root
                            && declared_namespace(&attributes, element_prefix)? == Some(namespace.into()) =>
                    {
                        prefix = Some(element_prefix.to_owned());
                    }
                    (1, Some(prefix)) if element_prefix == prefix => {
                        if declared_namespace(&attributes, element_prefix)?
                            .is_some_and(|declared| declared != namespace)
                        {
                            return Err(Malformed);
                        }
                        visit(&Child { name: local, attributes: &attributes })?;
                    }
                    (2.., _) => {}
                    _ => return Err(Malformed),
                }
                if matches!(event, Event::Start(_)) {
                    depth += 1;
                }
            }
            Event::End(_) => depth = depth.checked_sub(1).ok_or(Malformed)?,
            Event::DocType(_) => return Err(Malformed),
            Event::Eof => break,
            _ => {}
        }
    }
    if depth == 0 && prefix.is_some() { Ok(()) } else { Err(Malformed) }
}

/// All attributes of an element. An error if one is malformed or repeated, or if there are too many.
fn attributes<'a>(element: &'a BytesStart<'_>) -> Result<Vec<Attribute<'a>>, Malformed> {
    let mut attributes = Vec::with_capacity(USUAL_ATTRIBUTES);
    for attribute in element.attributes() {
        if attributes.len() == MAX_ATTRIBUTES {
            return Err(Malformed);
        }
        attributes.push(attribute.map_err(|_| Malformed)?);
    }
    Ok(attributes)
}

/// The namespace that this element itself binds to the prefix.
fn declared_namespace<'a>(attributes: &'a [Attribute<'_>], prefix: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
    let declares = |key: &str| match key.strip_prefix("xmlns") {
        Some("") => prefix.is_empty(),
        Some(rest) => rest.strip_prefix(':') == Some(prefix),
        None => false,
    };
    match attributes.iter().find(|attribute| declares(attribute.key.0)) {
        Some(attribute) => attribute.normalized_value(XmlVersion::Implicit1_0).map(Some).map_err(|_| Malformed),
        None => Ok(None),
    }
}

/// Decodes UTF-8 or UTF-16, with or without a byte order mark.
fn decode(xml: &[u8]) -> Option<Cow<'_, str>> {
    type FromUnit = fn([u8; 2]) -> u16;
    let (utf16, from_unit): (_, FromUnit) = match xml {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return std::str::from_utf8(rest).ok().map(Cow::Borrowed),
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        [b'<', 0, ..] => (xml, u16::from_le_bytes),
        [0, b'<', ..] => (xml, u16::from_be_bytes),
        _ => return std::str::from_utf8(xml).ok().map(Cow::Borrowed),
    };
    let (units, rest) = utf16.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(units.iter().copied().map(from_unit)).collect();
    text.ok().filter(|_| rest.is_empty()).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
        <Default Extension="xml" ContentType="application/xml"/><!-- <Override PartName="/no" ContentType="no"/> -->
        <Override PartName="/word/document.xml" ContentType="main"></Override></Types>"#;

    fn declarations(xml: &[u8]) -> Result<Vec<String>, Malformed> {
        let mut all = Vec::new();
        each_content_type(xml, |declared, content_type| all.push(format!("{declared:?} {content_type}")))?;
        Ok(all)
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn other_quotes_prefixes_and_encodings_are_read() {
        let expected = declarations(TYPES.as_bytes()).unwrap();
        assert_eq!(expected, ["Extension(\"xml\") application/xml", "Part(\"word/document.xml\") main"]);
        let prefixed = TYPES
            .replace("Types", "t:Types")
            .replace("<Def", "<t:Def")
            .replace("Override", "t:Override")
            .replace("xmlns", "xmlns:t");
        for same in [
            TYPES.replace('"', "'").into_bytes(),
            prefixed.into_bytes(),
            TYPES.replace("main", "m&#x61;in").into_bytes(),
            format!("\u{feff}{TYPES}").into_bytes(),
            utf16(TYPES, u16::to_le_bytes),
            utf16(&format!("\u{feff}{TYPES}"), u16::to_be_bytes),
        ] {
            assert_eq!(declarations(&same).as_ref(), Ok(&expected));
        }
    }

    #[test]
    fn part_that_breaks_the_format_is_malformed() {
        let many_attributes = (0..40).fold("<Override".to_owned(), |text, n| text + &format!(" a{n}=''"));
        for wrong in [
            TYPES.replace("2006", "2007"),
            TYPES.replace("Types", "Kinds"),
            TYPES.replace("<Types", "<!DOCTYPE x [<!ENTITY e 'main'>]><Types"),
            TYPES.replace("<Override", "<x:Override").replace("</Override", "</x:Override"),
            TYPES.replace("<Override", "<Override xmlns='other'"),
            TYPES.replace("<Override", "<Override PartName='/twice'"),
            TYPES.replace("</Types>", ""),
            TYPES.replace("</Types>", "</Types><Types/>"),
            TYPES.replace("ContentType=\"main\"", ""),
            TYPES.replace("<Override", &many_attributes),
            String::new(),
            "<Types/>".to_owned(),
        ] {
            assert_eq!(declarations(wrong.as_bytes()), Err(Malformed), "{wrong}");
        }
        assert_eq!(declarations(b"\xff\xfe<"), Err(Malformed));
        assert_eq!(declarations(b"<\xff"), Err(Malformed));
    }

    #[test]
    fn very_deep_nesting_is_malformed() {
        let deep = format!("{}{}", TYPES.replace("</Types>", ""), "<a>".repeat(300_000));
        assert_eq!(declarations(deep.as_bytes()), Err(Malformed));
    }

    #[test]
    fn main_part_is_the_target_of_the_packages_relationship() {
        let relationships = |inner: &str| {
            format!(
                "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>{inner}</Relationships>"
            )
        };
        let main =
            |target: &str| format!("<Relationship Id='1' Type='{}' Target='{target}'/>", MAIN_PART_RELATIONSHIPS[1]);
        let part = |inner: &str| main_part(relationships(inner).as_bytes());
        for target in ["word/document.xml", "/word/document.xml", "./word/document.xml", "word\\document.xml"] {
            assert_eq!(part(&main(target)), Ok(Some("word/document.xml".to_owned())));
        }
        assert_eq!(part("<Relationship Id='1' Type='thumbnail' Target='a.png'/>"), Ok(None));
        assert_eq!(part(&main("a").replace("Id", "TargetMode='External' Id")), Ok(None));
        assert_eq!(part(&[main("a"), main("b")].concat()), Err(Malformed));
    }
}
