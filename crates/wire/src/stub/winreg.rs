//! winreg, the registry ([MS-RRP] 3.1.5, 6; shutdowns [MS-RSP] 6.3).
//!
//! What was set is told; what was read is told by name, type and length only, since it may be a secret.

use super::argument::symbol;
use super::operation::{Interface, Operation};
use super::{Decoded, reply, shutdown};
use crate::ByteOrder;
use crate::ndr::{Ndr, Wide};
use rpcscope_model::{Bytes, List, Stopped, Text, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x338cd001_2244_31f1_aaaa_900038001003),
    name: "winreg",
    operations: &[
        Operation::new(0, "OpenClassesRoot", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKCR"))
            .response(reply::handle_and_status),
        Operation::new(1, "OpenCurrentUser", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKCU"))
            .response(reply::handle_and_status),
        Operation::new(2, "OpenLocalMachine", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKLM"))
            .response(reply::handle_and_status),
        Operation::new(3, "OpenPerformanceData", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKPD"))
            .response(reply::handle_and_status),
        Operation::new(4, "OpenUsers", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKU"))
            .response(reply::handle_and_status),
        Operation::new(5, "BaseRegCloseKey", &["key", "status"])
            .request(close)
            .response(reply::handle_and_status),
        Operation::new(
            6,
            "BaseRegCreateKey",
            &["key", "subkey", "class", "options", "access", "created", "status"],
        )
        .request(create_key)
        .response(created_key),
        Operation::new(7, "BaseRegDeleteKey", SUBKEY).request(subkey).response(reply::status),
        Operation::new(8, "BaseRegDeleteValue", &["key", "value", "status"])
            .request(value_name)
            .response(reply::status),
        Operation::new(9, "BaseRegEnumKey", &["key", "index", "name", "status"])
            .request(enumerate)
            .response(enumerated_key),
        Operation::new(10, "BaseRegEnumValue", &["key", "index", "value", "type", "data_bytes", "status"])
            .request(enumerate)
            .response(enumerated_value),
        Operation::new(13, "BaseRegLoadKey", &["key", "subkey", "file", "coerced_to", "status"])
            .request(load_key)
            .response(reply::status),
        Operation::new(15, "BaseRegOpenKey", &["key", "subkey", "options", "access", "status"])
            .request(open_key)
            .response(reply::handle_and_status),
        Operation::new(16, "BaseRegQueryInfoKey", &["key", "status"])
            .request(on_key)
            .response(reply::status_at_end),
        Operation::new(17, "BaseRegQueryValue", &["key", "value", "type", "data_bytes", "status"])
            .request(value_name)
            .response(queried_value),
        Operation::new(
            18,
            "BaseRegReplaceKey",
            &["key", "subkey", "new_file", "old_file", "coerced_to", "status"],
        )
        .request(replace_key)
        .response(reply::status),
        Operation::new(19, "BaseRegRestoreKey", &["key", "file", "coerced_to", "flags", "status"])
            .request(restore_key)
            .response(reply::status),
        Operation::new(20, "BaseRegSaveKey", &["key", "file", "coerced_to", "status"])
            .request(save_key)
            .response(reply::status),
        Operation::new(21, "BaseRegSetKeySecurity", &["key", "security_information", "status"])
            .request(set_security)
            .response(reply::status),
        Operation::new(22, "BaseRegSetValue", &["key", "value", "type", "data", "data_bytes", "status"])
            .request(set_value)
            .response(reply::status),
        Operation::new(23, "BaseRegUnLoadKey", SUBKEY).request(subkey).response(reply::status),
        Operation::new(24, "BaseInitiateSystemShutdown", shutdown::FIELDS)
            .request(shutdown::initiate)
            .response(reply::status),
        Operation::new(25, "BaseAbortSystemShutdown", &["status"])
            .request(shutdown::abort)
            .response(reply::status),
        Operation::new(26, "BaseRegGetVersion", &["key", "version", "status"])
            .request(on_key)
            .response(version),
        Operation::new(27, "OpenCurrentConfig", ROOT)
            .request(|ndr, call| open_root(ndr, call, "HKCC"))
            .response(reply::handle_and_status),
        Operation::new(30, "BaseInitiateSystemShutdownEx", shutdown::FIELDS)
            .request(shutdown::initiate_with_reason)
            .response(reply::status),
        Operation::new(31, "BaseRegSaveKeyEx", &["key", "file", "coerced_to", "flags", "status"])
            .request(save_key_with_flags)
            .response(reply::status),
        Operation::new(35, "BaseRegDeleteKeyEx", &["key", "subkey", "access", "status"])
            .request(delete_key_with_access)
            .response(reply::status),
    ],
};

const ROOT: &[&str] = &["key", "access", "status"];
const SUBKEY: &[&str] = &["key", "subkey", "status"];

fn open_root(ndr: &mut Ndr<'_>, call: &mut Decoded, root: &'static str) -> Result<(), Stopped> {
    call.opens_as("key", Some(Text::whole(root)));
    shutdown::server_name(ndr)?;
    call.put("access", ndr.u32("samDesired")?);
    Ok(())
}

fn on_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hKey")?);
    Ok(())
}

fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("hKey")?);
    Ok(())
}

/// A key below the handle's.
fn subkey(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_key(ndr, call)?;
    let subkey = ndr.unicode_string("lpSubKey")?;
    call.put("subkey", subkey.clone().filter(|subkey| !subkey.string.is_empty()));
    call.opens_under("key", subkey, '\\');
    Ok(())
}

fn create_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    subkey(ndr, call)?;
    let class = ndr.unicode_string("lpClass")?;
    call.put("class", class.filter(|class| !class.string.is_empty()));
    call.put("options", ndr.u32("dwOptions")?);
    call.put("access", ndr.u32("samDesired")?);
    Ok(())
}

