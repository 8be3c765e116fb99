//! One line per event for a terminal, and one below it for the arguments of a call, in columns whose widths depend on
//! nothing but the width of the terminal.
//!
//! A call whose interface is known without having seen a bind accepted is marked with `~`, and so is a class that is
//! guessed.

mod activation;
mod alert;
mod arguments;
mod call;
mod identity;
mod layout;
mod smb;

use crate::text::{cell, cell_right, painted, push_display, push_visible};
use crate::{Clock, Context, Detail, address, clock, decimal};
use anstyle::{AnsiColor, Style};
use layout::Layout;
use rpcscope_model::{
    AnomalyKind, AuthLevel, Bind, BindResult, Event, EventBody, EventHeader, FrameNumber, Health, Security,
    Stats, Timestamp, Transport,
};
use std::net::IpAddr;

pub(crate) use alert::{alert, level};
pub(crate) use call::is_inferred;

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Presentation contexts of a bind whose interfaces are named. More would not fit in a line, and a hostile bind offers
/// hundreds.
const MOST_INTERFACES: usize = 16;

/// What stands in the columns that differ from kind to kind of event.
struct Row<'a> {
    /// Interface and procedure, or what the event is.
    what: &'a dyn Fn(&mut Vec<u8>),
    /// How it ended.
    result: &'a dyn Fn(&mut Vec<u8>),
    result_style: Style,
    security: Option<Security>,
    sealed: bool,
    endpoint: Option<&'a str>,
    request: Option<FrameNumber>,
    reply: Option<FrameNumber>,
}

/// Appends the header line.
pub(crate) fn begin(context: &Context<'_>, out: &mut Vec<u8>) {
    let layout = Layout::new(context);
    let title = |out: &mut Vec<u8>, width: usize, text: &str| {
        cell(out, width, BOLD, context.colour, |out| out.extend_from_slice(text.as_bytes()));
    };
    let time = match context.clock {
        Clock::Utc => "TIME UTC",
        Clock::Since(_) => "      TIME",
    };
    title(out, layout.time, time);
    out.push(b' ');
    title(out, layout.client, "CLIENT");
    out.extend_from_slice("   ".as_bytes());
    title(out, layout.server, "SERVER");
    out.push(b' ');
    title(out, layout.what, "CALL");
    out.push(b' ');
    title(out, layout.result, "RESULT");
    out.push(b' ');
    title(out, layout.auth, "AUTH");
    out.push(b' ');
    title(out, "FRAMES".len(), "FRAMES");
    out.push(b'\n');
}

/// Lines for people are few: nothing is remembered.
pub(crate) type Memo = ();

/// Appends the line of an event, if it is shown.
pub(crate) fn event(event: &Event, context: &Context<'_>, _memo: &mut Memo, out: &mut Vec<u8>) {
    let header = &event.header;
    match &event.body {
        EventBody::Call(call) => {
            call::line(call, header, context, out);
            if let Some(decoded) = &call.arguments {
                arguments::line(decoded, context, out);
            }
        }
        EventBody::Bind(bind) => {
            if context.detail == Detail::Everything || refused(bind) {
                bind_line(bind, header, context, out);
            }
        }
        EventBody::Authentication(authentication) => identity::line(authentication, header, context, out),
        EventBody::Activation(activation) => activation::line(activation, header, context, out),
        // The line of its call tells it.
        EventBody::Wmi(_) | EventBody::EndpointMap(_) => {}
        EventBody::SmbMapping(mapping) => smb::mapping(mapping, header, context, out),
        EventBody::Pipe(pipe) => smb::pipe(pipe, header, context, out),
        EventBody::SmbFile(file) => smb::file(file, header, context, out),
        EventBody::Anomaly(anomaly)
            if context.detail == Detail::Calls && is_told_by_its_call(anomaly.kind) => {}
        EventBody::Anomaly(anomaly) => line(
            &Row {
                what: &|out| {
                    out.extend_from_slice(b"! ");
                    out.extend_from_slice(anomaly.kind.name().as_bytes());
                },
                result: &|out| match (anomaly.error, anomaly.bytes) {
                    (Some(error), _) => push_display(out, error.layer),
                    (None, Some(bytes)) => {
                        decimal::push(out, bytes);
                        out.extend_from_slice(b" bytes");
                    }
                    (None, None) => out.push(b'-'),
                },
                result_style: ODD,
                security: None,
                sealed: false,
                endpoint: None,
                request: Some(header.frame),
                reply: None,
            },
            header,
            context,
            out,
        ),
    }
}

