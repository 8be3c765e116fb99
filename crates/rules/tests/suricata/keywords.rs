//! Each keyword, on the messages that it is about.

use crate::messages::*;
use crate::support::SVCCTL;
use rpcscope_model::{Calls, Event, EventBody, ShareType, Side, Transport};
use rpcscope_rules::{Action, Known, Level, ThresholdKind, Track, Unit};

/// Whether a chain holds for a stub of the client.
fn holds(chain: &str, stub: &[u8]) -> bool {
    let event = call(SVCCTL, 12, stub, &[], Order::Little);
    count(&format!("flow:to_server; dce_stub_data; {chain}"), &event) == 1
}

#[test]
fn a_rule_without_direction_looks_at_both_messages() {
    let event = call(SVCCTL, 12, b"same", b"same", Order::Little);
    assert_eq!(count(&format!("dce_iface:{SVCCTL};"), &event), 2);
    assert_eq!(count("content:\"same\";", &event), 2);
    assert_eq!(count("flow:to_server,established; content:\"same\";", &event), 1);
    assert_eq!(count("flow:from_server; content:\"same\";", &event), 1);
}

#[test]
fn a_request_alerts_before_its_answer_and_only_once() {
    let event = call(SVCCTL, 12, b"x", b"y", Order::Little);
    let events = [announced(&event), settled(event.clone())];
    let of = |options: &str| {
        let set = sound(&format!("alert tcp any any -> any any (msg:\"m\"; {options} sid:1;)"));
        let known = set.rules()[0].known;
        (known, alerts(set, &events[..1]).len())
    };
    assert_eq!(of(&format!("flow:to_server; dce_iface:{SVCCTL};")), (Known::Request, 1));
    assert_eq!(of("flow:to_server; content:\"x\";"), (Known::Request, 1));
    assert_eq!(of("flow:to_client; content:\"y\";"), (Known::Outcome, 0));
    let set = sound("alert tcp any any -> any any (msg:\"m\"; dce_opnum:12; sid:1;)");
    assert_eq!(alerts(set, &events), [1, 1]);
}

#[test]
fn a_message_that_was_not_seen_meets_no_rule() {
    let mut event = call(SVCCTL, 12, b"x", b"y", Order::Little);
    if let EventBody::Call(call) = &mut event.body {
        call.reply = None;
        call.wire.as_mut().expect("it has bytes").reply = None;
    }
    assert_eq!(count("dce_opnum:12;", &event), 1);
    assert_eq!(count("flow:to_client; content:!\"never\";", &event), 0);
}

#[test]
fn interfaces_are_met_by_uuid_and_major_version() {
    let event = call(SVCCTL, 12, b"", b"", Order::Little);
    let met = |value: &str| count(&format!("flow:to_server; dcerpc.iface:{value};"), &event) == 1;
    assert!(met(SVCCTL) && met(&SVCCTL.to_uppercase()));
    assert!(
        met(&format!("{SVCCTL},=2")) && met(&format!("{SVCCTL},>1,any_frag")) && met(&format!("{SVCCTL},!3"))
    );
    assert!(!met(&format!("{SVCCTL},<2")) && !met(&format!("{SVCCTL},any_frag,")[..36].replace('3', "4")));
    assert!(met(&format!("{SVCCTL}, any_frag")));
}

#[test]
fn operations_are_numbers_ranges_and_comparisons() {
    let event = call(SVCCTL, 12, b"", b"", Order::Little);
    let met = |value: &str| count(&format!("flow:to_server; dce_opnum:{value};"), &event) == 1;
    for value in
        ["12", "1,12", "10-12", "12-", "5-200", "!11", "!1,2", "!13-20", ">11", "<13", ">=12", "!=11", "=12"]
    {
        assert!(met(value), "{value}");
    }
    for value in ["11", "13-20", "13-", "!12", "!10-14", "<12", "20-200", "!=12"] {
        assert!(!met(value), "{value}");
    }
}

#[test]
fn rules_of_an_interface_are_indexed_and_ask_for_no_bytes() {
    let set = sound(&format!(
        "alert tcp any any -> any any (dce_iface:{SVCCTL}; dce_opnum:12,24; flow:to_server; sid:1;)"
    ));
    let wanted = set.wanted();
    assert!(matches!(&wanted.requests, Calls::Keyed(keys) if keys.len() == 2) && !wanted.has_messages());
}

