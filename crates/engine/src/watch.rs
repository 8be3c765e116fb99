//! What is known of one TCP connection, from its first segment to the end of its calls.

use rpcscope_flow::{Direction, Reassembler, TcpSegment};
use rpcscope_model::Side;
use rpcscope_session::{Connection, PROBE_BYTES, could_become_known};

/// How far a connection is understood.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing of interest yet: each segment is looked at, none is kept.
    Watched(Watched),
    /// The first bytes came in pieces too small to tell; they are collected.
    Probed(Box<Probe>),
    /// It carries remote procedure calls.
    Followed(Box<Followed>),
}

impl Default for State {
    fn default() -> Self {
        Self::Watched(Watched::default())
    }
}

/// The initial sequence numbers of a connection that is only watched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watched {
    initial: [u32; 2],
    /// Whether a direction has told its initial sequence number.
    has_told: [bool; 2],
    /// Whether a direction has sent data.
    sent: [bool; 2],
}

impl Watched {
    /// A connection whose first bytes were of no interest; later segments may still be.
    pub(crate) const fn of_no_interest() -> Self {
        Self { initial: [0; 2], has_told: [false; 2], sent: [true; 2] }
    }

    /// Whether one side has sent something that was of no interest.
    pub(crate) const fn has_sent(&self) -> bool {
        let [forward, backward] = self.sent;
        forward || backward
    }

    pub(crate) fn note_syn(&mut self, direction: Direction, initial: u32) {
        self.initial[direction.index()] = initial;
        self.has_told[direction.index()] = true;
        self.sent[direction.index()] = false;
    }

    /// Whether a segment with data, which is not recognised, may yet be the start of something: it is the first that
    /// its direction sends, and it is too short to tell, or bytes before it are to come.
    pub(crate) fn is_in_doubt(&mut self, direction: Direction, segment: &TcpSegment<'_>) -> bool {
        let at = direction.index();
        let early =
            self.initial(direction).is_some_and(|initial| initial.wrapping_add(1) != segment.sequence);
        let in_doubt = !self.sent[at] && (early || could_become_known(segment.payload));
        self.sent[at] |= !in_doubt;
        in_doubt
    }

    /// A reassembler for the connection, of which `segment` is the first to be followed.
    ///
    /// The other direction starts where `segment` acknowledges, or at its beginning when it has sent nothing.
    pub(crate) fn reassembler(&self, direction: Direction, segment: &TcpSegment<'_>) -> Reassembler {
        let other = direction.other();
        let mut reassembler = Reassembler::new();
        match self.initial(direction) {
            Some(initial) if !self.sent[direction.index()] => reassembler.note_syn(direction, initial),
            _ => reassembler.start_at(direction, segment.sequence),
        }
        match (self.initial(other), segment.acknowledgment) {
            (Some(initial), _) if !self.sent[other.index()] => reassembler.note_syn(other, initial),
            (_, Some(acknowledged)) => reassembler.start_at(other, acknowledged),
            _ => {}
        }
        reassembler
    }

    fn initial(&self, direction: Direction) -> Option<u32> {
        let at = direction.index();
        self.has_told[at].then_some(self.initial[at])
    }
}

/// The first bytes of both directions, while it is not clear what they are.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) reassembler: Reassembler,
    pub(crate) heads: [Vec<u8>; 2],
    /// A loss, or more bytes than are needed to tell.
    pub(crate) hopeless: bool,
}

impl Probe {
    pub(crate) fn new(reassembler: Reassembler) -> Self {
        Self { reassembler, heads: Default::default(), hopeless: false }
    }

    pub(crate) fn collect(heads: &mut [Vec<u8>; 2], hopeless: &mut bool, direction: Direction, bytes: &[u8]) {
        let head = &mut heads[direction.index()];
        head.extend_from_slice(bytes);
        *hopeless |= head.len() > MAX_HEAD_BYTES;
    }
}

/// A connection that carries remote procedure calls.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) reassembler: Reassembler,
    pub(crate) connection: Connection,
    /// The direction in which the client sends.
    pub(crate) client: Direction,
    /// Directions that were closed.
    pub(crate) closed: [bool; 2],
    /// Its open calls have been reported, and nothing has come since.
    pub(crate) finished: bool,
}

impl Followed {
    /// Which side sends in a direction.
    pub(crate) fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }
}

/// Bytes that one direction may send while the other's first bytes are awaited.
const MAX_HEAD_BYTES: usize = 64 * PROBE_BYTES;