fn created_key(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let handle = ndr.context_handle("phkResult")?;
    // 1 created, 2 there was one ([MS-RRP] 3.1.5.7).
    let disposition = ndr.unique("lpdwDisposition", |ndr| ndr.u32("lpdwDisposition"))?;
    call.put("created", disposition.filter(|value| matches!(value, 1 | 2)).map(|value| value == 1));
    call.opens(handle);
    reply::status(ndr, call, request)
}

fn open_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    subkey(ndr, call)?;
    call.put("options", ndr.u32("dwOptions")?);
    call.put("access", ndr.u32("samDesired")?);
    Ok(())
}

fn delete_key_with_access(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    subkey(ndr, call)?;
    call.put("access", ndr.u32("AccessMask")?);
    Ok(())
}

fn load_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    subkey(ndr, call)?;
    call.put_path("file", ndr.unicode_string("lpFile")?);
    Ok(())
}

fn replace_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    subkey(ndr, call)?;
    call.put_path("new_file", ndr.unicode_string("lpNewFile")?);
    call.put_path("old_file", ndr.unicode_string("lpOldFile")?);
    Ok(())
}

fn save_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_key(ndr, call)?;
    call.put_path("file", ndr.unicode_string("lpFile")?);
    Ok(())
}

fn save_key_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    save_key(ndr, call)?;
    let attributes = ndr.pointer("pSecurityAttributes")?;
    if attributes.is_null() {
        call.put("flags", ndr.u32("Flags")?);
    }
    Ok(())
}

fn restore_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    save_key(ndr, call)?;
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn set_security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_key(ndr, call)?;
    call.put("security_information", ndr.u32("SecurityInformation")?);
    Ok(())
}

fn value_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_key(ndr, call)?;
    call.put("value", ndr.unicode_string("lpValueName")?);
    Ok(())
}

fn set_value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    value_name(ndr, call)?;
    let kind = ndr.u32("dwType")?;
    call.put("type", symbol(kind, TYPES));
    let data = ndr.conformant_bytes("lpData")?;
    let name = call.arguments.text("value").unwrap_or_default();
    if !name.to_ascii_lowercase().contains("password") {
        call.put("data", meaning(kind, data));
    }
    call.put("data_bytes", ndr.u32("cbData")?);
    Ok(())
}

fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_key(ndr, call)?;
    call.put("index", ndr.u32("dwIndex")?);
    Ok(())
}

