//! Short texts, appended as whole words: a copy of known length is a store or two, and most texts in a line are short.

/// Appends bytes of which there are few, as a rule.
#[inline(always)]
pub(crate) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        0..=8 => push_start(out, word_of_few(bytes).to_le_bytes(), bytes.len()),
        9..=16 => push_start(out, words_of_few(bytes).to_le_bytes(), bytes.len()),
        _ => out.extend_from_slice(bytes),
    }
}

/// Appends a quote and bytes of which there are few, as a rule.
#[inline(always)]
pub(crate) fn push_quoted(out: &mut Vec<u8>, bytes: &[u8]) {
    let words = match bytes.len() {
        0..=8 => word_of_few(bytes).into(),
        9..=15 => words_of_few(bytes),
        _ => {
            out.push(b'"');
            return out.extend_from_slice(bytes);
        }
    };
    push_start(out, (words << 8 | u128::from(b'"')).to_le_bytes(), bytes.len() + 1);
}

/// Appends the first `length` bytes of `text`: a copy of known length, of which the end is taken back.
#[inline(always)]
pub(crate) fn push_start<const N: usize>(out: &mut Vec<u8>, text: [u8; N], length: usize) {
    #[cold]
    fn grow<const N: usize>(out: &mut Vec<u8>, text: [u8; N], length: usize) {
        out.reserve(N);
        push_start(out, text, length);
    }
    if out.capacity() - out.len() < N {
        return grow(out, text, length);
    }
    let end = out.len() + length;
    out.extend_from_slice(&text);
    out.truncate(end);
}

/// At most eight bytes, with zeros behind them, by a few loads that overlap.
#[inline]
pub(crate) fn word_of_few(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(first), Some(last), _) => {
            let shift = 8 * (bytes.len() - 4);
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (shift % 64)
        }
        (_, _, [a, b, c]) => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]),
        (_, _, [a, b]) => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 0]),
        (_, _, [a]) => u64::from(*a),
        _ => 0,
    }
}

/// Nine to sixteen bytes, with zeros behind them, by two loads that overlap; others than these are not looked at.
#[inline]
fn words_of_few(bytes: &[u8]) -> u128 {
    let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else { return 0 };
    // What both have in common is shifted out.
    let behind = u64::from_le_bytes(*last) >> (8 * (16 - bytes.len().min(16)) % 64);
    u128::from(u64::from_le_bytes(*first)) | u128::from(behind) << 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_appended() {
        let text: Vec<u8> = (1..=40).collect();
        for start in 0..4 {
            for end in start..text.len() {
                let mut out = b"before".to_vec();
                push(&mut out, &text[start..end]);
                push_quoted(&mut out, &text[start..end]);
                assert_eq!(out, [b"before", &text[start..end], b"\"", &text[start..end]].concat());
            }
        }
    }
}
