//! Which interfaces there are, and in which state.

use std::io;
use std::net::IpAddr;

use nix::errno::Errno;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};

use crate::CaptureError;

/// An interface that can be watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceInfo {
    /// Its name, as [`LiveSource::new`](super::LiveSource::new) takes it.
    pub name: String,
    /// Whether frames can come.
    pub state: InterfaceState,
    /// Whether it carries only what the host says to itself.
    pub is_loopback: bool,
    /// Its IP addresses. A port that only listens has none.
    pub addresses: Vec<IpAddr>,
}

/// Whether frames can come from an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InterfaceState {
    /// Frames can come.
    Up,
    /// Switched on, with nothing at the other end of the wire.
    NoCarrier,
    /// Switched off.
    Down,
}

/// Lists the interfaces, in the order of the system.
pub fn interfaces() -> Result<Vec<InterfaceInfo>, CaptureError> {
    let unlisted = |cause: nix::Error| CaptureError::InterfacesUnlisted { cause: io::Error::from(cause) };
    let mut interfaces: Vec<InterfaceInfo> = Vec::new();
    // There is one entry for each address, with an address of the link layer first.
    for entry in getifaddrs().map_err(unlisted)? {
        let address = ip_address(&entry);
        if let Some(known) = interfaces.iter_mut().find(|known| known.name == entry.interface_name) {
            known.addresses.extend(address);
        } else {
            interfaces.push(InterfaceInfo {
                state: state(entry.flags),
                is_loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
                addresses: address.into_iter().collect(),
                name: entry.interface_name,
            });
        }
    }
    Ok(interfaces)
}

/// The number by which the kernel knows an interface; `None` when there is none of this name, an error when that cannot be
/// found out. Another interface of the same name has another number.
pub(super) fn index_of(name: &str) -> nix::Result<Option<u32>> {
    match if_nametoindex(name) {
        Ok(index) => Ok(Some(index)),
        Err(Errno::ENODEV) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The state of an interface; `None` when it is not there or nothing can be found out.
pub(super) fn state_of(name: &str) -> Option<InterfaceState> {
    let entry = getifaddrs().ok()?.find(|entry| entry.interface_name == name)?;
    Some(state(entry.flags))
}

fn state(flags: InterfaceFlags) -> InterfaceState {
    if !flags.contains(InterfaceFlags::IFF_UP) {
        InterfaceState::Down
    } else if !flags.contains(InterfaceFlags::IFF_RUNNING) {
        InterfaceState::NoCarrier
    } else {
        InterfaceState::Up
    }
}

fn ip_address(entry: &InterfaceAddress) -> Option<IpAddr> {
    let address = entry.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

/// The interface of libpcap that stands for all others. It has no number and is always there.
pub(super) const ANY: &str = "any";
