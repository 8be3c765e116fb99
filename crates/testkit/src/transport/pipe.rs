//! What a client does with a named pipe to carry PDUs, whatever the version of SMB.

use crate::conversation::Step;
use crate::rng::Rng;
use rpcscope_model::Side;

/// How a PDU and its answer travel through a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PipeStyle {
    /// A write, then a read.
    #[default]
    WriteRead,
    /// One message does both: FSCTL_PIPE_TRANSCEIVE in SMB2, TransactNmPipe in SMB1.
    Transact,
    /// A write and a read chained in one message: a compound in SMB2, AndX in SMB1.
    Chained,
}

/// Where a capture of an SMB connection begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SmbStart {
    /// With the negotiation.
    #[default]
    Negotiate,
    /// After session setup and tree connect.
    Create,
    /// After the pipes were opened.
    Opened,
}

/// One exchange with a pipe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    /// Opens it.
    Open,
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Reads these bytes.
    Read(Piece),
    /// Writes and reads in one message.
    Exchange(Vec<u8>, Piece),
    /// Closes it.
    Close,
}

/// Bytes that are read, and whether the message in the pipe has more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) more: bool,
}

/// An exchange, and the steps of the conversation that its request and its response belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    pub(super) operation: Operation,
    pub(super) asked: usize,
    pub(super) answered: usize,
}

/// The exchanges that carry a conversation, with at most `max_bytes` in each direction of one exchange.
pub(super) fn operations(steps: &[&Step], style: PipeStyle, max_bytes: usize) -> Vec<Placed> {
    let at = |step, operation| Placed { operation, asked: step, answered: step };
    let mut operations = vec![at(0, Operation::Open)];
    for (position, step) in steps.iter().enumerate() {
        let mut pieces = pieces(&step.pdu, max_bytes);
        match step.side {
            Side::Client => {
                operations
                    .extend(pieces.into_iter().map(|piece| at(position, Operation::Write(piece.bytes))));
            }
            Side::Server => {
                let follows_client = position > 0 && steps[position - 1].side == Side::Client;
                if style != PipeStyle::WriteRead
                    && follows_client
                    && let Some(Placed { operation: Operation::Write(written), asked, .. }) =
                        operations.pop_if(|last| matches!(last.operation, Operation::Write(_)))
                {
                    let operation = Operation::Exchange(written, pieces.remove(0));
                    operations.push(Placed { operation, asked, answered: position });
                }
                operations.extend(pieces.into_iter().map(|piece| at(position, Operation::Read(piece))));
            }
        }
    }
    operations.push(at(steps.len().saturating_sub(1), Operation::Close));
    operations
}

/// The order in which the exchanges of several pipes happen: random between pipes, given order within each.
///
/// Gives (pipe, exchange) pairs.
pub(super) fn interleave(pipes: Vec<Vec<Placed>>, rng: &mut Rng) -> Vec<(usize, Placed)> {
    let mut queues: Vec<_> =
        pipes.into_iter().enumerate().map(|(pipe, queue)| (pipe, queue.into_iter())).collect();
    let mut order = Vec::new();
    while !queues.is_empty() {
        let chosen = rng.below(queues.len());
        match queues[chosen].1.next() {
            Some(operation) => order.push((queues[chosen].0, operation)),
            None => drop(queues.remove(chosen)),
        }
    }
    order
}

/// The order in which a script wants the exchanges of its pipes, with steps counted through the whole script.
pub(super) fn in_order(
    pipes: usize,
    script: &[(usize, Step)],
    style: PipeStyle,
    max_bytes: usize,
) -> Vec<(usize, Placed)> {
    let mut order = Vec::new();
    for pipe in 0..pipes {
        let own = || script.iter().enumerate().filter(|(_, (of, _))| *of == pipe);
        let places: Vec<usize> = own().map(|(place, _)| place).collect();
        let steps: Vec<&Step> = own().map(|(_, (_, step))| step).collect();
        let place = |step: usize| places.get(step).copied().unwrap_or(0);
        for placed in operations(&steps, style, max_bytes) {
            let (asked, answered) = (place(placed.asked), place(placed.answered));
            order.push((pipe, Placed { operation: placed.operation, asked, answered }));
        }
    }
    order.sort_by_key(|(_, placed)| placed.asked);
    order
}

/// At least one piece.
fn pieces(bytes: &[u8], max_bytes: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> =
        bytes.chunks(max_bytes.max(1)).map(|chunk| Piece { bytes: chunk.to_vec(), more: true }).collect();
    match pieces.last_mut() {
        Some(last) => last.more = false,
        None => pieces.push(Piece { bytes: Vec::new(), more: false }),
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        let step = |side, pdu: &[u8]| Step { side, pdu: pdu.to_vec() };
        vec![step(Side::Client, &[1, 2, 3]), step(Side::Server, &[4, 5, 6]), step(Side::Client, &[7])]
    }

    fn placed(style: PipeStyle, max_bytes: usize) -> Vec<Placed> {
        operations(&steps().iter().collect::<Vec<_>>(), style, max_bytes)
    }

    fn plain(style: PipeStyle, max_bytes: usize) -> Vec<Operation> {
        placed(style, max_bytes).into_iter().map(|placed| placed.operation).collect()
    }

    fn read(bytes: &[u8], more: bool) -> Piece {
        Piece { bytes: bytes.to_vec(), more }
    }

    #[test]
    fn long_pdus_take_several_exchanges() {
        use Operation::{Close, Exchange, Open, Read, Write};
        let separate = plain(PipeStyle::WriteRead, 2);
        let expected = [
            Open,
            Write(vec![1, 2]),
            Write(vec![3]),
            Read(read(&[4, 5], true)),
            Read(read(&[6], false)),
            Write(vec![7]),
            Close,
        ];
        assert_eq!(separate, expected);
        let together = plain(PipeStyle::Transact, 2);
        let expected = [
            Open,
            Write(vec![1, 2]),
            Exchange(vec![3], read(&[4, 5], true)),
            Read(read(&[6], false)),
            Write(vec![7]),
            Close,
        ];
        assert_eq!(together, expected);
    }

    #[test]
    fn a_script_gives_the_order_and_says_what_belongs_to_which_step() {
        let [first, answer, _] = <[Step; 3]>::try_from(steps()).expect("three steps");
        let script = [(0, first.clone()), (1, first), (0, answer.clone()), (1, answer)];
        let order: Vec<_> = in_order(2, &script, PipeStyle::Transact, 9)
            .into_iter()
            .map(|(pipe, placed)| (pipe, placed.asked, placed.answered))
            .collect();
        // Open and exchange of each pipe, then both are closed.
        assert_eq!(order, [(0, 0, 0), (0, 0, 2), (1, 1, 1), (1, 1, 3), (0, 2, 2), (1, 3, 3)]);
    }

    #[test]
    fn pipes_are_mixed_but_each_keeps_its_order() {
        let one = placed(PipeStyle::WriteRead, 1);
        let order = interleave(vec![one.clone(), one.clone()], &mut Rng::new(2));
        for pipe in 0..2 {
            let own: Vec<_> =
                order.iter().filter(|(of, _)| *of == pipe).map(|(_, operation)| operation.clone()).collect();
            assert_eq!(own, one);
        }
        assert!(order.windows(2).filter(|pair| pair[0].0 != pair[1].0).count() > 3);
    }
}
