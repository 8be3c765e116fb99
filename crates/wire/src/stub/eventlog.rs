//! eventlog, event logs before Windows Vista ([MS-EVEN] 3.1.4, 6). The path of a backup is also used to make a server
//! authenticate to another machine.

use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x82273fdc_e32a_18c3_3f78_827929dc23ea),
    name: "eventlog",
    operations: &[
        Operation::new(0, "ElfrClearELFW", BACKUP)
            .request(|ndr, call| clear(ndr, call, WIDE))
            .response(reply::status),
        Operation::new(1, "ElfrBackupELFW", BACKUP).request(backup_wide).response(reply::status),
        Operation::new(2, "ElfrCloseEL", &["log", "file", "machine", "status"])
            .request(close)
            .response(reply::handle_and_status),
        Operation::new(3, "ElfrDeregisterEventSource", &["log", "file", "machine", "status"])
            .request(close)
            .response(reply::handle_and_status),
        Operation::new(4, "ElfrNumberOfRecords", &["log", "file", "machine", "records", "status"])
            .request(on_log)
            .response(records),
        Operation::new(7, "ElfrOpenELW", OPEN).request(open_wide).response(reply::handle_and_status),
        Operation::new(8, "ElfrRegisterEventSourceW", OPEN)
            .request(open_wide)
            .response(reply::handle_and_status),
        Operation::new(9, "ElfrOpenBELW", &["file", "coerced_to", "machine", "status"])
            .request(open_backup_wide)
            .response(reply::handle_and_status),
        Operation::new(10, "ElfrReadELW", READ).request(read).response(reply::status_at_end),
        Operation::new(11, "ElfrReportEventW", REPORT).request(report_wide).response(reply::status_at_end),
        Operation::new(12, "ElfrClearELFA", BACKUP)
            .request(|ndr, call| clear(ndr, call, NARROW))
            .response(reply::status),
        Operation::new(13, "ElfrBackupELFA", BACKUP).request(backup_narrow).response(reply::status),
        Operation::new(14, "ElfrOpenELA", OPEN).request(open_narrow).response(reply::handle_and_status),
        Operation::new(15, "ElfrRegisterEventSourceA", OPEN)
            .request(open_narrow)
            .response(reply::handle_and_status),
        Operation::new(16, "ElfrOpenBELA", &["file", "coerced_to", "machine", "status"])
            .request(open_backup_narrow)
            .response(reply::handle_and_status),
        Operation::new(17, "ElfrReadELA", READ).request(read).response(reply::status_at_end),
        Operation::new(24, "ElfrReportEventAndSourceW", REPORT)
            .request(report_with_source)
            .response(reply::status_at_end),
    ],
};

const OPEN: &[&str] = &["log", "machine", "status"];
const BACKUP: &[&str] = &["log", "machine", "file", "coerced_to", "status"];
const READ: &[&str] = &["log", "file", "machine", "flags", "record", "status"];
const REPORT: &[&str] = &["log", "file", "source", "machine", "event_type", "event_id", "strings", "status"];

/// Reads a counted string as one of the two families of operations encodes it.
type ReadString = fn(&mut Ndr<'_>, &'static str) -> Result<Option<Text>, Stopped>;

const WIDE: ReadString = |ndr, field| ndr.unicode_string(field);
const NARROW: ReadString = |ndr, field| ndr.ansi_string(field);

fn on_log(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("LogHandle")?);
    Ok(())
}

fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("LogHandle")?);
    Ok(())
}

fn clear(ndr: &mut Ndr<'_>, call: &mut Decoded, string: ReadString) -> Result<(), Stopped> {
    on_log(ndr, call)?;
    let file = ndr.unique("BackupFileName", |ndr| string(ndr, "BackupFileName"))?;
    call.put_path("file", file.flatten());
    Ok(())
}

fn backup_wide(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_log(ndr, call)?;
    call.put_path("file", WIDE(ndr, "BackupFileName")?);
    Ok(())
}

fn backup_narrow(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_log(ndr, call)?;
    call.put_path("file", NARROW(ndr, "BackupFileName")?);
    Ok(())
}

fn records(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("records", ndr.u32("NumberOfRecords")?);
    reply::status(ndr, call, request)
}

fn open_wide(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    // EVENTLOG_HANDLE_W: a pointer to one character, which means nothing.
    ndr.unique("UNCServerName", |ndr| ndr.u16("UNCServerName"))?;
    call.opens_as("log", WIDE(ndr, "ModuleName")?);
    Ok(())
}

fn open_narrow(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("UNCServerName", |ndr| ndr.u8("UNCServerName"))?;
    call.opens_as("log", NARROW(ndr, "ModuleName")?);
    Ok(())
}

fn open_backup_wide(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("UNCServerName", |ndr| ndr.u16("UNCServerName"))?;
    opens_file(call, WIDE(ndr, "BackupFileName")?);
    Ok(())
}

