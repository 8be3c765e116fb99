//! Named pipes over SMB 1 ([MS-CIFS], [MS-SMB]).

mod block;
mod message;

pub use message::{Block, Header, message};

use super::netbios::session_message;
use super::pipe::{Operation, Piece, Placed, in_order, interleave, operations};
use super::{Message, PipeStyle, SmbAuthentication, SmbFraming, SmbStart};
use crate::conversation::Step;
use crate::encoder::length16;
use crate::ntlm::Ntlm;
use crate::rng::Rng;
use crate::token;
use rpcscope_model::Side;

/// One SMB1 connection that carries one or more pipes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smb1 {
    /// Framing in TCP.
    pub framing: SmbFraming,
    /// Where the capture begins.
    pub start: SmbStart,
    /// How PDUs travel.
    pub style: PipeStyle,
    /// Largest write and read, in bytes; longer PDUs take several.
    pub max_bytes: usize,
    /// Largest part of a transaction in one message, in bytes; a longer one takes secondary requests and several responses.
    pub transaction_bytes: usize,
    /// Who authenticates in the session setup.
    pub user: Ntlm,
    /// How the session setup wraps what authenticates.
    pub authentication: SmbAuthentication,
    /// Name of the server in the tree connect.
    pub server: String,
    /// Chooses proofs and the order of exchanges of several pipes.
    pub seed: u64,
}

impl Default for Smb1 {
    fn default() -> Self {
        Self {
            framing: SmbFraming::Direct,
            start: SmbStart::Negotiate,
            style: PipeStyle::WriteRead,
            max_bytes: 4280,
            transaction_bytes: 4280,
            user: Ntlm::new("CORP", "alice", "WS1"),
            authentication: SmbAuthentication::Ntlm,
            server: "SERVER".to_owned(),
            seed: 1,
        }
    }
}

impl Smb1 {
    /// The messages of conversations, each over the pipe named with it (`svcctl`), all mixed on one connection.
    pub fn carry(&self, pipes: &[(&str, &[Step])]) -> Vec<Message> {
        let queues = pipes.iter().map(|(_, steps)| {
            let steps: Vec<&Step> = steps.iter().collect();
            operations(&steps, self.style, self.max_bytes)
        });
        let order = interleave(queues.collect(), &mut Rng::new(self.seed));
        let names: Vec<&str> = pipes.iter().map(|(name, _)| *name).collect();
        self.write(&names, order).into_iter().map(|(_, message)| message).collect()
    }

    /// The messages of a script: steps, each with the position of its pipe in `pipes`, in their order.
    pub fn carry_script(&self, pipes: &[&str], script: &[(usize, Step)]) -> Vec<super::Placed> {
        let order = in_order(pipes.len(), script, self.style, self.max_bytes);
        super::by_step(self.write(pipes, order))
    }

    fn write(&self, pipes: &[&str], order: Vec<(usize, Placed)>) -> Vec<super::Placed> {
        let mut writer =
            Writer { options: self, messages: Vec::new(), asked: 0, answered: 0, multiplex_id: 0 };
        if self.start == SmbStart::Negotiate {
            writer.messages = self.framing.opening().into_iter().map(|message| (0, message)).collect();
            writer.set_up();
        }
        for (pipe, placed) in order {
            (writer.asked, writer.answered) = (placed.asked, placed.answered);
            writer.operate(pipes[pipe], FIRST_FID + length16(pipe), &placed.operation);
        }
        writer.messages
    }
}

/// State of one connection while it is written.
struct Writer<'a> {
    options: &'a Smb1,
    messages: Vec<super::Placed>,
    /// Steps that requests and responses belong to.
    asked: usize,
    answered: usize,
    multiplex_id: u16,
}

