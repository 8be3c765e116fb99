//! Goes through the items of a scenario and makes connections of them.

use super::call::Waiting;
use super::connection::{Clock, Connection, Sent};
use super::error::{ScenarioError, ScenarioErrors};
use super::fields::{Fields, Parsed, choice, duration_ns, host, list, moment_ns, number, text};
use super::network::{Network, SIDES, between};
use super::security::Security;
use crate::conversation::Step;
use crate::packets::{OwnedFrame, TcpEnd};
use crate::pdu::{self, Format};
use crate::rng::Rng;
use crate::stub::Syntax;
use rpcscope_model::{Address, Side, SyntaxId, Timestamp};
use rpcscope_text::{Key, Node, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What the items so far have made.
pub(crate) struct Forge {
    pub(super) rng: Rng,
    clock: Clock,
    /// Nanoseconds since the start; every PDU has its own.
    now_ns: i64,
    pub(super) client: (Address, Option<u16>),
    pub(super) server: (Address, Option<u16>),
    pub(super) network: Network,
    pub(super) connections: Vec<Connection>,
    pub(super) sessions: Vec<Session>,
    /// The association that items are about when they name none.
    pub(super) current: Option<usize>,
    /// Calls that `reply` items name.
    pub(super) named_replies: BTreeSet<String>,
    pub(super) waiting: Vec<Waiting>,
    /// Association and call id of the last call, and of the calls that have names.
    pub(super) last_call: Option<(usize, u32)>,
    pub(super) calls: BTreeMap<String, (usize, u32)>,
    client_ports: u16,
    /// Items so far, with those that are repeated.
    items: usize,
    /// Whether a bind was wrong, so that what is said of calls would mislead.
    broken: bool,
    /// Whether the call before was wrong, so that a reply has nothing to answer.
    broken_call: bool,
    errors: Vec<ScenarioError>,
}

/// One association.
pub(crate) struct Session {
    pub(super) name: Option<String>,
    pub(super) connection: usize,
    pub(super) pipe: usize,
    pub(super) format: Format,
    pub(super) server_format: Format,
    pub(super) fragment_bytes: usize,
    pub(super) contexts: BTreeMap<u16, Known>,
    /// The presentation context that calls use when they name none.
    pub(super) current: u16,
    pub(super) securities: Vec<Security>,
    pub(super) next_call_id: u32,
    pub(super) group: u32,
    pub(super) max_fragment: u16,
    pub(super) udp: Option<Udp>,
}

/// A presentation context that was negotiated.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(super) syntax: SyntaxId,
    pub(super) known: Option<&'static rpcscope_catalog::Interface>,
    pub(super) syntax_of_stubs: Syntax,
}

/// A client of the connectionless protocol.
#[derive(Clone, Copy)]
pub(crate) struct Udp {
    pub(super) activity: Uuid,
    pub(super) interface: SyntaxId,
    pub(super) server_boot: u32,
}

impl Session {
    pub(super) fn take_call_id(&mut self) -> u32 {
        let call_id = self.next_call_id;
        self.next_call_id = call_id.wrapping_add(1);
        call_id
    }
}

