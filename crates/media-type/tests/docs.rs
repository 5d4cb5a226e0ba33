//! Compares the extensions in docs/producers.md with the accepted ones.

use std::{fs, path::Path};

use media_type::MediaType;

#[test]
fn documented_extensions_are_the_accepted_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/producers.md");
    let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows = page.lines().skip_while(|line| !line.starts_with("| type |")).skip(2);
    let table: String = rows.take_while(|line| line.starts_with('|')).collect();
    let listed: Vec<_> = table.split('`').skip(1).step_by(2).collect();
    let accepted: Vec<_> = MediaType::ALL.into_iter().flat_map(MediaType::extensions).copied().collect();
    assert_eq!(listed, accepted);
}
