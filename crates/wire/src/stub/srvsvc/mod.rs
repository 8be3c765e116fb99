//! srvsvc, the server service: shares, sessions, open files ([MS-SRVS] 3.1.4).

mod layouts;

use super::lanman::{self, enumeration, level, machine, optional};
use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Timestamp, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x4b324fc8_1670_01d3_1278_5a47bf6ee188),
    name: "srvsvc",
    operations: &[
        Operation::new(8, "NetrConnectionEnum", &["machine", "qualifier", "level", "connections", "status"])
            .request(connections)
            .response(connections_listed),
        Operation::new(9, "NetrFileEnum", &["machine", "path", "user", "level", "files", "status"])
            .request(files)
            .response(files_listed),
        Operation::new(
            10,
            "NetrFileGetInfo",
            &["machine", "file_id", "level", "id", "permissions", "locks", "path", "user", "status"],
        )
        .request(file_and_level)
        .response(file_information),
        Operation::new(11, "NetrFileClose", &["machine", "file_id", "status"])
            .request(file)
            .response(reply::status),
        Operation::new(12, "NetrSessionEnum", &["machine", "client", "user", "level", "sessions", "status"])
            .request(sessions)
            .response(sessions_listed),
        Operation::new(13, "NetrSessionDel", &["machine", "client", "user", "status"])
            .request(session)
            .response(reply::status),
        Operation::new(14, "NetrShareAdd", SHARE).request(add_share).response(reply::status_at_end),
        Operation::new(15, "NetrShareEnum", SHARES).request(shares).response(shares_listed),
        Operation::new(16, "NetrShareGetInfo", SHARE).request(share_and_level).response(share_information),
        Operation::new(17, "NetrShareSetInfo", SHARE).request(set_share).response(reply::status_at_end),
        Operation::new(18, "NetrShareDel", DELETION).request(share).response(reply::status),
        Operation::new(19, "NetrShareDelSticky", DELETION).request(share).response(reply::status),
        Operation::new(20, "NetrShareCheck", &["machine", "device", "type", "status"])
            .request(device)
            .response(device_checked),
        Operation::new(21, "NetrServerGetInfo", SERVER)
            .request(machine_and_level)
            .response(server_information),
        Operation::new(22, "NetrServerSetInfo", SERVER).request(set_server).response(reply::status_at_end),
        Operation::new(23, "NetrServerDiskEnum", &["machine", "level", "status"])
            .request(machine_and_level)
            .response(reply::status_at_end),
        Operation::new(24, "NetrServerStatisticsGet", &["machine", "service", "level", "status"])
            .request(statistics)
            .response(reply::status_at_end),
        Operation::new(25, "NetrServerTransportAdd", &["machine", "level", "status"])
            .request(machine_and_level)
            .response(reply::status),
        Operation::new(26, "NetrServerTransportEnum", &["machine", "level", "transports", "status"])
            .request(transports)
            .response(transports_listed),
        Operation::new(27, "NetrServerTransportDel", &["machine", "level", "status"])
            .request(machine_and_level)
            .response(reply::status),
        Operation::new(28, "NetrRemoteTOD", &["machine", "time", "timezone_minutes", "status"])
            .request(machine)
            .response(time_of_day),
        Operation::new(30, "NetprPathType", &["machine", "path", "status"])
            .request(path)
            .response(reply::status_at_end),
        Operation::new(31, "NetprPathCanonicalize", &["machine", "path", "buffer_bytes", "prefix", "status"])
            .request(canonicalize)
            .response(reply::status_at_end),
        Operation::new(32, "NetprPathCompare", &["machine", "path", "other_path", "status"])
            .request(compare)
            .response(reply::status),
        Operation::new(33, "NetprNameValidate", &["machine", "name", "status"])
            .request(name)
            .response(reply::status),
        Operation::new(34, "NetprNameCanonicalize", &["machine", "name", "status"])
            .request(name)
            .response(reply::status_at_end),
        Operation::new(35, "NetprNameCompare", &["machine", "name", "other_name", "status"])
            .request(compare_names)
            .response(reply::status),
        Operation::new(36, "NetrShareEnumSticky", SHARES).request(shares).response(shares_listed),
        Operation::new(37, "NetrShareDelStart", DELETION)
            .request(start_deletion)
            .response(reply::handle_and_status),
        Operation::new(38, "NetrShareDelCommit", &["share", "status"])
            .request(commit_deletion)
            .response(reply::handle_and_status),
        Operation::new(39, "NetrpGetFileSecurity", FILE_SECURITY)
            .request(file_security)
            .response(reply::status_at_end),
        Operation::new(40, "NetrpSetFileSecurity", FILE_SECURITY)
            .request(file_security)
            .response(reply::status),
        Operation::new(54, "NetrServerAliasAdd", ALIAS).request(alias).response(reply::status),
        Operation::new(55, "NetrServerAliasEnum", &["machine", "level", "aliases", "status"])
            .request(transports)
            .response(aliases_listed),
        Operation::new(56, "NetrServerAliasDel", ALIAS).request(alias).response(reply::status),
        Operation::new(57, "NetrShareDelEx", SHARE).request(add_share).response(reply::status),
    ],
};

