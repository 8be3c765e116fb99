//! Bodies, one small message each, and properties of all of them.

use super::build::{block, message};
use super::*;
use crate::Data;
use crate::utf16::Encoding;
use crate::{FileChange, FileInformation};
use proptest::prelude::*;
use rpcscope_model::{CreateAction, FileTimes, Timestamp};

const NO_ANDX: [u8; 4] = [0xff, 0, 0, 0];

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Joins fields.
fn fields(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn single(command: Command, response: bool, words: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = message(command, response, 64);
    bytes.extend(block(words, data));
    bytes
}

fn first(bytes: &[u8]) -> Body<'_> {
    body(bytes, bytes.len()).expect("a body")
}

fn body(bytes: &[u8], length: usize) -> Result<Body<'_>, rpcscope_model::ParseError> {
    Message::parse(bytes, length)?.blocks().next().expect("a first block")?.body()
}

/// The same message with OEM texts and DOS errors.
fn oem(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[10..12].copy_from_slice(&[0, 0]);
    bytes
}

fn negotiate_request() -> Vec<u8> {
    single(Command::NEGOTIATE, false, &[], b"\x02LANMAN1.0\0\x02NT LM 0.12\0")
}

fn session_setup_token() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0; 10], // max buffer, max multiplex, virtual circuit, session key
        &[4, 0],  // token length
        &[0; 8],  // reserved, capabilities
    ]);
    single(Command::SESSION_SETUP_ANDX, false, &words, b"blob\0\0")
}

fn session_setup_account() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0; 10],      // max buffer, max multiplex, virtual circuit, session key
        &[3, 0, 2, 0], // lengths of both passwords
        &[0; 8],       // reserved, capabilities
    ]);
    // The data starts at 61; five bytes of passwords leave the names at an even offset without padding.
    let data = fields(&[b"oempw", &utf16("alice\0CORP\0Unix\0")]);
    single(Command::SESSION_SETUP_ANDX, false, &words, &data)
}

fn session_setup_response() -> Vec<u8> {
    let words = fields(&[&NO_ANDX, &[1, 0], &[2, 0]]); // action (guest), token length
    single(Command::SESSION_SETUP_ANDX, true, &words, b"okWindows")
}

fn tree_connect_request() -> Vec<u8> {
    let words = fields(&[&NO_ANDX, &[0, 0], &[1, 0]]); // flags, password length
    // The data starts at 43; a byte of password makes the path even.
    let data = fields(&[b"\0", &utf16("\\\\dc\\IPC$\0"), b"?????\0"]);
    single(Command::TREE_CONNECT_ANDX, false, &words, &data)
}

fn tree_connect_response() -> Vec<u8> {
    let words = fields(&[&NO_ANDX, &[1, 0]]); // optional support
    single(Command::TREE_CONNECT_ANDX, true, &words, b"IPC\0\0\0")
}

fn nt_create_request() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0],                           // reserved
        &[14, 0],                       // name length
        &[0x16, 0, 0, 0],               // flags
        &[0, 0, 0, 0],                  // root
        &0x0002_019f_u32.to_le_bytes(), // desired access
        &[0; 16],                       // allocation size, attributes, share access
        &[1, 0, 0, 0],                  // disposition (open)
        &[0; 8],                        // options, impersonation level
        &[3],                           // security flags
    ]);
    // The data starts at 83: a byte of padding.
    single(Command::NT_CREATE_ANDX, false, &words, &fields(&[b"\0", &utf16("\\svcctl\0")]))
}

fn nt_create_response() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0],                      // oplock level
        &[0x05, 0x40],             // fid
        &[1, 0, 0, 0],             // disposition (opened)
        &[0; 32],                  // times
        &[0x80, 0, 0, 0],          // attributes
        &[0; 8],                   // allocation size
        &[7, 0, 0, 0, 0, 0, 0, 0], // end of file
        &[2, 0],                   // resource type (pipe of messages)
        &[0xff, 0x05],             // pipe status
        &[0],                      // directory
    ]);
    single(Command::NT_CREATE_ANDX, true, &words, &[])
}

