//! Encodings of what a rule looks for: Base64 and UTF-16.

use crate::pattern::{DASHES, Pattern, Piece};

/// How UTF-16 is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Utf16 {
    /// Low byte first (`wide`, `utf16le`).
    Little,
    /// High byte first (`utf16be`).
    Big,
    /// Low byte first, after a byte order mark (`utf16`).
    Marked,
}

/// Encodes the literals of a pattern as UTF-16; `*` stays what it is. `None` when there is a `?`, which is no longer one
/// byte, or something that is not text.
pub(crate) fn utf16(pattern: &Pattern, form: Utf16) -> Option<Pattern> {
    let mut encoded = Pattern::default();
    if form == Utf16::Marked {
        encoded.push(Piece::Literal(vec![0xff, 0xfe]));
    }
    for piece in pattern.pieces() {
        encoded.push(match piece {
            Piece::Literal(bytes) => {
                let units = std::str::from_utf8(bytes).ok()?.encode_utf16();
                let bytes = units.flat_map(|unit| match form {
                    Utf16::Big => unit.to_be_bytes(),
                    Utf16::Little | Utf16::Marked => unit.to_le_bytes(),
                });
                Piece::Literal(bytes.collect())
            }
            Piece::Many => Piece::Many,
            Piece::One | Piece::Dash | Piece::Placeholder(_) => return None,
        });
    }
    Some(encoded)
}

/// Every way of writing the dashes of a pattern; `None` when there are more than `most`.
pub(crate) fn spell_out_dashes(pattern: &Pattern, most: usize) -> Option<Vec<Pattern>> {
    let mut spelled = vec![Pattern::default()];
    for piece in pattern.pieces() {
        if *piece != Piece::Dash {
            spelled.iter_mut().for_each(|pattern| pattern.push(piece.clone()));
            continue;
        }
        if spelled.len().saturating_mul(DASHES.len()) > most {
            return None;
        }
        let with = |pattern: &Pattern, dash: &char| {
            let mut pattern = pattern.clone();
            pattern.push(Piece::Literal(dash.to_string().into_bytes()));
            pattern
        };
        spelled =
            spelled.iter().flat_map(|pattern| DASHES.iter().map(move |dash| with(pattern, dash))).collect();
    }
    Some(spelled)
}

/// Base64 with padding ([RFC4648] 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let index = usize::try_from(bits >> shift & 0x3f).unwrap_or(0);
            text.push(if at <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

/// What stays the same in the Base64 of a longer text, for each of the three places in which these bytes may start.
/// Without repeats, and without what would be empty.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for shift in 0..3 {
        let mut shifted = vec![b' '; shift];
        shifted.extend_from_slice(bytes);
        let encoded = base64(&shifted);
        // A character carries six bits: those that share a character with a neighbour are left out.
        let start = (shift * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        let stable = encoded.get(start..end).unwrap_or("");
        if !stable.is_empty() && !found.iter().any(|known| known == stable) {
            found.push(stable.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_as_in_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, encoded) in pairs {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_text_has_three_forms_inside_of_base64() {
        assert_eq!(base64_offsets(b"http://"), ["aHR0cDovL", "h0dHA6Ly", "odHRwOi8v"]);
    }

    #[test]
    fn utf16_has_two_orders_and_a_mark() {
        let cmd = Pattern::literal(*b"c*");
        let cmd =
            Pattern::parse(std::str::from_utf8(cmd.plain_bytes().expect("plain")).expect("text"), false);
        assert_eq!(utf16(&cmd, Utf16::Little), Some(Pattern::literal(*b"c\0").open_end()));
        assert_eq!(utf16(&cmd, Utf16::Big), Some(Pattern::literal(*b"\0c").open_end()));
        assert_eq!(utf16(&cmd, Utf16::Marked), Some(Pattern::literal(*b"\xff\xfec\0").open_end()));
        assert_eq!(utf16(&Pattern::parse("c?", false), Utf16::Little), None);
    }

    #[test]
    fn dashes_are_spelled_in_every_way_up_to_a_limit() {
        let option = Pattern::literal(*b" -a -b").windash();
        assert_eq!(spell_out_dashes(&option, 25).map(|spelled| spelled.len()), Some(25));
        assert_eq!(spell_out_dashes(&option, 24), None);
    }

    proptest! {
        #[test]
        fn one_of_the_forms_is_in_the_base64_of_every_longer_text(before: Vec<u8>, wanted in prop::collection::vec(any::<u8>(), 3..12), after: Vec<u8>) {
            let whole = base64(&[before, wanted.clone(), after].concat());
            prop_assert!(base64_offsets(&wanted).iter().any(|form| whole.contains(form)));
        }
    }
}
