//! The counters.

use crate::json::{Json, key};
use rpcscope_model::{Health, Stats};

/// Writes those counters that Suricata has too under its names, and all of them under ours.
pub(super) fn write(json: &mut Json<'_>, stats: &Stats) {
    json.open(key!("stats"));
    decoder(json, stats);
    json.close();
    json.open(key!("rpcscope"));
    counters(json, stats);
    json.close();
}

/// The same of a sensor that watches interfaces, with how it is doing.
pub(super) fn write_live(json: &mut Json<'_>, stats: &Stats, health: &Health) {
    json.open(key!("stats"));
    json.number(key!("uptime"), health.uptime_seconds);
    json.open(key!("capture"));
    json.number(key!("kernel_packets"), health.kernel_packets);
    json.number(key!("kernel_drops"), health.kernel_drops);
    json.number(key!("kernel_ifdrops"), health.kernel_ifdrops);
    json.close();
    decoder(json, stats);
    json.close();
    json.open(key!("rpcscope"));
    counters(json, stats);
    for (name, _, value) in health.rows().iter().filter(|(name, ..)| !name.starts_with("kernel_")) {
        json.key_word(name);
        json.number_value(*value);
    }
    json.open(key!("sizes"));
    for (name, _, value) in health.sizes.rows() {
        json.key_word(name);
        json.number_value(value);
    }
    json.close();
    json.close();
}

fn decoder(json: &mut Json<'_>, stats: &Stats) {
    json.open(key!("decoder"));
    json.number(key!("pkts"), stats.frames);
    json.number(key!("bytes"), stats.bytes);
    json.close();
}

fn counters(json: &mut Json<'_>, stats: &Stats) {
    for (name, _, value) in stats.rows() {
        json.key_word(name);
        json.number_value(value);
    }
}
