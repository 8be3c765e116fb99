//! Distinguished encoding rules: tag, length, content (ITU-T X.690 8.1, 10.1).

/// A value with a tag of one byte.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = u32::try_from(content.len()).expect("a token below 4 GiB").to_be_bytes();
    if content.len() < 0x80 {
        out.push(length[3]);
    } else {
        let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | digits.len().to_le_bytes()[0]);
        out.extend(digits);
    }
    out.extend_from_slice(content);
    out
}

/// A value made of others, with a tag of one byte.
pub(super) fn parts(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    value(tag, &parts.concat())
}

/// A field of a sequence: context tag `number` around `content`.
pub(super) fn field(number: u8, content: Vec<u8>) -> Vec<u8> {
    value(0xa0 | number, &content)
}

/// A small number.
pub(super) fn integer(number: u8) -> Vec<u8> {
    value(0x02, &[number & 0x7f])
}

/// SEQUENCE and SEQUENCE OF.
pub(super) const SEQUENCE: u8 = 0x30;
/// OCTET STRING.
pub(super) const OCTETS: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(super) const OID: u8 = 0x06;
/// ENUMERATED.
pub(super) const ENUMERATED: u8 = 0x0a;
/// BIT STRING.
pub(super) const BITS: u8 = 0x03;
/// GeneralString.
pub(super) const TEXT: u8 = 0x1b;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_can_be() {
        assert_eq!(value(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(value(4, &[7; 0x80])[..4], [4, 0x81, 0x80, 7]);
        assert_eq!(value(4, &[7; 0x1234])[..5], [4, 0x82, 0x12, 0x34, 7]);
        assert_eq!(parts(SEQUENCE, &[field(1, integer(5))]), [0x30, 5, 0xa1, 3, 2, 1, 5]);
    }
}