impl Forge {
    /// The frames of a scenario.
    pub(crate) fn frames(root: &Node) -> Result<Vec<OwnedFrame>, ScenarioErrors> {
        let mut forge = Self {
            rng: Rng::new(1),
            clock: Clock { start: Timestamp::from_parts(1_767_323_045, 0), interval_ns: 10_000 },
            now_ns: 0,
            client: (Address::v4([10, 0, 0, 5]), None),
            server: (Address::v4([10, 0, 0, 9]), None),
            network: Network::default(),
            connections: Vec::new(),
            sessions: Vec::new(),
            current: None,
            named_replies: BTreeSet::new(),
            waiting: Vec::new(),
            last_call: None,
            calls: BTreeMap::new(),
            client_ports: 0,
            items: 0,
            broken: false,
            broken_call: false,
            errors: Vec::new(),
        };
        match &root.value {
            Value::List(items) => {
                note_replies(items, &mut forge.named_replies);
                forge.run(items);
            }
            _ => {
                let cause = format!("a scenario is a list of items, this is {}", root.kind());
                forge.errors.push(ScenarioError::new(root.place, cause).hint("begin each item with `- `"));
            }
        }
        forge.answer_current();
        forge.leave_unanswered();
        if forge.errors.is_empty() && forge.connections.iter().all(|connection| connection.sent.is_empty()) {
            let cause = "nothing is sent: a capture wants at least one bind";
            forge.errors.push(ScenarioError::new(root.place, cause));
        }
        if !forge.errors.is_empty() {
            forge.errors.sort_by_key(|error| error.place);
            forge.errors.dedup();
            return Err(ScenarioErrors(forge.errors));
        }
        forge.connections.retain(|connection| !connection.sent.is_empty());
        Ok(super::connection::frames(&forge.connections, forge.clock))
    }

    fn run(&mut self, items: &[Node]) {
        for item in items {
            self.items += 1;
            if self.items > MOST_ITEMS {
                let cause = format!("more than {MOST_ITEMS} items, with those that are repeated");
                self.errors.push(ScenarioError::new(item.place, cause));
                return;
            }
            if let Err(error) = self.item(item) {
                self.errors.push(error);
            }
        }
    }

    fn item(&mut self, item: &Node) -> Parsed<()> {
        let single;
        let entries: &[(Key, Node)] = match (&item.value, item.scalar()) {
            (Value::Map(entries), _) => entries,
            // `- shutdown` is short for `- shutdown:`.
            (_, Some(name)) => {
                let nothing = Node::new(item.place, Value::Null);
                single = [(Key::new(item.place, name), nothing)];
                &single
            }
            _ => {
                return Err(ScenarioError::new(
                    item.place,
                    format!("an item is a map, this is {}", item.kind()),
                ));
            }
        };
        let is_time = |name: &str| name == "at" || name == "after";
        let mut kinds = entries.iter().filter(|(key, _)| !is_time(&key.name));
        let Some((key, value)) = kinds.next() else {
            return Err(ScenarioError::new(item.place, "this item says when, but not what"));
        };
        if let Some((extra, _)) = kinds.next() {
            let cause = format!("`{}` in an item that is a `{}` already", extra.name, key.name);
            let hint = match KINDS.contains(&extra.name.as_str()) {
                true => "begin a new item with `- `".to_owned(),
                false => format!("write it within the braces of `{}`", key.name),
            };
            return Err(ScenarioError::new(extra.place, cause).hint(hint));
        }
        if !matches!(key.name.as_str(), "reply" | "cancel" | "orphan") {
            self.answer_current();
        }
        self.wait(entries)?;
        let value = &*in_full(&key.name, value);
        let result = match key.name.as_str() {
            "seed" => number(value).map(|seed| self.rng = Rng::new(seed)),
            "time" => self.time(value),
            "host" => self.host(value),
            "network" => Network::parse(value).map(|network| self.network = network),
            "bind" => self.bind(value).inspect_err(|_| self.broken = true),
            "alter_context" => self.alter_context(value),
            "call" => {
                let result = self.call(value);
                self.broken_call = result.is_err();
                result
            }
            "reply" => self.reply(value),
            "cancel" => self.cancel(value),
            "orphan" => self.orphan(value),
            "shutdown" => self.shutdown(value),
            "close" => self.close(value),
            "raw" => self.raw(value),
            "file" => self.file(value),
            "repeat" => self.repeat(value),
            name => {
                let error = ScenarioError::new(key.place, format!("unknown item `{name}`"));
                Err(error.nearest(name, KINDS))
            }
        };
        // What depends on a bind that is wrong cannot be judged.
        if self.broken
            && matches!(key.name.as_str(), "call" | "reply" | "alter_context" | "cancel" | "orphan")
        {
            return Ok(());
        }
        if self.broken_call && key.name == "reply" {
            return Ok(());
        }
        result
    }

