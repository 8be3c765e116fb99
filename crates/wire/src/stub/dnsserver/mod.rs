//! DnsServer, management of a DNS server ([MS-DNSP] 3.1.4).
//!
//! Operations have a name besides their number: `ServerLevelPluginDll` with a path makes the server load a library.

mod data;
mod record;

use super::argument::symbol;
use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;

use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x50abc2a4_574d_40b3_9d66_ee4fd5fba076),
    name: "DnsServer",
    operations: &[
        Operation::new(0, "R_DnssrvOperation", OPERATION).request(operation).response(reply::status),
        Operation::new(1, "R_DnssrvQuery", QUERY).request(query).response(queried),
        Operation::new(2, "R_DnssrvComplexOperation", COMPLEX)
            .request(complex)
            .response(reply::status_at_end),
        Operation::new(3, "R_DnssrvEnumRecords", ENUMERATION)
            .request(enumerate)
            .response(reply::status_at_end),
        Operation::new(4, "R_DnssrvUpdateRecord", UPDATE).request(update).response(reply::status),
        Operation::new(5, "R_DnssrvOperation2", OPERATION).request(operation_2).response(reply::status),
        Operation::new(6, "R_DnssrvQuery2", QUERY).request(query_2).response(queried),
        Operation::new(7, "R_DnssrvComplexOperation2", COMPLEX)
            .request(complex_2)
            .response(reply::status_at_end),
        Operation::new(8, "R_DnssrvEnumRecords2", ENUMERATION)
            .request(enumerate_2)
            .response(reply::status_at_end),
        Operation::new(9, "R_DnssrvUpdateRecord2", UPDATE).request(update_2).response(reply::status),
        Operation::new(10, "R_DnssrvUpdateRecord3", UPDATE).request(update_3).response(reply::status),
        Operation::new(11, "R_DnssrvEnumRecords3", ENUMERATION)
            .request(enumerate_3)
            .response(reply::status_at_end),
        Operation::new(12, "R_DnssrvOperation3", OPERATION).request(operation_3).response(reply::status),
        Operation::new(13, "R_DnssrvQuery3", QUERY).request(query_3).response(queried),
        Operation::new(14, "R_DnssrvComplexOperation3", COMPLEX)
            .request(complex_3)
            .response(reply::status_at_end),
        Operation::new(15, "R_DnssrvOperation4", OPERATION).request(operation_4).response(reply::status),
        Operation::new(16, "R_DnssrvQuery4", QUERY).request(query_4).response(queried),
        Operation::new(17, "R_DnssrvUpdateRecord4", UPDATE).request(update_4).response(reply::status),
        Operation::new(18, "R_DnssrvEnumRecords4", ENUMERATION)
            .request(enumerate_4)
            .response(reply::status_at_end),
    ],
};

const OPERATION: &[&str] = &[
    "machine",
    "instance",
    "zone",
    "scope",
    "context",
    "operation",
    "type",
    "property",
    "value",
    "coerced_to",
    "file",
    "partition",
    "status",
];
const QUERY: &[&str] = &[
    "machine",
    "instance",
    "zone",
    "scope",
    "operation",
    "type",
    "property",
    "value",
    "coerced_to",
    "status",
];
const COMPLEX: &[&str] = &[
    "machine",
    "instance",
    "zone",
    "operation",
    "type",
    "property",
    "value",
    "coerced_to",
    "file",
    "partition",
    "status",
];
const ENUMERATION: &[&str] =
    &["machine", "instance", "zone", "scope", "node", "start_child", "record_type", "flags", "status"];
const UPDATE: &[&str] =
    &["machine", "instance", "zone", "scope", "node", "added_record", "deleted_record", "status"];

/// What stands before the zone's name and what after it, as generations of the operations have it.
#[derive(Clone, Copy)]
struct Form {
    /// Version of the client, and flags that have no meaning yet.
    has_version: bool,
    has_instance: bool,
    has_scope: bool,
}

