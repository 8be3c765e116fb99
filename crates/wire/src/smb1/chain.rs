//! The blocks of a message: its own and those that AndX commands chain to it.

use super::{Command, HEADER_BYTES, Header};
use crate::utf16::{Encoding, Text, until_nul};
use crate::{ByteOrder, Data, Reader};
use rpcscope_model::ParseError;

/// Blocks followed in one message. Real chains have two or three; more would only cost time.
pub const MAX_BLOCKS: u8 = 16;

/// A message, or what is there of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// The header.
    pub header: Header,
    /// The message from its header on; all offsets count from here.
    pub bytes: &'a [u8],
    /// Length of the whole message, in bytes.
    pub length: usize,
}

impl<'a> Message<'a> {
    /// Reads the header of a message of `length` bytes, of which `bytes` are there.
    pub fn parse(bytes: &'a [u8], length: usize) -> Result<Self, ParseError> {
        let bytes = bytes.get(..length).unwrap_or(bytes);
        Ok(Self { header: Header::parse(bytes)?, bytes, length })
    }

    /// The blocks of the message, at least one.
    pub const fn blocks(&self) -> Chain<'a> {
        Chain {
            message: *self,
            next: Some((self.header.command, HEADER_BYTES)),
            floor: HEADER_BYTES,
            count: 0,
        }
    }
}

/// One command of a message with its parameters and data ([MS-CIFS] 2.2.3.2, 2.2.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block<'a> {
    /// What is asked for or answered.
    pub command: Command,
    /// The message that the block belongs to.
    pub message: Message<'a>,
    /// The parameters, two bytes per word, without their count.
    pub words: &'a [u8],
    /// Where the parameters start in the message.
    pub(super) words_at: usize,
    /// Where the data starts in the message, behind its byte count.
    pub(super) data_at: usize,
    /// The data. `ByteCount` has 16 bits, so that a large write goes on behind it.
    pub data: Data<'a>,
}

/// The blocks of a message ([MS-CIFS] 2.2.3.4).
///
/// A block that cannot be read, or one that would not start behind the parameters of the block before it, is an error
/// and ends the iteration.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    message: Message<'a>,
    next: Option<(Command, usize)>,
    /// The next block may not start before this.
    floor: usize,
    count: u8,
}

const LAYER: &str = "smb1 chain";

impl<'a> Chain<'a> {
    fn block(&mut self, command: Command, at: usize) -> Result<Block<'a>, ParseError> {
        if at < self.floor || at >= self.message.length {
            return Err(ParseError::invalid(LAYER, "AndXOffset", self.floor, at));
        }
        if self.count == MAX_BLOCKS {
            return Err(ParseError::invalid(LAYER, "AndXCommand", at, usize::from(command.0)));
        }
        self.count += 1;
        let mut reader = Reader::new(LAYER, ByteOrder::Little, self.message.bytes);
        reader.seek(at);
        let word_count = usize::from(reader.u8("WordCount")?);
        let words_at = reader.position();
        let words = reader.bytes("Words", word_count * 2)?;
        let byte_count = usize::from(reader.u16("ByteCount")?);
        let data_at = reader.position();
        self.floor = data_at;
        if let ([next, _, low, high, ..], true) = (words, command.is_andx())
            && *next != Command::NO_ANDX.0
        {
            self.next = Some((Command(*next), usize::from(u16::from_le_bytes([*low, *high]))));
        }
        let data = Data::locate(self.message.bytes, self.message.length, data_at, byte_count);
        Ok(Block { command, message: self.message, words, words_at, data_at, data })
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = Result<Block<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (command, at) = self.next.take()?;
        Some(self.block(command, at))
    }
}

impl<'a> Block<'a> {
    /// How many parameter words there are. Which form a command has often depends on it.
    pub const fn word_count(&self) -> usize {
        self.words.len() / 2
    }

    /// Reads the parameters, without the place of the next block when the command has one.
    pub(super) fn parameters(&self, layer: &'static str) -> Result<Reader<'a>, ParseError> {
        let mut reader = Reader::new(layer, ByteOrder::Little, self.words);
        if self.command.is_andx() {
            reader.skip("AndX", 4)?;
        }
        Ok(reader)
    }

    /// The part of the message at `offset`, of `length` bytes, wherever in the message it is.
    pub(super) fn part(&self, offset: usize, length: usize) -> Data<'a> {
        Data::locate(self.message.bytes, self.message.length, offset, length)
    }

