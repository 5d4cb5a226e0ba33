//! The fast rows, in every run of the tests. `make faults` runs all rows.

use pipeline::Selection;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fast_rows_pass() {
    let profile = std::env::var("PROFILE").ok().filter(|profile| !profile.is_empty());
    let selection =
        Selection { fast: true, profile: profile.unwrap_or_else(|| "dev".to_owned()), ..Selection::default() };
    let summary = pipeline::run(&selection).await.unwrap();
    assert!(summary.rows > 60, "{} rows", summary.rows);
    assert_eq!(summary.failed, 0, "\n{}", summary.table);
}