impl Writer<'_> {
    fn set_up(&mut self) {
        let mut rng = Rng::new(self.options.seed);
        let [negotiate, challenge, proof, end] = token::session_setup(
            &self.options.user,
            self.options.authentication == SmbAuthentication::Spnego,
            &mut rng,
        );
        let outside = self.next(0, 0);
        self.exchange(outside, 0, &|_| block::negotiate_request(), &|_| block::negotiate_response());

        // The server assigns the user id in its first answer.
        let first = self.next(0, 0);
        self.client(first, &[&|offset| block::session_setup_request(offset, &negotiate)]);
        let answer = Header { user_id: USER, status: MORE_PROCESSING_REQUIRED, ..first };
        self.server(answer, &[&|offset| block::session_setup_response(offset, &challenge)]);
        let second = self.next(USER, 0);
        let request = |offset| block::session_setup_request(offset, &proof);
        self.exchange(second, 0, &request, &|offset| block::session_setup_response(offset, &end));

        let path = format!("\\\\{}\\IPC$", self.options.server);
        let connect = self.next(USER, 0);
        self.client(connect, &[&|offset| block::tree_connect_request(offset, &path)]);
        self.server(Header { tree_id: TREE, ..connect }, &[&|_| block::tree_connect_response()]);
    }

    fn operate(&mut self, name: &str, fid: u16, operation: &Operation) {
        let max_bytes = self.options.max_bytes;
        let header = self.next(USER, TREE);
        match operation {
            Operation::Open if self.options.start == SmbStart::Opened => {}
            Operation::Open => {
                let name = format!("\\{name}");
                let request = |offset| block::create_request(offset, &name);
                self.exchange(header, 0, &request, &|_| block::create_response(fid));
            }
            Operation::Write(data) => {
                let request = |offset| block::write_request(offset, fid, data);
                self.exchange(header, 0, &request, &|_| block::write_response(data.len()));
            }
            Operation::Read(piece) => {
                let response = |offset| block::read_response(offset, &piece.bytes);
                self.exchange(header, status(piece), &|_| block::read_request(fid, max_bytes), &response);
            }
            Operation::Exchange(data, piece) if self.options.style == PipeStyle::Chained => {
                let write = |offset| block::write_request(offset, fid, data);
                self.client(header, &[&write, &|_| block::read_request(fid, max_bytes)]);
                let read = |offset| block::read_response(offset, &piece.bytes);
                let answer = Header { status: status(piece), ..header };
                self.server(answer, &[&|_| block::write_response(data.len()), &read]);
            }
            Operation::Exchange(data, piece) => self.transact(header, fid, data, piece),
            Operation::Close => {
                self.exchange(header, 0, &|_| block::close_request(fid), &|_| block::close_response());
            }
        }
    }

    fn transact(&mut self, header: Header, fid: u16, data: &[u8], piece: &Piece) {
        let (size, max_bytes) = (self.options.transaction_bytes.max(1), self.options.max_bytes);
        let (first, rest) = data.split_at(size.min(data.len()));
        self.client(header, &[&|offset| block::transact_request(offset, fid, first, data.len(), max_bytes)]);
        if !rest.is_empty() {
            self.server(header, &[&|_| block::transact_interim()]);
        }
        let mut displacement = first.len();
        for part in rest.chunks(size) {
            let at = displacement;
            self.client(header, &[&|offset| block::transact_secondary(offset, part, at, data.len())]);
            displacement += part.len();
        }
        let (answer, total) = (Header { status: status(piece), ..header }, piece.bytes.len());
        for (number, part) in piece.bytes.chunks(size).enumerate() {
            let at = number * size;
            self.server(answer, &[&|offset| block::transact_response(offset, part, at, total)]);
        }
        if piece.bytes.is_empty() {
            self.server(answer, &[&|offset| block::transact_response(offset, &[], 0, 0)]);
        }
    }

    fn exchange(
        &mut self,
        header: Header,
        status: u32,
        request: &dyn Fn(usize) -> Block,
        response: &dyn Fn(usize) -> Block,
    ) {
        self.client(header, &[request]);
        self.server(Header { status, ..header }, &[response]);
    }

    fn client(&mut self, header: Header, blocks: &[&dyn Fn(usize) -> Block]) {
        let bytes = session_message(&message(header, blocks));
        self.messages.push((self.asked, Message::new(Side::Client, bytes)));
    }

    fn server(&mut self, header: Header, blocks: &[&dyn Fn(usize) -> Block]) {
        let bytes = session_message(&message(Header { response: true, ..header }, blocks));
        self.messages.push((self.answered, Message::new(Side::Server, bytes)));
    }

    fn next(&mut self, user_id: u16, tree_id: u16) -> Header {
        self.multiplex_id = self.multiplex_id.wrapping_add(64);
        Header { user_id, tree_id, multiplex_id: self.multiplex_id, ..Header::default() }
    }
}

