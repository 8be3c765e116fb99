//! Signals, statistics and metrics.

use crate::network::{Wire, alone};
use crate::sensor::{Sensor, is_alert, is_call, is_stats};
use crate::traffic::{RULE, call, caller, send};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A folder with a rule.
fn folder() -> TempDir {
    let folder = tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    write(folder.path(), "rules/service.yml", RULE);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

const WATCH: [&str; 6] = ["-i", "one", "-r", "rules", "-o", "eve.json"];

#[test]
fn a_broken_rule_file_leaves_the_rules_that_run_and_is_told_with_its_place() {
    alone("signals::a_broken_rule_file_leaves_the_rules_that_run_and_is_told_with_its_place", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let mut sensor = Sensor::start(folder.path(), &WATCH);
        write(folder.path(), "rules/broken.yml", "title: broken\nlogsource: {product: rpcscope\n");
        sensor.signal("HUP");
        sensor.hears("the rules that run stay as they are");
        assert!(sensor.said().contains("rules/broken.yml:"), "{}", sensor.said());
        send(&mut wire, &call(1));
        sensor.writes("eve.json", 1, is_alert);
        sensor.end();
        let events = sensor.events("eve.json");
        let last = events.last().expect("the last event");
        assert_eq!(
            (&last["rpcscope"]["reloads"], &last["rpcscope"]["reloads_failed"]),
            (&0.into(), &1.into())
        );
    });
}

#[test]
fn rules_change_while_a_call_is_open() {
    alone("signals::rules_change_while_a_call_is_open", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let mut sensor = Sensor::start(folder.path(), &WATCH);
        let frames = call(1);
        let (asked, answered) = frames.split_at(frames.len() - 1);
        send(&mut wire, asked);
        // The rule needs the request only.
        sensor.writes("eve.json", 1, is_alert);
        let on_reply =
            RULE.replace("opnum: 12}", "opnum: 12, outcome: replied}").replace("created", "replied to");
        write(folder.path(), "rules/service.yml", &on_reply);
        sensor.signal("HUP");
        sensor.hears("1 rules loaded again");
        // Threads look for other rules when they have read some frames, or none for a moment.
        std::thread::sleep(std::time::Duration::from_millis(100));
        send(&mut wire, answered);
        sensor.writes("eve.json", 1, is_call);
        sensor.end();
        let events = sensor.events("eve.json");
        let alerts: Vec<_> =
            events.iter().filter(|event| is_alert(event)).map(|event| &event["alert"]["signature"]).collect();
        assert_eq!(alerts, ["service created", "service replied to"]);
        let calls: Vec<_> = events.iter().filter(|event| is_call(event)).collect();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0]["rpcscope"]["outcome"], "replied");
        assert_eq!(calls[0]["dcerpc"]["interfaces"][0]["procedure"], "RCreateServiceW");
    });
}

#[test]
fn an_output_that_was_moved_away_is_opened_anew() {
    alone("signals::an_output_that_was_moved_away_is_opened_anew", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let mut sensor = Sensor::start(folder.path(), &WATCH);
        send(&mut wire, &call(1));
        sensor.writes("eve.json", 1, is_call);
        fs::rename(folder.path().join("eve.json"), folder.path().join("eve.old")).expect("renamed");
        sensor.signal("HUP");
        sensor.hears("rules loaded again");
        send(&mut wire, &call(2));
        sensor.writes("eve.json", 1, is_call);
        sensor.end();
        let callers = |file| {
            let calls = sensor.events(file).into_iter().filter(is_call);
            calls.map(|event| event["src_ip"].as_str().expect("an address").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((callers("eve.old"), callers("eve.json")), (vec![caller(1)], vec![caller(2)]));
    });
}

#[test]
fn interrupt_and_terminate_tell_open_calls_and_end_well() {
    alone("signals::interrupt_and_terminate_tell_open_calls_and_end_well", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        for (signal, number) in [("INT", 1), ("TERM", 2)] {
            let file = format!("{signal}.json");
            let mut sensor = Sensor::start(folder.path(), &["-i", "one", "-o", &file]);
            let frames = call(number);
            send(&mut wire, &frames[..frames.len() - 1]);
            sensor.signal(signal);
            assert_eq!(sensor.wait(), Some(0), "{}", sensor.said());
            let events = sensor.events(&file);
            let calls: Vec<_> = events.iter().filter(|event| is_call(event)).collect();
            assert_eq!(calls.len(), 1, "{events:?}");
            assert_eq!(calls[0]["rpcscope"]["outcome"], "unanswered");
            let last = events.last().expect("the last event");
            assert!(is_stats(last), "{last}");
            assert_eq!(last["stats"]["capture"]["kernel_packets"], frames.len() - 1);
        }
    });
}

