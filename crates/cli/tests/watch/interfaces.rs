//! Interfaces that come and go.

use crate::network::{Wire, alone, ip};
use crate::sensor::{Sensor, is_call};
use crate::traffic::{call, send};
use tempfile::tempdir;

#[test]
fn an_interface_that_is_missing_deleted_or_down_is_waited_for() {
    alone("interfaces::an_interface_that_is_missing_deleted_or_down_is_waited_for", || {
        let folder = tempdir().expect("a folder");
        let mut sensor = Sensor::start(folder.path(), &["-i", "one", "-o", "eve.json"]);
        sensor.hears("no such interface");
        let mut wire = Wire::new("one");
        sensor.hears("one: back after");
        send(&mut wire, &call(1));
        sensor.writes("eve.json", 1, is_call);

        // A call that is open when the interface goes is not forgotten.
        let frames = call(2);
        let (asked, answered) = frames.split_at(frames.len() - 1);
        send(&mut wire, asked);
        drop(wire);
        std::thread::sleep(std::time::Duration::from_millis(100));
        ip("link del one");
        sensor.hears("one: no such interface; waiting for it");
        let mut wire = Wire::new("one");
        sensor.until("second return", || sensor.said().matches("one: back after").count() == 2);
        send(&mut wire, answered);
        sensor.writes("eve.json", 2, |event| is_call(event) && event["rpcscope"]["outcome"] == "replied");

        ip("link set one down");
        sensor.hears("one: interface is down; waiting for it");
        ip("link set one up");
        sensor.until("third return", || sensor.said().matches("one: back after").count() == 3);
        send(&mut wire, &call(3));
        sensor.writes("eve.json", 3, is_call);
        sensor.end();
    });
}

#[test]
fn once_ends_when_an_interface_is_missing_or_goes() {
    alone("interfaces::once_ends_when_an_interface_is_missing_or_goes", || {
        let folder = tempdir().expect("a folder");
        let arguments = ["-i", "one", "--once", "-o", "eve.json"];
        let mut sensor = Sensor::launch(folder.path(), &arguments);
        assert_eq!(sensor.wait(), Some(3), "{}", sensor.said());
        sensor.hears("no such interface");

        let mut wire = Wire::new("one");
        let mut sensor = Sensor::start(folder.path(), &arguments);
        let frames = call(1);
        send(&mut wire, &frames[..frames.len() - 1]);
        std::thread::sleep(std::time::Duration::from_millis(100));
        drop(wire);
        ip("link del one");
        assert_eq!(sensor.wait(), Some(3), "{}", sensor.said());
        let calls = sensor.events("eve.json").into_iter().filter(is_call).count();
        assert_eq!(calls, 1, "what was open is told");
    });
}
