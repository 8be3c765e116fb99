//! svcctl, the service control manager ([MS-SCMR] 3.1.4).

use super::argument::symbol;
use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::{Alignment, Ndr, Pointer, Tag};
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003),
    name: "svcctl",
    operations: &[
        Operation::new(0, "RCloseServiceHandle", &["service", "machine", "status"])
            .request(close)
            .response(reply::handle_and_status),
        Operation::new(1, "RControlService", &["service", "machine", "control", "status"])
            .request(control)
            .response(reply::status_at_end),
        Operation::new(2, "RDeleteService", &["service", "machine", "status"])
            .request(on_handle)
            .response(reply::status),
        Operation::new(
            5,
            "RSetServiceObjectSecurity",
            &["service", "machine", "security_information", "descriptor", "status"],
        )
        .request(set_security)
        .response(reply::status),
        Operation::new(6, "RQueryServiceStatus", &["service", "machine", "status"])
            .request(on_handle)
            .response(reply::status_at_end),
        Operation::new(11, "RChangeServiceConfigW", CONFIGURATION)
            .request(|ndr, call| change(ndr, call, WIDE))
            .response(reply::status_at_end),
        Operation::new(12, "RCreateServiceW", CREATION)
            .request(|ndr, call| create(ndr, call, WIDE))
            .response(created),
        Operation::new(14, "REnumServicesStatusW", ENUMERATION)
            .request(enumerate)
            .response(reply::status_at_end),
        Operation::new(15, "ROpenSCManagerW", &["machine", "database", "access", "status"])
            .request(|ndr, call| open_manager(ndr, call, WIDE))
            .response(reply::handle_and_status),
        Operation::new(16, "ROpenServiceW", &["service", "machine", "access", "status"])
            .request(|ndr, call| open_service(ndr, call, WIDE))
            .response(reply::handle_and_status),
        Operation::new(17, "RQueryServiceConfigW", CONFIGURATION)
            .request(on_handle)
            .response(configuration_wide),
        Operation::new(19, "RStartServiceW", &["service", "machine", "arguments", "status"])
            .request(|ndr, call| start(ndr, call, WIDE))
            .response(reply::status),
        Operation::new(20, "RGetServiceDisplayNameW", &["service", "machine", "status"])
            .request(service_wide)
            .response(reply::status_at_end),
        Operation::new(23, "RChangeServiceConfigA", CONFIGURATION)
            .request(|ndr, call| change(ndr, call, NARROW))
            .response(reply::status_at_end),
        Operation::new(24, "RCreateServiceA", CREATION)
            .request(|ndr, call| create(ndr, call, NARROW))
            .response(created),
        Operation::new(26, "REnumServicesStatusA", ENUMERATION)
            .request(enumerate)
            .response(reply::status_at_end),
        Operation::new(27, "ROpenSCManagerA", &["machine", "database", "access", "status"])
            .request(|ndr, call| open_manager(ndr, call, NARROW))
            .response(reply::handle_and_status),
        Operation::new(28, "ROpenServiceA", &["service", "machine", "access", "status"])
            .request(|ndr, call| open_service(ndr, call, NARROW))
            .response(reply::handle_and_status),
        Operation::new(29, "RQueryServiceConfigA", CONFIGURATION)
            .request(on_handle)
            .response(configuration_narrow),
        Operation::new(31, "RStartServiceA", &["service", "machine", "arguments", "status"])
            .request(|ndr, call| start(ndr, call, NARROW))
            .response(reply::status),
        Operation::new(36, "RChangeServiceConfig2A", OPTIONS)
            .request(|ndr, call| change_options(ndr, call, NARROW))
            .response(reply::status),
        Operation::new(37, "RChangeServiceConfig2W", OPTIONS)
            .request(|ndr, call| change_options(ndr, call, WIDE))
            .response(reply::status),
        Operation::new(39, "RQueryServiceConfig2W", &["service", "machine", "option", "status"])
            .request(query_options)
            .response(reply::status_at_end),
        Operation::new(40, "RQueryServiceStatusEx", &["service", "machine", "status"])
            .request(on_handle)
            .response(reply::status_at_end),
        Operation::new(42, "REnumServicesStatusExW", ENUMERATION)
            .request(enumerate_by_level)
            .response(reply::status_at_end),
        Operation::new(44, "RCreateServiceWOW64A", CREATION)
            .request(|ndr, call| create(ndr, call, NARROW))
            .response(created),
        Operation::new(45, "RCreateServiceWOW64W", CREATION)
            .request(|ndr, call| create(ndr, call, WIDE))
            .response(created),
        Operation::new(50, "RControlServiceExA", &["service", "machine", "control", "status"])
            .request(control)
            .response(reply::status_at_end),
        Operation::new(51, "RControlServiceExW", &["service", "machine", "control", "status"])
            .request(control)
            .response(reply::status_at_end),
        Operation::new(60, "RCreateWowService", CREATION)
            .request(|ndr, call| create(ndr, call, WIDE))
            .response(created),
        Operation::new(64, "ROpenSCManager2", &["database", "access", "status"])
            .request(open_manager_by_binding)
            .response(reply::handle_and_status),
    ],
};

