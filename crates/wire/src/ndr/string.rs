//! Strings: conformant and varying ([C706] 14.3.4), and counted ones of Windows ([MS-DTYP] 2.3.10).

use super::{Alignment, Narrow, Ndr, Pointer, Wide};
use crate::ByteOrder;
use rpcscope_model::{Stopped, Text};

/// RPC_UNICODE_STRING or RPC_STRING in place: its characters stand elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "the characters stand elsewhere and have to be read"]
pub struct CountedString {
    /// Bytes of the string.
    pub length: u16,
    /// Bytes of its buffer.
    pub maximum: u16,
    /// Where the characters are.
    pub buffer: Pointer,
}

impl<'a> Ndr<'a> {
    /// `[string] wchar_t *`, what the pointer points to: a conformant varying string.
    pub fn wide_string(&mut self, field: &'static str) -> Result<Text, Stopped> {
        let (bytes, cut) = self.conformant_varying(field, 2)?;
        Ok(self.text(|order| Wide::terminated(bytes, order, cut).text(Text::MAX_CHARS)))
    }

    /// The same for a text that is longer than a name, a path or a command line.
    pub fn document(&mut self, field: &'static str) -> Result<Text, Stopped> {
        Ok(self.wide(field)?.text(Text::MAX_DOCUMENT_CHARS))
    }

    /// The characters of a `[string] wchar_t *`, as they stand in the stub.
    pub fn wide(&mut self, field: &'static str) -> Result<Wide<'a>, Stopped> {
        let (bytes, cut) = self.conformant_varying(field, 2)?;
        Ok(Wide::terminated(bytes, self.order, cut))
    }

    /// `[string] wchar_t name[N]`: a varying string, in place.
    pub fn varying_wide_string(&mut self, field: &'static str) -> Result<Text, Stopped> {
        let (bytes, cut) = self.varying(field, 2)?;
        Ok(self.text(|order| Wide::terminated(bytes, order, cut).text(Text::MAX_CHARS)))
    }

    /// `[string] char *`, what the pointer points to.
    pub fn narrow_string(&mut self, field: &'static str) -> Result<Text, Stopped> {
        let (bytes, cut) = self.conformant_varying(field, 1)?;
        Ok(self.text(|_| Narrow::terminated(bytes, cut).text(Text::MAX_CHARS)))
    }

    /// `[string] char name[N]`: a varying string, in place.
    pub fn varying_narrow_string(&mut self, field: &'static str) -> Result<Text, Stopped> {
        let (bytes, cut) = self.varying(field, 1)?;
        Ok(self.text(|_| Narrow::terminated(bytes, cut).text(Text::MAX_CHARS)))
    }

    /// `[size_is(N)] wchar_t *` that holds a string without the attribute `string`: a conformant array.
    pub fn conformant_wide(&mut self, field: &'static str) -> Result<Text, Stopped> {
        let (bytes, cut) = self.conformant(field, 2)?;
        Ok(self.text(|order| Wide::terminated(bytes, order, cut).text(Text::MAX_CHARS)))
    }

    /// RPC_UNICODE_STRING or RPC_STRING in a structure; read its characters where they stand, with
    /// [`unicode_text`](Self::unicode_text) or [`ansi_text`](Self::ansi_text).
    pub fn counted_string(&mut self, field: &'static str) -> Result<CountedString, Stopped> {
        self.align(Alignment::Pointer);
        let length = self.u16(field)?;
        let maximum = self.u16(field)?;
        Ok(CountedString { length, maximum, buffer: self.pointer(field)? })
    }

    /// The characters of an RPC_UNICODE_STRING.
    pub fn unicode_text(
        &mut self,
        field: &'static str,
        string: CountedString,
    ) -> Result<Option<Text>, Stopped> {
        self.referent(string.buffer, |ndr| {
            let (bytes, cut) = ndr.conformant_varying(field, 2)?;
            Ok(ndr.text(|order| Wide::counted(bytes, order, cut).text(Text::MAX_CHARS)))
        })
    }

    /// The characters of an RPC_STRING.
    pub fn ansi_text(&mut self, field: &'static str, string: CountedString) -> Result<Option<Text>, Stopped> {
        self.referent(string.buffer, |ndr| {
            let (bytes, cut) = ndr.conformant_varying(field, 1)?;
            Ok(ndr.text(|_| Narrow::counted(bytes, cut).text(Text::MAX_CHARS)))
        })
    }

    /// RPC_UNICODE_STRING as a parameter, or behind a pointer: the characters follow at once.
    pub fn unicode_string(&mut self, field: &'static str) -> Result<Option<Text>, Stopped> {
        let string = self.counted_string(field)?;
        self.unicode_text(field, string)
    }

    /// RPC_STRING as a parameter, or behind a pointer: the characters follow at once.
    pub fn ansi_string(&mut self, field: &'static str) -> Result<Option<Text>, Stopped> {
        let string = self.counted_string(field)?;
        self.ansi_text(field, string)
    }

    /// A text that `make` makes, or an empty one when what is read is only [passed](Self::pass).
    pub fn text(&self, make: impl FnOnce(ByteOrder) -> Text) -> Text {
        if self.passes { Text::default() } else { make(self.order) }
    }
}
