//! efsrpc, encrypted files on another machine ([MS-EFSR] 3.1.4.2), on both endpoints.
//!
//! The server opens the file as the client, wherever it is: a name with another host in it makes the server
//! authenticate to that host.

use super::argument::fields;
use super::operation::{Interface, Operation};
use super::{Argument, Decoded, reply, unc};
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::{Stopped, Text, Value};
use uuid::Uuid;

/// On `\pipe\lsarpc`.
pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xc681d488_d850_11d0_8c52_00c04fd90f7e),
    name: "efsrpc",
    operations: OPERATIONS,
};

/// On `\pipe\efsrpc`.
pub(super) const INTERFACE_ON_EFSRPC: Interface = Interface {
    uuid: Uuid::from_u128(0xdf1941c5_fe89_4e79_bf10_463657acf44d),
    name: "efsrpc",
    operations: OPERATIONS,
};

const OPERATIONS: &[Operation] = &[
    Operation::new(0, "EfsRpcOpenFileRaw", &["file", "coerced_to", "flags", "status"])
        .request(open)
        .response(reply::handle_and_status),
    Operation::new(1, "EfsRpcReadFileRaw", ON_HANDLE).request(on_handle).response(reply::status_at_end),
    Operation::new(2, "EfsRpcWriteFileRaw", ON_HANDLE).request(on_handle).response(reply::status),
    Operation::new(3, "EfsRpcCloseRaw", &["file"]).request(close).response(closed),
    Operation::new(4, "EfsRpcEncryptFileSrv", ON_FILE).request(on_file).response(reply::status),
    Operation::new(5, "EfsRpcDecryptFileSrv", &["file", "coerced_to", "flags", "status"])
        .request(decrypt)
        .response(reply::status),
    Operation::new(6, "EfsRpcQueryUsersOnFile", USERS).request(on_file).response(users_of_file),
    Operation::new(7, "EfsRpcQueryRecoveryAgents", USERS).request(on_file).response(users_of_file),
    Operation::new(8, "EfsRpcRemoveUsersFromFile", USERS).request(remove_users).response(reply::status),
    Operation::new(9, "EfsRpcAddUsersToFile", USERS).request(add_users).response(reply::status),
    Operation::new(11, "EfsRpcNotSupported", DUPLICATE).request(not_supported).response(reply::status),
    Operation::new(12, "EfsRpcFileKeyInfo", KEY_INFO).request(key_info).response(reply::status_at_end),
    Operation::new(13, "EfsRpcDuplicateEncryptionInfoFile", DUPLICATE)
        .request(duplicate)
        .response(reply::status),
    Operation::new(15, "EfsRpcAddUsersToFileEx", &["flags", "file", "coerced_to", "users", "status"])
        .request(add_users_with_flags)
        .response(reply::status),
    Operation::new(16, "EfsRpcFileKeyInfoEx", &["flags", "file", "coerced_to", "class", "status"])
        .request(key_info_with_flags)
        .response(reply::status_at_end),
    Operation::new(18, "EfsRpcGetEncryptedFileMetadata", ON_FILE)
        .request(on_file)
        .response(reply::status_at_end),
    Operation::new(19, "EfsRpcSetEncryptedFileMetadata", ON_FILE).request(on_file).response(reply::status),
    Operation::new(20, "EfsRpcFlushEfsCache", &["status"]).response(reply::status),
    Operation::new(21, "EfsRpcEncryptFileExSrv", &["file", "coerced_to", "protector", "flags", "status"])
        .request(encrypt_with_protector)
        .response(reply::status),
    Operation::new(22, "EfsRpcQueryProtectors", ON_FILE).request(on_file).response(reply::status_at_end),
];

const ON_HANDLE: &[&str] = &["file", "status"];
const ON_FILE: &[&str] = &["file", "coerced_to", "status"];
const USERS: &[&str] = &["file", "coerced_to", "users", "status"];
const KEY_INFO: &[&str] = &["file", "coerced_to", "class", "status"];
const DUPLICATE: &[&str] = &["file", "destination", "coerced_to", "status"];

fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let file = ndr.wide_string("FileName")?;
    call.opens_as("file", Some(file.clone()));
    unc::put_host(call, &file);
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn on_handle(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("hContext")?);
    Ok(())
}

fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("hContext")?);
    Ok(())
}

