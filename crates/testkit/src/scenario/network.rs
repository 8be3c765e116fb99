//! What happens to the bytes of a connection on their way: links, tunnels, segments, disturbances.

use super::error::{Place, ScenarioError};
use super::fields::{Fields, Parsed, choice, list, number, percent, truth, variant};
use crate::ByteOrder;
use crate::packets::{Disturbance, Link, Overlap, Tag, Tunnel};
use rpcscope_model::Side;
use rpcscope_text::Node;

/// The network that binds which follow run over.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) link: Link,
    pub(crate) tunnels: Vec<Tunnel>,
    pub(crate) ip_fragment: Option<usize>,
    pub(crate) snap_length: Option<usize>,
    pub(crate) max_segment_bytes: usize,
    pub(crate) acknowledge: bool,
    /// Everything but its seed.
    pub(crate) disturbance: Disturbance,
    /// The side whose packets are captured; `None` is both.
    pub(crate) only: Option<Side>,
    /// Packets of a connection that are not captured, from 1.
    pub(crate) lose_frames: Vec<usize>,
    /// The first key that only TCP knows.
    pub(crate) tcp_only: Option<(&'static str, Place)>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            link: Link::ETHERNET,
            tunnels: Vec::new(),
            ip_fragment: None,
            snap_length: None,
            max_segment_bytes: 1460,
            acknowledge: true,
            disturbance: Disturbance::default(),
            only: None,
            lose_frames: Vec::new(),
            tcp_only: None,
        }
    }
}

impl Network {
    /// The item `network`: what it does not name is as usual.
    pub(crate) fn parse(node: &Node) -> Parsed<Self> {
        let fields = Fields::new(node, "network")?;
        let mut network = Self::default();
        let link = fields.get("link", |node| choice(node, "link", LINKS))?;
        let tags = tags(&fields)?;
        network.link = match link {
            None | Some(Link::Ethernet(_)) => Link::Ethernet(tags),
            Some(_) if !tags.is_empty() => {
                let cause = "`vlan`, `service_vlan`, `mpls` and `pppoe` are tags of Ethernet";
                return Err(ScenarioError::new(node.place, cause));
            }
            Some(link) => link,
        };
        if let Some(tunnels) = fields.optional("tunnel") {
            network.tunnels = list(tunnels).iter().map(tunnel).collect::<Parsed<_>>()?;
            if network.tunnels.len() > MOST_TUNNELS {
                let cause = format!("at most {MOST_TUNNELS} tunnels in each other");
                return Err(ScenarioError::new(tunnels.place, cause));
            }
        }
        network.ip_fragment = fields.get("ip_fragment", |node| between(node, 8, 60_000))?;
        network.snap_length = fields.get("snap_length", |node| between(node, 1, 262_144))?;
        network.only = fields.get("only", |node| choice(node, "side", SIDES))?;
        network.lose_frames = match fields.optional("lose_frames") {
            None => Vec::new(),
            Some(frames) => {
                list(frames).iter().map(|node| between(node, 1, usize::MAX)).collect::<Parsed<_>>()?
            }
        };
        let of_tcp = ["segment", "acknowledge", "cut", "overlap", "conflict", "reorder"];
        network.tcp_only =
            of_tcp.into_iter().find_map(|key| fields.optional(key).map(|node| (key, node.place)));
        if let Some(bytes) = fields.get("segment", |node| between(node, 1, 9_000))? {
            network.max_segment_bytes = bytes;
        }
        network.acknowledge = fields.get("acknowledge", truth)?.unwrap_or(true);
        let same = fields.get("overlap", percent)?;
        let conflicting = fields.get("conflict", percent)?;
        if same.is_some() && conflicting.is_some() {
            let cause = "`overlap` repeats the same bytes and `conflict` others: choose one";
            return Err(ScenarioError::new(node.place, cause));
        }
        network.disturbance = Disturbance {
            seed: 0,
            cut: fields.get("cut", |node| between(node, 1, 9_000))?,
            overlap_percent: same.or(conflicting).unwrap_or(0),
            overlap: if conflicting.is_some() { Overlap::Conflicting } else { Overlap::Same },
            duplicate_percent: fields.get("duplicate", percent)?.unwrap_or(0),
            reorder_window: fields.get("reorder", |node| between(node, 0, 64))?.unwrap_or(0),
            reorder_side: None,
            drop_percent: fields.get("lose", percent)?.unwrap_or(0),
            drop: Vec::new(),
        };
        fields.finish()?;
        Ok(network)
    }
}

