//! Sockets that divide the frames of one interface among them.

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::libc::{self, sock_filter, sock_fprog};
use nix::sys::socket::{getsockopt, setsockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

use super::pair;

/// Membership in a group of sources (`PACKET_FANOUT`) that divide the frames of one interface among them.
///
/// Each frame goes to one of them, by the unordered pair of its IP addresses: what two hosts say to each other, fragments
/// too, comes from one source, as long as all sources are open. Tunnels are dealt by their outer addresses, what is not IP
/// goes to the source that was opened first. While sources are still being opened, frames may come twice or change over.
///
/// All sources of an interface get clones of one value; another interface needs another. The number of the group is given
/// out by the kernel, so that no other program can be in it by chance.
#[derive(Clone, Default, Debug)]
pub struct Share {
    group: Arc<Mutex<Group>>,
}

/// A group as the kernel knows it.
#[derive(Default, Debug)]
struct Group {
    number: u16,
    /// How many sockets are in it. The kernel forgets a group that has none.
    members: usize,
}

/// A socket's place in a group; it ends with the socket.
pub(super) struct Membership {
    share: Share,
}

impl Share {
    /// Makes a group without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a packet socket that is bound to the interface into the group.
    pub(super) fn join(&self, socket: &impl AsFd) -> nix::Result<Membership> {
        let mut group = self.lock();
        if group.members == 0 {
            let unique = libc::PACKET_FANOUT_CBPF | libc::PACKET_FANOUT_FLAG_UNIQUEID;
            setsockopt(socket, PacketFanout, &(unique << 16))?;
            // The kernel answers with type and flags in the upper half.
            let [.., high, low] = getsockopt(socket, PacketFanout)?.to_be_bytes();
            group.number = u16::from_be_bytes([high, low]);
            deal_by_pair(socket)?;
        } else {
            setsockopt(socket, PacketFanout, &(libc::PACKET_FANOUT_CBPF << 16 | u32::from(group.number)))?;
        }
        group.members += 1;
        Ok(Membership { share: self.clone() })
    }

    /// A lock that a panic left behind guards two numbers that are right at any time.
    fn lock(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut group = self.share.lock();
        group.members = group.members.saturating_sub(1);
    }
}

/// Gives the group the program that deals its frames.
fn deal_by_pair(socket: &impl AsFd) -> nix::Result<()> {
    let mut program: Vec<sock_filter> = pair::program();
    let len = u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?;
    // The kernel copies `len` steps from `program`, which lives until the call is over.
    setsockopt(socket, PacketFanoutData, &sock_fprog { len, filter: program.as_mut_ptr() })
}

sockopt_impl!(
    /// Number, kind and flags of the group that a packet socket is in (packet(7)).
    PacketFanout,
    Both,
    libc::SOL_PACKET,
    libc::PACKET_FANOUT,
    u32
);

sockopt_impl!(
    /// The program that chooses among the sockets of a group.
    PacketFanoutData,
    SetOnly,
    libc::SOL_PACKET,
    libc::PACKET_FANOUT_DATA,
    sock_fprog
);