/// The null handle that takes the place of the closed one; there is no status.
fn closed(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    call.opens(ndr.context_handle("hContext")?);
    Ok(())
}

fn on_file(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let file = ndr.wide_string("FileName")?;
    unc::put_host(call, &file);
    call.put("file", file);
    Ok(())
}

fn decrypt(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_file(ndr, call)?;
    call.put("flags", ndr.u32("OpenFlag")?);
    Ok(())
}

fn encrypt_with_protector(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_file(ndr, call)?;
    call.put("protector", ndr.unique("ProtectorDescriptor", |ndr| ndr.wide_string("ProtectorDescriptor"))?);
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

fn key_info(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_file(ndr, call)?;
    call.put("class", ndr.u32("InfoClass")?);
    Ok(())
}

fn key_info_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    flags_and_reserved(ndr, call, "dwFileKeyInfoFlags")?;
    key_info(ndr, call)
}

fn duplicate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    from_and_to(ndr, call, "SrcFileName", "DestFileName")
}

/// Windows 2000 duplicates with this operation ([MS-EFSR] 7, behavior note 37).
fn not_supported(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    from_and_to(ndr, call, "Reserved1", "Reserved2")
}

fn from_and_to(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    from: &'static str,
    to: &'static str,
) -> Result<(), Stopped> {
    let file = ndr.wide_string(from)?;
    unc::put_host(call, &file);
    call.put("file", file.clone());
    let destination = ndr.wide_string(to)?;
    unc::put_first_host(call, [&file, &destination]);
    call.put("destination", destination);
    Ok(())
}

/// The flags, and an EFS_RPC_BLOB that has no meaning, before the file name.
fn flags_and_reserved(ndr: &mut Ndr<'_>, call: &mut Decoded, flags: &'static str) -> Result<(), Stopped> {
    call.put("flags", ndr.u32(flags)?);
    ndr.unique("Reserved", |ndr| {
        ndr.align(Alignment::Pointer);
        ndr.u32("cbData")?;
        let data = ndr.pointer("bData")?;
        ndr.referent(data, |ndr| ndr.conformant_bytes("bData"))
    })?;
    Ok(())
}

fn remove_users(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_file(ndr, call)?;
    users(ndr, call, hash)
}

fn add_users(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_file(ndr, call)?;
    users(ndr, call, certificate)
}

fn add_users_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    flags_and_reserved(ndr, call, "dwFlags")?;
    add_users(ndr, call)
}

fn users_of_file(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.unique("Users", |ndr| users(ndr, call, hash))?;
    reply::status(ndr, call, request)
}

/// ENCRYPTION_CERTIFICATE_LIST and ENCRYPTION_CERTIFICATE_HASH_LIST ([MS-EFSR] 2.2.9, 2.2.11): a count, and pointers to
/// one structure per user.
fn users(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    user: fn(&mut Ndr<'_>) -> Result<Value, Stopped>,
) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("nUsers")?;
    let array = ndr.pointer("Users")?;
    if array.is_null() {
        return Ok(());
    }
    let count = ndr.count("Users")?;
    call.list_with_referents(
        "users",
        ndr,
        count,
        |ndr| ndr.pointer("Users"),
        |ndr, pointer| ndr.referent(pointer, user),
    )
}

/// ENCRYPTION_CERTIFICATE_HASH ([MS-EFSR] 2.2.10).
fn hash(ndr: &mut Ndr<'_>) -> Result<Value, Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("cbTotalLength")?;
    let sid = ndr.pointer("UserSid")?;
    let hash = ndr.pointer("Hash")?;
    let display = ndr.pointer("lpDisplayInformation")?;
    let sid = ndr.referent(sid, |ndr| ndr.sid("UserSid"))?;
    ndr.referent(hash, |ndr| {
        ndr.align(Alignment::Pointer);
        ndr.u32("cbData")?;
        let data = ndr.pointer("bData")?;
        ndr.referent(data, |ndr| ndr.conformant_bytes("bData"))
    })?;
    let display: Option<Text> = ndr.referent(display, |ndr| ndr.wide_string("lpDisplayInformation"))?;
    Ok(fields([("sid", sid.value()), ("name", display.value())]))
}

