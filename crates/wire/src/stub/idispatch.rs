//! IDispatch: members of objects, called by name ([MS-OAUT] 3.1.4).

use super::operation::{Interface, Operation};
use super::{Decoded, activation, orpc, variant};
use crate::ByteOrder;
use crate::ndr::{Ndr, Pointer};
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
    let mut names = Vec::new();
    let result = pointers.into_iter().try_for_each(|pointer| {
        let name = ndr.referent(pointer, |ndr| ndr.wide_string("rgszNames"))?;
        names.push(name.unwrap_or_default());
        Ok(())
    });
    let mut names = names.into_iter();
    call.put("member", names.next());
    activation::put_list(call, "parameter_names", names);
    result
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
    call.put("access", super::argument::symbol(ndr.u32("dwFlags")? & ACCESS, ACCESSES));
    if ndr.order() == ByteOrder::Big {
        return Err(ndr.unsupported("pDispParams"));
    }
    let mut values = Vec::new();
    let result = arguments(ndr, &mut values);
    values.reverse();
    put_arguments(call, values);
    result?;
    orpc::references(ndr, call)
}

/// DISPPARAMS, and the arguments that are passed by reference ([MS-OAUT] 3.1.4.4.2). What was read stays when one cannot
/// be read.
fn arguments(ndr: &mut Ndr<'_>, values: &mut Vec<Option<Value>>) -> Result<(), Stopped> {
    let arguments = ndr.pointer("rgvarg")?;
    let named = ndr.pointer("rgdispidNamedArgs")?;
    ndr.u32("cArgs")?;
    ndr.u32("cNamedArgs")?;
    ndr.referent(arguments, |ndr| {
        // The last stand first, so the first to be shown are at the end.
        let is_shown = |at, count: usize| count.saturating_sub(at) <= List::MAX;
        variants(ndr, "rgvarg", |ndr, pointer, at, count| {
            values.push(pointed_to(ndr, pointer, is_shown(at, count))?);
            Ok(())
        })
    })?;
    ndr.referent(named, |ndr| {
        let count = ndr.count("rgdispidNamedArgs")?;
        ndr.run("rgdispidNamedArgs", count, 4)
    })?;
    ndr.u32("cVarRef")?;
    let count = ndr.count("rgVarRefIdx")?;
    let mut places = ndr.elements("rgVarRefIdx", count, |ndr| ndr.u32("rgVarRefIdx"))?.items.into_iter();
    let first_shown = values.len().saturating_sub(List::MAX);
    variants(ndr, "rgVarRef", |ndr, pointer, _, _| {
        // Its place among the arguments is empty.
        let place = places.next().and_then(|place| usize::try_from(place).ok());
        let place = place.filter(|place| *place >= first_shown).and_then(|place| values.get_mut(place));
        match place {
            Some(empty @ None) => *empty = pointed_to(ndr, pointer, true)?,
            _ => _ = pointed_to(ndr, pointer, false)?,
        }
        Ok(())
    })
}

