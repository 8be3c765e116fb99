//! Conversations made by hand, and what is reported of them.

mod build;
mod files;
mod shard;

use super::*;
use Side::{Client, Server};
use build::{DENIED, INHERITED, OVERFLOW, Smb2, compound, packet, pdu, smb1};
use proptest::prelude::*;
use rpcscope_model::{Address, Endpoint, FrameNumber, Secrets, Timestamp};
use shard::{AT, Log, Shard};
use std::collections::BTreeMap;

#[test]
fn a_pipe_is_opened_written_read_and_closed() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.client(&Smb2::write(3, 7, &pdu(1, 40)));
    shard.server(&Smb2::written(3));
    shard.client(&Smb2::read(4, 7));
    shard.server(&Smb2::read_done(4, &pdu(2, 50)));
    shard.client(&Smb2::close(5, 7));
    shard.says(&["open 1 svcctl", "1 client 1", "1 server 2"]);
    shard.server(&Smb2::closed(5));
    shard.says(&["close 1"]);
    assert_eq!(shard.log.stats.smb_messages, 9);
}

#[test]
fn pipes_of_one_connection_are_kept_apart_while_requests_overlap() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.open("winreg", 8);
    shard.client(&Smb2::read(11, 7));
    shard.client(&Smb2::read(12, 8));
    shard.client(&Smb2::write(13, 8, &pdu(1, 40)));
    shard.client(&Smb2::write(14, 7, &pdu(2, 40)));
    shard.server(&Smb2::read_done(12, &pdu(3, 40)));
    shard.server(&Smb2::read_done(11, &pdu(4, 40)));
    shard.says(&["open 1 svcctl", "open 2 winreg", "2 client 1", "1 client 2", "2 server 3", "1 server 4"]);
}

#[test]
fn a_transceive_is_a_write_and_a_read_and_its_echo_is_neither() {
    let mut shard = Shard::new();
    shard.open("samr", 7);
    shard.client(&Smb2::transceive(3, 7, &pdu(1, 40)));
    shard.server(&Smb2::transceived(3, 7, &pdu(1, 40), &pdu(2, 60)));
    shard.says(&["open 1 samr", "1 client 1", "1 server 2"]);
}

#[test]
fn an_answer_that_overflowed_goes_on_with_the_next_read() {
    let mut shard = Shard::new();
    shard.open("samr", 7);
    let answer = pdu(2, 60);
    shard.client(&Smb2::transceive(3, 7, &pdu(1, 40)));
    shard.server(&Smb2::transceived(3, 7, &[], &answer[..30]).status(OVERFLOW));
    shard.client(&Smb2::read(4, 7));
    shard.server(&Smb2::read_done(4, &answer[30..50]).status(OVERFLOW));
    shard.client(&Smb2::read(5, 7));
    shard.server(&Smb2::read_done(5, &answer[50..]));
    shard.client(&Smb2::read(6, 7));
    shard.server(&Smb2::read_done(6, &pdu(3, 30)));
    shard.says(&[
        "open 1 samr",
        "1 client 1",
        "1 server 2",
        "1 server +20 bytes",
        "1 server +10 bytes",
        "1 server 3",
    ]);
    assert_eq!(shard.log.bytes[&(1, 1)], [answer, pdu(3, 30)].concat());
}

#[test]
fn an_interim_response_leaves_its_request_open() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.client(&Smb2::read(4, 7));
    shard.server(&Smb2::interim(8, 4));
    let mut done = Smb2::read_done(4, &pdu(2, 50));
    done.flags |= 2;
    shard.server(&done);
    shard.says(&["open 1 svcctl", "1 server 2"]);
}

#[test]
fn a_create_that_fails_opens_nothing() {
    let mut shard = Shard::new();
    shard.server(&Smb2::tree_connected(1, 2));
    shard.client(&Smb2::create(2, "nothing"));
    shard.server(&Smb2::failed(5, 2, DENIED));
    shard.client(&Smb2::read(3, 7));
    shard.server(&Smb2::failed(8, 3, DENIED));
    shard.says(&[]);
}

