//! Bodies, one small message each, and properties of all of them.

use super::build::message;
use super::*;
use crate::{Data, FileChange, FileInformation};
use proptest::prelude::*;
use rpcscope_model::{CreateAction, FileTimes, Timestamp};

const RESPONSE: u32 = 1;

/// File 0x0000000400000001-0000000c00000005.
const FILE_ID: [u8; 16] = [1, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 12, 0, 0, 0];

fn file_id() -> FileId {
    FileId { persistent: 0x0000_0004_0000_0001, volatile: 0x0000_000c_0000_0005 }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn only(bytes: &[u8]) -> Message<'_> {
    Compound::new(bytes, bytes.len()).next().expect("one message").expect("a header")
}

fn with_status(mut bytes: Vec<u8>, status: Status) -> Vec<u8> {
    bytes[8..12].copy_from_slice(&status.0.to_le_bytes());
    bytes
}

fn negotiate_request() -> Vec<u8> {
    let mut body = vec![36, 0, 2, 0, 1, 0, 0, 0]; // structure size, dialect count, security mode, reserved
    body.extend([0; 28]); // capabilities, client guid, contexts
    body.extend([0x02, 0x02, 0x11, 0x03]); // dialects
    message(Command::NEGOTIATE, 0, 0, &body)
}

fn negotiate_response() -> Vec<u8> {
    let mut body = vec![65, 0, 1, 0, 0x11, 0x03, 0, 0]; // structure size, security mode, dialect, context count
    body.extend([0; 48]); // guid, capabilities, sizes, times
    body.extend([128, 0, 3, 0, 0, 0, 0, 0]); // security buffer offset, length, context offset
    body.extend(b"gss");
    message(Command::NEGOTIATE, RESPONSE, 0, &body)
}

fn session_setup_request() -> Vec<u8> {
    let mut body = vec![25, 0, 1, 1]; // structure size, flags (binding), security mode
    body.extend([0; 8]); // capabilities, channel
    body.extend([88, 0, 4, 0]); // security buffer offset, length
    body.extend(0x77_u64.to_le_bytes()); // previous session id
    body.extend(b"blob");
    message(Command::SESSION_SETUP, 0, 1, &body)
}

fn session_setup_response() -> Vec<u8> {
    let body = [9, 0, 1, 0, 72, 0, 2, 0, b'o', b'k']; // structure size, flags (guest), offset, length, blob
    message(Command::SESSION_SETUP, RESPONSE, 1, &body)
}

fn tree_connect_request() -> Vec<u8> {
    let path = utf16(r"\\dc\IPC$");
    let mut body = vec![9, 0, 0, 0, 72, 0, 18, 0]; // structure size, flags, path offset, path length
    body.extend(path);
    message(Command::TREE_CONNECT, 0, 2, &body)
}

fn tree_connect_response() -> Vec<u8> {
    let mut body = vec![16, 0, 2, 0]; // structure size, share type (pipe), reserved
    body.extend([0; 12]); // share flags, capabilities, maximal access
    message(Command::TREE_CONNECT, RESPONSE, 2, &body)
}

fn create_request() -> Vec<u8> {
    let mut body = vec![57, 0, 0, 0xff]; // structure size, security flags, oplock level
    body.extend([2, 0, 0, 0]); // impersonation level
    body.extend([0; 16]); // create flags, reserved
    body.extend([0x9f, 0x01, 0x12, 0x00]); // desired access
    body.extend([0; 4]); // file attributes
    body.extend([3, 0, 0, 0]); // share access
    body.extend([1, 0, 0, 0]); // disposition (open)
    body.extend([0x40, 0, 0, 0]); // options
    body.extend([120, 0, 12, 0]); // name offset, length
    body.extend([0; 8]); // create contexts
    body.extend(utf16("svcctl"));
    message(Command::CREATE, 0, 3, &body)
}

