//! Marshalled object references.

use super::{DualStringArray, Ipid, Oid, Oxid};
use crate::ndr::{Alignment, Ndr};
use crate::{ByteOrder, Reader};
use rpcscope_model::{ParseError, Stopped};
use uuid::{Uuid, uuid};

/// A marshalled object reference ([MS-DCOM] 2.2.18).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Objref<'a> {
    /// The interface that it was marshalled for.
    pub iid: Uuid,
    /// Which form, and what that form says.
    pub body: ObjrefBody<'a>,
}

/// The forms of an object reference ([MS-DCOM] 2.2.18.4 to 2.2.18.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjrefBody<'a> {
    /// A reference to an object that stays where it is (`OBJREF_STANDARD`).
    Standard {
        /// Which object.
        std: StdObjref,
        /// Where its resolver listens.
        resolver: DualStringArray<'a>,
    },
    /// The same, with a class of the client that stands in for the object (`OBJREF_HANDLER`).
    Handler {
        /// Which object.
        std: StdObjref,
        /// The class that stands in.
        clsid: Uuid,
        /// Where its resolver listens.
        resolver: DualStringArray<'a>,
    },
    /// An object that marshals itself, by value in most cases (`OBJREF_CUSTOM`).
    Custom {
        /// The class that can read `data`.
        clsid: Uuid,
        /// What the object wrote. Ends with the reference; padding may follow the object's own end.
        data: &'a [u8],
    },
    /// A standard reference with a marshalled context (`OBJREF_EXTENDED`).
    Extended {
        /// Which object.
        std: StdObjref,
        /// Where its resolver listens.
        resolver: DualStringArray<'a>,
    },
}

/// Names an object and one of its interfaces ([MS-DCOM] 2.2.18.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StdObjref {
    /// [`StdObjref::NO_PING`] or nothing.
    pub flags: u32,
    /// References that come with it.
    pub public_refs: u32,
    /// The exporter that holds the object.
    pub oxid: Oxid,
    /// The object.
    pub oid: Oid,
    /// The interface pointer.
    pub ipid: Ipid,
}

impl StdObjref {
    /// The client need not keep the object alive by pings (`SORF_NOPING`).
    pub const NO_PING: u32 = 0x1000;

    /// Reads the packet version ([MS-DCOM] 2.2.18.2).
    fn read_packet(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            flags: reader.u32("flags")?,
            public_refs: reader.u32("cPublicRefs")?,
            oxid: Oxid(reader.u64("oxid")?),
            oid: Oid(reader.u64("oid")?),
            ipid: Ipid(reader.uuid("ipid")?),
        })
    }

    /// Reads the IDL version ([MS-DCOM] 2.2.18.3).
    pub fn read(ndr: &mut Ndr<'_>) -> Result<Self, Stopped> {
        ndr.align(Alignment::Eight);
        Ok(Self {
            flags: ndr.u32("flags")?,
            public_refs: ndr.u32("cPublicRefs")?,
            oxid: Oxid(ndr.u64("oxid")?),
            oid: Oid(ndr.u64("oid")?),
            ipid: Ipid(ndr.uuid("ipid")?),
        })
    }
}

impl<'a> Objref<'a> {
    /// Unmarshals `activation` properties of a request ([MS-DCOM] 1.9).
    pub const ACTIVATION_PROPERTIES_IN: Uuid = uuid!("00000338-0000-0000-c000-000000000046");
    /// Unmarshals `activation` properties of a reply, and names the property that lists interfaces.
    pub const ACTIVATION_PROPERTIES_OUT: Uuid = uuid!("00000339-0000-0000-c000-000000000046");
    /// Unmarshals a context.
    pub const CONTEXT_MARSHALER: Uuid = uuid!("0000033b-0000-0000-c000-000000000046");
    /// Unmarshals a CIM object ([MS-WMI] 2.2.4).
    pub const WBEM_CLASS_OBJECT: Uuid = uuid!("4590f812-1d3a-11d0-891f-00aa004b2e24");

