//! Operations that both interfaces of the print spooler have, with the same parameters: winspool ([MS-RPRN]) and
//! IRemoteWinspool ([MS-PAR]), which is its asynchronous form.

mod container;
mod driver;

pub(super) use container::{client, device_mode, monitor, port, port_data, printer, security};
pub(super) use driver::driver;

use super::argument::symbol;
use super::{Decoded, reply, unc};
use crate::ByteOrder;
use crate::ndr::{Ndr, Wide};
use rpcscope_model::{Stopped, Text, Value};

pub(super) const OPEN: &[&str] =
    &["printer", "datatype", "access", "client_machine", "client_account", "client_build", "status"];
pub(super) const ON_PRINTER: &[&str] = &["printer", "status"];
pub(super) const PRINTER: &[&str] = &[
    "machine",
    "level",
    "printer",
    "share",
    "port",
    "driver",
    "comment",
    "location",
    "separator_file",
    "print_processor",
    "datatype",
    "parameters",
    "object_guid",
    "action",
    "command",
    "client_machine",
    "client_account",
    "client_build",
    "status",
];
pub(super) const DOCUMENT: &[&str] = &["printer", "document", "file", "datatype", "job", "status"];
pub(super) const DATA: &[&str] = &["printer", "key", "value", "type", "data", "data_bytes", "status"];
pub(super) const DRIVER: &[&str] = &[
    "machine",
    "level",
    "driver_version",
    "driver",
    "environment",
    "driver_path",
    "data_file",
    "config_file",
    "help_file",
    "monitor",
    "datatype",
    "dependent_files",
    "manufacturer",
    "url",
    "hardware_id",
    "provider",
    "print_processor",
    "vendor_setup",
    "color_profiles",
    "inf_file",
    "coerced_to",
    "flags",
    "status",
];
pub(super) const ENUMERATION: &[&str] = &["flags", "machine", "environment", "level", "status"];
pub(super) const DELETION: &[&str] =
    &["machine", "environment", "driver", "flags", "driver_version", "status"];
pub(super) const PROCESSOR: &[&str] =
    &["machine", "environment", "file", "print_processor", "coerced_to", "status"];
pub(super) const MONITOR: &[&str] =
    &["machine", "level", "monitor", "environment", "file", "coerced_to", "status"];
pub(super) const PORT: &[&str] = &["machine", "level", "port", "monitor", "description", "status"];
pub(super) const CONNECTION: &[&str] =
    &["machine", "printer", "print_server", "provider", "coerced_to", "status"];
pub(super) const TRANSCEIVE: &[&str] = &["printer", "command", "port", "data_bytes", "status"];

pub(super) fn unique_text(ndr: &mut Ndr<'_>, field: &'static str) -> Result<Option<Text>, Stopped> {
    ndr.unique(field, |ndr| ndr.wide_string(field))
}

/// A text that is among the arguments already.
pub(super) fn told(call: &Decoded, name: &str) -> Option<Text> {
    match call.arguments.get(name)? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The name of the server that an operation is for.
pub(super) fn machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", unique_text(ndr, "pName")?.filter(|machine| !machine.string.is_empty()));
    Ok(())
}

pub(super) fn on_printer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hPrinter")?);
    Ok(())
}

pub(super) fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("phPrinter")?);
    Ok(())
}

/// A printer, a job, a port, a monitor or the server itself ([MS-RPRN] 2.2.4.14).
pub(super) fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let printer = unique_text(ndr, "pPrinterName")?;
    call.opens_as("printer", printer.filter(|printer| !printer.string.is_empty()));
    call.put("datatype", unique_text(ndr, "pDatatype")?);
    device_mode(ndr)?;
    call.put("access", ndr.u32("AccessRequired")?);
    Ok(())
}

pub(super) fn open_with_client(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    open(ndr, call)?;
    client(ndr, call)
}

pub(super) fn add_printer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    printer(ndr, call)?;
    device_mode(ndr)?;
    security(ndr)?;
    let added = told(call, "printer");
    call.opens_as("printer", added);
    Ok(())
}

pub(super) fn add_printer_with_client(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    add_printer(ndr, call)?;
    client(ndr, call)
}

pub(super) fn set_printer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_printer(ndr, call)?;
    printer(ndr, call)?;
    device_mode(ndr)?;
    security(ndr)?;
    call.put("command", symbol(ndr.u32("Command")?, CONTROLS));
    Ok(())
}

/// DOC_INFO_CONTAINER ([MS-RPRN] 2.2.1.2.2). An output file is written on the server.
pub(super) fn start_document(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_printer(ndr, call)?;
    let (_, info) = container::level(ndr, "pDocInfo1")?;
    if info.is_null() {
        return Ok(());
    }
    container::texts(
        ndr,
        call,
        &[("pDocName", "document"), ("pOutputFile", "file"), ("pDatatype", "datatype")],
    )
}