fn create_response() -> Vec<u8> {
    let mut body = vec![89, 0, 0, 0]; // structure size, oplock level, flags
    body.extend([1, 0, 0, 0]); // action (opened)
    body.extend([0; 16]); // creation and last access
    body.extend(116_444_736_000_000_000_u64.to_le_bytes()); // last write
    body.extend([0; 8]); // change
    body.extend(4096_u64.to_le_bytes()); // allocation size
    body.extend(7_u64.to_le_bytes()); // end of file
    body.extend([0x90, 0, 0, 0, 0, 0, 0, 0]); // attributes (normal, directory), reserved
    body.extend(FILE_ID);
    body.extend([0; 8]); // create contexts
    message(Command::CREATE, RESPONSE, 3, &body)
}

fn close_request() -> Vec<u8> {
    let mut body = vec![24, 0, 1, 0, 0, 0, 0, 0]; // structure size, flags, reserved
    body.extend(FILE_ID);
    message(Command::CLOSE, 0, 4, &body)
}

fn set_info_request(class: u8, buffer: &[u8]) -> Vec<u8> {
    let mut body = vec![33, 0, 1, class]; // structure size, info type (file), class
    body.extend(u32::try_from(buffer.len()).expect("small").to_le_bytes());
    body.extend([96, 0, 0, 0, 0, 0, 0, 0]); // buffer offset, reserved, additional information
    body.extend(FILE_ID);
    body.extend(buffer);
    message(Command::SET_INFO, 0, 7, &body)
}

fn rename(name: &str) -> Vec<u8> {
    let name = utf16(name);
    let length = u32::try_from(name.len()).expect("small").to_le_bytes();
    [&[0; 16][..], &length, &name].concat() // flags, root
}

fn read_request() -> Vec<u8> {
    let mut body = vec![49, 0, 0x50, 0]; // structure size, padding, flags
    body.extend(1024_u32.to_le_bytes()); // length
    body.extend(0_u64.to_le_bytes()); // offset
    body.extend(FILE_ID);
    body.extend([0; 16]); // minimum count, channel, remaining, channel info
    message(Command::READ, 0, 5, &body)
}

fn read_response() -> Vec<u8> {
    let mut body = vec![17, 0, 80, 0]; // structure size, data offset, reserved
    body.extend(4_u32.to_le_bytes()); // data length
    body.extend([0; 8]); // remaining, flags
    body.extend(b"data");
    message(Command::READ, RESPONSE, 5, &body)
}

fn write_request() -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0]; // structure size, data offset
    body.extend(5_u32.to_le_bytes()); // length
    body.extend(0_u64.to_le_bytes()); // offset
    body.extend(FILE_ID);
    body.extend([0; 16]); // channel, remaining, channel info, flags
    body.extend(b"hello");
    message(Command::WRITE, 0, 6, &body)
}

fn write_response() -> Vec<u8> {
    let mut body = vec![17, 0, 0, 0]; // structure size, reserved
    body.extend(5_u32.to_le_bytes()); // count
    body.extend([0; 8]); // remaining, channel info
    message(Command::WRITE, RESPONSE, 6, &body)
}

fn ioctl_request() -> Vec<u8> {
    let mut body = vec![57, 0, 0, 0]; // structure size, reserved
    body.extend(0x0011_c017_u32.to_le_bytes()); // control code
    body.extend(FILE_ID);
    body.extend([120, 0, 0, 0, 3, 0, 0, 0]); // input offset, count
    body.extend([0; 4]); // max input response
    body.extend([0; 8]); // output offset, count
    body.extend([0, 4, 0, 0]); // max output response
    body.extend([1, 0, 0, 0, 0, 0, 0, 0]); // flags, reserved
    body.extend(b"ask");
    message(Command::IOCTL, 0, 7, &body)
}

/// An answer that sends the input back before the output.
fn ioctl_response() -> Vec<u8> {
    let mut body = vec![49, 0, 0, 0]; // structure size, reserved
    body.extend(0x0011_c017_u32.to_le_bytes()); // control code
    body.extend(FILE_ID);
    body.extend([112, 0, 0, 0, 3, 0, 0, 0]); // input offset, count
    body.extend([115, 0, 0, 0, 6, 0, 0, 0]); // output offset, count
    body.extend([0; 8]); // flags, reserved
    body.extend(b"askanswer");
    message(Command::IOCTL, RESPONSE, 7, &body)
}

