//! For tests: builds captures byte by byte, and reads them whole.

use std::io::{Read, Write};

use crate::{Batch, CaptureError, Input, Reader};

/// A byte order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

/// A classic pcap file.
pub(crate) struct PcapFile {
    pub(crate) bytes: Vec<u8>,
    order: Order,
}

impl PcapFile {
    pub(crate) fn new(order: Order, magic: u32, snap_length: u32, link_type: u32) -> Self {
        let mut bytes = Vec::new();
        bytes.extend(order.u32(magic));
        bytes.extend(order.u16(2)); // version
        bytes.extend(order.u16(4));
        bytes.extend(order.u32(0)); // time zone
        bytes.extend(order.u32(0)); // accuracy
        bytes.extend(order.u32(snap_length));
        bytes.extend(order.u32(link_type));
        Self { bytes, order }
    }

    /// Adds a record whose header is followed by `extra` more bytes.
    pub(crate) fn record(
        &mut self,
        seconds: u32,
        fraction: u32,
        original: u32,
        frame: &[u8],
        extra: usize,
    ) -> &mut Self {
        let captured = u32::try_from(frame.len()).expect("a short frame");
        for value in [seconds, fraction, captured, original] {
            self.bytes.extend(self.order.u32(value));
        }
        self.bytes.resize(self.bytes.len() + extra, 0xee);
        self.bytes.extend(frame);
        self
    }
}

/// A pcapng file. Blocks are appended in the byte order that the last section header had.
pub(crate) struct PcapngFile {
    pub(crate) bytes: Vec<u8>,
    order: Order,
}

impl PcapngFile {
    /// Begins with a section header.
    pub(crate) fn new(order: Order) -> Self {
        let mut file = Self { bytes: Vec::new(), order };
        file.section(order);
        file
    }

    pub(crate) fn section(&mut self, order: Order) -> &mut Self {
        self.order = order;
        let mut body = Vec::new();
        body.extend(order.u32(0x1a2b_3c4d));
        body.extend(order.u16(1)); // version
        body.extend(order.u16(0));
        body.extend(order.u64(u64::MAX)); // section length: not known
        self.block(0x0a0d_0d0a, &body)
    }

    pub(crate) fn interface(
        &mut self,
        link_type: u16,
        snap_length: u32,
        options: &[(u16, &[u8])],
    ) -> &mut Self {
        let order = self.order;
        let mut body = Vec::new();
        body.extend(order.u16(link_type));
        body.extend(order.u16(0)); // reserved
        body.extend(order.u32(snap_length));
        for (code, value) in options {
            body.extend(order.u16(*code));
            body.extend(order.u16(u16::try_from(value.len()).expect("a short option")));
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        self.block(1, &body)
    }

    pub(crate) fn enhanced(&mut self, interface: u32, units: u64, original: u32, frame: &[u8]) -> &mut Self {
        let order = self.order;
        let mut body = Vec::new();
        body.extend(order.u32(interface));
        body.extend(self.units(units));
        body.extend(order.u32(u32::try_from(frame.len()).expect("a short frame")));
        body.extend(order.u32(original));
        body.extend(frame);
        self.block(6, &body)
    }

    pub(crate) fn obsolete(&mut self, interface: u16, units: u64, original: u32, frame: &[u8]) -> &mut Self {
        let order = self.order;
        let mut body = Vec::new();
        body.extend(order.u16(interface));
        body.extend(order.u16(0xffff)); // drops: not known
        body.extend(self.units(units));
        body.extend(order.u32(u32::try_from(frame.len()).expect("a short frame")));
        body.extend(order.u32(original));
        body.extend(frame);
        self.block(2, &body)
    }

    pub(crate) fn simple(&mut self, original: u32, frame: &[u8]) -> &mut Self {
        let mut body = self.order.u32(original).to_vec();
        body.extend(frame);
        self.block(3, &body)
    }

    /// Adds any block; the body is padded.
    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let padded = body.len().next_multiple_of(4);
        let length = self.order.u32(u32::try_from(padded + 12).expect("a short block"));
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + padded - body.len(), 0);
        self.bytes.extend(length);
        self
    }

    /// A timestamp: its upper half, then its lower half.
    fn units(&self, units: u64) -> Vec<u8> {
        let [high, low] =
            [units >> 32, units & 0xffff_ffff].map(|half| u32::try_from(half).expect("32 bits"));
        [self.order.u32(high), self.order.u32(low)].concat()
    }
}

/// One frame, without its lifetime.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Owned {
    pub(crate) number: u64,
    pub(crate) time: i64,
    pub(crate) link_type: u16,
    pub(crate) original_length: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Everything that a capture gave.
#[derive(Debug)]
pub(crate) struct ReadCapture {
    pub(crate) frames: Vec<Owned>,
    pub(crate) warnings: Vec<String>,
    pub(crate) error: Option<String>,
}

/// What messages call the captures of tests.
pub(crate) fn x() -> Input {
    Input::File("x".into())
}

/// Reads a capture in memory to its end.
pub(crate) fn read_all(bytes: Vec<u8>) -> ReadCapture {
    drain(Reader::from_bytes(x(), bytes))
}

/// Reads a capture to its end, in batches of two frames.
pub(crate) fn drain(reader: Result<Reader, CaptureError>) -> ReadCapture {
    let mut read = ReadCapture { frames: Vec::new(), warnings: Vec::new(), error: None };
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => {
            read.error = Some(error.to_string());
            return read;
        }
    };
    let mut batch = Batch::new(2);
    loop {
        match reader.next_batch(&mut batch) {
            Ok(true) => read.frames.extend(batch.frames().map(|frame| Owned {
                number: frame.number.0,
                time: frame.time.0,
                link_type: frame.link_type.0,
                original_length: frame.original_length,
                bytes: frame.bytes.to_vec(),
            })),
            Ok(false) => break,
            Err(error) => {
                read.error = Some(error.to_string());
                break;
            }
        }
    }
    read.warnings = reader.warnings().iter().map(ToString::to_string).collect();
    read
}

/// The frames of a capture that is as it should be.
pub(crate) fn frames_of(bytes: Vec<u8>) -> Vec<Owned> {
    let read = read_all(bytes);
    assert_eq!((read.error, read.warnings), (None, Vec::new()));
    read.frames
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut packed).expect("gzip");
    packed
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("zstd");
    encoder.write_all(bytes).expect("zstd");
    encoder.finish().expect("zstd")
}
