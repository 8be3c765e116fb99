//! netdfs, distributed file system namespaces ([MS-DFSNM] 3.1.4).
//!
//! Operations on a root are for the server that hosts it. A server that is told to make or remove the root of another
//! machine connects to that machine first, and authenticates there.

use super::operation::{Interface, Operation};
use super::{Decoded, reply, unc};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x4fc742e0_4a10_11cf_8273_00aa004ae673),
    name: "netdfs",
    operations: &[
        Operation::new(1, "NetrDfsAdd", &["path", "machine", "share", "comment", "flags", "status"])
            .request(add)
            .response(reply::status),
        Operation::new(2, "NetrDfsRemove", &["path", "machine", "share", "status"])
            .request(remove)
            .response(reply::status),
        Operation::new(3, "NetrDfsSetInfo", INFO).request(info).response(reply::status),
        Operation::new(4, "NetrDfsGetInfo", INFO).request(info).response(reply::status_at_end),
        Operation::new(5, "NetrDfsEnum", &["level", "status"])
            .request(enumerate)
            .response(reply::status_at_end),
        Operation::new(6, "NetrDfsMove", &["path", "new_path", "flags", "status"])
            .request(rename)
            .response(reply::status),
        Operation::new(
            10,
            "NetrDfsAddFtRoot",
            &["machine", "coerced_to", "domain_controller", "share", "namespace", "comment", "dn", "status"],
        )
        .request(add_domain_root)
        .response(reply::status_at_end),
        Operation::new(
            11,
            "NetrDfsRemoveFtRoot",
            &["machine", "coerced_to", "domain_controller", "share", "namespace", "flags", "status"],
        )
        .request(remove_domain_root)
        .response(reply::status_at_end),
        Operation::new(
            12,
            "NetrDfsAddStdRoot",
            &["machine", "coerced_to", "share", "comment", "flags", "status"],
        )
        .request(add_root)
        .response(reply::status),
        Operation::new(13, "NetrDfsRemoveStdRoot", &["machine", "coerced_to", "share", "flags", "status"])
            .request(remove_root)
            .response(reply::status),
        Operation::new(14, "NetrDfsManagerInitialize", &["machine", "coerced_to", "flags", "status"])
            .request(initialize)
            .response(reply::status),
        Operation::new(
            15,
            "NetrDfsAddStdRootForced",
            &["machine", "coerced_to", "share", "comment", "path", "status"],
        )
        .request(add_root_forced)
        .response(reply::status),
        Operation::new(16, "NetrDfsGetDcAddress", &["machine", "coerced_to", "status"])
            .request(on_machine)
            .response(reply::status_at_end),
        Operation::new(
            17,
            "NetrDfsSetDcAddress",
            &["machine", "coerced_to", "domain_controller", "timeout", "flags", "status"],
        )
        .request(set_domain_controller)
        .response(reply::status),
        Operation::new(18, "NetrDfsFlushFtTable", &["domain_controller", "namespace", "status"])
            .request(flush)
            .response(reply::status),
        Operation::new(
            19,
            "NetrDfsAdd2",
            &["path", "domain_controller", "machine", "share", "comment", "flags", "status"],
        )
        .request(add_with_controller)
        .response(reply::status_at_end),
        Operation::new(20, "NetrDfsRemove2", &["path", "domain_controller", "machine", "share", "status"])
            .request(remove_with_controller)
            .response(reply::status_at_end),
        Operation::new(21, "NetrDfsEnumEx", &["path", "level", "status"])
            .request(enumerate_below)
            .response(reply::status_at_end),
        Operation::new(
            22,
            "NetrDfsSetInfo2",
            &["path", "domain_controller", "machine", "share", "level", "comment", "status"],
        )
        .request(info_with_controller)
        .response(reply::status_at_end),
        Operation::new(
            23,
            "NetrDfsAddRootTarget",
            &["path", "target", "coerced_to", "version", "comment", "flags", "status"],
        )
        .request(add_target)
        .response(reply::status),
        Operation::new(24, "NetrDfsRemoveRootTarget", &["path", "target", "coerced_to", "flags", "status"])
            .request(remove_target)
            .response(reply::status),
    ],
};

