//! Tests on recorded and on made stubs.

use super::super::encoder::{self, Encoder};
use super::super::{Operation, Stub, Syntax};
use super::*;
use crate::ByteOrder;
use crate::dcom::samples;
use rpcscope_model::{List, Opnum};

fn operation(opnum: u16) -> &'static Operation {
    INTERFACE.operation(Opnum(opnum)).expect("an operation that is decoded")
}

fn stub(bytes: &[u8]) -> Stub<'_> {
    Stub { bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true }
}

fn this(stub: &mut Encoder) -> &mut Encoder {
    stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0)
}

fn bstr<'e>(stub: &'e mut Encoder, text: &str) -> &'e mut Encoder {
    let units = text.encode_utf16().count();
    let count = u32::try_from(units).expect("short");
    stub.pointer().count(units).u32(count * 2).u32(count).wide_units(text)
}

/// The first object of a recorded stub, as an interface pointer.
fn interface_pointer(stub: &mut Encoder, objref: &[u8]) {
    let length = u32::try_from(objref.len()).expect("short");
    stub.pointer().count(objref.len()).u32(length).raw(objref);
}

/// The reference that a recorded stub carries; its length stands before it.
fn recorded_objref(sample: &str) -> Vec<u8> {
    let bytes = samples::bytes(sample);
    let at = bytes.windows(4).position(|window| window == b"MEOW").expect("a reference");
    let length = u32::from_le_bytes(bytes[at - 4..at].try_into().expect("4 bytes"));
    bytes[at..at + usize::try_from(length).expect("short")].to_vec()
}

#[test]
fn a_method_call_names_object_method_and_command_line() {
    let bytes = samples::bytes(samples::EXEC_METHOD_REQUEST);
    let call = operation(24).decode_request(stub(&bytes)).expect("a decoder");
    assert_eq!(call.arguments.stopped, None);
    assert_eq!(call.arguments.text("object_path"), Some("Win32_Process"));
    assert_eq!(call.arguments.text("method"), Some("Create"));
    assert_eq!(call.arguments.text("command_line"), Some(r"cmd.exe /c whoami > C:\lab.txt"));
    assert_eq!(call.arguments.text("current_directory"), Some(r"C:\"));
}

#[test]
fn a_method_call_over_any_encoding_gives_the_same() {
    let objref = recorded_objref(samples::EXEC_METHOD_REQUEST);
    let call = encoder::request(operation(25), |stub| {
        bstr(bstr(this(stub), "Win32_Process"), "Create").u32(0).null();
        interface_pointer(stub, &objref);
        stub.null();
    });
    assert_eq!(call.arguments.text("command_line"), Some(r"cmd.exe /c whoami > C:\lab.txt"));
}

#[test]
fn the_result_of_a_method_is_told() {
    let bytes = samples::bytes(samples::EXEC_METHOD_REPLY);
    let call = operation(24).decode_response(stub(&bytes), None).expect("a decoder");
    assert_eq!(call.arguments.stopped, None);
    let Some(Value::Fields(results)) = call.arguments.get("results") else { panic!("results") };
    let results: Vec<_> = results.iter().map(|(name, value)| (name.as_ref(), value.clone())).collect();
    assert_eq!(results, [("ProcessId", Value::Number(4242)), ("ReturnValue", Value::Number(0))]);
    assert_eq!(call.arguments.number("status"), Some(0));
}

#[test]
fn a_query_is_told_and_its_enumerator_is_about_it() {
    let bytes = samples::bytes(samples::EXEC_QUERY_REQUEST);
    let call = operation(20).decode_request(stub(&bytes)).expect("a decoder");
    assert_eq!(call.arguments.stopped, None);
    assert_eq!(call.arguments.text("language"), Some("WQL"));
    assert_eq!(call.arguments.text("query"), Some("select * from Win32_Process"));
    let about = call.objects.and_then(|objects| objects.about);
    assert_eq!(
        about.map(|(field, text)| (field, text.string)),
        Some(("query", "select * from Win32_Process".into()))
    );
}

#[test]
fn an_object_that_is_fetched_names_its_class() {
    let bytes = samples::bytes(samples::GET_OBJECT_REQUEST);
    let call = operation(6).decode_request(stub(&bytes)).expect("a decoder");
    assert_eq!((call.arguments.stopped, call.arguments.text("object_path")), (None, Some("Win32_Process")));
    let bytes = samples::bytes(samples::GET_OBJECT_REPLY);
    let call = operation(6).decode_response(stub(&bytes), None).expect("a decoder");
    assert_eq!((call.arguments.stopped, call.arguments.text("class")), (None, Some("Win32_Process")));
}

#[test]
fn an_instance_that_is_written_names_class_keys_and_properties() {
    let objref = recorded_objref(samples::NEXT_REPLY);
    let call = encoder::request(operation(14), |stub| {
        this(stub);
        interface_pointer(stub, &objref);
        stub.u32(2).null().null();
    });
    assert_eq!(call.arguments.text("class"), Some("Win32_Process"));
    assert_eq!(call.arguments.text("namespace"), Some(r"root\cimv2"));
    let keys = List { values: vec![Value::Text(Text::whole("Handle"))], omitted: 0 };
    assert_eq!(call.arguments.get("keys"), Some(&Value::List(keys)));
    assert_eq!(call.arguments.text("name"), Some("lsass.exe"));
    assert_eq!(call.arguments.number("flags"), Some(2));
}

#[test]
fn a_class_that_is_written_names_its_methods() {
    let objref = recorded_objref(samples::GET_OBJECT_REPLY);
    let call = encoder::request(operation(8), |stub| {
        this(stub);
        interface_pointer(stub, &objref);
        stub.u32(0).null().null();
    });
    assert_eq!(call.arguments.text("class"), Some("Win32_Process"));
    let methods = List { values: vec![Value::Text(Text::whole("Create"))], omitted: 0 };
    assert_eq!(call.arguments.get("methods"), Some(&Value::List(methods)));
}

#[test]
fn deletions_and_enumerations_name_what_they_are_about() {
    let call = encoder::request(operation(16), |stub| {
        bstr(this(stub), r#"__EventFilter.Name="x""#).u32(0).null().null();
    });
    assert_eq!(call.arguments.text("object_path"), Some(r#"__EventFilter.Name="x""#));
    let call = encoder::request(operation(18), |stub| {
        bstr(this(stub), "Win32_Service").u32(0x30).null();
    });
    assert_eq!(
        (call.arguments.text("class"), call.arguments.number("flags")),
        (Some("Win32_Service"), Some(0x30))
    );
    let call = encoder::request(operation(3), |stub| {
        bstr(this(stub), r"root\subscription").u32(0).null().null().null();
    });
    assert_eq!(call.arguments.text("namespace"), Some(r"root\subscription"));
}

#[test]
fn recorded_stubs_that_are_cut_bring_no_decoder_down() {
    let samples = [
        (24, samples::EXEC_METHOD_REQUEST),
        (24, samples::EXEC_METHOD_REPLY),
        (20, samples::EXEC_QUERY_REQUEST),
        (6, samples::GET_OBJECT_REPLY),
    ];
    for (opnum, sample) in samples {
        let bytes = samples::bytes(sample);
        for end in 0..bytes.len() {
            let cut = Stub { complete: false, ..stub(&bytes[..end]) };
            let request = operation(opnum).decode_request(cut).expect("a decoder");
            operation(opnum).decode_response(cut, Some(&request)).expect("a decoder");
        }
    }
}
