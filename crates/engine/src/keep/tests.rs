//! Which frames are carved, by number.

use crate::{Checksums, Shard};
use rpcscope_flow::Decoder;
use rpcscope_model::{CarveEnd, CarveId, Carved, CarvedPiece, Limits, Timestamp};
use rpcscope_rules::{Loader, Placeholders};
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::scenario;
use std::sync::Arc;

/// What was carved of one session.
#[derive(Debug, Default)]
struct Session {
    frames: Vec<u64>,
    /// Titles of alerts, with the frame that they stand with.
    alerts: Vec<(Option<u64>, String)>,
    end: Option<CarveEnd>,
}

struct Carving {
    limits: Limits,
    session_bytes: u64,
    rules: Vec<(&'static str, String)>,
}

impl Carving {
    fn new() -> Self {
        Self { limits: Limits::WHOLE, session_bytes: u64::MAX, rules: Vec::new() }
    }

    /// Adds a Sigma rule about calls, or what `service` is.
    fn rule(mut self, service: &str, condition: &str, own: &str) -> Self {
        let at = self.rules.len();
        self.rules.push((
            "rule.yml",
            format!(
                "title: T{at}\nlogsource: {{product: rpcscope, service: {service}}}\ndetection: {{s: {{{condition}}}, condition: s}}\nrpcscope: {{{own}}}\n"
            ),
        ));
        self
    }

    /// Adds a rule of rule text.
    fn text(mut self, options: &str) -> Self {
        self.rules
            .push(("rule.rules", format!("alert tcp any any -> any any ({options} sid:1; msg:\"text\";)")));
        self
    }

    fn run(&self, scenario: &str) -> (Vec<OwnedFrame>, Vec<(CarveId, Session)>) {
        let frames =
            scenario::frames(scenario).unwrap_or_else(|errors| panic!("{}", errors.in_file("scenario")));
        let sessions = self.of(&frames);
        (frames, sessions)
    }