fn samples() -> Vec<Vec<u8>> {
    vec![
        negotiate_request(),
        negotiate_response(),
        session_setup_request(),
        session_setup_response(),
        tree_connect_request(),
        tree_connect_response(),
        create_request(),
        create_response(),
        close_request(),
        read_request(),
        read_response(),
        write_request(),
        write_response(),
        ioctl_request(),
        ioctl_response(),
        set_info_request(10, &rename("new.exe")),
        set_info_request(13, &[1]),
    ]
}

#[test]
fn negotiate_tells_the_dialects_offered_and_chosen() {
    let bytes = negotiate_request();
    let Ok(Body::NegotiateRequest(request)) = only(&bytes).body() else { panic!("a negotiate request") };
    assert_eq!(request.dialects().collect::<Vec<_>>(), [0x0202, 0x0311]);
    let bytes = negotiate_response();
    let Ok(Body::NegotiateResponse(response)) = only(&bytes).body() else { panic!("a negotiate response") };
    assert_eq!((response.dialect, response.security_buffer.bytes), (0x0311, &b"gss"[..]));
}

#[test]
fn session_setup_carries_tokens_both_ways() {
    let bytes = session_setup_request();
    let Ok(Body::SessionSetupRequest(request)) = only(&bytes).body() else {
        panic!("a session setup request")
    };
    assert_eq!(request.security_buffer.bytes, b"blob");
    assert!(request.binds());
    assert_eq!(request.previous_session_id, 0x77);
    for status in [Status::SUCCESS, Status::MORE_PROCESSING_REQUIRED] {
        let bytes = with_status(session_setup_response(), status);
        let Ok(Body::SessionSetupResponse(response)) = only(&bytes).body() else {
            panic!("a session setup response")
        };
        assert_eq!((response.session_flags, response.security_buffer.bytes), (1, &b"ok"[..]));
    }
    let denied = with_status(session_setup_response(), Status(0xc000_006d));
    assert_eq!(only(&denied).body(), Ok(Body::ErrorResponse));
}

#[test]
fn tree_connect_tells_path_and_share_type() {
    let bytes = tree_connect_request();
    let Ok(Body::TreeConnectRequest(request)) = only(&bytes).body() else { panic!("a tree connect request") };
    assert_eq!(request.path.to_string(), r"\\dc\IPC$");
    let bytes = tree_connect_response();
    let Ok(Body::TreeConnectResponse(response)) = only(&bytes).body() else {
        panic!("a tree connect response")
    };
    assert_eq!(response.share_type, ShareType::PIPE);
}

#[test]
fn the_path_of_a_tree_connect_with_an_extension_stands_behind_it() {
    let mut bytes = tree_connect_request();
    bytes[66..70].copy_from_slice(&[4, 0, 88, 0]); // flags (extension present), path offset
    bytes.splice(72..72, [0; 16]); // the extension: offset, count, reserved
    let Ok(Body::TreeConnectRequest(request)) = only(&bytes).body() else { panic!("a tree connect request") };
    assert_eq!(request.path.to_string(), r"\\dc\IPC$");
}

#[test]
fn create_tells_name_access_and_file() {
    let bytes = create_request();
    let Ok(Body::CreateRequest(request)) = only(&bytes).body() else { panic!("a create request") };
    assert_eq!(request.name.to_string(), "svcctl");
    assert_eq!((request.impersonation_level, request.desired_access), (2, 0x0012_019f));
    assert_eq!((request.disposition, request.options), (1, 0x40));
    let bytes = create_response();
    let Ok(Body::CreateResponse(response)) = only(&bytes).body() else { panic!("a create response") };
    let times = FileTimes { modified: Some(Timestamp(0)), ..FileTimes::default() };
    let file = FileInformation { action: CreateAction(1), times, attributes: 0x90, size: 7 };
    assert_eq!(response, CreateResponse { file, file_id: file_id() });
    assert!(response.file.is_directory());
}