#[test]
fn rules_ask_for_the_messages_of_an_interface_or_of_some_content_or_for_all() {
    let wanted = |options: &str| {
        let set = sound(&format!("alert tcp any any -> any any ({options} sid:1;)"));
        set.wanted().as_ref().clone()
    };
    let keyed = wanted(&format!("flow:to_server; dce_iface:{SVCCTL}; dce_stub_data; content:\"x\";"));
    assert!(matches!(&keyed.wire, Calls::Keyed(keys) if keys.len() == 1) && keyed.contents.is_none());
    let all = wanted("content:!\"x\";");
    assert_eq!((&all.wire, &all.requests, all.contents.is_some()), (&Calls::All, &Calls::All, false));

    for (flow, sender) in [("to_server", Side::Client), ("to_client", Side::Server)] {
        let found = wanted(&format!("flow:{flow}; content:\"Head\"; content:\"y\";"));
        assert_eq!((&found.wire, &found.requests), (&Calls::None, &Calls::None));
        let contents = found.contents.as_ref().expect("contents");
        assert!(contents.may_be_in(sender, b"..heAD..", b""), "{flow}");
        for (sender, pdu, stub) in
            [(sender, &b"..hea"[..], &b"head"[..]), (sender.other(), &b"..head.."[..], &b""[..])]
        {
            assert!(!contents.may_be_in(sender, pdu, stub), "{flow}");
        }
        let whole = found.with_all_messages();
        assert_eq!((&whole.wire, whole.contents.is_some()), (&Calls::All, false));
    }
    let stub = wanted("flow:to_server; dcerpc.stub_data; content:\"x\";");
    let contents = stub.contents.expect("contents");
    assert!(contents.may_be_in(Side::Client, b"", b"x") && !contents.may_be_in(Side::Client, b"x", b""));
}

#[test]
fn contents_stand_where_they_are_told_to() {
    let stub = b"abcabcABC";
    for chain in [
        "content:\"abc\";",
        "content:\"|61 62|c\";",
        "content:\"ABC\"; offset:6; depth:3;",
        "content:\"abc\"; offset:3; depth:3; content:\"ABC\"; distance:0; within:3;",
        "content:\"abcabcabc\"; nocase;",
        "content:\"abca\"; startswith;",
        "content:\"ABC\"; endswith;",
        "content:\"aBc\"; nocase; endswith; fast_pattern;",
        "content:!\"xyz\";",
        "content:\"ABC\"; content:\"abc\"; distance:-9; within:3;",
        "content:\"a\"; content:\"A\"; distance:2;",
        "content:\"a\"; content:\"b\"; distance:0; within:1; content:\"cA\"; within:2;",
        "content:\"abc\"; content:!\"x\"; within:3; content:\"ABC\"; distance:3;",
        "content:\"ABC\",offset 6,depth 3;",
        "content:\"abc\",nocase,startswith;",
    ] {
        assert!(holds(chain, stub), "{chain}");
    }
    for chain in [
        "content:\"ABC\"; depth:8;",
        "content:\"abc\"; offset:4;",
        "content:\"bca\"; startswith;",
        "content:\"abc\"; endswith;",
        "content:!\"ABC\";",
        "content:\"ABC\"; content:\"abc\"; distance:0;",
        "content:\"abcab\"; content:\"ABC\"; within:3;",
        "content:\"abcABCA\";",
        "content:!\"abc\"; startswith;",
    ] {
        assert!(!holds(chain, stub), "{chain}");
    }
}

#[test]
fn an_earlier_content_is_looked_for_again_when_a_later_one_fails() {
    assert!(holds("content:\"ab\"; content:\"cd\"; distance:0; within:2;", b"ab..abcd"));
    assert!(holds("content:\"a\"; content:\"b\"; within:2; content:\"c\"; within:1;", b"a.b.a.bc"));
    assert!(holds("pcre:\"/a./\"; content:\"c\"; within:1;", b"ab.abc"));
    assert!(!holds("content:\"ab\"; content:\"cd\"; distance:0; within:2;", b"ab..ab.cd"));
}

