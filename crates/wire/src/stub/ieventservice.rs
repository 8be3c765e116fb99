//! IEventService, event logs since Windows Vista ([MS-EVEN6] 3.1.4, 6).

use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xf6beaff7_1e19_4fbb_9f8f_b89e2018337c),
    name: "IEventService",
    operations: &[
        Operation::new(0, "EvtRpcRegisterRemoteSubscription", QUERY).request(subscribe).response(opened),
        Operation::new(4, "EvtRpcRegisterControllableOperation", &["status"])
            .response(reply::handle_and_status),
        Operation::new(5, "EvtRpcRegisterLogQuery", QUERY).request(query).response(opened),
        Operation::new(6, "EvtRpcClearLog", &["log", "file", "coerced_to", "flags", "status"])
            .request(clear)
            .response(reply::status_at_end),
        Operation::new(7, "EvtRpcExportLog", &["log", "query", "file", "coerced_to", "flags", "status"])
            .request(export)
            .response(reply::status_at_end),
        Operation::new(8, "EvtRpcLocalizeExportLog", &["file", "coerced_to", "flags", "status"])
            .request(localize)
            .response(reply::status_at_end),
        Operation::new(11, "EvtRpcQueryNext", &["log", "query", "records", "status"])
            .request(next)
            .response(reply::status_at_end),
        Operation::new(13, "EvtRpcClose", &["log", "query", "status"])
            .request(close)
            .response(reply::handle_and_status),
        Operation::new(15, "EvtRpcAssertConfig", &["log", "flags", "status"])
            .request(log)
            .response(reply::status),
        Operation::new(16, "EvtRpcRetractConfig", &["log", "flags", "status"])
            .request(log)
            .response(reply::status),
        Operation::new(17, "EvtRpcOpenLogHandle", &["log", "flags", "status"]).request(open).response(opened),
        Operation::new(18, "EvtRpcGetLogFileInfo", &["log", "property", "status"])
            .request(file_info)
            .response(reply::status_at_end),
        Operation::new(20, "EvtRpcGetChannelConfig", &["log", "flags", "status"])
            .request(log)
            .response(reply::status_at_end),
        Operation::new(21, "EvtRpcPutChannelConfig", &["log", "flags", "status"])
            .request(log)
            .response(reply::status_at_end),
        Operation::new(24, "EvtRpcGetPublisherMetadata", &["publisher", "file", "coerced_to", "status"])
            .request(publisher)
            .response(reply::status_at_end),
    ],
};

const QUERY: &[&str] = &["log", "query", "flags", "status"];

fn subscribe(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let path = ndr.unique("channelPath", |ndr| ndr.wide_string("channelPath"))?;
    call.opens_as("log", path);
    call.put("query", ndr.wide_string("query")?);
    ndr.unique("bookmarkXml", |ndr| ndr.wide("bookmarkXml"))?;
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn query(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let path = ndr.unique("path", |ndr| ndr.wide_string("path"))?;
    call.opens_as("log", path);
    call.put("query", ndr.wide_string("query")?);
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

/// The handle of a query, subscription or log; what follows differs, and the status ends it.
fn opened(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    let handle = ndr.context_handle("handle")?;
    call.opens(handle);
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

fn clear(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("control")?);
    call.put("log", ndr.wide_string("channelPath")?);
    call.put_path("file", ndr.unique("backupPath", |ndr| ndr.wide_string("backupPath"))?);
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn export(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("control")?);
    call.put("log", ndr.unique("channelPath", |ndr| ndr.wide_string("channelPath"))?);
    call.put("query", ndr.wide_string("query")?);
    call.put_path("file", Some(ndr.wide_string("backupPath")?));
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn localize(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("control")?);
    call.put_path("file", Some(ndr.wide_string("logFilePath")?));
    ndr.u32("locale")?;
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn next(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("logQuery")?);
    call.put("records", ndr.u32("numRequestedRecords")?);
    Ok(())
}

fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("handle")?);
    Ok(())
}

/// A channel, or a publisher, and flags.
fn log(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("log", ndr.wide_string("channelPath")?);
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let channel = ndr.wide_string("channel")?;
    call.opens_as("log", Some(channel));
    call.put("flags", ndr.u32("flags")?);
    Ok(())
}

fn file_info(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("logHandle")?);
    call.put("property", ndr.u32("propertyId")?);
    Ok(())
}

fn publisher(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("publisher", ndr.unique("publisherId", |ndr| ndr.wide_string("publisherId"))?);
    call.put_path("file", ndr.unique("logFilePath", |ndr| ndr.wide_string("logFilePath"))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Names;
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    #[test]
    fn a_cleared_log_and_its_backup_are_told() {
        let decoded = request(6, |stub| {
            stub.handle(1).wide("Security").pointer().wide("C:\\a.evtx").u32(0);
        })
        .arguments;
        assert_eq!((decoded.text("log"), decoded.text("file")), (Some("Security"), Some("C:\\a.evtx")));
        let decoded = request(6, |stub| _ = stub.handle(1).wide("Security").null().u32(0)).arguments;
        assert_eq!((decoded.text("log"), decoded.text("file")), (Some("Security"), None));
    }

    #[test]
    fn an_export_tells_log_query_and_file() {
        let decoded = request(7, |stub| {
            stub.handle(1).pointer().wide("System").wide("*").wide("\\\\evil\\x").u32(1);
        })
        .arguments;
        assert_eq!((decoded.text("log"), decoded.text("query")), (Some("System"), Some("*")));
        assert_eq!(decoded.text("file"), Some("\\\\evil\\x"));
    }

    #[test]
    fn records_are_read_from_the_log_that_was_queried() {
        let query = request(5, |stub| _ = stub.pointer().wide("Security").wide("*[System]").u32(0x101));
        let operation = INTERFACE.operation(Opnum(5)).expect("a row");
        let reply = encoder::response(operation, Some(&query), |stub| {
            stub.handle(1).handle(2).u32(0).null().u32(0).u32(0).u32(0).u32(0);
        });
        assert!(reply.handles.opened.is_some());
        let names = Names::opened(None, query.handles.naming.as_ref());
        let mut next = request(11, |stub| _ = stub.handle(1).u32(100).u32(0).u32(0));
        next.add_names(Some(&names));
        assert_eq!(
            (next.arguments.text("log"), next.arguments.number("records")),
            (Some("Security"), Some(100))
        );
    }
}
