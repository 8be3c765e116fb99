//! Cuts a stream of bytes into PDUs, and finds the next one after a loss.

use rpcscope_wire::dcerpc::{HEADER_BYTES, Header};

/// What a framer finds in a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framed<'a> {
    /// A PDU; shorter than its `frag_length` says when its end was lost.
    Pdu(&'a [u8]),
    /// Bytes that belong to no PDU were passed over.
    Skipped(u64),
}

/// One direction of a channel, from bytes to PDUs.
///
/// In step, each PDU's length leads to the next. Out of step, after a gap or after nonsense, reading goes on at the
/// next plausible header in two phases: a candidate is a header with every fixed field right; it is believed when
/// the bytes behind the PDU that it announces are again a header, or end with it. A sender keeps its byte order, so a
/// header in the other one is no candidate: in zeros, such as padding, every length is plausible from the far end.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    /// Bytes that wait for more: always less than one PDU and one header.
    held: Vec<u8>,
    /// Bytes that are still to come of a PDU that was already reported as cut.
    discard: u64,
    out_of_step: bool,
    /// First byte of the format label of the last PDU, which tells the byte order.
    label: Option<u8>,
    /// Bytes passed over that were not reported yet: one report for each stretch, however it was cut.
    skipped: u64,
}

impl Framer {
    /// A framer for a stream that may start anywhere in a PDU.
    pub(crate) fn out_of_step() -> Self {
        Self { out_of_step: true, ..Self::default() }
    }