#[test]
fn set_info_tells_what_becomes_of_the_file() {
    let bytes = set_info_request(10, &rename("new.exe"));
    let Ok(Body::SetInfoRequest(request)) = only(&bytes).body() else { panic!("a set info request") };
    assert_eq!(request.file_id, file_id());
    let Some(FileChange::Rename(name)) = request.change else { panic!("a rename") };
    assert_eq!(name.to_string(), "new.exe");
    let change = |class, buffer: &[u8]| match only(&set_info_request(class, buffer)).body() {
        Ok(Body::SetInfoRequest(request)) => request.change.is_some(),
        other => panic!("{other:?}"),
    };
    assert!(change(13, &[1]) && !change(4, &[0; 40]));
    let mut security = set_info_request(13, &[1]);
    security[66] = 3;
    let Ok(Body::SetInfoRequest(request)) = only(&security).body() else { panic!("a set info request") };
    assert_eq!(request.change, None, "of another type of information");
}

#[test]
fn close_tells_the_file_and_may_inherit_it() {
    let mut bytes = close_request();
    assert_eq!(only(&bytes).body(), Ok(Body::CloseRequest(CloseRequest { file_id: file_id() })));
    bytes[72..88].fill(0xff);
    let Ok(Body::CloseRequest(request)) = only(&bytes).body() else { panic!("a close request") };
    assert!(request.file_id.is_inherited());
}

#[test]
fn read_and_write_carry_data() {
    let bytes = read_request();
    let Ok(Body::ReadRequest(request)) = only(&bytes).body() else { panic!("a read request") };
    assert_eq!(request, ReadRequest { length: 1024, offset: 0, file_id: file_id() });
    let bytes = read_response();
    let Ok(Body::ReadResponse(response)) = only(&bytes).body() else { panic!("a read response") };
    assert_eq!(response.data.bytes, b"data");
    let bytes = write_request();
    let Ok(Body::WriteRequest(request)) = only(&bytes).body() else { panic!("a write request") };
    assert_eq!((request.file_id, request.data.bytes), (file_id(), &b"hello"[..]));
    let bytes = write_response();
    assert_eq!(only(&bytes).body(), Ok(Body::WriteResponse(WriteResponse { count: 5 })));
}

#[test]
fn a_read_answer_that_overflowed_still_carries_data() {
    let bytes = with_status(read_response(), Status::BUFFER_OVERFLOW);
    let Ok(Body::ReadResponse(response)) = only(&bytes).body() else { panic!("a read response") };
    assert_eq!(response.data.bytes, b"data");
}

#[test]
fn ioctl_keeps_returned_input_apart_from_output() {
    let bytes = ioctl_request();
    let Ok(Body::IoctlRequest(request)) = only(&bytes).body() else { panic!("an ioctl request") };
    assert_eq!(request.control_code, ControlCode::PIPE_TRANSCEIVE);
    assert_eq!((request.input.bytes, request.max_output_response), (&b"ask"[..], 1024));
    let bytes = ioctl_response();
    let Ok(Body::IoctlResponse(response)) = only(&bytes).body() else { panic!("an ioctl response") };
    assert_eq!(response.file_id, file_id());
    assert_eq!((response.input.bytes, response.output.bytes), (&b"ask"[..], &b"answer"[..]));
}

#[test]
fn an_error_response_is_told_by_its_structure_size() {
    let error = message(Command::READ, RESPONSE, 5, &[9, 0, 0, 0, 0, 0, 0, 0]);
    for status in [Status(0xc000_0022), Status::PENDING] {
        assert_eq!(only(&with_status(error.clone(), status)).body(), Ok(Body::ErrorResponse));
    }
    assert!(only(&error).body().is_err(), "a success must have the body of its command");
}

#[test]
fn an_error_response_may_have_no_body() {
    let bytes = with_status(message(Command::LOGOFF, RESPONSE, 5, &[]), Status(0xc000_0022));
    assert_eq!(only(&bytes).body(), Ok(Body::ErrorResponse));
}

#[test]
fn a_huge_write_is_read_from_its_first_bytes() {
    let mut bytes = write_request();
    bytes[68..72].copy_from_slice(&0x0080_0000_u32.to_le_bytes());
    let message = Compound::new(&bytes, 112 + 0x0080_0000).next().expect("one").expect("a header");
    let Ok(Body::WriteRequest(request)) = message.body() else { panic!("a write request") };
    assert_eq!(request.data, Data { bytes: b"hello", length: 0x0080_0000 });
}