    /// `at` counts from the start of the capture, `after` from the item before.
    fn wait(&mut self, entries: &[(Key, Node)]) -> Parsed<()> {
        for (key, value) in entries {
            let moment = match key.name.as_str() {
                "at" => duration_ns(value)?,
                "after" => self.now_ns.saturating_add(duration_ns(value)?),
                _ => continue,
            };
            if moment < self.now_ns && moment / MILLISECOND_NS < self.now_ns / MILLISECOND_NS {
                return Err(ScenarioError::new(value.place, "this moment is before that of the item above"));
            }
            if moment > LATEST_NS {
                return Err(ScenarioError::new(value.place, "more than 50 years after the start"));
            }
            self.now_ns = self.now_ns.max(moment);
        }
        Ok(())
    }

    fn time(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "time")?;
        if let Some(start) = fields.get("start", moment_ns)? {
            // Room for what comes later in a format that ends in 2106.
            self.clock.start = Timestamp(start.min(LATEST_START_NS));
        }
        if let Some(interval_ns) = fields.get("interval", duration_ns)? {
            self.clock.interval_ns = interval_ns.min(60_000_000_000);
        }
        fields.finish()
    }

    fn host(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "host")?;
        let client = fields.get("client", host)?.unwrap_or(self.client);
        let server = fields.get("server", host)?.unwrap_or(self.server);
        let place = fields.place;
        fields.finish()?;
        if client.0.to_ip().is_ipv4() != server.0.to_ip().is_ipv4() {
            let cause = "client and server have to be of one address family";
            return Err(ScenarioError::new(place, cause)
                .hint("name both: `host: {client: fd00::5, server: fd00::9}`"));
        }
        (self.client, self.server) = (client, server);
        Ok(())
    }

    fn repeat(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "repeat")?;
        let times = fields.required("times").and_then(|node| between(node, 1, MOST_ITEMS))?;
        let items = fields.required("items")?;
        fields.finish()?;
        for _ in 0..times {
            let before = self.errors.len();
            self.run(list(items));
            self.answer_current();
            if self.errors.len() > before {
                break;
            }
        }
        Ok(())
    }

    fn shutdown(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "shutdown")?;
        let session = self.chosen(&fields)?;
        fields.finish()?;
        self.current = Some(session);
        let pdu = pdu::shutdown(self.sessions[session].server_format);
        self.send(Side::Server, pdu);
        Ok(())
    }

    fn close(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "close")?;
        let session = self.chosen(&fields)?;
        let ends = [("finish", TcpEnd::Finish), ("reset", TcpEnd::Reset), ("open", TcpEnd::Open)];
        let end = fields.get("by", |node| choice(node, "end", &ends))?.unwrap_or(TcpEnd::Finish);
        fields.finish()?;
        let connection = self.sessions[session].connection;
        self.connections[connection].end = end;
        Ok(())
    }

    fn raw(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "raw")?;
        let session = self.chosen(&fields)?;
        let side = fields.get("side", |node| choice(node, "side", SIDES))?.unwrap_or(Side::Client);
        let bytes_node = fields.required("bytes")?;
        let bytes = super::fields::bytes(bytes_node)?;
        fields.finish()?;
        if bytes.is_empty() || bytes.len() > MOST_RAW_BYTES {
            return Err(ScenarioError::new(bytes_node.place, "want 1 to 60,000 bytes"));
        }
        self.current = Some(session);
        self.send(side, bytes);
        Ok(())
    }

    /// The association of an item: the one that `on` names, else the one that was bound or used last.
    pub(super) fn chosen(&self, fields: &Fields<'_>) -> Parsed<usize> {
        if let Some(session) = fields.get("on", |node| self.session_named(node))? {
            return Ok(session);
        }
        self.current.ok_or_else(|| {
            ScenarioError::new(fields.place, "no bind before this item")
                .hint("begin with `- bind: {interface: svcctl}`")
        })
    }

    pub(super) fn session_named(&self, node: &Node) -> Parsed<usize> {
        let name = text(node)?;
        let found = self.sessions.iter().rposition(|session| session.name.as_deref() == Some(name));
        found.ok_or_else(|| {
            let names: Vec<&str> =
                self.sessions.iter().filter_map(|session| session.name.as_deref()).collect();
            let error = ScenarioError::new(node.place, format!("no bind above is named `{name}`"));
            match names.is_empty() {
                true => error.hint(format!("name one: `bind: {{as: {name}, …}}`")),
                false => error.nearest(name, &names),
            }
        })
    }

    pub(super) fn last_session(&mut self) -> &mut Session {
        let current = self.current.expect("set before anything is sent");
        &mut self.sessions[current]
    }

    /// A PDU of the current association, now.
    pub(super) fn send(&mut self, side: Side, pdu: Vec<u8>) {
        self.put(side, pdu, false);
    }

    /// A PDU that is sent but not captured.
    pub(super) fn send_lost(&mut self, side: Side, pdu: Vec<u8>) {
        self.put(side, pdu, true);
    }

    fn put(&mut self, side: Side, pdu: Vec<u8>, lost: bool) {
        let (connection, pipe) = {
            let session = self.last_session();
            (session.connection, session.pipe)
        };
        let at_ns = self.take_moment();
        self.connections[connection].sent.push(Sent { pipe, step: Step { side, pdu }, at_ns, lost });
    }

    /// The moment of the next PDU. No two share one, so that the order of a capture is that of the scenario.
    pub(super) fn take_moment(&mut self) -> i64 {
        let at_ns = self.now_ns;
        self.now_ns = at_ns.saturating_add(1);
        at_ns
    }

    /// A port for the next connection; the ones above are for further connections of SMB and HTTP.
    pub(super) fn take_client_port(&mut self) -> u16 {
        let port = 49_800 + self.client_ports % 1_900 * 8;
        self.client_ports = self.client_ports.wrapping_add(1);
        port
    }
}

