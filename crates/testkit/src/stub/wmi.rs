//! Management instrumentation: IWbemLevel1Login and IWbemServices ([MS-WMI] 3.1.4.1, 3.1.4.3).

use super::dcom::interface_pointer;
use super::objref::{custom, oxid};
use super::operation::{interfaces, number, optional, status, text, texts, uuid};
use super::wmio::{Flow, Parameter, instance_of, parameters};
use super::{Argument, Arguments, Ndr, Operation};
use uuid::Uuid;

const LOGIN: Uuid = Uuid::from_u128(0xf309ad18_d86a_11d0_a075_00c04fb68820);
const SERVICES: Uuid = Uuid::from_u128(0x9556dc99_828c_11cf_a37e_00aa003240c7);
/// An object that comes back: nothing, when the status is a failure.
const OBJECT: &[Argument] = &[
    text("oxid", "oxid"),
    text("oid", "oid"),
    interfaces("iids", "IWbemServices"),
    uuid("ipid", "9556dc99-828c-11cf-a37e-00aa003240c7"),
    number("status", "0"),
];

/// The operations of these interfaces.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: LOGIN,
        opnum: 6,
        name: "NTLMLogin",
        arguments: &[optional("namespace", "//./root/cimv2"), optional("locale", "~"), number("flags", "0")],
        results: OBJECT,
        request: |call, ndr| {
            ndr.unique_string(call.optional("namespace")).unique_string(call.optional("locale"));
            ndr.u32(call.number("flags")).null();
        },
        response: object,
    },
    Operation {
        interface: SERVICES,
        opnum: 14,
        name: "PutInstance",
        arguments: &[
            text("class", "CommandLineEventConsumer"),
            texts("properties", "CommandLineTemplate=cmd.exe /c calc, Name=consumer"),
            number("flags", "0"),
        ],
        // No call result.
        results: &[number("status", "0")],
        request: |call, ndr| {
            ndr.pointer();
            let object = instance_of(call.text("class"), &named(call.texts("properties")));
            interface_pointer(ndr, &custom(IID_CLASS_OBJECT, CLASS_OBJECT, &object));
            ndr.u32(call.number("flags")).null().null();
        },
        response: |result, ndr| {
            ndr.null();
            status(result, ndr);
        },
    },
    Operation {
        interface: SERVICES,
        opnum: 20,
        name: "ExecQuery",
        arguments: &[
            text("language", "WQL"),
            text("query", "SELECT * FROM Win32_Process"),
            number("flags", "0x30"),
        ],
        results: &[
            text("oxid", "oxid"),
            text("oid", "enumerator"),
            interfaces("iids", "IEnumWbemClassObject"),
            uuid("ipid", "027947e1-d731-11ce-a357-000000000001"),
            number("status", "0"),
        ],
        request: |call, ndr| {
            ndr.pointer().bstr(call.text("language")).pointer().bstr(call.text("query"));
            ndr.u32(call.number("flags")).null();
        },
        response: object,
    },
    Operation {
        interface: SERVICES,
        opnum: 24,
        name: "ExecMethod",
        arguments: &[
            text("object_path", "Win32_Process"),
            text("method", "Create"),
            number("flags", "0"),
            optional("command_line", "cmd.exe /c calc"),
            optional("current_directory", "~"),
            texts("parameters", ""),
        ],
        results: &[number("return_value", "0"), number("process_id", "4711"), number("status", "0")],
        request: |call, ndr| {
            ndr.pointer().bstr(call.text("object_path")).pointer().bstr(call.text("method"));
            ndr.u32(call.number("flags")).null().pointer();
            interface_pointer(ndr, &class_object(&method_parameters(call), Flow::In));
            // A place for the results, none for a call result.
            ndr.null().null();
        },
        response: |result, ndr| {
            // Results behind two pointers; no call result.
            let failed = result.number("status") >= 0x8000_0000;
            let values = [
                Parameter::number("ProcessId", result.number("process_id")),
                Parameter::number("ReturnValue", result.number("return_value")),
            ];
            ndr.pointer_if(!failed);
            if !failed {
                ndr.pointer();
                interface_pointer(ndr, &class_object(&values, Flow::Out));
            }
            ndr.null();
            status(result, ndr);
        },
    },
];

/// `command_line` and `current_directory` are those of Win32_Process.Create; `parameters` are `Name=value`.
fn method_parameters(call: &Arguments) -> Vec<Parameter> {
    let mut all = named(call.texts("parameters"));
    let create = call.text("method").eq_ignore_ascii_case("Create");
    if create && all.is_empty() {
        all.push(Parameter::text("CommandLine", call.optional("command_line")));
        all.push(Parameter::text("CurrentDirectory", call.optional("current_directory")));
        all.push(Parameter::object("ProcessStartupInformation"));
    }
    sort(&mut all);
    all
}

/// Texts as `Name=value`.
fn named(texts: &[String]) -> Vec<Parameter> {
    let one = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Parameter::text(name.trim(), Some(value))
    };
    let mut all = texts.iter().map(one).collect::<Vec<_>>();
    sort(&mut all);
    all
}

/// Tables of properties are sorted ([MS-WMIO] 2.2.21).
fn sort(all: &mut [Parameter]) {
    all.sort_by(|one, other| one.name.cmp(&other.name));
}

/// IWbemClassObject by value ([MS-WMI] 2.2.4).
fn class_object(values: &[Parameter], flow: Flow) -> Vec<u8> {
    custom(IID_CLASS_OBJECT, CLASS_OBJECT, &parameters(values, flow))
}

fn object(result: &Arguments, ndr: &mut Ndr) {
    let failed = result.number("status") >= 0x8000_0000;
    ndr.pointer_if(!failed);
    if !failed {
        let bindings = super::objref::Bindings::new(&["10.0.0.9".to_owned()]);
        let reference = super::objref::Standard {
            iid: result.uuids("iids").first().copied().unwrap_or_default(),
            oxid: oxid(result.text("oxid")),
            oid: oxid(result.text("oid")),
            ipid: object_id(result.uuid("ipid")),
        };
        interface_pointer(ndr, &reference.objref(&bindings));
    }
    status(result, ndr);
}

/// An interface in the place of an IPID means the object that calls on this interface name.
fn object_id(ipid: Uuid) -> Uuid {
    if rpcscope_catalog::interface(&ipid).is_some() { super::identifier(&ipid.to_string()) } else { ipid }
}

const IID_CLASS_OBJECT: Uuid = Uuid::from_u128(0xdc12a681_737f_11cf_884d_00aa004b2e24);
const CLASS_OBJECT: Uuid = Uuid::from_u128(0x4590f812_1d3a_11d0_891f_00aa004b2e24);
