//! Something unexpected.

use super::transport;
use crate::json::{Json, key};
use rpcscope_model::{Anomaly, Layer, Transport};

/// Writes Suricata's object and ours.
pub(super) fn write(json: &mut Json<'_>, anomaly: &Anomaly, carrier: Transport) {
    let layer = anomaly.kind.layer();
    json.open(key!("anomaly"));
    if layer == Layer::Tcp {
        json.plain(key!("type"), "stream");
        json.plain(key!("event"), anomaly.kind.name());
    } else {
        json.plain(key!("app_proto"), layer.name());
        json.plain(key!("type"), "applayer");
        json.plain(key!("event"), anomaly.kind.name());
        json.plain(key!("layer"), "proto_parser");
    }
    json.close();
    json.open(key!("rpcscope"));
    transport(json, carrier);
    json.plain(key!("layer"), layer.name());
    json.string(key!("meaning"), anomaly.kind.meaning());
    if let Some(error) = anomaly.error {
        json.display(key!("error"), error);
    }
    if let Some(bytes) = anomaly.bytes {
        json.number(key!("bytes"), bytes);
    }
    json.close();
}
