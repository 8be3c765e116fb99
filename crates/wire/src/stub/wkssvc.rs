//! wkssvc, the workstation service: users logged on, connections, names, joining a domain ([MS-WKST] 3.2.4).

use super::argument::symbol;
use super::entries::entries;
use super::lanman::{self, Levels, Member, enumeration, fit, level, machine, optional};
use super::operation::{Interface, Operation};
use super::principals::filled;
use super::{Decoded, reply};
use crate::ndr::{Alignment, Ndr};
use Member::{Ignored, Number, Password, Text};
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x6bffd098_a112_3610_9833_46c3f87e345a),
    name: "wkssvc",
    operations: &[
        Operation::new(0, "NetrWkstaGetInfo", WORKSTATION).request(machine_and_level).response(workstation),
        Operation::new(1, "NetrWkstaSetInfo", &["machine", "level", "status"])
            .request(machine_and_level)
            .response(reply::status_at_end),
        Operation::new(2, "NetrWkstaUserEnum", &["machine", "level", "users", "status"])
            .request(enumerate)
            .response(users),
        Operation::new(5, "NetrWkstaTransportEnum", &["machine", "level", "transports", "status"])
            .request(enumerate)
            .response(transports),
        Operation::new(6, "NetrWkstaTransportAdd", &["machine", "level", "status"])
            .request(machine_and_level)
            .response(reply::status_at_end),
        Operation::new(7, "NetrWkstaTransportDel", &["machine", "transport", "status"])
            .request(transport)
            .response(reply::status),
        Operation::new(8, "NetrUseAdd", USE).request(add_use).response(reply::status_at_end),
        Operation::new(9, "NetrUseGetInfo", USE).request(use_and_level).response(use_information),
        Operation::new(10, "NetrUseDel", &["machine", "name", "status"])
            .request(named_use)
            .response(reply::status),
        Operation::new(11, "NetrUseEnum", &["machine", "level", "connections", "status"])
            .request(enumerate)
            .response(uses),
        Operation::new(13, "NetrWorkstationStatisticsGet", &["machine", "service", "level", "status"])
            .request(statistics)
            .response(reply::status_at_end),
        Operation::new(20, "NetrGetJoinInformation", &["machine", "domain", "join_status", "status"])
            .request(machine)
            .response(joined),
        Operation::new(22, "NetrJoinDomain2", JOIN).request(join).response(reply::status),
        Operation::new(23, "NetrUnjoinDomain2", LEAVE).request(unjoin).response(reply::status),
        Operation::new(24, "NetrRenameMachineInDomain2", NAME).request(name).response(reply::status),
        Operation::new(25, "NetrValidateName2", NAME).request(required_name).response(reply::status),
        Operation::new(
            26,
            "NetrGetJoinableOUs2",
            &["machine", "domain", "account", "password_bytes", "status"],
        )
        .request(joinable_units)
        .response(reply::status_at_end),
        Operation::new(27, "NetrAddAlternateComputerName", NAME).request(name).response(reply::status),
        Operation::new(28, "NetrRemoveAlternateComputerName", NAME).request(name).response(reply::status),
        Operation::new(29, "NetrSetPrimaryComputerName", NAME).request(name).response(reply::status),
        Operation::new(30, "NetrEnumerateComputerNames", &["machine", "name_type", "names", "status"])
            .request(computer_names)
            .response(computer_names_listed),
        Operation::new(31, "NetrJoinDomain3", JOIN).request(join_aes).response(reply::status),
        Operation::new(32, "NetrUnjoinDomain3", LEAVE).request(unjoin_aes).response(reply::status),
        Operation::new(33, "NetrRenameMachineInDomain3", NAME).request(name_only).response(reply::status),
        Operation::new(34, "NetrValidateName3", NAME).request(required_name_only).response(reply::status),
        Operation::new(35, "NetrAddAlternateComputerName2", NAME).request(name_only).response(reply::status),
        Operation::new(36, "NetrRemoveAlternateComputerName2", NAME)
            .request(name_only)
            .response(reply::status),
        Operation::new(37, "NetrSetPrimaryComputerName2", NAME).request(name_only).response(reply::status),
    ],
};

