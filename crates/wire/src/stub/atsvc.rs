//! atsvc, jobs of the AT command ([MS-TSCH] 3.2.5.2, 6.1).

use super::argument::fields;
use super::operation::{Interface, Operation};
use super::{Argument, Decoded, reply};
use crate::ndr::{Alignment, Ndr, Pointer};
use rpcscope_model::{Stopped, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x1ff70682_0a51_30e8_076d_740be8cee98b),
    name: "atsvc",
    operations: &[
        Operation::new(
            0,
            "NetrJobAdd",
            &["machine", "command", "time_ms", "days_of_month", "days_of_week", "flags", "job_id", "status"],
        )
        .request(add)
        .response(added),
        Operation::new(1, "NetrJobDel", &["machine", "job_id", "last_job_id", "status"])
            .request(delete)
            .response(reply::status),
        Operation::new(2, "NetrJobEnum", &["machine", "jobs", "status"])
            .request(machine)
            .response(enumerated),
        Operation::new(
            3,
            "NetrJobGetInfo",
            &["machine", "job_id", "command", "time_ms", "days_of_month", "days_of_week", "flags", "status"],
        )
        .request(one)
        .response(info),
    ],
};

fn machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", ndr.unique("ServerName", |ndr| ndr.wide_string("ServerName"))?);
    Ok(())
}

fn add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    at_info(ndr, call)
}

/// AT_INFO ([MS-TSCH] 2.3.4).
fn at_info(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let (schedule, command) = ndr.structure(Alignment::Pointer, schedule)?;
    call.put("command", ndr.referent(command, |ndr| ndr.wide_string("Command"))?);
    call.put("time_ms", schedule.time_ms);
    call.put("days_of_month", schedule.days_of_month);
    call.put("days_of_week", schedule.days_of_week);
    call.put("flags", schedule.flags);
    Ok(())
}

/// When a job runs: milliseconds after midnight, and bit masks of the days, of which the first is bit 0.
struct Schedule {
    time_ms: u64,
    days_of_month: u32,
    days_of_week: u8,
    flags: u8,
}

fn schedule(ndr: &mut Ndr<'_>) -> Result<(Schedule, Pointer), Stopped> {
    let schedule = Schedule {
        time_ms: ndr.pointer_sized("JobTime")?,
        days_of_month: ndr.u32("DaysOfMonth")?,
        days_of_week: ndr.u8("DaysOfWeek")?,
        flags: ndr.u8("Flags")?,
    };
    Ok((schedule, ndr.pointer("Command")?))
}

fn added(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("job_id", ndr.u32("pJobId")?);
    reply::status(ndr, call, request)
}

fn delete(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("job_id", ndr.u32("MinJobId")?);
    call.put("last_job_id", ndr.u32("MaxJobId")?);
    Ok(())
}

fn one(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("job_id", ndr.u32("JobId")?);
    Ok(())
}

/// AT_ENUM_CONTAINER ([MS-TSCH] 2.3.5), then what would be needed, and the status.
fn enumerated(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let buffer = ndr.structure(Alignment::Pointer, |ndr| {
        ndr.u32("EntriesRead")?;
        ndr.pointer("Buffer")
    })?;
    if !buffer.is_null() {
        let count = ndr.count("Buffer")?;
        call.list_with_referents(
            "jobs",
            ndr,
            count,
            |ndr| {
                ndr.structure(Alignment::Pointer, |ndr| {
                    let id = ndr.u32("JobId")?;
                    schedule(ndr).map(|(schedule, command)| (id, schedule, command))
                })
            },
            |ndr, (id, schedule, command)| {
                let command = ndr.referent(command, |ndr| ndr.wide_string("Command"))?;
                Ok(fields([
                    ("job_id", id.value()),
                    ("command", command.map(Value::Text)),
                    ("time_ms", schedule.time_ms.value()),
                ]))
            },
        )?;
    }
    ndr.u32("pTotalEntries")?;
    ndr.unique("pResumeHandle", |ndr| ndr.u32("pResumeHandle"))?;
    reply::status(ndr, call, request)
}

fn info(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let info = ndr.pointer("ppAtInfo")?;
    ndr.referent(info, |ndr| at_info(ndr, call))?;
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    #[test]
    fn a_job_tells_its_command_and_time() {
        let decoded = request(0, |stub| {
            stub.pointer().wide("\\\\DC").align_pointer();
            stub.count(3_600_000).u32(0).u8(0).u8(8).pointer().wide("cmd /c x");
        })
        .arguments;
        assert_eq!((decoded.text("machine"), decoded.text("command")), (Some("\\\\DC"), Some("cmd /c x")));
        assert_eq!((decoded.number("time_ms"), decoded.number("flags")), (Some(3_600_000), Some(8)));
        let reply = response(0, |stub| _ = stub.u32(7).u32(0)).arguments;
        assert_eq!((reply.number("job_id"), reply.number("status")), (Some(7), Some(0)));
    }

    #[test]
    fn listed_jobs_tell_their_commands() {
        let decoded = response(2, |stub| {
            stub.align_pointer().u32(2).pointer().count(2);
            for id in [1, 2] {
                stub.align_pointer().u32(id).count(5).u32(0).u8(0).u8(0).pointer().end_structure(8);
            }
            stub.wide("a.exe").wide("b.exe").u32(2).null().u32(0);
        })
        .arguments;
        let Some(Value::List(jobs)) = decoded.get("jobs") else { panic!("a list") };
        let Some(Value::Fields(second)) = jobs.values.get(1) else { panic!("two jobs") };
        assert_eq!(second.first(), Some(&("job_id".into(), Value::Number(2))));
        assert_eq!(decoded.number("status"), Some(0));
    }

    #[test]
    fn deleted_jobs_are_a_range() {
        let decoded = request(1, |stub| _ = stub.null().u32(3).u32(9)).arguments;
        assert_eq!((decoded.number("job_id"), decoded.number("last_job_id")), (Some(3), Some(9)));
    }

    #[test]
    fn a_queried_job_tells_its_command() {
        let decoded = response(3, |stub| {
            stub.pointer().count(5).u32(0).u8(1).u8(0).pointer().wide("a.exe").u32(0);
        })
        .arguments;
        assert_eq!((decoded.text("command"), decoded.number("days_of_week")), (Some("a.exe"), Some(1)));
    }
}
