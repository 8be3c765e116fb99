//! File shares over SMB 2 and 3: bulk, small files, and listings of folders.

use super::stream::Stream;
use super::template::Template;
use crate::Rng;
use crate::conversation::Step;
use crate::encoder::{ByteOrder, Encoder, length16, length32};
use crate::transport::smb2::{FLAG_RESPONSE, Header, compound};
use crate::transport::{Message, Smb2, SmbAuthentication, SmbProtection, SmbStart};
use rpcscope_model::Side;

/// Reads and writes of whole files, small files, folders, and an encrypted session.
pub(super) fn templates(rng: &mut Rng) -> Vec<Template> {
    let mut templates = vec![
        transfer(Side::Server, 24, SmbStart::Negotiate, SmbProtection::Plain, rng),
        transfer(Side::Client, 12, SmbStart::Negotiate, SmbProtection::Plain, rng),
        transfer(Side::Server, 8, SmbStart::Opened, SmbProtection::Plain, rng),
        transfer(Side::Server, 8, SmbStart::Negotiate, SmbProtection::Encrypted, rng),
    ];
    templates.extend([small_files(rng), folders(rng)]);
    templates
}

/// One file of `pieces` times 64 KB. The sender of the bytes is the client when it is written.
fn transfer(
    sender: Side,
    pieces: usize,
    start: SmbStart,
    protection: SmbProtection,
    rng: &mut Rng,
) -> Template {
    let steps: Vec<Step> = (0..pieces).map(|_| Step { side: sender, pdu: rng.bytes(PIECE_BYTES) }).collect();
    let smb = Smb2 { start, protection, ..share(rng) };
    Stream::to(445).messages(smb.carry(&[("projects\\plan.vhdx", &steps)])).template()
}

/// Documents that are opened, read, sometimes written, and closed.
fn small_files(rng: &mut Rng) -> Template {
    let names: Vec<String> = (0..24).map(|number| format!("documents\\letter{number}.docx")).collect();
    let mut contents = Vec::new();
    for number in 0..names.len() {
        let sender = if number % 4 == 0 { Side::Client } else { Side::Server };
        let length = rng.between(200, 30_000);
        contents.push([Step { side: sender, pdu: rng.bytes(length) }]);
    }
    let files: Vec<(&str, &[Step])> =
        names.iter().zip(&contents).map(|(name, steps)| (name.as_str(), steps.as_slice())).collect();
    Stream::to(445).messages(share(rng).carry(&files)).template()
}

/// Folders that are opened and listed ([MS-SMB2] 2.2.33, 2.2.34).
fn folders(rng: &mut Rng) -> Template {
    let mut messages = share(rng).carry(&[("documents", &[])]);
    let close = messages.len() - 2;
    let closing = messages.split_off(close);
    // The file id stands behind header, structure size, flags and a reserved field.
    let file_id: Vec<u8> = closing[0].bytes[FRAMING_BYTES + 64 + 8..][..16].to_vec();
    let header = |number: u64, flags| Header {
        command: QUERY_DIRECTORY,
        flags,
        message_id: 1000 + number,
        tree_id: u32::from_le_bytes(closing[0].bytes[FRAMING_BYTES + 36..][..4].try_into().expect("4 bytes")),
        session_id: u64::from_le_bytes(
            closing[0].bytes[FRAMING_BYTES + 40..][..8].try_into().expect("8 bytes"),
        ),
        ..Header::default()
    };
    for number in 0..16 {
        let mut request = Encoder::new(ByteOrder::Little);
        // FileIdBothDirectoryInformation of all names.
        request.u16(33).u8(37).u8(0).u32(0).raw(&file_id).u16(96).u16(2).u32(65_536).utf16("*");
        let entries = entries(rng.between(5, 60));
        let mut response = Encoder::new(ByteOrder::Little);
        response.u16(9).u16(72).u32(length32(entries.len())).raw(&entries);
        for (side, flags, body) in
            [(Side::Client, 0, request.finish()), (Side::Server, FLAG_RESPONSE, response.finish())]
        {
            let smb = compound(&[(header(number, flags), body)]);
            let mut framed = Encoder::new(ByteOrder::Big);
            framed.u32(length32(smb.len())).raw(&smb);
            messages.push(Message::new(side, framed.finish()));
        }
    }
    messages.extend(closing);
    Stream::to(445).messages(messages).template()
}

/// FileIdBothDirectoryInformation ([MS-FSCC] 2.4.22) of some files.
fn entries(count: usize) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    for number in 0..count {
        let name = format!("letter{number:04}.docx");
        let next = if number + 1 < count { 136 } else { 0 };
        out.u32(next).u32(0).zeros(32).u64(20_480).u64(20_480).u32(0x20).u32(30).u32(0);
        out.u16(0).zeros(24).u16(0).u64(length16(number).into()).utf16(&name).align(8);
    }
    out.finish()
}

fn share(rng: &mut Rng) -> Smb2 {
    Smb2 {
        dialect: 0x0311,
        authentication: SmbAuthentication::Spnego,
        share: "Data".to_owned(),
        seed: rng.next_u64(),
        ..Smb2::default()
    }
}

const QUERY_DIRECTORY: u16 = 14;
/// Length of the framing before an SMB message.
const FRAMING_BYTES: usize = 4;
/// Largest read and write of a client.
const PIECE_BYTES: usize = 65_536;