    /// The data of the block from `skip` bytes on, read as texts one after the other.
    pub(super) fn texts(&self, skip: usize) -> Texts<'a> {
        Texts { data: self.data.skip(skip), at: self.data_at.saturating_add(skip), whole: true }
    }
}

/// Texts that stand one after the other in the data of a block.
///
/// UTF-16 begins at an even offset from the header of the message, so that a byte of padding may stand before it
/// ([MS-CIFS] 2.2.1.1).
pub(super) struct Texts<'a> {
    data: Data<'a>,
    at: usize,
    /// False when the end of a text is missing, and with it the texts behind it.
    whole: bool,
}

impl<'a> Texts<'a> {
    /// The next text, which ends with a NUL or with the data.
    pub(super) fn next(&mut self, encoding: Encoding) -> Text<'a> {
        self.align(encoding);
        let (bytes, ended) = until_nul(self.data.bytes, encoding);
        let complete = self.whole && (ended || self.data.missing() == 0);
        self.whole = complete;
        self.advance(bytes.len().saturating_add(encoding.unit_bytes()));
        Text { bytes, encoding, complete }
    }

    /// The next text, which has `length` bytes.
    pub(super) fn counted(&mut self, encoding: Encoding, length: usize) -> Text<'a> {
        self.align(encoding);
        let text = Text::of(self.data.take(length), encoding);
        self.advance(length);
        text
    }

    /// Passes over what stands before the next text.
    pub(super) fn skip(&mut self, count: usize) {
        self.advance(count);
    }

    fn align(&mut self, encoding: Encoding) {
        if encoding == Encoding::Utf16 && self.at % 2 == 1 {
            self.advance(1);
        }
    }

    fn advance(&mut self, count: usize) {
        self.data = self.data.skip(count);
        self.at = self.at.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{block, message};
    use super::*;

    fn chained(offset: u16) -> Vec<u8> {
        let [low, high] = offset.to_le_bytes();
        let mut bytes = message(Command::WRITE_ANDX, false, 7);
        bytes.extend(block(&[0x2e, 0, low, high, 1, 0], b"abc")); // followed by a read andx
        bytes.extend(block(&[0xff, 0, 0, 0, 2, 0], b""));
        bytes
    }

    #[test]
    fn a_chain_is_walked_to_its_end() {
        let bytes = chained(32 + 1 + 6 + 2 + 3);
        let message = Message::parse(&bytes, bytes.len()).expect("a message");
        let blocks: Vec<_> = message.blocks().map(|block| block.expect("a block")).collect();
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].command, blocks[0].data.bytes), (Command::WRITE_ANDX, &b"abc"[..]));
        assert_eq!((blocks[1].command, blocks[1].word_count()), (Command::READ_ANDX, 3));
    }

    #[test]
    fn a_chain_that_points_backwards_or_outside_ends() {
        for offset in [0, 32, 33, 40, 60, u16::MAX] {
            let bytes = chained(offset);
            let message = Message::parse(&bytes, bytes.len()).expect("a message");
            let blocks: Vec<_> = message.blocks().collect();
            assert_eq!(blocks.len(), 2, "{offset}");
            assert!(blocks[0].is_ok() && blocks[1].is_err());
        }
    }

    #[test]
    fn a_chain_without_end_is_left_after_a_few_blocks() {
        let mut bytes = message(Command::WRITE_ANDX, false, 7);
        for _ in 0..100 {
            let next = u16::try_from(bytes.len() + 7).expect("small").to_le_bytes();
            bytes.extend(block(&[0x2f, 0, next[0], next[1]], b""));
        }
        let message = Message::parse(&bytes, bytes.len()).expect("a message");
        let blocks: Vec<_> = message.blocks().collect();
        assert_eq!(blocks.len(), usize::from(MAX_BLOCKS) + 1);
        assert!(blocks.last().is_some_and(Result::is_err));
    }
}
