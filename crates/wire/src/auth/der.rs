//! Distinguished encoding rules, as far as SPNEGO and Kerberos need them.

use crate::Data;
use rpcscope_model::ParseError;

/// Reads elements one after the other.
///
/// Lengths are believed as far as the surrounding element goes; the end of an element may be missing. Tags of one byte
/// and definite lengths only ([X.690] 8.1.2, 10.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a> {
    rest: Data<'a>,
    at: usize,
    /// Elements that may still be read.
    left: u16,
    layer: &'static str,
}

/// One element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Element<'a> {
    /// Class, form and number in one byte.
    pub(crate) tag: u8,
    pub(crate) content: Data<'a>,
}

impl Element<'_> {
    /// The number of a field, which is tagged explicitly; `None` for another element.
    pub(crate) const fn number(&self) -> Option<u8> {
        if self.tag & 0xe0 == context(0) { Some(self.tag & 0x1f) } else { None }
    }
}

impl<'a> Der<'a> {
    /// Reads the elements in `content` as parts of `layer`, which errors will name.
    pub(crate) const fn new(layer: &'static str, content: Data<'a>) -> Self {
        Self { rest: content, at: 0, left: MAX_ELEMENTS, layer }
    }

    /// The next element; `None` at the end of what is there.
    pub(crate) fn element(&mut self, field: &'static str) -> Result<Option<Element<'a>>, ParseError> {
        let bytes = self.rest.bytes;
        let Some((tag, after_tag)) = bytes.split_first() else {
            return Ok(None);
        };
        // A number of 31 says that the tag goes on.
        if tag & 0x1f == 0x1f || self.left == 0 {
            return Err(ParseError::invalid(self.layer, field, self.at, usize::from(*tag)));
        }
        let (length, header_bytes) = self.length(field, after_tag)?;
        let content = Data::locate(bytes, self.rest.length, header_bytes, length);
        let taken = header_bytes.saturating_add(content.length);
        self.rest = self.rest.skip(taken);
        self.at = self.at.saturating_add(taken);
        self.left -= 1;
        Ok(Some(Element { tag: *tag, content }))
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, field: &'static str, tag: u8) -> Result<Data<'a>, ParseError> {
        let at = self.at;
        match self.element(field)? {
            Some(element) if element.tag == tag => Ok(element.content),
            Some(element) => Err(ParseError::invalid(self.layer, field, at, usize::from(element.tag))),
            None => Err(ParseError::short(self.layer, field, at, 2, 0)),
        }
    }

    /// What follows the elements that were read.
    pub(crate) const fn rest(&self) -> Data<'a> {
        self.rest
    }

    /// The length after a tag, and the bytes of tag and length.
    fn length(&self, field: &'static str, after_tag: &[u8]) -> Result<(usize, usize), ParseError> {
        let Some((first, after_first)) = after_tag.split_first() else {
            return Err(ParseError::short(self.layer, field, self.at, 2, 1));
        };
        let first = usize::from(*first);
        if first < 0x80 {
            return Ok((first, 2));
        }
        let count = first & 0x7f;
        // None is the indefinite form, which is not for DER; five and more are larger than any token.
        if !(1..=4).contains(&count) {
            return Err(ParseError::invalid(self.layer, field, self.at, first));
        }
        let Some(digits) = after_first.get(..count) else {
            return Err(ParseError::short(self.layer, field, self.at, 2 + count, 2 + after_first.len()));
        };
        let length = digits.iter().fold(0_u32, |length, digit| length << 8 | u32::from(*digit));
        Ok((usize::try_from(length).unwrap_or(usize::MAX), 2 + count))
    }
}

/// Elements that are read in one sequence. Those of SPNEGO and Kerberos have 13 at most, a name few parts; a token could
/// hold 30,000 empty ones.
const MAX_ELEMENTS: u16 = 512;

/// The content of the one element with this tag that an explicitly tagged field holds.
pub(crate) fn explicit<'a>(
    layer: &'static str,
    field: &'static str,
    content: Data<'a>,
    tag: u8,
) -> Result<Data<'a>, ParseError> {
    Der::new(layer, content).expect(field, tag)
}