#[test]
fn a_compound_uses_the_pipe_that_it_opens() {
    let mut shard = Shard::new();
    shard.server(&Smb2::tree_connected(1, 2));
    let asked = [
        Smb2::create(2, "lsarpc"),
        Smb2::write(3, INHERITED, &pdu(1, 41)).related(),
        Smb2::read(4, INHERITED).related(),
        Smb2::close(5, INHERITED).related(),
    ];
    shard.on(0, Client, &compound(&asked));
    let answered = [Smb2::created(2, 9), Smb2::written(3), Smb2::read_done(4, &pdu(2, 43)), Smb2::closed(5)];
    shard.on(0, Server, &compound(&answered));
    shard.says(&["open 1 lsarpc", "1 client 1", "1 server 2", "close 1"]);
}

#[test]
fn a_broken_compound_costs_its_rest_only() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    let mut bytes = compound(&[Smb2::write(3, 7, &pdu(1, 40)), Smb2::write(4, 7, &pdu(2, 40))]);
    bytes[4 + 20] = 7;
    shard.on(0, Client, &bytes);
    shard.client(&Smb2::write(5, 7, &pdu(3, 40)));
    shard.says(&["open 1 svcctl", "1 client 1", "smb_chain_invalid", "1 client 3"]);
}

#[test]
fn a_file_is_never_a_pipe_whatever_is_in_it() {
    let mut shard = Shard::new();
    shard.server(&Smb2::tree_connected(1, 1));
    shard.client(&Smb2::create(2, "report.bin"));
    shard.server(&Smb2::created(2, 7));
    shard.client(&Smb2::write(3, 7, &pdu(1, 40)));
    shard.client(&Smb2::read(4, 7));
    shard.server(&Smb2::read_done(4, &pdu(2, 50)));
    shard.server(&Smb2::read_done(5, &pdu(2, 50)));
    shard.says(&[]);
}

#[test]
fn a_handle_of_an_unseen_create_is_a_pipe_when_its_data_is_rpc() {
    let mut shard = Shard::new();
    shard.client(&Smb2::write(3, 7, b"not a pipe, as far as one can tell"));
    shard.says(&[]);
    shard.client(&Smb2::write(4, 8, &pdu(1, 40)));
    shard.client(&Smb2::read(5, 8));
    shard.server(&Smb2::read_done(5, b"whatever it is, it comes from a pipe"));
    shard.says(&["open 1 ?", "1 client 1", "1 server 36 bytes"]);
}

#[test]
fn a_create_on_an_unseen_tree_keeps_its_name_until_the_data_decides() {
    let mut shard = Shard::new();
    shard.client(&Smb2::create(2, "spoolss"));
    shard.server(&Smb2::created(2, 7));
    shard.says(&[]);
    shard.client(&Smb2::write(3, 7, &pdu(1, 40)));
    shard.says(&["open 1 spoolss", "1 client 1"]);
}

#[test]
fn an_answer_of_an_unseen_request_belongs_to_the_only_pipe() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.server(&Smb2::read_done(40, &pdu(2, 50)));
    shard.server(&Smb2::read_done(41, b"no PDU at all, so it is left alone"));
    shard.says(&["open 1 svcctl", "1 server 2"]);
}

#[test]
fn answers_alone_make_a_pipe_of_their_own() {
    let mut shard = Shard::new();
    let answer = pdu(2, 50);
    shard.server(&Smb2::read_done(40, &answer[..30]).status(OVERFLOW));
    shard.server(&Smb2::read_done(41, &answer[30..]));
    shard.server(&Smb2::read_done(42, &pdu(3, 50)));
    shard.says(&["open 1 ?", "1 server 2", "1 server +20 bytes", "1 server 3"]);
}

#[test]
fn with_two_pipes_an_answer_of_an_unseen_request_is_given_to_neither() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.open("winreg", 8);
    shard.server(&Smb2::read_done(40, &pdu(2, 50)));
    shard.says(&["open 1 svcctl", "open 2 winreg", "open 3 ?", "3 server 2"]);
}

#[test]
fn a_transceive_names_its_pipe_even_in_the_answer() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.open("winreg", 8);
    shard.server(&Smb2::transceived(40, 8, &[], &pdu(2, 50)));
    shard.says(&["open 1 svcctl", "open 2 winreg", "2 server 2"]);
}

#[test]
fn a_pipe_may_be_used_over_every_connection_of_its_session() {
    let mut shard = Shard::with(&Limits::WHOLE, 2);
    shard.open("svcctl", 7);
    shard.on(1, Client, &Smb2::write(3, 7, &pdu(1, 40)).packet());
    shard.on(1, Client, &Smb2::read(4, 7).packet());
    shard.on(1, Server, &Smb2::read_done(4, &pdu(2, 40)).packet());
    shard.says(&["open 1 svcctl", "1 client 1", "1 server 2"]);
    shard.finish(0);
    shard.says(&[]);
    shard.finish(1);
    shard.says(&["close 1"]);
}

