//! What is said of live traffic is what is said of the same frames in a file.

use crate::network::{Wire, alone};
use crate::sensor::{Sensor, is_alert, is_stats};
use crate::support::{run, workspace};
use crate::traffic::own_captures;
use rpcscope_testkit::capture::Pcap;
use rpcscope_testkit::packets::OwnedFrame;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn live_traffic_tells_what_a_replay_of_it_tells() {
    alone("replayed::live_traffic_tells_what_a_replay_of_it_tells", || compare(&["-i", "one"], |_| 0));
}

#[test]
fn two_threads_tell_what_a_replay_tells() {
    alone("replayed::two_threads_tell_what_a_replay_tells", || {
        compare(&["-i", "one", "--threads", "2"], |_| 0);
    });
}

#[test]
fn directions_that_come_over_two_interfaces_tell_what_a_replay_tells() {
    alone("replayed::directions_that_come_over_two_interfaces_tell_what_a_replay_tells", || {
        compare(&["-i", "one", "-i", "two", "--threads", "2"], |frame| {
            // A TAP has a port for each direction.
            match frame.get(12..14) {
                Some([0x08, 0x00]) => usize::from(frame[26..30] > frame[30..34]),
                Some([0x86, 0xdd]) => usize::from(frame[22..38] > frame[38..54]),
                _ => 0,
            }
        });
    });
}

/// Compares what is said of the project's own captures, each frame sent on the wire that `wire` chooses.
fn compare(interfaces: &[&str], wire: impl Fn(&[u8]) -> usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let frames = own_captures();
    let mut wires = [Wire::new("one"), Wire::new("two")];
    let rules = workspace().join("rules").display().to_string();
    let replayed = replayed(folder.path(), &rules, &frames);

    let arguments = [interfaces, &["-r", &rules, "-o", "live.json"]].concat();
    let mut sensor = Sensor::start(folder.path(), &arguments);
    for frame in &frames {
        wires[wire(&frame.bytes)].send(&frame.bytes);
    }
    sensor.end();
    let live = sensor.events("live.json");
    let stats = live.iter().rfind(|event| is_stats(event)).expect("the last event");
    assert_eq!(stats["stats"]["capture"]["kernel_drops"], 0, "{stats}");
    let (live, replayed) = (counted(live), counted(replayed));
    assert!(live.len() > 2000, "{} events", live.len());
    for (event, count) in &replayed {
        assert_eq!(live.get(event), Some(count), "replay says {event}");
    }
    for (event, count) in &live {
        assert_eq!(replayed.get(event), Some(count), "live says {event}");
    }
}

fn replayed(folder: &Path, rules: &str, frames: &[OwnedFrame]) -> Vec<Value> {
    std::fs::write(folder.join("all.pcap"), Pcap { nanoseconds: true, ..Pcap::default() }.encode(frames))
        .expect("a file");
    let replay = run(folder, &["replay", "-r", rules, "-f", "eve", "all.pcap"]);
    assert_eq!((replay.status, replay.stderr.as_str()), (0, ""));
    let events: Vec<Value> =
        replay.text().lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert!(events.iter().filter(|event| is_alert(event)).count() > 100);
    events
}

/// Events without what depends on time and place, and how often each was told.
fn counted(events: Vec<Value>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for mut event in events.into_iter().filter(|event| !is_stats(event)) {
        strip(&mut event);
        *counted.entry(event.to_string()).or_default() += 1;
    }
    counted
}

fn strip(event: &mut Value) {
    match event {
        Value::Object(members) => {
            PLACE.iter().for_each(|name| drop(members.remove(*name)));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Members that tell when and where: times, and numbers of frames and what is numbered by them.
const PLACE: [&str; 8] =
    ["timestamp", "flow_id", "in_iface", "pcap_cnt", "pcap_filename", "frames", "rtt_us", "activation_id"];
