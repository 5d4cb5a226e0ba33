//! Runs the targets with seeds, mutated seeds, and inputs generated for the rules of each target.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's own steps")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use parsers::TARGETS;
use proptest::{collection::vec, prelude::*, sample::Index};

/// The first and the last day of RFC 3339, one that it cannot express, one that does not exist, and an ordinary one.
const DAYS: &[&str] = &["0000-01-01", "9999-12-31", "+10000-01-01", "2026-02-29", "2026-11-22"];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("seeds").join(target)).expect("the target's seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The quoted words of the fuzzer's dictionary.
fn words() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(folder("dictionary")).unwrap();
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(|word| word.replace("\\\"", "\"").replace("\\\\", "\\").into_bytes()).collect()
}

fn names_in(name: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(name)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_target_has_seeds_and_a_fuzz_binary() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in("seeds"), names);
    assert_eq!(names_in("fuzz_targets"), names);
    for name in names {
        let source = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(source.contains(&format!("parsers::{name}(")), "{name}.rs does not run the target {name}");
    }
}

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
        for seed in seeds {
            target(&seed);
        }
    }
}

/// Runs all targets for responses with one response.
fn run_response_targets(response: &str) {
    parsers::upload_response(response.as_bytes());
    parsers::job_response(response.as_bytes());
    parsers::token_response(response.as_bytes());
}

#[test]
fn every_status_passes_the_response_targets() {
    let bodies = [
        "",
        "plain text",
        r#"{"jobId": "j", "status": "FAILED", "access_token": "t", "error": "e"}"#,
        r#"{"jobId": 4711, "status": " failed ", "access_token": 7, "error": "insufficient_scope"}"#,
        r#"{"message": "Forbidden"}"#,
    ];
    for (status, body) in (100..1_000).flat_map(|status| bodies.map(|body| (status, body))) {
        run_response_targets(&format!("{status}\n\n{body}"));
        run_response_targets(&format!("{status}\n7\n{body}"));
        run_response_targets(&format!("{status} part\n7\n{body}"));
    }
}

/// A change of a few bytes: the position, how many bytes are removed, and the bytes that replace them.
#[derive(Debug, Clone)]
struct Edit {
    at: Index,
    removed: usize,
    put: Vec<u8>,
}

fn edit() -> impl Strategy<Value = Edit> {
    let word = prop::sample::select(words());
    let put = prop_oneof![vec(any::<u8>(), 0..4), "[ -~]{0,4}".prop_map(String::into_bytes), word];
    (any::<Index>(), 0..12_usize, put).prop_map(|(at, removed, put)| Edit { at, removed, put })
}

fn edited(mut input: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for Edit { at, removed, put } in edits {
        let start = at.index(input.len() + 1);
        let end = input.len().min(start + removed);
        input.splice(start..end, put.iter().copied());
    }
    input
}

/// The names and versions of the packages in a lock file.
fn locked(text: &str) -> BTreeSet<(&str, &str)> {
    let packages = text.split("[[package]]").skip(1);
    packages
        .map(|package| {
            let of = |name: &str| package.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix('"')).unwrap();
            (of("name = \""), of("version = \""))
        })
        .collect()
}

#[test]
fn fuzzer_runs_the_deployed_versions() {
    let read = |path: &str| fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (deployed, fuzzed) = (read("../../Cargo.lock"), read("fuzz/Cargo.lock"));
    let (deployed, fuzzed) = (locked(&deployed), locked(&fuzzed));
    let names: BTreeSet<&str> = deployed.iter().map(|(name, _)| *name).collect();
    let other: Vec<_> = fuzzed.difference(&deployed).filter(|(name, _)| names.contains(name)).collect();
    assert!(
        fuzzed.len() > 50 && other.is_empty(),
        "copy Cargo.lock to tests/parsers/fuzz/Cargo.lock and run make fuzz; other versions: {other:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_seeds_pass_their_targets(which in any::<Index>(), seed in any::<Index>(), edits in vec(edit(), 1..6)) {
        let (name, target) = TARGETS[which.index(TARGETS.len())];
        target(&edited(seed.get(&seeds(name)).clone(), &edits));
    }
}

