//! Frames of sessions that rules want to be kept.

use crate::{Address, EventHeader, Frame, FrameNumber, Interface, LinkType, Opnum, Signature, Timestamp};
use std::sync::Arc;

/// Names what is carved: a session on which a rule has alerted, with the connections that belong to it. The same for any
/// number of threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CarveId {
    /// When the first event happened that a rule has alerted on.
    pub time: Timestamp,
    /// Signature id of that rule.
    pub sid: u32,
    /// Who called.
    pub client: Address,
    /// Who was called.
    pub server: Address,
    /// The flow of that event.
    pub flow_id: u64,
}

/// A frame that outlives what it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptFrame {
    /// Position in the capture, from 1.
    pub number: FrameNumber,
    /// When it was captured.
    pub time: Timestamp,
    /// What stands at the start of `bytes`.
    pub link_type: LinkType,
    /// Length on the wire, in bytes.
    pub original_length: u32,
    /// The captured bytes.
    pub bytes: Box<[u8]>,
}

impl KeptFrame {
    /// The same frame, borrowed.
    pub fn as_frame(&self) -> Frame<'_> {
        let Self { number, time, link_type, original_length, ref bytes } = *self;
        Frame { number, time, link_type, original_length, bytes }
    }
}

impl From<&Frame<'_>> for KeptFrame {
    fn from(frame: &Frame<'_>) -> Self {
        let Frame { number, time, link_type, original_length, bytes } = *frame;
        Self { number, time, link_type, original_length, bytes: bytes.into() }
    }
}

/// The next piece of what is carved.
#[derive(Clone, PartialEq, Debug)]
pub struct Carved {
    /// Of what. The first piece of an id begins it.
    pub id: CarveId,
    /// What there is.
    pub piece: CarvedPiece,
}

/// A piece of what is carved.
#[derive(Clone, PartialEq, Debug)]
pub enum CarvedPiece {
    /// A frame, and the alerts that it led to.
    Frame(KeptFrame, Vec<CarvedAlert>),
    /// An alert whose frames went before.
    Alert(CarvedAlert),
    /// There will be no more.
    End(CarveEnd),
}

/// An alert, as it is told beside the frames.
#[derive(Clone, PartialEq, Debug)]
pub struct CarvedAlert {
    /// The rule.
    pub rule: Arc<Signature>,
    /// When, where and between whom its event happened.
    pub header: EventHeader,
    /// The operation, when the event is about one: interface, number, the catalogue's name.
    pub operation: Option<(Option<Interface>, Option<Opnum>, Option<&'static str>)>,
}

/// Why nothing more is carved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CarveEnd {
    /// All its connections are over.
    Over,
    /// It has as many bytes as one session may have.
    Full,
    /// Too many sessions are carved at once, and it had no frame for the longest time.
    Evicted,
}
