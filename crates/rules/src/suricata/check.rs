//! What can be told to be wrong only when the whole rule is known.

use super::body::Body;
use super::chain::Buffer;
use super::choice::Choice;
use super::header::{Header, Party, Protocol};
use super::line::{Critic, Part};
use super::mend::{Mend, apply};
use rpcscope_model::Side;

/// The ports of the two sides, as far as they could be read.
pub(super) struct Ports<'a> {
    pub(super) left: Option<&'a Choice>,
    pub(super) right: Option<&'a Choice>,
}

/// Says when `flow` names a sender that the header takes for the receiver.
pub(super) fn direction(
    header: &Header<'_>,
    ports: &Ports<'_>,
    body: &Body,
    critic: &mut Critic<'_>,
    mends: &mut Vec<Mend>,
) {
    let (Some(left), Some(right), Some((sender, at))) = (ports.left, ports.right, body.sender) else {
        return;
    };
    let server = match sender {
        Side::Client if is_server(left) && right.is_any() => "left",
        Side::Server if is_server(right) && left.is_any() => "right",
        _ => return,
    };
    if header.both_ways {
        return;
    }
    let rule = critic.line.part();
    let (one, other) = (span(header.left), span(header.right));
    // What is wrong with a side goes with it to the other one.
    mends.sort_by_key(|mend| mend.start);
    let text = |(start, end): (usize, usize)| {
        let own: Vec<Mend> =
            mends.iter().filter(|mend| start <= mend.start && mend.end <= end).cloned().collect();
        apply(rule.text.get(start..end).unwrap_or(""), start, &own)
    };
    let (left, right) = (text(one), text(other));
    let flow = match sender {
        Side::Client => "to_server",
        Side::Server => "to_client",
    };
    critic
        .error(Part { text: "", at }, format!("`{flow}`, but the server is on the {server} of the header"))
        .hint(format!("write `{right} -> {left}`"));
    mends.retain(|mend| {
        mend.end <= one.0 || mend.start >= one.1 && mend.end <= other.0 || mend.start >= other.1
    });
    mends.push(Mend { start: one.0, end: one.1, with: right });
    mends.push(Mend { start: other.0, end: other.1, with: left });
}

/// Says when nothing in a rule is about RPC or SMB, or it looks for nothing.
pub(super) fn subject(
    header: &Header<'_>,
    ports: &Ports<'_>,
    body: &Body,
    rule: Part<'_>,
    critic: &mut Critic<'_>,
) {
    if let Some(place) = body.chains.open_end() {
        critic
            .findings
            .error(place, "a buffer in which nothing is looked for")
            .hint("`content` or `pcre` follows the name of a buffer");
        return;
    }
    let other = body.chains.list.iter().find(|chain| !matches!(chain.buffer, Buffer::Tree(_)));
    if body.is_of_trees() {
        if body.is_of_calls() || other.is_some() {
            let cause = "a tree connect has neither an interface nor an operation nor a PDU";
            critic.error(rule, cause).hint("write a rule for each, and join them by `flowbits`");
        } else if let Some((Side::Server, at)) = body.sender {
            critic
                .error(Part { text: "", at }, "only clients name shares and pipes")
                .hint("write `to_server`");
        }
        return;
    }
    let chains = || body.chains.list.iter().filter(|chain| !chain.steps.is_empty());
    let names_call = !body.interfaces.is_empty() || !body.opnums.is_empty();
    let is_ours = names_call
        || body.is_of_service
        || chains().any(|chain| !matches!(chain.buffer, Buffer::Pdu(_)))
        || matches!(header.protocol, Protocol::Smb | Protocol::Dcerpc);
    let looks = names_call || chains().next().is_some() || !body.conditions.is_empty();
    if !is_ours && !looks {
        critic.error(rule, "nothing in the rule has to do with RPC or SMB");
        return;
    }
    let of_smb = chains().find(|chain| {
        let is_pdu = matches!(chain.buffer, Buffer::Pdu(_));
        is_pdu && chain.steps.iter().any(|step| step.literal().is_some_and(is_smb))
    });
    if let Some(chain) = of_smb {
        critic
            .findings
            .error(chain.place, "a header of SMB: messages of SMB are not kept, PDUs of RPC are without them")
            .hint("`smb.share`, `dcerpc.iface` and `dcerpc.opnum` tell what it carries");
        return;
    }
    let foreign = [(ports.left, header.left), (ports.right, header.right)]
        .into_iter()
        .find(|(choice, _)| choice.is_some_and(is_foreign));
    if let Some((_, party)) = foreign.filter(|_| !is_ours) {
        critic.error(party.port, format!("port `{}` has nothing to do with RPC or SMB", party.port.text));
    } else if !looks {
        critic.warning(rule, "nothing is looked for: the rule holds for every message");
    }
}

/// From the first byte of a side to the one after its last.
fn span(party: Party<'_>) -> (usize, usize) {
    (party.address.at, party.port.end())
}

/// Whether a content is of the header of a message of SMB 1, 2 or 3.
fn is_smb(content: &[u8]) -> bool {
    content.windows(4).any(|bytes| matches!(bytes, [0xfc..=0xff, b'S', b'M', b'B']))
}

/// Whether only servers have such ports.
fn is_server(ports: &Choice) -> bool {
    let listed = ports.ports();
    listed.is_some_and(|ports| !ports.is_empty() && ports.iter().all(|(_, high)| *high < FIRST_UNPRIVILEGED))
}

/// Whether no endpoint of RPC or SMB has such ports.
fn is_foreign(ports: &Choice) -> bool {
    let ours = |(low, high): &(u16, u16)| OUR_PORTS.iter().any(|port| (low..=high).contains(&port));
    is_server(ports) && ports.ports().is_some_and(|ports| !ports.iter().any(ours))
}

/// Clients use ports from here on.
const FIRST_UNPRIVILEGED: u16 = 1024;
/// Ports below [`FIRST_UNPRIVILEGED`] on which RPC or SMB are found: endpoint mapper, SMB, and RPC over HTTP.
const OUR_PORTS: [u16; 6] = [80, 135, 139, 443, 445, 593];
