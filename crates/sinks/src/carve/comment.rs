//! What stands beside the frames.

use crate::clock;
use crate::text::visible;
use rpcscope_model::{CarveEnd, CarveId, CarvedAlert};
use std::fmt::Write;

/// About the whole file.
pub(super) fn of_session(id: &CarveId) -> String {
    let CarveId { time, sid, client, server, flow_id } = id;
    let mut when = Vec::new();
    clock::push_seconds(&mut when, *time);
    let when = String::from_utf8_lossy(&when);
    format!("rpcscope: session {client} → {server}, flow {flow_id}, first alert [{sid}] at {when} UTC")
}

/// About the frame with which the event of an alert begins: `rpcscope: [4103022] title, client → server,
/// interface.operation, frame 51`, where frames have the numbers of the capture that they were carved from.
pub(super) fn of_alert(alert: &CarvedAlert) -> String {
    let CarvedAlert { rule, header, operation } = alert;
    let mut text =
        format!("rpcscope: [{}] {}, {} → {}", rule.sid, visible(&rule.title), header.client, header.server);
    if let Some((interface, opnum, procedure)) = operation {
        text.push_str(", ");
        match interface {
            Some(interface) => match interface.name {
                Some(name) => text.push_str(name),
                None => {
                    let _ = write!(text, "{}", interface.syntax.uuid);
                }
            },
            None => text.push('?'),
        }
        match (procedure, opnum) {
            (Some(procedure), _) => {
                let _ = write!(text, ".{procedure}");
            }
            (None, Some(opnum)) => {
                let _ = write!(text, " opnum {}", opnum.0);
            }
            (None, None) => {}
        }
    }
    let _ = write!(text, ", frame {}", header.frame.0);
    text
}

/// Why a file ends before its session does.
pub(super) const fn of_end(end: CarveEnd) -> Option<&'static str> {
    match end {
        CarveEnd::Over => None,
        CarveEnd::Full => {
            Some("rpcscope: the session goes on, but has had the bytes that one session may have")
        }
        CarveEnd::Evicted => Some("rpcscope: the session goes on, but too many sessions were carved at once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use rpcscope_model::{EventBody, Interface, Opnum, SyntaxId};

    #[test]
    fn an_alert_is_told_in_one_line() {
        let alerts = samples::alerts();
        let alert = alerts
            .iter()
            .filter(|alert| alert.rule.sid == 4_103_009)
            .find_map(|alert| {
                let EventBody::Call(call) = &alert.event.body else { return None };
                let operation = Some((call.interface, call.opnum, call.procedure));
                Some(CarvedAlert { rule: alert.rule.clone(), header: alert.event.header, operation })
            })
            .expect("a call");
        let text = of_alert(&alert);
        assert!(
            text.starts_with(
                "rpcscope: [4103009] RPC access denied in WMI session, 10.0.0.5:50123 → 10.0.0.9:"
            )
        );
        let unknown = Interface { syntax: SyntaxId::default(), name: None };
        let of = |operation| of_alert(&CarvedAlert { operation, ..alert.clone() });
        let frame = alert.header.frame.0;
        let end = |what: &str| format!("{what}, frame {frame}");
        let opnum = of(Some((Some(unknown), Some(Opnum(7)), None)));
        assert!(opnum.ends_with(&end(", 00000000-0000-0000-0000-000000000000 opnum 7")), "{opnum}");
        assert!(of(Some((None, None, None))).ends_with(&end(", ?")));
        assert!(!of(None).contains("opnum"));
    }
}
