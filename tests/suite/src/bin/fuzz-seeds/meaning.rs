//! Seeds from what calls mean: stubs, object references and objects in them, and tokens of authentications.

use crate::script;
use rpcscope_model::{CallId, Opnum, Side};
use rpcscope_testkit::transport::Message;
use rpcscope_wire::dcerpc::{Flags, Header, Pdu, PduType};
use rpcscope_wire::dcom::{Objref, Objrefs};
use rpcscope_wire::smb2::{Body, Compound};
use rpcscope_wire::{ByteOrder, stub};
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// Bytes of one stub in a seed.
const MOST_STUB_BYTES: usize = 1_500;

/// An operation that is decoded.
type Operation = (&'static stub::Interface, Opnum);

/// Seeds of all targets that read what calls mean, from the PDUs of one connection: target, name and bytes.
pub(crate) fn of_calls(pdus: &[Vec<u8>], add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    let mut interfaces = BTreeMap::new();
    let mut open: BTreeMap<CallId, VecDeque<Operation>> = BTreeMap::new();
    for pdu in pdus.iter().filter_map(|bytes| Pdu::parse(bytes).ok()) {
        let single = pdu.header.flags.has(Flags::FIRST_FRAG) && pdu.header.flags.has(Flags::LAST_FRAG);
        match pdu.header.pdu_type {
            PduType::BIND | PduType::ALTER_CONTEXT => {
                let Ok(bind) = pdu.bind() else { continue };
                for element in bind.elements().flatten() {
                    interfaces.insert(element.id, element.abstract_syntax.uuid);
                }
            }
            PduType::REQUEST if single && pdu.trailer.is_none() => {
                let Ok(request) = pdu.request() else { continue };
                let interface = interfaces.get(&request.context_id).and_then(|uuid| stub::interface(*uuid));
                let Some(interface) = interface else { continue };
                if interface.operation(request.opnum).is_some() {
                    let operation = (interface, request.opnum);
                    open.entry(pdu.header.call_id).or_default().push_back(operation);
                    add_stub(operation, "request", pdu.header.order, request.stub, add);
                }
            }
            PduType::RESPONSE if single && pdu.trailer.is_none() => {
                let Ok(response) = pdu.response() else { continue };
                if let Some(operation) = open.get_mut(&pdu.header.call_id).and_then(VecDeque::pop_front) {
                    add_stub(operation, "response", pdu.header.order, response.stub, add);
                }
            }
            _ => {}
        }
    }
}

fn add_stub(
    (interface, opnum): Operation,
    kind: &str,
    order: ByteOrder,
    bytes: &[u8],
    add: &mut impl FnMut(&'static str, String, Vec<u8>),
) {
    if bytes.len() > MOST_STUB_BYTES {
        return;
    }
    let name = format!("{}-{:02}-{kind}", interface.name, opnum.0).to_lowercase();
    let flags = if order == ByteOrder::Big { 1 } else { 0 };
    let Ok(number) = u8::try_from(opnum.0) else { return };
    let mut seed = first_bytes(interface.uuid).to_vec();
    seed.extend([number, flags]);
    seed.extend(bytes);
    add("stub", name.clone(), seed);
    let mut objrefs = Objrefs::new(bytes, order).peekable();
    if objrefs.peek().is_some() {
        add("dcom", name.clone(), [&[flags], bytes].concat());
    }
    if let Some(object) = objrefs.find_map(|objref| objref.custom(Objref::WBEM_CLASS_OBJECT)) {
        add("wmi", name, object.to_vec());
    }
}

fn first_bytes(uuid: Uuid) -> [u8; 4] {
    let [a, b, c, d, ..] = *uuid.as_bytes();
    [a, b, c, d]
}

/// The PDUs in SMB messages, wherever they begin.
pub(crate) fn pdus_in(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut pdus = Vec::new();
    for message in messages {
        let starts = message.windows(2).enumerate().filter(|(_, window)| *window == [5, 0]);
        let pdu = starts.map(|(at, _)| &message[at..]).find_map(|bytes| {
            let header = Header::is_plausible(bytes)?;
            bytes.get(..usize::from(header.frag_length))
        });
        pdus.extend(pdu.map(<[u8]>::to_vec));
    }
    pdus
}

/// The tokens of the authentication that a connection's PDUs carry, as the body reads them, with a name.
pub(crate) fn tokens_of_pdus(messages: &[Message]) -> Option<(String, Vec<u8>)> {
    let tokens = |side| {
        let own = messages.iter().filter(|message| message.side == side).cloned().collect::<Vec<_>>();
        let mut tokens = Vec::new();
        for bytes in script::pdus(&own) {
            let Ok(Pdu { header, trailer: Some(trailer), .. }) = Pdu::parse(&bytes) else { continue };
            if !matches!(header.pdu_type, PduType::REQUEST | PduType::RESPONSE | PduType::FAULT) {
                tokens.push((trailer.auth_type.0, trailer.token.to_vec()));
            }
        }
        tokens
    };
    seed_of_tokens("pdu", &tokens(Side::Client), &tokens(Side::Server))
}

/// The tokens of the session setups of a connection of SMB 2 or 3, as the body reads them, with a name.
pub(crate) fn tokens_of_smb(messages: &[Vec<u8>]) -> Option<(String, Vec<u8>)> {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    for bytes in messages {
        for message in Compound::new(bytes, bytes.len()).flatten() {
            match message.body() {
                Ok(Body::SessionSetupRequest(setup)) => {
                    client.push((0, setup.security_buffer.bytes.to_vec()))
                }
                Ok(Body::SessionSetupResponse(setup)) => {
                    server.push((0, setup.security_buffer.bytes.to_vec()))
                }
                _ => {}
            }
        }
    }
    seed_of_tokens("smb", &client, &server)
}

/// A token with its authentication service.
type Token = (u8, Vec<u8>);

/// Tokens in turn: a byte with side and authentication service, two bytes length, the token. The name tells services,
/// number and whether the first one is Kerberos.
fn seed_of_tokens(carrier: &str, client: &[Token], server: &[Token]) -> Option<(String, Vec<u8>)> {
    let (auth_type, first) = client.first()?;
    let mut seed = Vec::new();
    for turn in 0..client.len().max(server.len()).min(MOST_TURNS) {
        for (side, token) in [(0, client.get(turn)), (0x80, server.get(turn))] {
            let Some((auth_type, bytes)) = token else { continue };
            seed.push(side | auth_type & 0x7f);
            seed.extend(u16::try_from(bytes.len()).ok()?.to_le_bytes());
            seed.extend(bytes);
        }
    }
    let is_kerberos = first.len() > 500;
    let kind = if is_kerberos { "-kerberos" } else { "" };
    let name = format!(
        "{carrier}-type-{auth_type:02}{kind}-{}-{}",
        client.len().min(MOST_TURNS),
        server.len().min(MOST_TURNS)
    );
    Some((name, seed))
}

/// Tokens of each side in one seed.
const MOST_TURNS: usize = 3;
