//! Which characters a person can see.

/// Whether a character is visible: neither a control character nor white space, nor one that Unicode has renderers ignore
/// (zero-width and bidirectional characters, variation selectors, tags), nor a noncharacter.
#[must_use]
pub fn is_visible(c: char) -> bool {
    if c.is_control() || c.is_whitespace() {
        return false;
    }
    // Unicode's `Default_Ignorable_Code_Point`, with the interlinear annotations and the noncharacters.
    !matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    ) && (c as u32) & 0xfffe != 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_signs_and_pictures_are_visible() {
        for c in "aZ0/%?#\\.:~é日本🎧".chars() {
            assert!(is_visible(c), "{c:?}");
        }
    }

    #[test]
    fn what_hides_or_reorders_text_is_not_visible() {
        for c in "\0\t\n \u{7f}\u{85}\u{a0}\u{ad}\u{200b}\u{200e}\u{202e}\u{2066}\u{3000}\u{feff}\u{fe0f}\u{ffff}\u{e0041}\u{10ffff}"
            .chars()
        {
            assert!(!is_visible(c), "{c:?}");
        }
    }
}
