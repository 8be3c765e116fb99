//! Named pipes over SMB 2 and 3 ([MS-SMB2]).

mod body;
mod header;
mod set_up;
mod transform;

pub use header::{FLAG_ASYNC, FLAG_RELATED, FLAG_RESPONSE, Header, compound};

use super::netbios::session_message;
use super::pipe::{Operation, Piece, Placed, in_order, interleave, operations};
use super::{Message, PipeStyle, SmbFraming, SmbStart};
use crate::conversation::Step;
use crate::ntlm::Ntlm;
use crate::rng::Rng;
use rpcscope_model::Side;

/// How the session setup wraps the NTLMSSP messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SmbAuthentication {
    /// Not at all.
    #[default]
    Ntlm,
    /// In SPNEGO, as Windows does ([MS-SPNG]).
    Spnego,
}

/// What is done to the messages behind the session setup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SmbProtection {
    /// Nothing.
    #[default]
    Plain,
    /// They are encrypted: a header, then random bytes. Needs dialect 0x0300 or later.
    Encrypted,
    /// They are compressed. Needs dialect 0x0311.
    Compressed,
}

/// One SMB2 session that carries one or more pipes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smb2 {
    /// Dialect: 0x0202 to 0x0311. With 0x0311, negotiation contexts are written.
    pub dialect: u16,
    /// Framing in TCP.
    pub framing: SmbFraming,
    /// Where the capture begins.
    pub start: SmbStart,
    /// How PDUs travel.
    pub style: PipeStyle,
    /// Largest write and read, in bytes; longer PDUs take several.
    pub max_bytes: usize,
    /// Whether reads are answered first with STATUS_PENDING; the data comes after the next exchange of another pipe.
    pub interim: bool,
    /// Who authenticates in the session setup.
    pub user: Ntlm,
    /// How the session setup wraps what authenticates.
    pub authentication: SmbAuthentication,
    /// What is done to messages.
    pub protection: SmbProtection,
    /// Connections that share the session, at least 1: exchanges take turns on them.
    pub channels: usize,
    /// Name of the server in the tree connect.
    pub server: String,
    /// Name of the share. Of any but `IPC$`, pipes are files.
    pub share: String,
    /// What becomes of a file that exists, and of one that does not (CreateDisposition, [MS-SMB2] 2.2.13).
    pub disposition: u32,
    /// Chooses ids, proofs and the order of exchanges of several pipes.
    pub seed: u64,
}

impl Default for Smb2 {
    fn default() -> Self {
        Self {
            dialect: 0x0302,
            framing: SmbFraming::Direct,
            start: SmbStart::Negotiate,
            style: PipeStyle::WriteRead,
            max_bytes: 65_536,
            interim: false,
            user: Ntlm::new("CORP", "alice", "WS1"),
            authentication: SmbAuthentication::Ntlm,
            protection: SmbProtection::Plain,
            channels: 1,
            server: "SERVER".to_owned(),
            share: "IPC$".to_owned(),
            disposition: body::FILE_OPEN,
            seed: 1,
        }
    }
}

impl Smb2 {
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
        let mut writer = Writer::new(self);
        let channels = self.channels.max(1);
        if self.start == SmbStart::Negotiate {
            (0..channels).for_each(|connection| writer.set_up(connection));
        }
        let file_ids: Vec<[u8; 16]> = pipes.iter().map(|_| writer.rng.uuid().into_bytes()).collect();
        for (number, (pipe, placed)) in order.into_iter().enumerate() {
            if writer.parked.as_ref().is_some_and(|(parked, _)| *parked == pipe) {
                writer.release();
            }
            let released = writer.parked.take();
            writer.connection = number % channels;
            (writer.asked, writer.answered) = (placed.asked, placed.answered);
            writer.operate(pipe, pipes[pipe], file_ids[pipe], &placed.operation);
            if let Some((_, message)) = released {
                writer.messages.push(message);
            }
        }
        writer.release();
        writer.messages
    }
}

/// State of one session while it is written.
struct Writer<'a> {
    options: &'a Smb2,
    rng: Rng,
    messages: Vec<super::Placed>,
    /// The connection that is written to.
    connection: usize,
    /// Steps that requests and responses belong to.
    asked: usize,
    answered: usize,
    /// Whether the protection is in force.
    protected: bool,
    /// Next message id of each connection.
    message_ids: Vec<u64>,
    /// The final response that is held back, and its pipe.
    parked: Option<(usize, super::Placed)>,
}