fn open_request() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0, 0],    // flags
        &[0x42, 0], // access mode
        &[0; 8],    // search attributes, attributes, creation time
        &[1, 0],    // open mode
        &[0; 12],   // allocation size, timeout, reserved
    ]);
    oem(single(Command::OPEN_ANDX, false, &words, b"\\PIPE\\srvsvc\0"))
}

fn open_response() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0x07, 0x40],                         // fid
        &[0, 0, 9, 0, 0, 0, 5, 0, 0, 0, 0, 0], // attributes, last write, size, access rights
        &[1, 0],                               // resource type (pipe of bytes)
        &[0, 0, 1, 0x80],                      // pipe status, results (opened, locked)
        &[0; 8],                               // server fid, reserved
    ]);
    single(Command::OPEN_ANDX, true, &words, &[])
}

fn read_request() -> Vec<u8> {
    let words = fields(&[&NO_ANDX, &[0x05, 0x40], &[0; 4], &[0, 4], &[0; 10]]); // fid, offset, count
    single(Command::READ_ANDX, false, &words, &[])
}

fn read_response() -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0; 6],  // available, compaction mode, reserved
        &[4, 0],  // data length
        &[60, 0], // data offset
        &[0, 0],  // high half of the length
        &[0; 8],  // reserved
    ]);
    single(Command::READ_ANDX, true, &words, b"\0data")
}

fn write_request(mode: u8, data: &[u8]) -> Vec<u8> {
    let words = fields(&[
        &NO_ANDX,
        &[0x05, 0x40], // fid
        &[0; 8],       // offset, timeout
        &[mode, 0],    // write mode
        &[0, 0],       // remaining
        &[0, 0],       // high half of the length
        &u16::try_from(data.len()).expect("little data").to_le_bytes(),
        &[64, 0], // data offset
        &[0; 4],  // high half of the offset
    ]);
    single(Command::WRITE_ANDX, false, &words, &fields(&[b"\0", data]))
}

fn old_read_response() -> Vec<u8> {
    single(Command::READ, true, &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0], b"\x01\x04\0data")
}

fn old_write_request() -> Vec<u8> {
    let words = [0x05, 0x40, 4, 0, 0, 0, 0, 0, 0, 0]; // fid, count, offset, remaining
    single(Command::WRITE, false, &words, b"\x01\x04\0data")
}

fn close_request() -> Vec<u8> {
    single(Command::CLOSE, false, &[0x05, 0x40, 0, 0, 0, 0], &[])
}

fn delete_request(command: Command) -> Vec<u8> {
    // Buffer format, then the name, which starts at an even offset.
    let words: &[u8] = if command == Command::DELETE { &[6, 0] } else { &[] };
    single(command, false, words, &fields(&[&[4], &utf16("\\temp\\a*\0")]))
}

fn rename_request() -> Vec<u8> {
    let data = fields(&[&[4], &utf16("\\old\0"), &[4, 0], &utf16("\\new\0")]);
    single(Command::RENAME, false, &[6, 0], &data)
}

fn rename(name: &str) -> Vec<u8> {
    let name = utf16(name);
    let length = u32::try_from(name.len()).expect("small").to_le_bytes();
    fields(&[&[0; 8], &length, &name]) // flags, root
}

/// A transaction2 that sets information of a file.
fn set_information_request(level: u16, information: &[u8]) -> Vec<u8> {
    let count = u16::try_from(information.len()).expect("small").to_le_bytes();
    let words = fields(&[
        &[6, 0],
        &count,
        &[0; 14],       // most parameters, data and setup words; flags, timeout, reserved
        &[6, 0, 68, 0], // parameter count, offset
        &count,
        &[76, 0],      // data offset
        &[1, 0, 8, 0], // setup count, subcommand
    ]);
    let parameters = fields(&[&[0x05, 0x40], &level.to_le_bytes(), &[0, 0]]);
    let data = fields(&[&[0; 3], &parameters, &[0, 0], information]);
    single(Command::TRANSACTION2, false, &words, &data)
}

