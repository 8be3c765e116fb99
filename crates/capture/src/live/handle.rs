//! One open socket of libpcap.

use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use pcap::{Active, Capture, Linktype, Packet, PacketHeader, Precision};
use rpcscope_model::{LinkType, Timestamp};

use super::counters::Counted;
use super::interface::{ANY, InterfaceState, index_of, interfaces, state_of};
use super::share::Membership;
use super::{LiveSettings, Share};
use crate::CaptureError;

/// An interface that is open.
pub(super) struct Handle {
    // Closed before the membership ends: a group without members has no sockets either.
    capture: Capture<Active>,
    _membership: Option<Membership>,
    pub(super) link_type: LinkType,
    /// The number of the interface; `None` for the one that stands for all, and when it could not be found out.
    pub(super) index: Option<u32>,
}

impl Handle {
    /// Opens `interface`.
    pub(super) fn open(
        interface: &str,
        settings: &LiveSettings,
        share: Option<&Share>,
    ) -> Result<Self, CaptureError> {
        let index = index_of(interface);
        if index == Ok(None) && interface != ANY {
            check_filter(settings)?;
            return Err(no_such_interface(interface));
        }
        let mut capture =
            activate(interface, settings).map_err(|error| explain(interface, settings, &error))?;
        // An empty filter passes all, and lets the kernel cut frames to the snap length before they take up the ring.
        let filter = settings.filter.as_deref().unwrap_or_default();
        if !filter.is_empty() || settings.snap_length < LiveSettings::MAX_SNAP_LENGTH {
            capture.filter(filter, true).map_err(|error| invalid_filter(filter, &error))?;
        }
        let failed = |reason: String| CaptureError::LiveFailed { interface: interface.to_owned(), reason };
        let membership = share
            .map(|share| share.join(&capture))
            .transpose()
            .map_err(|error| failed(format!("cannot share its frames among sockets: {error}")))?;
        if index_of(interface) != index {
            return Err(failed("it was replaced while it was being opened".to_owned()));
        }
        let link_type = link_type(capture.get_datalink());
        Ok(Self { capture, _membership: membership, link_type, index: index.ok().flatten() })
    }

    /// Hands what is in the ring to `each`, at most `max` frames; an error is libpcap's text.
    pub(super) fn dispatch(&mut self, max: usize, each: impl FnMut(Packet<'_>)) -> Result<usize, String> {
        self.capture.dispatch(Some(max.min(MAX_DISPATCH)), each).map_err(|error| text(&error))
    }

    /// Waits until there is something to read, at most `timeout`; says whether there is.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let mut sockets = [PollFd::new(self.capture.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let woken = poll(&mut sockets, patience).is_ok_and(|ready| ready > 0);
        let errors = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        let [socket] = sockets;
        // The next read takes the error; if it does not, this must not be called in a frenzy.
        if woken && socket.revents().is_some_and(|events| events.intersects(errors)) {
            thread::sleep(timeout);
        }
        woken
    }

    /// What was counted since the handle was opened.
    pub(super) fn counted(&mut self) -> Option<Counted> {
        let stat = self.capture.stats().ok()?;
        Some(Counted { received: stat.received, dropped: stat.dropped, interface_dropped: stat.if_dropped })
    }
}

/// When a frame was captured.
pub(super) fn time_of(header: &PacketHeader) -> Timestamp {
    // With precision in nanoseconds libpcap puts them where the name says microseconds. They stay below 10^9.
    #[allow(clippy::useless_conversion, reason = "both fields have 32 bits on some platforms")]
    let (seconds, nanos) = (i64::from(header.ts.tv_sec), i64::from(header.ts.tv_usec));
    Timestamp::from_parts(seconds, u32::try_from(nanos).unwrap_or_default())
}

fn activate(interface: &str, settings: &LiveSettings) -> Result<Capture<Active>, pcap::Error> {
    let snap_length = settings.snap_length.clamp(1, LiveSettings::MAX_SNAP_LENGTH);
    Capture::from_device(interface)?
        .snaplen(i32::try_from(snap_length).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(settings.buffer_bytes).unwrap_or(i32::MAX))
        // The interface that stands for all cannot be promiscuous, and libpcap warns of it, which `pcap` takes for an error.
        .promisc(settings.promiscuous && interface != ANY)
        .timeout(i32::try_from(settings.timeout.as_millis()).unwrap_or(i32::MAX).max(1))
        .precision(Precision::Nano)
        .open()?
        // The waiting is done by `wait`: since Linux 3.19 libpcap waits without end on an idle interface.
        .setnonblock()
}

/// Says why an interface could not be opened. libpcap tells it in words only, so look again.
fn explain(interface: &str, settings: &LiveSettings, error: &pcap::Error) -> CaptureError {
    let interface_name = interface.to_owned();
    let refused = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None);
    if matches!(refused, Err(Errno::EPERM | Errno::EACCES)) {
        return CaptureError::NotPermitted { interface: interface_name };
    }
    if let Err(error) = check_filter(settings) {
        return error;
    }
    if index_of(interface) == Ok(None) && interface != ANY {
        return no_such_interface(interface);
    }
    if state_of(interface) == Some(InterfaceState::Down) {
        return CaptureError::InterfaceDown { interface: interface_name };
    }
    CaptureError::LiveFailed { interface: interface_name, reason: text(error) }
}

/// Finds a wrong filter before there is an interface to compile it for: it is compiled for Ethernet.
fn check_filter(settings: &LiveSettings) -> Result<(), CaptureError> {
    let Some(filter) = settings.filter.as_deref() else { return Ok(()) };
    let compiled = Capture::dead(Linktype::ETHERNET).and_then(|capture| capture.compile(filter, true));
    compiled.map(drop).map_err(|error| invalid_filter(filter, &error))
}

fn invalid_filter(filter: &str, error: &pcap::Error) -> CaptureError {
    CaptureError::InvalidFilter { filter: filter.to_owned(), reason: text(error) }
}

fn no_such_interface(interface: &str) -> CaptureError {
    let known = interfaces().unwrap_or_default().into_iter().map(|known| known.name).collect();
    CaptureError::NoSuchInterface { interface: interface.to_owned(), known }
}

/// libpcap's own words.
fn text(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Names what stands at the start of a frame. libpcap's numbers for interfaces (`DLT_`) are those of files (`LINKTYPE_`) but for
/// some that a system defined otherwise, of which Linux has raw IP only; the model knows that number, too.
fn link_type(linktype: Linktype) -> LinkType {
    LinkType(u16::try_from(linktype.0).unwrap_or(u16::MAX))
}

/// libpcap counts with a C `int`.
const MAX_DISPATCH: usize = i32::MAX as usize;
