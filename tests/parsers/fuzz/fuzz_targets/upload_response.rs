#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| parsers::upload_response(input));