pub(super) fn started_document(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("job", ndr.u32("pJobId")?);
    reply::status(ndr, call, request)
}

pub(super) fn value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_printer(ndr, call)?;
    call.put("value", ndr.wide_string("pValueName")?);
    Ok(())
}

pub(super) fn key_and_value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_printer(ndr, call)?;
    call.put("key", ndr.wide_string("pKeyName")?);
    call.put("value", ndr.wide_string("pValueName")?);
    Ok(())
}

pub(super) fn set_value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    value(ndr, call)?;
    data(ndr, call)
}

pub(super) fn set_key_and_value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    key_and_value(ndr, call)?;
    data(ndr, call)
}

/// Type and data of a value, of which texts are told: a library that clients copy and load is named in one.
fn data(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    // [MS-RRP] 3.1.1.5.
    const REG_SZ: u32 = 1;
    let kind = ndr.u32("Type")?;
    call.put(
        "type",
        symbol(kind, &[(REG_SZ, "REG_SZ"), (3, "REG_BINARY"), (4, "REG_DWORD"), (7, "REG_MULTI_SZ")]),
    );
    let data = ndr.conformant_bytes("pData")?;
    if kind == REG_SZ {
        call.put("data", Wide::counted(data, ByteOrder::Little, false).text(Text::MAX_CHARS));
    }
    call.put("data_bytes", ndr.u32("cbData")?);
    Ok(())
}

pub(super) fn enumerate_printers(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", ndr.u32("Flags")?);
    enumerate(ndr, call)
}

pub(super) fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("level", ndr.u32("Level")?);
    Ok(())
}

pub(super) fn enumerate_for_environment(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("environment", unique_text(ndr, "pEnvironment")?);
    call.put("level", ndr.u32("Level")?);
    Ok(())
}

pub(super) fn add_driver(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    driver(ndr, call)
}

pub(super) fn add_driver_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    add_driver(ndr, call)?;
    call.put("flags", ndr.u32("dwFileCopyFlags")?);
    Ok(())
}

pub(super) fn delete_driver(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("environment", ndr.wide_string("pEnvironment")?);
    call.put("driver", ndr.wide_string("pDriverName")?);
    Ok(())
}

pub(super) fn delete_driver_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    delete_driver(ndr, call)?;
    call.put("flags", ndr.u32("dwDeleteFlag")?);
    call.put("driver_version", ndr.u32("dwVersionNum")?);
    Ok(())
}

pub(super) fn add_processor(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("environment", ndr.wide_string("pEnvironment")?);
    let file = ndr.wide_string("pPathName")?;
    unc::put_host(call, &file);
    call.put("file", file);
    call.put("print_processor", ndr.wide_string("pPrintProcessorName")?);
    Ok(())
}

pub(super) fn delete_processor(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("environment", unique_text(ndr, "pEnvironment")?);
    call.put("print_processor", ndr.wide_string("pPrintProcessorName")?);
    Ok(())
}

pub(super) fn add_monitor(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    monitor(ndr, call)
}

pub(super) fn delete_monitor(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("environment", unique_text(ndr, "pEnvironment")?);
    call.put("monitor", ndr.wide_string("pMonitorName")?);
    Ok(())
}

pub(super) fn add_port(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    port(ndr, call)?;
    port_data(ndr)?;
    call.put("monitor", ndr.wide_string("pMonitorName")?);
    Ok(())
}

pub(super) fn add_connection(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    delete_connection(ndr, call)?;
    let print_server = ndr.wide_string("pPrintServer")?;
    unc::put_machine(call, &print_server);
    call.put("print_server", print_server);
    call.put("provider", ndr.wide_string("pProvider")?);
    Ok(())
}

pub(super) fn delete_connection(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("printer", ndr.wide_string("pPrinterName")?);
    Ok(())
}

/// A command for a port monitor. Those that add and delete a port begin their data with its name ([MS-RPRN]
/// 2.2.2.14, 3.1.4.11.1).
pub(super) fn transceive(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hXcv")?);
    let command = ndr.wide_string("pszDataName")?;
    let has_port = ["AddPort", "DeletePort"].iter().any(|name| command.string.eq_ignore_ascii_case(name));
    call.put("command", command);
    let data = ndr.conformant_bytes("pInputData")?;
    if has_port {
        let units = data.chunks_exact(2).take_while(|unit| *unit != [0, 0]).count();
        let name = data.get(..units.saturating_mul(2)).unwrap_or(data);
        call.put("port", Wide::counted(name, ByteOrder::Little, false).text(Text::MAX_CHARS));
    }
    call.put("data_bytes", ndr.u32("cbInputData")?);
    Ok(())
}

/// [MS-RPRN] 3.1.4.2.5.
const CONTROLS: &[(u32, &str)] =
    &[(0, "change"), (1, "pause"), (2, "resume"), (3, "purge"), (4, "set_status")];