impl<'a> Writer<'a> {
    fn new(options: &'a Smb2) -> Self {
        let channels = options.channels.max(1);
        let mut messages = Vec::new();
        if options.start == SmbStart::Negotiate {
            for connection in 0..channels {
                let opening = options.framing.opening().into_iter();
                messages.extend(opening.map(|message| (0, Message { connection, ..message })));
            }
        }
        Self {
            options,
            rng: Rng::new(options.seed),
            messages,
            connection: 0,
            asked: 0,
            answered: 0,
            protected: options.start != SmbStart::Negotiate,
            message_ids: vec![0; channels],
            parked: None,
        }
    }

    fn operate(&mut self, pipe: usize, name: &str, file_id: [u8; 16], operation: &Operation) {
        let max_bytes = self.options.max_bytes;
        let header = |command| Header { command, session_id: SESSION, tree_id: TREE, ..Header::default() };
        match operation {
            Operation::Open if self.options.start == SmbStart::Opened => {}
            Operation::Open => {
                let request = body::create_request(name, self.options.disposition);
                let response = body::create_response(file_id, self.options.disposition);
                self.exchange(header(CREATE), request, 0, response);
            }
            Operation::Write(data) => {
                let request = body::write_request(file_id, data);
                self.exchange(header(WRITE), request, 0, body::write_response(data.len()));
            }
            Operation::Read(piece) if self.options.interim => {
                let request = Header { message_id: self.next_id(), ..header(READ) };
                self.client(&[(request, body::read_request(file_id, max_bytes))]);
                let async_id = request.message_id.wrapping_add(0x8000);
                let parked = Header { flags: FLAG_ASYNC, async_id, ..request };
                self.server(&[(answer(parked, PENDING), body::error_response())]);
                let last = compound(&[(answer(parked, status(piece)), body::read_response(&piece.bytes))]);
                let bytes = self.protect(last);
                let message = Message { connection: self.connection, side: Side::Server, bytes };
                self.parked = Some((pipe, (self.answered, message)));
            }
            Operation::Read(piece) => {
                let request = body::read_request(file_id, max_bytes);
                self.exchange(header(READ), request, status(piece), body::read_response(&piece.bytes));
            }
            Operation::Exchange(data, piece) if self.options.style == PipeStyle::Chained => {
                let write = Header { message_id: self.next_id(), ..header(WRITE) };
                let read = Header { message_id: self.next_id(), flags: FLAG_RELATED, ..header(READ) };
                self.client(&[
                    (write, body::write_request(file_id, data)),
                    (read, body::read_request(RELATED_FILE, max_bytes)),
                ]);
                self.server(&[
                    (answer(write, 0), body::write_response(data.len())),
                    (answer(read, status(piece)), body::read_response(&piece.bytes)),
                ]);
            }
            Operation::Exchange(data, piece) => {
                let request = body::transceive_request(file_id, data, max_bytes);
                let response = body::transceive_response(file_id, &piece.bytes);
                self.exchange(header(IOCTL), request, status(piece), response);
            }
            Operation::Close => {
                self.exchange(header(CLOSE), body::close_request(file_id), 0, body::close_response());
            }
        }
    }

    /// A request and its response.
    fn exchange(&mut self, header: Header, request: Vec<u8>, status: u32, response: Vec<u8>) {
        let header = Header { message_id: self.next_id(), ..header };
        self.client(&[(header, request)]);
        self.server(&[(answer(header, status), response)]);
    }

    fn client(&mut self, messages: &[(Header, Vec<u8>)]) {
        self.send(self.asked, Side::Client, messages);
    }

    fn server(&mut self, messages: &[(Header, Vec<u8>)]) {
        self.send(self.answered, Side::Server, messages);
    }

    fn send(&mut self, step: usize, side: Side, messages: &[(Header, Vec<u8>)]) {
        let bytes = self.protect(compound(messages));
        self.messages.push((step, Message { connection: self.connection, side, bytes }));
    }

    /// Encrypts or compresses a message, when that is wanted, and frames it.
    fn protect(&mut self, message: Vec<u8>) -> Vec<u8> {
        match self.options.protection {
            SmbProtection::Encrypted if self.protected => {
                session_message(&transform::encrypted(&message, SESSION, &mut self.rng))
            }
            SmbProtection::Compressed if self.protected => session_message(&transform::compressed(&message)),
            _ => session_message(&message),
        }
    }

    /// Sends the response that was held back.
    fn release(&mut self) {
        if let Some((_, message)) = self.parked.take() {
            self.messages.push(message);
        }
    }

    fn next_id(&mut self) -> u64 {
        let id = &mut self.message_ids[self.connection];
        *id += 1;
        *id - 1
    }
}

/// The header of the response to a request.
fn answer(request: Header, status: u32) -> Header {
    Header { status, flags: request.flags | FLAG_RESPONSE, ..request }
}

fn status(piece: &Piece) -> u32 {
    if piece.more { BUFFER_OVERFLOW } else { 0 }
}

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const IOCTL: u16 = 11;

