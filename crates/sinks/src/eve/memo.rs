//! What lines have in common with lines before them: the second of the time, the ends of the flow, who called what.
//!
//! Lines do not depend on it; it only saves writing the same digits again.

use super::places::{Parted, Places};
use crate::json::{Json, key};
use crate::{Context, clock, community_id};
use foldhash::fast::FixedState;
use rpcscope_model::{
    Endpoint, EventHeader, Identity, Learned, Opnum, Outcome, Security, SyntaxId, Timestamp, Transport,
};
use std::hash::BuildHasher;
use std::sync::Arc;
use uuid::Uuid;

/// What was written last.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// A second since 1970, and what a line of it begins with.
    second: Option<(i64, [u8; 33])>,
    /// Flows, by their ids.
    flows: Places<Flow, Parted, FLOWS>,
    /// Who made the calls.
    pub(super) identities: Identities,
    /// How the calls were made.
    circumstances: Texts<Circumstances>,
    /// What carried the events.
    carriers: Texts<(Transport, Arc<str>)>,
    /// What was called.
    operations: Places<Operation, Parted, PLACES>,
}

/// Identities, each with a number that those have in common that say the same: a user has one for each connection.
#[derive(Debug, Default)]
pub(super) struct Identities {
    /// By their addresses. One that is remembered is kept alive, so that its address is that of no other.
    numbers: Places<Arc<Identity>, IdentityNumber, IDENTITIES>,
    /// By what they say.
    known: Places<Arc<Identity>, IdentityNumber, PLACES>,
    /// The number given last.
    last: IdentityNumber,
    texts: Texts<IdentityNumber>,
}

/// Stands for what an identity says. No number is given twice.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct IdentityNumber(u64);

/// How a call was made, besides what is different for each.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Circumstances {
    pub(super) outcome: Outcome,
    pub(super) learned: Learned,
    pub(super) assumed: bool,
    pub(super) sealed: bool,
    pub(super) identity: Option<IdentityNumber>,
    pub(super) identity_hint: Option<IdentityNumber>,
    pub(super) security: Option<Security>,
    pub(super) transfer_syntax: Option<Uuid>,
}

/// An operation of an interface, as lines tell it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Operation {
    /// Whether its request was seen.
    pub(super) has_request: bool,
    /// Suricata's name of what was seen of its reply.
    pub(super) response: Word,
    /// Whether it is of the connectionless protocol.
    pub(super) is_connectionless: bool,
    pub(super) rpc_version: (u8, u8),
    pub(super) syntax: Option<SyntaxId>,
    pub(super) service: Option<Word>,
    pub(super) procedure: Option<Word>,
    pub(super) opnum: Option<Opnum>,
    pub(super) activity: Option<Uuid>,
    /// Whether the server is known to have accepted the presentation context.
    pub(super) is_accepted: bool,
}