/// `- call: ROpenSCManagerW` is short for `- call: {op: ROpenSCManagerW}`, and the like.
fn in_full<'n>(item: &str, value: &'n Node) -> Cow<'n, Node> {
    let key = match item {
        "bind" | "alter_context" => "interface",
        "call" => "op",
        _ => return Cow::Borrowed(value),
    };
    if value.scalar().is_none() {
        return Cow::Borrowed(value);
    }
    let key = Key::new(value.place, key);
    Cow::Owned(Node::new(value.place, Value::Map(vec![(key, value.clone())])))
}

/// Finds the names of calls that replies are for.
fn note_replies(items: &[Node], names: &mut BTreeSet<String>) {
    for item in items {
        let Value::Map(entries) = &item.value else { continue };
        for (key, value) in entries {
            let Value::Map(inner) = &value.value else { continue };
            for (inner_key, inner_value) in inner {
                match (key.name.as_str(), inner_key.name.as_str(), &inner_value.value) {
                    ("reply", "to", _) => names.extend(inner_value.scalar().map(str::to_owned)),
                    ("repeat", "items", Value::List(items)) => note_replies(items, names),
                    _ => {}
                }
            }
        }
    }
}

/// What items can be.
pub(crate) const KINDS: &[&str] = &[
    "seed",
    "time",
    "host",
    "network",
    "bind",
    "alter_context",
    "call",
    "reply",
    "cancel",
    "orphan",
    "shutdown",
    "close",
    "raw",
    "file",
    "repeat",
];
/// Items of one scenario; a slip of the finger in `times` could otherwise fill memory.
const MOST_ITEMS: usize = 100_000;
const MOST_RAW_BYTES: usize = 60_000;
const MILLISECOND_NS: i64 = 1_000_000;
/// 50 years.
const LATEST_NS: i64 = 50 * 365 * 86_400 * 1_000_000_000;
/// 2050-01-01: 50 years later, pcap can still say the time.
const LATEST_START_NS: i64 = 2_524_608_000 * 1_000_000_000;
