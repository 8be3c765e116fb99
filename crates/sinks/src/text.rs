//! Text for terminals: cells of fixed width, untrusted names made harmless, colours.

use crate::Colour;
use anstyle::Style;
use std::io::Write;

/// Stands for what was taken out of a text that is too long.
const ELLIPSIS: &str = "…";

/// Untrusted text with every character escaped that could move the cursor, change colours, hide text or turn its direction.
pub fn visible(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    push_visible(&mut out, text);
    String::from_utf8(out).expect("text with escapes is text")
}

/// Appends untrusted text with every character escaped that could move the cursor, change colours, hide text or turn
/// its direction.
pub(crate) fn push_visible(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        if hides(character) {
            for escaped in character.escape_unicode() {
                push_char(out, escaped);
            }
        } else {
            push_char(out, character);
        }
    }
}

/// Appends a formatted value.
pub(crate) fn push_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Appending to a buffer does not fail.
    let _ = write!(out, "{value}");
}

/// Appends what `fill` appends, cut in its middle or padded on its right to `width` columns.
pub(crate) fn cell(
    out: &mut Vec<u8>,
    width: usize,
    style: Style,
    colour: Colour,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    painted(out, style, colour, |out| {
        let start = out.len();
        fill(out);
        let filled = fit(out, start, width);
        out.extend(std::iter::repeat_n(b' ', width.saturating_sub(filled)));
    });
}

/// Appends what `fill` appends, padded on its left to `width` columns.
pub(crate) fn cell_right(out: &mut Vec<u8>, width: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    fill(out);
    let filled = columns(out, start);
    let padding = width.saturating_sub(filled);
    out.extend(std::iter::repeat_n(b' ', padding));
    // What was filled in moves behind the padding.
    if let Some(cell) = out.get_mut(start..) {
        cell.rotate_right(padding);
    }
}

/// Appends what `fill` appends, in a colour if colours are used.
pub(crate) fn painted(out: &mut Vec<u8>, style: Style, colour: Colour, fill: impl FnOnce(&mut Vec<u8>)) {
    if colour == Colour::Plain || style.is_plain() {
        return fill(out);
    }
    push_display(out, style.render());
    fill(out);
    push_display(out, style.render_reset());
}

/// Cuts what stands in `out` from `start` on in its middle, so that it takes at most `width` columns, and returns how
/// many it takes.
fn fit(out: &mut Vec<u8>, start: usize, width: usize) -> usize {
    let filled = columns(out, start);
    if filled <= width || width == 0 {
        return filled;
    }
    // The end of a name tells more than its start: it gets the odd column.
    let head = (width - 1) / 2;
    let tail = width - 1 - head;
    let (Some(from), Some(to)) = (offset(out, start, head), offset(out, start, filled - tail)) else {
        return filled;
    };
    out.splice(from..to, ELLIPSIS.bytes());
    width
}

/// Cuts the end of what stands in `out` from `start` on, so that it takes at most `width` columns.
pub(crate) fn cut_to(out: &mut Vec<u8>, start: usize, width: usize) {
    if columns(out, start) > width
        && let Some(end) = offset(out, start, width.saturating_sub(1))
    {
        out.truncate(end);
        out.extend_from_slice(ELLIPSIS.as_bytes());
    }
}

/// Columns that the UTF-8 text in `out` from `start` on takes: one for each character.
fn columns(out: &[u8], start: usize) -> usize {
    out.get(start..).unwrap_or_default().iter().filter(|byte| begins_character(**byte)).count()
}

/// Where in `out` the character begins that is the `number`th after `start`.
fn offset(out: &[u8], start: usize, number: usize) -> Option<usize> {
    let bytes = out.get(start..)?;
    let position = bytes.iter().enumerate().filter(|(_, byte)| begins_character(**byte)).nth(number);
    Some(start + position.map_or(bytes.len(), |(position, _)| position))
}

const fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

fn push_char(out: &mut Vec<u8>, character: char) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether a character is a control character, has no width, or turns the direction of text.
fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fitted(text: &str, width: usize) -> String {
        let mut out = b"before".to_vec();
        cell(&mut out, width, Style::new(), Colour::Plain, |out| push_visible(out, text));
        String::from_utf8(out).expect("UTF-8").split_off(6)
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(fitted("IRemoteSCMActivator.RemoteCreateInstance", 21), "IRemoteSCM…teInstance");
        assert_eq!(fitted("grüße", 4), "g…ße");
        assert_eq!(fitted("svcctl", 8), "svcctl  ");
        assert_eq!(fitted("svcctl", 6), "svcctl");
        assert_eq!(fitted("svcctl", 1), "…");
    }

    #[test]
    fn long_lines_lose_their_end() {
        for (width, left) in [(9, "grüße wo…"), (12, "grüße world!"), (1, "…")] {
            let mut out = b"xgr\xc3\xbc\xc3\x9fe world!".to_vec();
            cut_to(&mut out, 1, width);
            assert_eq!(String::from_utf8(out).expect("UTF-8"), format!("x{left}"));
        }
    }

    #[test]
    fn hostile_names_are_made_harmless() {
        assert_eq!(
            fitted("a\u{1b}[2Jb\u{202e}c\u{9b}d\n", 40).trim_end(),
            "a\\u{1b}[2Jb\\u{202e}c\\u{9b}d\\u{a}"
        );
    }

    #[test]
    fn colour_is_not_counted_as_width() {
        let mut out = Vec::new();
        cell(&mut out, 4, Style::new().bold(), Colour::Ansi, |out| out.extend_from_slice(b"ab"));
        assert_eq!(out, b"\x1b[1mab  \x1b[0m");
    }

    proptest! {
        #[test]
        fn cells_have_their_width_whatever_is_in_them(text in any::<String>(), width in 1usize..60) {
            let cell = fitted(&text, width);
            prop_assert_eq!(cell.chars().count(), width);
            prop_assert!(!cell.chars().any(hides));
        }
    }
}
