//! IRemoteWinspool, the print spooler with asynchronous operations ([MS-PAR] 3.1.4).

use super::operation::{Interface, Operation};
use super::{Decoded, print, reply, unc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x76f03f96_cdfd_44fc_a22c_64950a001209),
    name: "IRemoteWinspool",
    operations: &[
        Operation::new(0, "RpcAsyncOpenPrinter", print::OPEN)
            .request(print::open_with_client)
            .response(reply::handle_and_status),
        Operation::new(1, "RpcAsyncAddPrinter", print::PRINTER)
            .request(print::add_printer_with_client)
            .response(reply::handle_and_status),
        Operation::new(7, "RpcAsyncDeletePrinter", print::ON_PRINTER)
            .request(print::on_printer)
            .response(reply::status),
        Operation::new(8, "RpcAsyncSetPrinter", print::PRINTER)
            .request(print::set_printer)
            .response(reply::status),
        Operation::new(9, "RpcAsyncGetPrinter", print::ON_PRINTER)
            .request(print::on_printer)
            .response(reply::status_at_end),
        Operation::new(10, "RpcAsyncStartDocPrinter", print::DOCUMENT)
            .request(print::start_document)
            .response(print::started_document),
        Operation::new(16, "RpcAsyncGetPrinterData", print::DATA)
            .request(print::value)
            .response(reply::status_at_end),
        Operation::new(17, "RpcAsyncGetPrinterDataEx", print::DATA)
            .request(print::key_and_value)
            .response(reply::status_at_end),
        Operation::new(18, "RpcAsyncSetPrinterData", print::DATA)
            .request(print::set_value)
            .response(reply::status),
        Operation::new(19, "RpcAsyncSetPrinterDataEx", print::DATA)
            .request(print::set_key_and_value)
            .response(reply::status),
        Operation::new(20, "RpcAsyncClosePrinter", print::ON_PRINTER)
            .request(print::close)
            .response(reply::handle_and_status),
        Operation::new(33, "RpcAsyncXcvData", print::TRANSCEIVE)
            .request(print::transceive)
            .response(reply::status_at_end),
        Operation::new(38, "RpcAsyncEnumPrinters", print::ENUMERATION)
            .request(print::enumerate_printers)
            .response(reply::status_at_end),
        Operation::new(39, "RpcAsyncAddPrinterDriver", print::DRIVER)
            .request(print::add_driver_with_flags)
            .response(reply::status),
        Operation::new(40, "RpcAsyncEnumPrinterDrivers", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(41, "RpcAsyncGetPrinterDriverDirectory", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(42, "RpcAsyncDeletePrinterDriver", print::DELETION)
            .request(print::delete_driver)
            .response(reply::status),
        Operation::new(43, "RpcAsyncDeletePrinterDriverEx", print::DELETION)
            .request(print::delete_driver_with_flags)
            .response(reply::status),
        Operation::new(44, "RpcAsyncAddPrintProcessor", print::PROCESSOR)
            .request(print::add_processor)
            .response(reply::status),
        Operation::new(45, "RpcAsyncEnumPrintProcessors", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(46, "RpcAsyncGetPrintProcessorDirectory", print::ENUMERATION)
            .request(print::enumerate_for_environment)
            .response(reply::status_at_end),
        Operation::new(47, "RpcAsyncEnumPorts", print::ENUMERATION)
            .request(print::enumerate)
            .response(reply::status_at_end),
        Operation::new(48, "RpcAsyncEnumMonitors", print::ENUMERATION)
            .request(print::enumerate)
            .response(reply::status_at_end),
        Operation::new(49, "RpcAsyncAddPort", print::PORT).request(print::add_port).response(reply::status),
        Operation::new(51, "RpcAsyncAddMonitor", print::MONITOR)
            .request(print::add_monitor)
            .response(reply::status),
        Operation::new(52, "RpcAsyncDeleteMonitor", print::MONITOR)
            .request(print::delete_monitor)
            .response(reply::status),
        Operation::new(53, "RpcAsyncDeletePrintProcessor", print::PROCESSOR)
            .request(print::delete_processor)
            .response(reply::status),
        Operation::new(55, "RpcAsyncAddPerMachineConnection", print::CONNECTION)
            .request(print::add_connection)
            .response(reply::status),
        Operation::new(56, "RpcAsyncDeletePerMachineConnection", print::CONNECTION)
            .request(print::delete_connection)
            .response(reply::status),
        Operation::new(
            62,
            "RpcAsyncInstallPrinterDriverFromPackage",
            &["machine", "inf_file", "driver", "environment", "flags", "coerced_to", "status"],
        )
        .request(install_package)
        .response(reply::status),
        Operation::new(
            63,
            "RpcAsyncUploadPrinterDriverPackage",
            &["machine", "inf_file", "environment", "flags", "coerced_to", "status"],
        )
        .request(upload_package)
        .response(reply::status_at_end),
        Operation::new(
            67,
            "RpcAsyncDeletePrinterDriverPackage",
            &["machine", "inf_file", "environment", "status"],
        )
        .request(delete_package)
        .response(reply::status),
    ],
};

fn install_package(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    print::machine(ndr, call)?;
    let file = print::unique_text(ndr, "pszInfPath")?;
    unc::put_first_host(call, &file);
    call.put("inf_file", file);
    call.put("driver", ndr.wide_string("pszDriverName")?);
    call.put("environment", ndr.wide_string("pszEnvironment")?);
    call.put("flags", ndr.u32("dwFlags")?);
    Ok(())
}

fn upload_package(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    delete_package(ndr, call)?;
    let file = print::told(call, "inf_file");
    unc::put_first_host(call, &file);
    call.put("flags", ndr.u32("dwFlags")?);
    Ok(())
}

fn delete_package(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    print::machine(ndr, call)?;
    call.put("inf_file", ndr.wide_string("pszInfPath")?);
    call.put("environment", ndr.wide_string("pszEnvironment")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
        decoded.arguments.text(name)
    }

    #[test]
    fn a_package_is_installed_from_its_file() {
        let decoded = request(62, |stub| {
            stub.null().pointer().wide("\\\\h\\s\\x.inf").wide("Printer").wide("Windows x64").u32(0);
        });
        assert_eq!((text(&decoded, "driver"), text(&decoded, "coerced_to")), (Some("Printer"), Some("h")));
    }

    #[test]
    fn an_uploaded_package_names_its_file() {
        let decoded = request(63, |stub| {
            stub.pointer()
                .wide("\\\\PS")
                .wide("\\\\PS\\print$\\{1}\\x.inf")
                .wide("Windows x64")
                .u32(4)
                .null()
                .u32(0);
        });
        assert_eq!(text(&decoded, "inf_file"), Some("\\\\PS\\print$\\{1}\\x.inf"));
        assert_eq!((text(&decoded, "coerced_to"), decoded.arguments.number("flags")), (Some("PS"), Some(4)));
    }

    #[test]
    fn a_driver_from_another_host_is_told() {
        let decoded = request(39, |stub| {
            stub.pointer().wide("\\\\PS").align_pointer().u32(2).align_pointer().u32(2).pointer();
            stub.align_pointer().u32(3).pointer().pointer().pointer().pointer().pointer();
            stub.wide("d")
                .wide("Windows x64")
                .wide("C:\\a.dll")
                .wide("C:\\b.dll")
                .wide("\\\\h\\c.dll")
                .u32(0x8014);
        });
        assert_eq!(
            (text(&decoded, "config_file"), text(&decoded, "coerced_to")),
            (Some("\\\\h\\c.dll"), Some("h"))
        );
    }

    #[test]
    fn the_client_of_an_opened_printer_is_told() {
        let decoded = request(0, |stub| {
            stub.pointer().wide("\\\\PS").null().align_pointer().u32(0).null().u32(1);
            stub.align_pointer().u32(3).align_pointer().u32(3).pointer().align(8).u32(0).u32(0);
            stub.align_pointer()
                .u32(0)
                .pointer()
                .null()
                .u32(19041)
                .u32(10)
                .u32(0)
                .u16(9)
                .u64(0)
                .wide("\\\\WS1");
        });
        assert_eq!(text(&decoded, "client_machine"), Some("\\\\WS1"));
        assert_eq!(decoded.arguments.number("client_build"), Some(19041));
    }
}