fn open_backup_narrow(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("UNCServerName", |ndr| ndr.u8("UNCServerName"))?;
    opens_file(call, NARROW(ndr, "BackupFileName")?);
    Ok(())
}

fn opens_file(call: &mut Decoded, file: Option<Text>) {
    call.put_path("file", file.clone());
    call.opens_as("file", file);
}

fn read(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_log(ndr, call)?;
    call.put("flags", ndr.u32("ReadFlags")?);
    call.put("record", ndr.u32("RecordOffset")?);
    Ok(())
}

fn report_wide(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    event(ndr, call)?;
    strings(ndr, call)
}

fn report_with_source(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    event(ndr, call)?;
    call.put("source", WIDE(ndr, "SourceName")?);
    strings(ndr, call)
}

/// What kind of event a report writes.
fn event(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_log(ndr, call)?;
    ndr.u32("Time")?;
    call.put("event_type", ndr.u16("EventType")?);
    ndr.u16("EventCategory")?;
    call.put("event_id", ndr.u32("EventID")?);
    Ok(())
}

/// What a report says, and of which machine.
fn strings(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.u16("NumStrings")?;
    ndr.u32("DataSize")?;
    call.put("machine", WIDE(ndr, "ComputerName")?);
    ndr.unique("UserSID", |ndr| ndr.sid("UserSID"))?;
    let strings = ndr.pointer("Strings")?;
    if strings.is_null() {
        return Ok(());
    }
    // An array of pointers to strings, each of which has its characters right behind it.
    let count = ndr.count("Strings")?;
    call.list_with_referents(
        "strings",
        ndr,
        count,
        |ndr| ndr.pointer("Strings"),
        |ndr, string| Ok(ndr.referent(string, |ndr| WIDE(ndr, "Strings"))?.flatten()),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Names;
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    #[test]
    fn a_cleared_log_is_named_by_its_handle() {
        let open = request(7, |stub| {
            stub.pointer().u16(0x5c).unicode_string("Security").counted("").counted_text("").u32(1).u32(1);
        });
        assert_eq!(open.arguments.text("log"), Some("Security"));
        let names = Names::opened(None, open.handles.naming.as_ref());
        let mut clear = request(0, |stub| _ = stub.handle(1).pointer().unicode_string("\\??\\C:\\a.evt"));
        clear.add_names(Some(&names));
        assert_eq!(clear.arguments.text("log"), Some("Security"));
        assert_eq!(clear.arguments.text("file"), Some("\\??\\C:\\a.evt"));
    }

    #[test]
    fn a_backup_to_another_machine_names_it() {
        let path = "\\??\\UNC\\10.0.0.9\\x";
        let decoded = request(9, |stub| _ = stub.null().unicode_string(path).u32(1).u32(1));
        assert_eq!(decoded.arguments.text("file"), Some(path));
        assert_eq!(decoded.arguments.text("coerced_to"), Some("10.0.0.9"));
        let mut same = decoded.clone();
        same.forgive_coercion_to("10.0.0.9");
        assert_eq!(same.arguments.text("coerced_to"), None);
        let decoded = request(1, |stub| _ = stub.handle(1).unicode_string(path));
        assert_eq!(decoded.arguments.text("file"), Some(path));
    }

    #[test]
    fn ansi_operations_say_the_same() {
        let decoded = request(13, |stub| {
            stub.handle(1).align_pointer().u16(3).u16(4).pointer().count(4).count(0).count(3).raw(b"a.e");
        });
        assert_eq!(decoded.arguments.text("file"), Some("a.e"));
    }

    #[test]
    fn an_event_of_another_source_names_it() {
        let decoded = request(24, |stub| {
            stub.handle(1).u32(0).u16(4).u16(0).u32(4624).unicode_string("Security-Auditing").u16(0).u32(0);
            stub.unicode_string("WS1").pointer().sid(5, &[18]).null().null().u16(0).null().null();
        })
        .arguments;
        assert_eq!(
            (decoded.text("source"), decoded.number("event_id")),
            (Some("Security-Auditing"), Some(4624))
        );
    }

    #[test]
    fn a_forged_event_tells_its_strings() {
        let decoded = request(11, |stub| {
            stub.handle(1).u32(0).u16(4).u16(0).u32(1000).u16(2).u32(0).unicode_string("WS1").null();
            stub.pointer()
                .count(2)
                .pointer()
                .pointer()
                .unicode_string("one")
                .unicode_string("two")
                .null()
                .u16(0);
        })
        .arguments;
        assert_eq!((decoded.number("event_id"), decoded.text("machine")), (Some(1000), Some("WS1")));
        let Some(Value::List(list)) = decoded.get("strings") else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("one")), Value::Text(Text::whole("two"))]);
    }
}