fn transaction_request() -> Vec<u8> {
    let words = fields(&[
        &[0, 0, 9, 0],             // total parameters, total data
        &[0, 0, 0, 4, 0, 0, 0, 0], // most parameters, data and setup words; flags
        &[0; 6],                   // timeout, reserved
        &[0, 0, 84, 0],            // parameter count, offset
        &[6, 0, 84, 0],            // data count, offset
        &[2, 0],                   // setup count
        &[0x26, 0, 0x05, 0x40],    // function, fid
    ]);
    // The data starts at 67: a byte of padding, 14 of name and two of padding.
    let data = fields(&[b"\0", &utf16("\\PIPE\\\0"), b"\0\0", b"hello "]);
    single(Command::TRANSACTION, false, &words, &data)
}

fn secondary_request() -> Vec<u8> {
    let words = fields(&[
        &[0, 0, 9, 0],        // total parameters, total data
        &[0; 6],              // parameter count, offset, displacement
        &[3, 0, 52, 0, 6, 0], // data count, offset, displacement
    ]);
    single(Command::TRANSACTION_SECONDARY, false, &words, b"\0you")
}

fn transaction_response() -> Vec<u8> {
    let words = fields(&[
        &[0, 0, 10, 0, 0, 0], // total parameters, total data, reserved
        &[0, 0, 56, 0, 0, 0], // parameter count, offset, displacement
        &[4, 0, 56, 0, 6, 0], // data count, offset, displacement
        &[0, 0],              // setup count
    ]);
    single(Command::TRANSACTION, true, &words, b"\0rest")
}

fn nt_transact_request() -> Vec<u8> {
    let parameters = fields(&[
        &[0; 4],                        // flags
        &[0; 4],                        // root
        &0x0002_019f_u32.to_le_bytes(), // desired access
        &[0; 16],                       // allocation size, attributes, share access
        &[1, 0, 0, 0],                  // disposition
        &[0; 12],                       // options, lengths of security descriptor and attributes
        &[14, 0, 0, 0],                 // name length
        &[2, 0, 0, 0, 3],               // impersonation level, security flags
        &utf16("\\svcctl"),
    ]);
    let count = u32::try_from(parameters.len()).expect("small").to_le_bytes();
    let words = fields(&[
        &[0; 3], // most setup words, reserved
        &count,
        &[0; 4], // totals
        &[0; 8], // most parameters and data
        &count,
        &[76, 0, 0, 0], // parameter count, offset
        &[0; 8],        // data count, offset
        &[0, 1, 0],     // setup count, function (create)
    ]);
    single(Command::NT_TRANSACT, false, &words, &fields(&[b"\0\0\0", &parameters]))
}

fn nt_transact_response() -> Vec<u8> {
    let parameters = fields(&[&[0, 0, 0x09, 0x40], &[1, 0, 0, 0], &[0; 56], &[2, 0, 0, 0, 0]]);
    let count = u32::try_from(parameters.len()).expect("small").to_le_bytes();
    let words = fields(&[
        &[0; 3], // reserved
        &count,
        &[0; 4], // totals
        &count,
        &[72, 0, 0, 0, 0, 0, 0, 0], // parameter count, offset, displacement
        &[0; 12],                   // data count, offset, displacement
        &[0],                       // setup count
    ]);
    single(Command::NT_TRANSACT, true, &words, &fields(&[b"\0", &parameters]))
}

fn samples() -> Vec<Vec<u8>> {
    vec![
        negotiate_request(),
        session_setup_token(),
        session_setup_account(),
        session_setup_response(),
        tree_connect_request(),
        tree_connect_response(),
        nt_create_request(),
        nt_create_response(),
        open_request(),
        open_response(),
        read_request(),
        read_response(),
        write_request(0, b"hello"),
        old_read_response(),
        old_write_request(),
        close_request(),
        delete_request(Command::DELETE),
        rename_request(),
        set_information_request(0x0102, &[1]),
        set_information_request(1010, &rename("new")),
        transaction_request(),
        secondary_request(),
        transaction_response(),
        nt_transact_request(),
        nt_transact_response(),
    ]
}

#[test]
fn negotiate_tells_the_dialects() {
    let bytes = negotiate_request();
    let Body::NegotiateRequest(request) = first(&bytes) else { panic!("a negotiate request") };
    assert_eq!(request.dialects().collect::<Vec<_>>(), [&b"LANMAN1.0"[..], b"NT LM 0.12"]);
    let bytes = single(Command::NEGOTIATE, true, &[1, 0], &[]);
    assert_eq!(first(&bytes), Body::NegotiateResponse(NegotiateResponse { dialect_index: 1 }));
}

