//! Outputs that fail.

use crate::network::{Wire, alone};
use crate::sensor::{Sensor, is_call, is_stats};
use crate::traffic::{call, send};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use tempfile::tempdir;

#[test]
fn a_full_disk_stops_nothing_and_is_written_to_when_there_is_room() {
    alone("outputs::a_full_disk_stops_nothing_and_is_written_to_when_there_is_room", || {
        let folder = tempdir().expect("a folder");
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).expect("a folder");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&disk).status();
        assert!(mount.expect("mount starts").success());
        let mut wire = Wire::new("one");
        let arguments = ["-i", "one", "--stats", "1s", "-o", "disk/eve.json", "-o", "all.json"];
        let mut sensor = Sensor::start(folder.path(), &arguments);
        fill(&disk);
        for number in 0..1000 {
            send(&mut wire, &call(number));
        }
        // The other output has them all.
        sensor.writes("all.json", 1000, is_call);
        sensor.writes("all.json", 1, |event| {
            is_stats(event) && event["rpcscope"]["output_errors"].as_u64().is_some_and(|errors| errors > 0)
        });
        let before = sensor.events("disk/eve.json").into_iter().filter(is_call).count();
        assert!(before < 1000, "{before}");
        fs::remove_file(disk.join("ballast")).expect("removed");
        let mount = Command::new("mount").args(["-o", "remount,size=16m"]).arg(&disk).status();
        assert!(mount.expect("mount starts").success());
        sensor.writes("disk/eve.json", 1000, is_call);
        let stats = sensor.events("all.json").into_iter().rfind(is_stats).expect("statistics");
        assert_eq!(stats["stats"]["capture"]["kernel_drops"], 0);
        sensor.end();
        let calls = sensor.events("disk/eve.json").into_iter().filter(is_call).count();
        assert_eq!(calls, 1000, "each once");
    });
}

/// Leaves a few kilobytes on a disk.
fn fill(disk: &Path) {
    fs::write(disk.join("ballast"), vec![0; 200 << 10]).expect("room for so much");
}

#[test]
fn a_peer_that_is_gone_stops_nothing_and_gets_what_waited() {
    alone("outputs::a_peer_that_is_gone_stops_nothing_and_gets_what_waited", || {
        let folder = tempdir().expect("a folder");
        let mut wire = Wire::new("one");
        let arguments = ["-i", "one", "-o", "tcp:127.0.0.1:7777", "-o", "all.json", "--stats", "1s"];
        let mut sensor = Sensor::start(folder.path(), &arguments);
        for number in 0..200 {
            send(&mut wire, &call(number));
        }
        sensor.writes("all.json", 200, is_call);
        sensor.writes("all.json", 1, |event| {
            is_stats(event) && event["rpcscope"]["output_errors"].as_u64().is_some_and(|errors| errors > 0)
        });
        let listener = TcpListener::bind("127.0.0.1:7777").expect("a port");
        let (peer, _) = listener.accept().expect("a peer");
        let (to, from) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(peer).lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        let mut calls = 0;
        while calls < 200 {
            let line = from.recv_timeout(crate::sensor::PATIENCE).expect("a line");
            calls += usize::from(line.contains("\"dcerpc\":{\"request\":\"REQUEST\""));
        }
        sensor.end();
    });
}
