//! Writes the seeds of the fuzz targets to `tests/fuzz/corpus/TARGET/`: `cargo run -p rpcscope-suite --bin fuzz-seeds`.
//!
//! They come from the project's own captures and from the testkit, and are the same, byte for byte, in every run. Other
//! files in these folders, such as inputs that once made a target fail, stay.

mod built;
mod captured;
mod meaning;
mod script;

use rpcscope_session::Protocol;
use rpcscope_suite::corpus::workspace;
use rpcscope_suite::manifest::{manifest, own_captures};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The seeds of one target: names and bytes. Names sort in the order in which they are written.
type Seeds = BTreeMap<String, Vec<u8>>;

/// Bytes of a connection in one seed, and of all frames of a capture in one. Long inputs make a fuzzer slow.
const MOST_STREAM_BYTES: usize = 3_000;
const MOST_FRAME_BYTES: usize = 5_000;
/// Bytes of a single PDU or SMB message in one seed.
const MOST_MESSAGE_BYTES: usize = 1_000;

fn main() -> io::Result<()> {
    let mut targets: BTreeMap<&str, Seeds> = BTreeMap::new();
    for entry in manifest().captures {
        let stem = entry.file.split('.').next().unwrap_or_default().to_owned();
        let capture = captured::read(&own_captures().join(&entry.file)).map_err(io::Error::other)?;
        add_captured(&mut targets, &stem, &capture);
    }
    built::add(&mut targets);
    let corpus = workspace().join("tests/fuzz/corpus");
    for (target, seeds) in &targets {
        write(&corpus.join(target), seeds)?;
        let bytes: usize = seeds.values().map(Vec::len).sum();
        println!("{target}: {} seeds, {bytes} bytes", seeds.len());
    }
    Ok(())
}

/// Cuts one capture into the seeds of all targets that can use it.
fn add_captured(targets: &mut BTreeMap<&'static str, Seeds>, stem: &str, capture: &captured::Capture) {
    let mut add = |target: &'static str, name: String, bytes: Vec<u8>| {
        targets.entry(target).or_default().entry(name).or_insert(bytes);
    };
    add("engine", stem.to_owned(), script::frames(&capture.frames, MOST_FRAME_BYTES));
    for datagram in &capture.datagrams {
        if let Some(name) = script::connectionless_name(datagram) {
            add("pdu", name, datagram.clone());
        }
    }
    for (number, connection) in capture.connections.iter().enumerate() {
        let pieces = script::pieces(&connection.messages, MOST_STREAM_BYTES);
        let name = format!("{stem}-{number}");
        match connection.protocol {
            Some(Protocol::Rpc) => {
                for pdu in script::pdus(&connection.messages) {
                    if pdu.len() <= MOST_MESSAGE_BYTES {
                        add("pdu", script::pdu_name(&pdu), pdu);
                    }
                }
                meaning::of_calls(&script::pdus(&connection.messages), &mut add);
                if let Some((name, tokens)) = meaning::tokens_of_pdus(&connection.messages) {
                    add("auth", name, tokens);
                }
                let script = script::association(&connection.messages, MOST_STREAM_BYTES);
                add("association", name.clone(), script);
                add("rpc_connection", name, pieces);
            }
            Some(Protocol::Smb) => {
                let messages = script::smb_messages(&connection.messages);
                meaning::of_calls(&meaning::pdus_in(&messages), &mut add);
                if let Some((name, tokens)) = meaning::tokens_of_smb(&messages) {
                    add("auth", name, tokens);
                }
                for message in messages {
                    if message.len() <= MOST_MESSAGE_BYTES
                        && let Some((target, name)) = script::smb_name(&message)
                    {
                        add(target, name, message);
                    }
                }
                add("smb_connection", name, pieces);
            }
            Some(Protocol::Http | Protocol::HttpGreeting) => add("http_connection", name, pieces),
            None => {}
        }
    }
}

fn write(folder: &Path, seeds: &Seeds) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in seeds {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
