//! ITaskSchedulerService, scheduled tasks ([MS-TSCH] 3.2.5.4, 6.3).

use super::argument::symbol;
use super::operation::{Interface, Operation};
use super::{Decoded, reply, task_xml};
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x86d35949_83c9_4044_b424_db363231fd0c),
    name: "ITaskSchedulerService",
    operations: &[
        Operation::new(1, "SchRpcRegisterTask", REGISTRATION).request(register).response(registered),
        Operation::new(2, "SchRpcRetrieveTask", RETRIEVAL).request(path).response(retrieved),
        Operation::new(3, "SchRpcCreateFolder", &["path", "sddl", "status"])
            .request(create_folder)
            .response(reply::status),
        Operation::new(4, "SchRpcSetSecurity", &["path", "sddl", "status"])
            .request(set_security)
            .response(reply::status),
        Operation::new(6, "SchRpcEnumFolders", &["path", "names", "status"])
            .request(path)
            .response(enumerated),
        Operation::new(7, "SchRpcEnumTasks", &["path", "names", "status"]).request(path).response(enumerated),
        Operation::new(9, "SchRpcGetInstanceInfo", &["instance", "path", "state", "action", "status"])
            .request(instance)
            .response(instance_info),
        Operation::new(10, "SchRpcStopInstance", &["instance", "status"])
            .request(instance)
            .response(reply::status),
        Operation::new(11, "SchRpcStop", &["path", "status"]).request(stop).response(reply::status),
        Operation::new(
            12,
            "SchRpcRun",
            &["path", "arguments", "flags", "session", "account", "instance", "status"],
        )
        .request(run)
        .response(started),
        Operation::new(13, "SchRpcDelete", &["path", "status"]).request(path).response(reply::status),
        Operation::new(14, "SchRpcRename", &["path", "new_name", "status"])
            .request(rename)
            .response(reply::status),
        Operation::new(16, "SchRpcGetLastRunInfo", &["path", "status"])
            .request(path)
            .response(reply::status_at_end),
        Operation::new(17, "SchRpcGetTaskInfo", &["path", "enabled", "state", "status"])
            .request(path)
            .response(task_info),
        Operation::new(19, "SchRpcEnableTask", &["path", "enabled", "status"])
            .request(enable)
            .response(reply::status),
    ],
};

const REGISTRATION: &[&str] = &[
    "path",
    "flags",
    "sddl",
    "logon_type",
    "credential_user",
    "password_given",
    "xml",
    "actual_path",
    "status",
    // Out of the XML.
    "command",
    "arguments",
    "working_directory",
    "class_id",
    "account",
    "group",
    "run_level",
    "author",
    "hidden",
    "triggers",
];

const RETRIEVAL: &[&str] = &[
    "path",
    "xml",
    "status",
    // Out of the XML.
    "command",
    "arguments",
    "working_directory",
    "class_id",
    "account",
    "group",
    "run_level",
    "author",
    "hidden",
    "triggers",
];

/// Most operations begin with the path of a task or folder; what follows are options of reading it.
fn path(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.wide_string("path")?);
    Ok(())
}

fn register(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.unique("path", |ndr| ndr.wide_string("path"))?);
    let xml = ndr.wide("xml")?.text(task_xml::MAX_CHARS);
    task_xml::put_task(call, &xml.string);
    let rest = register_options(ndr, call);
    // Last, so that a long document leaves room for what it means.
    call.put("xml", shortened(xml));
    rest
}

fn register_options(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", ndr.u32("flags")?);
    call.put("sddl", ndr.unique("sddl", |ndr| ndr.wide_string("sddl"))?);
    call.put("logon_type", symbol(ndr.u32("logonType")?, LOGON_TYPES));
    ndr.u32("cCreds")?;
    let credentials = ndr.pointer("pCreds")?;
    if credentials.is_null() {
        return Ok(());
    }
    let count = ndr.count("pCreds")?;
    let credentials = ndr.elements("pCreds", count, |ndr| {
        ndr.structure(Alignment::Pointer, |ndr| {
            let pointers = (ndr.pointer("userId")?, ndr.pointer("password")?);
            ndr.u32("flags").map(|_| pointers)
        })
    })?;
    // Clients give one. The referents of the first come first.
    if let Some((user, password)) = credentials.items.first() {
        call.put("credential_user", ndr.referent(*user, |ndr| ndr.wide_string("userId"))?);
        call.put("password_given", !password.is_null());
    }
    Ok(())
}

