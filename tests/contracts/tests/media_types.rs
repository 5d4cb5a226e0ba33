//! The template and the fixtures name the media types that `media-type` declares.

use media_type::MediaType;

use crate::template;

#[test]
fn the_template_allows_every_media_type_by_default() {
    let parameters = template().parameters().unwrap();
    let default = parameters["AllowedMimeTypes"].default().unwrap();
    assert_eq!(default.split(',').collect::<Vec<_>>(), MediaType::ALL.map(MediaType::as_str));
}