#[test]
fn logoff_and_tree_disconnect_close_their_pipes() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.server(&Smb2::tree_connected(1, 2).tree(6));
    shard.client(&Smb2::create(2, "winreg").tree(6));
    shard.server(&Smb2::created(2, 8).tree(6));
    shard.server(&Smb2::tree_disconnected(3));
    shard.says(&["open 1 svcctl", "open 2 winreg", "close 1"]);
    shard.server(&Smb2::logged_off(4));
    shard.says(&["close 2"]);
    shard.finish(0);
    shard.says(&[]);
}

#[test]
fn a_new_session_of_an_old_number_starts_empty() {
    let mut shard = Shard::with(&Limits::WHOLE, 2);
    shard.open("svcctl", 7);
    shard.on(1, Client, &Smb2::session_setup(1).packet());
    shard.on(1, Server, &Smb2::session_set_up(1).packet());
    shard.says(&["open 1 svcctl", "close 1"]);
    shard.finish(0);
    shard.finish(1);
    shard.says(&[]);
}

#[test]
fn sessions_of_one_number_at_two_servers_are_two() {
    let mut shard = Shard::new();
    shard
        .connections
        .push(SmbConnection::new(Endpoint::new(Address::v4([10, 0, 0, 8]), 445), &Limits::WHOLE));
    shard.open("svcctl", 7);
    shard.on(1, Client, &Smb2::write(3, 7, b"another file of that number").packet());
    shard.says(&["open 1 svcctl"]);
}

#[test]
fn bulk_data_of_a_file_is_passed_over() {
    let mut shard = Shard::new();
    shard.server(&Smb2::tree_connected(1, 1));
    let bulk = Smb2::write(3, 7, &vec![0; 1 << 20]).packet();
    assert_eq!(shard.on(0, Client, &bulk[..1460]), (bulk.len() - 1460) as u64);
    shard.open("svcctl", 7);
    shard.client(&Smb2::write(5, 7, &pdu(1, 40)));
    shard.says(&["open 1 svcctl", "1 client 1"]);
}

#[test]
fn bulk_data_of_an_unknown_file_is_passed_over_unless_it_is_rpc() {
    let mut shard = Shard::new();
    let bulk = Smb2::write(3, 7, &vec![0; 1 << 16]).packet();
    assert_eq!(shard.on(0, Client, &bulk[..1460]), (bulk.len() - 1460) as u64);
    let call = Smb2::write(4, 7, &pdu(1, 5000)).packet();
    assert_eq!(shard.on(0, Client, &call[..1460]), 0);
    assert_eq!(shard.on(0, Client, &call[1460..]), 0);
    shard.says(&["open 1 ?", "1 client 1"]);
    assert_eq!(shard.log.bytes[&(1, 0)], pdu(1, 5000));
}

#[test]
fn a_gap_inside_a_write_loses_the_rest_of_that_write_only() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    let call = Smb2::write(3, 7, &pdu(1, 1000)).packet();
    shard.on(0, Client, &call[..500]);
    shard.connections[0].gap(Client, 300, AT, &mut shard.shared, &mut shard.log);
    shard.on(0, Client, &call[800..]);
    shard.client(&Smb2::write(4, 7, &pdu(2, 40)));
    shard.says(&["open 1 svcctl", "1 client 1", "1 lost 616", "1 client 2"]);
}

#[test]
fn after_a_gap_of_unknown_content_reading_goes_on() {
    let mut shard = Shard::new();
    shard.open("svcctl", 7);
    shard.connections[0].gap(Client, 12_345, AT, &mut shard.shared, &mut shard.log);
    let torn = Smb2::write(3, 7, &pdu(1, 1000)).packet();
    let rest = [&torn[900..], &Smb2::write(4, 7, &pdu(2, 40)).packet()].concat();
    shard.on(0, Client, &rest);
    shard.says(&["open 1 svcctl", "1 client 2"]);
}

#[test]
fn encrypted_and_compressed_messages_are_told_once_and_counted() {
    let mut shard = Shard::new();
    for id in [0xfd, 0xfc, 0xfd, 0xfc] {
        let mut message = vec![id, b'S', b'M', b'B'];
        message.resize(100, 0);
        shard.on(0, Client, &packet(&message));
    }
    shard.says(&["smb_encrypted", "smb_compressed"]);
    assert_eq!((shard.log.stats.smb_encrypted, shard.log.stats.smb_compressed), (2, 2));
}