#[test]
fn numbers_are_tested_in_either_byte_order_and_as_digits() {
    let stub = b"\x01\x02\x03\x04 0x1F 17";
    for chain in [
        "byte_test:2,=,0x0102,0;",
        "byte_test:2,=,0x0201,0,little;",
        "byte_test:4,>,16909059,0,big;",
        "byte_test:1,<=,2,1;",
        "byte_test:1,!&,4,0;",
        "byte_test:1,&,2,1;",
        "byte_test:1,^,4,2;",
        "byte_test:1,!,2,0;",
        "byte_test:4,=,0x1f,5,string,hex;",
        "byte_test:2,=,17,10,string,dec;",
        "content:\"|02|\"; byte_test:1,=,3,0,relative;",
        "content:\"|02|\"; byte_test:1,=,1,-2,relative;",
        "byte_test:2,=,0x10,0,bitmask 0x0ff0;",
        "byte_test:2,=,0x0201,0,dce;",
    ] {
        assert!(holds(chain, stub), "{chain}");
    }
    for chain in [
        "byte_test:1,=,1,90;",
        "byte_test:1,!=,1,90;",
        "byte_test:2,=,1,4,string,dec;",
        "byte_test:1,=,1,-1;",
    ] {
        assert!(!holds(chain, stub), "{chain}");
    }
    let big = call(SVCCTL, 1, b"\x00\x07", b"", Order::Big);
    assert_eq!(count("flow:to_server; dce_stub_data; byte_test:2,=,7,0,dce;", &big), 1);
    assert_eq!(count("flow:to_server; dce_stub_data; byte_test:2,=,7,0,little;", &big), 0);
}

#[test]
fn jumps_and_variables_move_later_steps() {
    // Length 3, "abc", then a number that is another length.
    let stub = b"\x03\x00abc\x02\x00xy!";
    for chain in [
        "byte_jump:2,0,little; content:\"|02|\"; within:1;",
        "byte_jump:2,0,little,post_offset 2; content:\"xy\"; within:2;",
        "byte_jump:1,0,from_beginning; content:\"bc\"; within:2;",
        "byte_jump:1,0,multiplier 2,post_offset -1; isdataat:1,relative;",
        "byte_jump:1,0,align; content:\"|02|\"; within:1;",
        "content:\"abc\"; byte_jump:2,0,relative,little; isdataat:1,relative; isdataat:!2,relative;",
        "byte_jump:1,5,from_end,multiplier 0,post_offset -1; content:\"!\"; within:1;",
        "byte_extract:2,0,length,little; content:\"abc\"; offset:2; depth:length;",
        "byte_extract:1,0,skip,multiplier 2; content:\"|00|\"; offset:skip;",
        "byte_extract:1,0,n; byte_test:1,<,n,5;",
        "byte_extract:1,0,n; isdataat:n;",
    ] {
        assert!(holds(chain, stub), "{chain}");
    }
    for chain in [
        "byte_jump:2,0; isdataat:0,relative;",
        "byte_jump:1,2; isdataat:0,relative;",
        "byte_extract:1,5,n,multiplier 100; content:\"abc\"; offset:n;",
    ] {
        assert!(!holds(chain, stub), "{chain}");
    }
}

#[test]
fn sizes_and_expressions_are_tested() {
    let stub = b"GET one\ntwo\xff";
    for chain in [
        "isdataat:11;",
        "isdataat:!12;",
        "bsize:12;",
        "bsize:>11;",
        "bsize:10<>13;",
        "pcre:\"/one.two/s\";",
        "pcre:\"/^two/m\";",
        "pcre:\"/TWO\\xff$/i\";",
        "pcre:!\"/three/\";",
        "pcre:\"/get/Ai\";",
        "content:\"GET\"; pcre:\"/^ one/R\";",
        "pcre:\"/a\\;|o n e/x\";",
    ] {
        assert!(holds(chain, stub), "{chain}");
    }
    for chain in ["isdataat:12;", "bsize:<12;", "pcre:\"/one.two/\";", "pcre:\"/one/A\";", "pcre:!\"/one/\";"]
    {
        assert!(!holds(chain, stub), "{chain}");
    }
    let event = call(SVCCTL, 1, b"four", b"", Order::Little);
    assert_eq!(count("flow:to_server; dsize:28;", &event), 1);
    assert_eq!(count("flow:to_server; dce_stub_data; content:\"four\"; dsize:<28;", &event), 0);
}

#[test]
fn without_a_buffer_the_pdu_is_read_with_its_header() {
    let event = call(SVCCTL, 1, b"stub", b"", Order::Little);
    assert_eq!(count("content:\"|05 00 00|\"; depth:3; content:\"stub\"; endswith;", &event), 1);
    assert_eq!(count("frame:dcerpc.hdr; content:\"|05 00 00|\"; startswith; bsize:16;", &event), 1);
    assert_eq!(count("frame:dcerpc.data; content:\"stub\"; offset:8; depth:4;", &event), 1);
    assert_eq!(count("frame:dcerpc.hdr; content:\"stub\";", &event), 0);
    assert_eq!(
        count("dce_stub_data; content:\"stub\"; bsize:4; pkt_data; content:\"|05 00 00|\"; depth:3;", &event),
        1
    );
}

