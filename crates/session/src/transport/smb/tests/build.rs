//! Messages made by hand.

/// Puts the NetBIOS header before a message.
pub(super) fn packet(message: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(message.len()).expect("a small message").to_be_bytes().to_vec();
    bytes.extend(message);
    bytes
}

/// A PDU of `length` bytes with call id `id`.
pub(super) fn pdu(id: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![5, 0, 0, 3, 0x10, 0, 0, 0];
    bytes.extend(u16::try_from(length).expect("a small PDU").to_le_bytes());
    bytes.extend([0, 0, id, 0, 0, 0]);
    bytes.resize(length, id);
    bytes
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn le32(value: usize) -> [u8; 4] {
    u32::try_from(value).expect("small").to_le_bytes()
}

fn le16(value: usize) -> [u8; 2] {
    u16::try_from(value).expect("small").to_le_bytes()
}

/// An SMB 2 message, which can be changed before it is made.
#[derive(Clone)]
pub(super) struct Smb2 {
    pub(super) command: u16,
    pub(super) flags: u32,
    pub(super) status: u32,
    pub(super) id: u64,
    pub(super) tree: u32,
    pub(super) session: u64,
    pub(super) body: Vec<u8>,
}

pub(super) const OVERFLOW: u32 = 0x8000_0005;
pub(super) const PENDING: u32 = 0x0000_0103;
pub(super) const DENIED: u32 = 0xc000_0022;
/// What a related request names in place of a file.
pub(super) const INHERITED: u64 = u64::MAX;

impl Smb2 {
    fn request(command: u16, id: u64, body: Vec<u8>) -> Self {
        Self { command, flags: 0, status: 0, id, tree: 5, session: 0x11, body }
    }

    fn response(command: u16, id: u64, body: Vec<u8>) -> Self {
        Self { flags: 1, ..Self::request(command, id, body) }
    }

    pub(super) fn status(mut self, status: u32) -> Self {
        self.status = status;
        self
    }

    pub(super) fn tree(mut self, tree: u32) -> Self {
        self.tree = tree;
        self
    }

    pub(super) fn session(mut self, session: u64) -> Self {
        self.session = session;
        self
    }

    pub(super) fn related(mut self) -> Self {
        self.flags |= 4;
        self.session = u64::MAX;
        self.tree = u32::MAX;
        self
    }

    /// The message with the offset of the next one.
    fn message(&self, next: usize) -> Vec<u8> {
        let mut bytes = vec![0xfe, b'S', b'M', b'B', 64, 0, 0, 0];
        bytes.extend(self.status.to_le_bytes());
        bytes.extend(self.command.to_le_bytes());
        bytes.extend([1, 0]);
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(le32(next));
        bytes.extend(self.id.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.tree.to_le_bytes());
        bytes.extend(self.session.to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend(&self.body);
        bytes
    }

    pub(super) fn packet(&self) -> Vec<u8> {
        packet(&self.message(0))
    }

    /// An error response to the request with this command and id.
    pub(super) fn failed(command: u16, id: u64, status: u32) -> Self {
        Self::response(command, id, vec![9, 0, 0, 0, 0, 0, 0, 0, 0]).status(status)
    }

    /// The response that only says that another will follow.
    pub(super) fn interim(command: u16, id: u64) -> Self {
        let mut message = Self::failed(command, id, PENDING);
        message.flags |= 2;
        message
    }

    pub(super) fn session_setup(id: u64) -> Self {
        let mut body = vec![25, 0, 0, 1];
        body.extend([0; 20]);
        Self::request(1, id, body).session(0)
    }

    pub(super) fn session_set_up(id: u64) -> Self {
        Self::response(1, id, vec![9, 0, 0, 0, 72, 0, 0, 0])
    }

    pub(super) fn logged_off(id: u64) -> Self {
        Self::response(2, id, vec![4, 0, 0, 0])
    }

    /// The answer to a tree connect: 1 disk, 2 pipes.
    pub(super) fn tree_connected(id: u64, share_type: u8) -> Self {
        let mut body = vec![16, 0, share_type, 0];
        body.extend([0; 12]);
        Self::response(3, id, body)
    }

    pub(super) fn tree_connect(id: u64, path: &str) -> Self {
        let path = utf16(path);
        let body = [&[9, 0, 0, 0, 72, 0][..], &le16(path.len()), &path].concat();
        Self::request(3, id, body)
    }

    pub(super) fn tree_disconnected(id: u64) -> Self {
        Self::response(4, id, vec![4, 0, 0, 0])
    }

    pub(super) fn create(id: u64, name: &str) -> Self {
        let name = utf16(name);
        let mut body = vec![57, 0];
        body.extend([0; 42]);
        body.extend(le16(120));
        body.extend(le16(name.len()));
        body.extend([0; 8]);
        body.extend(name);
        Self::request(5, id, body)
    }

    pub(super) fn created(id: u64, file: u64) -> Self {
        let mut body = vec![89, 0];
        body.extend([0; 62]);
        body.extend(file_id(file));
        body.extend([0; 8]);
        Self::response(5, id, body)
    }

    /// The answer to a create of a file of 7 bytes.
    pub(super) fn created_file(id: u64, file: u64) -> Self {
        let mut message = Self::created(id, file);
        message.body[4] = 2; // created
        message.body[8..16].copy_from_slice(&116_444_736_010_000_000_u64.to_le_bytes());
        message.body[48] = 7;
        message
    }

    /// Changes what a create asks for: access, disposition and options.
    pub(super) fn asking(mut self, access: u32, disposition: u8, options: u32) -> Self {
        self.body[24..28].copy_from_slice(&access.to_le_bytes());
        self.body[36] = disposition;
        self.body[40..44].copy_from_slice(&options.to_le_bytes());
        self
    }

    fn set_info(id: u64, file: u64, class: u8, buffer: &[u8]) -> Self {
        let mut body = vec![33, 0, 1, class];
        body.extend(le32(buffer.len()));
        body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
        body.extend(file_id(file));
        body.extend(buffer);
        Self::request(17, id, body)
    }

    pub(super) fn rename(id: u64, file: u64, name: &str) -> Self {
        let name = utf16(name);
        Self::set_info(id, file, 10, &[&[0; 16][..], &le32(name.len()), &name].concat())
    }

    pub(super) fn delete(id: u64, file: u64) -> Self {
        Self::set_info(id, file, 13, &[1])
    }

    /// The file is not to be deleted after all.
    pub(super) fn keep(id: u64, file: u64) -> Self {
        Self::set_info(id, file, 13, &[0])
    }

    pub(super) fn info_set(id: u64) -> Self {
        Self::response(17, id, vec![2, 0])
    }

    pub(super) fn close(id: u64, file: u64) -> Self {
        let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
        body.extend(file_id(file));
        Self::request(6, id, body)
    }

    pub(super) fn closed(id: u64) -> Self {
        let mut body = vec![60, 0];
        body.extend([0; 58]);
        Self::response(6, id, body)
    }

    pub(super) fn read(id: u64, file: u64) -> Self {
        let mut body = vec![49, 0, 0, 0, 0, 4, 0, 0];
        body.extend([0; 8]);
        body.extend(file_id(file));
        body.extend([0; 17]);
        Self::request(8, id, body)
    }

    pub(super) fn read_done(id: u64, data: &[u8]) -> Self {
        let mut body = vec![17, 0, 80, 0];
        body.extend(le32(data.len()));
        body.extend([0; 8]);
        body.extend(data);
        Self::response(8, id, body)
    }

    pub(super) fn write(id: u64, file: u64, data: &[u8]) -> Self {
        let mut body = vec![49, 0, 112, 0];
        body.extend(le32(data.len()));
        body.extend([0; 8]);
        body.extend(file_id(file));
        body.extend([0; 16]);
        body.extend(data);
        Self::request(9, id, body)
    }

    pub(super) fn written(id: u64) -> Self {
        let mut body = vec![17, 0];
        body.extend([0; 14]);
        Self::response(9, id, body)
    }

    pub(super) fn transceive(id: u64, file: u64, input: &[u8]) -> Self {
        let mut body = vec![57, 0, 0, 0];
        body.extend(0x0011_c017_u32.to_le_bytes());
        body.extend(file_id(file));
        body.extend(le32(120));
        body.extend(le32(input.len()));
        body.extend([0; 24]);
        body.extend(input);
        Self::request(11, id, body)
    }

    /// The answer to a transceive by a server that sends the `input` back.
    pub(super) fn transceived(id: u64, file: u64, input: &[u8], output: &[u8]) -> Self {
        let mut body = vec![49, 0, 0, 0];
        body.extend(0x0011_c017_u32.to_le_bytes());
        body.extend(file_id(file));
        body.extend(le32(112));
        body.extend(le32(input.len()));
        body.extend(le32(112 + input.len()));
        body.extend(le32(output.len()));
        body.extend([0; 8]);
        body.extend(input);
        body.extend(output);
        Self::response(11, id, body)
    }
}

fn file_id(file: u64) -> Vec<u8> {
    [file.to_le_bytes(), file.to_le_bytes()].concat()
}

/// Joins messages to one packet, each padded to eight bytes.
pub(super) fn compound(messages: &[Smb2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let length = message.message(0).len().next_multiple_of(8);
        let is_last = number + 1 == messages.len();
        let mut one = message.message(if is_last { 0 } else { length });
        if !is_last {
            one.resize(length, 0);
        }
        bytes.extend(one);
    }
    packet(&bytes)
}

/// SMB 1 messages of tree 0x800 and user 100, with UTF-16 and NTSTATUS.
pub(super) struct Smb1 {
    pub(super) mid: u16,
    pub(super) status: u32,
}

const NO_ANDX: [u8; 4] = [0xff, 0, 0, 0];

/// A message with this multiplex id.
pub(super) fn smb1(mid: u16) -> Smb1 {
    Smb1 { mid, status: 0 }
}

impl Smb1 {
    pub(super) fn status(mut self, status: u32) -> Self {
        self.status = status;
        self
    }

    fn packet(&self, command: u8, is_response: bool, words: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xff, b'S', b'M', b'B', command];
        bytes.extend(self.status.to_le_bytes());
        bytes.extend([if is_response { 0x98 } else { 0x18 }, 0x07, 0xc8]);
        bytes.extend([0; 12]);
        bytes.extend([0x00, 0x08, 0xfe, 0xff, 0x64, 0x00]);
        bytes.extend(self.mid.to_le_bytes());
        bytes.push(u8::try_from(words.len() / 2).expect("few words"));
        bytes.extend(words);
        bytes.extend(le16(data.len()));
        bytes.extend(data);
        packet(&bytes)
    }

    /// The answer to a tree connect: `IPC` or `A:`.
    pub(super) fn tree_connected(&self, service: &str) -> Vec<u8> {
        self.packet(0x75, true, &[&NO_ANDX[..], &[0, 0]].concat(), format!("{service}\0\0\0").as_bytes())
    }

    pub(super) fn tree_connect(&self, path: &str) -> Vec<u8> {
        let words = [&NO_ANDX[..], &[0, 0, 1, 0]].concat();
        // The password, then the path at an even offset.
        let data = [&[0][..], &utf16(path), &[0, 0], b"?????\0"].concat();
        self.packet(0x75, false, &words, &data)
    }

    pub(super) fn delete(&self, name: &str) -> Vec<u8> {
        self.packet(0x06, false, &[6, 0], &[&[4][..], &utf16(name), &[0, 0]].concat())
    }

    pub(super) fn rename(&self, old: &str, new: &str) -> Vec<u8> {
        let data = [&[4][..], &utf16(old), &[0, 0, 4, 0], &utf16(new), &[0, 0]].concat();
        self.packet(0x07, false, &[6, 0], &data)
    }

    /// Deletes an open file, or renames it.
    pub(super) fn set_information(&self, fid: u16, level: u16, buffer: &[u8]) -> Vec<u8> {
        let count = le16(buffer.len());
        let words = [&[6, 0][..], &count, &[0; 14], &[6, 0, 68, 0], &count, &[76, 0, 1, 0, 8, 0]].concat();
        let parameters = [fid.to_le_bytes(), level.to_le_bytes(), [0, 0]].concat();
        self.packet(0x32, false, &words, &[&[0; 3][..], &parameters, &[0, 0], buffer].concat())
    }

    /// An answer that has no more than its status.
    pub(super) fn done(&self, command: u8) -> Vec<u8> {
        self.packet(command, true, &[], &[])
    }

    pub(super) fn failed(&self, command: u8) -> Vec<u8> {
        self.packet(command, true, &[], &[])
    }

    pub(super) fn create(&self, name: &str) -> Vec<u8> {
        let name = utf16(name);
        let mut words = NO_ANDX.to_vec();
        words.push(0);
        words.extend(le16(name.len()));
        words.extend([0; 41]);
        self.packet(0xa2, false, &words, &[&[0], &name[..]].concat())
    }

    /// The answer to a create: resource type 0 disk, 2 pipe.
    pub(super) fn created(&self, fid: u16, resource_type: u8) -> Vec<u8> {
        let mut words = NO_ANDX.to_vec();
        words.push(0);
        words.extend(fid.to_le_bytes());
        words.extend([0; 56]);
        words.extend([resource_type, 0, 0, 0, 0]);
        self.packet(0xa2, true, &words, &[])
    }

    pub(super) fn close(&self, fid: u16) -> Vec<u8> {
        self.packet(0x04, false, &[&fid.to_le_bytes()[..], &[0; 4]].concat(), &[])
    }

    pub(super) fn read(&self, fid: u16) -> Vec<u8> {
        self.packet(0x2e, false, &[&NO_ANDX[..], &fid.to_le_bytes(), &[0; 18]].concat(), &[])
    }

    pub(super) fn read_done(&self, data: &[u8]) -> Vec<u8> {
        let words = [&NO_ANDX[..], &[0; 6], &le16(data.len()), &[60, 0], &[0; 10]].concat();
        self.packet(0x2e, true, &words, &[&[0], data].concat())
    }

    pub(super) fn write(&self, fid: u16, data: &[u8]) -> Vec<u8> {
        let fid = fid.to_le_bytes();
        let words =
            [&NO_ANDX[..], &fid, &[0; 8], &[8, 0], &[0; 4], &le16(data.len()), &[64, 0], &[0; 4]].concat();
        self.packet(0x2f, false, &words, &[&[0], data].concat())
    }

    pub(super) fn transact(&self, fid: u16, total: usize, data: &[u8]) -> Vec<u8> {
        let part = [le16(0), le16(84), le16(data.len()), le16(84)].concat();
        let words =
            [&le16(0)[..], &le16(total), &[0; 14], &part, &[2, 0], &[0x26, 0], &fid.to_le_bytes()].concat();
        self.packet(0x25, false, &words, &[&[0], &utf16("\\PIPE\\\0")[..], &[0, 0], data].concat())
    }

    pub(super) fn transact_more(&self, total: usize, displacement: usize, data: &[u8]) -> Vec<u8> {
        let words =
            [&le16(0)[..], &le16(total), &[0; 6], &le16(data.len()), &le16(52), &le16(displacement)].concat();
        self.packet(0x26, false, &words, &[&[0], data].concat())
    }

    pub(super) fn transacted(&self, total: usize, displacement: usize, data: &[u8]) -> Vec<u8> {
        let part = [le16(data.len()), le16(56), le16(displacement)].concat();
        let words = [&le16(0)[..], &le16(total), &[0; 8], &part, &[0, 0]].concat();
        self.packet(0x25, true, &words, &[&[0], data].concat())
    }
}
