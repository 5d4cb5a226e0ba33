//! The generated parts of the docs.

mod metrics;
mod outcomes;
mod settings;

use media_type::MediaType;

use crate::{
    ContractError, Page, Template,
    markdown::{item, table},
};

/// The pages with generated parts, each as it has to be.
///
/// # Errors
/// A page or the template cannot be read, or a page lacks a marker.
pub fn reference() -> Result<[Page; 4], ContractError> {
    let template = Template::read("template.yaml")?;
    Ok([
        Page::read("docs/outcomes.md")?
            .fill("outcomes", &outcomes::outcomes())?
            .fill("reasons", &outcomes::reasons())?,
        Page::read("docs/settings.md")?
            .fill("settings", &settings::with_parameter(&template)?)?
            .fill("filled in", &settings::filled_in(&template)?)?,
        Page::read("docs/producers.md")?.fill("media types", &media_types())?,
        Page::read("docs/metrics.md")?.fill("metrics", &metrics::metrics())?,
    ])
}

fn media_types() -> String {
    let rows = MediaType::ALL.map(|media_type| {
        let names = [&[media_type.as_str()], media_type.aliases()].concat();
        [media_type.plain_name().to_owned(), code_list(media_type.extensions()), code_list(&names)]
    });
    table(["file", "extensions", "media type"], rows)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn code_list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| code(text.as_ref())).collect::<Vec<_>>().join(", ")
}
