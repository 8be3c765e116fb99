//! The item `file`: a file that is written to a share, over SMB 2 or 3.

use super::bind::Missing;
use super::carrier::smb;
use super::connection::{Carrier, Connection, Sent};
use super::error::ScenarioError;
use super::fields::{Fields, Parsed, bytes, choice};
use super::forge::Forge;
use super::text::limited;
use crate::conversation::Step;
use crate::packets::{TcpEnd, TcpStart};
use crate::transport::{Smb2, SmbFraming};
use rpcscope_model::{Endpoint, Side};
use rpcscope_text::Node;

impl Forge {
    /// A connection of its own: session setup, tree connect, and a file that is created, written at once and closed.
    pub(super) fn file(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "file")?;
        let name = limited(fields.required("name")?)?.to_owned();
        let share = fields.get("share", limited)?.unwrap_or("ADMIN$").to_owned();
        let written = match fields.optional("bytes") {
            Some(node) => {
                let written = bytes(node)?;
                if written.is_empty() || written.len() > MOST_BYTES {
                    return Err(ScenarioError::new(node.place, "want 1 to 4,096 bytes"));
                }
                written
            }
            None => b"MZ".to_vec(),
        };
        let disposition = fields.get("disposition", |node| choice(node, "disposition", DISPOSITIONS))?;
        let disposition = disposition.unwrap_or(OVERWRITE_IF);
        let seed = self.rng.next_u64();
        let Carrier::Smb2(smb) = smb(&fields, Missing::Nothing, seed)? else {
            return Err(ScenarioError::new(fields.place, "files are written over SMB 2 and 3 only"));
        };
        fields.finish()?;
        if share.eq_ignore_ascii_case("IPC$") {
            return Err(ScenarioError::new(node.place, "`IPC$` has pipes, no files")
                .hint("`bind: {transport: ncacn_np, …}` opens a pipe"));
        }
        let usual = match smb.framing {
            SmbFraming::Direct => 445,
            SmbFraming::NetBios => 139,
        };
        let client_port = self.client.1.unwrap_or_else(|| self.take_client_port());
        let at_ns = self.take_moment();
        let step = Step { side: Side::Client, pdu: written };
        self.connections.push(Connection {
            carrier: Carrier::Smb2(Smb2 { share, disposition, max_bytes: MOST_BYTES, ..smb }),
            client: Endpoint::new(self.client.0, client_port),
            server: Endpoint::new(self.server.0, self.server.1.unwrap_or(usual)),
            network: self.network.clone(),
            pipes: vec![name],
            sent: vec![Sent { pipe: 0, step, at_ns, lost: false }],
            start: TcpStart::Handshake,
            end: TcpEnd::Finish,
            seed,
        });
        Ok(())
    }
}

/// CreateDisposition ([MS-SMB2] 2.2.13).
const DISPOSITIONS: &[(&str, u32)] = &[
    ("supersede", 0),
    ("open", 1),
    ("create", 2),
    ("open_if", 3),
    ("overwrite", 4),
    ("overwrite_if", OVERWRITE_IF),
];
const OVERWRITE_IF: u32 = 5;
/// Bytes of a file: they go in one message.
const MOST_BYTES: usize = 4_096;
