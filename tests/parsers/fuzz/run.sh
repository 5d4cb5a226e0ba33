#!/usr/bin/env bash
# Fuzzes every target of the given fuzz folders for a limited time, and prints a line for each. `make fuzz` calls it.
#   CARGO_FUZZ=path SECONDS_EACH=30 TARGET_DIR=target [ONLY=key] run.sh tests/parsers/fuzz crates/media-type/fuzz
# Exits with 1 if a target failed. The folder's artifacts/ then has the input that caused it.
set -euo pipefail

command -v c++ >/dev/null || { echo "a C++ compiler is missing; install one (Debian: apt-get install g++)" >&2; exit 1; }
# libFuzzer's instrumentation is an unstable flag of the compiler. This makes the stable compiler accept it.
export RUSTC_BOOTSTRAP=1
build=$(realpath --canonicalize-missing "$TARGET_DIR")/fuzz
binaries=$build/$(rustc -vV | sed -n 's/^host: //p')/release
logs=$build/logs
mkdir -p "$logs"

stat_of() { sed -n "s/^stat::$1: *//p" "$2"; }

targets_of() { grep -l 'fuzz_target!' "$1"/fuzz_targets/*.rs | sed 's|.*/||; s|\.rs$||'; }
is_selected() { [[ -z ${ONLY:-} || $1 == "$ONLY" ]]; }

for folder in "$@"; do
  if [[ -f $folder/src/seeds.rs ]]; then
    cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$build" --bin seeds
  fi
  for target in $(targets_of "$folder"); do
    is_selected "$target" || continue
    echo "building $folder, $target …" >&2
    # No sanitizer: the code is safe Rust, and without one the fuzzer runs it twice as often.
    "$CARGO_FUZZ" fuzz build --fuzz-dir "$folder" --sanitizer none --target-dir "$build" "$target" >"$logs/build.log" 2>&1 ||
      { tail -40 "$logs/build.log" >&2; exit 1; }
  done
done

status=0
ran=0
printf '%-16s %12s %8s %9s  %s\n' target inputs seconds 'peak RSS' result
for folder in "$@"; do
  for target in $(targets_of "$folder"); do
    is_selected "$target" || continue
    ran=$((ran + 1))
    seeds=$folder/seeds
    if [[ -d $seeds/$target ]]; then seeds=$seeds/$target; fi
    corpus=$folder/corpus/$target artifacts=$folder/artifacts/$target log=$logs/$target.log
    mkdir -p "$corpus" "$artifacts"
    options=(-max_total_time="$SECONDS_EACH" -timeout=5 -rss_limit_mb=512 -print_final_stats=1 -artifact_prefix="$artifacts/")
    if [[ -f $folder/dictionary ]]; then options+=(-dict="$folder/dictionary"); fi
    started=$SECONDS result=ok
    if ! "$binaries/$target" "${options[@]}" "$corpus" "$seeds" >"$log" 2>&1; then
      status=1
      result="FAILED, $(grep -o 'Test unit written to .*' "$log" || echo "see $log")"
    fi
    printf '%-16s %12s %8s %6s MB  %s\n' "$target" "$(stat_of number_of_executed_units "$log")" "$((SECONDS - started))" \
      "$(stat_of peak_rss_mb "$log")" "$result"
    if [[ $result != ok ]]; then grep -A1 "panicked at" "$log" || true; fi
  done
done
if ((ran == 0)); then
  echo "there is no target ${ONLY:-}; the targets are the files of fuzz_targets/" >&2
  exit 1
fi
exit "$status"