#[test]
fn too_many_pipes_evict_the_oldest() {
    let mut shard = Shard::with(&Limits { pipes: 2, ..Limits::WHOLE }, 1);
    shard.open("a", 1);
    shard.open("b", 2);
    shard.open("c", 3);
    shard.says(&["open 1 a", "open 2 b", "open 3 c", "smb_pipes_evicted", "close 1"]);
    assert_eq!(shard.log.stats.pipes_evicted, 1);
}

#[test]
fn too_many_sessions_evict_the_oldest() {
    let mut shard = Shard::with(&Limits { smb_sessions: 2, ..Limits::WHOLE }, 1);
    for session in 1..=3 {
        shard.server(&Smb2::tree_connected(1, 2).session(session));
        shard.client(&Smb2::create(session, "svcctl").session(session));
        shard.server(&Smb2::created(session, 7).session(session));
    }
    shard.says(&["open 1 svcctl", "open 2 svcctl", "smb_pipes_evicted", "close 1", "open 3 svcctl"]);
    assert_eq!(shard.log.stats.smb_sessions_evicted, 1);
}

/// Opens a pipe of SMB 1 as `fid`.
fn open_smb1(shard: &mut Shard, fid: u16) {
    shard.on(0, Server, &smb1(1).tree_connected("IPC"));
    shard.on(0, Client, &smb1(2).create("\\svcctl"));
    shard.on(0, Server, &smb1(2).created(fid, 2));
    shard.says(&["open 1 \\svcctl"]);
}

#[test]
fn smb1_pipes_are_opened_written_read_and_closed() {
    let mut shard = Shard::new();
    open_smb1(&mut shard, 0x4005);
    shard.on(0, Client, &smb1(3).write(0x4005, &pdu(1, 40)));
    shard.on(0, Client, &smb1(4).read(0x4005));
    shard.on(0, Server, &smb1(4).read_done(&pdu(2, 50)[..30]).clone());
    shard.on(0, Client, &smb1(5).close(0x4005));
    shard.on(0, Server, &smb1(5).failed(4));
    shard.says(&["1 client 1", "1 server 2", "close 1"]);
}

#[test]
fn smb1_transactions_carry_a_write_and_a_read() {
    let mut shard = Shard::new();
    open_smb1(&mut shard, 0x4005);
    let answer = pdu(2, 60);
    shard.on(0, Client, &smb1(3).transact(0x4005, 40, &pdu(1, 40)));
    shard.on(0, Server, &smb1(3).status(OVERFLOW).transacted(30, 0, &answer[..30]));
    shard.on(0, Client, &smb1(4).read(0x4005));
    shard.on(0, Server, &smb1(4).read_done(&answer[30..]));
    shard.says(&["1 client 1", "1 server 2", "1 server +30 bytes"]);
    assert_eq!(shard.log.bytes[&(1, 1)], answer);
}

#[test]
fn smb1_transactions_are_joined_both_ways() {
    let mut shard = Shard::new();
    open_smb1(&mut shard, 0x4005);
    let (call, answer) = (pdu(1, 90), pdu(2, 90));
    shard.on(0, Client, &smb1(3).transact(0x4005, 90, &call[..40]));
    shard.on(0, Server, &smb1(3).failed(0x25)); // the interim response: go on
    shard.on(0, Client, &smb1(3).transact_more(90, 70, &call[70..]));
    shard.on(0, Client, &smb1(3).transact_more(90, 40, &call[40..70]));
    shard.on(0, Server, &smb1(3).transacted(90, 0, &answer[..50]));
    shard.on(0, Server, &smb1(3).transacted(90, 50, &answer[50..]));
    assert_eq!(shard.log.bytes[&(1, 0)], call);
    assert_eq!(shard.log.bytes[&(1, 1)], answer);
    shard.says(&[
        "1 client 1",
        "1 client +30 bytes",
        "1 client +20 bytes",
        "1 server 2",
        "1 server +40 bytes",
    ]);
}