const PENDING: u32 = 0x0000_0103;
const BUFFER_OVERFLOW: u32 = 0x8000_0005;
const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

/// File id that means the file of the message before ([MS-SMB2] 3.2.4.1.4).
const RELATED_FILE: [u8; 16] = [0xff; 16];
/// Id of the session.
pub(crate) const SESSION: u64 = 0x0000_0400_0000_0019;
const TREE: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        vec![Step { side: Side::Client, pdu: vec![5; 9] }, Step { side: Side::Server, pdu: vec![5; 9] }]
    }

    /// (side, command, status) of the first message of each compound.
    fn commands(messages: &[Message]) -> Vec<(Side, u8, u8)> {
        messages.iter().map(|message| (message.side, message.bytes[16], message.bytes[12])).collect()
    }

    #[test]
    fn a_pipe_is_opened_used_and_closed() {
        let steps = steps();
        let messages = Smb2::default().carry(&[("svcctl", &steps)]);
        let order: Vec<u8> = commands(&messages).iter().map(|(_, command, _)| *command).collect();
        assert_eq!(order, [0, 0, 1, 1, 1, 1, 3, 3, 5, 5, 9, 9, 8, 8, 6, 6]);
        let late = Smb2 { start: SmbStart::Opened, style: PipeStyle::Transact, ..Smb2::default() };
        let order: Vec<u8> =
            commands(&late.carry(&[("svcctl", &steps)])).iter().map(|(_, command, _)| *command).collect();
        assert_eq!(order, [11, 11, 6, 6]);
    }

    #[test]
    fn interim_responses_come_first_and_data_last() {
        let steps = steps();
        let smb = Smb2 { start: SmbStart::Opened, interim: true, ..Smb2::default() };
        let messages = commands(&smb.carry(&[("svcctl", &steps)]));
        use Side::{Client as C, Server as S};
        assert_eq!(messages, [(C, 9, 0), (S, 9, 0), (C, 8, 0), (S, 8, 3), (S, 8, 0), (C, 6, 0), (S, 6, 0)]);
    }

    #[test]
    fn parked_reads_of_one_pipe_are_answered_after_another_pipe_spoke() {
        let steps = steps();
        let overtaken = (1..20).any(|seed| {
            let smb = Smb2 { start: SmbStart::Opened, interim: true, seed, ..Smb2::default() };
            let messages = commands(&smb.carry(&[("svcctl", &steps), ("winreg", &steps)]));
            let pending = messages.iter().position(|message| *message == (Side::Server, 8, 3));
            pending.is_some_and(|at| messages[at + 1].0 == Side::Client)
        });
        assert!(overtaken);
    }

    #[test]
    fn channels_take_turns_within_one_session() {
        let steps = steps();
        let smb = Smb2 { channels: 2, ..Smb2::default() };
        let messages = smb.carry(&[("svcctl", &steps)]);
        let of = |connection| {
            let own = messages.iter().filter(move |message| message.connection == connection);
            own.map(|message| message.bytes[16]).collect::<Vec<u8>>()
        };
        assert_eq!(of(0), [0, 0, 1, 1, 1, 1, 3, 3, 5, 5, 8, 8]);
        assert_eq!(of(1), [0, 0, 1, 1, 1, 1, 9, 9, 6, 6]);
        // The first session setup of the second channel binds: it names the session and has the flag.
        let bound =
            messages.iter().filter(|message| message.connection == 1).nth(2).expect("a session setup");
        assert_eq!(bound.bytes[4 + 40..4 + 48], SESSION.to_le_bytes());
        assert_eq!(bound.bytes[4 + 64 + 2], 1);
    }

    #[test]
    fn protection_begins_behind_the_session_setup() {
        let steps = steps();
        for (protection, first) in [(SmbProtection::Encrypted, 0xfd), (SmbProtection::Compressed, 0xfc)] {
            let smb = Smb2 { dialect: 0x0311, protection, ..Smb2::default() };
            let messages = smb.carry(&[("svcctl", &steps)]);
            let kinds: Vec<u8> = messages.iter().map(|message| message.bytes[4]).collect();
            assert_eq!(kinds[..6], [0xfe; 6]);
            assert!(kinds[6..].iter().all(|kind| *kind == first), "{kinds:?}");
        }
    }

    #[test]
    fn chained_exchange_is_one_message_with_two_headers() {
        let steps = steps();
        let smb = Smb2 { start: SmbStart::Opened, style: PipeStyle::Chained, ..Smb2::default() };
        let messages = smb.carry(&[("svcctl", &steps)]);
        assert_eq!(messages.len(), 4);
        let second = usize::from(messages[0].bytes[24]) + 4;
        assert_eq!(messages[0].bytes[second..second + 4], *b"\xfeSMB");
        assert_eq!(messages[0].bytes[second + 12], 8);
    }
}