/// The elements of a sequence of one kind, up to the first that is of another or cannot be read.
pub(crate) fn sequence_of<'a>(content: Data<'a>, tag: u8) -> impl Iterator<Item = Data<'a>> + use<'a> {
    let mut der = Der::new("der", content);
    std::iter::from_fn(move || der.expect("element", tag).ok())
}

/// An integer of up to eight bytes that fits 32 bits; `None` otherwise, or when its end is missing.
pub(crate) fn integer(content: Data<'_>) -> Option<i32> {
    let (first, rest) = content.bytes.split_first()?;
    if content.missing() > 0 || rest.len() > 7 {
        return None;
    }
    let sign = i64::from(first.cast_signed());
    let value = rest.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte));
    i32::try_from(value).ok()
}

/// The context-specific, constructed tag with this number.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The application, constructed tag with this number.
pub(crate) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// Universal tags ([X.680] table 1).
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const GENERAL_STRING: u8 = 0x1b;
    pub(crate) const SEQUENCE: u8 = 0x30;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Der<'_> {
        Der::new("test", Data { bytes, length: bytes.len() })
    }

    fn whole(bytes: &[u8]) -> Data<'_> {
        Data { bytes, length: bytes.len() }
    }

    #[test]
    fn elements_follow_each_other() {
        let mut der = der(&[0x02, 1, 5, 0x04, 0x81, 2, 0xaa, 0xbb]);
        assert_eq!(der.expect("number", tag::INTEGER).map(integer), Ok(Some(5)));
        assert_eq!(der.expect("string", tag::OCTET_STRING), Ok(whole(&[0xaa, 0xbb])));
        assert_eq!(der.element("end"), Ok(None));
    }

    #[test]
    fn an_element_ends_with_the_one_around_it() {
        let content = der(&[0x04, 0x82, 0xff, 0xff, 1, 2]).expect("string", tag::OCTET_STRING);
        assert_eq!(content, Ok(whole(&[1, 2])), "a lie about its length");
        let mut cut = Der::new("test", Data { bytes: &[0x04, 0x10, 1, 2], length: 18 });
        assert_eq!(cut.expect("string", tag::OCTET_STRING), Ok(Data { bytes: &[1, 2], length: 16 }));
        assert_eq!(cut.element("end"), Ok(None));
    }

    #[test]
    fn forms_that_are_not_for_der_are_errors() {
        let error = der(&[0x30, 0x80, 0, 0]).element("sequence").expect_err("an indefinite length");
        assert_eq!(error.to_string(), "test: sequence at byte 0: impossible value 128");
        assert!(der(&[0x04, 0x85, 0, 0, 0, 0, 1, 9]).element("string").is_err(), "five bytes of length");
        assert!(der(&[0x1f, 0x81, 0x01, 0]).element("tag").is_err(), "a tag that goes on");
        assert!(der(&[0x04]).element("string").is_err() && der(&[0x04, 0x82, 1]).element("string").is_err());
    }

    #[test]
    fn a_flood_of_elements_ends() {
        let flood = [0x04, 0].repeat(10_000);
        let elements = sequence_of(whole(&flood), tag::OCTET_STRING);
        assert_eq!(elements.count(), usize::from(MAX_ELEMENTS));
    }

    #[test]
    fn integers_have_a_sign() {
        assert_eq!(integer(whole(&[0xff, 0x79])), Some(-135));
        assert_eq!(integer(whole(&[0, 0, 0, 0, 0x12])), Some(18));
        assert_eq!(integer(whole(&[0, 0xff, 0xff, 0xff, 0xff])), None, "larger than 32 bits");
        assert_eq!(integer(whole(&[])), None);
        assert_eq!(integer(Data { bytes: &[1], length: 2 }), None, "its end is missing");
    }
}