const CREATION: &[&str] = &[
    "service",
    "display_name",
    "access",
    "service_type",
    "start_type",
    "error_control",
    "binary_path",
    "load_order_group",
    "account",
    "password_bytes",
    "machine",
    "status",
];

const CONFIGURATION: &[&str] = &[
    "service",
    "service_type",
    "start_type",
    "error_control",
    "binary_path",
    "load_order_group",
    "account",
    "password_bytes",
    "display_name",
    "machine",
    "status",
];

const ENUMERATION: &[&str] = &["machine", "service_type", "service_state", "status"];

const OPTIONS: &[&str] =
    &["service", "option", "description", "reboot_message", "failure_command", "machine", "status"];

/// Reads a string as one of the two families of operations encodes it.
type ReadString = fn(&mut Ndr<'_>, &'static str) -> Result<Text, Stopped>;

const WIDE: ReadString = |ndr, field| ndr.wide_string(field);
const NARROW: ReadString = |ndr, field| ndr.narrow_string(field);

fn on_handle(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hService")?);
    Ok(())
}

fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("hSCObject")?);
    Ok(())
}

fn set_security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    call.put("security_information", ndr.u32("dwSecurityInformation")?);
    call.put("descriptor", ndr.conformant_bytes("lpSecurityDescriptor")?);
    Ok(())
}

fn query_options(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    call.put("option", symbol(ndr.u32("dwInfoLevel")?, CONFIG_LEVELS));
    Ok(())
}

fn service_wide(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hSCManager")?);
    call.put("service", ndr.wide_string("lpServiceName")?);
    Ok(())
}

fn control(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    call.put("control", symbol(ndr.u32("dwControl")?, CONTROLS));
    Ok(())
}

fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hSCManager")?);
    call.put("service_type", ndr.u32("dwServiceType")?);
    call.put("service_state", symbol(ndr.u32("dwServiceState")?, SERVICE_STATES));
    Ok(())
}

fn enumerate_by_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hSCManager")?);
    ndr.enumeration("InfoLevel")?;
    call.put("service_type", ndr.u32("dwServiceType")?);
    call.put("service_state", symbol(ndr.u32("dwServiceState")?, SERVICE_STATES));
    Ok(())
}

fn create(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hSCManager")?);
    let service = string(ndr, "lpServiceName")?;
    call.opens_as("service", Some(service));
    call.put("display_name", ndr.unique("lpDisplayName", |ndr| string(ndr, "lpDisplayName"))?);
    call.put("access", ndr.u32("dwDesiredAccess")?);
    kind(ndr, call)?;
    call.put("binary_path", string(ndr, "lpBinaryPathName")?);
    group_and_account(ndr, call, string)
}

fn created(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.unique("lpdwTagId", |ndr| ndr.u32("lpdwTagId"))?;
    reply::handle_and_status(ndr, call, request)
}

fn change(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    kind(ndr, call)?;
    call.put("binary_path", ndr.unique("lpBinaryPathName", |ndr| string(ndr, "lpBinaryPathName"))?);
    group_and_account(ndr, call, string)?;
    call.put("display_name", ndr.unique("lpDisplayName", |ndr| string(ndr, "lpDisplayName"))?);
    Ok(())
}

