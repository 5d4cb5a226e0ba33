//! Decodes a text in the ways in which a program or a person may read it. Each decoded byte keeps the range of original bytes that it
//! came from. So a secret that is found in a decoded text can be removed from the original.

/// How many nested layers of JSON's, URLs' and HTML's escapes are decoded.
const MAX_LAYERS: usize = 4;
/// Shorter words are not decoded as Base64.
const SHORTEST_BASE64: usize = 16;
/// A longer text between angle brackets is not a tag.
const LONGEST_TAG: usize = 64;
/// Separates decoded words. UTF-8 never contains this byte.
const SEPARATOR: u8 = 0xff;

/// One byte, and the range of original bytes that it came from.
#[derive(Debug, Clone, Copy)]
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

/// A decoded text.
#[derive(Debug)]
pub(super) struct View(Vec<Unit>);

/// The letters and digits of a text in lower case. So neither case nor line breaks nor separators can hide a secret.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) bytes: Vec<u8>,
    /// For each byte, the range of original bytes that it came from.
    pub(super) places: Vec<(usize, usize)>,
}

/// The text, and the texts that result from decoding its escapes and its Base64.
pub(super) fn views(text: &str) -> Vec<View> {
    let mut views = levels(View::of(text));
    let decoded: Vec<View> = views.iter().flat_map(|view| (0..4).filter_map(|skip| view.base64(skip))).collect();
    views.extend(decoded.into_iter().flat_map(levels));
    views
}

/// The view, and the views that result from decoding one layer of escapes after the other.
pub(super) fn levels(view: View) -> Vec<View> {
    let mut levels = vec![view];
    while levels.len() <= MAX_LAYERS
        && let Some(next) = levels.last().and_then(View::decoded)
    {
        levels.push(next);
    }
    levels
}

/// Decodes JSON's escapes for people, also of a JSON text inside another one.
pub(super) fn without_json_escapes(text: &str) -> String {
    let json = |rest: &[u8]| match rest {
        // Other escapes, such as `\n`, would only break the line.
        [b'\\', b'u' | b'/' | b'"' | b'\\', ..] => backslash(rest),
        _ => None,
    };
    let mut view = View::of(text);
    for _ in 0..MAX_LAYERS {
        let Some(next) = view.decoded_by(json) else { break };
        view = next;
    }
    let bytes: Vec<u8> = view.0.iter().map(|unit| unit.byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl View {
    pub(super) fn of(text: &str) -> Self {
        Self(text.bytes().enumerate().map(|(at, byte)| Unit { byte, start: at, end: at + 1 }).collect())
    }

    pub(super) fn folded(&self) -> Folded {
        let bytes: Vec<u8> = self.0.iter().map(|unit| unit.byte).collect();
        let mut folded = Folded::default();
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                let units = self.0.get(at..at + c.len_utf8()).unwrap_or_default();
                at += c.len_utf8();
                if c.is_alphanumeric() {
                    let lower: String = c.to_lowercase().collect();
                    folded.extend(lower.as_bytes(), place(units));
                }
            }
            let invalid = chunk.invalid().len();
            folded.extend(chunk.invalid(), place(self.0.get(at..at + invalid).unwrap_or_default()));
            at += invalid;
        }
        folded
    }

    /// Decodes one layer of JSON's, URLs' and HTML's escapes, and removes tags. None if there are none.
    fn decoded(&self) -> Option<Self> {
        self.decoded_by(escape)
    }

    fn decoded_by(&self, escape: impl Fn(&[u8]) -> Option<(Decoded, usize)>) -> Option<Self> {
        let bytes: Vec<u8> = self.0.iter().map(|unit| unit.byte).collect();
        let (mut units, mut at) = (Vec::with_capacity(self.0.len()), 0);
        let mut changed = false;
        while let Some(unit) = self.0.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some((decoded, length)) = escape(rest) else {
                units.push(*unit);
                at += 1;
                continue;
            };
            let (start, end) = place(self.0.get(at..at + length).unwrap_or_default());
            units.extend(decoded.bytes().into_iter().map(|byte| Unit { byte, start, end }));
            at += length;
            changed = true;
        }
        changed.then_some(Self(units))
    }

    /// Decodes each long word as Base64 in either alphabet, without its first `skip` characters. None if there are no long words.
    fn base64(&self, skip: usize) -> Option<Self> {
        // Base64 is often split into lines.
        let units: Vec<Unit> = self.0.iter().filter(|unit| !unit.byte.is_ascii_whitespace()).copied().collect();
        let mut decoded = Vec::new();
        for word in units.split(|unit| sextet(unit.byte).is_none()) {
            if word.len() < SHORTEST_BASE64 {
                continue;
            }
            for four in word.get(skip..).unwrap_or_default().chunks(4) {
                let (mut bits, mut count, mut from) = (0_u32, 0, 0);
                for (index, unit) in four.iter().enumerate() {
                    bits = bits << 6 | u32::from(sextet(unit.byte).unwrap_or_default());
                    count += 6;
                    if count >= 8 {
                        count -= 8;
                        let (start, end) = place(four.get(from..=index).unwrap_or_default());
                        decoded.push(Unit { byte: (bits >> count & 0xff) as u8, start, end });
                        from = index;
                    }
                }
            }
            decoded.push(Unit { byte: SEPARATOR, start: 0, end: 0 });
        }
        (!decoded.is_empty()).then_some(Self(decoded))
    }
}

