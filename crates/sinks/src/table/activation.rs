//! The line of an activation: which class, and which interfaces of it.

use super::{BAD, GOOD, ODD, Row, call, push_visible};
use crate::Context;
use rpcscope_model::{Activation, EventHeader, Outcome};
use uuid::Uuid;

pub(super) fn line(activation: &Activation, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    let failed = activation.status.is_some_and(|status| status != 0);
    super::line(
        &Row {
            what: &|out| push_what(out, activation),
            result: &|out| match activation.status {
                Some(status) if failed => call::push_status(out, "", status, context),
                _ => out.extend_from_slice(activation.outcome.name().as_bytes()),
            },
            result_style: match activation.outcome {
                Outcome::Replied if !failed => GOOD,
                Outcome::Replied | Outcome::Faulted | Outcome::Rejected => BAD,
                Outcome::Cancelled | Outcome::Lost | Outcome::Unanswered | Outcome::Pending => ODD,
            },
            security: activation.security,
            sealed: activation.is_sealed(),
            endpoint: Some(&activation.endpoint),
            request: Some(header.frame),
            reply: activation.answered.map(|(_, frame)| frame),
        },
        header,
        context,
        out,
    );
}

fn push_what(out: &mut Vec<u8>, activation: &Activation) {
    out.extend_from_slice(b"activates ");
    if activation.class.is_some_and(|class| class.guess.is_some()) {
        out.push(b'~');
    }
    match &activation.class {
        Some(class) => match class.name {
            Some(name) => push_visible(out, name),
            None => {
                let mut buffer = Uuid::encode_buffer();
                out.extend_from_slice(class.uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
            }
        },
        None => out.push(b'?'),
    }
    for interface in activation.interfaces.iter().take(super::MOST_INTERFACES) {
        out.push(b' ');
        call::push_interface(out, Some(interface));
    }
}