#[test]
fn a_little_endian_number_of_a_pdu_is_read_as_the_pdu_says() {
    let options = "flow:to_client; content:\"|05 00 03|\"; depth:3; byte_test:4,=,5,24,little;";
    for order in [Order::Little, Order::Big] {
        let event = faulted(call(SVCCTL, 1, b"", b"", order), 5, order);
        assert_eq!(count(options, &event), 1);
        assert_eq!(count(&options.replace("little", "dce"), &event), 1);
        let event = faulted(call(SVCCTL, 1, b"", b"", order), 6, order);
        assert_eq!(count(options, &event), 0);
    }
}

#[test]
fn headers_say_who_sends_to_whom() {
    let event = call(SVCCTL, 1, b"", b"", Order::Little);
    let told = |header: &str, options: &str| {
        let rule = format!("alert {header} (dce_opnum:1; {options} sid:1;)");
        alerts(sound(&rule), std::slice::from_ref(&event)).len()
    };
    assert_eq!(told("tcp 10.0.0.5 any -> 10.0.0.9 135", ""), 1);
    assert_eq!(told("tcp 10.0.0.9 135 -> 10.0.0.5 any", ""), 1);
    assert_eq!(told("tcp 10.0.0.9 135 -> 10.0.0.5 any", "flow:to_client;"), 1);
    assert_eq!(told("tcp 10.0.0.9 any -> any any", "flow:to_server;"), 0);
    assert_eq!(told("tcp 10.0.0.9 any <> 10.0.0.5 any", ""), 2);
    assert_eq!(told("tcp $EXTERNAL_NET any -> $HOME_NET any", ""), 0);
    assert_eq!(told("tcp [$HOME_NET, !10.0.0.6] 1024: -> any [135,445]", ""), 1);
    assert_eq!(told("tcp any any -> any !135", ""), 1);
    assert_eq!(told("udp any any -> any any", ""), 0);
    assert_eq!(told("ip any any -> any any", ""), 2);
    assert_eq!(told("dcerpc any any -> any any", ""), 2);
    assert_eq!(told("smb any any -> any any", ""), 0);
    let mut over_smb = event.clone();
    over_smb.header.transport = Transport::NcacnNpSmb1;
    let set = || sound("alert smb any any -> any any (dce_opnum:1; sid:1;)");
    assert_eq!(alerts(set(), &[over_smb]).len(), 2);
}

#[test]
fn a_rule_for_the_service_is_for_all_its_ports() {
    let mut event = call(SVCCTL, 1, b"", b"", Order::Little);
    event.header.server.port = 49_700;
    let told = |service: &str| {
        let rule = format!("alert tcp any any -> any 135 (flow:to_server; dce_opnum:1; {service} sid:1;)");
        alerts(sound(&rule), std::slice::from_ref(&event)).len()
    };
    assert_eq!(told(""), 0);
    assert_eq!(told("metadata:service dcerpc;"), 1);
    assert_eq!(told("metadata:policy x, service dcerpc;"), 1);
    assert_eq!(told("service:dcerpc;"), 1);
    assert_eq!(told("metadata:service http;"), 0);
}

#[test]
fn pass_silences_the_rules_after_it_for_its_message() {
    let text = "alert tcp any any -> any any (dce_opnum:1; sid:1;)\n\
                pass tcp 10.0.0.5 any -> any any (flow:to_server; dce_opnum:1; sid:2;)";
    let event = call(SVCCTL, 1, b"", b"", Order::Little);
    assert_eq!(alerts(sound(text), std::slice::from_ref(&event)), [1]);
    let other = between(event, [10, 0, 0, 6], [10, 0, 0, 9]);
    assert_eq!(alerts(sound(text), &[other]), [1, 1]);
}