const FIRST: Form = Form { has_version: false, has_instance: false, has_scope: false };
const SECOND: Form = Form { has_version: true, ..FIRST };
const THIRD: Form = Form { has_scope: true, ..SECOND };
const FOURTH: Form = Form { has_instance: true, ..THIRD };
/// R_DnssrvComplexOperation3 has an instance and no scope.
const COMPLEX_3: Form = Form { has_instance: true, ..SECOND };

fn place(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    if form.has_version {
        ndr.u32("dwClientVersion")?;
        ndr.u32("dwSettingFlags")?;
    }
    call.put("machine", wide(ndr, "pwszServerName")?);
    if form.has_instance {
        call.put("instance", wide(ndr, "pwszVirtualizationInstanceID")?);
    }
    call.put("zone", narrow(ndr, "pszZone")?);
    if form.has_scope {
        call.put("scope", wide(ndr, "pwszZoneScope")?);
    }
    Ok(())
}

fn wide(ndr: &mut Ndr<'_>, field: &'static str) -> Result<Option<Text>, Stopped> {
    ndr.unique(field, |ndr| ndr.wide_string(field))
}

fn narrow(ndr: &mut Ndr<'_>, field: &'static str) -> Result<Option<Text>, Stopped> {
    ndr.unique(field, |ndr| ndr.narrow_string(field))
}

fn operate(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    place(ndr, call, form)?;
    let context = ndr.u32("dwContext")?;
    call.put("context", (context != 0).then_some(context));
    call.put("operation", narrow(ndr, "pszOperation")?);
    ndr.u32("dwTypeId")?;
    data::put(ndr, call)
}

fn operation(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate(ndr, call, FIRST)
}

fn operation_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate(ndr, call, SECOND)
}

fn operation_3(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate(ndr, call, THIRD)
}

fn operation_4(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate(ndr, call, FOURTH)
}

fn ask(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    place(ndr, call, form)?;
    call.put("operation", narrow(ndr, "pszOperation")?);
    Ok(())
}

fn query(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ask(ndr, call, FIRST)
}

fn query_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ask(ndr, call, SECOND)
}

fn query_3(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ask(ndr, call, THIRD)
}

fn query_4(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ask(ndr, call, FOURTH)
}

/// The answer to a query, of which numbers and texts are told.
fn queried(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.u32("pdwTypeId")?;
    data::put_simple(ndr, call)?;
    reply::status_at_end(ndr, call, request)
}

fn operate_both_ways(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    place(ndr, call, form)?;
    call.put("operation", narrow(ndr, "pszOperation")?);
    ndr.u32("dwTypeIn")?;
    data::put(ndr, call)
}

fn complex(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate_both_ways(ndr, call, FIRST)
}

fn complex_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate_both_ways(ndr, call, SECOND)
}

fn complex_3(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    operate_both_ways(ndr, call, COMPLEX_3)
}

fn enumerate_in(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    place(ndr, call, form)?;
    call.put("node", narrow(ndr, "pszNodeName")?);
    call.put("start_child", narrow(ndr, "pszStartChild")?);
    call.put("record_type", symbol(ndr.u16("wRecordType")?.into(), record::TYPES));
    call.put("flags", ndr.u32("fSelectFlag")?);
    Ok(())
}

fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    enumerate_in(ndr, call, FIRST)
}

fn enumerate_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    enumerate_in(ndr, call, SECOND)
}

fn enumerate_3(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    enumerate_in(ndr, call, THIRD)
}

fn enumerate_4(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    enumerate_in(ndr, call, FOURTH)
}

fn update_in(ndr: &mut Ndr<'_>, call: &mut Decoded, form: Form) -> Result<(), Stopped> {
    place(ndr, call, form)?;
    call.put("node", ndr.narrow_string("pszNodeName")?);
    call.put("added_record", ndr.unique("pAddRecord", record::read)?);
    call.put("deleted_record", ndr.unique("pDeleteRecord", record::read)?);
    Ok(())
}

fn update(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    update_in(ndr, call, FIRST)
}

fn update_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    update_in(ndr, call, SECOND)
}

fn update_3(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    update_in(ndr, call, THIRD)
}

fn update_4(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    update_in(ndr, call, FOURTH)
}

#[cfg(test)]
mod tests;
