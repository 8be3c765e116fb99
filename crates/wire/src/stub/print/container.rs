//! Containers of the print spooler ([MS-RPRN] 2.2.1.2): a level, and a union of pointers to the structures of the levels.

use super::{Decoded, told};
use crate::ndr::{Alignment, Ndr, Pointer, Tag};
use crate::stub::unc;
use rpcscope_model::Stopped;

/// The level, and the pointer to its structure.
pub(super) fn level(ndr: &mut Ndr<'_>, field: &'static str) -> Result<(u32, Pointer), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("Level")?;
    let level = ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    Ok((level, ndr.pointer(field)?))
}

/// A structure, or the rest of one, that consists of pointers to texts: their names in the IDL and as arguments.
pub(super) fn texts(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    members: &[(&'static str, &'static str)],
) -> Result<(), Stopped> {
    let pointers = pointers(ndr, members)?;
    referents(ndr, call, &pointers)
}

/// A text that a structure points to.
type Member = (&'static str, &'static str, Pointer);

fn pointers(ndr: &mut Ndr<'_>, members: &[(&'static str, &'static str)]) -> Result<Vec<Member>, Stopped> {
    members.iter().map(|(field, name)| Ok((*field, *name, ndr.pointer(field)?))).collect()
}

fn referents(ndr: &mut Ndr<'_>, call: &mut Decoded, members: &[Member]) -> Result<(), Stopped> {
    for (field, name, pointer) in members {
        call.put(name, ndr.referent(*pointer, |ndr| ndr.wide_string(field))?);
    }
    Ok(())
}

/// A length and a pointer to so many bytes, which are not told.
fn counted_bytes(ndr: &mut Ndr<'_>, field: &'static str) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("cbBuf")?;
    ndr.unique(field, |ndr| ndr.conformant_bytes(field))?;
    Ok(())
}

/// DEVMODE_CONTAINER.
pub(in crate::stub) fn device_mode(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    counted_bytes(ndr, "pDevMode")
}

/// SECURITY_CONTAINER.
pub(in crate::stub) fn security(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    counted_bytes(ndr, "pSecurity")
}

/// PORT_VAR_CONTAINER.
pub(in crate::stub) fn port_data(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    counted_bytes(ndr, "pMonitorData")
}

/// SPLCLIENT_CONTAINER: what the client says that it is.
pub(in crate::stub) fn client(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let (level, info) = level(ndr, "ClientInfo")?;
    if info.is_null() || !matches!(level, 1 | 3) {
        return Ok(());
    }
    if level == 3 {
        ndr.align(Alignment::Eight);
        ndr.u32("cbSize")?;
        ndr.u32("dwFlags")?;
    }
    ndr.align(Alignment::Pointer);
    ndr.u32("dwSize")?;
    let names = pointers(ndr, &[("pMachineName", "client_machine"), ("pUserName", "client_account")])?;
    call.put("client_build", ndr.u32("dwBuildNum")?);
    ndr.u32("dwMajorVersion")?;
    ndr.u32("dwMinorVersion")?;
    ndr.u16("wProcessorArchitecture")?;
    if level == 3 {
        ndr.u64("hSplPrinter")?;
    }
    referents(ndr, call, &names)
}

/// MONITOR_CONTAINER.
pub(in crate::stub) fn monitor(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let (level, info) = level(ndr, "MonitorInfo")?;
    call.put("level", level);
    if info.is_null() {
        return Ok(());
    }
    match level {
        1 => texts(ndr, call, &[("pName", "monitor")]),
        2 => {
            texts(ndr, call, &[("pName", "monitor"), ("pEnvironment", "environment"), ("pDLLName", "file")])?;
            let file = told(call, "file");
            unc::put_first_host(call, &file);
            Ok(())
        }
        _ => Err(ndr.malformed("Level")),
    }
}

