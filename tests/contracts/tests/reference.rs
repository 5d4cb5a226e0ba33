//! The reference tables of the docs are those that the declarations give.

use contracts::{reference, text};

#[test]
fn the_generated_parts_of_the_docs_are_up_to_date() {
    let pages = reference().unwrap();
    let stale: Vec<_> = pages.iter().filter(|page| text(page.path).unwrap() != page.text).collect();
    let paths: Vec<_> = stale.iter().map(|page| page.path).collect();
    assert!(paths.is_empty(), "{paths:?} are not up to date; run `make reference`");
}
