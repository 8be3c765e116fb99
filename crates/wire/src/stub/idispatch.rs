//! IDispatch: members of objects, called by name ([MS-OAUT] 3.1.4).

use super::operation::{Interface, Operation};
use super::{Decoded, activation, orpc, variant};
use crate::ByteOrder;
use crate::ndr::Ndr;
use rpcscope_model::{Arguments, List, Stopped, Text, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x00020400_0000_0000_c000_000000000046),
    name: "IDispatch",
    operations: &[
        Operation::new(5, "GetIDsOfNames", &["member", "parameter_names", "member_ids", "status"])
            .request(get_ids_of_names)
            .response(ids_of_names),
        Operation::new(
            6,
            "Invoke",
            &["member", "member_id", "access", "arguments", "command_line", "status"],
        )
        .request(invoke)
        .response(orpc::references_and_status),
    ],
};

/// Name of a member, and of some of its parameters.
fn get_ids_of_names(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    ndr.uuid("riid")?;
    let count = ndr.count("rgszNames")?;
    let pointers = ndr.elements("rgszNames", count, |ndr| ndr.pointer("rgszNames"))?.items;
    let mut names = pointers.into_iter().map(|pointer| {
        ndr.referent(pointer, |ndr| ndr.wide_string("rgszNames")).map(Option::unwrap_or_default)
    });
    if let Some(member) = names.next().transpose()? {
        call.put("member", member);
    }
    activation::put_list(call, "parameter_names", names.map_while(Result::ok));
    Ok(())
}

fn ids_of_names(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let count = ndr.count("rgDispId")?;
    let ids = ndr.elements("rgDispId", count, |ndr| ndr.u32("rgDispId"))?.items;
    activation::put_list(call, "member_ids", ids.iter().copied());
    let status = ndr.u32("return value")?;
    call.put_status(status);
    let member = request.and_then(|request| request.arguments.get("member"));
    if let (Some(Value::Text(member)), Some(id), 0) = (member, ids.first(), status) {
        call.objects_mut().members = vec![(*id, member.clone())];
    }
    Ok(())
}

/// Which member is called, how, and with what; the first argument is the last one on the wire ([MS-OAUT] 2.2.33).
fn invoke(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("member_id", ndr.u32("dispIdMember")?);
    ndr.uuid("riid")?;
    ndr.u32("lcid")?;
    call.put("access", super::argument::symbol(ndr.u32("dwFlags")?, ACCESSES));
    if ndr.order() == ByteOrder::Big {
        return Err(ndr.unsupported("pDispParams"));
    }
    let arguments = ndr.pointer("rgvarg")?;
    let named = ndr.pointer("rgdispidNamedArgs")?;
    ndr.u32("cArgs")?;
    ndr.u32("cNamedArgs")?;
    let mut values = Vec::new();
    let result = ndr.referent(arguments, |ndr| variants(ndr, &mut values));
    values.reverse();
    put_arguments(call, values);
    result?;
    ndr.referent(named, |ndr| {
        let count = ndr.count("rgdispidNamedArgs")?;
        ndr.run("rgdispidNamedArgs", count, 4)
    })?;
    orpc::references(ndr, call)
}

/// A conformant array of VARIANT: pointers, then what they point to. What was read stays when one cannot be read.
fn variants(ndr: &mut Ndr<'_>, values: &mut Vec<Option<Value>>) -> Result<(), Stopped> {
    let count = ndr.count("rgvarg")?;
    let pointers = ndr.elements("rgvarg", count, |ndr| ndr.pointer("rgvarg"))?;
    for pointer in pointers.items {
        values.push(ndr.referent(pointer, variant::referent)?.flatten());
    }
    if pointers.omitted == 0 { Ok(()) } else { Err(ndr.limit("rgvarg")) }
}

