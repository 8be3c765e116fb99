//! What lines have in common with lines before them: the second of the time, and the ends of the flow.
//!
//! Lines do not depend on it; it only saves writing the same digits again.

use crate::json::{Json, key};
use crate::{Context, clock, community_id};
use rpcscope_model::{Endpoint, EventHeader, Identity, Timestamp, Transport};
use std::sync::Arc;

/// What was written last.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// A second since 1970, and the text of it.
    second: Option<(i64, Vec<u8>)>,
    /// Flows, each at the place that its id tells. [`FLOWS`] of them, or none yet.
    flows: Vec<FlowText>,
    /// Who made the calls, each at the place that its address tells. [`IDENTITIES`] of them, or none yet.
    identities: Vec<Option<(Arc<Identity>, Vec<u8>)>>,
}

/// What the lines of a flow have in common.
#[derive(Debug, Default)]
pub(super) struct FlowText {
    of: Option<(u64, Endpoint, Endpoint, Transport)>,
    bytes: Vec<u8>,
    /// Where the name ends and the rest begins.
    split: usize,
}

impl FlowText {
    /// The members before the type of the event.
    pub(super) fn name(&self) -> &[u8] {
        self.bytes.get(..self.split).unwrap_or_default()
    }

    /// The members behind the number of the frame.
    pub(super) fn ends(&self) -> &[u8] {
        self.bytes.get(self.split..).unwrap_or_default()
    }
}

impl Memo {
    /// Appends a time, in quotes.
    pub(super) fn push_time(&mut self, out: &mut Vec<u8>, time: Timestamp) {
        let second = time.seconds();
        if self.second.as_ref().is_none_or(|(known, _)| *known != second) {
            let mut text = vec![b'"'];
            clock::push_eve_second(&mut text, time);
            self.second = Some((second, text));
        }
        if let Some((_, text)) = &self.second {
            out.extend_from_slice(text);
        }
        clock::push_eve_fraction(out, time);
        out.push(b'"');
    }

    /// The members that say who somebody is, as `write` writes them behind other members.
    pub(super) fn identity(
        &mut self,
        identity: &Arc<Identity>,
        write: impl FnOnce(&mut Json<'_>, &Identity),
    ) -> &[u8] {
        if self.identities.is_empty() {
            self.identities.resize_with(IDENTITIES, || None);
        }
        // The address is that of no other identity, since the one that is remembered is kept alive.
        let at = (Arc::as_ptr(identity) as usize / size_of::<Identity>()) % IDENTITIES;
        let place = &mut self.identities[at];
        if !place.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, identity)) {
            let mut text =
                place.take().map_or_else(|| Vec::with_capacity(USUAL_IDENTITY_BYTES), |(_, text)| text);
            text.clear();
            // Something stands before, so that each member has its comma.
            text.push(b'0');
            write(&mut Json::resume(&mut text), identity);
            *place = Some((Arc::clone(identity), text));
        }
        place.as_ref().and_then(|(_, text)| text.get(1..)).unwrap_or_default()
    }

    /// The text of a flow.
    pub(super) fn flow(&mut self, header: &EventHeader, context: &Context<'_>) -> &FlowText {
        if self.flows.is_empty() {
            self.flows.resize_with(FLOWS, FlowText::default);
        }
        let of = Some((header.flow_id, header.client, header.server, header.transport));
        #[allow(clippy::cast_possible_truncation)] // below FLOWS
        let at = (header.flow_id % FLOWS as u64) as usize;
        let text = &mut self.flows[at];
        if text.of != of {
            text.bytes.clear();
            write_name(&mut text.bytes, header, context);
            text.split = text.bytes.len();
            write_ends(&mut text.bytes, header, context);
            text.of = of;
        }
        text
    }
}

fn write_name(out: &mut Vec<u8>, header: &EventHeader, context: &Context<'_>) {
    let mut json = Json::resume(out);
    json.number(key!("flow_id"), header.flow_id & FLOW_ID_MASK);
    if let Some(seed) = context.community_id {
        let protocol = match header.transport {
            Transport::NcadgIpUdp => community_id::UDP,
            _ => community_id::TCP,
        };
        json.key(key!("community_id"));
        let out = json.raw();
        out.push(b'"');
        community_id::push(out, seed, protocol, header.client, header.server);
        out.push(b'"');
    }
}

fn write_ends(out: &mut Vec<u8>, header: &EventHeader, context: &Context<'_>) {
    let mut json = Json::resume(out);
    if let Some(capture) = context.capture {
        json.string(key!("pcap_filename"), capture);
    }
    json.address(key!("src_ip"), header.client.address);
    json.number(key!("src_port"), header.client.port);
    json.address(key!("dest_ip"), header.server.address);
    json.number(key!("dest_port"), header.server.port);
    json.plain(key!("proto"), if header.transport == Transport::NcadgIpUdp { "UDP" } else { "TCP" });
    json.plain(key!("app_proto"), app_proto(header.transport));
}

/// Suricata's name of the protocol that stands directly on TCP or UDP.
const fn app_proto(transport: Transport) -> &'static str {
    match transport {
        Transport::NcacnIpTcp | Transport::NcadgIpUdp => "dcerpc",
        Transport::NcacnNpSmb1 | Transport::NcacnNpSmb2 => "smb",
        Transport::NcacnHttp => "http",
    }
}

/// Flow ids are cut to 53 bits: many readers of JSON keep numbers as 64-bit floats, which are exact up to there.
const FLOW_ID_MASK: u64 = (1 << 53) - 1;

/// Room for the members of most identities.
const USUAL_IDENTITY_BYTES: usize = 256;

/// Identities that are remembered.
const IDENTITIES: usize = 64;

/// Flows that are remembered. More would not stay in the cache.
const FLOWS: usize = 64;
