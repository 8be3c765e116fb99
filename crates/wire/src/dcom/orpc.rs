//! The headers before the arguments of an object's call.

use super::ComVersion;
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::{List, Stopped};
use uuid::Uuid;

/// What stands before the arguments of a request ([MS-DCOM] 2.2.13.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrpcThis<'a> {
    /// Version that the client speaks. The major one has always been 5: another one is no DCOM request.
    pub version: ComVersion,
    /// 0 in calls; anything in activations.
    pub flags: u32,
    /// Joins the calls that one call caused (`CID`, [MS-DCOM] 1.3.5).
    pub causality_id: Uuid,
    /// Data that travels beside the arguments.
    pub extents: Vec<Extent<'a>>,
}

impl<'a> OrpcThis<'a> {
    /// Reads the header at the start of a request stub; the arguments stand behind it.
    pub fn read(ndr: &mut Ndr<'a>) -> Result<Self, Stopped> {
        let version = ComVersion::read(ndr)?;
        if version.major != 5 {
            return Err(ndr.malformed("MajorVersion"));
        }
        let flags = ndr.u32("flags")?;
        ndr.u32("reserved1")?;
        let causality_id = ndr.uuid("cid")?;
        let extents = extents(ndr)?;
        Ok(Self { version, flags, causality_id, extents })
    }
}

/// What stands before the results of a reply ([MS-DCOM] 2.2.13.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrpcThat<'a> {
    /// Arbitrary.
    pub flags: u32,
    /// Data that travels beside the results.
    pub extents: Vec<Extent<'a>>,
}

impl<'a> OrpcThat<'a> {
    /// Reads the header at the start of a response stub; the results stand behind it.
    pub fn read(ndr: &mut Ndr<'a>) -> Result<Self, Stopped> {
        let flags = ndr.u32("flags")?;
        Ok(Self { flags, extents: extents(ndr)? })
    }
}

/// Data beside the arguments ([MS-DCOM] 2.2.13.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent<'a> {
    /// What `data` is.
    pub id: Uuid,
    /// Without the padding at its end.
    pub data: &'a [u8],
}

/// Reads a unique pointer to an array of unique pointers to extents ([MS-DCOM] 2.2.13.2), and keeps the first 64.
///
/// The headers are NDR also where the call is NDR64, so that pointers and counts are 32 bits wide. Their lengths are
/// multiples of eight: the alignment of what follows does not depend on them.
fn extents<'a>(ndr: &mut Ndr<'a>) -> Result<Vec<Extent<'a>>, Stopped> {
    if ndr.u32("extensions")? == 0 {
        return Ok(Vec::new());
    }
    ndr.u32("size")?;
    ndr.u32("reserved")?;
    if ndr.u32("extent")? == 0 {
        return Ok(Vec::new());
    }
    let count = narrow_count(ndr, "extent")?;
    let (pointers, _) = ndr.run("extent", count, 4)?;
    let present = pointers.chunks_exact(4).filter(|pointer| **pointer != [0; 4]).count();
    let mut extents = ndr.elements("extent", present, extent)?.items;
    extents.truncate(List::MAX);
    Ok(extents)
}

fn extent<'a>(ndr: &mut Ndr<'a>) -> Result<Extent<'a>, Stopped> {
    ndr.align(Alignment::Four);
    let rounded = narrow_count(ndr, "data")?;
    let id = ndr.uuid("id")?;
    let size = narrow_count(ndr, "size")?;
    let (data, _) = ndr.run("data", rounded, 1)?;
    Ok(Extent { id, data: data.get(..size).unwrap_or(data) })
}

fn narrow_count(ndr: &mut Ndr<'_>, field: &'static str) -> Result<usize, Stopped> {
    let count = ndr.u32(field)?;
    usize::try_from(count).map_err(|_| ndr.malformed(field))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::ByteOrder;
    use crate::ndr::{Stub, Syntax};
    use uuid::uuid;

    fn ndr(bytes: &[u8], order: ByteOrder, syntax: Syntax) -> Ndr<'_> {
        Ndr::new(Stub { bytes, order, syntax, complete: true })
    }

    /// One extent of 5 bytes and a null pointer, as an error information extension has it.
    fn that() -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 0, 0, 2, 0]; // flags, extensions
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2, 0]); // size, reserved, extent
        bytes.extend([2, 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 0]); // max_count, two pointers
        bytes.extend([8, 0, 0, 0]); // max_count
        bytes.extend(uuid!("0000031c-0000-0000-c000-000000000046").to_bytes_le());
        bytes.extend([5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]); // size, data with padding
        bytes.extend([0xee; 8]); // results
        bytes
    }

    #[test]
    fn the_arguments_start_behind_the_header() {
        let stub = samples::bytes(samples::NTLM_LOGIN_REQUEST);
        let mut ndr = ndr(&stub, ByteOrder::Little, Syntax::Ndr);
        let this = OrpcThis::read(&mut ndr).expect("a header");
        assert_eq!((this.version.to_string().as_str(), this.flags, ndr.position()), ("5.7", 0, 32));
        assert_eq!(this.causality_id, uuid!("15df26fd-1572-653b-b9c2-f979f8dc2314"));
        assert!(this.extents.is_empty());
    }

    #[test]
    fn the_header_follows_the_byte_order_of_the_call() {
        let mut big = [0; 32];
        big[1] = 5;
        big[3] = 6;
        let this = OrpcThis::read(&mut ndr(&big, ByteOrder::Big, Syntax::Ndr)).expect("a header");
        assert_eq!(this.version, ComVersion { major: 5, minor: 6 });
        let wrong = OrpcThis::read(&mut ndr(&big, ByteOrder::Little, Syntax::Ndr));
        assert_eq!(wrong.map_err(|stopped| stopped.field), Err("MajorVersion"));
    }

    #[test]
    fn extents_are_read_and_passed_over_whatever_the_call_is_encoded_in() {
        let bytes = that();
        for syntax in [Syntax::Ndr, Syntax::Ndr64] {
            let mut ndr = ndr(&bytes, ByteOrder::Little, syntax);
            let that = OrpcThat::read(&mut ndr).expect("a header");
            assert_eq!((ndr.position(), ndr.left()), (64, 8));
            assert_eq!(that.extents.len(), 1);
            let extent = that.extents[0];
            assert_eq!((extent.id.as_fields().0, extent.data), (0x31c, &[1, 2, 3, 4, 5][..]));
        }
    }

    #[test]
    fn extents_beyond_the_stub_are_an_error() {
        let bytes = that();
        for length in 0..bytes.len() - 8 {
            let mut cut = ndr(&bytes[..length], ByteOrder::Little, Syntax::Ndr);
            assert!(OrpcThat::read(&mut cut).is_err(), "cut to {length}");
        }
        let mut many = bytes;
        many[20..24].copy_from_slice(&[0xff; 4]);
        let stopped = OrpcThat::read(&mut ndr(&many, ByteOrder::Little, Syntax::Ndr));
        assert_eq!(stopped.map_err(|stopped| stopped.field), Err("extent"));
    }
}