const SHARES: &[&str] = &["machine", "level", "shares", "status"];
const DELETION: &[&str] = &["machine", "share", "status"];
const FILE_SECURITY: &[&str] = &["machine", "share", "file", "security_information", "status"];
const ALIAS: &[&str] = &["machine", "level", "alias", "target", "status"];
const SHARE: &[&str] = &[
    "machine",
    "share",
    "level",
    "type",
    "remark",
    "flags",
    "permissions",
    "max_uses",
    "uses",
    "path",
    "password_bytes",
    "server",
    "status",
];
const SERVER: &[&str] = &[
    "machine",
    "level",
    "platform",
    "server",
    "version_major",
    "version_minor",
    "type",
    "description",
    "users",
    "hidden",
    "user_path",
    "status",
];

fn connections(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "Qualifier", "qualifier")?;
    enumeration(ndr, call)
}

fn connections_listed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "connections", layouts::CONNECTIONS)
}

fn files(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "BasePath", "path")?;
    optional(ndr, call, "UserName", "user")?;
    enumeration(ndr, call)
}

fn files_listed(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "files", layouts::FILES)
}

fn file(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("file_id", ndr.u32("FileId")?);
    Ok(())
}

fn file_and_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    file(ndr, call)?;
    level(ndr, call)
}

fn file_information(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::information_and_status(ndr, call, request, layouts::FILES)
}

fn sessions(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    session(ndr, call)?;
    enumeration(ndr, call)
}

fn session(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "ClientName", "client")?;
    optional(ndr, call, "UserName", "user")
}

fn sessions_listed(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "sessions", layouts::SESSIONS)
}

/// A share that is added, or deleted by what it is: a level and its structure.
fn add_share(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_level(ndr, call)?;
    lanman::information(ndr, call, layouts::SHARES).map(|_| ())
}

fn shares(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    enumeration(ndr, call)
}

fn shares_listed(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "shares", layouts::SHARES)
}

fn share(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("share", ndr.wide_string("NetName")?);
    Ok(())
}

fn share_and_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    share(ndr, call)?;
    level(ndr, call)
}

fn share_information(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    lanman::information_and_status(ndr, call, request, layouts::SHARES)
}

fn set_share(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    share_and_level(ndr, call)?;
    lanman::information(ndr, call, layouts::SHARES).map(|_| ())
}

fn device(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("device", ndr.wide_string("Device")?);
    Ok(())
}

fn device_checked(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("type", super::argument::symbol(ndr.u32("Type")?, layouts::SHARE_TYPES));
    reply::status(ndr, call, request)
}

fn machine_and_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    level(ndr, call)
}

fn server_information(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    lanman::information_and_status(ndr, call, request, layouts::SERVERS)
}

fn set_server(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_level(ndr, call)?;
    lanman::information(ndr, call, layouts::SERVERS).map(|_| ())
}

fn statistics(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "Service", "service")?;
    level(ndr, call)
}

/// Any enumeration without a filter.
fn transports(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    enumeration(ndr, call)
}

fn transports_listed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "transports", layouts::TRANSPORTS)
}