    /// Takes the next bytes of the stream. `is_message` says that they start a message of their carrier, at which
    /// a candidate needs no second phase.
    pub(crate) fn push(&mut self, bytes: &[u8], is_message: bool, mut found: impl FnMut(Framed<'_>)) {
        let bytes = self.pass_discarded(bytes);
        // Nearly all bytes come as one PDU.
        if self.is_between_pdus() && frag_length(bytes) == Some(bytes.len()) {
            return self.pdu(bytes, &mut found);
        }
        if is_message && self.out_of_step && Header::is_plausible(bytes).is_some() {
            self.skip(self.held.len());
            self.held.clear();
            self.out_of_step = false;
        }
        if self.held.is_empty() {
            let used = self.cut(bytes, &mut found);
            self.held.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            let mut held = std::mem::take(&mut self.held);
            held.extend_from_slice(bytes);
            let used = self.cut(&held, &mut found);
            held.drain(..used);
            self.held = held;
        }
        // A buffer that grew for one large PDU is not kept for ever.
        if self.held.is_empty() && self.held.capacity() > KEPT_CAPACITY {
            self.held = Vec::new();
        }
    }

    /// Notes that the next `missing` bytes of the stream were never captured.
    pub(crate) fn gap(&mut self, missing: u64, mut found: impl FnMut(Framed<'_>)) {
        let rest = missing.saturating_sub(self.discard);
        self.discard = self.discard.saturating_sub(missing);
        if rest == 0 {
            return;
        }
        let held = self.take_held(&mut found);
        match Header::is_plausible(&held) {
            Some(header) if !self.out_of_step => {
                let wanted = u64::from(header.frag_length).saturating_sub(held.len() as u64);
                found(Framed::Pdu(&held));
                // The gap may end within this PDU: then the next one is known to the byte.
                self.discard = wanted.saturating_sub(rest);
                self.out_of_step = rest > wanted;
            }
            _ => {
                self.skip(held.len());
                self.report_skipped(&mut found);
                self.out_of_step = true;
            }
        }
    }

    /// Bytes that wait for more.
    pub(crate) const fn held(&self) -> usize {
        self.held.len()
    }

    /// Gives up what is held, to save memory: a PDU is reported as cut, and its rest will be passed over.
    pub(crate) fn give_up(&mut self, mut found: impl FnMut(Framed<'_>)) {
        let held = self.take_held(&mut found);
        match Header::is_plausible(&held) {
            Some(header) if !self.out_of_step => {
                found(Framed::Pdu(&held));
                self.discard = u64::from(header.frag_length).saturating_sub(held.len() as u64);
            }
            _ => {
                self.skip(held.len());
                self.out_of_step = true;
            }
        }
    }

    /// Gives up what is held, at the end of the stream.
    pub(crate) fn finish(&mut self, mut found: impl FnMut(Framed<'_>)) {
        let held = self.take_held(&mut found);
        if !self.out_of_step && Header::is_plausible(&held).is_some() {
            found(Framed::Pdu(&held));
        } else {
            self.skip(held.len());
            self.report_skipped(&mut found);
        }
    }

    /// Takes what is held. Out of step, the candidate that it begins with will never be complete, so the PDUs behind
    /// that are looked for.
    fn take_held(&mut self, found: &mut impl FnMut(Framed<'_>)) -> Vec<u8> {
        let mut held = std::mem::take(&mut self.held);
        let mut at = 0;
        while self.out_of_step && at < held.len() {
            self.skip(1);
            at += 1;
            at += self.cut(held.get(at..).unwrap_or_default(), found);
        }
        held.drain(..at);
        held
    }

    fn pass_discarded<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.discard == 0 {
            return bytes;
        }
        let passed = usize::try_from(self.discard).unwrap_or(usize::MAX).min(bytes.len());
        self.discard -= passed as u64;
        bytes.get(passed..).unwrap_or_default()
    }

    /// Reports the PDUs in `bytes`. Returns how many bytes are done with.
    fn cut(&mut self, bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) -> usize {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.out_of_step {
                let (passed, in_step) = resynchronise(rest, self.label);
                self.skip(passed);
                at += passed;
                self.out_of_step = !in_step;
                if !in_step {
                    return at;
                }
                continue;
            }
            if rest.len() < HEADER_BYTES {
                return at;
            }
            match frag_length(rest) {
                Some(length) => match rest.get(..length) {
                    Some(pdu) => {
                        self.report_skipped(found);
                        self.pdu(pdu, found);
                        at += pdu.len();
                    }
                    None => return at,
                },
                None => {
                    self.skip(1);
                    at += 1;
                    self.out_of_step = true;
                }
            }
        }
    }

    /// Whether the next bytes begin a PDU, and nothing is to be reported before it.
    fn is_between_pdus(&self) -> bool {
        !self.out_of_step && self.skipped == 0 && self.held.is_empty()
    }

    fn pdu(&mut self, pdu: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        found(Framed::Pdu(pdu));
        self.label = pdu.get(LABEL_OFFSET).copied();
    }

    fn skip(&mut self, bytes: usize) {
        self.skipped = self.skipped.saturating_add(bytes as u64);
    }

    fn report_skipped(&mut self, found: &mut impl FnMut(Framed<'_>)) {
        let bytes = std::mem::take(&mut self.skipped);
        if bytes > 0 {
            found(Framed::Skipped(bytes));
        }
    }
}

/// The length of a PDU, when its header, in step, can be trusted for it: everything but the type must be as it should, so
/// that a PDU of an unknown type costs that PDU.
fn frag_length(bytes: &[u8]) -> Option<usize> {
    let length = match bytes.first_chunk::<HEADER_BYTES>()? {
        [5, 0 | 1, _, _, 0x00 | 0x01, 0..=3, _, _, high, low, ..] => u16::from_be_bytes([*high, *low]),
        [5, 0 | 1, _, _, 0x10 | 0x11, 0..=3, _, _, low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => return None,
    };
    Some(usize::from(length)).filter(|length| *length >= HEADER_BYTES)
}

/// Looks for a believable PDU. Returns how many bytes stand before the best candidate, and whether it is believed;
/// when it is not, more bytes are needed. `label` is that of earlier PDUs, if there were any.
fn resynchronise(bytes: &[u8], label: Option<u8>) -> (usize, bool) {
    let mut at = 0;
    while let Some(offset) = memchr::memchr(5, bytes.get(at..).unwrap_or_default()) {
        at += offset;
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.len() < HEADER_BYTES {
            return (at, false);
        }
        let is_of_sender = label.is_none() || rest.get(LABEL_OFFSET).copied() == label;
        if let Some(header) = Header::is_plausible(rest).filter(|_| is_of_sender) {
            match rest.get(usize::from(header.frag_length)..) {
                None => return (at, false),
                Some([]) => return (at, true),
                Some(next) if next.len() < HEADER_BYTES && next.first() == Some(&5) => return (at, false),
                Some(next) if Header::is_plausible(next).is_some() => return (at, true),
                Some(_) => {}
            }
        }
        at += 1;
    }
    (bytes.len(), false)
}

/// Where the format label stands in a header ([C706] 12.6.3.1).
const LABEL_OFFSET: usize = 4;

/// Capacity that an empty buffer may keep, in bytes: the usual largest fragment fits.
const KEPT_CAPACITY: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDU of `length` bytes with call id `id`, its stub filled with 5s to tempt the resynchronisation.
    fn pdu(id: u8, length: u8) -> Vec<u8> {
        let mut bytes = vec![5, 0, 0, 3, 0x10, 0, 0, 0, length, 0, 0, 0, id, 0, 0, 0];
        bytes.resize(usize::from(length), 5);
        bytes
    }

    fn found(framer: &mut Framer, bytes: &[u8]) -> Vec<(u8, usize)> {
        let mut ids = Vec::new();
        framer.push(bytes, false, |framed| match framed {
            Framed::Pdu(pdu) => ids.push((pdu[12], pdu.len())),
            Framed::Skipped(count) => ids.push((0, usize::try_from(count).expect("small"))),
        });
        ids
    }

    #[test]
    fn pdus_come_out_however_the_stream_is_cut() {
        let stream = [pdu(1, 40), pdu(2, 24), pdu(3, 99)].concat();
        for size in 1..stream.len() {
            let mut framer = Framer::default();
            let ids: Vec<_> = stream.chunks(size).flat_map(|chunk| found(&mut framer, chunk)).collect();
            assert_eq!(ids, [(1, 40), (2, 24), (3, 99)], "chunks of {size}");
        }
    }

    #[test]
    fn a_gap_inside_a_pdu_costs_that_pdu() {
        let mut framer = Framer::default();
        assert_eq!(found(&mut framer, &pdu(1, 60)[..30]), []);
        let mut cut = Vec::new();
        framer.gap(10, |framed| {
            cut.push(format!("{:?}", matches!(framed, Framed::Pdu(pdu) if pdu.len() == 30)))
        });
        assert_eq!(cut, ["true"]);
        let rest = [pdu(1, 60)[40..].to_vec(), pdu(2, 24)].concat();
        assert_eq!(found(&mut framer, &rest), [(2, 24)]);
    }

    #[test]
    fn after_a_gap_a_pdu_is_believed_when_the_next_one_confirms_it() {
        let mut framer = Framer::out_of_step();
        let noise = vec![5, 0, 0, 3, 0x10, 0, 0, 0, 30, 0, 0, 0, 66, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        let stream = [noise.clone(), pdu(2, 40), pdu(3, 30)].concat();
        assert_eq!(found(&mut framer, &stream), [(0, noise.len()), (2, 40), (3, 30)]);
    }

    #[test]
    fn after_a_gap_the_last_pdu_of_a_burst_is_believed() {
        let mut framer = Framer::default();
        framer.gap(1000, |_| {});
        assert_eq!(found(&mut framer, &pdu(7, 50)), [(7, 50)]);
    }

    #[test]
    fn padding_is_no_pdu_of_the_other_byte_order() {
        let mut framer = Framer::default();
        assert_eq!(found(&mut framer, &pdu(1, 40)), [(1, 40)]);
        framer.gap(100, |_| {});
        // A stub that ends with 5, padding, and a verifier: a big-endian header of 2564 bytes, seen alone.
        let mut tail = vec![5, 0, 0, 0, 0, 0, 0, 0, 10, 4, 7, 0, 7, 0, 0, 0];
        tail.extend([9; 16]);
        assert_eq!(found(&mut framer, &tail), []);
        assert_eq!(found(&mut framer, &pdu(2, 50)), [(0, tail.len()), (2, 50)]);
    }

    #[test]
    fn pdus_behind_a_candidate_that_was_none_are_found_at_the_end() {
        let lure = vec![5, 0, 0, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 66, 0, 0, 0];
        let stream = [lure.clone(), lure, pdu(2, 40), pdu(3, 30)].concat();
        for by_gap in [false, true] {
            let mut framer = Framer::out_of_step();
            assert_eq!(found(&mut framer, &stream), []);
            let mut ids = Vec::new();
            let collect = |framed: Framed<'_>| match framed {
                Framed::Pdu(pdu) => ids.push((pdu[12], pdu.len())),
                Framed::Skipped(count) => ids.push((0, usize::try_from(count).expect("small"))),
            };
            if by_gap {
                framer.gap(500, collect)
            } else {
                framer.finish(collect)
            }
            assert_eq!(ids, [(0, 32), (2, 40), (3, 30)]);
        }
    }

    #[test]
    fn an_unknown_type_costs_that_pdu_only() {
        let mut strange = pdu(1, 40);
        strange[2] = 99;
        let mut framer = Framer::default();
        assert_eq!(found(&mut framer, &[strange, pdu(2, 24)].concat()), [(1, 40), (2, 24)]);
    }

    #[test]
    fn a_stretch_of_nonsense_is_told_once_however_it_was_cut() {
        let stream = [pdu(1, 40), b"nonsense".to_vec(), pdu(2, 24), pdu(3, 24)].concat();
        for size in 1..stream.len() {
            let mut framer = Framer::default();
            let ids: Vec<_> = stream.chunks(size).flat_map(|chunk| found(&mut framer, chunk)).collect();
            assert_eq!(ids, [(1, 40), (0, 8), (2, 24), (3, 24)], "chunks of {size}");
        }
    }

    #[test]
    fn nonsense_at_the_end_is_told_at_the_end() {
        let mut framer = Framer::default();
        assert_eq!(found(&mut framer, b"nonsense of some length"), []);
        let mut skipped = Vec::new();
        framer.finish(|framed| skipped.push(framed == Framed::Skipped(23)));
        assert_eq!(skipped, [true]);
    }

    #[test]
    fn nonsense_between_pdus_is_passed_over() {
        let mut framer = Framer::default();
        let stream = [pdu(1, 40), b"nonsense".to_vec(), pdu(2, 24), pdu(3, 24)].concat();
        let ids = found(&mut framer, &stream);
        let pdus: Vec<_> = ids.iter().filter(|(id, _)| *id != 0).collect();
        assert_eq!(pdus, [&(1, 40), &(2, 24), &(3, 24)]);
    }
}
