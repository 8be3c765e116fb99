//! Named pipes over SMB 2 and 3 ([MS-SMB2]).

mod body;
mod header;

pub use header::{FLAG_ASYNC, FLAG_RELATED, FLAG_RESPONSE, Header, compound};

use super::netbios::session_message;
use super::pipe::{Operation, Piece, interleave, operations};
use super::{Message, PipeStyle, SmbFraming, SmbStart};
use crate::conversation::Step;
use crate::ntlm::Ntlm;
use crate::rng::Rng;
use rpcscope_model::Side;

/// One SMB2 connection that carries one or more pipes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smb2 {
    /// Dialect: 0x0202 to 0x0302. Encryption and its negotiation contexts are not built.
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
    /// Name of the server in the tree connect.
    pub server: String,
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
            server: "SERVER".to_owned(),
            seed: 1,
        }
    }
}

impl Smb2 {
    /// The messages of conversations, each over the pipe named with it (`svcctl`), all mixed on one connection.
    pub fn carry(&self, pipes: &[(&str, &[Step])]) -> Vec<Message> {
        let mut writer = Writer::new(self);
        if self.start == SmbStart::Negotiate {
            writer.set_up();
        }
        let queues = pipes.iter().map(|(_, steps)| operations(steps, self.style, self.max_bytes)).collect();
        let file_ids: Vec<[u8; 16]> = pipes.iter().map(|_| writer.rng.uuid().into_bytes()).collect();
        let order = interleave(queues, &mut Rng::new(self.seed));
        for (pipe, operation) in order {
            if writer.parked.as_ref().is_some_and(|(parked, _)| *parked == pipe) {
                writer.release();
            }
            let released = writer.parked.take();
            writer.operate(pipe, pipes[pipe].0, file_ids[pipe], &operation);
            if let Some((_, bytes)) = released {
                writer.messages.push(Message::new(Side::Server, bytes));
            }
        }
        writer.release();
        writer.messages
    }
}

/// State of one connection while it is written.
struct Writer<'a> {
    options: &'a Smb2,
    rng: Rng,
    messages: Vec<Message>,
    message_id: u64,
    /// The final response that is held back, and its pipe.
    parked: Option<(usize, Vec<u8>)>,
}

impl<'a> Writer<'a> {
    fn new(options: &'a Smb2) -> Self {
        let messages = match options.start {
            SmbStart::Negotiate => options.framing.opening(),
            SmbStart::Create | SmbStart::Opened => Vec::new(),
        };
        Self { options, rng: Rng::new(options.seed), messages, message_id: 0, parked: None }
    }

    fn set_up(&mut self) {
        let dialect = self.options.dialect;
        let outside = Header { command: NEGOTIATE, ..Header::default() };
        self.exchange(outside, body::negotiate_request(dialect), 0, body::negotiate_response(dialect));

        let options = self.options;
        let user = &options.user;
        let (challenge, proof) = (user.challenge(&mut self.rng), user.authenticate(&mut self.rng));
        let negotiate = user.negotiate();
        // The server assigns the session id in its first answer.
        let first = Header { command: SESSION_SETUP, message_id: self.next_id(), ..Header::default() };
        self.client(&[(first, body::session_setup_request(&negotiate))]);
        let challenged = answer(Header { session_id: SESSION, ..first }, MORE_PROCESSING_REQUIRED);
        self.server(&[(challenged, body::session_setup_response(&challenge))]);
        let second = Header { command: SESSION_SETUP, session_id: SESSION, ..Header::default() };
        self.exchange(second, body::session_setup_request(&proof), 0, body::session_setup_response(&[]));

        let path = format!("\\\\{}\\IPC$", self.options.server);
        let id = self.next_id();
        let connect =
            Header { command: TREE_CONNECT, session_id: SESSION, message_id: id, ..Header::default() };
        self.client(&[(connect, body::tree_connect_request(&path))]);
        let connected = answer(Header { tree_id: TREE, ..connect }, 0);
        self.server(&[(connected, body::tree_connect_response())]);
    }

    fn operate(&mut self, pipe: usize, name: &str, file_id: [u8; 16], operation: &Operation) {
        let max_bytes = self.options.max_bytes;
        let header = |command| Header { command, session_id: SESSION, tree_id: TREE, ..Header::default() };
        match operation {
            Operation::Open if self.options.start == SmbStart::Opened => {}
            Operation::Open => {
                self.exchange(header(CREATE), body::create_request(name), 0, body::create_response(file_id));
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
                self.parked = Some((pipe, session_message(&last)));
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
        self.messages.push(Message::new(Side::Client, session_message(&compound(messages))));
    }

    fn server(&mut self, messages: &[(Header, Vec<u8>)]) {
        self.messages.push(Message::new(Side::Server, session_message(&compound(messages))));
    }

    /// Sends the response that was held back.
    fn release(&mut self) {
        if let Some((_, bytes)) = self.parked.take() {
            self.messages.push(Message::new(Side::Server, bytes));
        }
    }

    fn next_id(&mut self) -> u64 {
        let id = self.message_id;
        self.message_id += 1;
        id
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
const SESSION: u64 = 0x0000_0400_0000_0019;
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