/// TIME_OF_DAY_INFO ([MS-SRVS] 2.2.4.105), of which seconds since 1970 and the time zone are told.
fn time_of_day(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    const NANOSECONDS: i64 = 1_000_000_000;
    if !ndr.pointer("BufferPtr")?.is_null() {
        let seconds = i64::from(ndr.u32("tod_elapsedt")?);
        call.put("time", Value::Time(Timestamp(seconds.saturating_mul(NANOSECONDS))));
        for field in ["tod_msecs", "tod_hours", "tod_mins", "tod_secs", "tod_hunds"] {
            ndr.u32(field)?;
        }
        call.put("timezone_minutes", ndr.i32("tod_timezone")?);
        for field in ["tod_tinterval", "tod_day", "tod_month", "tod_year", "tod_weekday"] {
            ndr.u32(field)?;
        }
    }
    reply::status(ndr, call, request)
}

fn path(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("path", ndr.wide_string("PathName")?);
    Ok(())
}

fn canonicalize(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("buffer_bytes", ndr.u32("OutbufLen")?);
    call.put("prefix", ndr.wide_string("Prefix")?);
    Ok(())
}

fn compare(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("other_path", ndr.wide_string("PathName2")?);
    Ok(())
}

fn name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("name", ndr.wide_string("Name")?);
    Ok(())
}

fn compare_names(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    name(ndr, call)?;
    call.put("other_name", ndr.wide_string("Name2")?);
    Ok(())
}

fn start_deletion(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    let share = ndr.wide_string("NetName")?;
    call.opens_as("share", Some(share));
    Ok(())
}

fn commit_deletion(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("ContextHandle")?);
    Ok(())
}

fn file_security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "ShareName", "share")?;
    call.put("file", ndr.wide_string("lpFileName")?);
    call.put("security_information", ndr.u32("SecurityInformation")?);
    Ok(())
}

fn alias(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_level(ndr, call)?;
    lanman::information(ndr, call, layouts::ALIASES).map(|_| ())
}

