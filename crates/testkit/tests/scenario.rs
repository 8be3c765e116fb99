//! What scenarios say, and what is said of wrong ones.

use rpcscope_model::Timestamp;
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::scenario::{forge, frames, list};
use rpcscope_testkit::stub;

fn mistakes(scenario: &str) -> String {
    forge(scenario).expect_err(scenario).in_file("s.yml").to_string()
}

fn made(scenario: &str) -> Vec<OwnedFrame> {
    frames(scenario).unwrap_or_else(|errors| panic!("{scenario}\n{errors}"))
}

/// Frames that hold these bytes.
fn holding(frames: &[OwnedFrame], bytes: &[u8]) -> usize {
    frames.iter().filter(|frame| frame.bytes.windows(bytes.len()).any(|window| window == bytes)).count()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn one_scenario_gives_one_capture() {
    let scenario = |seed: u64| {
        format!(
            "- seed: {seed}\n- network: {{cut: 50, reorder: 5, duplicate: 10%, lose: 2%}}\n\
             - bind: {{interface: svcctl, transport: ncacn_np, auth: ntlm, smb: {{channels: 2}}}}\n\
             - call: {{op: RCreateServiceW}}\n- call: {{op: 200, stub: {{random: 3000}}}}\n"
        )
    };
    assert!(forge(&scenario(7)) == forge(&scenario(7)));
    assert!(forge(&scenario(7)) != forge(&scenario(8)));
}

#[test]
fn a_file_is_written_to_the_share_that_is_named() {
    let capture = made("- file: {name: tools.exe, share: C$, bytes: 'hex:4d5a9000aa'}");
    assert_eq!(holding(&capture, &utf16(r"\\SERVER\C$")), 1);
    assert_eq!(holding(&capture, &utf16("tools.exe")), 1);
    assert_eq!(holding(&capture, &[0x4d, 0x5a, 0x90, 0, 0xaa]), 1);
    let usual = made("- file: {name: a.exe}\n- bind: {interface: svcctl}");
    assert_eq!(holding(&usual, &utf16("ADMIN$")), 1);
    assert!(mistakes("- file: {name: a.exe, share: IPC$}").contains("has pipes, no files"));
    assert!(mistakes("- file: {name: a.exe, smb: {dialect: '1'}}").contains("over SMB 2 and 3 only"));
    assert!(mistakes("- file: {share: C$}").contains("name"));
}

#[test]
fn a_mistake_is_told_with_its_place_and_a_hint() {
    for (scenario, told) in [
        ("- bnid: {interface: svcctl}", "s.yml:1:3: unknown item `bnid`\n  hint: did you mean `bind`?"),
        (
            "- bind: {interface: svcctrl}",
            "s.yml:1:21: unknown interface `svcctrl`\n  hint: did you mean `svcctl`?",
        ),
        (
            "- bind: {interface: svcctl, trnasport: ncacn_np}",
            "s.yml:1:29: unknown key `trnasport` in `bind`\n  hint: did you mean `transport`?",
        ),
        (
            "- bind: {interface: svcctl, transport: ncacn_nb}",
            "s.yml:1:40: unknown transport `ncacn_nb`\n  hint: did you mean `ncacn_np`?",
        ),
        (
            "- bind: {interface: svcctl}\n- call: {op: RCreateServicW}",
            "s.yml:2:14: svcctl has no operation `RCreateServicW`\n  hint: did you mean `RCreateServiceW`, \
             `RCreateServiceA`?",
        ),
        (
            "- bind: {interface: svcctl}\n- call:\n    op: RCreateServiceW\n    args: {binpath: x}",
            "s.yml:4:12: unknown key `binpath` in `args`",
        ),
        (
            "- bind: {interface: svcctl}\n- call: {op: ROpenSCManagerW, args: {desired_access: all}}",
            "s.yml:2:54: `desired_access` wants a number, this is `all`",
        ),
        (
            "- call: {op: 3}",
            "s.yml:1:9: no bind before this item\n  hint: begin with `- bind: {interface: svcctl}`",
        ),
        ("- bind: {interface: svcctl\n", "s.yml:1:9: not YAML: unclosed bracket '{'"),
        (
            "bind: {interface: svcctl}",
            "s.yml:1:1: a scenario is a list of items, this is a map\n  hint: begin each item with `- `",
        ),
        ("", "s.yml:1:1: a scenario is a list of items, this is nothing\n  hint: begin each item with `- `"),
        ("- bind: {interface: svcctl, port: 70000}", "s.yml:1:35: `70000` does not fit 16 bits"),
        (
            "- bind: {interface: svcctl}\n- reply: {fault: access_denied}",
            "s.yml:2:10: no call waits for this reply\n  hint: a reply follows its call; `reply: {to: name, …}` \
             answers `call: {as: name, …}` later",
        ),
        (
            "- host: {client: 10.0.0.5, server: fd00::9}\n- bind: {interface: svcctl}",
            "s.yml:1:9: client and server have to be of one address family\n  hint: name both: `host: {client: \
             fd00::5, server: fd00::9}`",
        ),
        (
            "- bind: {interface: efsrpc}",
            "s.yml:1:21: `efsrpc` is the name of 2 interfaces\n  hint: write the UUID: \
             `c681d488-d850-11d0-8c52-00c04fd90f7e`, `df1941c5-fe89-4e79-bf10-463657acf44d`",
        ),
    ] {
        let said = mistakes(scenario);
        assert!(said.starts_with(told), "{scenario}\n{said}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_none_that_follow_from_others() {
    let said = mistakes(
        "- host: {clinet: 10.0.0.5}\n- bind: {interface: nothing-like-it}\n- call: {op: 3}\n- network: {vlan: 5000}\n",
    );
    let places: Vec<&str> = said.lines().filter(|line| line.starts_with("s.yml")).collect();
    assert_eq!(places.len(), 3, "{said}");
    assert!(places[1].starts_with("s.yml:2:21") && places[2].starts_with("s.yml:4:19"), "{said}");
}

#[test]
fn a_wrong_call_is_told_and_its_reply_is_not() {
    let said = mistakes(
        "- bind: {interface: svcctl}\n- call: {op: Nothing}\n- reply: {fault: 5}\n- reply: {fault: 5}\n",
    );
    assert_eq!(said.lines().filter(|line| line.starts_with("s.yml")).count(), 1, "{said}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (scenario, cause) in [
        ("- bind: {interface: svcctl, transport: ncadg_ip_udp, auth: ntlm}", "has no bind"),
        ("- network: {cut: 3}\n- bind: {interface: svcctl, transport: ncadg_ip_udp}", "`cut` is about TCP"),
        ("- bind: {interface: svcctl, transport: ncacn_np, smb: {protection: compressed}}", "3.1.1"),
        ("- bind: {interface: svcctl, transport: ncacn_np, smb: {dialect: 1, channels: 2}}", "SMB1"),
        ("- bind: {interface: svcctl, smb: {dialect: 1}}", "`smb` goes with `transport: ncacn_np`"),
        ("- bind: {interface: svcctl, contexts: [{interface: svcctl}]}", "choose one"),
        ("- bind: svcctl\n- call: {op: 3, stub: random}", "`random` is no stub"),
        ("- network: {link: raw, vlan: 3}\n- bind: {interface: svcctl}", "tags of Ethernet"),
        ("- bind: {interface: svcctl}\n- call: {op: 0, args: {}, stub: {random: 3}}", "choose one"),
        ("- bind: {interface: svcctl}\n- call: {op: 5, args: {a: b}}", "cannot be encoded"),
        ("- bind: {interface: svcctl}\n- call: {op: 0}\n- reply: {fault: 5, args: {}}", "wants one of"),
        ("- bind: {interface: svcctl}\n- call: {op: 0}\n  reply: none", "in an item that is a `call`"),
        ("- bind: {interface: svcctl}\n- {at: 2s, call: {op: 0}}\n- {at: 1s, call: {op: 0}}", "is before"),
        ("- bind: {interface: svcctl, auth: {ntlm: {}, kerberos: {}}}", "several"),
        ("- repeat: {times: 90000, items: [{seed: 1}, {seed: 2}]}", "more than 100000 items"),
    ] {
        let said = mistakes(scenario);
        assert!(said.contains(cause), "{scenario}\n{said}");
    }
}

#[test]
fn moments_are_kept_and_order_is_that_of_the_scenario() {
    let frames = made(
        "- time: {start: '2026-05-06T07:08:09Z'}\n- bind: {interface: svcctl}\n\
         - {after: 5s, call: {op: ROpenSCManagerW}}\n- {at: 1h, reply: {status: 5}}\n"
            .replace("{status: 5}", "{args: {status: 5}}")
            .as_str(),
    );
    let start = Timestamp::from_parts(1_778_051_289, 0);
    assert_eq!(frames[0].time, start);
    let late: Vec<u64> = frames.iter().map(|frame| frame.time.since_ns(start) / 1_000_000_000).collect();
    // Handshake and bind; the request and its acknowledgement; the response and what closes the connection.
    assert_eq!(late, [0, 0, 0, 0, 0, 0, 0, 5, 5, 3600, 3600, 3600, 3600, 3600]);
    assert!(frames.windows(2).all(|pair| pair[0].time < pair[1].time));
}

#[test]
fn clear_calls_show_their_arguments_and_sealed_ones_do_not() {
    let scenario = |auth: &str| {
        made(&format!(
            "- bind: {{interface: svcctl, auth: {auth}}}\n- call: {{op: RCreateServiceW, args: {{name: evil}}}}\n"
        ))
    };
    let (clear, signed) = (scenario("none"), scenario("{ntlm: {user: CORP\\eve}, level: pkt_integrity}"));
    let sealed = scenario("{ntlm: {user: CORP\\eve}, level: pkt_privacy}");
    let shown = [&clear, &signed, &sealed].map(|frames| holding(frames, &utf16("evil")));
    assert_eq!(shown, [1, 1, 0]);
    let named = [&clear, &signed, &sealed].map(|frames| holding(frames, &utf16("eve")));
    assert_eq!(named, [0, 1, 1], "the user's name stands in the third leg");
}

#[test]
fn a_command_line_stands_in_the_object_that_carries_it() {
    let frames = made(
        "- bind: {interface: IWbemServices}\n\
         - call: {op: ExecMethod, args: {command_line: 'cmd.exe /Q /c whoami'}}\n",
    );
    assert_eq!(holding(&frames, b"\0cmd.exe /Q /c whoami\0"), 1);
    assert_eq!(holding(&frames, b"\0__PARAMETERS\0\0CommandLine\0"), 1);
}

#[test]
fn one_direction_and_chosen_frames_can_be_missing() {
    let scenario = |network: &str| {
        made(&format!(
            "- network: {{{network}}}\n- bind: {{interface: svcctl}}\n- call: {{op: ROpenSCManagerW}}\n"
        ))
    };
    let (whole, half, less) =
        (scenario("vlan: 1"), scenario("vlan: 1, only: client"), scenario("vlan: 1, lose_frames: [1, 4]"));
    assert_eq!((whole.len() - less.len(), &less[0].bytes), (2, &whole[1].bytes));
    assert!(half.len() < whole.len() && holding(&half, &[5, 0, 12, 3]) == 0);
    assert_eq!((holding(&whole, &[5, 0, 12, 3]), holding(&half, &[5, 0, 11, 3])), (1, 1));
}

#[test]
fn an_interface_and_an_operation_can_stand_alone() {
    assert_eq!(
        made("- bind: svcctl\n- call: ROpenSCManagerW\n"),
        made("- bind: {interface: svcctl}\n- call: {op: ROpenSCManagerW}\n")
    );
}

#[test]
fn repeated_items_are_made_again() {
    let frames = made(
        "- bind: {interface: svcctl}\n- repeat: {times: 20, items: [{after: 1s, call: {op: ROpenSCManagerW}}]}\n",
    );
    assert_eq!(holding(&frames, &[5, 0, 0, 3]), 20);
    let last = frames.last().expect("frames").time;
    assert_eq!(last.since_ns(frames[0].time) / 1_000_000_000, 20);
}

#[test]
fn hostile_scenarios_are_refused_or_made_but_never_panic() {
    let long = "x".repeat(70_000);
    for scenario in [
        format!("- bind: {{interface: svcctl, transport: ncacn_np, pipe: {long}}}"),
        format!("- bind: {{interface: svcctl, auth: {{ntlm: {{user: {long}}}}}}}"),
        format!("- bind: {{interface: svcctl}}\n- call: {{op: RCreateServiceW, args: {{name: {long}}}}}"),
        format!("- bind: {{interface: svcctl, auth: {{opaque: {{type: 9, token: {long}}}}}}}"),
        "- bind: {interface: svcctl}\n- call: {op: 3, stub: {random: 99999999999}}".to_owned(),
        "- {at: 99999d, bind: {interface: svcctl}}".to_owned(),
        "- time: {start: '9999-01-01T00:00:00Z'}".to_owned(),
        "- &a [*a]".to_owned(),
        "- repeat: {times: 2}".to_owned(),
        format!("- bind: {{contexts: [{}]}}", "{interface: svcctl},".repeat(300)),
    ] {
        let _ = mistakes(&scenario);
    }
    for scenario in [
        "- bind: {interface: svcctl, transport: ncacn_np, smb: {dialect: 1, max_bytes: 60000}}\n\
         - call: {op: 3, stub: {random: 200000}}",
        "- network: {tunnel: [vxlan, vxlan, geneve, gre], segment: 9000}\n\
         - bind: {interface: svcctl, fragment: 60000, auth: kerberos}\n- call: {op: 3, stub: {random: 200000}}",
        "- bind: {interface: svcctl, transport: ncadg_ip_udp, fragment: 60000}\n- call: {op: 3, stub: {random: 200000}}",
        "- {at: 18000d, bind: {interface: svcctl}}",
        "- time: {start: '2105-01-01T00:00:00Z'}\n- {at: 18000d, bind: {interface: svcctl}}",
        "- bind: {interface: svcctl, call_id: 4294967295}\n- call: {op: 65535}\n- call: {op: 65535}",
    ] {
        assert!(!made(scenario).is_empty());
    }
}

#[test]
fn the_list_shows_every_operation() {
    let list = list();
    assert!(stub::operations().all(|operation| list.contains(&format!("  {}", operation.name))));
    assert!(list.lines().all(|line| line.chars().count() <= 100), "{list}");
}

/// The scenarios in docs/WRITING-TESTS.md.
fn guide() -> Vec<String> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/WRITING-TESTS.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let blocks = guide.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or(block).to_owned()).collect()
}

#[test]
fn the_scenarios_of_the_guide_can_be_forged() {
    let guide = guide();
    assert!(guide.len() >= 5);
    guide.iter().for_each(|scenario| drop(made(scenario)));
}

#[test]
fn half_typed_scenarios_never_panic() {
    for scenario in guide() {
        let typed = scenario.char_indices().map(|(at, _)| &scenario[..at]);
        let mistakes = typed.filter(|typed| forge(typed).is_err()).count();
        assert!(mistakes > 0);
        // One line is missing, or one word is another.
        for (number, line) in scenario.lines().enumerate() {
            let without: Vec<&str> =
                scenario.lines().enumerate().filter(|(at, _)| *at != number).map(|(_, line)| line).collect();
            drop(forge(&without.join("\n")));
            for word in line.split([' ', ',', '{', '}', ':']).filter(|word| !word.is_empty()) {
                drop(forge(&scenario.replace(word, "7")));
                drop(forge(&scenario.replace(word, "[]")));
            }
        }
    }
}