/// Arguments by their place; one that is left out is empty.
fn put_arguments(call: &mut Decoded, values: Vec<Option<Value>>) {
    let mut list = List::default();
    let empty = || Value::Text(Text::default());
    values.into_iter().for_each(|value| list.push(value.unwrap_or_else(empty)));
    if !list.values.is_empty() {
        call.put("arguments", list);
    }
}

/// The command line that a call of a member runs, for members that run one. Which member a call is about only an earlier
/// `GetIDsOfNames` on the same object says.
pub fn command_line(member: &str, arguments: &Arguments) -> Option<Text> {
    let (_, places) = RUNNING_MEMBERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(member))?;
    let Value::List(list) = arguments.get("arguments")? else { return None };
    let mut line = Text::default();
    for place in *places {
        let Some(Value::Text(part)) = list.values.get(*place) else { continue };
        if !line.string.is_empty() && !part.string.is_empty() {
            line.string.push(' ');
        }
        line.string.push_str(&part.string);
        line.cut |= part.cut;
    }
    (!line.string.is_empty()).then_some(line)
}

/// Members that run a command, and which of their arguments, in order, make up its line: of MMC20.Application, of
/// ShellWindows and ShellBrowserWindow, of Excel, and of WScript.Shell.
const RUNNING_MEMBERS: &[(&str, &[usize])] = &[
    ("ExecuteShellCommand", &[0, 2]),
    ("ShellExecute", &[0, 1]),
    ("DDEInitiate", &[0, 1]),
    ("Exec", &[0]),
    ("Run", &[0]),
];