#[test]
fn a_field_outside_its_message_is_empty() {
    let mut bytes = create_request();
    bytes[108..112].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]); // name offset, length
    let Ok(Body::CreateRequest(request)) = only(&bytes).body() else { panic!("a create request") };
    assert!(request.name.is_empty());
}

/// Whether `cut` says nothing that `whole` does not say.
fn agrees(cut: &Body<'_>, whole: &Body<'_>) -> bool {
    match (cut, whole) {
        (Body::NegotiateRequest(cut), Body::NegotiateRequest(whole)) => {
            cut.dialect_count == whole.dialect_count
                && cut.dialects().zip(whole.dialects()).all(|(a, b)| a == b)
        }
        (Body::NegotiateResponse(cut), Body::NegotiateResponse(whole)) => {
            cut.dialect == whole.dialect && cut.security_buffer.is_cut_of(&whole.security_buffer)
        }
        (Body::SessionSetupRequest(cut), Body::SessionSetupRequest(whole)) => {
            (cut.flags, cut.previous_session_id) == (whole.flags, whole.previous_session_id)
                && cut.security_buffer.is_cut_of(&whole.security_buffer)
        }
        (Body::SessionSetupResponse(cut), Body::SessionSetupResponse(whole)) => {
            cut.session_flags == whole.session_flags && cut.security_buffer.is_cut_of(&whole.security_buffer)
        }
        (Body::TreeConnectRequest(cut), Body::TreeConnectRequest(whole)) => cut.path.is_cut_of(&whole.path),
        (Body::CreateRequest(cut), Body::CreateRequest(whole)) => {
            cut.name.is_cut_of(&whole.name) && CreateRequest { name: whole.name, ..*cut } == *whole
        }
        (Body::ReadResponse(cut), Body::ReadResponse(whole)) => cut.data.is_cut_of(&whole.data),
        (Body::WriteRequest(cut), Body::WriteRequest(whole)) => {
            cut.data.is_cut_of(&whole.data) && WriteRequest { data: whole.data, ..*cut } == *whole
        }
        (Body::SetInfoRequest(cut), Body::SetInfoRequest(whole)) => {
            let change = cut.change.is_none_or(|cut| whole.change.is_some_and(|whole| cut.is_cut_of(&whole)));
            cut.file_id == whole.file_id && change
        }
        (Body::IoctlRequest(cut), Body::IoctlRequest(whole)) => {
            cut.input.is_cut_of(&whole.input) && IoctlRequest { input: whole.input, ..*cut } == *whole
        }
        (Body::IoctlResponse(cut), Body::IoctlResponse(whole)) => {
            cut.input.is_cut_of(&whole.input)
                && cut.output.is_cut_of(&whole.output)
                && (cut.control_code, cut.file_id) == (whole.control_code, whole.file_id)
        }
        (cut, whole) => cut == whole,
    }
}

/// Reads `bytes` whole and with its end missing; where both can be read, they must agree.
fn check_cut(bytes: &[u8], at: usize) {
    let cut = &bytes[..at.min(bytes.len())];
    for (cut, whole) in Compound::new(cut, bytes.len()).zip(Compound::new(bytes, bytes.len())) {
        let (Ok(cut), Ok(whole)) = (cut, whole) else { continue };
        assert_eq!((cut.header, cut.length), (whole.header, whole.length));
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
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_smb2(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic_and_agree_with_their_parts(
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let samples = samples();
        let mut bytes = Vec::new();
        for (number, pick) in picks.iter().enumerate() {
            let mut message = pick.get(&samples).clone();
            if number + 1 < picks.len() {
                let next = u32::try_from(message.len()).expect("small");
                message[20..24].copy_from_slice(&next.to_le_bytes());
            }
            bytes.extend(message);
        }
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        fuzz_smb2(&bytes);
        check_cut(&bytes, at.index(bytes.len()));
    }
}
