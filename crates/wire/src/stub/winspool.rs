//! winspool, the print spooler ([MS-RPRN] 3.1.4).

use super::operation::{Interface, Operation};
use super::{Decoded, print, reply, unc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x12345678_1234_abcd_ef00_0123456789ab),
    name: "winspool",
    operations: &[
        Operation::new(0, "RpcEnumPrinters", print::ENUMERATION)
            .request(print::enumerate_printers)
            .response(reply::status_at_end),
        Operation::new(1, "RpcOpenPrinter", print::OPEN)
            .request(print::open)
            .response(reply::handle_and_status),
        Operation::new(5, "RpcAddPrinter", print::PRINTER)
            .request(print::add_printer)
            .response(reply::handle_and_status),
        Operation::new(6, "RpcDeletePrinter", print::ON_PRINTER)
            .request(print::on_printer)
            .response(reply::status),
        Operation::new(7, "RpcSetPrinter", print::PRINTER)
            .request(print::set_printer)
            .response(reply::status),
        Operation::new(8, "RpcGetPrinter", print::ON_PRINTER)
            .request(print::on_printer)
            .response(reply::status_at_end),
        Operation::new(9, "RpcAddPrinterDriver", print::DRIVER)
            .request(print::add_driver)
            .response(reply::status),
        Operation::new(10, "RpcEnumPrinterDrivers", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(12, "RpcGetPrinterDriverDirectory", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(13, "RpcDeletePrinterDriver", print::DELETION)
            .request(print::delete_driver)
            .response(reply::status),
        Operation::new(14, "RpcAddPrintProcessor", print::PROCESSOR)
            .request(print::add_processor)
            .response(reply::status),
        Operation::new(15, "RpcEnumPrintProcessors", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(16, "RpcGetPrintProcessorDirectory", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(17, "RpcStartDocPrinter", print::DOCUMENT)
            .request(print::start_document)
            .response(print::started_document),
        Operation::new(26, "RpcGetPrinterData", print::DATA)
            .request(print::value)
            .response(reply::status_at_end),
        Operation::new(27, "RpcSetPrinterData", print::DATA)
            .request(print::set_value)
            .response(reply::status),
        Operation::new(29, "RpcClosePrinter", print::ON_PRINTER)
            .request(print::close)
            .response(reply::handle_and_status),
        Operation::new(35, "RpcEnumPorts", print::ENUMERATION)
            .request(print::enumerate)
            .response(reply::status_at_end),
        Operation::new(36, "RpcEnumMonitors", print::ENUMERATION)
            .request(print::enumerate)
            .response(reply::status_at_end),
        Operation::new(37, "RpcAddPort", print::PORT).request(add_port).response(reply::status),
        Operation::new(39, "RpcDeletePort", print::PORT).request(delete_port).response(reply::status),
        Operation::new(46, "RpcAddMonitor", print::MONITOR)
            .request(print::add_monitor)
            .response(reply::status),
        Operation::new(47, "RpcDeleteMonitor", print::MONITOR)
            .request(print::delete_monitor)
            .response(reply::status),
        Operation::new(48, "RpcDeletePrintProcessor", print::PROCESSOR)
            .request(print::delete_processor)
            .response(reply::status),
        Operation::new(56, "RpcFindClosePrinterChangeNotification", print::ON_PRINTER)
            .request(print::on_printer)
            .response(reply::status),
        Operation::new(61, "RpcAddPortEx", print::PORT).request(print::add_port).response(reply::status),
        Operation::new(62, "RpcRemoteFindFirstPrinterChangeNotification", NOTIFICATION)
            .request(notify)
            .response(reply::status_at_end),
        Operation::new(65, "RpcRemoteFindFirstPrinterChangeNotificationEx", NOTIFICATION)
            .request(notify)
            .response(reply::status),
        Operation::new(69, "RpcOpenPrinterEx", print::OPEN)
            .request(print::open_with_client)
            .response(reply::handle_and_status),
        Operation::new(70, "RpcAddPrinterEx", print::PRINTER)
            .request(print::add_printer_with_client)
            .response(reply::handle_and_status),
        Operation::new(77, "RpcSetPrinterDataEx", print::DATA)
            .request(print::set_key_and_value)
            .response(reply::status),
        Operation::new(78, "RpcGetPrinterDataEx", print::DATA)
            .request(print::key_and_value)
            .response(reply::status_at_end),
        Operation::new(84, "RpcDeletePrinterDriverEx", print::DELETION)
            .request(print::delete_driver_with_flags)
            .response(reply::status),
        Operation::new(85, "RpcAddPerMachineConnection", print::CONNECTION)
            .request(print::add_connection)
            .response(reply::status),
        Operation::new(86, "RpcDeletePerMachineConnection", print::CONNECTION)
            .request(print::delete_connection)
            .response(reply::status),
        Operation::new(88, "RpcXcvData", print::TRANSCEIVE)
            .request(print::transceive)
            .response(reply::status_at_end),
        Operation::new(89, "RpcAddPrinterDriverEx", print::DRIVER)
            .request(print::add_driver_with_flags)
            .response(reply::status),
    ],
};

const NOTIFICATION: &[&str] = &["printer", "flags", "options", "machine", "coerced_to", "status"];

/// Asks the server to connect to a machine, and to tell it what changes.
fn notify(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    print::on_printer(ndr, call)?;
    call.put("flags", ndr.u32("fdwFlags")?);
    call.put("options", ndr.u32("fdwOptions")?);
    if let Some(machine) = print::unique_text(ndr, "pszLocalMachine")? {
        unc::put_machine(call, &machine);
        call.put("machine", machine);
    }
    Ok(())
}

/// The operation is no longer described; old servers take the parameters of the deletion that follows it.
fn add_port(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_window(ndr, call)?;
    call.put("monitor", ndr.wide_string("pMonitorName")?);
    Ok(())
}

fn delete_port(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine_and_window(ndr, call)?;
    call.put("port", ndr.wide_string("pPortName")?);
    Ok(())
}

fn machine_and_window(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    print::machine(ndr, call)?;
    ndr.pointer_sized("hWnd").map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::super::Names;
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Text, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
        decoded.arguments.text(name)
    }

    /// Level and tag of a container, and the pointer to its structure.
    fn container(stub: &mut Encoder, level: u32) -> &mut Encoder {
        stub.align_pointer().u32(level).align_pointer().u32(level).pointer()
    }

    fn empty_container(stub: &mut Encoder) -> &mut Encoder {
        stub.align_pointer().u32(0).null()
    }

    #[test]
    fn a_notification_sends_the_server_to_a_machine() {
        for opnum in [62, 65] {
            let decoded = request(opnum, |stub| {
                stub.handle(7).u32(0x100).u32(0).pointer().wide("\\\\10.99.0.2").u32(0).null().null();
            });
            assert_eq!(text(&decoded, "coerced_to"), Some("10.99.0.2"));
            assert_eq!(text(&decoded, "machine"), Some("\\\\10.99.0.2"));
        }
    }

    #[test]
    fn an_opened_printer_names_its_handle() {
        let opened = request(69, |stub| {
            empty_container(stub.pointer().wide("\\\\DC1\\PDF").null()).u32(0x0002_0008);
            container(stub, 1).align_pointer().u32(28).pointer().pointer();
            stub.u32(7601).u32(3).u32(0).u16(9).wide("\\\\WS1").wide("eve");
        });
        assert_eq!(
            (text(&opened, "client_machine"), text(&opened, "client_account")),
            (Some("\\\\WS1"), Some("eve"))
        );
        let names = Names::opened(None, opened.handles.naming.as_ref());
        let mut deletion = request(6, |stub| _ = stub.handle(3));
        deletion.add_names(Some(&names));
        assert_eq!(text(&deletion, "printer"), Some("\\\\DC1\\PDF"));
    }

    #[test]
    fn a_driver_from_another_host_is_told() {
        let decoded = request(89, |stub| {
            container(stub.pointer().wide("\\\\DC1"), 2).align_pointer().u32(3);
            stub.pointer().pointer().pointer().pointer().pointer();
            stub.wide("1234").wide("Windows x64").wide("C:\\x\\UNIDRV.DLL").wide("\\\\10.0.0.9\\s\\evil.dll");
            stub.wide("C:\\Windows\\System32\\kernelbase.dll").u32(0x8014);
        });
        assert_eq!(text(&decoded, "driver"), Some("1234"));
        assert_eq!(text(&decoded, "data_file"), Some("\\\\10.0.0.9\\s\\evil.dll"));
        assert_eq!(text(&decoded, "coerced_to"), Some("10.0.0.9"));
        assert_eq!(decoded.arguments.number("flags"), Some(0x8014));
    }

    #[test]
    fn the_largest_level_of_a_driver_is_read_to_its_end() {
        let decoded = request(89, |stub| {
            container(stub.null(), 8).align(8).u32(3).pointer().null().null().null().null();
            stub.null().null().null().u32(6).pointer().align_pointer().u32(0).null();
            stub.u32(0).u32(0).u64(1).pointer().null().null().null();
            stub.null().null().u32(0).null().pointer().u32(1).u32(0).null();
            stub.u32(0).u32(0).u64(0);
            stub.wide("d").count(6).wide_units("a\0\\\\h\0").wide("Contoso").wide("\\\\i\\x.inf").u32(4);
        });
        assert_eq!((text(&decoded, "driver"), text(&decoded, "inf_file")), (Some("d"), Some("\\\\i\\x.inf")));
        assert_eq!(decoded.arguments.number("flags"), Some(4));
        assert_eq!(text(&decoded, "coerced_to"), Some("h"));
        let Some(Value::List(files)) = decoded.arguments.get("dependent_files") else { panic!("a list") };
        assert_eq!(files.values, ["a", "\\\\h"].map(|file| Value::Text(Text::whole(file))));
    }

    #[test]
    fn a_monitor_names_its_library() {
        let decoded = request(46, |stub| {
            container(stub.null(), 2).pointer().null().pointer().wide("m").wide("\\\\h\\m.dll");
        });
        assert_eq!((text(&decoded, "monitor"), text(&decoded, "file")), (Some("m"), Some("\\\\h\\m.dll")));
        assert_eq!(text(&decoded, "coerced_to"), Some("h"));
    }

    #[test]
    fn a_print_processor_names_its_library() {
        let decoded = request(14, |stub| _ = stub.null().wide("Windows x64").wide("p.dll").wide("p"));
        assert_eq!((text(&decoded, "file"), text(&decoded, "print_processor")), (Some("p.dll"), Some("p")));
    }

    #[test]
    fn ports_are_named_in_all_ways_to_add_one() {
        let decoded = request(61, |stub| {
            container(stub.null(), 1).pointer().wide("C:\\x.dll");
            empty_container(stub).wide("Local Port");
        });
        assert_eq!(
            (text(&decoded, "port"), text(&decoded, "monitor")),
            (Some("C:\\x.dll"), Some("Local Port"))
        );
        let decoded = request(88, |stub| {
            let port: Vec<u8> = "C:\\x.dll\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
            stub.handle(1).wide("AddPort").conformant(&port).u32(18).u32(0).u32(0);
        });
        assert_eq!((text(&decoded, "command"), text(&decoded, "port")), (Some("AddPort"), Some("C:\\x.dll")));
        let decoded = request(37, |stub| _ = stub.null().count(0).wide("Local Port"));
        assert_eq!(text(&decoded, "monitor"), Some("Local Port"));
        let decoded = request(39, |stub| _ = stub.null().count(0).wide("p:"));
        assert_eq!(text(&decoded, "port"), Some("p:"));
    }

    #[test]
    fn a_set_printer_tells_what_it_has() {
        let decoded = request(7, |stub| {
            container(stub.handle(1), 2).null().pointer().null().pointer().pointer().null().null().null();
            stub.pointer().null().null().null().null();
            (0..8).for_each(|number| _ = stub.u32(number));
            stub.wide("PDF").wide("C:\\x.exe").wide("drv").wide("\\\\h\\sep");
            empty_container(empty_container(stub)).u32(0);
        });
        assert_eq!((text(&decoded, "printer"), text(&decoded, "port")), (Some("PDF"), Some("C:\\x.exe")));
        assert_eq!(text(&decoded, "separator_file"), Some("\\\\h\\sep"));
        assert_eq!(text(&decoded, "command"), Some("change"));
        for (level, numbers) in [(6, 1), (7, 1)] {
            let decoded = request(7, |stub| {
                container(stub.handle(1), level);
                if level == 7 {
                    stub.null();
                }
                (0..numbers).for_each(|_| _ = stub.u32(1));
                empty_container(empty_container(stub)).u32(1);
            });
            assert_eq!(text(&decoded, "command"), Some("pause"), "level {level}");
        }
    }

    #[test]
    fn a_library_that_clients_copy_is_told() {
        let data: Vec<u8> = "C:\\x.dll\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let decoded = request(77, |stub| {
            stub.handle(1).wide("CopyFiles\\Payload").wide("Module").u32(1).conformant(&data).u32(18);
        });
        assert_eq!(text(&decoded, "key"), Some("CopyFiles\\Payload"));
        assert_eq!(text(&decoded, "data"), Some("C:\\x.dll"));
    }

    #[test]
    fn a_document_names_its_output_file() {
        let decoded = request(17, |stub| {
            container(stub.handle(1), 1).pointer().pointer().null().wide("doc").wide("C:\\x.dll");
        });
        assert_eq!((text(&decoded, "document"), text(&decoded, "file")), (Some("doc"), Some("C:\\x.dll")));
    }

    #[test]
    fn enumerations_tell_what_they_list() {
        let decoded = request(10, |stub| {
            stub.pointer().wide("\\\\DC1").pointer().wide("all").u32(1).null().u32(0);
        });
        assert_eq!(
            (text(&decoded, "machine"), text(&decoded, "environment")),
            (Some("\\\\DC1"), Some("all"))
        );
        let decoded = request(0, |stub| _ = stub.u32(2).null().u32(1).null().u32(0));
        assert_eq!(
            (decoded.arguments.number("flags"), decoded.arguments.number("level")),
            (Some(2), Some(1))
        );
    }

    #[test]
    fn a_connection_for_all_users_names_its_server() {
        let decoded = request(85, |stub| _ = stub.null().wide("\\\\h\\p").wide("\\\\h").wide("win32spl"));
        assert_eq!((text(&decoded, "printer"), text(&decoded, "coerced_to")), (Some("\\\\h\\p"), Some("h")));
    }
}
