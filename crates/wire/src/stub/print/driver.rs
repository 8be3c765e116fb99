//! DRIVER_CONTAINER ([MS-RPRN] 2.2.1.2.3, 2.2.1.5): the files of a printer driver, which the server copies and loads.

use super::{Decoded, container};
use crate::ndr::{Alignment, Ndr, Pointer, Wide};
use crate::stub::unc;
use rpcscope_model::{List, Stopped, Text, Value};

/// A member that points to one text, or to several texts that follow each other.
enum Member {
    Text(&'static str, &'static str, Pointer),
    Texts(&'static str, &'static str, Pointer),
}

/// Reads a container with a driver. Where its files come from is told as what the server is sent to.
pub(in crate::stub) fn driver(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let (level, info) = container::level(ndr, "DriverInfo")?;
    call.put("level", level);
    if info.is_null() {
        return Ok(());
    }
    if level == 1 {
        return container::texts(ndr, call, &[("pName", "driver")]);
    }
    let members = members(ndr, call, level)?;
    let mut paths = Vec::new();
    let result = members.into_iter().try_for_each(|member| referent(ndr, call, member, &mut paths));
    unc::put_first_host(call, &paths);
    result
}

/// What stands in place: each level has the members of the lower ones first.
fn members(ndr: &mut Ndr<'_>, call: &mut Decoded, level: u32) -> Result<Vec<Member>, Stopped> {
    let mut members = Vec::new();
    // Levels with a 64-bit version are aligned to it.
    ndr.align(if level >= 6 { Alignment::Eight } else { Alignment::Pointer });
    call.put("driver_version", ndr.u32("cVersion")?);
    texts(ndr, &mut members, FILES)?;
    if !matches!(level, 2 | 3 | 4 | 6 | 8) {
        return Err(ndr.malformed("Level"));
    }
    if level >= 3 {
        texts(ndr, &mut members, HELP)?;
        list(ndr, &mut members, "pDependentFiles", "dependent_files")?;
    }
    if level >= 4 {
        list(ndr, &mut members, "pszzPreviousNames", "")?;
    }
    if level >= 6 {
        ndr.filetime("ftDriverDate")?;
        ndr.u64("dwlDriverVersion")?;
        texts(ndr, &mut members, ORIGIN)?;
    }
    if level >= 8 {
        texts(ndr, &mut members, SETUP)?;
        list(ndr, &mut members, "pszzColorProfiles", "color_profiles")?;
        texts(ndr, &mut members, &[("pInfPath", "inf_file")])?;
        ndr.u32("dwPrinterDriverAttributes")?;
        list(ndr, &mut members, "pszzCoreDriverDependencies", "")?;
        ndr.filetime("ftMinInboxDriverVerDate")?;
        ndr.u64("dwlMinInboxDriverVerVersion")?;
    }
    Ok(members)
}

fn texts(
    ndr: &mut Ndr<'_>,
    members: &mut Vec<Member>,
    table: &[(&'static str, &'static str)],
) -> Result<(), Stopped> {
    for (field, name) in table {
        members.push(Member::Text(field, name, ndr.pointer(field)?));
    }
    Ok(())
}

/// A count of characters and a pointer to them. Without a name they are not told.
fn list(
    ndr: &mut Ndr<'_>,
    members: &mut Vec<Member>,
    field: &'static str,
    name: &'static str,
) -> Result<(), Stopped> {
    ndr.u32(field)?;
    members.push(Member::Texts(field, name, ndr.pointer(field)?));
    Ok(())
}

fn referent(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    member: Member,
    paths: &mut Vec<Text>,
) -> Result<(), Stopped> {
    match member {
        Member::Text(field, name, pointer) => {
            if let Some(text) = ndr.referent(pointer, |ndr| ndr.wide_string(field))? {
                if PATHS.contains(&name) {
                    paths.push(text.clone());
                }
                call.put(name, text);
            }
        }
        Member::Texts(field, name, pointer) => {
            if let Some(texts) =
                ndr.referent(pointer, |ndr| multiple(ndr, field))?.filter(|_| !name.is_empty())
            {
                paths.extend(texts.values.iter().filter_map(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                }));
                call.put(name, texts);
            }
        }
    }
    Ok(())
}

/// Texts that end with a NUL each.
fn multiple(ndr: &mut Ndr<'_>, field: &'static str) -> Result<List, Stopped> {
    let count = ndr.count(field)?;
    let (mut rest, cut) = ndr.run(field, count, 2)?;
    let mut list = List::default();
    while !rest.is_empty() {
        let units = rest.chunks_exact(2).position(|unit| unit == [0, 0]);
        let bytes = units.unwrap_or(rest.len() / 2).saturating_mul(2);
        let (text, after) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
        if !text.is_empty() {
            let text = Wide::counted(text, ndr.order(), cut && units.is_none());
            list.push(Value::Text(text.text(Text::MAX_CHARS)));
        }
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(list)
}

const FILES: &[(&str, &str)] = &[
    ("pName", "driver"),
    ("pEnvironment", "environment"),
    ("pDriverPath", "driver_path"),
    ("pDataFile", "data_file"),
    ("pConfigFile", "config_file"),
];

const HELP: &[(&str, &str)] =
    &[("pHelpFile", "help_file"), ("pMonitorName", "monitor"), ("pDefaultDataType", "datatype")];

const ORIGIN: &[(&str, &str)] = &[
    ("pMfgName", "manufacturer"),
    ("pOEMUrl", "url"),
    ("pHardwareID", "hardware_id"),
    ("pProvider", "provider"),
];

const SETUP: &[(&str, &str)] = &[("pPrintProcessor", "print_processor"), ("pVendorSetup", "vendor_setup")];

/// Members that name a file.
const PATHS: &[&str] = &["driver_path", "data_file", "config_file", "help_file", "inf_file"];
