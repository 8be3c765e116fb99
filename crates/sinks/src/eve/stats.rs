//! The counters.

use crate::json::{Json, key};
use rpcscope_model::Stats;

/// Writes those counters that Suricata has too under its names, and all of them under ours.
pub(super) fn write(json: &mut Json<'_>, stats: &Stats) {
    json.open(key!("stats"));
    json.open(key!("decoder"));
    json.number(key!("pkts"), stats.frames);
    json.number(key!("bytes"), stats.bytes);
    json.close();
    json.close();
    json.open(key!("rpcscope"));
    for (name, _, value) in stats.rows() {
        json.key_word(name);
        json.number_value(value);
    }
    json.close();
}