fn status(piece: &Piece) -> u32 {
    if piece.more { BUFFER_OVERFLOW } else { 0 }
}

const BUFFER_OVERFLOW: u32 = 0x8000_0005;
const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;
const USER: u16 = 0x0800;
const TREE: u16 = 0x0801;
const FIRST_FID: u16 = 0x4000;

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(smb: &Smb1) -> Vec<(Side, u8)> {
        let steps =
            [Step { side: Side::Client, pdu: vec![5; 9] }, Step { side: Side::Server, pdu: vec![5; 9] }];
        let messages = smb.carry(&[("svcctl", &steps)]);
        messages.iter().map(|message| (message.side, message.bytes[8])).collect()
    }

    #[test]
    fn a_pipe_is_opened_used_and_closed() {
        let order: Vec<u8> = commands(&Smb1::default()).iter().map(|(_, command)| *command).collect();
        let expected =
            [0x72, 0x73, 0x73, 0x75, 0xa2, 0x2f, 0x2e, 0x04].iter().flat_map(|command| [*command; 2]);
        assert_eq!(order, expected.collect::<Vec<u8>>());
    }

    #[test]
    fn long_transactions_take_secondary_requests_and_several_responses() {
        let smb = Smb1 {
            start: SmbStart::Opened,
            style: PipeStyle::Transact,
            transaction_bytes: 4,
            ..Smb1::default()
        };
        use Side::{Client as C, Server as S};
        let expected = [
            (C, 0x25),
            (S, 0x25),
            (C, 0x26),
            (C, 0x26),
            (S, 0x25),
            (S, 0x25),
            (S, 0x25),
            (C, 0x04),
            (S, 0x04),
        ];
        assert_eq!(commands(&smb), expected);
    }

    #[test]
    fn parts_of_a_transaction_join_by_their_displacement() {
        let pdu: Vec<u8> = (0..9).collect();
        let steps =
            [Step { side: Side::Client, pdu: pdu.clone() }, Step { side: Side::Server, pdu: pdu.clone() }];
        let smb = Smb1 {
            start: SmbStart::Opened,
            style: PipeStyle::Transact,
            transaction_bytes: 4,
            ..Smb1::default()
        };
        let messages = smb.carry(&[("svcctl", &steps)]);
        for side in [Side::Client, Side::Server] {
            let mut joined = vec![0xff; 9];
            for message in messages.iter().filter(|message| message.side == side) {
                let smb = &message.bytes[4..];
                let word = |at: usize| usize::from(u16::from_le_bytes([smb[33 + at], smb[34 + at]]));
                // Word count and command tell the layout: count, offset and displacement of the data.
                let (count, offset, displacement) = match (smb[32], smb[4]) {
                    (16, 0x25) => (word(22), word(24), 0),
                    (8, 0x26) => (word(10), word(12), word(14)),
                    (10, 0x25) => (word(12), word(14), word(16)),
                    _ => continue,
                };
                joined[displacement..displacement + count].copy_from_slice(&smb[offset..offset + count]);
            }
            assert_eq!(joined, pdu, "{side:?}");
        }
    }

    #[test]
    fn chained_write_and_read_are_one_message() {
        let smb = Smb1 { start: SmbStart::Opened, style: PipeStyle::Chained, ..Smb1::default() };
        assert_eq!(commands(&smb).len(), 4);
    }
}
