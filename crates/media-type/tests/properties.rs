//! What holds for any file: no panic, at most two requests inside the object, the same answer however the stream was cut.

mod samples;

use std::io::Cursor;

use file_format::FileFormat;
use media_type::{
    ActiveContentPolicy, HEAD_LEN, Head, Inspection, MAX_RANGE_LEN, MAX_SECOND_RANGE_LEN, MediaType, Verdict, inspect,
};
use proptest::{collection::vec, prelude::*, sample::select};
use samples::{decide, fixtures, one_of_each, one_of_each_long};

/// The first bytes that lead to a check of their own: those of each type, and rarer ones.
fn signatures() -> Vec<Vec<u8>> {
    let usual = fixtures().into_iter().map(|(_, file)| file.into_iter().take(16).collect());
    let rare: [&[u8]; 6] =
        [b"\xff\xd8\xff\xdb", b"OggS\0\x02", b"ID3\x04\0\0\0\0\x02\x01", b"\xff\xfb\x90\x64", b"\xff\xfb\x00\x64", b""];
    usual.chain(rare.map(<[u8]>::to_vec)).collect()
}

fn files() -> Vec<(MediaType, Vec<u8>)> {
    [one_of_each(), one_of_each_long(), fixtures()].concat()
}

/// Runs a decision to its end with whatever the ranges bring, and checks the requests on the way.
fn check(head: &[u8], object_len: u64, range: impl Fn(u64, u64) -> Vec<u8>) -> Verdict {
    let check_place = |offset: u64, length: u64, most: u64| {
        assert!((1..=most).contains(&length), "{length}");
        assert!(offset >= head.len().min(HEAD_LEN) as u64, "{offset}");
        assert!(offset.checked_add(length).is_some_and(|end| end <= object_len), "{offset} + {length} > {object_len}");
    };
    // Everything is looked for, so that every check runs.
    let first = match inspect(head, object_len, ActiveContentPolicy::All) {
        Inspection::Decided(verdict) => return verdict,
        Inspection::NeedsRange(first) => first,
    };
    check_place(first.offset(), first.length(), MAX_RANGE_LEN);
    let bytes = range(first.offset(), first.length());
    let second = match first.decide(&bytes) {
        Inspection::Decided(verdict) => return verdict,
        Inspection::NeedsRange(second) => second,
    };
    check_place(second.offset(), second.length(), MAX_SECOND_RANGE_LEN);
    let first_end = first.offset() + bytes.len() as u64;
    let (start, end) = (second.offset(), second.offset() + second.length());
    assert!(end <= first.offset() || start >= first_end, "a byte is read twice");
    second.decide(&range(second.offset(), second.length()))
}

#[test]
fn every_sample_is_what_it_is() {
    for (media_type, file) in files() {
        assert_eq!(decide(&file), Verdict::Accepted(media_type));
    }
}

#[test]
fn cut_short_anywhere_a_file_is_its_own_type_or_none() {
    for (media_type, file) in files() {
        for len in 0..file.len().min(9 * 1024) {
            let verdict = decide(&file[..len]);
            assert!(
                matches!(verdict, Verdict::Refused(_)) || verdict == Verdict::Accepted(media_type),
                "{media_type} cut to {len}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_head_shorter_than_agreed_harms_nothing() {
    for (media_type, file) in files() {
        for len in 0..file.len().min(9 * 1024) {
            let object_len = file.len() as u64;
            let verdict = check(&file[..len], object_len, |offset, length| {
                let start = usize::try_from(offset).unwrap();
                file[start..start + usize::try_from(length).unwrap()].to_vec()
            });
            assert!(matches!(verdict, Verdict::Refused(_)) || verdict == Verdict::Accepted(media_type), "{len}");
        }
    }
}

/// So that a canonical name is not only what this crate calls the type.
#[test]
fn another_detector_knows_each_fixture_by_a_name_of_its_type() {
    for (media_type, file) in fixtures() {
        let format = FileFormat::from_reader(Cursor::new(file)).unwrap();
        assert_eq!(format.media_type().parse(), Ok(media_type), "{format:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn frames_of_any_size_give_the_same_answer(
        (media_type, file) in select(files()),
        cuts in vec(1..20_000_usize, 1..60),
    ) {
        let mut head = Head::default();
        let mut rest = &file[..];
        for cut in cuts.iter().cycle() {
            let (frame, behind) = rest.split_at((*cut).min(rest.len()));
            head.take(frame);
            rest = behind;
            if head.is_full() || rest.is_empty() {
                break;
            }
        }
        let object_len = file.len() as u64;
        let policy = ActiveContentPolicy::default();
        prop_assert_eq!(inspect(head.bytes(), object_len, policy), inspect(&file, object_len, policy));
        prop_assert_eq!(head.bytes(), &file[..file.len().min(HEAD_LEN)]);
        prop_assert_eq!(decide(&file), Verdict::Accepted(media_type));
    }

    #[test]
    fn flipped_bits_never_make_another_type(
        (media_type, mut file) in select(files()),
        flips in vec(any::<(prop::sample::Index, u8)>(), 1..9),
        is_near_front in any::<bool>(),
    ) {
        let reach = if is_near_front { file.len().min(1024) } else { file.len() };
        for (index, bit) in flips {
            file[index.index(reach)] ^= 1 << (bit % 8);
        }
        let verdict = decide(&file);
        prop_assert!(matches!(verdict, Verdict::Refused(_)) || verdict == Verdict::Accepted(media_type), "{:?}", verdict);
    }

    #[test]
    fn any_bytes_behind_a_signature_end_in_a_verdict(
        signature in select(signatures()),
        noise in vec(any::<u8>(), 0..9000),
        object_len in prop_oneof![0..100_000_u64, any::<u64>()],
        range in vec(any::<u8>(), 0..5000),
    ) {
        let head = [signature, noise].concat();
        let object_len = object_len.max(head.len() as u64);
        check(&head, object_len, |_, _| range.clone());
    }

    #[test]
    fn any_range_ends_in_a_verdict(
        (_, file) in select(one_of_each_long()),
        object_len in prop_oneof![8192..400_000_u64, any::<u64>()],
        noise in vec(any::<u8>(), 0..3000),
        at in any::<prop::sample::Index>(),
    ) {
        let object_len = object_len.max(8192);
        check(&file[..HEAD_LEN], object_len, |_, length| {
            let mut range = vec![0; usize::try_from(length).unwrap()];
            let start = at.index(range.len());
            let room = noise.len().min(range.len() - start);
            range[start..start + room].copy_from_slice(&noise[..room]);
            range
        });
    }
}
