#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| parsers::job_response(input));