const INFO: &[&str] = &["path", "machine", "share", "level", "comment", "status"];

fn add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("DfsEntryPath")?);
    target_to_add(ndr, call)
}

fn add_with_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path_and_controller(ndr, call)?;
    target_to_add(ndr, call)
}

fn target_to_add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", ndr.wide_string("ServerName")?);
    call.put("share", ndr.unique("ShareName", |ndr| ndr.wide_string("ShareName"))?);
    call.put("comment", ndr.unique("Comment", |ndr| ndr.wide_string("Comment"))?);
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn path_and_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("DfsEntryPath")?);
    call.put("domain_controller", ndr.wide_string("DcName")?);
    Ok(())
}

fn remove(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("DfsEntryPath")?);
    target(ndr, call)
}

fn remove_with_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path_and_controller(ndr, call)?;
    target(ndr, call)
}

fn target(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", ndr.unique("ServerName", |ndr| ndr.wide_string("ServerName"))?);
    call.put("share", ndr.unique("ShareName", |ndr| ndr.wide_string("ShareName"))?);
    Ok(())
}

fn info(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    remove(ndr, call)?;
    level(ndr, call)
}

fn info_with_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    remove_with_controller(ndr, call)?;
    level(ndr, call)
}

/// The level, and DFS_INFO_STRUCT ([MS-DFSNM] 2.2.2.3) of those levels that begin with a comment. A request for
/// information ends with the level.
fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let level = ndr.u32("Level")?;
    call.put("level", level);
    if ndr.left() == 0 || !matches!(level, 100 | 105 | 107) {
        return Ok(());
    }
    ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    let info = ndr.pointer("DfsInfo")?;
    if info.is_null() {
        return Ok(());
    }
    let comment = ndr.pointer("Comment")?;
    if level == 100 {
        call.put("comment", ndr.referent(comment, |ndr| ndr.wide_string("Comment"))?);
        return Ok(());
    }
    for field in ["State", "Timeout", "PropertyFlagMask", "PropertyFlags"] {
        ndr.u32(field)?;
    }
    if level == 107 {
        ndr.u32("SecurityDescriptorLength")?;
        let _descriptor = ndr.pointer("pSecurityDescriptor")?;
    }
    call.put("comment", ndr.referent(comment, |ndr| ndr.wide_string("Comment"))?);
    Ok(())
}

fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("level", ndr.u32("Level")?);
    Ok(())
}

fn enumerate_below(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("DfsEntryPath")?);
    enumerate(ndr, call)
}

fn rename(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("DfsEntryPath")?);
    call.put("new_path", ndr.wide_string("NewDfsEntryPath")?);
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn on_machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let machine = ndr.wide_string("ServerName")?;
    unc::put_machine(call, &machine);
    call.put("machine", machine);
    Ok(())
}

fn initialize(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_machine(ndr, call)?;
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn set_domain_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_machine(ndr, call)?;
    call.put("domain_controller", ndr.wide_string("DcName")?);
    call.put("timeout", ndr.u32("Timeout")?);
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn flush(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("domain_controller", ndr.wide_string("DcName")?);
    call.put("namespace", ndr.wide_string("wszFtDfsName")?);
    Ok(())
}

fn on_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_machine(ndr, call)?;
    call.put("share", ndr.wide_string("RootShare")?);
    Ok(())
}

fn add_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_root(ndr, call)?;
    call.put("comment", ndr.wide_string("Comment")?);
    call.put("flags", ndr.u32("ApiFlags")?);
    Ok(())
}

fn remove_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_root(ndr, call)?;
    call.put("flags", ndr.u32("ApiFlags")?);
    Ok(())
}

fn add_root_forced(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_root(ndr, call)?;
    call.put("comment", ndr.wide_string("Comment")?);
    call.put("path", ndr.wide_string("Share")?);
    Ok(())
}