impl Folded {
    fn extend(&mut self, bytes: &[u8], place: (usize, usize)) {
        self.bytes.extend_from_slice(bytes);
        self.places.resize(self.bytes.len(), place);
    }
}

fn place(units: &[Unit]) -> (usize, usize) {
    let start = units.first().map_or(0, |unit| unit.start);
    (start, units.last().map_or(start, |unit| unit.end))
}

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The meaning of an escape.
enum Decoded {
    Byte(u8),
    Char(char),
    Nothing,
}

impl Decoded {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Byte(byte) => vec![*byte],
            Self::Char(c) => c.to_string().into_bytes(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// The escape at the start, and its length in bytes.
fn escape(rest: &[u8]) -> Option<(Decoded, usize)> {
    match rest.first()? {
        b'\\' => backslash(rest),
        b'%' => hexadecimal(rest.get(1..3)?).and_then(|byte| Some((Decoded::Byte(u8::try_from(byte).ok()?), 3))),
        b'&' => entity(rest),
        b'<' => tag(rest),
        _ => None,
    }
}

fn backslash(rest: &[u8]) -> Option<(Decoded, usize)> {
    let unit = |at: usize| {
        let digits = rest.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        hexadecimal(digits).and_then(|unit| u16::try_from(unit).ok())
    };
    if let Some(first) = unit(0) {
        let pair = unit(6).map_or([first, 0], |second| [first, second]);
        return match char::decode_utf16(pair).next()? {
            Ok(c) => Some((Decoded::Char(c), 6 * c.len_utf16())),
            Err(_) => Some((Decoded::Char(char::REPLACEMENT_CHARACTER), 6)),
        };
    }
    match rest.get(1)? {
        b'x' => hexadecimal(rest.get(2..4)?).and_then(|byte| Some((Decoded::Byte(u8::try_from(byte).ok()?), 4))),
        b'n' | b'r' | b't' | b'b' | b'f' => Some((Decoded::Byte(b' '), 2)),
        byte @ (b'/' | b'"' | b'\\' | b'\'') => Some((Decoded::Byte(*byte), 2)),
        _ => None,
    }
}

fn entity(rest: &[u8]) -> Option<(Decoded, usize)> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(rest.get(1..end)?).ok()?;
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    };
    let c = match name.strip_prefix('#') {
        Some(digits) => char::from_u32(number(digits)?)?,
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            _ => return None,
        },
    };
    Some((Decoded::Char(c), end + 1))
}

/// Removes tags, because `<br>` and `<wbr>` can split a word.
fn tag(rest: &[u8]) -> Option<(Decoded, usize)> {
    let end = rest.iter().take(LONGEST_TAG).position(|byte| *byte == b'>')?;
    let begins_like_a_tag = rest.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/');
    begins_like_a_tag.then_some((Decoded::Nothing, end + 1))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}