/// Type, start type and error control. A change of the configuration leaves out what it does not change.
fn kind(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let changed = |number: u32| (number != SERVICE_NO_CHANGE).then_some(number);
    let service_type = changed(ndr.u32("dwServiceType")?);
    call.put("service_type", service_type.map(|number| symbol(number, SERVICE_TYPES)));
    let start_type = changed(ndr.u32("dwStartType")?);
    call.put("start_type", start_type.map(|number| symbol(number, START_TYPES)));
    let error_control = changed(ndr.u32("dwErrorControl")?);
    call.put("error_control", error_control.map(|number| symbol(number, ERROR_CONTROLS)));
    Ok(())
}

/// From the load order group to the password, of which only the length is told.
fn group_and_account(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    call.put("load_order_group", ndr.unique("lpLoadOrderGroup", |ndr| string(ndr, "lpLoadOrderGroup"))?);
    ndr.unique("lpdwTagId", |ndr| ndr.u32("lpdwTagId"))?;
    ndr.unique("lpDependencies", |ndr| ndr.conformant_bytes("lpDependencies"))?;
    ndr.u32("dwDependSize")?;
    call.put("account", ndr.unique("lpServiceStartName", |ndr| string(ndr, "lpServiceStartName"))?);
    let password = ndr.unique("lpPassword", |ndr| ndr.conformant_bytes("lpPassword"))?;
    let size = ndr.u32("dwPwSize")?;
    call.put("password_bytes", password.map(|_| size));
    Ok(())
}

fn open_manager(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    let machine = ndr.unique("lpMachineName", |ndr| string(ndr, "lpMachineName"))?;
    call.opens_as("machine", machine.filter(|machine| !machine.string.is_empty()));
    call.put("database", ndr.unique("lpDatabaseName", |ndr| string(ndr, "lpDatabaseName"))?);
    call.put("access", ndr.u32("dwDesiredAccess")?);
    Ok(())
}

fn open_manager_by_binding(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("database", ndr.unique("lpDatabaseName", |ndr| ndr.wide_string("lpDatabaseName"))?);
    call.put("access", ndr.u32("dwDesiredAccess")?);
    Ok(())
}

fn open_service(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hSCManager")?);
    let service = string(ndr, "lpServiceName")?;
    call.opens_as("service", Some(service));
    call.put("access", ndr.u32("dwDesiredAccess")?);
    Ok(())
}

fn configuration_wide(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    configuration(ndr, call, WIDE)?;
    reply::status(ndr, call, request)
}

fn configuration_narrow(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    configuration(ndr, call, NARROW)?;
    reply::status(ndr, call, request)
}

/// QUERY_SERVICE_CONFIG ([MS-SCMR] 2.2.14, 2.2.15) and the size that would be needed.
fn configuration(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    kind(ndr, call)?;
    let binary_path = ndr.pointer("lpBinaryPathName")?;
    let load_order_group = ndr.pointer("lpLoadOrderGroup")?;
    ndr.u32("dwTagId")?;
    let dependencies = ndr.pointer("lpDependencies")?;
    let account = ndr.pointer("lpServiceStartName")?;
    let display_name = ndr.pointer("lpDisplayName")?;
    put_string(ndr, call, "binary_path", binary_path, string)?;
    put_string(ndr, call, "load_order_group", load_order_group, string)?;
    ndr.referent(dependencies, |ndr| string(ndr, "lpDependencies"))?;
    put_string(ndr, call, "account", account, string)?;
    put_string(ndr, call, "display_name", display_name, string)?;
    ndr.u32("pcbBytesNeeded").map(|_| ())
}

fn start(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    ndr.u32("argc")?;
    let argv = ndr.pointer("argv")?;
    if argv.is_null() {
        return Ok(());
    }
    let count = ndr.count("argv")?;
    call.list_with_referents(
        "arguments",
        ndr,
        count,
        |ndr| ndr.pointer("StringPtr"),
        |ndr, pointer| ndr.referent(pointer, |ndr| string(ndr, "StringPtr")),
    )
}

