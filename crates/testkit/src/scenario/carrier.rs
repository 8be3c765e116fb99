//! What carries an association: SMB, HTTP, and the endpoints that are usual.

use super::bind::Missing;
use super::connection::Carrier;
use super::error::ScenarioError;
use super::fields::{Fields, Parsed, choice, truth};
use super::names::Named;
use super::network::between;
use super::text::{limited, user};
use crate::transport::{
    HttpV1, HttpV2, PipeStyle, Smb1, Smb2, SmbAuthentication, SmbFraming, SmbProtection, SmbStart,
};
use rpcscope_text::{Node, Value};

/// The pipe that is named, or the one that serves the interface.
pub(super) fn pipe(fields: &Fields<'_>, interface: Option<Named>) -> Parsed<String> {
    if let Some(node) = fields.optional("pipe") {
        let name = rpcscope_catalog::normalize_pipe(limited(node)?);
        return Ok(name.to_owned());
    }
    let known = interface.and_then(|interface| interface.known).map_or(&[][..], |known| known.pipes);
    // Of several, the pipe that bears the interface's name is meant.
    let name =
        interface.and_then(|interface| interface.known).and_then(|known| known.name).unwrap_or_default();
    let own = known.iter().find(|pipe| pipe.eq_ignore_ascii_case(name)).or(known.first());
    own.map(|pipe| (*pipe).to_owned()).ok_or_else(|| {
        ScenarioError::new(fields.place, "no pipe is known for this interface")
            .hint("name it: `pipe: svcctl`")
    })
}

/// The endpoint mapper's interfaces are at home on port 135; so is activation.
pub(super) fn tcp_port(interface: Option<Named>) -> u16 {
    let known = interface.and_then(|interface| interface.known);
    known.and_then(|known| known.ports.first().copied()).unwrap_or(DYNAMIC_PORT)
}

/// The parameters `smb`.
pub(super) fn smb(fields: &Fields<'_>, missing: Missing, seed: u64) -> Parsed<Carrier> {
    let nothing = Node::new(fields.place, Value::Null);
    let node = fields.optional("smb").unwrap_or(&nothing);
    let fields = Fields::new(node, "smb")?;
    let dialect = fields.get("dialect", |node| choice(node, "dialect", DIALECTS))?.unwrap_or(Some(0x0302));
    let style = fields.get("style", |node| choice(node, "style", STYLES))?.unwrap_or_default();
    let framing = fields.get("framing", |node| choice(node, "framing", FRAMINGS))?.unwrap_or_default();
    let start = fields.get("start", |node| choice(node, "start", SMB_STARTS))?;
    let usual = if missing == Missing::Bind { SmbStart::Opened } else { SmbStart::Negotiate };
    let start = start.unwrap_or(usual);
    let user = fields.get("user", user)?;
    let authentication = fields
        .get("wrapping", |node| choice(node, "wrapping", WRAPPINGS))?
        .unwrap_or(SmbAuthentication::Spnego);
    let server = fields.get("server", limited)?.unwrap_or("SERVER").to_owned();
    let max_bytes = fields.get("max_bytes", |node| between(node, 16, 60_000))?.unwrap_or(4280);
    let parts = fields.get("transaction_bytes", |node| between(node, 16, 60_000))?;
    let protection = fields.get("protection", |node| choice(node, "protection", PROTECTIONS))?;
    let channels = fields.get("channels", |node| between(node, 1, 8))?;
    let interim = fields.get("interim", truth)?;
    let place = fields.place;
    fields.finish()?;
    let wrong = |cause: &str| Err(ScenarioError::new(place, cause));
    let usual = Smb2::default();
    match dialect {
        None => {
            if protection.is_some() || channels.is_some() || interim.is_some() {
                return wrong("SMB1 knows no `protection`, `channels` or `interim`");
            }
            Ok(Carrier::Smb1(Smb1 {
                framing,
                start,
                style,
                max_bytes,
                transaction_bytes: parts.unwrap_or(max_bytes),
                user: user.unwrap_or(usual.user),
                authentication,
                server,
                seed,
            }))
        }
        Some(dialect) => {
            let protection = protection.unwrap_or_default();
            match protection {
                SmbProtection::Encrypted if dialect < 0x0300 => {
                    return wrong("encryption needs dialect 3.0 or later");
                }
                SmbProtection::Compressed if dialect < 0x0311 => {
                    return wrong("compression needs dialect 3.1.1");
                }
                _ if parts.is_some() => return wrong("`transaction_bytes` is about SMB1"),
                _ => {}
            }
            Ok(Carrier::Smb2(Smb2 {
                dialect,
                framing,
                start,
                style,
                max_bytes,
                interim: interim.unwrap_or(false),
                user: user.unwrap_or(usual.user),
                authentication,
                protection,
                channels: channels.unwrap_or(1),
                server,
                share: usual.share,
                disposition: usual.disposition,
                seed,
            }))
        }
    }
}

/// The parameters `http`.
pub(super) fn http(fields: &Fields<'_>, seed: u64) -> Parsed<Carrier> {
    let nothing = Node::new(fields.place, Value::Null);
    let node = fields.optional("http").unwrap_or(&nothing);
    let fields = Fields::new(node, "http")?;
    let version = fields.get("version", |node| between(node, 1, 2))?.unwrap_or(2);
    let server = fields.get("server", limited)?;
    let ping = fields.get("ping", truth)?;
    let chunked = fields.get("chunked", truth)?;
    let every = fields.get("acknowledge_every", |node| between(node, 1, usize::MAX))?;
    let place = fields.place;
    fields.finish()?;
    if version == 1 {
        if ping.is_some() || chunked.is_some() || every.is_some() {
            let cause = "`ping`, `chunked` and `acknowledge_every` are about version 2";
            return Err(ScenarioError::new(place, cause));
        }
        return Ok(Carrier::HttpV1(HttpV1 { connect_to: server.map(str::to_owned) }));
    }
    let usual = HttpV2::default();
    Ok(Carrier::HttpV2(HttpV2 {
        server: server.map_or(usual.server, str::to_owned),
        seed,
        acknowledge_every: every,
        ping: ping.unwrap_or(false),
        chunked: chunked.unwrap_or(false),
    }))
}

const DIALECTS: &[(&str, Option<u16>)] = &[
    ("1", None),
    ("2.0.2", Some(0x0202)),
    ("2.1", Some(0x0210)),
    ("3.0", Some(0x0300)),
    ("3.0.2", Some(0x0302)),
    ("3.1.1", Some(0x0311)),
];
const STYLES: &[(&str, PipeStyle)] = &[
    ("write_read", PipeStyle::WriteRead),
    ("transact", PipeStyle::Transact),
    ("chained", PipeStyle::Chained),
];
const FRAMINGS: &[(&str, SmbFraming)] = &[("direct", SmbFraming::Direct), ("netbios", SmbFraming::NetBios)];
const SMB_STARTS: &[(&str, SmbStart)] =
    &[("negotiate", SmbStart::Negotiate), ("create", SmbStart::Create), ("opened", SmbStart::Opened)];
const WRAPPINGS: &[(&str, SmbAuthentication)] =
    &[("spnego", SmbAuthentication::Spnego), ("ntlm", SmbAuthentication::Ntlm)];
const PROTECTIONS: &[(&str, SmbProtection)] = &[
    ("plain", SmbProtection::Plain),
    ("encrypted", SmbProtection::Encrypted),
    ("compressed", SmbProtection::Compressed),
];
/// A port of the dynamic range.
const DYNAMIC_PORT: u16 = 49_670;