#[test]
fn smb1_files_are_no_pipes() {
    let mut shard = Shard::new();
    shard.on(0, Server, &smb1(1).tree_connected("A:"));
    shard.on(0, Client, &smb1(2).create("\\report.bin"));
    shard.on(0, Server, &smb1(2).created(0x4005, 0));
    shard.on(0, Client, &smb1(3).write(0x4005, &pdu(1, 40)));
    shard.on(0, Server, &smb1(4).read_done(&pdu(1, 40)));
    shard.says(&[]);
}

#[test]
fn smb1_requests_and_answers_are_paired_in_mid_stream() {
    let mut shard = Shard::new();
    shard.on(0, Client, &smb1(3).write(0x4005, &pdu(1, 40)));
    shard.on(0, Client, &smb1(4).read(0x4005));
    shard.on(0, Server, &smb1(4).read_done(&pdu(2, 50)));
    shard.on(0, Client, &smb1(5).transact(0x4006, 40, &pdu(3, 40)));
    shard.on(0, Server, &smb1(5).status(DENIED).failed(0x25));
    shard.on(0, Server, &smb1(9).created(0x4007, 2));
    shard.finish(0);
    shard.says(&[
        "open 1 ?",
        "1 client 1",
        "1 server 2",
        "open 2 ?",
        "2 client 3",
        "open 3 ?",
        "close 1",
        "close 2",
        "close 3",
    ]);
}

/// A conversation that uses everything, as what each side sends in turn.
fn conversation() -> Vec<(Side, Vec<u8>)> {
    let answer = pdu(4, 600);
    let mut turns = vec![
        (Client, vec![0x81, 0, 0, 68].into_iter().chain([0x20; 68]).collect()),
        (Server, vec![0x82, 0, 0, 0]),
        (Server, Smb2::tree_connected(1, 2).packet()),
        (Client, Smb2::create(2, "svcctl").packet()),
        (Server, Smb2::created(2, 7).packet()),
        (Client, Smb2::write(3, 7, &pdu(1, 700)).packet()),
        (Client, compound(&[Smb2::write(4, 7, &pdu(2, 400)), Smb2::read(5, INHERITED).related()])),
        (Server, Smb2::interim(8, 5).packet()),
        (Server, Smb2::read_done(5, &answer[..300]).status(OVERFLOW).packet()),
        (Client, vec![0x85, 0, 0, 0]),
        (Client, Smb2::transceive(6, 7, &pdu(5, 333)).packet()),
        (Server, Smb2::transceived(6, 7, &pdu(5, 333), &answer[300..]).packet()),
        (Client, Smb2::write(9, 99, &[7; 3000]).packet()),
        (Client, Smb2::tree_connect(20, "\\\\dc1\\ADMIN$").packet()),
        (Server, Smb2::tree_connected(20, 1).tree(6).packet()),
        (Client, Smb2::create(21, "a.exe").tree(6).packet()),
        (Server, Smb2::created_file(21, 8).tree(6).packet()),
        (Client, Smb2::write(22, 8, &[9; 5000]).tree(6).packet()),
        (
            Client,
            Smb2::rename(23, 8, "a name that is long enough to be cut in the middle of it: a.exe.bak")
                .tree(6)
                .packet(),
        ),
        (Server, Smb2::info_set(23).tree(6).packet()),
        (Client, Smb2::read(24, 8).tree(6).packet()),
        (Server, Smb2::read_done(24, &[1; 2000]).tree(6).packet()),
        (Client, Smb2::delete(25, 8).tree(6).packet()),
        (Server, Smb2::info_set(25).tree(6).packet()),
        (Client, Smb2::close(10, 7).packet()),
        (Server, Smb2::closed(10).packet()),
    ];
    turns.extend([
        (Server, smb1(1).tree_connected("IPC")),
        (Client, smb1(2).create("\\winreg")),
        (Server, smb1(2).created(0x4005, 2)),
        (Client, smb1(3).transact(0x4005, 900, &pdu(6, 900)[..500])),
        (Client, smb1(3).transact_more(900, 500, &pdu(6, 900)[500..])),
        (Server, smb1(3).transacted(300, 0, &pdu(7, 300))),
        (Client, smb1(4).write(0x4005, &pdu(8, 2000))),
        (Client, smb1(5).rename("\\old", "\\new")),
        (Server, smb1(5).done(0x07)),
    ]);
    turns
}

/// Plays turns in pieces of `size` bytes, and passes over what is not needed, as the reassembler does.
fn play(turns: &[(Side, Vec<u8>)], size: usize) -> Log {
    let mut shard = Shard::new();
    for (side, bytes) in turns {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            let passed = usize::try_from(shard.on(0, *side, piece)).expect("small");
            rest = &behind[passed.min(behind.len())..];
        }
    }
    shard.finish(0);
    shard.log
}