const WORKSTATION: &[&str] = &[
    "machine",
    "level",
    "platform",
    "computer",
    "domain",
    "version_major",
    "version_minor",
    "root",
    "users",
    "status",
];
const USE: &[&str] = &[
    "machine",
    "name",
    "level",
    "local",
    "remote",
    "password_bytes",
    "use_status",
    "type",
    "references",
    "uses",
    "user",
    "domain",
    "flags",
    "status",
];
const JOIN: &[&str] = &["machine", "domain", "unit", "account", "password_bytes", "options", "status"];
const LEAVE: &[&str] = &["machine", "account", "password_bytes", "options", "status"];
const NAME: &[&str] = &["machine", "name", "account", "password_bytes", "status"];

fn machine_and_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    level(ndr, call)
}

fn workstation(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::information_and_status(ndr, call, request, WORKSTATIONS)
}

fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    enumeration(ndr, call)
}

fn users(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "users", USERS)
}

fn transports(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "transports", TRANSPORTS)
}

fn transport(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "TransportName", "transport")
}

fn add_use(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_level(ndr, call)?;
    lanman::information(ndr, call, USES).map(|_| ())
}

fn named_use(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("name", ndr.wide_string("UseName")?);
    Ok(())
}

fn use_and_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    named_use(ndr, call)?;
    level(ndr, call)
}

fn use_information(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::information_and_status(ndr, call, request, USES)
}

fn uses(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    lanman::enumerated(ndr, call, request, "connections", USES)
}

fn statistics(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "ServiceName", "service")?;
    level(ndr, call)
}

fn joined(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    optional(ndr, call, "NameBuffer", "domain")?;
    call.put("join_status", symbol(ndr.enumeration("BufferType")?, JOIN_STATUSES));
    reply::status(ndr, call, request)
}

fn join(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    domain_and_account(ndr, call)?;
    password(ndr, call)?;
    options(ndr, call)
}

fn join_aes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    domain_and_account(ndr, call)?;
    password_aes(ndr, call)?;
    options(ndr, call)
}

fn domain_and_account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("domain", ndr.wide_string("DomainNameParam")?);
    optional(ndr, call, "MachineAccountOU", "unit")?;
    account(ndr, call)
}

fn unjoin(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    account(ndr, call)?;
    password(ndr, call)?;
    options(ndr, call)
}

fn unjoin_aes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    account(ndr, call)?;
    password_aes(ndr, call)?;
    options(ndr, call)
}

fn joinable_units(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("domain", ndr.wide_string("DomainNameParam")?);
    account(ndr, call)?;
    password(ndr, call)
}

fn name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    name_only(ndr, call)?;
    password(ndr, call)
}

/// A name and an account; how the password is encrypted that follows, the specification does not say in one way.
fn name_only(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "Name", "name")?;
    account(ndr, call)
}

fn required_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    required_name_only(ndr, call)?;
    password(ndr, call)
}

fn required_name_only(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("name", ndr.wide_string("NameToValidate")?);
    account(ndr, call)
}

fn account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    optional(ndr, call, "AccountName", "account")
}

/// JOINPR_ENCRYPTED_USER_PASSWORD ([MS-WKST] 2.2.5.18): told by its length only.
fn password(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    const BYTES: usize = 8 + 256 * 2 + 4;
    let password = ndr.unique("Password", |ndr| ndr.fixed_bytes("Password", BYTES))?;
    call.put("password_bytes", password.and_then(|password| u64::try_from(password.len()).ok()));
    Ok(())
}

/// JOINPR_ENCRYPTED_USER_PASSWORD_AES ([MS-WKST] 2.2.5.19).
fn password_aes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let length = ndr.unique("Password", |ndr| {
        ndr.align(Alignment::Pointer);
        ndr.fixed_bytes("AuthData", 64)?;
        ndr.fixed_bytes("Salt", 16)?;
        let length = ndr.u32("cbCipher")?;
        ndr.unique("Cipher", |ndr| ndr.conformant_bytes("Cipher"))?;
        Ok(length)
    })?;
    call.put("password_bytes", length);
    Ok(())
}

