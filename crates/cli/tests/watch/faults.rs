//! A sensor that is killed.

use crate::network::{Wire, alone};
use crate::sensor::{Sensor, is_call};
use crate::traffic::{call, send};
use serde_json::Value;
use std::fs;
use tempfile::tempdir;

#[test]
fn a_sensor_that_is_killed_leaves_whole_lines() {
    alone("faults::a_sensor_that_is_killed_leaves_whole_lines", || {
        let folder = tempdir().expect("a folder");
        let mut wire = Wire::new("one");
        for (round, calls) in [(0, 20), (1, 300), (2, 2000)] {
            let file = format!("{round}.json");
            let mut sensor = Sensor::start(folder.path(), &["-i", "one", "-o", &file]);
            let frames: Vec<_> = (0..3000).map(|number| call(round * 5000 + number)).collect();
            for frames in &frames[..calls] {
                send(&mut wire, frames);
            }
            sensor.writes(&file, calls / 2, is_call);
            for frames in &frames[calls..] {
                send(&mut wire, frames);
            }
            sensor.signal("KILL");
            assert_eq!(sensor.wait(), None);
            let text = fs::read_to_string(folder.path().join(&file)).expect("a file");
            let (whole, rest) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
            assert!(whole.lines().count() >= calls / 2);
            for line in whole.lines() {
                let event: Value = serde_json::from_str(line).expect("a line is JSON");
                assert!(event["event_type"].is_string());
            }
            assert!(rest.len() < 64 << 10, "{} bytes without an end", rest.len());
        }
    });
}