#[test]
fn however_the_bytes_are_cut_the_events_are_the_same() {
    let turns = conversation();
    let whole = play(&turns, usize::MAX);
    assert!(whole.lines.len() > 12, "{:?}", whole.lines);
    assert_eq!((whole.files.len(), whole.held), (6, 0), "{:?}", whole.files);
    for size in [1, 2, 3, 7, 100, 255, 256, 257, 1460] {
        let cut = play(&turns, size);
        assert_eq!(cut.lines, whole.lines, "pieces of {size}");
        assert_eq!(cut.bytes, whole.bytes, "pieces of {size}");
        assert_eq!((&cut.files, &cut.opened, &cut.mapped), (&whole.files, &whole.opened, &whole.mapped));
        assert_eq!(cut.stats, whole.stats, "pieces of {size}");
    }
}

#[test]
fn a_connection_gives_back_what_it_holds() {
    let mut shard = Shard::new();
    for size in 0..20 {
        let bytes = Smb2::write(3, 7, &pdu(1, 4000)).packet();
        shard.on(0, Client, &bytes[..100 * size]);
        shard.on(0, Client, &smb1(3).transact_more(90, 70, &[1; 20]));
        shard.finish(0);
        shard.connections[0] =
            SmbConnection::new(Endpoint::new(Address::v4([10, 0, 0, 9]), 445), &Limits::WHOLE);
        assert!(shard.shared.memory.resize(0, Limits::WHOLE.reassembly_bytes), "something is still held");
        shard.shared.memory.resize(Limits::WHOLE.reassembly_bytes, 0);
    }
}

#[test]
fn the_sender_is_told_from_the_first_bytes() {
    assert_eq!(recognise(&Smb2::read(1, 7).packet()[..40]), Some(Client));
    assert_eq!(recognise(&Smb2::closed(1).packet()[..40]), Some(Server));
    assert_eq!(recognise(&smb1(1).close(7)[..40]), Some(Client));
    assert_eq!(recognise(&smb1(1).tree_connected("IPC")[..40]), Some(Server));
    assert_eq!(recognise(b"\0\0\0\x40nonsense"), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_and_gaps_never_panic_and_pipes_are_consistent(
        turns in proptest::collection::vec(
            (any::<bool>(), any::<prop::sample::Index>(), 0_u64..400, proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)),
            1..60,
        ),
        limit in 1_usize..5,
    ) {
        let limits = Limits { pipes: limit, smb_sessions: limit, smb_requests: limit, reassembly_bytes: 2000, ..Limits::WHOLE };
        let all = conversation();
        let mut shard = Shard::with(&limits, 2);
        let mut passed = [[0; 2]; 2];
        for (second, pick, gap, damage) in turns {
            let (side, mut bytes) = pick.get(&all).clone();
            for (place, value) in damage {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            let connection = usize::from(second);
            let from = usize::try_from(passed[connection][side.index()]).expect("small").min(bytes.len());
            if from < bytes.len() {
                passed[connection][side.index()] = shard.on(connection, side, &bytes[from..]);
            } else {
                passed[connection][side.index()] -= bytes.len() as u64;
            }
            if gap > 300 {
                passed[connection][side.index()] = 0;
                shard.connections[connection].gap(side, gap - 300, AT, &mut shard.shared, &mut shard.log);
            }
        }
        shard.finish(0);
        shard.finish(1);
        check(&shard.log.lines)?;
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), size in 1_usize..50) {
        let log = play(&[(Client, bytes.clone()), (Server, bytes)], size);
        check(&log.lines)?;
    }
}

/// Every pipe is opened once, used only while it is open, and closed.
fn check(lines: &[String]) -> Result<(), TestCaseError> {
    let mut open = std::collections::BTreeSet::new();
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["open", pipe, ..] => {
                prop_assert!(seen.insert(pipe), "{pipe} is opened twice");
                open.insert(pipe);
            }
            ["close", pipe] => prop_assert!(open.remove(pipe), "{pipe} is closed but was not open"),
            [pipe, "client" | "server" | "lost", ..] => {
                prop_assert!(open.contains(pipe), "{pipe} is not open")
            }
            _ => {}
        }
    }
    prop_assert!(open.is_empty(), "left open: {open:?}");
    Ok(())
}