#[test]
fn alerts_say_what_their_rule_says() {
    let set = sound(
        "log tcp any any -> any any (msg:\"a\\; \\\"b\\\"\"; dce_opnum:1; flow:to_server; sid:7; gid:3; rev:4; \
         classtype:policy-violation; reference:url,example.org/x; reference:cve,2021-1675; target:dest_ip; \
         metadata:mitre_technique_id T1047, mitre_technique_id T1021, created_at 2020_01_01; \
         tag:host,60,seconds,dst; threshold:type both, track by_src, count 5, seconds 60; noalert;)\n\
         alert tcp any any -> any any (dce_opnum:2; sid:8; priority:1; tag:session,exclusive; flow:to_client; \
         detection_filter:track by_dst, count 2, seconds 3;)",
    );
    let [rule, other] = set.rules() else { panic!("two rules") };
    let signature = &rule.signature;
    assert_eq!((signature.sid, signature.gid, signature.rev, signature.severity), (7, 3, 4, 4));
    assert_eq!(signature.title, "a; \"b\"");
    assert_eq!(signature.category, "Potential Corporate Privacy Violation");
    let techniques = ("mitre_technique_id".to_owned(), vec!["T1047".to_owned(), "T1021".to_owned()]);
    assert!(signature.metadata.contains(&techniques));
    let text = rule.text.as_ref().expect("it is rule text");
    assert_eq!((text.action, text.sender, text.no_alert), (Action::Log, Side::Client, true));
    assert_eq!(text.references, ["https://example.org/x", "cve:2021-1675"]);
    let tag = text.tag.expect("it has one");
    assert_eq!((tag.host, tag.amount), (Some(Side::Server), Some((60, Unit::Seconds))));
    let threshold = rule.threshold.as_ref().expect("it has one");
    assert_eq!((threshold.kind, threshold.track), (ThresholdKind::Both, Track::Source));
    assert_eq!((threshold.count, threshold.seconds), (5, 60));
    assert_eq!((other.signature.severity, other.signature.title.as_str()), (1, "sid 8"));
    assert_eq!(other.meta.level, Some(Level::High));
    assert_eq!(other.threshold.as_ref().map(|threshold| threshold.kind), Some(ThresholdKind::Filter));
    assert!(!set.alerts(0) && set.alerts(1));
}

#[test]
fn what_a_rule_requires_decides_whether_it_is_read() {
    let rules = |requires: &str| {
        load(&format!(
            "alert tcp any any -> any any (requires:{requires}; dce_opnum:1; flow:to_server; sid:1;)"
        ))
        .0
        .rules()
        .len()
    };
    assert_eq!(rules("version >= 9.0.0"), 1);
    assert_eq!(rules("version >= 7.0.3 < 8"), 0);
    assert_eq!(rules("keyword dcerpc.iface"), 1);
    assert_eq!(rules("feature lua"), 0);
    assert_eq!(rules("version < 8 | >= 9"), 1);
}

#[test]
fn what_lies_across_fragments_or_in_a_later_one_is_found() {
    let mut event = call(SVCCTL, 1, b"first-second", b"", Order::Little);
    let EventBody::Call(call) = &mut event.body else { unreachable!("it is a call") };
    call.request.as_mut().expect("it has one").fragments = 2;
    let request = call.wire.as_mut().and_then(|wire| wire.request.as_mut()).expect("it has bytes");
    request.pdu.truncate(24 + 8);
    assert_eq!(count("content:\"|05 00 00|\"; depth:3; content:\"first-second\"; offset:24;", &event), 1);
    assert_eq!(count("dsize:32; content:\"first\";", &event), 1);
}

#[test]
fn tree_connects_are_to_shares_or_to_pipes() {
    let count = |options: &str, event: &Event| {
        let rule = format!("alert smb any any -> any 445 ({options} sid:1;)");
        alerts(sound(&rule), std::slice::from_ref(event)).len()
    };
    let disk = tree(r"\\dc1\C$", Some(ShareType::Disk));
    let pipes = tree(r"\\dc1\IPC$", Some(ShareType::Pipe));
    let unanswered = tree(r"\\dc1\ipc$", None);
    for (event, share, pipe) in [(&disk, 1, 0), (&pipes, 0, 1), (&unanswered, 0, 1)] {
        assert_eq!(count("smb.share; content:\"dc1\";", event), share);
        assert_eq!(count("flow:to_server; smb_named_pipe; content:\"$\"; endswith;", event), pipe);
    }
    assert_eq!(count("smb.share; pcre:\"/c.$/i\"; content:\"C$\"; endswith;", &disk), 1);
    assert_eq!(count("smb.share; content:\"ADMIN\";", &disk), 0);
    let elsewhere = between(disk, [10, 0, 0, 5], [10, 0, 0, 9]);
    let text = "alert smb any any -> any any (smb.share; content:\"C$\"; flowbits:set,connected; noalert; sid:1;)\n\
                alert smb any any -> any any (flow:to_client; dce_opnum:12; flowbits:isset,connected; sid:2;)";
    let mut created = call(SVCCTL, 12, b"", b"", Order::Little);
    created.header.transport = Transport::NcacnNpSmb2;
    assert_eq!(alerts(sound(text), &[elsewhere, created]), [2]);
}