fn options(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("options", ndr.u32("Options")?);
    Ok(())
}

fn computer_names(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("name_type", symbol(ndr.enumeration("NameType")?, NAME_TYPES));
    Ok(())
}

/// NET_COMPUTER_NAME_ARRAY ([MS-WKST] 2.2.5.21).
fn computer_names_listed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("ComputerNames")?.is_null()
        && let Some(count) = entries(ndr, "ComputerNames")?
    {
        call.list_with_referents(
            "names",
            ndr,
            count,
            |ndr| ndr.counted_string("ComputerNames"),
            |ndr, name| ndr.unicode_text("ComputerNames", name).map(filled),
        )?;
    }
    reply::status(ndr, call, request)
}

/// WKSTA_INFO ([MS-WKST] 2.2.5.1 to 2.2.5.3).
const WORKSTATIONS: Levels = &[
    (100, &[PLATFORM, COMPUTER, DOMAIN, MAJOR, MINOR]),
    (101, &[PLATFORM, COMPUTER, DOMAIN, MAJOR, MINOR, Text("root")]),
    (102, &[PLATFORM, COMPUTER, DOMAIN, MAJOR, MINOR, Text("root"), Number("users")]),
];

const PLATFORM: Member = Number("platform");
const COMPUTER: Member = Text("computer");
const DOMAIN: Member = Text("domain");
const MAJOR: Member = Number("version_major");
const MINOR: Member = Number("version_minor");

/// WKSTA_USER_INFO ([MS-WKST] 2.2.5.9, 2.2.5.10).
const USERS: Levels =
    &[(0, &[Text("user")]), (1, &[Text("user"), DOMAIN, Text("other_domains"), Text("logon_server")])];

/// WKSTA_TRANSPORT_INFO_0 ([MS-WKST] 2.2.5.8).
const TRANSPORTS: Levels =
    &[(0, &[Ignored, Number("connections"), Text("transport"), Text("address"), Ignored])];

/// USE_INFO ([MS-WKST] 2.2.5.22 to 2.2.5.25).
const USES: Levels = &[
    (0, &[LOCAL, REMOTE]),
    (1, &[LOCAL, REMOTE, PASSWORD, USE_STATUS, TYPE, REFERENCES, COUNT]),
    (2, &[LOCAL, REMOTE, PASSWORD, USE_STATUS, TYPE, REFERENCES, COUNT, Text("user"), DOMAIN]),
    (
        3,
        &[
            LOCAL,
            REMOTE,
            PASSWORD,
            USE_STATUS,
            TYPE,
            REFERENCES,
            COUNT,
            Text("user"),
            DOMAIN,
            Number("flags"),
        ],
    ),
];

const LOCAL: Member = Text("local");
const REMOTE: Member = Text("remote");
const PASSWORD: Member = Password("password_bytes");
const USE_STATUS: Member = Number("use_status");
const TYPE: Member = Number("type");
const REFERENCES: Member = Number("references");
const COUNT: Member = Number("uses");

const _: () = assert!(fit(WORKSTATIONS) && fit(USERS) && fit(TRANSPORTS) && fit(USES));

/// NETSETUP_JOIN_STATUS ([MS-WKST] 2.2.3.1).
const JOIN_STATUSES: &[(u32, &str)] = &[(0, "unknown"), (1, "unjoined"), (2, "workgroup"), (3, "domain")];