    fn of(&self, frames: &[OwnedFrame]) -> Vec<(CarveId, Session)> {
        let mut loader = Loader::new(Placeholders::new());
        for (file, text) in &self.rules {
            loader.add(file, text);
        }
        let (rules, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut shard = Shard::new(Limits::WHOLE, Checksums::Accepted)
            .with_rules(Arc::new(rules))
            .with_carving(&self.limits, self.session_bytes);
        let mut sessions = Vec::new();
        let mut fragments = Vec::new();
        for (number, frame) in (1..).zip(frames) {
            let frame = frame.as_frame(number);
            let Some(packet) = decoder.decode_keeping(&frame, &mut fragments) else { continue };
            shard.packet(&packet);
            shard.keep(&packet, &frame, &mut fragments);
            shard.tell(&mut |_, _| {});
            shard.carved().for_each(|piece| note(&mut sessions, piece));
        }
        shard.finish();
        shard.tell(&mut |_, _| {});
        shard.carved().for_each(|piece| note(&mut sessions, piece));
        sessions
    }
}

fn note(sessions: &mut Vec<(CarveId, Session)>, carved: Carved) {
    let known = sessions.iter().position(|(id, _)| *id == carved.id);
    let at = known.unwrap_or_else(|| {
        sessions.push((carved.id, Session::default()));
        sessions.len() - 1
    });
    let session = &mut sessions[at].1;
    assert!(session.end.is_none(), "nothing comes after the end");
    match carved.piece {
        CarvedPiece::Frame(frame, alerts) => {
            session.frames.push(frame.number.0);
            let alerts = alerts.into_iter().map(|alert| (Some(frame.number.0), alert.rule.title.clone()));
            session.alerts.extend(alerts);
        }
        CarvedPiece::Alert(alert) => session.alerts.push((None, alert.rule.title.clone())),
        CarvedPiece::End(end) => session.end = Some(end),
    }
}

/// Numbers of the frames that one of these ports sends or receives.
fn of_ports(frames: &[OwnedFrame], ports: &[u16]) -> Vec<u64> {
    let ours = |frame: &OwnedFrame| {
        let tcp = &frame.bytes[34..38];
        let ends = [u16::from_be_bytes([tcp[0], tcp[1]]), u16::from_be_bytes([tcp[2], tcp[3]])];
        ends.iter().any(|end| ports.contains(end))
    };
    (1..).zip(frames).filter(|(_, frame)| ours(frame)).map(|(number, _)| number).collect()
}

const TWO_CLIENTS: &str = "
- bind: {interface: svcctl, client_port: 50001, as: one}
- bind: {interface: svcctl, client_port: 50002, as: two}
- call: {op: ROpenSCManagerW, on: one}
- reply: success
- call: {op: ROpenSCManagerW, on: two}
- reply: success
- call: {op: RCreateServiceW, on: one}
- reply: success
- call: {op: ROpenServiceW, on: one}
- reply: success
";

#[test]
fn a_session_is_carved_from_its_handshake_to_its_end() {
    let carving = Carving::new().rule("call", "procedure: RCreateServiceW", "sid: 7, capture: session");
    let (frames, sessions) = carving.run(TWO_CLIENTS);
    let [(id, session)] = sessions.try_into().expect("one session");
    assert_eq!(session.frames, of_ports(&frames, &[50_001]));
    assert_eq!((id.sid, id.flow_id), (7, session.frames[0]));
    let [(Some(frame), title)] = &session.alerts[..] else { panic!("one alert") };
    assert_eq!(title, "T0");
    // The request of RCreateServiceW is the longest that the client sends.
    let longest = session
        .frames
        .iter()
        .max_by_key(|number| frames[usize::try_from(**number).expect("small") - 1].bytes.len());
    assert_eq!(Some(frame), longest);
}

#[test]
fn nothing_is_carved_when_no_rule_wants_it() {
    let (_, sessions) = Carving::new().rule("call", "procedure: RCreateServiceW", "sid: 7").run(TWO_CLIENTS);
    assert!(sessions.is_empty());
    let (_, sessions) =
        Carving::new().rule("call", "procedure: RDeleteService", "capture: session").run(TWO_CLIENTS);
    assert!(sessions.is_empty());
}

#[test]
fn several_alerts_on_one_session_are_one_file_without_a_frame_twice() {
    let carving = Carving::new()
        .rule("call", "procedure: ROpenSCManagerW", "capture: session")
        .rule("call", "procedure: RCreateServiceW", "capture: session")
        .rule("call", "procedure: RCreateServiceW, outcome: replied", "capture: session");
    let (frames, sessions) = carving.run(TWO_CLIENTS);
    assert_eq!(sessions.len(), 2);
    for ((_, session), port) in sessions.iter().zip([50_001, 50_002]) {
        assert_eq!(session.frames, of_ports(&frames, &[port]));
    }
    let titles: Vec<&str> = sessions[0].1.alerts.iter().map(|(_, title)| title.as_str()).collect();
    assert_eq!(titles, ["T0", "T1", "T2"]);
    assert!(sessions[0].1.alerts.iter().all(|(frame, _)| frame.is_some()));
}

#[test]
fn an_amount_of_packets_is_carved_after_each_alert() {
    let scenario = |between: usize| {
        format!(
            "
- network: {{acknowledge: false}}
- bind: {{interface: svcctl, client_port: 50001}}
- call: {{op: ROpenSCManagerW}}
- reply: success
- repeat: {{times: {between}, items: [{{call: {{op: RQueryServiceStatus}}}}, {{reply: success}}]}}
- call: {{op: ROpenSCManagerW}}
- reply: success
- repeat: {{times: 9, items: [{{call: {{op: RQueryServiceStatus}}}}, {{reply: success}}]}}
"
        )
    };
    let svcctl = "flow:to_server,established; dce_iface:367abb81-9844-35f1-ad32-98f038001003; dce_opnum:15;";
    let carving = Carving::new().text(&format!("{svcctl} tag:session,5,packets;"));
    // The handshake, bind and bind_ack go before the first request.
    let first = 3 + 2 + 1;
    let (_, sessions) = carving.run(&scenario(1));
    assert_eq!(
        sessions[0].1.frames,
        (1..=first + 4 + 5).collect::<Vec<u64>>(),
        "from the second alert on anew"
    );
    let (_, sessions) = carving.run(&scenario(9));
    let [(_, session)] = &sessions[..] else { panic!("one session") };
    let second = first + 2 * 10;
    assert_eq!(session.frames, (1..=second + 5).collect::<Vec<u64>>(), "what was between is remembered");
    assert_eq!(
        session.alerts.iter().map(|(frame, _)| *frame).collect::<Vec<_>>(),
        [Some(first), Some(second)]
    );
    let carving = Carving::new().text(&format!("{svcctl} tag:session;"));
    let (frames, sessions) = carving.run(&scenario(9));
    assert_eq!(sessions[0].1.frames.len(), frames.len());
}

const WMI: &str = "
- bind: {interface: IRemoteSCMActivator, client_port: 50001, auth: {ntlm: {user: CORP\\alice}, level: connect}, as: activator}
- call: {op: RemoteCreateInstance, args: {clsid: WbemLevel1Login, iids: IWbemLevel1Login}}
- reply: {args: {bindings: ['10.0.0.9[49670]']}}
- bind: {interface: samr, client_port: 50003, as: other}
- call: {op: SamrConnect5, on: other}
- reply: success
- close: {on: activator}
- bind: {interface: IWbemLevel1Login, client_port: 50002, auth: {ntlm: {user: CORP\\alice}, level: connect}}
- call: {op: NTLMLogin, args: {namespace: '//./root/cimv2'}}
- alter_context: {contexts: [{id: 1, interface: IWbemServices}]}
- call: {op: ExecMethod, args: {command_line: 'cmd.exe /Q /c whoami'}}
";

#[test]
fn connections_that_the_activation_opened_join() {
    let carving = Carving::new().rule("activation", "clsid: WbemLevel1Login", "capture: session");
    let (frames, sessions) = carving.run(WMI);
    let [(_, session)] = &sessions[..] else { panic!("one session, not {sessions:?}") };
    let mut carved = session.frames.clone();
    carved.sort_unstable();
    assert_eq!(carved, of_ports(&frames, &[50_001, 50_002]));
}

#[test]
fn the_connection_that_tells_what_was_activated_joins_at_once() {
    let carving = Carving::new().rule("activation", "clsid_guess: WbemLevel1Login", "capture: session");
    let sealed = WMI
        .replace("level: connect", "level: pkt_privacy")
        .replace("as: activator}", "as: activator, end: open}")
        .replace("- close: {on: activator}\n", "");
    let (frames, sessions) = carving.run(&sealed);
    let [(_, session)] = &sessions[..] else { panic!("one session, not {sessions:?}") };
    assert_eq!(session.frames, of_ports(&frames, &[50_001, 50_002]), "in the order of the capture");
}

#[test]
fn the_activation_joins_when_the_alert_is_on_what_it_opened() {
    let carving = Carving::new().rule("call", "procedure: ExecMethod", "capture: session");
    let (frames, sessions) = carving.run(WMI);
    let [(_, session)] = &sessions[..] else { panic!("one session, not {sessions:?}") };
    assert_eq!(session.frames, of_ports(&frames, &[50_001, 50_002]), "in the order of the capture");
}

#[test]
fn both_connections_of_rpc_over_http_are_one_session() {
    let scenario = "
- bind: {interface: samr, transport: ncacn_http, client_port: 50001}
- call: {op: SamrConnect5}
- reply: success
- bind: {interface: samr, transport: ncacn_http, client_port: 50011}
- call: {op: SamrConnect}
- reply: success
";
    let carving = Carving::new().rule("call", "procedure: SamrConnect5", "capture: session");
    let (frames, sessions) = carving.run(scenario);
    let [(_, session)] = &sessions[..] else { panic!("one session, not {sessions:?}") };
    let mut carved = session.frames.clone();
    carved.sort_unstable();
    assert_eq!(carved, of_ports(&frames, &[50_001, 50_002]));
}

#[test]
fn activities_over_udp_are_carved_with_all_their_fragments() {
    let scenario = "
- network: {ip_fragment: 64}
- bind: {interface: samr, transport: ncadg_ip_udp, client_port: 50001}
- call: {op: SamrConnect5, stub: {random: 400}}
- reply: {stub: {random: 300}}
- call: {op: SamrConnect4, stub: {random: 400}}
- reply: {stub: {random: 300}}
";
    let carving = Carving::new().rule("call", "procedure: SamrConnect4", "capture: session");
    let (frames, sessions) = carving.run(scenario);
    assert!(frames.len() > 20);
    assert_eq!(sessions[0].1.frames, (1..=frames.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_session_that_has_had_its_bytes_is_ended() {
    let mut carving = Carving::new().rule("call", "procedure: ROpenSCManagerW", "capture: session");
    carving.session_bytes = 2000;
    let (frames, sessions) = carving.run(TWO_CLIENTS);
    let [(_, one), (_, two)] = &sessions[..] else { panic!("two sessions") };
    assert_eq!((one.end, two.end), (Some(CarveEnd::Full), None));
    let all = of_ports(&frames, &[50_001]);
    assert!(one.frames.len() > 8 && one.frames.len() < all.len());
    assert_eq!(one.frames[..], all[..one.frames.len()]);
}

#[test]
fn the_session_that_was_silent_for_longest_gives_way() {
    let mut carving = Carving::new().rule("call", "procedure: ROpenSCManagerW", "capture: session");
    carving.limits.carves = 1;
    let (_, sessions) = carving.run(TWO_CLIENTS);
    let ends: Vec<Option<CarveEnd>> = sessions.iter().map(|(_, session)| session.end).collect();
    assert_eq!(ends, [Some(CarveEnd::Evicted), None]);
}

#[test]
fn a_session_is_over_some_time_after_its_connections_are() {
    let scenario = "
- bind: {interface: svcctl, client_port: 50001, as: one}
- call: {op: ROpenSCManagerW, on: one}
- reply: success
- close: {on: one}
- bind: {interface: samr, client_port: 50002}
- repeat: {times: 20, items: [{call: {op: SamrConnect5}, after: 10s}, {reply: success}]}
";
    let carving = Carving::new().rule("call", "procedure: ROpenSCManagerW", "capture: session");
    let (frames, sessions) = carving.run(scenario);
    assert_eq!(sessions[0].1.frames, of_ports(&frames, &[50_001]));
    assert_eq!(sessions[0].1.end, Some(CarveEnd::Over));
}

#[test]
fn rings_are_bounded_and_keep_the_beginning() {
    let scenario = "
- network: {acknowledge: false}
- bind: {interface: svcctl, client_port: 50001}
- repeat: {times: 200, items: [{call: {op: RQueryServiceStatus}}, {reply: success}]}
- call: {op: ROpenSCManagerW}
- reply: success
";
    let mut carving = Carving::new().rule("call", "procedure: ROpenSCManagerW", "capture: session");
    carving.limits.carve_frames_per_flow = 40;
    let (frames, sessions) = carving.run(scenario);
    // The handshake, bind and bind_ack, and the calls go before.
    let request = 3 + 2 + 400 + 1;
    let expected: Vec<u64> = (1..=10).chain(request - 29..=frames.len() as u64).collect();
    assert_eq!(sessions[0].1.frames, expected);
    carving.limits.carve_bytes = 4 << 10;
    let (_, sessions) = carving.run(scenario);
    assert!(sessions[0].1.frames.len() < 40);
}

#[test]
fn a_clock_that_jumps_back_changes_nothing() {
    let carving = Carving::new().rule("call", "procedure: ROpenSCManagerW", "capture: session");
    let (mut frames, sessions) = carving.run(TWO_CLIENTS);
    for (at, frame) in frames.iter_mut().enumerate() {
        let back = i64::try_from(at % 3).expect("small") * 100_000_000_000;
        frame.time = Timestamp(frame.time.0 - back);
    }
    let kept = |sessions: &[(CarveId, Session)]| -> Vec<Vec<u64>> {
        sessions.iter().map(|(_, session)| session.frames.clone()).collect()
    };
    assert_eq!(kept(&carving.of(&frames)), kept(&sessions));
}