#[test]
fn usr1_tells_how_full_the_tables_are() {
    alone("signals::usr1_tells_how_full_the_tables_are", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let mut sensor = Sensor::start(folder.path(), &WATCH);
        let frames = call(1);
        send(&mut wire, &frames[..frames.len() - 1]);
        sensor.until("table with an open call", || {
            sensor.signal("USR1");
            let said = sensor.said();
            let value = |name: &str| {
                let mut lines = said.lines().rev().filter_map(|line| line.strip_prefix(name));
                lines.next().and_then(|rest| rest.split_whitespace().next()).map(str::to_owned)
            };
            value("flows ") == Some("1".to_owned()) && value("open_calls ") == Some("1".to_owned())
        });
        sensor.end();
    });
}

#[test]
fn statistics_come_in_time_with_the_counters_of_the_kernel() {
    alone("signals::statistics_come_in_time_with_the_counters_of_the_kernel", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let mut sensor = Sensor::start(folder.path(), &[&WATCH[..], &["--stats", "1s"]].concat());
        let frames = call(1);
        send(&mut wire, &frames);
        sensor.writes("eve.json", 1, |event| {
            is_stats(event) && event["stats"]["capture"]["kernel_packets"] == frames.len()
        });
        let events = sensor.events("eve.json");
        let stats = events.iter().rfind(|event| is_stats(event)).expect("statistics");
        assert_eq!(stats["stats"]["capture"]["kernel_drops"], 0);
        assert_eq!(stats["stats"]["decoder"]["pkts"], frames.len());
        assert_eq!((&stats["rpcscope"]["calls"], &stats["rpcscope"]["alerts"]), (&1.into(), &1.into()));
        assert_eq!(stats["rpcscope"]["sizes"]["flows"], 1);
        sensor.end();
    });
}

#[test]
fn metrics_are_served_in_the_format_of_prometheus() {
    alone("signals::metrics_are_served_in_the_format_of_prometheus", || {
        let (mut wire, folder) = (Wire::new("one"), folder());
        let arguments = [&WATCH[..], &["--metrics", "127.0.0.1:9464"]].concat();
        let mut sensor = Sensor::start(folder.path(), &arguments);
        send(&mut wire, &call(1));
        sensor.writes("eve.json", 1, is_call);
        sensor.until("counted call", || sample(&metrics(), "rpcscope_calls_total") == Some(1.0));
        let text = metrics();
        assert!(text.ends_with("# EOF\n"), "{text}");
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(samples.len() > 50, "{text}");
        for line in &samples {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            assert!(name.starts_with("rpcscope_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
        assert!(text.contains("rpcscope_interface_kernel_drops_total{interface=\"one\"} 0"), "{text}");
        assert!(text.contains("rpcscope_output_up{output="), "{text}");
        sensor.end();
    });
}

/// What is served.
fn metrics() -> String {
    let mut stream = TcpStream::connect("127.0.0.1:9464").expect("somebody listens");
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    let (head, text) = response.split_once("\r\n\r\n").expect("a head and a text");
    assert!(head.contains(" 200 ") && head.contains("openmetrics-text"), "{head}");
    text.to_owned()
}

fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