/// NET_COMPUTER_NAME_TYPE ([MS-WKST] 2.2.3.3).
const NAME_TYPES: &[(u32, &str)] = &[(0, "primary"), (1, "alternate"), (2, "all")];

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
    fn users_that_are_logged_on_are_listed() {
        let asked = request(2, |stub| {
            stub.pointer().wide("\\\\WS1").align_pointer().u32(1).align_pointer().u32(1).pointer();
            stub.align_pointer().u32(0).null().u32(0xffff_ffff).null();
        });
        assert_eq!(asked.arguments.text("machine"), Some("\\\\WS1"));
        assert_eq!(asked.arguments.number("level"), Some(1));
        let answer = response(2, |stub| {
            stub.align_pointer()
                .u32(1)
                .align_pointer()
                .u32(1)
                .pointer()
                .align_pointer()
                .u32(1)
                .pointer()
                .count(1);
            stub.pointer().pointer().pointer().pointer().wide("alice").wide("CORP").wide("").wide("DC1");
            stub.u32(1).pointer().u32(0).u32(0);
        });
        assert_eq!(texts(&answer, "users"), ["user=alice domain=CORP logon_server=DC1"]);
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_workstation_tells_its_name_and_domain() {
        let answer = response(0, |stub| {
            stub.align_pointer()
                .u32(100)
                .pointer()
                .align_pointer()
                .u32(500)
                .pointer()
                .pointer()
                .u32(10)
                .u32(0);
            stub.wide("WS1").wide("CORP").u32(0);
        });
        assert_eq!(answer.arguments.text("computer"), Some("WS1"));
        assert_eq!(answer.arguments.text("domain"), Some("CORP"));
        assert_eq!(answer.arguments.number("status"), Some(0));
        let denied = response(0, |stub| _ = stub.align_pointer().u32(102).null().u32(5));
        assert_eq!(denied.arguments.number("status"), Some(5));
    }

    #[test]
    fn a_connection_that_is_added_has_a_share_and_a_user_and_no_password() {
        let added = request(8, |stub| {
            stub.null().u32(2).align_pointer().u32(2).pointer().pointer().pointer().pointer().u32(0).u32(0);
            stub.u32(0).u32(0).pointer().pointer().wide("Z:").wide("\\\\FS\\c$").wide("secret").wide("bob");
            stub.wide("CORP").null();
        });
        assert_eq!(added.arguments.text("remote"), Some("\\\\FS\\c$"));
        assert_eq!(added.arguments.text("user"), Some("bob"));
        assert_eq!(added.arguments.number("password_bytes"), Some(12));
    }

    #[test]
    fn a_join_has_a_domain_and_an_account() {
        let joined = request(22, |stub| {
            stub.pointer().wide("WS1").wide("corp.example").null().pointer().wide("CORP\\bob").pointer();
            stub.raw(&[7; 524]).u32(3);
        });
        assert_eq!(joined.arguments.text("domain"), Some("corp.example"));
        assert_eq!(joined.arguments.text("account"), Some("CORP\\bob"));
        assert_eq!(joined.arguments.number("password_bytes"), Some(524));
        assert_eq!(joined.arguments.number("options"), Some(3));
        let aes = request(31, |stub| {
            stub.null().wide("corp.example").null().null().pointer().raw(&[1; 80]).u32(16).pointer();
            stub.conformant(&[9; 16]).u32(3);
        });
        assert_eq!(aes.arguments.number("password_bytes"), Some(16));
        assert_eq!(aes.arguments.number("options"), Some(3));
    }

    #[test]
    fn a_machine_that_is_renamed_has_a_new_name() {
        let renamed = request(24, |stub| _ = stub.null().pointer().wide("WS2").null().null().u32(2));
        assert_eq!(renamed.arguments.text("name"), Some("WS2"));
    }

    #[test]
    fn the_domain_that_a_machine_has_joined_is_told() {
        let answer = response(20, |stub| _ = stub.pointer().wide("CORP").enumeration(3).u32(0));
        assert_eq!(answer.arguments.text("domain"), Some("CORP"));
        assert_eq!(answer.arguments.text("join_status"), Some("domain"));
    }

    #[test]
    fn the_names_of_a_computer_are_listed() {
        let answer = response(30, |stub| {
            stub.pointer()
                .align_pointer()
                .u32(1)
                .pointer()
                .count(1)
                .counted("WS1")
                .counted_text("WS1")
                .u32(0);
        });
        assert_eq!(texts(&answer, "names"), ["WS1"]);
    }
}
