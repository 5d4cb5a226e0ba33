//! The README lists every extension that is accepted, and no other.

use std::{fs, path::Path};

use media_type::MediaType;

#[test]
fn the_readme_lists_the_extensions_that_are_accepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let row = readme.lines().find(|line| line.starts_with("| file name |")).expect("a row about the file name");
    let listed: Vec<_> = row.split('`').skip(1).step_by(2).collect();
    let accepted: Vec<_> = MediaType::ALL.into_iter().flat_map(MediaType::extensions).copied().collect();
    assert_eq!(listed, accepted);
}