/// The class of the key is not told: with those of four keys, the system's boot key could be put together.
fn enumerated_key(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("name", ndr.unicode_string("lpNameOut")?);
    reply::status_at_end(ndr, call, request)
}

fn enumerated_value(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("value", ndr.unicode_string("lpValueNameOut")?);
    queried_value(ndr, call, request)
}

fn version(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("version", ndr.u32("lpdwVersion")?);
    reply::status(ndr, call, request)
}

/// Type, data and their two lengths.
fn queried_value(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let kind = ndr.unique("lpType", |ndr| ndr.u32("lpType"))?;
    call.put("type", kind.map(|kind| symbol(kind, TYPES)));
    ndr.unique("lpData", |ndr| ndr.conformant_varying_bytes("lpData"))?;
    ndr.unique("lpcbData", |ndr| ndr.u32("lpcbData"))?;
    call.put("data_bytes", ndr.unique("lpcbLen", |ndr| ndr.u32("lpcbLen"))?);
    reply::status(ndr, call, request)
}

/// What the bytes of a value mean ([MS-RRP] 3.1.1.5). They are little-endian whatever the stub is.
fn meaning(kind: u32, data: &[u8]) -> Value {
    let text = |bytes| Wide::counted(bytes, ByteOrder::Little, false).text(Text::MAX_CHARS);
    match (kind, data) {
        (1 | 2 | 6, _) => Value::Text(text(data)),
        (4, [a, b, c, d]) => Value::Number(u32::from_le_bytes([*a, *b, *c, *d]).into()),
        (5, [a, b, c, d]) => Value::Number(u32::from_be_bytes([*a, *b, *c, *d]).into()),
        (7, _) => {
            let mut list = List::default();
            let mut rest = data;
            while let Some(units) = rest.chunks_exact(2).position(|unit| unit == [0, 0]) {
                let (string, tail) = rest.split_at_checked(units * 2).unwrap_or((rest, &[]));
                if !string.is_empty() {
                    list.push(Value::Text(text(string)));
                }
                rest = tail.get(2..).unwrap_or_default();
            }
            if rest.len() >= 2 {
                list.push(Value::Text(text(rest)));
            }
            Value::List(list)
        }
        (11, _) => match data.try_into() {
            Ok(bytes) => Value::Number(u64::from_le_bytes(bytes)),
            Err(_) => Value::Bytes(Bytes::head_of(data)),
        },
        _ => Value::Bytes(Bytes::head_of(data)),
    }
}

/// [MS-RRP] 3.1.1.5.
const TYPES: &[(u32, &str)] = &[
    (0, "REG_NONE"),
    (1, "REG_SZ"),
    (2, "REG_EXPAND_SZ"),
    (3, "REG_BINARY"),
    (4, "REG_DWORD"),
    (5, "REG_DWORD_BIG_ENDIAN"),
    (6, "REG_LINK"),
    (7, "REG_MULTI_SZ"),
    (11, "REG_QWORD"),
];

#[cfg(test)]
mod tests {
    use super::super::Names;
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn keys_are_named_from_their_root() {
        let root = request(2, |stub| _ = stub.pointer().u16(0x5c).u32(0x0200_0000));
        let root = Names::opened(None, root.handles.naming.as_ref());
        let mut open = request(15, |stub| {
            stub.handle(1).unicode_string("SOFTWARE\\Run\0").u32(0).u32(0x20019);
        });
        let key = Names::opened(Some(&root), open.handles.naming.as_ref());
        open.add_names(Some(&root));
        assert_eq!(open.arguments.text("key"), Some("HKLM\\SOFTWARE\\Run"));
        assert_eq!(open.arguments.text("subkey"), Some("SOFTWARE\\Run"));
        let mut delete = request(8, |stub| _ = stub.handle(2).unicode_string("evil\0"));
        delete.add_names(Some(&key));
        assert_eq!(delete.arguments.text("key"), Some("HKLM\\SOFTWARE\\Run"));
        assert_eq!(delete.arguments.text("value"), Some("evil"));
    }

