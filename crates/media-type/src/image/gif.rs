//! GIF: the screen descriptor, then blocks that chain up to the first image.

use crate::{
    Found, MediaType,
    window::{NotAccepted, Window},
};

const SCREEN_DESCRIPTOR_END: u64 = 13;
/// Position, size and flags of an image.
const IMAGE_DESCRIPTOR_LEN: usize = 9;

/// Decides a file that has the GIF signature.
pub(crate) fn sniff(window: &Window<'_>) -> Result<MediaType, NotAccepted> {
    let first_block = SCREEN_DESCRIPTOR_END + color_table_len(byte(window, 10)?);
    let mut at = first_block;
    // Every turn goes on by at least one byte, so this ends with the head.
    while at < window.head_len() {
        match byte(window, at)? {
            b'!' => at = extension_end(window, at)?,
            b',' => return image(window, at),
            // Some writers end a block twice.
            0 if at > first_block => at += 1,
            // A trailer with no image before it: there is nothing to show.
            _ => return Err(damaged()),
        }
    }
    // The blocks chain to the end of what is known, and the file goes on.
    if at < window.object_len() { Ok(MediaType::Gif) } else { Err(damaged()) }
}

fn damaged() -> NotAccepted {
    Found::Damaged(MediaType::Gif).into()
}

fn byte(window: &Window<'_>, at: u64) -> Result<u8, NotAccepted> {
    match window.known(at, 1) {
        Some([byte]) => Ok(*byte),
        _ => Err(damaged()),
    }
}

/// Screen and image descriptor say in their flags whether a table of 2 to 256 colours follows.
fn color_table_len(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 * (2 << (flags & 7)) }
}

/// Label, then sub-blocks up to an empty one.
fn extension_end(window: &Window<'_>, start: u64) -> Result<u64, NotAccepted> {
    let mut at = start + 2;
    while at < window.head_len() {
        match byte(window, at)? {
            0 => return Ok(at + 1),
            length => at += 1 + u64::from(length),
        }
    }
    Ok(at)
}

/// The image's descriptor, its colour table, and a code size that the compression can have.
fn image(window: &Window<'_>, start: u64) -> Result<MediaType, NotAccepted> {
    let descriptor_at = start + 1;
    let descriptor_end = descriptor_at + IMAGE_DESCRIPTOR_LEN as u64;
    let Some([.., flags]) = window.known(descriptor_at, IMAGE_DESCRIPTOR_LEN) else {
        let goes_on = window.object_len() > descriptor_end;
        return if goes_on { Ok(MediaType::Gif) } else { Err(damaged()) };
    };
    let at = descriptor_end + color_table_len(*flags);
    let is_image = match window.known(at, 1) {
        Some(code_size) => matches!(code_size, [1..=11]),
        None => at < window.object_len(),
    };
    if is_image { Ok(MediaType::Gif) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole image of one pixel, with a colour table of two.
    fn tiny() -> Vec<u8> {
        let mut file = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        file.extend(b"!\xf9\x04\x01\0\0\0\0");
        file.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;");
        file
    }

    fn accepts(file: &[u8]) -> bool {
        accepts_part(file, file.len())
    }

    fn accepts_part(file: &[u8], object_len: usize) -> bool {
        sniff(&Window::of_head(file, object_len as u64)).is_ok()
    }

    #[test]
    fn a_whole_image_passes_and_nothing_that_ends_before_its_data() {
        let file = tiny();
        assert!(accepts(&file));
        for len in 6..38 {
            assert!(!accepts(&file[..len]), "{len}");
        }
        assert!(accepts(&file[..38]));
    }

    #[test]
    fn a_block_may_be_ended_twice() {
        let mut file = tiny();
        file.splice(27..27, [0, 0]);
        assert!(accepts(&file));
        let mut before_any_block = tiny();
        before_any_block.splice(19..19, [0, 0]);
        assert!(!accepts(&before_any_block));
    }

    #[test]
    fn blocks_that_chain_out_of_the_head_pass_if_the_file_goes_on() {
        let mut file = tiny()[..19].to_vec();
        file.extend(b"!\xfe");
        for _ in 0..40 {
            file.push(255);
            file.extend([b'c'; 255]);
        }
        let head = &file[..8192];
        assert!(accepts_part(head, 10_000));
        assert!(!accepts_part(head, 8192));
    }

    #[test]
    fn text_behind_the_signature_is_refused() {
        for text in
            ["GIF89a/*<html>*/=1;alert(1)//!,;", "GIF89a", "GIF89a0123456,", "GIF87a<script>alert(1)</script>!!"]
        {
            assert!(!accepts(text.as_bytes()), "{text}");
        }
        let mut wrong_code_size = tiny();
        wrong_code_size[37] = 12;
        assert!(!accepts(&wrong_code_size));
        let mut no_image = tiny()[..19].to_vec();
        no_image.push(b';');
        assert!(!accepts(&no_image));
    }
}
