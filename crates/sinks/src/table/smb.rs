//! Lines of shares, pipes and files.

use super::{BAD, DIM, GOOD, Row, call, push_visible};
use crate::{Context, Detail};
use rpcscope_model::{EventHeader, FileAction, Pipe, Share, SmbAnswer, SmbFile, SmbMapping};

/// Appends the line of a file: by default when one is written to an administrative share, as what is run next is.
pub(super) fn file(file: &SmbFile, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    let is_administrative = file.share.path.as_ref().is_some_and(|path| path.ends_with('$'));
    if context.detail == Detail::Everything || file.action == FileAction::Write && is_administrative {
        let verb = match file.action {
            FileAction::Open => "opens ",
            FileAction::Write => "writes ",
            FileAction::Rename => "renames to ",
            FileAction::Delete => "deletes ",
            FileAction::Close => "closes ",
        };
        line(verb, &file.share, &file.name.string, file.answer, header, context, out);
    }
}

/// Appends the line of a pipe, by default when it was refused: its calls tell the others.
pub(super) fn pipe(pipe: &Pipe, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    if context.detail == Detail::Everything || is_refused(pipe.answer) {
        line("opens ", &pipe.share, &pipe.name.string, pipe.answer, header, context, out);
    }
}

/// Appends the line of a connection to a share, by default when it was refused.
pub(super) fn mapping(mapping: &SmbMapping, header: &EventHeader, context: &Context<'_>, out: &mut Vec<u8>) {
    if context.detail == Detail::Everything || is_refused(mapping.answer) {
        line("connects to ", &mapping.share, "", mapping.answer, header, context, out);
    }
}

fn is_refused(answer: Option<SmbAnswer>) -> bool {
    answer.is_some_and(|answer| answer.is_error())
}

fn line(
    verb: &str,
    share: &Share,
    name: &str,
    answer: Option<SmbAnswer>,
    header: &EventHeader,
    context: &Context<'_>,
    out: &mut Vec<u8>,
) {
    super::line(
        &Row {
            what: &|out| {
                out.extend_from_slice(verb.as_bytes());
                push_visible(out, share.path.as_deref().unwrap_or("?"));
                if !name.is_empty() {
                    if !name.starts_with('\\') {
                        out.push(b'\\');
                    }
                    push_visible(out, name);
                }
            },
            result: &|out| match answer {
                Some(answer) if answer.is_error() => call::push_status(out, "", answer.status, context),
                Some(_) => out.extend_from_slice(b"done"),
                None => out.push(b'-'),
            },
            result_style: match answer {
                Some(answer) if answer.is_error() => BAD,
                Some(_) => GOOD,
                None => DIM,
            },
            security: None,
            sealed: false,
            endpoint: None,
            request: Some(header.frame),
            reply: answer.map(|answer| answer.frame),
        },
        header,
        context,
        out,
    );
}
