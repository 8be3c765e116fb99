//! The line of a call.

use super::layout::Layout;
use super::{BAD, GOOD, ODD, Row, push_name_or};
use crate::{Context, decimal};
use rpcscope_model::{Call, EventHeader, Interface, Outcome, Reply};
use uuid::Uuid;

fn line_style(outcome: Outcome) -> anstyle::Style {
    match outcome {
        Outcome::Replied => GOOD,
        Outcome::Faulted | Outcome::Rejected => BAD,
        Outcome::Cancelled | Outcome::Lost | Outcome::Unanswered | Outcome::Pending => ODD,
    }
}

pub(super) fn line(call: &Call, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    super::line(
        &Row {
            what: &|out| {
                if is_inferred(call) {
                    out.push(b'~');
                }
                push_interface(out, call.interface.as_ref());
                push_procedure(out, call);
            },
            result: &|out| match call.reply {
                Some((Reply::Fault(status), _)) => push_status(out, "fault ", status, context),
                Some((Reply::Reject(status), _)) => push_status(out, "reject ", status, context),
                _ => out.extend_from_slice(call.outcome.name().as_bytes()),
            },
            result_style: line_style(call.outcome),
            security: call.security,
            sealed: call.sealed,
            endpoint: Some(&call.endpoint),
            request: call.request.map(|part| part.frame),
            reply: call.reply.map(|(_, part)| part.frame),
        },
        header,
        context,
        out,
    );
}

/// Whether the interface is known without having seen a bind of it accepted.
pub(crate) fn is_inferred(call: &Call) -> bool {
    call.interface.is_some() && (call.assumed || call.learned.is_inferred())
}

/// Appends the name of an interface, or the first eight digits of its UUID.
pub(super) fn push_interface(out: &mut Vec<u8>, interface: Option<&Interface>) {
    let Some(interface) = interface else {
        return out.push(b'?');
    };
    push_name_or(out, interface.name, |out| {
        let mut buffer = Uuid::encode_buffer();
        let digits = interface.syntax.uuid.hyphenated().encode_lower(&mut buffer).as_bytes();
        out.extend_from_slice(digits.get(..8).unwrap_or(digits));
        out.extend_from_slice("…".as_bytes());
    });
}

fn push_procedure(out: &mut Vec<u8>, call: &Call) {
    match (call.procedure, call.opnum) {
        (Some(procedure), _) => {
            out.push(b'.');
            out.extend_from_slice(procedure.as_bytes());
        }
        (None, Some(opnum)) => {
            out.extend_from_slice(b" opnum ");
            decimal::push(out, opnum.0.into());
        }
        (None, None) => out.extend_from_slice(b" request lost"),
    }
}

/// Appends the name of a status, or `kind` and its number.
pub(super) fn push_status(out: &mut Vec<u8>, kind: &str, status: u32, context: &Context<'_>) {
    let layout = Layout::new(context);
    let name = rpcscope_catalog::status_name(status).map(|name| layout.status_name(name));
    push_name_or(out, name, |out| {
        // A number that has lost its middle says nothing; the colour tells that it is a fault.
        if layout.result >= kind.len() + "0x00000000".len() {
            out.extend_from_slice(kind.as_bytes());
        }
        decimal::push_hex(out, status);
    });
}