/// A number of things in a range.
pub(crate) fn between(node: &Node, least: usize, most: usize) -> Parsed<usize> {
    let value: usize = number(node)?;
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let cause = if most == usize::MAX {
        format!("want a number from {least}, this is {value}")
    } else {
        format!("want a number from {least} to {most}, this is {value}")
    };
    Err(ScenarioError::new(node.place, cause))
}

fn tags(fields: &Fields<'_>) -> Parsed<Vec<Tag>> {
    let mut tags = Vec::new();
    let id = |most| move |node: &Node| between(node, 0, most).map(crate::encoder::length32);
    let short = |id: u32| u16::try_from(id).expect("below the limit");
    if let Some(vlan) = fields.get("service_vlan", id(4095))? {
        tags.push(Tag::ServiceVlan(short(vlan)));
    }
    if let Some(node) = fields.optional("vlan") {
        for vlan in list(node) {
            tags.push(Tag::Vlan(short(id(4095)(vlan)?)));
        }
    }
    if let Some(node) = fields.optional("mpls") {
        for label in list(node) {
            tags.push(Tag::Mpls(id(0x000f_ffff)(label)?));
        }
    }
    if let Some(session) = fields.get("pppoe", id(65_535))? {
        tags.push(Tag::Pppoe(short(session)));
    }
    Ok(tags)
}

fn tunnel(node: &Node) -> Parsed<Tunnel> {
    let (name, place, value) = variant(node, "tunnel")?;
    let id = |most, usual: u32| match value {
        None => Ok(usual),
        Some(node) => between(node, 0, most).map(crate::encoder::length32),
    };
    let session = |usual| id(1023, usual).map(|id| u16::try_from(id).expect("below the limit"));
    Ok(match name {
        "ip_in_ip" => Tunnel::IpInIp,
        "gre" => Tunnel::Gre(if value.is_some() { Some(id(u32::MAX as usize, 0)?) } else { None }),
        "gre_ethernet" => Tunnel::GreEthernet,
        "erspan1" => Tunnel::Erspan1,
        "erspan2" => Tunnel::Erspan2(session(1)?),
        "erspan3" => Tunnel::Erspan3(session(1)?),
        "vxlan" => Tunnel::Vxlan(id(0x00ff_ffff, 1)?),
        "geneve" => Tunnel::Geneve(id(0x00ff_ffff, 1)?),
        _ => return Err(ScenarioError::new(place, format!("unknown tunnel `{name}`")).nearest(name, TUNNELS)),
    })
}

/// Links by name; the tags of Ethernet are added.
const LINKS: &[(&str, Link)] = &[
    ("ethernet", Link::ETHERNET),
    ("linux_cooked", Link::LinuxCooked),
    ("linux_cooked2", Link::LinuxCooked2),
    ("raw", Link::Raw),
    ("null", Link::Null(ByteOrder::Little)),
    ("loop", Link::Loop),
];
/// Tunnels by name.
pub(crate) const TUNNELS: &[&str] =
    &["vxlan", "gre", "gre_ethernet", "erspan1", "erspan2", "erspan3", "geneve", "ip_in_ip"];
pub(crate) const SIDES: &[(&str, Side)] = &[("client", Side::Client), ("server", Side::Server)];
/// Each adds up to 58 bytes to a packet, which may have 65,535.
const MOST_TUNNELS: usize = 4;