/// What is done to the member ([MS-OAUT] 3.1.4.4). Clients that do not care combine the first two.
const ACCESSES: &[(u32, &str)] =
    &[(1, "call"), (2, "get"), (3, "call_or_get"), (4, "put"), (8, "put_reference")];

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::super::{Stub, Syntax};
    use super::*;
    use crate::dcom::samples;

    fn stub(bytes: &[u8]) -> Stub<'_> {
        Stub { bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true }
    }

    fn texts(call: &Decoded) -> Vec<String> {
        let Some(Value::List(list)) = call.arguments.get("arguments") else { return Vec::new() };
        let text = |value: &Value| match value {
            Value::Text(text) => text.string.clone(),
            value => format!("{value:?}"),
        };
        list.values.iter().map(text).collect()
    }

    fn this(stub: &mut Encoder) -> &mut Encoder {
        stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0)
    }

    #[test]
    fn a_shell_command_is_told_with_its_arguments_in_order() {
        let bytes = samples::bytes(samples::INVOKE_EXECUTE_SHELL_COMMAND_REQUEST);
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(call.arguments.number("member_id"), Some(0x6002_0003));
        assert_eq!(call.arguments.text("access"), Some("call"));
        assert_eq!(texts(&call), ["cmd.exe", r"C:\windows\system32", r"/c whoami > C:\lab.txt", "7"]);
    }

    #[test]
    fn a_command_line_is_put_together_from_the_arguments() {
        let bytes = samples::bytes(samples::INVOKE_EXECUTE_SHELL_COMMAND_REQUEST);
        let mmc = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder").arguments;
        let bytes = samples::bytes(samples::INVOKE_SHELL_EXECUTE_REQUEST);
        let shell = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder").arguments;
        let expected = Some(Text::whole(r"cmd.exe /c whoami > C:\lab.txt"));
        assert_eq!(command_line("ExecuteShellCommand", &mmc), expected);
        assert_eq!(command_line("shellexecute", &shell), expected);
        assert_eq!(command_line("Quit", &mmc), None);
        assert_eq!(command_line("Run", &Arguments::default()), None);
    }

    #[test]
    fn an_empty_argument_keeps_its_place() {
        let bytes = samples::bytes(samples::INVOKE_SHELL_EXECUTE_REQUEST);
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(texts(&call), ["cmd.exe", r"/c whoami > C:\lab.txt", r"C:\windows\system32", "", "0"]);
    }

    #[test]
    fn the_number_of_a_member_is_learned_with_its_name() {
        let bytes = samples::bytes(samples::GET_IDS_OF_NAMES_REQUEST);
        let request = INTERFACE.operations[0].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(request.arguments.text("member"), Some("ExecuteShellCommand"));
        let bytes = samples::bytes(samples::GET_IDS_OF_NAMES_REPLY);
        let call = INTERFACE.operations[0].decode_response(stub(&bytes), Some(&request)).expect("a decoder");
        assert_eq!((request.arguments.stopped, call.arguments.stopped), (None, None));
        let members = call.objects.expect("a member").members;
        assert_eq!(members, [(0x6002_0003, Text::whole("ExecuteShellCommand"))]);
        let blind = INTERFACE.operations[0].decode_response(stub(&bytes), None).expect("a decoder");
        assert_eq!(blind.objects, None);
    }

    #[test]
    fn names_of_parameters_follow_the_member() {
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            this(stub).uuid(Uuid::nil()).count(2).pointer().pointer().wide("Run");
            stub.align_pointer().wide("Macro").u32(2).u32(0x409);
        });
        assert_eq!(call.arguments.text("member"), Some("Run"));
        let names = List { values: vec![Value::Text(Text::whole("Macro"))], omitted: 0 };
        assert_eq!(call.arguments.get("parameter_names"), Some(&Value::List(names)));
    }

    #[test]
    fn a_result_that_is_an_object_is_learned() {
        let bytes = samples::bytes(samples::INVOKE_REPLY);
        let call = INTERFACE.operations[1].decode_response(stub(&bytes), None).expect("a decoder");
        assert_eq!((call.arguments.stopped, call.arguments.number("status")), (None, Some(0)));
        let references = call.objects.expect("a reference").references;
        assert_eq!(references.len(), 1);
        assert_eq!(references[0].iid, INTERFACE.uuid);
    }

    /// A request with one argument in little-endian NDR.
    fn invoked_with(kind: u16, arm: &[u8]) -> Decoded {
        let mut bytes = vec![5, 0, 7, 0];
        bytes.resize(32, 0);
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([0; 16 + 4]);
        bytes.extend([1_u32, 0x20000, 0, 1, 0, 1, 0x20004, 0].map(u32::to_le_bytes).concat());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes.extend([4_u32, 0].map(u32::to_le_bytes).concat());
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(u32::from(kind).to_le_bytes());
        bytes.extend(arm);
        INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder")
    }

    #[test]
    fn simple_values_are_told_by_their_type() {
        let value = |kind, arm: &[u8]| match invoked_with(kind, arm).arguments.get("arguments") {
            Some(Value::List(list)) => list.values.first().cloned(),
            _ => None,
        };
        assert_eq!(value(2, &[0xff, 0xff]), Some(Value::Signed(-1)));
        assert_eq!(value(3, &[7, 0, 0, 0]), Some(Value::Signed(7)));
        assert_eq!(value(11, &[0xff, 0xff]), Some(Value::Flag(true)));
        assert_eq!(value(17, &[9]), Some(Value::Number(9)));
        assert_eq!(
            value(5, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
            Some(Value::Text(Text::whole("1.5")))
        );
        assert_eq!(value(10, &[4, 0, 2, 0x80]), Some(Value::Status(0x8002_0004)));
        assert_eq!(value(0x4003, &[1, 0, 0, 0, 8, 0, 0, 0]), Some(Value::Signed(8)));
        assert_eq!(value(0, &[]), Some(Value::Text(Text::default())));
    }

    #[test]
    fn a_value_that_is_not_decoded_says_so() {
        let call = invoked_with(0x2008, &[1, 0, 0, 0]);
        assert_eq!(call.arguments.stopped.map(|stopped| stopped.reason.name()), Some("unsupported"));
        assert_eq!(call.arguments.number("member_id"), Some(1));
    }
}
