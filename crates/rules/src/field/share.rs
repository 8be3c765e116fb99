//! The values of fields of shares, and of the pipes and files in them.

use super::FieldId;
use super::event::{identity, number, status};
use super::registry::zeek_action;
use crate::value::{FieldValue, FieldValues};
use rpcscope_catalog::normalize_pipe;
use rpcscope_model::{Identity, Pipe, Share, SmbAnswer, SmbFile, SmbMapping, Text};
use std::sync::Arc;

/// Adds the values of a field of a file.
pub(super) fn file<'a>(file: &'a SmbFile, id: FieldId, values: &mut FieldValues<'a>) {
    let times = &file.times;
    match id {
        FieldId::FileAction => values.push(FieldValue::text(file.action.name())),
        FieldId::ZeekAction => values.push(FieldValue::text(zeek_action(Some(file.action)))),
        FieldId::FileName => name(&file.name, values),
        FieldId::PreviousName => file.previous_name.iter().for_each(|previous| name(previous, values)),
        FieldId::FileSize => values.extend(file.size.map(number)),
        FieldId::FileCreated => values.extend(times.created.map(FieldValue::Time)),
        FieldId::FileAccessed => values.extend(times.accessed.map(FieldValue::Time)),
        FieldId::FileModified => values.extend(times.modified.map(FieldValue::Time)),
        FieldId::FileChanged => values.extend(times.changed.map(FieldValue::Time)),
        FieldId::AccessMask => values.extend(file.access.map(number)),
        FieldId::Disposition => {
            values.extend(file.disposition.and_then(|disposition| disposition.name()).map(FieldValue::text));
        }
        FieldId::CreateAction => {
            values.extend(file.created.and_then(|created| created.name()).map(FieldValue::text));
        }
        FieldId::IsDirectory => values.extend(file.is_directory.map(FieldValue::Flag)),
        FieldId::DeleteOnClose => values.push(FieldValue::Flag(file.delete_on_close)),
        FieldId::BytesRead => values.push(number(file.bytes_read)),
        FieldId::BytesWritten => values.push(number(file.bytes_written)),
        _ => common(&file.share, file.answer.as_ref(), file.identity.as_ref(), id, values),
    }
}

/// Adds the values of a field of a pipe.
pub(super) fn pipe<'a>(pipe: &'a Pipe, id: FieldId, values: &mut FieldValues<'a>) {
    match id {
        FieldId::Endpoint => values.push(FieldValue::text(&*pipe.endpoint)),
        FieldId::Pipe => values.push(FieldValue::text(normalize_pipe(&pipe.endpoint))),
        FieldId::ZeekAction => values.push(FieldValue::text(zeek_action(None))),
        FieldId::FileName => name(&pipe.name, values),
        FieldId::AccessMask => values.push(number(pipe.access)),
        _ => common(&pipe.share, pipe.answer.as_ref(), pipe.identity.as_ref(), id, values),
    }
}

/// Adds the values of a field of a connection to a share.
pub(super) fn mapping<'a>(mapping: &'a SmbMapping, id: FieldId, values: &mut FieldValues<'a>) {
    let text = |text: &'a Option<Text>| text.as_ref().map(|text| FieldValue::text(text.string.as_str()));
    match id {
        FieldId::ShareService => values.extend(text(&mapping.service)),
        FieldId::NativeFileSystem => values.extend(text(&mapping.native_file_system)),
        _ => common(&mapping.share, mapping.answer.as_ref(), mapping.identity.as_ref(), id, values),
    }
}

fn common<'a>(
    share: &'a Share,
    answer: Option<&'a SmbAnswer>,
    who: Option<&'a Arc<Identity>>,
    id: FieldId,
    values: &mut FieldValues<'a>,
) {
    match id {
        FieldId::SessionId => values.push(number(share.session_id)),
        FieldId::TreeId => values.extend(share.tree_id.map(number)),
        FieldId::Share => values.extend(share.path.as_deref().map(FieldValue::text)),
        FieldId::ShareType => values.extend(share.share_type.map(|kind| FieldValue::text(kind.name()))),
        FieldId::Fault => answer.iter().for_each(|answer| status(answer.status, values)),
        _ => who.iter().for_each(|who| identity(who, id, values)),
    }
}

/// A name: clients of SMB 1 begin it with a backslash, those of later versions do not. Zeek has a word for the top
/// directory, whose name is empty.
fn name<'a>(name: &'a Text, values: &mut FieldValues<'a>) {
    let whole = name.string.as_str();
    let bare = whole.trim_start_matches('\\');
    values.push(FieldValue::text(bare));
    if bare.len() < whole.len() {
        values.push(FieldValue::text(whole));
    }
    if bare.is_empty() {
        values.push(FieldValue::text("<share_root>"));
    }
}
