//! What lines have in common with lines before them: the second of the time, the ends of the flow, who called what.
//!
//! Lines do not depend on it; it only saves writing the same digits again.

use crate::json::{Json, key};
use crate::{Context, clock, community_id};
use rpcscope_model::{
    Call, Endpoint, EventHeader, Identity, Interface, Learned, Outcome, Security, Timestamp, Transport,
};
use std::sync::Arc;
use uuid::Uuid;

/// What was written last.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// A second since 1970, and the text of it.
    second: Option<(i64, Vec<u8>)>,
    /// Flows, each at the place that its id tells. [`FLOWS`] of them, or none yet.
    flows: Vec<FlowText>,
    /// Who made the calls.
    pub(super) identities: Identities,
    /// How the calls were made.
    circumstances: Texts<Circumstances>,
    /// What carried the events.
    carriers: Texts<(Transport, Arc<str>)>,
    /// What was called.
    operations: Texts<Operation>,
}

/// Who somebody is, as lines tell it.
#[derive(Debug, Default)]
pub(super) struct Identities(Texts<Arc<Identity>>);

/// How a call was made, besides what is different for each.
#[derive(Debug)]
struct Circumstances {
    learned: Learned,
    assumed: bool,
    transfer_syntax: Option<Uuid>,
    security: Option<Security>,
    sealed: bool,
    outcome: Outcome,
    identity: Option<Arc<Identity>>,
    identity_hint: Option<Arc<Identity>>,
}

/// An operation of an interface, as lines tell it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Operation {
    pub(super) rpc_version: (u8, u8),
    pub(super) interface: Option<Interface>,
    pub(super) procedure: Option<&'static str>,
    /// Whether the server is known to have accepted the presentation context.
    pub(super) is_accepted: bool,
}

impl Identities {
    /// The members that say who somebody is, as `write` writes them behind other members.
    pub(super) fn members(
        &mut self,
        identity: &Arc<Identity>,
        write: impl FnOnce(&mut Json<'_>, &Identity),
    ) -> &[u8] {
        self.0.text(
            place_of(identity),
            |known| Arc::ptr_eq(known, identity),
            || Arc::clone(identity),
            |json| write(json, identity),
        )
    }
}

/// A number that tells identities apart. An identity that is remembered is kept alive, so that its address is that of no
/// other.
fn place_of(identity: &Arc<Identity>) -> usize {
    Arc::as_ptr(identity).addr() / size_of::<Identity>()
}

impl Circumstances {
    fn of(call: &Call) -> Self {
        Self {
            learned: call.learned,
            assumed: call.assumed,
            transfer_syntax: call.transfer_syntax,
            security: call.security,
            sealed: call.sealed,
            outcome: call.outcome,
            identity: call.identity.clone(),
            identity_hint: call.identity_hint.clone(),
        }
    }

    fn are_of(&self, call: &Call) -> bool {
        let is_one = |a: &Option<Arc<Identity>>, b: &Option<Arc<Identity>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let Self { learned, assumed, transfer_syntax, security, sealed, outcome, identity, identity_hint } =
            self;
        *outcome == call.outcome
            && *learned == call.learned
            && *assumed == call.assumed
            && *sealed == call.sealed
            && is_one(identity, &call.identity)
            && is_one(identity_hint, &call.identity_hint)
            && *security == call.security
            && *transfer_syntax == call.transfer_syntax
    }
}

/// Texts of members that lines have in common, each at the place that its key tells.
#[derive(Debug)]
struct Texts<K> {
    /// [`PLACES`] of them, or none yet.
    places: Vec<Option<(K, Vec<u8>)>>,
}

impl<K> Default for Texts<K> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<K> Texts<K> {
    /// The text of the key that `is_known` recognises, as `write` writes it behind other members. `hash` tells its place.
    fn text(
        &mut self,
        hash: usize,
        is_known: impl FnOnce(&K) -> bool,
        key: impl FnOnce() -> K,
        write: impl FnOnce(&mut Json<'_>),
    ) -> &[u8] {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let place = &mut self.places[hash % PLACES];
        if !place.as_ref().is_some_and(|(known, _)| is_known(known)) {
            let mut text = place.take().map_or_else(|| Vec::with_capacity(USUAL_BYTES), |(_, text)| text);
            text.clear();
            // Something stands before, so that each member has its comma.
            text.push(b'0');
            write(&mut Json::resume(&mut text));
            *place = Some((key(), text));
        }
        place.as_ref().and_then(|(_, text)| text.get(1..)).unwrap_or_default()
    }
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

    /// The members that say how a call was made, as `write` writes them behind other members.
    pub(super) fn circumstances(
        &mut self,
        call: &Call,
        write: impl FnOnce(&mut Json<'_>, &Call, &mut Identities),
    ) -> &[u8] {
        let who = call.identity.as_ref().or(call.identity_hint.as_ref()).map_or(0, place_of);
        let context = call.security.map_or(0, |security| usize::from(security.level.0));
        let Self { identities, circumstances, .. } = self;
        circumstances.text(
            who.wrapping_add(context).wrapping_add(call.outcome as usize),
            |known| known.are_of(call),
            || Circumstances::of(call),
            |json| write(json, call, identities),
        )
    }

    /// The members that say what carried an event, as `write` writes them behind other members.
    pub(super) fn carrier(
        &mut self,
        transport: Transport,
        endpoint: &Arc<str>,
        write: impl FnOnce(&mut Json<'_>),
    ) -> &[u8] {
        let end = endpoint.as_bytes().last_chunk::<2>().map_or(0, |end| u16::from_le_bytes(*end));
        self.carriers.text(
            usize::from(end).wrapping_add(endpoint.len()),
            |(known, at)| *known == transport && at == endpoint,
            || (transport, Arc::clone(endpoint)),
            write,
        )
    }

    /// The members that say what was called, as `write` writes them behind other members.
    pub(super) fn operation(
        &mut self,
        operation: &Operation,
        write: impl FnOnce(&mut Json<'_>, &Operation),
    ) -> &[u8] {
        let last = operation.interface.map_or(0, |interface| interface.syntax.uuid.as_bytes()[15]);
        let name = operation.procedure.map_or(0, |name| name.as_ptr().addr() / size_of::<usize>());
        self.operations.text(
            name.wrapping_add(usize::from(last)),
            |known| known == operation,
            || *operation,
            |json| write(json, operation),
        )
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

/// Room for most members that are remembered.
const USUAL_BYTES: usize = 256;

/// Texts of one kind that are remembered.
const PLACES: usize = 64;

/// Flows that are remembered. More would not stay in the cache.
const FLOWS: usize = 64;
