//! Floods of pipes and SMB sessions.

use crate::frames::{Line, bound, client, server};
use crate::process::alone;
use crate::sensor::Attack;
use rpcscope_model::{Endpoint, Outcome};
use rpcscope_testkit::conversation::Call;
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::transport::{Smb2, SmbStart};

fn pair() -> (Endpoint, Endpoint) {
    (client(1), server(1, 49_670))
}

/// The command in an SMB2 header behind the four bytes of the session service.
const CLOSE: (usize, u8) = (4 + 12, 6);

/// Opens a pipe with an open call on it, and leaves it open.
fn open_pipe(line: &mut Line, seed: u64, frames: &mut Vec<OwnedFrame>) {
    let conversation = bound().call(Call::new(0, 5).unanswered());
    let smb = Smb2 { seed, start: SmbStart::Create, ..Smb2::default() };
    let messages = smb.carry(&[("samr", conversation.steps())]);
    let open = messages.iter().filter(|message| message.bytes.get(CLOSE.0) != Some(&CLOSE.1));
    frames.extend(open.map(|message| line.send(message.side, &message.bytes)));
}

fn connect(line: &mut Line, frames: &mut Vec<OwnedFrame>) {
    let messages = Smb2::default().carry(&[]);
    frames.extend(messages.iter().map(|message| line.send(message.side, &message.bytes)));
}

#[test]
fn pipes_of_one_connection_are_forgotten_and_their_calls_told() {
    alone("pipes::pipes_of_one_connection_are_forgotten_and_their_calls_told", || {
        let attack = Attack {
            name: "pipes on one connection",
            planted: pair(),
            steps: 100_000,
            smaller: 16,
            ..Attack::default()
        };
        let mut line = None;
        let outcomes = attack.run(|step, frames| {
            let line = line.get_or_insert_with(|| {
                let mut line = Line::new(pair().0, Endpoint { port: 445, ..pair().1 });
                connect(&mut line, frames);
                line
            });
            open_pipe(line, step + 1, frames);
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.pipes_evicted > outcomes.steps / 2);
    });
}

#[test]
fn pipes_that_nobody_closes_are_forgotten_and_their_calls_told() {
    alone("pipes::pipes_that_nobody_closes_are_forgotten_and_their_calls_told", || {
        let attack =
            Attack { name: "never-closed pipes, 2,000 sessions", steps: 400_000, ..Attack::default() };
        let mut lines: Vec<Line> = Vec::new();
        let outcomes = attack.run(|step, frames| {
            let at = usize::try_from(step % 2000).expect("below");
            if step < 2000 {
                let mut line = Line::new(client(step), server(step, 445));
                connect(&mut line, frames);
                lines.push(line);
            }
            open_pipe(&mut lines[at], step + 1, frames);
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.pipes_evicted > 0);
        assert!(outcomes.fullest.pipes <= outcomes.limits.pipes_in_all as u64);
    });
}

#[test]
fn sessions_that_nobody_ends_are_forgotten_and_their_calls_told() {
    alone("pipes::sessions_that_nobody_ends_are_forgotten_and_their_calls_told", || {
        let attack = Attack { name: "SMB sessions", steps: 200_000, ..Attack::default() };
        let outcomes = attack.run(|step, frames| {
            let mut line = Line::new(client(step), server(step, 445));
            connect(&mut line, frames);
            open_pipe(&mut line, step + 1, frames);
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.smb_sessions_evicted > 0);
        assert!(outcomes.fullest.smb_sessions <= outcomes.limits.smb_sessions as u64);
    });
}
