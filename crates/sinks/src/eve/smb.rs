//! Shares, and what is done with the files and pipes in them.
//!
//! The `smb` object has Suricata's names, and nothing else; all that Suricata does not say is in `rpcscope`.

use super::{Memo, auth};
use crate::json::{Json, Key, key};
use rpcscope_model::{
    EventHeader, FileTimes, Identity, Pipe, Share, ShareType, SmbAnswer, SmbFile, SmbMapping, Timestamp,
    Transport,
};
use std::sync::Arc;

/// Writes what was done to a file.
pub(super) fn file(json: &mut Json<'_>, file: &SmbFile, header: &EventHeader, memo: &mut Memo) {
    json.open(key!("smb"));
    ids(json, &file.share);
    status(json, file.answer.as_ref());
    share(json, &file.share);
    if let Some(previous) = &file.previous_name {
        json.open(key!("rename"));
        json.string(key!("from"), &previous.string);
        json.string(key!("to"), &file.name.string);
        json.close();
    } else {
        let is_directory = file.is_directory == Some(true);
        json.string(if is_directory { key!("directory") } else { key!("filename") }, &file.name.string);
    }
    if let Some(disposition) = file.disposition {
        json.plain(key!("disposition"), disposition.name().unwrap_or("UNKNOWN"));
        json.plain(key!("access"), if file.delete_on_close { "delete on close" } else { "normal" });
    }
    times(json, &file.times);
    if let Some(size) = file.size {
        json.number(key!("size"), size);
    }
    json.close();
    json.open(key!("rpcscope"));
    version(json, header);
    json.plain(key!("action"), file.action.name());
    if let Some(access) = file.access {
        json.display(key!("access_mask"), format_args!("{access:#010x}"));
    }
    if let Some(created) = file.created {
        json.name_or_number(key!("create_action"), created.name(), created.0.into());
    }
    if file.bytes_read > 0 {
        json.number(key!("bytes_read"), file.bytes_read);
    }
    if file.bytes_written > 0 {
        json.number(key!("bytes_written"), file.bytes_written);
    }
    if file.name.cut || file.previous_name.as_ref().is_some_and(|name| name.cut) {
        json.boolean(key!("name_cut"), true);
    }
    end(json, file.identity.as_ref(), header, file.answer.as_ref(), memo);
}

/// Writes a pipe that was opened or refused.
pub(super) fn pipe(json: &mut Json<'_>, pipe: &Pipe, header: &EventHeader, memo: &mut Memo) {
    json.open(key!("smb"));
    ids(json, &pipe.share);
    status(json, pipe.answer.as_ref());
    share(json, &pipe.share);
    json.string(key!("filename"), &pipe.name.string);
    json.close();
    json.open(key!("rpcscope"));
    version(json, header);
    json.string(key!("endpoint"), &pipe.endpoint);
    json.display(key!("access_mask"), format_args!("{:#010x}", pipe.access));
    end(json, pipe.identity.as_ref(), header, pipe.answer.as_ref(), memo);
}

/// Writes a connection to a share.
pub(super) fn mapping(json: &mut Json<'_>, mapping: &SmbMapping, header: &EventHeader, memo: &mut Memo) {
    json.open(key!("smb"));
    ids(json, &mapping.share);
    status(json, mapping.answer.as_ref());
    share(json, &mapping.share);
    if let Some(service) = &mapping.service {
        json.open(key!("service"));
        json.string(key!("response"), &service.string);
        json.close();
    }
    json.close();
    json.open(key!("rpcscope"));
    version(json, header);
    if let Some(file_system) = &mapping.native_file_system {
        json.string(key!("native_file_system"), &file_system.string);
    }
    end(json, mapping.identity.as_ref(), header, mapping.answer.as_ref(), memo);
}

fn ids(json: &mut Json<'_>, share: &Share) {
    json.number(key!("session_id"), share.session_id);
    if let Some(tree) = share.tree_id {
        json.number(key!("tree_id"), tree);
    }
}

fn status(json: &mut Json<'_>, answer: Option<&SmbAnswer>) {
    let Some(SmbAnswer { status, .. }) = answer else { return };
    match (status, rpcscope_catalog::status_name(*status)) {
        // The catalogue knows zero as the success of all systems.
        (0, _) => json.plain(key!("status"), "STATUS_SUCCESS"),
        (_, Some(name)) => json.string(key!("status"), name),
        (_, None) => json.plain(key!("status"), "UNKNOWN"),
    }
    json.display(key!("status_code"), format_args!("{status:#x}"));
}

/// Suricata calls the share of pipes `named_pipe`.
fn share(json: &mut Json<'_>, share: &Share) {
    let is_pipe = share.share_type == Some(ShareType::Pipe);
    if let Some(path) = &share.path {
        json.string(if is_pipe { key!("named_pipe") } else { key!("share") }, path);
    }
    if let Some(share_type) = share.share_type {
        json.plain(
            key!("share_type"),
            match share_type {
                ShareType::Disk => "FILE",
                ShareType::Pipe => "PIPE",
                ShareType::Print => "PRINT",
                ShareType::Other => "UNKNOWN",
            },
        );
    }
}

/// Times are seconds since 1970.
fn times(json: &mut Json<'_>, times: &FileTimes) {
    let mut time = |key: Key, time: Option<Timestamp>| {
        if let Some(seconds) = time.and_then(|time| u64::try_from(time.seconds()).ok()) {
            json.number(key, seconds);
        }
    };
    time(key!("created"), times.created);
    time(key!("accessed"), times.accessed);
    time(key!("modified"), times.modified);
    time(key!("changed"), times.changed);
}

fn version(json: &mut Json<'_>, header: &EventHeader) {
    json.number(key!("smb_version"), if header.transport == Transport::NcacnNpSmb1 { 1_u8 } else { 2 });
}

/// Writes who did it, and how long the answer took; ends the object.
fn end(
    json: &mut Json<'_>,
    identity: Option<&Arc<Identity>>,
    header: &EventHeader,
    answer: Option<&SmbAnswer>,
    memo: &mut Memo,
) {
    auth(json, None, identity, &mut memo.identities);
    let answered = answer.map(|answer| (answer.time, answer.frame));
    super::answer_time(json, Some((header.time, header.frame)), answered);
    json.close();
}