proptest! {
    #[test]
    fn any_bytes_pass_every_target(input in vec(any::<u8>(), 0..300)) {
        for (_, target) in TARGETS {
            target(&input);
        }
    }

    #[test]
    fn any_key_passes(key in "[^\u{0}]{0,60}", folders in 0..4_usize) {
        parsers::key(format!("interactions/{}{key}", "a+%2F/".repeat(folders)).as_bytes());
    }

    #[test]
    fn waits_in_seconds_and_dates_pass(clock in 0..253_402_300_799_u64, seconds in any::<u64>(), late in -2_000..2_000_i64) {
        parsers::retry_after(format!("{clock}\n{seconds}").as_bytes());
        parsers::retry_after(format!("{clock}\n{}", seconds % 1_000).as_bytes());
        parsers::retry_after(format!("{clock}\n{}.{seconds}", seconds % 1_000).as_bytes());
        let at = clock.saturating_add_signed(late).min(253_402_300_799);
        let at = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at));
        parsers::retry_after(format!("{clock}\n{at}").as_bytes());
    }

    #[test]
    fn long_responses_in_any_script_pass(status in 100..1_000_u16, pad in 0..4_usize, c in any::<char>(), count in 900..1_100_usize) {
        let said = "x".repeat(pad) + &String::from(c).repeat(count);
        for body in [said.clone(), serde_json::json!({"status": said, "jobId": said, "error": said}).to_string()] {
            run_response_targets(&format!("{status}\n\n{body}"));
        }
    }

    #[test]
    fn secrets_in_any_place_are_not_shown(
        status in prop::sample::select(vec![200_u16, 202, 307, 400, 401, 403, 404, 409, 413, 422, 429, 503, 600]),
        before in "[ -~]{0,40}|\\PC{0,20}| {0,20000}",
        after in "[ -~]{0,40}|\\PC{0,20}",
        names in vec(prop::sample::select(vec!["status", "jobId", "id", "reason", "interactionId", "error"]), 1..6),
    ) {
        let said = format!("{before}{}{after}", cxone::fuzzing::SECRET);
        let object: serde_json::Map<_, _> = names.into_iter().map(|name| (name.to_owned(), said.clone().into())).collect();
        for body in [said, serde_json::Value::from(object).to_string()] {
            run_response_targets(&format!("{status}\n\n{body}"));
            run_response_targets(&format!("{status} part\n\n{body}"));
        }
    }

    #[test]
    fn any_status_word_passes(word in "\\PC{0,80}|(PENDING|RUNNING|COMPLETED|FAILED)[ \t\u{0}\u{7f}]?") {
        parsers::job_response(format!("200\n\n{}", serde_json::json!({"status": word})).as_bytes());
    }

    #[test]
    fn any_token_and_lifetime_pass(token in "[ -~\t\u{0}é]{0,20}", lifetime in any::<u64>(), float in any::<f64>()) {
        let lifetimes = [lifetime.into(), float.into(), lifetime.to_string().into(), float.to_string().into()];
        for lifetime in lifetimes as [serde_json::Value; 4] {
            let body = serde_json::json!({"access_token": token, "expires_in": lifetime});
            parsers::token_response(format!("200\n\n{body}").as_bytes());
        }
    }

    #[test]
    fn any_event_time_passes(day in prop::sample::select(DAYS), hour in 0..24_u8, offset in -23..24_i8) {
        let time = format!("{day}T{hour:02}:59:59.9996{offset:+03}:59");
        let seed = |name| fs::read_to_string(folder("seeds").join("events").join(name)).unwrap();
        for name in ["notification", "eventbridge"] {
            parsers::events(seed(name).replace("2026-11-22T09:30:10.123Z", &time).as_bytes());
        }
    }
}
