//! bind and alter_context.

use crate::Reader;
use rpcscope_model::{ContextId, ParseError, SyntaxId};

/// A bind or alter_context ([C706] 12.6.4.3, 12.6.4.1).
#[derive(Clone, Copy, Debug)]
pub struct BindPdu<'a> {
    /// Largest fragment that the client sends, in bytes.
    pub max_xmit_frag: u16,
    /// Largest fragment that the client takes, in bytes.
    pub max_recv_frag: u16,
    /// Association group that the client wants to join; 0 asks for a new one.
    pub association_group: u32,
    count: u8,
    elements: Reader<'a>,
}

impl<'a> BindPdu<'a> {
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, ParseError> {
        let max_xmit_frag = reader.u16("max_xmit_frag")?;
        let max_recv_frag = reader.u16("max_recv_frag")?;
        let association_group = reader.u32("assoc_group_id")?;
        let count = reader.u8("n_context_elem")?;
        reader.skip("reserved", 3)?;
        Ok(Self { max_xmit_frag, max_recv_frag, association_group, count, elements: reader })
    }

    /// The presentation contexts that are offered, in order; ends after the first that cannot be read.
    pub const fn elements(&self) -> ContextElements<'a> {
        ContextElements { left: self.count, reader: self.elements }
    }
}

/// One presentation context as offered (`p_cont_elem_t`).
#[derive(Clone, Copy, Debug)]
pub struct ContextElement<'a> {
    /// Its id.
    pub id: ContextId,
    /// The interface.
    pub abstract_syntax: SyntaxId,
    /// Transfer syntaxes to choose from.
    pub transfer_syntaxes: TransferSyntaxes<'a>,
}

/// Iterates over presentation contexts.
#[derive(Clone, Copy, Debug)]
pub struct ContextElements<'a> {
    left: u8,
    reader: Reader<'a>,
}

impl<'a> ContextElements<'a> {
    fn element(&mut self) -> Result<ContextElement<'a>, ParseError> {
        let id = ContextId(self.reader.u16("p_cont_id")?);
        let transfer_count = self.reader.u8("n_transfer_syn")?;
        self.reader.skip("reserved", 1)?;
        let abstract_syntax = syntax_id(&mut self.reader, "abstract_syntax")?;
        let start = self.reader;
        self.reader.skip("transfer_syntaxes", usize::from(transfer_count) * SYNTAX_ID_BYTES)?;
        let transfer_syntaxes = TransferSyntaxes { left: transfer_count, reader: start };
        Ok(ContextElement { id, abstract_syntax, transfer_syntaxes })
    }
}

impl<'a> Iterator for ContextElements<'a> {
    type Item = Result<ContextElement<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let element = self.element();
        if element.is_err() {
            self.left = 0;
        }
        Some(element)
    }
}

/// Iterates over transfer syntaxes.
#[derive(Clone, Copy, Debug)]
pub struct TransferSyntaxes<'a> {
    left: u8,
    reader: Reader<'a>,
}

impl Iterator for TransferSyntaxes<'_> {
    type Item = SyntaxId;

    fn next(&mut self) -> Option<SyntaxId> {
        self.left = self.left.checked_sub(1)?;
        syntax_id(&mut self.reader, "transfer_syntax").ok()
    }
}

/// Length of a `p_syntax_id_t`, in bytes.
const SYNTAX_ID_BYTES: usize = 20;

/// Reads a `p_syntax_id_t`. The version is one integer: major in its low, minor in its high half.
pub(super) fn syntax_id(reader: &mut Reader<'_>, field: &'static str) -> Result<SyntaxId, ParseError> {
    let uuid = reader.uuid(field)?;
    let version = reader.u32(field)?;
    #[allow(clippy::cast_possible_truncation)] // both halves are 16 bits wide
    let (major, minor) = (version as u16, (version >> 16) as u16);
    Ok(SyntaxId { uuid, major, minor })
}

#[cfg(test)]
mod tests {
    use super::super::Pdu;
    use super::*;
    use rpcscope_model::NDR;

    /// Bind to svcctl 2.0 with NDR 2.0 as context 1.
    const BIND: [u8; 72] = [
        5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0, // common header
        0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, // fragment sizes, association group
        1, 0, 0, 0, // one context
        1, 0, 1, 0, // context 1 with one transfer syntax
        0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0, 0x10, 3, 2, 0, 0,
        0, // svcctl
        4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0,
        0, // NDR
    ];

    #[test]
    fn a_bind_gives_its_contexts() {
        let bind = Pdu::parse(&BIND).and_then(|pdu| pdu.bind()).expect("a bind");
        let elements: Vec<_> = bind.elements().collect::<Result<_, _>>().expect("a context");
        assert_eq!(elements.len(), 1);
        assert_eq!(elements[0].id, ContextId(1));
        assert_eq!(elements[0].abstract_syntax.to_string(), "367abb81-9844-35f1-ad32-98f038001003 v2.0");
        let transfer: Vec<_> = elements[0].transfer_syntaxes.collect();
        assert_eq!(transfer, [SyntaxId { uuid: NDR, major: 2, minor: 0 }]);
    }

    #[test]
    fn a_count_beyond_the_bytes_ends_with_an_error() {
        let mut bytes = BIND;
        bytes[24] = 255;
        let bind = Pdu::parse(&bytes).and_then(|pdu| pdu.bind()).expect("a bind");
        let elements: Vec<_> = bind.elements().collect();
        assert_eq!(elements.len(), 2);
        assert!(elements[0].is_ok() && elements[1].is_err());
    }
}
