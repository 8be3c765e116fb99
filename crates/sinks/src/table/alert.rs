//! The line of an alert: how bad it is, and what was found.

use super::layout::Layout;
use super::{BAD, BOLD, DIM, Memo, ODD, PLAIN, ends, push_frames, push_visible};
use crate::Context;
use crate::text::{painted, push_display};
use anstyle::Style;
use rpcscope_model::{Alert, EventBody, Signature};

/// Appends the line of an alert. Its title is not cut: it is what there is to say.
pub(crate) fn alert(alert: &Alert, context: &Context<'_>, _memo: &mut Memo, out: &mut Vec<u8>) {
    let (rule, header, colour) = (&alert.rule, &alert.event.header, context.colour);
    ends(header, endpoint(&alert.event.body), &Layout::new(context), context, out);
    painted(out, style(rule), colour, |out| {
        out.extend_from_slice("▶ ".as_bytes());
        out.extend_from_slice(level(rule).as_bytes());
    });
    painted(out, PLAIN, colour, |out| {
        out.push(b' ');
        push_visible(out, &rule.title);
    });
    painted(out, DIM, colour, |out| {
        if let Some(correlated) = &alert.correlated {
            push_display(out, format_args!(" · {} times", correlated.count));
            for (name, value) in &correlated.group {
                out.push(b' ');
                push_visible(out, name);
                out.push(b'=');
                push_visible(out, value);
            }
        }
        out.extend_from_slice(" · frame ".as_bytes());
        push_frames(out, Some(header.frame), None);
    });
    out.push(b'\n');
}

fn endpoint(body: &EventBody) -> Option<&str> {
    match body {
        EventBody::Call(call) => Some(&call.endpoint),
        EventBody::Bind(bind) => Some(&bind.endpoint),
        EventBody::Activation(activation) => Some(&activation.endpoint),
        EventBody::Wmi(wmi) => Some(&wmi.endpoint),
        EventBody::Authentication(authentication) => authentication.endpoint.as_deref(),
        EventBody::EndpointMap(_)
        | EventBody::SmbMapping(_)
        | EventBody::Pipe(_)
        | EventBody::SmbFile(_)
        | EventBody::Anomaly(_) => None,
    }
}

/// How bad it is: the level of a rule, else the word for its severity.
pub(crate) const fn level(rule: &Signature) -> &'static str {
    match (rule.level, rule.severity) {
        (Some(level), _) => level,
        (None, 0 | 1) => "high",
        (None, 2) => "medium",
        (None, 3) => "low",
        (None, _) => "informational",
    }
}

/// The colour of what is as bad as this.
const fn style(rule: &Signature) -> Style {
    match rule.severity {
        0 | 1 => BAD,
        2 => ODD,
        _ => BOLD,
    }
}