#[test]
fn session_setup_carries_a_token_or_names() {
    let bytes = session_setup_token();
    let Body::SessionSetupRequest(SessionSetupRequest::Token(token)) = first(&bytes) else {
        panic!("a token")
    };
    assert_eq!(token.bytes, b"blob");
    let bytes = session_setup_account();
    let Body::SessionSetupRequest(SessionSetupRequest::Account { account, domain }) = first(&bytes) else {
        panic!("an account")
    };
    assert_eq!((account.to_string(), domain.to_string()), ("alice".into(), "CORP".into()));
    let bytes = session_setup_response();
    let Body::SessionSetupResponse(response) = first(&bytes) else { panic!("a response") };
    assert_eq!((response.action, response.token.map(|t| t.bytes)), (1, Some(&b"ok"[..])));
}

#[test]
fn tree_connect_tells_share_and_service() {
    let bytes = tree_connect_request();
    let Body::TreeConnectRequest(request) = first(&bytes) else { panic!("a tree connect") };
    assert_eq!(
        (request.path.to_string(), request.service.to_string()),
        (r"\\dc\IPC$".into(), "?????".into())
    );
    let bytes = tree_connect_response();
    let Body::TreeConnectResponse(response) = first(&bytes) else { panic!("a tree connect") };
    assert_eq!(response.holds_pipes(), Some(true));
}

#[test]
fn texts_in_utf16_are_aligned_and_oem_ones_are_not() {
    let bytes = nt_create_request();
    let Body::CreateRequest(request) = first(&bytes) else { panic!("a create") };
    assert_eq!((request.name.to_string(), request.name.encoding), (r"\svcctl".into(), Encoding::Utf16));
    assert_eq!((request.desired_access, request.disposition, request.root), (0x0002_019f, 1, 0));
    let bytes = open_request();
    let Body::CreateRequest(request) = first(&bytes) else { panic!("an open") };
    assert_eq!((request.name.to_string(), request.name.encoding), (r"\PIPE\srvsvc".into(), Encoding::Oem));
}

#[test]
fn an_open_tells_what_it_opened() {
    let action = CreateAction(1);
    let file = FileInformation { action, times: FileTimes::default(), attributes: 0, size: 0 };
    let opened = |fid, kind, file| CreateResponse { fid: Fid(fid), resource_type: ResourceType(kind), file };
    let normal = FileInformation { attributes: 0x80, size: 7, ..file };
    assert_eq!(first(&nt_create_response()), Body::CreateResponse(opened(0x4005, 2, normal)));
    let times = FileTimes { modified: Some(Timestamp::from_parts(9, 0)), ..FileTimes::default() };
    let old = FileInformation { times, size: 5, ..file };
    assert_eq!(first(&open_response()), Body::CreateResponse(opened(0x4007, 1, old)));
    assert_eq!(first(&nt_transact_response()), Body::NtTransactResponse(opened(0x4009, 2, file)));
    assert!(ResourceType(1).is_pipe() && ResourceType(2).is_pipe() && !ResourceType::DISK.is_pipe());
}

#[test]
fn names_are_deleted_and_renamed() {
    for (command, is_directory) in [(Command::DELETE, false), (Command::DELETE_DIRECTORY, true)] {
        let bytes = delete_request(command);
        let Body::DeleteRequest(request) = first(&bytes) else { panic!("a delete") };
        assert_eq!((request.name.to_string(), request.is_directory), (r"\temp\a*".into(), is_directory));
    }
    let bytes = rename_request();
    let Body::RenameRequest(request) = first(&bytes) else { panic!("a rename") };
    assert_eq!((request.old.to_string(), request.new.to_string()), (r"\old".into(), r"\new".into()));
}

#[test]
fn open_files_are_deleted_and_renamed() {
    let change = |level, information: &[u8]| match first(&set_information_request(level, information)) {
        Body::SetInformationRequest(request) => (
            request.fid,
            request.change.map(|change| match change {
                FileChange::Rename(name) => name.to_string(),
                other => format!("{other:?}"),
            }),
        ),
        other => panic!("{other:?}"),
    };
    for (level, information, expected) in [
        (0x0102, &[1][..], Some("Delete")),
        (1013, &[0], Some("Keep")),
        (1010, &rename("new"), Some("new")),
        (0x0101, &[0; 40], None),
    ] {
        assert_eq!(change(level, information), (Fid(0x4005), expected.map(str::to_owned)), "{level}");
    }
}