/// A word of ours, told by where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(pub(super) &'static str);

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Identities {
    /// The number of what an identity says.
    #[inline]
    pub(super) fn number(&mut self, identity: &Arc<Identity>) -> IdentityNumber {
        match self.numbers.at(place_of(identity)) {
            Some((known, number)) if Arc::ptr_eq(known, identity) => *number,
            _ => self.number_of_equal(identity),
        }
    }

    /// The number of those identities that say the same as this one; the next one if none of them is known.
    #[inline(never)]
    fn number_of_equal(&mut self, identity: &Arc<Identity>) -> IdentityNumber {
        let who = (&identity.user, &identity.workstation, &identity.service);
        let how = (identity.spnego, identity.kerberos, identity.ntlm_version, identity.result);
        let number = match self.known.at(FixedState::default().hash_one((who, how))) {
            Some((equal, number)) if equal == identity => *number,
            place => {
                self.last.0 += 1;
                *place = Some((Arc::clone(identity), self.last));
                self.last
            }
        };
        *self.numbers.at(place_of(identity)) = Some((Arc::clone(identity), number));
        number
    }

    /// The members that say who somebody is, as `write` writes them.
    pub(super) fn members(
        &mut self,
        identity: &Arc<Identity>,
        write: impl FnOnce(&mut Json<'_>, &Identity),
    ) -> &[u8] {
        let number = self.number(identity);
        self.texts.text(number.0, &number, |json| write(json, identity))
    }
}

/// A number that tells identities apart as long as they are remembered.
fn place_of(identity: &Arc<Identity>) -> u64 {
    Arc::as_ptr(identity).addr() as u64
}

/// Texts of members that lines have in common.
type Texts<K> = Places<K, Vec<u8>, PLACES>;

/// A flow, and all that its lines tell of it.
type Flow = (u64, Endpoint, Endpoint, Transport);

impl Memo {
    /// Begins a line with the time of an event.
    #[inline(always)]
    pub(super) fn begin<'o>(&mut self, out: &'o mut Vec<u8>, time: Timestamp) -> Json<'o> {
        let now = time.seconds();
        if self.second.as_ref().is_none_or(|(known, _)| *known != now) {
            self.second = Some((now, second(time)));
        }
        if let Some((_, text)) = &self.second {
            out.extend_from_slice(text);
        }
        let mut json = Json::resume(out);
        json.time_rest(time);
        json
    }

    /// The members that say how a call was made, as `write` writes them.
    #[inline]
    pub(super) fn circumstances(
        &mut self,
        circumstances: &Circumstances,
        write: impl FnOnce(&mut Json<'_>, &mut Identities),
    ) -> &[u8] {
        let who = circumstances.identity.or(circumstances.identity_hint).unwrap_or_default();
        let level: u64 = circumstances.security.map_or(0, |security| security.level.0.into());
        let hash = who.0 << 8 ^ level << 4 ^ circumstances.outcome as u64;
        let identities = &mut self.identities;
        self.circumstances.text(hash, circumstances, |json| write(json, identities))
    }

    /// The members that say what carried an event, as `write` writes them.
    #[inline]
    pub(super) fn carrier(
        &mut self,
        transport: Transport,
        endpoint: &Arc<str>,
        write: impl FnOnce(&mut Json<'_>),
    ) -> &[u8] {
        let end = endpoint.as_bytes().last_chunk::<2>().map_or(0, |end| u16::from_le_bytes(*end));
        self.carriers.text_of(
            (endpoint.len() as u64) << 16 | u64::from(end),
            |(known, at)| *known == transport && at == endpoint,
            || (transport, Arc::clone(endpoint)),
            write,
        )
    }

    /// What lines say of an operation before and behind the number of the call, as these write it.
    #[inline]
    pub(super) fn operation(
        &mut self,
        operation: &Operation,
        before: impl FnOnce(&mut Json<'_>, &Operation),
        behind: impl FnOnce(&mut Json<'_>, &Operation),
    ) -> &Parted {
        let (high, low) = operation.syntax.map_or((0, 0), |syntax| syntax.uuid.as_u64_pair());
        let opnum: u64 = operation.opnum.map_or(0, |opnum| opnum.0.into());
        let how = u64::from(operation.is_accepted) << 1 | u64::from(operation.is_connectionless);
        self.operations.parted(
            high ^ low.rotate_left(8) ^ opnum << 2 ^ how,
            operation,
            |json| before(json, operation),
            |json| behind(json, operation),
        )
    }

    /// What lines say of a flow before and behind the number of the frame.
    #[inline]
    pub(super) fn flow(&mut self, header: &EventHeader, context: &Context<'_>) -> &Parted {
        let flow = (header.flow_id, header.client, header.server, header.transport);
        self.flows.parted(
            header.flow_id,
            &flow,
            |json| name(json, header, context),
            |json| ends(json, header, context),
        )
    }
}

/// What a line begins with, to the second of its time.
#[cold]
fn second(time: Timestamp) -> [u8; 33] {
    let mut text = *b"{\"timestamp\":\"0000-00-00T00:00:00";
    if let Some(second) = text.last_chunk_mut() {
        *second = clock::eve_second(time);
    }
    text
}

fn name(json: &mut Json<'_>, header: &EventHeader, context: &Context<'_>) {
    json.number(key!("flow_id"), header.flow_id & FLOW_ID_MASK);
    if let Some(seed) = context.community_id {
        let protocol = match header.transport {
            Transport::NcadgIpUdp => community_id::UDP,
            _ => community_id::TCP,
        };
        json.plain_with(key!("community_id"), |out| {
            community_id::push(out, seed, protocol, header.client, header.server);
        });
    }
}

fn ends(json: &mut Json<'_>, header: &EventHeader, context: &Context<'_>) {
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

/// Texts of one kind that are remembered.
const PLACES: usize = 256;

/// Identities of which the number is remembered: those of the connections of some seconds.
const IDENTITIES: usize = 2048;

/// Flows that are remembered: with more of them, they would no longer stay in the cache of a core.
const FLOWS: usize = 1024;