    /// Reads a reference that starts with `bytes`.
    ///
    /// A reference whose bindings are cut is still one; a reference whose identifiers are cut is not.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("dcom objref", ByteOrder::Little, bytes);
        if reader.bytes("signature", 4)? != SIGNATURE {
            return Err(reader.invalid("signature", 0));
        }
        let form = reader.u32("flags")?;
        let iid = reader.uuid("iid")?;
        let body = match form {
            1 => ObjrefBody::Standard {
                std: StdObjref::read_packet(&mut reader)?,
                resolver: DualStringArray::read_packet(&mut reader).unwrap_or(DualStringArray::EMPTY),
            },
            2 => ObjrefBody::Handler {
                std: StdObjref::read_packet(&mut reader)?,
                clsid: reader.uuid("clsid")?,
                resolver: DualStringArray::read_packet(&mut reader).unwrap_or(DualStringArray::EMPTY),
            },
            4 => {
                let clsid = reader.uuid("clsid")?;
                // cbExtension, and a length that some senders get wrong.
                reader.skip("cbExtension", 8)?;
                ObjrefBody::Custom { clsid, data: reader.rest() }
            }
            8 => {
                let std = StdObjref::read_packet(&mut reader)?;
                reader.skip("Signature1", 4)?;
                let resolver = DualStringArray::read_packet(&mut reader).unwrap_or(DualStringArray::EMPTY);
                ObjrefBody::Extended { std, resolver }
            }
            form => return Err(reader.invalid("flags", usize::try_from(form).unwrap_or(usize::MAX))),
        };
        Ok(Self { iid, body })
    }

    /// Reads what an interface pointer points to: an array of bytes that holds a reference ([MS-DCOM] 2.2.14).
    ///
    /// `None` when the bytes are none; the reader stands behind them all the same.
    pub fn read(ndr: &mut Ndr<'a>, field: &'static str) -> Result<Option<Self>, Stopped> {
        let count = ndr.count(field)?;
        ndr.u32("ulCntData")?;
        let (bytes, _) = ndr.run(field, count, 1)?;
        Ok(Self::parse(bytes).ok())
    }

    /// The object that is referred to; none for one that was marshalled by value.
    pub const fn std(&self) -> Option<&StdObjref> {
        match &self.body {
            ObjrefBody::Standard { std, .. }
            | ObjrefBody::Handler { std, .. }
            | ObjrefBody::Extended { std, .. } => Some(std),
            ObjrefBody::Custom { .. } => None,
        }
    }

    /// Where the object's resolver listens, if it says so.
    pub const fn resolver(&self) -> DualStringArray<'a> {
        match self.body {
            ObjrefBody::Standard { resolver, .. }
            | ObjrefBody::Handler { resolver, .. }
            | ObjrefBody::Extended { resolver, .. } => resolver,
            ObjrefBody::Custom { .. } => DualStringArray::EMPTY,
        }
    }

    /// What the class `clsid` is to unmarshal, if this is custom marshalled for it.
    pub fn custom(&self, clsid: Uuid) -> Option<&'a [u8]> {
        match self.body {
            ObjrefBody::Custom { clsid: own, data } if own == clsid => Some(data),
            _ => None,
        }
    }
}

/// Finds the interface pointers in the stub of any call, also of operations that have no decoder.
///
/// An interface pointer is an array of bytes behind its length, so that a reference stands at a multiple of four from
/// the start of the stub, and its length just before it, in NDR and NDR64 alike. References within references (what is
/// marshalled by value may hold some) are not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Objrefs<'a> {
    stub: &'a [u8],
    order: ByteOrder,
    at: usize,
}

impl<'a> Objrefs<'a> {
    /// Looks through `stub`, whose integers are in `order`.
    pub const fn new(stub: &'a [u8], order: ByteOrder) -> Self {
        Self { stub, order, at: 4 }
    }

    /// Looks through what is left of a stub. Leaves the reader where it is.
    pub fn of_rest(ndr: &Ndr<'a>) -> Result<Self, Stopped> {
        let mut ahead = ndr.clone();
        // The rest starts at a multiple of four, as references do.
        ahead.align(Alignment::Four);
        let rest = ahead.fixed_bytes("MInterfacePointer", ahead.left())?;
        Ok(Self::new(rest, ndr.order()))
    }
}

impl<'a> Iterator for Objrefs<'a> {
    type Item = Objref<'a>;

    fn next(&mut self) -> Option<Objref<'a>> {
        loop {
            let here = self.at;
            let rest = self.stub.get(here..)?;
            let step = rest.chunks_exact(4).position(|word| word == SIGNATURE)?;
            let at = here.checked_add(step.checked_mul(4)?)?;
            self.at = at.checked_add(4)?;
            let mut reader = Reader::new("dcom objref", self.order, self.stub);
            reader.seek(at.checked_sub(4)?);
            let length = reader.u32("ulCntData").ok().and_then(|length| usize::try_from(length).ok());
            let Some(length) = length.filter(|length| *length <= reader.rest().len()) else { continue };
            if let Ok(found) = Objref::parse(reader.up_to(length)) {
                self.at = reader.position().next_multiple_of(4);
                return Some(found);
            }
        }
    }
}

/// `MEOW`, least significant byte first.
const SIGNATURE: &[u8] = b"MEOW";

#[cfg(test)]
mod tests {
    use super::*;