#[test]
fn an_nt_transact_create_is_a_create() {
    let bytes = nt_transact_request();
    let Body::CreateRequest(request) = first(&bytes) else { panic!("a create") };
    assert_eq!((request.name.to_string(), request.desired_access), (r"\svcctl".into(), 0x0002_019f));
}

#[test]
fn reads_and_writes_carry_data_in_old_and_new_forms() {
    assert_eq!(first(&read_request()), Body::ReadRequest(FidRequest { fid: Fid(0x4005) }));
    assert_eq!(first(&close_request()), Body::CloseRequest(FidRequest { fid: Fid(0x4005) }));
    for bytes in [read_response(), old_read_response()] {
        let Body::ReadResponse(response) = first(&bytes) else { panic!("a read response") };
        assert_eq!(response.data.bytes, b"data");
    }
    for bytes in [write_request(8, b"data"), old_write_request()] {
        let Body::WriteRequest(request) = first(&bytes) else { panic!("a write request") };
        assert_eq!((request.fid, request.data.bytes), (Fid(0x4005), &b"data"[..]));
    }
}

#[test]
fn a_raw_write_that_starts_a_message_is_read_without_its_length() {
    let bytes = write_request(0x0c, b"\x04\0data");
    let Body::WriteRequest(request) = first(&bytes) else { panic!("a write request") };
    assert_eq!(request.data, Data { bytes: b"data", length: 4 });
}

#[test]
fn a_write_beyond_64_kib_is_read_from_its_first_bytes() {
    let mut bytes = write_request(0, b"hello");
    bytes[33 + 18] = 2; // high half of the length
    let Ok(Body::WriteRequest(request)) = body(&bytes, 64 + 0x2_0005) else { panic!("a write request") };
    assert_eq!(request.data, Data { bytes: b"hello", length: 0x2_0005 });
}