    #[test]
    fn set_data_is_told_by_its_type() {
        let set = |kind: u32, data: Vec<u8>| {
            let length = u32::try_from(data.len()).expect("short data");
            let decoded = request(22, |stub| {
                stub.handle(1).unicode_string("x\0").u32(kind).conformant(&data).u32(length);
            });
            decoded.arguments.get("data").cloned()
        };
        assert_eq!(set(1, utf16("cmd.exe\0")), Some(Value::Text(Text::whole("cmd.exe"))));
        assert_eq!(set(4, vec![1, 0, 0, 0]), Some(Value::Number(1)));
        assert_eq!(set(11, vec![1, 0, 0, 0, 0, 0, 0, 1]), Some(Value::Number(0x0100_0000_0000_0001)));
        assert_eq!(set(3, vec![1, 2]), Some(Value::Bytes(Bytes::head_of(&[1, 2]))));
        assert_eq!(set(4, vec![1]), Some(Value::Bytes(Bytes::head_of(&[1]))));
        let Some(Value::List(list)) = set(7, utf16("a\0b\0\0")) else { panic!("a list") };
        assert_eq!(list.values, [Value::Text(Text::whole("a")), Value::Text(Text::whole("b"))]);
    }

    #[test]
    fn a_password_is_not_told() {
        let decoded = request(22, |stub| {
            stub.handle(1).unicode_string("DefaultPassword\0").u32(1).conformant(&utf16("secret\0")).u32(14);
        })
        .arguments;
        assert_eq!((decoded.get("data"), decoded.number("data_bytes")), (None, Some(14)));
    }

    #[test]
    fn a_read_value_is_told_by_type_and_length() {
        let decoded = response(17, |stub| {
            stub.pointer().u32(1).pointer().count(4).count(0).count(4).raw(&[0x61, 0, 0, 0]);
            stub.pointer().u32(4).pointer().u32(4).u32(0);
        })
        .arguments;
        assert_eq!((decoded.text("type"), decoded.number("data_bytes")), (Some("REG_SZ"), Some(4)));
        assert_eq!((decoded.len(), decoded.number("status")), (3, Some(0)));
    }

    #[test]
    fn a_created_key_says_whether_it_is_new() {
        let asked = request(6, |stub| {
            stub.handle(1).unicode_string("a\0").counted("").count(0).count(0).count(0);
            stub.u32(0).u32(0xf003f).null().pointer().u32(0);
        });
        assert_eq!(asked.arguments.text("subkey"), Some("a"));
        let decoded = response(6, |stub| _ = stub.handle(2).pointer().u32(1).u32(0));
        assert_eq!(decoded.arguments.get("created"), Some(&Value::Flag(true)));
        assert!(decoded.handles.opened.is_some());
    }

    #[test]
    fn saved_and_restored_keys_name_their_file() {
        let decoded = request(20, |stub| _ = stub.handle(1).unicode_string("a.tmp\0").null());
        assert_eq!(decoded.arguments.text("file"), Some("a.tmp"));
        let decoded = request(31, |stub| _ = stub.handle(1).unicode_string("b.tmp\0").null().u32(4));
        assert_eq!(
            (decoded.arguments.text("file"), decoded.arguments.number("flags")),
            (Some("b.tmp"), Some(4))
        );
        let decoded = request(19, |stub| _ = stub.handle(1).unicode_string("c.tmp\0").u32(8));
        assert_eq!(
            (decoded.arguments.text("file"), decoded.arguments.number("flags")),
            (Some("c.tmp"), Some(8))
        );
    }

    #[test]
    fn enumerated_names_are_told() {
        let decoded = response(9, |stub| {
            stub.unicode_string("Run\0").null().pointer().u32(1).u32(2).u32(0);
        });
        assert_eq!(decoded.arguments.text("name"), Some("Run"));
        let decoded = response(10, |stub| {
            stub.unicode_string("x\0").pointer().u32(4).null().null().pointer().u32(4).u32(0);
        });
        assert_eq!(
            (decoded.arguments.text("value"), decoded.arguments.text("type")),
            (Some("x"), Some("REG_DWORD"))
        );
    }
}
