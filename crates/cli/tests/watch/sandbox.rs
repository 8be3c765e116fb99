//! What a sensor may do once it runs, and that it needs no more.

use crate::network::{Wire, alone, ip};
use crate::sensor::Sensor;
use crate::traffic::{RULE, call, send};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;
use tempfile::tempdir;

/// A capability set with `CAP_NET_RAW` only (capabilities(7)).
const NET_RAW: &str = "0000000000002000";

#[test]
fn a_sensor_of_an_ordinary_user_keeps_one_capability_and_works() {
    alone("sandbox::a_sensor_of_an_ordinary_user_keeps_one_capability_and_works", || {
        let Some(nobody) = nobody() else {
            eprintln!("skipped: no user `nobody`");
            return;
        };
        let folder = tempdir().expect("a folder");
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
        for name in ["rules", "out"] {
            fs::create_dir(path.join(name)).expect("a folder");
            chown(path.join(name), Some(nobody), None).expect("another owner");
        }
        fs::write(path.join("rules/service.yml"), RULE).expect("a rule");
        let listener = TcpListener::bind("127.0.0.1:7777").expect("a port");
        let mut wire = Wire::new("one");
        let arguments = ["-i", "one", "-r", "rules", "-u", "nobody", "-o", "out/eve.json?every=1s&keep=3"];
        let arguments = [&arguments[..], &["-o", "tcp:127.0.0.1:7777", "--threads", "2"]].concat();
        let mut sensor = Sensor::start(path, &arguments);
        let (mut peer, _) = listener.accept().map(|(peer, _)| (BufReader::new(peer), ())).expect("a peer");

        let tasks = format!("/proc/{}/task", sensor.id());
        for task in fs::read_dir(tasks).expect("its threads") {
            let status =
                fs::read_to_string(task.expect("a thread").path().join("status")).expect("its status");
            let value = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.map(|rest| rest.trim().to_owned()).expect("a line of the status")
            };
            for set in ["CapEff:", "CapPrm:"] {
                assert_eq!(value(set), NET_RAW, "{set}");
            }
            for set in ["CapInh:", "CapAmb:", "CapBnd:"] {
                assert_eq!(u64::from_str_radix(&value(set), 16), Ok(0), "{set}");
            }
            assert_eq!((value("Seccomp:").as_str(), value("NoNewPrivs:").as_str()), ("2", "1"));
            let ids = format!("{nobody}\t{nobody}\t{nobody}\t{nobody}");
            assert_eq!(value("Uid:"), ids);
        }

        // It puts files aside and removes them.
        for number in 0..5 {
            send(&mut wire, &call(number));
            let mut line = String::new();
            while !line.contains("\"dcerpc\"") {
                line.clear();
                peer.read_line(&mut line).expect("a line");
            }
            std::thread::sleep(Duration::from_millis(1100));
        }
        let files = fs::read_dir(path.join("out")).expect("outputs").count();
        assert!((3..=4).contains(&files), "{files} files: the newest and three that were put aside");

        // It reads rules again.
        fs::write(path.join("rules/service.yml"), RULE.replace("created", "changed")).expect("a rule");
        sensor.signal("HUP");
        sensor.hears("1 rules loaded again");

        // It opens interfaces again.
        drop(wire);
        ip("link del one");
        sensor.hears("waiting for it");
        let mut wire = Wire::new("one");
        sensor.hears("one: back after");

        // It connects again.
        drop(peer);
        send(&mut wire, &call(10));
        let (again, _) = listener.accept().expect("a peer");
        send(&mut wire, &call(11));
        let mut lines = BufReader::new(again).lines();
        let alert = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("service changed")));
        assert!(alert.is_some());
        sensor.end();
    });
}

/// The number of the user `nobody`.
fn nobody() -> Option<u32> {
    let users = fs::read_to_string(Path::new("/etc/passwd")).ok()?;
    let line = users.lines().find(|line| line.starts_with("nobody:"))?;
    line.split(':').nth(2)?.parse().ok()
}