fn aliases_listed(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "aliases", layouts::ALIASES)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::super::samr::tests::texts;
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    #[test]
    fn an_added_share_has_a_name_a_path_and_a_remark() {
        let added = request(14, |stub| {
            stub.pointer().wide("\\\\FS").u32(502).align_pointer().u32(502).pointer();
            stub.pointer().u32(0).pointer().u32(0).u32(5).u32(0).pointer().pointer().u32(0).pointer();
            stub.wide("evil$").wide("for you").wide("C:\\Temp").wide("pw").conformant(&[1, 2, 3]).null();
        });
        let said = |name| added.arguments.text(name);
        assert_eq!(
            (said("share"), said("path"), said("remark")),
            (Some("evil$"), Some("C:\\Temp"), Some("for you"))
        );
        assert_eq!((said("machine"), said("type")), (Some("\\\\FS"), Some("disk")));
        assert_eq!(added.arguments.number("password_bytes"), Some(4));
    }

    #[test]
    fn a_changed_share_keeps_the_name_it_is_called_by() {
        let changed = request(17, |stub| {
            stub.null().wide("data").u32(1).align_pointer().u32(1).pointer().pointer().u32(0).pointer();
            stub.wide("other").wide("new remark").null();
        });
        assert_eq!(changed.arguments.text("share"), Some("data"));
        assert_eq!(changed.arguments.text("remark"), Some("new remark"));
    }

    #[test]
    fn shares_are_listed() {
        let asked = request(15, |stub| {
            stub.pointer().wide("\\\\FS").align_pointer().u32(1).align_pointer().u32(1).pointer();
            stub.align_pointer().u32(0).null().u32(0xffff_ffff).null();
        });
        assert_eq!(asked.arguments.number("level"), Some(1));
        let answer = response(15, |stub| {
            stub.align_pointer()
                .u32(1)
                .align_pointer()
                .u32(1)
                .pointer()
                .align_pointer()
                .u32(2)
                .pointer()
                .count(2);
            stub.pointer().u32(0x8000_0003).pointer().pointer().u32(0).pointer();
            stub.wide("IPC$").wide("Remote IPC").wide("data").wide("").u32(2).pointer().u32(0).u32(0);
        });
        assert_eq!(
            texts(&answer, "shares"),
            ["share=IPC$ type=special_ipc remark=Remote IPC", "share=data type=disk"]
        );
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn sessions_are_asked_by_client_and_user_and_listed() {
        let asked = request(12, |stub| {
            stub.null().pointer().wide("\\\\WS1").pointer().wide("bob").align_pointer().u32(10);
        });
        assert_eq!(asked.arguments.text("client"), Some("\\\\WS1"));
        assert_eq!(asked.arguments.text("user"), Some("bob"));
        assert_eq!(asked.arguments.number("level"), Some(10));
        let answer = response(12, |stub| {
            stub.align_pointer()
                .u32(10)
                .align_pointer()
                .u32(10)
                .pointer()
                .align_pointer()
                .u32(1)
                .pointer()
                .count(1);
            stub.pointer()
                .pointer()
                .u32(60)
                .u32(5)
                .end_structure(8)
                .wide("\\\\WS1")
                .wide("bob")
                .u32(1)
                .null()
                .u32(0);
        });
        assert_eq!(texts(&answer, "sessions"), ["client=\\\\WS1 user=bob active_seconds=60 idle_seconds=5"]);
    }

    #[test]
    fn open_files_are_listed_with_their_users() {
        let answer = response(9, |stub| {
            stub.align_pointer()
                .u32(3)
                .align_pointer()
                .u32(3)
                .pointer()
                .align_pointer()
                .u32(1)
                .pointer()
                .count(1);
            stub.align_pointer().u32(7).u32(1).u32(0).pointer().pointer().wide("C:\\a.xls").wide("bob");
            stub.u32(1).null().u32(0);
        });
        assert_eq!(texts(&answer, "files"), ["id=7 permissions=1 locks=0 path=C:\\a.xls user=bob"]);
    }

    #[test]
    fn a_server_tells_its_version() {
        let answer = response(21, |stub| {
            stub.align_pointer()
                .u32(101)
                .pointer()
                .align_pointer()
                .u32(500)
                .pointer()
                .u32(10)
                .u32(0)
                .u32(0x9003);
            stub.pointer().wide("FS").wide("files").u32(0);
        });
        assert_eq!(answer.arguments.text("server"), Some("FS"));
        assert_eq!(answer.arguments.number("version_major"), Some(10));
        assert_eq!(answer.arguments.text("description"), Some("files"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn the_time_of_day_is_told() {
        let answer = response(28, |stub| {
            stub.pointer().u32(1_600_000_000).u32(0).u32(0).u32(0).u32(0).u32(0).u32(0xffff_ffc4);
            stub.u32(310).u32(13).u32(9).u32(2020).u32(0).u32(0);
        });
        let time = Value::Time(Timestamp(1_600_000_000_000_000_000));
        assert_eq!(answer.arguments.get("time"), Some(&time));
        assert_eq!(answer.arguments.get("timezone_minutes"), Some(&Value::Signed(-60)));
    }

    #[test]
    fn a_path_to_canonicalize_is_told() {
        let asked =
            request(31, |stub| _ = stub.null().wide("\\x\\..\\..\\y").u32(1000).wide("\\").u32(1).u32(0));
        assert_eq!(asked.arguments.text("path"), Some("\\x\\..\\..\\y"));
        assert_eq!(asked.arguments.text("prefix"), Some("\\"));
    }

    #[test]
    fn the_second_step_of_a_deletion_knows_the_share() {
        let started = request(37, |stub| _ = stub.null().wide("data").u32(0));
        let names = super::super::Names::opened(None, started.handles.naming.as_ref());
        let mut committed = request(38, |stub| _ = stub.handle(3));
        committed.add_names(Some(&names));
        assert_eq!(committed.arguments.text("share"), Some("data"));
    }

    #[test]
    fn the_security_of_a_file_is_asked_by_share_and_path() {
        let asked = request(39, |stub| _ = stub.null().pointer().wide("sysvol").wide("\\x").u32(7));
        assert_eq!(asked.arguments.text("share"), Some("sysvol"));
        assert_eq!(asked.arguments.text("file"), Some("\\x"));
    }
}