    /// A standard reference to IWbemLevel1Login, as a scripted server answers it.
    fn standard() -> Vec<u8> {
        let mut bytes = b"MEOW\x01\0\0\0".to_vec();
        bytes.extend(uuid!("f309ad18-d86a-11d0-a075-00c04fb68820").to_bytes_le());
        bytes.extend(std_objref());
        bytes.extend([4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn std_objref() -> Vec<u8> {
        let mut bytes = vec![0, 0x10, 0, 0, 5, 0, 0, 0];
        bytes.extend(0x0102_0304_0506_0708_u64.to_le_bytes());
        bytes.extend(0x1112_1314_1516_1718_u64.to_le_bytes());
        bytes.extend([0x21; 16]);
        bytes
    }

    fn interface_pointer(reference: &[u8]) -> Vec<u8> {
        let length = u32::try_from(reference.len()).expect("short").to_le_bytes();
        let mut bytes = [length, length].concat();
        bytes.extend(reference);
        bytes.resize(bytes.len().next_multiple_of(4), 0xaa);
        bytes
    }

    #[test]
    fn a_standard_reference_names_exporter_object_and_interface() {
        let bytes = standard();
        let objref = Objref::parse(&bytes).expect("a reference");
        assert_eq!(objref.iid, uuid!("f309ad18-d86a-11d0-a075-00c04fb68820"));
        let std = objref.std().expect("an object");
        assert_eq!((std.flags, std.public_refs), (StdObjref::NO_PING, 5));
        assert_eq!(std.oxid.to_string(), "0x0102030405060708");
        assert_eq!(std.oid, Oid(0x1112_1314_1516_1718));
        assert_eq!(std.ipid, Ipid(Uuid::from_bytes([0x21; 16])));
        assert_eq!(objref.resolver().string_bindings().count(), 0);
    }

    #[test]
    fn handler_and_extended_references_carry_the_same_object() {
        let head = &standard()[8..24];
        let handler = [b"MEOW\x02\0\0\0", head, &std_objref(), &[0x31; 16], &[0; 4]].concat();
        let objref = Objref::parse(&handler).expect("a reference");
        assert!(
            matches!(objref.body, ObjrefBody::Handler { clsid, .. } if clsid == Uuid::from_bytes([0x31; 16]))
        );
        assert_eq!(objref.std().map(|std| std.public_refs), Some(5));
        let binding = [4, 0, 3, 0, 7, 0, b'h', 0, 0, 0, 0, 0];
        let extended = [b"MEOW\x08\0\0\0", head, &std_objref(), b"VYSN", &binding].concat();
        let objref = Objref::parse(&extended).expect("a reference");
        assert!(matches!(objref.body, ObjrefBody::Extended { .. }));
        assert_eq!(objref.resolver().string_bindings().map(|b| b.host).collect::<Vec<_>>(), ["h"]);
    }

    #[test]
    fn a_custom_reference_gives_its_data_to_its_class_only() {
        let head = &standard()[8..24];
        let clsid = Objref::WBEM_CLASS_OBJECT.to_bytes_le();
        let bytes = [b"MEOW\x04\0\0\0", head, &clsid, &[0; 8], b"data"].concat();
        let objref = Objref::parse(&bytes).expect("a reference");
        assert_eq!(objref.custom(Objref::WBEM_CLASS_OBJECT), Some(&b"data"[..]));
        assert_eq!(objref.custom(Objref::CONTEXT_MARSHALER), None);
        assert_eq!(objref.std(), None);
    }

    #[test]
    fn a_reference_without_its_bindings_is_still_one() {
        let bytes = standard();
        assert!(Objref::parse(&bytes[..64]).is_ok_and(|objref| objref.std().is_some()));
        let error = Objref::parse(&bytes[..63]).expect_err("the IPID is cut");
        assert_eq!(error.to_string(), "dcom objref: ipid at byte 48: need 16 bytes, have 15");
    }

    #[test]
    fn an_unknown_form_is_an_error() {
        let mut bytes = standard();
        bytes[4] = 3;
        assert_eq!(Objref::parse(&bytes).map_err(|error| error.field), Err("flags"));
        bytes[0] = b'W';
        assert_eq!(Objref::parse(&bytes).map_err(|error| error.field), Err("signature"));
    }

    #[test]
    fn references_are_found_anywhere_in_a_stub() {
        let pointer = interface_pointer(&standard());
        let stub = [&[0; 12][..], &pointer, b"MEOW", &[1; 8], &pointer].concat();
        assert_eq!(Objrefs::new(&stub, ByteOrder::Little).count(), 2);
        // One byte off is not where NDR puts them.
        assert_eq!(Objrefs::new(&[&[0; 1], &stub[..]].concat(), ByteOrder::Little).count(), 0);
        assert_eq!(Objrefs::new(&[], ByteOrder::Little).count(), 0);
        assert_eq!(Objrefs::new(b"MEOWMEOWMEOW", ByteOrder::Little).count(), 0);
    }

    #[test]
    fn a_reference_in_a_reference_is_not_counted_twice() {
        let inner = interface_pointer(&standard());
        let clsid = Objref::CONTEXT_MARSHALER.to_bytes_le();
        let outer = [b"MEOW\x04\0\0\0", &[9; 16][..], &clsid, &[0; 8], &inner].concat();
        let stub = interface_pointer(&outer);
        let found: Vec<_> = Objrefs::new(&stub, ByteOrder::Little).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].custom(Objref::CONTEXT_MARSHALER).is_some());
    }
}