fn registered(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("actual_path", ndr.unique("pActualPath", |ndr| ndr.wide_string("pActualPath"))?);
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

fn retrieved(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let xml = ndr.unique("pXml", |ndr| Ok(ndr.wide("pXml")?.text(task_xml::MAX_CHARS)))?;
    let status = reply::status(ndr, call, request);
    if let Some(xml) = xml {
        task_xml::put_task(call, &xml.string);
        call.put("xml", shortened(xml));
    }
    status
}

/// The beginning of a document that was read further than it is shown.
fn shortened(xml: Text) -> Text {
    match xml.string.char_indices().nth(Text::MAX_DOCUMENT_CHARS) {
        Some((end, _)) => {
            let mut string = xml.string;
            string.truncate(end);
            Text { string, cut: true }
        }
        None => xml,
    }
}

fn create_folder(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("sddl", ndr.unique("sddl", |ndr| ndr.wide_string("sddl"))?);
    Ok(())
}

fn set_security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("sddl", ndr.wide_string("sddl")?);
    Ok(())
}

/// Start index, count, and a list of names behind two pointers.
fn enumerated(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.u32("startIndex")?;
    ndr.u32("pcNames")?;
    let names = ndr.pointer("pNames")?;
    if !names.is_null() {
        let count = ndr.count("pNames")?;
        call.list_with_referents(
            "names",
            ndr,
            count,
            |ndr| ndr.pointer("pNames"),
            |ndr, name| ndr.referent(name, |ndr| ndr.wide_string("pNames")),
        )?;
    }
    reply::status(ndr, call, request)
}

fn instance(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("instance", ndr.uuid("guid")?);
    Ok(())
}