/// A conformant array of VARIANT: pointers, then what they point to, which `each` reads. It is told the place of the
/// pointer and their number.
fn variants(
    ndr: &mut Ndr<'_>,
    field: &'static str,
    mut each: impl FnMut(&mut Ndr<'_>, Pointer, usize, usize) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let count = ndr.count(field)?;
    let pointers = ndr.elements(field, count, |ndr| ndr.pointer(field))?;
    let count = pointers.items.len();
    for (at, pointer) in pointers.items.into_iter().enumerate() {
        each(ndr, pointer, at, count)?;
    }
    if pointers.omitted == 0 { Ok(()) } else { Err(ndr.limit(field)) }
}

/// The value that a pointer to a VARIANT points to; nothing, when it is not wanted.
fn pointed_to(ndr: &mut Ndr<'_>, pointer: Pointer, is_wanted: bool) -> Result<Option<Value>, Stopped> {
    if is_wanted {
        return Ok(ndr.referent(pointer, variant::referent)?.flatten());
    }
    ndr.pass(|ndr| ndr.referent(pointer, variant::referent)).map(|_| None)
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

/// The name of a member that type information gives a fixed number, in objects that the activation of a class leads to.
/// Windows' own clients take numbers from type information and never ask for them by name.
pub fn known_member(activated_class: Uuid, member_id: u32) -> Option<&'static str> {
    let known = KNOWN_MEMBERS.iter().find(|(class, id, _)| *class == activated_class && *id == member_id);
    known.map(|(_, _, name)| *name)
}

/// Members that start something, by activated class and number.
const KNOWN_MEMBERS: &[(Uuid, u32, &str)] = &[
    // MMC20.Application: of Document.ActiveView.
    (Uuid::from_u128(0x49b2791a_b1ae_4c90_9b8e_e860ba07f889), 54, "ExecuteShellCommand"),
    // Excel.Application.
    (Uuid::from_u128(0x00024500_0000_0000_c000_000000000046), 30, "RegisterXLL"),
];

/// The command line that a call of a member runs, for members that run one. Which member a call is about only an earlier
/// `GetIDsOfNames` on the same object says, or [`known_member`].
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

/// Bits of the flags that say what is done to the member; others say which results the client wants.
const ACCESS: u32 = 0xf;
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
            Value::Text(text) => text.string.to_string(),
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
    fn a_member_with_a_fixed_number_is_known_by_its_class() {
        let mmc = Uuid::from_u128(0x49b2791a_b1ae_4c90_9b8e_e860ba07f889);
        assert_eq!(known_member(mmc, 54), Some("ExecuteShellCommand"));
        assert_eq!(known_member(mmc, 3), None);
        assert_eq!(known_member(Uuid::nil(), 54), None);
    }

    #[test]
    fn an_empty_argument_keeps_its_place() {
        let bytes = samples::bytes(samples::INVOKE_SHELL_EXECUTE_REQUEST);
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(texts(&call), ["cmd.exe", r"/c whoami > C:\lab.txt", r"C:\windows\system32", "", "0"]);
    }

    #[test]
    fn of_too_many_arguments_the_first_are_told() {
        // ORPCTHIS, dispIdMember, riid, lcid, dwFlags; pointers and counts; then the arguments, the last one first.
        let mut bytes = vec![5, 0, 7, 0];
        bytes.extend([0; 28]);
        let mut words = vec![3, 0, 0, 0, 0, 0, 1, 1, 0, 70, 0, 70];
        words.extend([1; 70]);
        for number in (0..70_u32).rev() {
            // A VARIANT of type VT_I4.
            words.extend([3, 0, 3, 0, 3, number]);
        }
        words.extend([0; 3]);
        bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        let Some(Value::List(list)) = call.arguments.get("arguments") else { panic!("a list") };
        let first: Vec<Value> = (0..64).map(Value::Signed).collect();
        assert_eq!((&list.values, list.omitted), (&first, 6));
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
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend([0; 12]);
        INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder")
    }

    #[test]
    fn an_argument_by_reference_takes_its_place() {
        let mut bytes = vec![5, 0, 7, 0];
        bytes.resize(32, 0);
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([0; 16 + 4]);
        // Flags with "no result wanted"; two arguments, of which the second on the wire is empty.
        bytes.extend([0x2_0001_u32, 0x20000, 0, 2, 0, 2, 0x20004, 0x20008].map(u32::to_le_bytes).concat());
        for kind_and_arm in [[3_u32, 5].as_slice(), &[0]] {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            bytes.extend([4_u32, 0, kind_and_arm[0], 0].map(u32::to_le_bytes).concat());
            bytes.extend(kind_and_arm.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes.extend([1_u32, 1, 1, 1, 0x2000c].map(u32::to_le_bytes).concat());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        // A variant by reference, which holds a variant with a string.
        bytes.extend([4_u32, 0, 0x400c, 0, 0x400c, 0x20010, 0x20014].map(u32::to_le_bytes).concat());
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes.extend([4_u32, 0, 8, 0, 8, 0x20018, 3, 6, 3].map(u32::to_le_bytes).concat());
        bytes.extend("cmd".encode_utf16().flat_map(u16::to_le_bytes));
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(call.arguments.text("access"), Some("call"));
        let values = vec![Value::Text(Text::whole("cmd")), Value::Signed(5)];
        assert_eq!(call.arguments.get("arguments"), Some(&Value::List(List { values, omitted: 0 })));
    }

    #[test]
    fn simple_values_are_told_by_their_type() {
        let value = |kind, arm: &[u8]| match invoked_with(kind, arm).arguments.get("arguments") {
            Some(Value::List(list)) => list.values.first().cloned(),
            _ => None,
        };
        assert_eq!(invoked_with(2, &[0xff, 0xff]).arguments.stopped, None);
        assert_eq!(value(2, &[0xff, 0xff]), Some(Value::Signed(-1)));
        assert_eq!(value(3, &[7, 0, 0, 0]), Some(Value::Signed(7)));
        assert_eq!(value(11, &[0xff, 0xff]), Some(Value::Flag(true)));
        assert_eq!(value(17, &[9]), Some(Value::Number(9)));
        assert_eq!(
            value(5, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]),
            Some(Value::Text(Text::whole("1.5")))
        );
        assert_eq!(value(5, &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]), Some(Value::Text(Text::whole("5e-324"))));
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