/// SC_RPC_CONFIG_INFO ([MS-SCMR] 2.2.21, 2.2.22): a level and a union of pointers.
fn change_options(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    on_handle(ndr, call)?;
    ndr.align(Alignment::Pointer);
    let level = ndr.u32("dwInfoLevel")?;
    call.put("option", symbol(level, CONFIG_LEVELS));
    ndr.union_tag("dwInfoLevel", Tag::Long, Alignment::Pointer)?;
    let info = ndr.pointer("Info")?;
    if info.is_null() {
        return Ok(());
    }
    match level {
        1 => {
            let description = ndr.pointer("lpDescription")?;
            put_string(ndr, call, "description", description, string)
        }
        2 => failure_actions(ndr, call, string),
        _ => Ok(()),
    }
}

/// SERVICE_FAILURE_ACTIONS ([MS-SCMR] 2.2.39, 2.2.40), up to the command.
fn failure_actions(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("dwResetPeriod")?;
    let message = ndr.pointer("lpRebootMsg")?;
    let command = ndr.pointer("lpCommand")?;
    ndr.u32("cActions")?;
    let _actions = ndr.pointer("lpsaActions")?;
    put_string(ndr, call, "reboot_message", message, string)?;
    put_string(ndr, call, "failure_command", command, string)
}

fn put_string(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    pointer: Pointer,
    string: ReadString,
) -> Result<(), Stopped> {
    call.put(name, ndr.referent(pointer, |ndr| string(ndr, name))?);
    Ok(())
}

/// What is not to be changed ([MS-SCMR] 3.1.4.11).
const SERVICE_NO_CHANGE: u32 = 0xffff_ffff;

/// [MS-SCMR] 3.1.4.2; 128 to 255 are the service's own.
const CONTROLS: &[(u32, &str)] = &[
    (1, "stop"),
    (2, "pause"),
    (3, "continue"),
    (4, "interrogate"),
    (6, "param_change"),
    (7, "net_bind_add"),
    (8, "net_bind_remove"),
    (9, "net_bind_enable"),
    (10, "net_bind_disable"),
];

/// [MS-SCMR] 3.1.4.12.
const SERVICE_TYPES: &[(u32, &str)] = &[
    (0x01, "kernel_driver"),
    (0x02, "file_system_driver"),
    (0x10, "own_process"),
    (0x20, "share_process"),
    (0x110, "interactive_own_process"),
    (0x120, "interactive_share_process"),
];

/// [MS-SCMR] 3.1.4.14.
const SERVICE_STATES: &[(u32, &str)] = &[(1, "active"), (2, "inactive"), (3, "all")];

const START_TYPES: &[(u32, &str)] =
    &[(0, "boot"), (1, "system"), (2, "auto"), (3, "demand"), (4, "disabled")];

const ERROR_CONTROLS: &[(u32, &str)] = &[(0, "ignore"), (1, "normal"), (2, "severe"), (3, "critical")];