/// PORT_CONTAINER.
pub(in crate::stub) fn port(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    // The level of a port that a monitor's own data describe.
    const LEVEL_FF: u32 = 0x00ff_ffff;
    let (level, info) = level(ndr, "PortInfo")?;
    call.put("level", level);
    if info.is_null() {
        return Ok(());
    }
    match level {
        1 => texts(ndr, call, &[("pPortName", "port")]),
        2 => {
            let members =
                [("pPortName", "port"), ("pMonitorName", "monitor"), ("pDescription", "description")];
            let names = pointers(ndr, &members)?;
            ndr.u32("fPortType")?;
            ndr.u32("Reserved")?;
            referents(ndr, call, &names)
        }
        LEVEL_FF => {
            let name = ndr.pointer("pPortName")?;
            ndr.u32("cbMonitorData")?;
            let data = ndr.pointer("pMonitorData")?;
            call.put("port", ndr.referent(name, |ndr| ndr.wide_string("pPortName"))?);
            ndr.referent(data, |ndr| ndr.u8("pMonitorData"))?;
            Ok(())
        }
        _ => Err(ndr.unsupported("Level")),
    }
}

/// PRINTER_CONTAINER. Device mode and security descriptor are in containers of their own.
pub(in crate::stub) fn printer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let (level, info) = level(ndr, "PrinterInfo")?;
    call.put("level", level);
    if info.is_null() {
        return Ok(());
    }
    match level {
        1 => {
            ndr.align(Alignment::Pointer);
            ndr.u32("Flags")?;
            // The description is made of the name.
            let description = ndr.pointer("pDescription")?;
            let names = pointers(ndr, &[("pName", "printer"), ("pComment", "comment")])?;
            ndr.referent(description, |ndr| ndr.wide_string("pDescription"))?;
            referents(ndr, call, &names)
        }
        2 => printer_2(ndr, call),
        3 | 8 | 9 => ndr.pointer_sized("PrinterInfo").map(|_| ()),
        4 => {
            let names = pointers(ndr, &[("pPrinterName", "printer"), ("pServerName", "machine")])?;
            ndr.u32("Attributes")?;
            referents(ndr, call, &names)
        }
        5 => {
            let names = pointers(ndr, &[("pPrinterName", "printer"), ("pPortName", "port")])?;
            for field in ["Attributes", "DeviceNotSelectedTimeout", "TransmissionRetryTimeout"] {
                ndr.u32(field)?;
            }
            referents(ndr, call, &names)
        }
        6 => ndr.u32("dwStatus").map(|_| ()),
        7 => {
            let names = pointers(ndr, &[("pszObjectGUID", "object_guid")])?;
            call.put("action", ndr.u32("dwAction")?);
            referents(ndr, call, &names)
        }
        _ => Err(ndr.unsupported("Level")),
    }
}

/// PRINTER_INFO_2 ([MS-RPRN] 2.2.1.10.3).
fn printer_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let mut names = pointers(
        ndr,
        &[
            ("pServerName", "machine"),
            ("pPrinterName", "printer"),
            ("pShareName", "share"),
            ("pPortName", "port"),
            ("pDriverName", "driver"),
            ("pComment", "comment"),
            ("pLocation", "location"),
        ],
    )?;
    ndr.pointer_sized("pDevMode")?;
    names.extend(pointers(
        ndr,
        &[
            ("pSepFile", "separator_file"),
            ("pPrintProcessor", "print_processor"),
            ("pDatatype", "datatype"),
            ("pParameters", "parameters"),
        ],
    )?);
    ndr.pointer_sized("pSecurityDescriptor")?;
    for field in PRINTER_2_NUMBERS {
        ndr.u32(field)?;
    }
    referents(ndr, call, &names)
}

const PRINTER_2_NUMBERS: [&str; 8] =
    ["Attributes", "Priority", "DefaultPriority", "StartTime", "UntilTime", "Status", "cJobs", "AveragePPM"];
