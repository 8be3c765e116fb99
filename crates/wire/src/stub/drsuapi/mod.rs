//! drsuapi, replication and management of a directory ([MS-DRSR] 4.1).
//!
//! Every operation but the first two takes a version and a union of the structures of the versions, and gives the same
//! back. Only those operations and members are decoded that say what is replicated, to whom, and what is changed.

mod account;
mod entry;
mod name;
mod replica;
mod replication;

use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ByteOrder;
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xe3514235_4b06_11d1_ab04_00c04fc2dcd2),
    name: "drsuapi",
    operations: &[
        Operation::new(0, "IDL_DRSBind", &["client", "capabilities", "site", "process", "status"])
            .request(bind)
            .response(bound),
        Operation::new(1, "IDL_DRSUnbind", &["status"]).request(unbind).response(reply::handle_and_status),
        Operation::new(2, "IDL_DRSReplicaSync", replica::FIELDS)
            .request(replica::sync)
            .response(reply::status),
        Operation::new(3, "IDL_DRSGetNCChanges", replication::FIELDS)
            .request(replication::changes)
            .response(replication::changed),
        Operation::new(4, "IDL_DRSUpdateRefs", replica::FIELDS)
            .request(replica::update_references)
            .response(reply::status),
        Operation::new(5, "IDL_DRSReplicaAdd", replica::FIELDS).request(replica::add).response(reply::status),
        Operation::new(6, "IDL_DRSReplicaDel", replica::FIELDS)
            .request(replica::delete)
            .response(reply::status),
        Operation::new(7, "IDL_DRSReplicaModify", replica::FIELDS)
            .request(replica::modify)
            .response(reply::status),
        Operation::new(8, "IDL_DRSVerifyNames", &["version", "flags", "names", "status"])
            .request(name::verify)
            .response(reply::status_at_end),
        Operation::new(9, "IDL_DRSGetMemberships", &["version", "names", "flags", "operation", "status"])
            .request(name::memberships)
            .response(reply::status_at_end),
        Operation::new(
            12,
            "IDL_DRSCrackNames",
            &["version", "flags", "format_offered", "format_desired", "names", "results", "status"],
        )
        .request(name::crack)
        .response(name::cracked),
        Operation::new(
            13,
            "IDL_DRSWriteSPN",
            &["version", "operation", "flags", "account", "spns", "result", "status"],
        )
        .request(account::write_spn)
        .response(account::written),
        Operation::new(14, "IDL_DRSRemoveDsServer", &["version", "server", "domain", "commit", "status"])
            .request(replica::remove_server)
            .response(reply::status_at_end),
        Operation::new(15, "IDL_DRSRemoveDsDomain", &["version", "domain", "status"])
            .request(replica::remove_domain)
            .response(reply::status_at_end),
        Operation::new(
            16,
            "IDL_DRSDomainControllerInfo",
            &["version", "domain", "level", "domain_controllers", "status"],
        )
        .request(name::domain_controllers)
        .response(name::domain_controllers_found),
        Operation::new(17, "IDL_DRSAddEntry", &["version", "objects", "status"])
            .request(entry::add)
            .response(reply::status_at_end),
        Operation::new(18, "IDL_DRSExecuteKCC", &["version", "task", "flags", "status"])
            .request(replica::check_consistency)
            .response(reply::status),
        Operation::new(
            19,
            "IDL_DRSGetReplInfo",
            &["version", "information", "object", "source_dsa", "status"],
        )
        .request(replica::information)
        .response(reply::status_at_end),
        Operation::new(
            20,
            "IDL_DRSAddSidHistory",
            &[
                "version",
                "flags",
                "source_domain",
                "source_account",
                "source_domain_controller",
                "user",
                "user_domain",
                "password_bytes",
                "domain",
                "account",
                "result",
                "status",
            ],
        )
        .request(account::add_sid_history)
        .response(account::written),
        Operation::new(22, "IDL_DRSReplicaVerifyObjects", replica::FIELDS)
            .request(replica::verify_objects)
            .response(reply::status),
        Operation::new(28, "IDL_DRSAddCloneDC", &["version", "machine", "site", "status"])
            .request(account::clone_domain_controller)
            .response(reply::status_at_end),
        Operation::new(29, "IDL_DRSWriteNgcKey", &["version", "account", "result", "status"])
            .request(account::write_key)
            .response(account::written),
        Operation::new(30, "IDL_DRSReadNgcKey", &["version", "account", "status"])
            .request(account::read_key)
            .response(reply::status_at_end),
    ],
};

fn bind(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let client = ndr.unique("puuidClientDsa", |ndr| ndr.uuid("puuidClientDsa"))?;
    call.put("client", client);
    extensions(ndr, call, "pextClient")
}

fn bound(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    // What the server can do is passed over: the arguments are those of the client.
    extensions(ndr, &mut Decoded::default(), "ppextServer")?;
    reply::handle_and_status(ndr, call, request)
}

/// DRS_EXTENSIONS_INT ([MS-DRSR] 5.39): capabilities, the client's site, and its process.
fn extensions(ndr: &mut Ndr<'_>, call: &mut Decoded, field: &'static str) -> Result<(), Stopped> {
    let order = ndr.order();
    let bytes = ndr.unique(field, |ndr| {
        let count = ndr.count(field)?;
        ndr.u32("cb")?;
        ndr.run("rgb", count, 1)
    })?;
    let Some((bytes, _)) = bytes else { return Ok(()) };
    // The structure is an array of bytes to NDR. It is in the client's own order, which is that of the stub.
    let number = |at: usize| {
        let bytes = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(match order {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        })
    };
    let site = bytes.get(4..).and_then(|rest| rest.first_chunk::<16>()).map(|site| match order {
        ByteOrder::Little => Uuid::from_bytes_le(*site),
        ByteOrder::Big => Uuid::from_bytes(*site),
    });
    call.put("capabilities", number(0));
    call.put("site", site.filter(|site| !site.is_nil()));
    call.put("process", number(20));
    Ok(())
}

fn unbind(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("phDrs")?);
    Ok(())
}

/// The handle, and the version of the structure that follows. `alignment` is that of the largest version.
fn versioned(ndr: &mut Ndr<'_>, call: &mut Decoded, alignment: Alignment) -> Result<u32, Stopped> {
    call.uses(ndr.context_handle("hDrs")?);
    let version = ndr.u32("dwInVersion")?;
    call.put("version", version);
    ndr.union_tag("pmsgIn", Tag::Long, alignment)
}

/// The version of the structure that a response gives.
fn reply_version(ndr: &mut Ndr<'_>, alignment: Alignment) -> Result<u32, Stopped> {
    ndr.u32("pdwOutVersion")?;
    ndr.union_tag("pmsgOut", Tag::Long, alignment)
}

#[cfg(test)]
mod tests;