fn on_domain_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_machine(ndr, call)?;
    call.put("domain_controller", ndr.wide_string("DcName")?);
    call.put("share", ndr.wide_string("RootShare")?);
    call.put("namespace", ndr.wide_string("FtDfsName")?);
    Ok(())
}

fn add_domain_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_domain_root(ndr, call)?;
    call.put("comment", ndr.wide_string("Comment")?);
    call.put("dn", ndr.wide_string("ConfigDN")?);
    Ok(())
}

fn remove_domain_root(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_domain_root(ndr, call)?;
    call.put("flags", ndr.u32("ApiFlags")?);
    Ok(())
}

fn path_and_target(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.unique("pDfsPath", |ndr| ndr.wide_string("pDfsPath"))?);
    let target = ndr.unique("pTargetPath", |ndr| ndr.wide_string("pTargetPath"))?;
    unc::put_first_host(call, &target);
    call.put("target", target);
    Ok(())
}

fn add_target(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path_and_target(ndr, call)?;
    call.put("version", ndr.u32("MajorVersion")?);
    call.put("comment", ndr.unique("pComment", |ndr| ndr.wide_string("pComment"))?);
    ndr.u8("NewNamespace")?;
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn remove_target(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path_and_target(ndr, call)?;
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
        decoded.arguments.text(name)
    }

    #[test]
    fn a_root_of_another_machine_coerces_the_server() {
        let decoded = request(13, |stub| _ = stub.wide("10.99.0.2").wide("test").u32(1));
        assert_eq!(text(&decoded, "coerced_to"), Some("10.99.0.2"));
        assert_eq!((text(&decoded, "machine"), text(&decoded, "share")), (Some("10.99.0.2"), Some("test")));
        let decoded = request(12, |stub| _ = stub.wide("\\\\10.99.0.2").wide("s").wide("c").u32(0));
        assert_eq!(text(&decoded, "coerced_to"), Some("10.99.0.2"));
        let decoded = request(23, |stub| {
            stub.pointer().wide("\\\\corp\\ns").pointer().wide("\\\\fs2\\ns").u32(2).null().u8(1).u32(0);
        });
        assert_eq!(text(&decoded, "coerced_to"), Some("fs2"));
    }

    #[test]
    fn a_target_of_a_link_is_told() {
        let decoded = request(1, |stub| {
            stub.wide("\\\\corp\\ns\\docs").wide("fs1").pointer().wide("docs").null().u32(1);
        });
        assert_eq!((text(&decoded, "machine"), text(&decoded, "share")), (Some("fs1"), Some("docs")));
        assert_eq!(text(&decoded, "coerced_to"), None, "a link may lead anywhere");
        let decoded =
            request(20, |stub| _ = stub.wide("\\\\corp\\ns\\docs").wide("dc1").null().null().null());
        assert_eq!(text(&decoded, "domain_controller"), Some("dc1"));
    }

    #[test]
    fn a_new_comment_is_told() {
        let decoded = request(3, |stub| {
            stub.wide("\\\\corp\\ns")
                .null()
                .null()
                .u32(105)
                .align_pointer()
                .u32(105)
                .align_pointer()
                .pointer();
            stub.pointer().u32(1).u32(300).u32(0).u32(0).wide("new");
        });
        assert_eq!(text(&decoded, "comment"), Some("new"));
        let decoded = request(4, |stub| _ = stub.wide("\\\\corp\\ns").null().null().u32(100));
        assert_eq!(decoded.arguments.number("level"), Some(100));
    }

    #[test]
    fn a_domain_root_names_its_controller() {
        let decoded = request(11, |stub| {
            stub.wide("fs1").wide("dc1").wide("root").wide("ns").u32(0).null();
        });
        assert_eq!(text(&decoded, "namespace"), Some("ns"));
        assert_eq!(text(&decoded, "domain_controller"), Some("dc1"));
    }
}