#[test]
fn a_transaction_tells_pipe_and_place_of_its_data() {
    let bytes = transaction_request();
    let Body::TransactionRequest(request) = first(&bytes) else { panic!("a transaction") };
    assert_eq!(request.name.to_string(), r"\PIPE\");
    assert_eq!(request.pipe, Some((PipeFunction::TRANSACT, Fid(0x4005))));
    assert_eq!(
        (request.data.total, request.data.displacement, request.data.data.bytes),
        (9, 0, &b"hello "[..])
    );
    let bytes = secondary_request();
    let Body::TransactionSecondaryRequest(data) = first(&bytes) else { panic!("a transaction secondary") };
    assert_eq!((data.total, data.displacement, data.data.bytes), (9, 6, &b"you"[..]));
    let bytes = transaction_response();
    let Body::TransactionResponse(data) = first(&bytes) else { panic!("a transaction response") };
    assert_eq!((data.total, data.displacement, data.data.bytes), (10, 6, &b"rest"[..]));
}

#[test]
fn responses_without_parameters_are_told_apart() {
    let empty = |command| single(command, true, &[], &[]);
    assert_eq!(first(&empty(Command::CLOSE)), Body::CloseResponse);
    assert_eq!(first(&empty(Command::TREE_DISCONNECT)), Body::TreeDisconnectResponse);
    assert_eq!(first(&empty(Command::TRANSACTION)), Body::Empty);
    assert_eq!(first(&empty(Command::NT_CREATE_ANDX)), Body::Empty);
}

/// Whether `cut` says nothing that `whole` does not say.
fn agrees(cut: &Body<'_>, whole: &Body<'_>) -> bool {
    match (cut, whole) {
        (Body::NegotiateRequest(cut), Body::NegotiateRequest(whole)) => {
            cut.dialects().zip(whole.dialects()).all(|(a, b)| a == b)
        }
        (Body::SessionSetupRequest(cut), Body::SessionSetupRequest(whole)) => match (cut, whole) {
            (SessionSetupRequest::Token(cut), SessionSetupRequest::Token(whole)) => cut.is_cut_of(whole),
            (
                SessionSetupRequest::Account { account: a, domain: b },
                SessionSetupRequest::Account { account: c, domain: d },
            ) => a.is_cut_of(c) && b.is_cut_of(d),
            _ => false,
        },
        (Body::SessionSetupResponse(cut), Body::SessionSetupResponse(whole)) => {
            cut.action == whole.action
                && cut.token.is_some() == whole.token.is_some()
                && cut.token.zip(whole.token).is_none_or(|(cut, whole)| cut.is_cut_of(&whole))
        }
        (Body::TreeConnectRequest(cut), Body::TreeConnectRequest(whole)) => {
            cut.path.is_cut_of(&whole.path) && cut.service.is_cut_of(&whole.service)
        }
        (Body::TreeConnectResponse(cut), Body::TreeConnectResponse(whole)) => {
            cut.service.is_cut_of(&whole.service)
                && cut.native_file_system.is_cut_of(&whole.native_file_system)
        }
        (Body::CreateRequest(cut), Body::CreateRequest(whole)) => {
            cut.name.is_cut_of(&whole.name) && CreateRequest { name: whole.name, ..*cut } == *whole
        }
        (Body::ReadResponse(cut), Body::ReadResponse(whole)) => cut.data.is_cut_of(&whole.data),
        (Body::WriteRequest(cut), Body::WriteRequest(whole)) => {
            cut.fid == whole.fid && cut.data.is_cut_of(&whole.data)
        }
        (Body::DeleteRequest(cut), Body::DeleteRequest(whole)) => {
            cut.name.is_cut_of(&whole.name) && cut.is_directory == whole.is_directory
        }
        (Body::RenameRequest(cut), Body::RenameRequest(whole)) => {
            cut.old.is_cut_of(&whole.old) && cut.new.is_cut_of(&whole.new)
        }
        (Body::SetInformationRequest(cut), Body::SetInformationRequest(whole)) => {
            let change = cut.change.is_none_or(|cut| whole.change.is_some_and(|whole| cut.is_cut_of(&whole)));
            cut.fid == whole.fid && change
        }
        (Body::TransactionRequest(cut), Body::TransactionRequest(whole)) => {
            cut.name.is_cut_of(&whole.name)
                && cut.pipe == whole.pipe
                && cut.parameters.is_cut_of(&whole.parameters)
                && is_cut_part(&cut.data, &whole.data)
        }
        (Body::TransactionSecondaryRequest(cut), Body::TransactionSecondaryRequest(whole))
        | (Body::TransactionResponse(cut), Body::TransactionResponse(whole)) => is_cut_part(cut, whole),
        (cut, whole) => cut == whole,
    }
}

fn is_cut_part(cut: &TransactionData<'_>, whole: &TransactionData<'_>) -> bool {
    (cut.total, cut.displacement) == (whole.total, whole.displacement) && cut.data.is_cut_of(&whole.data)
}

/// Reads `bytes` whole and with its end missing; where both can be read, they must agree.
fn check_cut(bytes: &[u8], at: usize) {
    let cut = &bytes[..at.min(bytes.len())];
    let (Ok(cut), Ok(whole)) = (Message::parse(cut, bytes.len()), Message::parse(bytes, bytes.len())) else {
        return;
    };
    assert_eq!((cut.header, cut.length), (whole.header, whole.length));
    for (cut, whole) in cut.blocks().zip(whole.blocks()) {
        let (Ok(cut), Ok(whole)) = (cut, whole) else { continue };
        if let Ok(body) = cut.body() {
            let whole = whole.body().expect("the whole can be read when a part can");
            assert!(agrees(&body, &whole), "{body:?} is not part of {whole:?}");
        }
    }
}

#[test]
fn cut_samples_say_nothing_else_than_whole_ones() {
    for sample in samples() {
        for at in 0..sample.len() {
            check_cut(&sample, at);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 40..300)) {
        bytes[..4].copy_from_slice(&PROTOCOL_ID);
        fuzz_smb1(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic_and_agree_with_their_parts(
        pick in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = pick.get(&samples()).clone();
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        fuzz_smb1(&bytes);
        check_cut(&bytes, at.index(bytes.len()));
    }
}
