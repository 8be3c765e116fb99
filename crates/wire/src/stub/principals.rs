//! Users, groups and computers, as the account database and the local security authority name them.

use super::Decoded;
use super::entries::entries;
use crate::ndr::{Ndr, Sid};
use rpcscope_model::{Stopped, Text, ToCompactString};

/// Adds a list of SIDs that pointers in an array point to: LSAPR_SID_ENUM_BUFFER ([MS-LSAT] 2.2.18), SAMPR_PSID_ARRAY
/// ([MS-SAMR] 2.2.7.5), LSAPR_ACCOUNT_ENUM_BUFFER ([MS-LSAD] 2.2.5.2).
pub(super) fn sids(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<(), Stopped> {
    let Some(count) = entries(ndr, "Sids")? else { return Ok(()) };
    call.list_with_referents(
        name,
        ndr,
        count,
        |ndr| ndr.pointer("SidPointer"),
        |ndr, sid| ndr.referent(sid, |ndr| ndr.sid("SidPointer")),
    )
}

/// A relative identifier. It is a text wherever it appears, because a handle is called by it.
pub(super) fn rid(number: u32) -> Text {
    Text::whole(number.to_compact_string())
}

/// A SID by which a handle is called.
pub(super) fn sid_text(sid: &Sid) -> Text {
    Text::whole(sid.text())
}

/// Leaves out what is there but empty.
pub(super) fn filled(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !text.string.is_empty())
}

/// SID_NAME_USE ([MS-SAMR] 2.2.2.3, [MS-LSAT] 2.2.13).
pub(super) const SID_TYPES: &[(u32, &str)] = &[
    (1, "user"),
    (2, "group"),
    (3, "domain"),
    (4, "alias"),
    (5, "well_known_group"),
    (6, "deleted_account"),
    (7, "invalid"),
    (8, "unknown"),
    (9, "computer"),
    (10, "label"),
];
