//! LSA_FOREST_TRUST_INFORMATION: the names that a trusted forest claims ([MS-LSAD] 2.2.7.25, [MS-NRPC] 3.5.4.7.4).

use super::argument::{fields, symbol};
use super::entries::entries;
use super::{Argument, Decoded};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::{Stopped, Value};

/// Adds the records as a list, from the count on: what a pointer to the structure points to.
pub(super) fn records(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<(), Stopped> {
    let Some(count) = entries(ndr, "Entries")? else { return Ok(()) };
    call.list_with_referents(
        name,
        ndr,
        count,
        |ndr| ndr.pointer("Entries"),
        |ndr, entry| ndr.referent(entry, record),
    )
}

/// LSA_FOREST_TRUST_RECORD ([MS-LSAD] 2.2.7.21).
fn record(ndr: &mut Ndr<'_>) -> Result<Value, Stopped> {
    ndr.align(Alignment::Eight);
    ndr.u32("Flags")?;
    let kind = ndr.enumeration("ForestTrustType")?;
    ndr.u64("Time")?;
    let mut domain = None;
    let mut netbios_domain = None;
    let mut domain_sid = None;
    match ndr.union_tag("ForestTrustType", Tag::Enumeration, Alignment::Pointer)? {
        0 | 1 => domain = ndr.unicode_string("TopLevelName")?,
        2 => {
            ndr.align(Alignment::Pointer);
            let sid = ndr.pointer("Sid")?;
            let dns = ndr.counted_string("DnsName")?;
            let netbios = ndr.counted_string("NetbiosName")?;
            domain_sid = ndr.referent(sid, |ndr| ndr.sid("Sid"))?;
            domain = ndr.unicode_text("DnsName", dns)?;
            netbios_domain = ndr.unicode_text("NetbiosName", netbios)?;
        }
        _ => {
            ndr.align(Alignment::Pointer);
            ndr.u32("Length")?;
            ndr.unique("Buffer", |ndr| ndr.conformant_bytes("Buffer"))?;
        }
    }
    Ok(fields([
        ("type", symbol(kind, RECORD_TYPES).value()),
        ("domain", domain.value()),
        ("netbios_domain", netbios_domain.value()),
        ("domain_sid", domain_sid.value()),
    ]))
}

/// LSA_FOREST_TRUST_RECORD_TYPE ([MS-LSAD] 2.2.7.22).
pub(super) const RECORD_TYPES: &[(u32, &str)] =
    &[(0, "top_level_name"), (1, "top_level_name_excluded"), (2, "domain_info")];