/// [MS-SCMR] 3.1.4.35.
const CONFIG_LEVELS: &[(u32, &str)] = &[
    (1, "description"),
    (2, "failure_actions"),
    (3, "delayed_auto_start"),
    (4, "failure_actions_flag"),
    (5, "service_sid"),
    (6, "required_privileges"),
    (7, "preshutdown"),
    (8, "triggers"),
    (9, "preferred_node"),
];

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use crate::ndr::Handle;
    use rpcscope_model::{Opnum, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
        decoded.arguments.text(name)
    }

    #[test]
    fn a_created_service_has_a_name_a_command_and_an_account() {
        let decoded = request(12, |stub| {
            stub.handle(7).wide("PSEXESVC").pointer().wide("Remote").u32(0xf01ff).u32(0x10).u32(3).u32(0);
            stub.wide("%COMSPEC% /c x").null().null().null().u32(0);
            stub.pointer().wide("LocalSystem").pointer().conformant(&[1, 2, 3, 4]).u32(4);
        });
        assert_eq!(text(&decoded, "service"), Some("PSEXESVC"));
        assert_eq!(text(&decoded, "display_name"), Some("Remote"));
        assert_eq!(text(&decoded, "service_type"), Some("own_process"));
        assert_eq!(text(&decoded, "start_type"), Some("demand"));
        assert_eq!(text(&decoded, "binary_path"), Some("%COMSPEC% /c x"));
        assert_eq!(text(&decoded, "account"), Some("LocalSystem"));
        assert_eq!(decoded.arguments.number("password_bytes"), Some(4));
        assert_eq!(decoded.handles.used, Some(Handle([7; 20])));
    }

    #[test]
    fn a_created_service_has_a_handle_when_it_succeeded() {
        let done = response(12, |stub| _ = stub.null().handle(9).u32(0));
        assert_eq!(done.handles.opened, Some(Handle([9; 20])));
        let denied = response(12, |stub| _ = stub.pointer().u32(1).handle(0).u32(5));
        assert_eq!((denied.handles.opened, denied.arguments.number("status")), (None, Some(5)));
    }

    #[test]
    fn ansi_operations_say_the_same() {
        let decoded = request(28, |stub| _ = stub.handle(1).narrow("RemoteRegistry").u32(0x14));
        assert_eq!(text(&decoded, "service"), Some("RemoteRegistry"));
        assert_eq!(decoded.arguments.number("access"), Some(0x14));
    }

    #[test]
    fn a_change_tells_only_what_it_changes() {
        let no = SERVICE_NO_CHANGE;
        let decoded = request(11, |stub| {
            stub.handle(7).u32(no).u32(4).u32(no).pointer().wide("evil.exe").null().null().null().u32(0);
            stub.null().null().u32(0).null();
        });
        let names: Vec<_> = decoded.arguments.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["start_type", "binary_path"]);
        assert_eq!(text(&decoded, "start_type"), Some("disabled"));
    }

    #[test]
    fn start_arguments_follow_all_their_pointers() {
        let decoded = request(19, |stub| {
            stub.handle(7).u32(2).pointer().count(2).pointer().pointer().wide("svc").wide("-x");
        });
        let Some(Value::List(list)) = decoded.arguments.get("arguments") else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("svc")), Value::Text(Text::whole("-x"))]);
    }

    #[test]
    fn an_enumeration_tells_what_is_listed() {
        let decoded = request(42, |stub| {
            stub.handle(7).enumeration(0).u32(0x30).u32(3).u32(0x4000).pointer().u32(0).null();
        });
        assert_eq!(text(&decoded, "service_state"), Some("all"));
        assert_eq!(decoded.arguments.number("service_type"), Some(0x30));
    }

    #[test]
    fn a_changed_security_descriptor_is_given() {
        let decoded = request(5, |stub| _ = stub.handle(7).u32(4).conformant(&[1, 0, 4, 0x80]).u32(4));
        let descriptor = Value::Bytes(rpcscope_model::Bytes::head_of(&[1, 0, 4, 0x80]));
        assert_eq!(decoded.arguments.get("descriptor"), Some(&descriptor));
    }

    #[test]
    fn a_failure_command_is_told() {
        let decoded = request(37, |stub| {
            stub.handle(7).align_pointer().u32(2).align_pointer().u32(2).pointer();
            stub.align_pointer().u32(0).null().pointer().u32(0).null().wide("cmd /c calc");
        });
        assert_eq!(text(&decoded, "option"), Some("failure_actions"));
        assert_eq!(text(&decoded, "failure_command"), Some("cmd /c calc"));
    }

    #[test]
    fn a_queried_configuration_names_the_binary() {
        let decoded = response(17, |stub| {
            stub.align_pointer().u32(0x20).u32(2).u32(1).pointer().null().u32(0).null().pointer().pointer();
            stub.wide("svchost.exe -k netsvcs").wide("LocalSystem").wide("Schedule").u32(300).u32(0);
        });
        assert_eq!(text(&decoded, "binary_path"), Some("svchost.exe -k netsvcs"));
        assert_eq!(text(&decoded, "display_name"), Some("Schedule"));
        assert_eq!(decoded.arguments.number("status"), Some(0));
    }

    #[test]
    fn an_opened_service_names_its_handle() {
        let manager = request(15, |stub| _ = stub.pointer().wide("\\\\DC").null().u32(0xf003f));
        let manager = super::super::Names::opened(None, manager.handles.naming.as_ref());
        let service = request(16, |stub| _ = stub.handle(3).wide("Schedule").u32(1));
        let names = super::super::Names::opened(Some(&manager), service.handles.naming.as_ref());
        let mut deletion = request(2, |stub| _ = stub.handle(4));
        deletion.add_names(Some(&names));
        assert_eq!(
            (text(&deletion, "service"), text(&deletion, "machine")),
            (Some("Schedule"), Some("\\\\DC"))
        );
    }
}