/// A table has nothing after the last event; a summary may follow.
pub(crate) fn end(_stats: &Stats, _now: Timestamp, _context: &Context<'_>, _out: &mut Vec<u8>) {}

/// The counters of a sensor are no line of the table.
pub(crate) fn health(
    _stats: &Stats,
    _health: &Health,
    _now: Timestamp,
    _context: &Context<'_>,
    _out: &mut Vec<u8>,
) {
}

/// Whether the line of the call that an anomaly belongs to says the same: its interface is not known.
const fn is_told_by_its_call(kind: AnomalyKind) -> bool {
    matches!(kind, AnomalyKind::ContextUnknown | AnomalyKind::ContextRejected)
}

/// Whether the server accepted nothing of what was offered.
fn refused(bind: &Bind) -> bool {
    match bind.result {
        BindResult::Rejected { .. } | BindResult::Faulted(_) => true,
        BindResult::Acknowledged { .. } => {
            bind.contexts.iter().any(|context| context.answer.is_some())
                && !bind.contexts.iter().any(|context| matches!(context.answer, None | Some((0, _))))
        }
        BindResult::Unanswered => false,
    }
}

fn bind_line(bind: &Bind, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    let accepted = bind.contexts.iter().filter(|context| matches!(context.answer, Some((0, _)))).count();
    line(
        &Row {
            what: &|out| {
                out.extend_from_slice(bind.kind.name().as_bytes());
                // The same interface is usually offered once per transfer syntax.
                let mut last = None;
                for offered in bind.contexts.iter().take(MOST_INTERFACES) {
                    if last.replace(offered.interface.syntax) != Some(offered.interface.syntax) {
                        out.push(b' ');
                        call::push_interface(out, Some(&offered.interface));
                    }
                }
            },
            result: &|out| match &bind.result {
                BindResult::Acknowledged { .. } if refused(bind) => {
                    let reason = bind.contexts.iter().find_map(|context| context.answer);
                    push_refusal(out, reason);
                }
                BindResult::Acknowledged { .. } => {
                    out.extend_from_slice(b"accepted ");
                    decimal::push(out, accepted as u64);
                    out.extend_from_slice(b" of ");
                    decimal::push(out, bind.contexts.len() as u64);
                }
                BindResult::Rejected { reason, .. } => {
                    push_name_or(out, rpcscope_catalog::reject_reason_name(*reason), |out| {
                        out.extend_from_slice(b"bind_nak ");
                        decimal::push(out, (*reason).into());
                    });
                }
                BindResult::Faulted(status) => call::push_status(out, "fault ", *status, context),
                BindResult::Unanswered => out.extend_from_slice(b"unanswered"),
            },
            result_style: if refused(bind) { BAD } else { DIM },
            security: bind.security,
            sealed: false,
            endpoint: Some(&bind.endpoint),
            request: Some(header.frame),
            reply: bind.answered.map(|(_, frame)| frame),
        },
        header,
        context,
        out,
    );
}

fn push_refusal(out: &mut Vec<u8>, answer: Option<(u16, u16)>) {
    let (result, reason) = answer.unwrap_or_default();
    let name =
        rpcscope_catalog::provider_reason_name(reason).or_else(|| rpcscope_catalog::result_name(result));
    push_name_or(out, name, |out| {
        out.extend_from_slice(b"refused ");
        decimal::push(out, result.into());
        out.push(b'/');
        decimal::push(out, reason.into());
    });
}

fn push_name_or(out: &mut Vec<u8>, name: Option<&'static str>, number: impl FnOnce(&mut Vec<u8>)) {
    match name {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => number(out),
    }
}

/// Appends one line.
fn line(row: &Row<'_>, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    let layout = Layout::new(context);
    let colour = context.colour;
    ends(header, row.endpoint, &layout, context, out);
    cell(out, layout.what, BOLD, colour, row.what);
    out.push(b' ');
    cell(out, layout.result, row.result_style, colour, row.result);
    out.push(b' ');
    cell(out, layout.auth, DIM, colour, |out| push_auth(out, row, &layout));
    out.push(b' ');
    painted(out, DIM, colour, |out| push_frames(out, row.request, row.reply));
    out.push(b'\n');
}

/// Appends the columns that all lines have: when, who and whom.
fn ends(
    header: &EventHeader,
    endpoint: Option<&str>,
    layout: &Layout,
    context: &Context<'_>,
    out: &mut Vec<u8>,
) {
    let colour = context.colour;
    match context.clock {
        Clock::Utc => cell(out, layout.time, DIM, colour, |out| {
            if layout.shows_date {
                clock::push_date(out, header.time);
                out.push(b' ');
            }
            clock::push_time_of_day(out, header.time);
        }),
        Clock::Since(start) => {
            painted(out, DIM, colour, |out| {
                cell_right(out, layout.time, |out| clock::push_since(out, start, header.time));
            });
        }
    }
    out.push(b' ');
    cell(out, layout.client, PLAIN, colour, |out| address::push(out, header.client.address));
    out.extend_from_slice(" → ".as_bytes());
    cell(out, layout.server, PLAIN, colour, |out| push_server(out, header, endpoint));
    out.push(b' ');
}

/// Appends address and port, or address and pipe.
fn push_server(out: &mut Vec<u8>, header: &EventHeader, endpoint: Option<&str>) {
    let over_pipe = matches!(header.transport, Transport::NcacnNpSmb1 | Transport::NcacnNpSmb2);
    match endpoint.filter(|_| over_pipe) {
        Some(pipe) => {
            address::push(out, header.server.address);
            out.push(b' ');
            push_visible(out, without_pipe_root(pipe));
        }
        None => {
            let brackets = matches!(header.server.address.to_ip(), IpAddr::V6(_));
            if brackets {
                out.push(b'[');
            }
            address::push(out, header.server.address);
            if brackets {
                out.push(b']');
            }
            out.push(b':');
            decimal::push(out, header.server.port.into());
        }
    }
}

/// `\svcctl` for `\pipe\svcctl`.
fn without_pipe_root(pipe: &str) -> &str {
    const ROOT: &str = "\\pipe";
    match pipe.split_at_checked(ROOT.len()) {
        Some((root, name)) if root.eq_ignore_ascii_case(ROOT) && name.starts_with('\\') => name,
        _ => pipe,
    }
}

/// Appends how the call is protected, and by what where there is room.
fn push_auth(out: &mut Vec<u8>, row: &Row<'_>, layout: &Layout) {
    let Some(security) = row.security else {
        out.extend_from_slice(if row.sealed { b"sealed" } else { b"-" });
        return;
    };
    match security.level {
        _ if row.sealed => out.extend_from_slice(b"sealed"),
        AuthLevel::PKT_PRIVACY => out.extend_from_slice(b"privacy"),
        AuthLevel::PKT_INTEGRITY => out.extend_from_slice(b"signed"),
        level => push_name_or(out, level.name(), |out| {
            out.extend_from_slice(b"level ");
            decimal::push(out, level.0.into());
        }),
    }
    if layout.names_auth_type {
        out.push(b' ');
        push_name_or(out, security.auth_type.name(), |out| {
            out.extend_from_slice(b"type ");
            decimal::push(out, security.auth_type.0.into());
        });
    }
}

/// Appends the frames of request and reply: `51-53`, `51` without a reply, `-53` without a request.
fn push_frames(out: &mut Vec<u8>, request: Option<FrameNumber>, reply: Option<FrameNumber>) {
    if let Some(frame) = request {
        decimal::push(out, frame.0);
    }
    if let Some(frame) = reply {
        out.push(b'-');
        decimal::push(out, frame.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Colour, samples};
    use proptest::prelude::*;

    fn table(events: &[Event], context: &Context<'_>) -> String {
        let mut out = Vec::new();
        begin(context, &mut out);
        for one in events {
            event(one, context, &mut (), &mut out);
        }
        String::from_utf8(out).expect("UTF-8")
    }

    fn context(columns: u16) -> Context<'static> {
        Context { columns, clock: Clock::Since(samples::START), ..samples::context() }
    }

    #[test]
    fn a_narrow_terminal_shows_every_column() {
        insta::assert_snapshot!(table(&samples::all(), &context(100)));
    }

    #[test]
    fn alerts_show_their_whole_title() {
        let mut out = Vec::new();
        for alert in samples::alerts().iter().step_by(3) {
            super::alert(alert, &context(100), &mut (), &mut out);
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("UTF-8"));
    }

    #[test]
    fn a_usual_terminal_shows_calls_and_refused_binds() {
        insta::assert_snapshot!(table(&samples::all(), &context(120)));
    }

    #[test]
    fn a_wide_terminal_shows_everything_when_asked() {
        let context = Context { detail: Detail::Everything, clock: Clock::Utc, ..context(160) };
        insta::assert_snapshot!(table(&samples::all(), &context));
    }

    #[test]
    fn colours_are_used_only_when_told() {
        let coloured = Context { colour: Colour::Ansi, ..context(120) };
        let text = table(&samples::all(), &coloured);
        assert!(text.contains("\u{1b}[31m"));
        let mut stripped = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').expect("the end of a sequence").1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, table(&samples::all(), &context(120)));
    }

    #[test]
    fn the_root_of_a_pipe_is_left_out() {
        assert_eq!(without_pipe_root("\\PIPE\\svcctl"), "\\svcctl");
        assert_eq!(without_pipe_root("\\pipes"), "\\pipes");
        assert_eq!(without_pipe_root("\\piß\\x"), "\\piß\\x");
    }

    proptest! {
        #[test]
        fn every_event_is_one_line_and_perhaps_one_of_arguments(
            event in samples::any_event(),
            columns in 0u16..200,
        ) {
            let context = Context { detail: Detail::Everything, ..context(columns) };
            let text = table(std::slice::from_ref(&event), &context);
            let mut lines = text.lines().skip(2);
            let arguments = lines.next();
            prop_assert_eq!(lines.next(), None);
            if let Some(arguments) = arguments {
                let has_arguments = matches!(event.body, EventBody::Call(call) if call.arguments.is_some());
                prop_assert!(has_arguments && arguments.chars().count() <= usize::from(columns).max(1));
            }
            prop_assert!(!text.replace('\n', "").chars().any(char::is_control));
        }
    }
}