fn instance_info(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("path", ndr.unique("pPath", |ndr| ndr.wide_string("pPath"))?);
    call.put("state", symbol(ndr.u32("pState")?, STATES));
    call.put("action", ndr.unique("pCurrentAction", |ndr| ndr.wide_string("pCurrentAction"))?);
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

fn stop(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("path", ndr.unique("path", |ndr| ndr.wide_string("path"))?);
    Ok(())
}

fn run(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    ndr.u32("cArgs")?;
    let arguments = ndr.pointer("pArgs")?;
    if !arguments.is_null() {
        let count = ndr.count("pArgs")?;
        call.list_with_referents(
            "arguments",
            ndr,
            count,
            |ndr| ndr.pointer("pArgs"),
            |ndr, argument| ndr.referent(argument, |ndr| ndr.wide_string("pArgs")),
        )?;
    }
    call.put("flags", ndr.u32("flags")?);
    call.put("session", ndr.u32("sessionId")?);
    call.put("account", ndr.unique("user", |ndr| ndr.wide_string("user"))?);
    Ok(())
}

fn started(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("instance", ndr.uuid("pGuid")?);
    reply::status(ndr, call, request)
}

fn rename(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("new_name", ndr.wide_string("newName")?);
    Ok(())
}

fn task_info(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("enabled", ndr.u32("pEnabled")? != 0);
    call.put("state", symbol(ndr.u32("pState")?, STATES));
    reply::status(ndr, call, request)
}

fn enable(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    path(ndr, call)?;
    call.put("enabled", ndr.u32("enabled")? != 0);
    Ok(())
}

/// TASK_LOGON_TYPE ([MS-TSCH] 2.3.9).
const LOGON_TYPES: &[(u32, &str)] = &[
    (0, "none"),
    (1, "password"),
    (2, "s4u"),
    (3, "interactive_token"),
    (4, "group"),
    (5, "service_account"),
    (6, "interactive_token_or_password"),
];

/// TASK_STATE ([MS-TSCH] 2.3.13).
const STATES: &[(u32, &str)] =
    &[(0, "unknown"), (1, "disabled"), (2, "queued"), (3, "ready"), (4, "running")];

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    const XML: &str = "<Task><Principals><Principal><UserId>S-1-5-18</UserId></Principal></Principals>\
        <Actions><Exec><Command>cmd.exe</Command><Arguments>/c x</Arguments></Exec></Actions></Task>";

    #[test]
    fn a_registered_task_tells_its_command() {
        let decoded = request(1, |stub| {
            stub.pointer().wide("\\evil").wide(XML).u32(6).null().u32(1).u32(1).pointer();
            stub.count(1).pointer().pointer().u32(0).end_structure(8).wide("bob").wide("secret");
        })
        .arguments;
        assert_eq!((decoded.text("path"), decoded.text("command")), (Some("\\evil"), Some("cmd.exe")));
        assert_eq!((decoded.text("arguments"), decoded.text("account")), (Some("/c x"), Some("S-1-5-18")));
        assert_eq!(
            (decoded.text("logon_type"), decoded.text("credential_user")),
            (Some("password"), Some("bob"))
        );
        assert_eq!(
            (decoded.get("password_given"), decoded.text("xml")),
            (Some(&Value::Flag(true)), Some(XML))
        );
        assert!(decoded.iter().all(|(_, value)| *value != Value::Text(Text::whole("secret"))));
    }

    #[test]
    fn what_the_xml_can_give_stands_in_the_tables() {
        for field in task_xml::FIELDS {
            assert!(REGISTRATION.contains(field) && RETRIEVAL.contains(field), "{field}");
        }
    }

    #[test]
    fn a_long_document_is_read_to_its_end_and_shown_in_part() {
        let xml = XML.replace("<Actions>", &format!("<!--{}--><Actions>", "x".repeat(20_000)));
        let operation = INTERFACE.operation(Opnum(2)).expect("a row");
        let mut stub = vec![1, 0, 2, 0];
        let units = u32::try_from(xml.len() + 1).expect("a length");
        for word in [units, 0, units] {
            stub.extend(word.to_le_bytes());
        }
        stub.extend(xml.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        stub.resize(stub.len().next_multiple_of(4) + 4, 0);
        let stub = super::super::Stub {
            bytes: &stub,
            order: crate::ByteOrder::Little,
            syntax: super::super::Syntax::Ndr,
            complete: true,
        };
        let decoded = operation.decode_response(stub, None).expect("decoded").arguments;
        assert_eq!((decoded.text("command"), decoded.stopped), (Some("cmd.exe"), None));
        let Some(Value::Text(shown)) = decoded.get("xml") else { panic!("the document") };
        assert!(shown.cut && shown.string.len() == Text::MAX_DOCUMENT_CHARS);
    }

    #[test]
    fn a_run_gives_arguments_and_an_instance() {
        let decoded = request(12, |stub| {
            stub.wide("\\task")
                .u32(1)
                .pointer()
                .count(1)
                .pointer()
                .wide("arg")
                .u32(4)
                .u32(2)
                .pointer()
                .wide("bob");
        })
        .arguments;
        assert_eq!((decoded.text("path"), decoded.text("account")), (Some("\\task"), Some("bob")));
        let Some(Value::List(list)) = decoded.get("arguments") else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("arg"))]);
        let reply = response(12, |stub| _ = stub.uuid(Uuid::from_u128(7)).u32(0)).arguments;
        assert_eq!(reply.get("instance"), Some(&Value::Uuid(Uuid::from_u128(7))));
    }

    #[test]
    fn enabling_says_which_way() {
        let decoded = request(19, |stub| _ = stub.wide("\\x").u32(0)).arguments;
        assert_eq!(decoded.get("enabled"), Some(&Value::Flag(false)));
    }

    #[test]
    fn names_come_behind_two_pointers() {
        let decoded = response(7, |stub| {
            stub.u32(2).u32(2).pointer().count(2).pointer().pointer().wide("a").wide("b").u32(1);
        })
        .arguments;
        let Some(Value::List(list)) = decoded.get("names") else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("a")), Value::Text(Text::whole("b"))]);
        assert_eq!(decoded.number("status"), Some(1));
    }
}