/// ENCRYPTION_CERTIFICATE ([MS-EFSR] 2.2.8).
fn certificate(ndr: &mut Ndr<'_>) -> Result<Value, Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("cbTotalLength")?;
    let sid = ndr.pointer("UserSid")?;
    let certificate = ndr.pointer("CertBlob")?;
    let sid = ndr.referent(sid, |ndr| ndr.sid("UserSid"))?;
    let bytes = ndr.referent(certificate, |ndr| {
        ndr.align(Alignment::Pointer);
        ndr.u32("dwCertEncodingType")?;
        let length = ndr.u32("cbData")?;
        let data = ndr.pointer("bData")?;
        ndr.referent(data, |ndr| ndr.conformant_bytes("bData"))?;
        Ok(length)
    })?;
    Ok(fields([("sid", sid.value()), ("certificate_bytes", bytes.value())]))
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Opnum;

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn users_told(decoded: &Decoded) -> Value {
        decoded.arguments.get("users").cloned().expect("users")
    }

    #[test]
    fn a_file_on_another_host_coerces_the_server() {
        let path = "\\\\10.99.0.2\\share\\x.txt";
        let decoded = request(0, |stub| _ = stub.wide(path).u32(0));
        assert_eq!(decoded.arguments.text("file"), Some(path));
        assert_eq!(decoded.arguments.text("coerced_to"), Some("10.99.0.2"));
        let decoded = request(4, |stub| _ = stub.wide("C:\\x.txt"));
        assert_eq!((decoded.arguments.text("file"), decoded.arguments.len()), (Some("C:\\x.txt"), 1));
    }

    #[test]
    fn flags_before_the_file_are_passed_over() {
        for write in [(|stub| _ = stub.u32(8).null().wide("\\\\h\\x").u32(1)) as fn(&mut Encoder), |stub| {
            _ = stub.u32(8).pointer().u32(3).pointer().conformant(b"abc").wide("\\\\h\\x").u32(1)
        }] {
            let decoded = request(16, write);
            assert_eq!(decoded.arguments.text("coerced_to"), Some("h"));
            assert_eq!(
                (decoded.arguments.number("flags"), decoded.arguments.number("class")),
                (Some(8), Some(1))
            );
        }
    }

    #[test]
    fn both_files_of_a_duplication_are_told() {
        let decoded =
            request(13, |stub| _ = stub.wide("C:\\a").wide("\\\\h@80\\b").u32(1).u32(0).null().u32(0));
        assert_eq!(decoded.arguments.text("destination"), Some("\\\\h@80\\b"));
        assert_eq!(decoded.arguments.text("coerced_to"), Some("h"));
    }

    #[test]
    fn added_and_removed_users_are_told() {
        let added = request(9, |stub| {
            stub.wide("C:\\a").align_pointer().u32(1).pointer().count(1).pointer();
            stub.align_pointer().u32(0).pointer().pointer().sid(5, &[21, 1104]);
            stub.align_pointer().u32(1).u32(3).pointer().conformant(b"der");
        });
        let user = [("sid", Value::Sid("S-1-5-21-1104".into())), ("certificate_bytes", Value::Number(3))];
        let Value::List(list) = users_told(&added) else { panic!("a list") };
        assert_eq!(list.values, [fields(user.map(|(name, value)| (name, Some(value))))]);
        let removed = request(8, |stub| {
            stub.wide("C:\\a").align_pointer().u32(1).pointer().count(1).pointer();
            stub.align_pointer().u32(0).null().pointer().pointer();
            stub.align_pointer().u32(2).pointer().conformant(b"ab").wide("eve(eve@corp)");
        });
        let Value::List(list) = users_told(&removed) else { panic!("a list") };
        assert_eq!(list.values, [fields([("name", Some(Value::Text(Text::whole("eve(eve@corp)"))))])]);
    }

    #[test]
    fn users_on_a_file_are_in_the_response() {
        let operation = INTERFACE_ON_EFSRPC.operation(Opnum(6)).expect("a row");
        let decoded = encoder::response(operation, None, |stub| {
            stub.pointer().align_pointer().u32(1).pointer().count(1).pointer();
            stub.align_pointer().u32(0).pointer().null().null().sid(5, &[18]).u32(0);
        });
        let Value::List(list) = users_told(&decoded) else { panic!("a list") };
        assert_eq!(list.values, [fields([("sid", Some(Value::Sid("S-1-5-18".into())))])]);
        assert_eq!(decoded.arguments.number("status"), Some(0));
    }
}
