//! One interface, watched by one socket for as long as the program runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rpcscope_model::{Frame, FrameNumber};

use super::counters::Tally;
use super::handle::{Handle, time_of};
use super::interface::{InterfaceState, index_of, state_of};
use super::{Absence, LiveCounters, LiveSettings, Notice, Share};
use crate::CaptureError;

/// One interface, watched by one socket; opened again when it went away.
///
/// Frames are numbered from 1 over all openings. Their times come from the system clock as they are: they jump when it does.
pub struct LiveSource {
    interface: String,
    settings: Arc<LiveSettings>,
    share: Option<Share>,
    handle: Option<Handle>,
    /// Since when no frames can come, and what was said of it. With a handle, it is one that is only silent.
    absent: Option<Absent>,
    /// Said by [`LiveSource::notice`]; at most [`MAX_NOTICES`].
    notices: VecDeque<Notice>,
    last_number: u64,
    /// The last number when the interface was looked at.
    number_at_look: u64,
    /// When to look at the interface, or to try to open it.
    next_look: Instant,
    tally: Tally,
}

/// What one [`LiveSource::read`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// How many frames were read.
    pub frames: usize,
    /// Whether there is more.
    pub supply: Supply,
}

/// What is left to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Supply {
    /// As many frames as asked for were read; there may be more.
    More,
    /// All that there was has been read.
    Empty,
    /// The interface is down or away; the source waits for it.
    Waiting,
}

struct Absent {
    since: Instant,
    reason: Absence,
}

impl LiveSource {
    /// Makes a source of an interface, without opening it yet. `any` stands for all interfaces.
    pub fn new(interface: String, settings: Arc<LiveSettings>, share: Option<Share>) -> Self {
        Self {
            interface,
            settings,
            share,
            handle: None,
            absent: None,
            notices: VecDeque::new(),
            last_number: 0,
            number_at_look: 0,
            next_look: Instant::now(),
            tally: Tally::default(),
        }
    }

    /// Opens the interface now.
    ///
    /// After an error that [may pass](CaptureError::may_pass) the source can be read all the same: it waits for the interface, and
    /// gives no notice but that it is back.
    pub fn open(&mut self) -> Result<(), CaptureError> {
        let opened = self.try_open();
        if let Err(error) = &opened {
            self.absent = Some(Absent { since: Instant::now(), reason: Absence::of(error) });
        }
        opened
    }

    /// Hands the frames that are there to `each`, at most `max`; 0 is taken for 1. More than `max` only come when the interface went
    /// away: the last ones.
    ///
    /// When there is none it waits for one, not longer than [`LiveSettings::timeout`]; it does not wait for more. Frames stand in
    /// the ring: nothing is copied or allocated.
    pub fn read(&mut self, max: usize, each: &mut impl FnMut(&Frame<'_>)) -> Reading {
        if self.handle.is_none() && !self.open_again() {
            return Reading { frames: 0, supply: Supply::Waiting };
        }
        let before = self.last_number;
        let max = max.max(1);
        let mut result = self.dispatch(max, each);
        let waited = |handle: &Handle| handle.wait(self.settings.timeout);
        if result == Ok(0) && self.handle.as_ref().is_some_and(waited) {
            result = self.dispatch(max, each);
        }
        if result.is_err() {
            // What came last is in a block that the kernel hands over in a while.
            thread::sleep(self.settings.timeout);
            while self.dispatch(max, each).is_ok_and(|frames| frames > 0) {}
        }
        let frames = usize::try_from(self.last_number.wrapping_sub(before)).unwrap_or(usize::MAX);
        if frames > 0 {
            self.present();
        }
        match result {
            Err(reason) => self.lose(reason),
            Ok(_) => self.look_at_times(),
        }
        let supply = if self.absent.is_some() {
            Supply::Waiting
        } else if frames >= max {
            Supply::More
        } else {
            Supply::Empty
        };
        Reading { frames, supply }
    }

    /// What was received and lost since the source was made. To be asked for once a minute at least: the kernel's counters have
    /// 32 bits.
    pub fn counters(&mut self) -> LiveCounters {
        self.count();
        self.tally.total()
    }

    /// Something to say once; to be asked for after each read until there is nothing.
    pub fn notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// The name of the interface.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    fn dispatch(&mut self, max: usize, each: &mut impl FnMut(&Frame<'_>)) -> Result<usize, String> {
        let Some(handle) = &mut self.handle else { return Ok(0) };
        let link_type = handle.link_type;
        let last_number = &mut self.last_number;
        handle.dispatch(max, |packet| {
            *last_number = last_number.saturating_add(1);
            each(&Frame {
                number: FrameNumber(*last_number),
                time: time_of(packet.header),
                link_type,
                original_length: packet.header.len,
                bytes: packet.data,
            });
        })
    }

    fn try_open(&mut self) -> Result<(), CaptureError> {
        self.close();
        self.next_look = Instant::now() + LOOK_INTERVAL;
        self.handle = Some(Handle::open(&self.interface, &self.settings, self.share.as_ref())?);
        self.number_at_look = self.last_number;
        Ok(())
    }

    /// Tries to open the interface, once in each [`LOOK_INTERVAL`]; waits otherwise.
    fn open_again(&mut self) -> bool {
        let until_look = self.next_look.saturating_duration_since(Instant::now());
        if !until_look.is_zero() {
            thread::sleep(self.settings.timeout.min(until_look));
            return false;
        }
        match self.try_open() {
            Ok(()) => {
                self.present();
                true
            }
            Err(error) => {
                self.miss(Absence::of(&error));
                false
            }
        }
    }

    /// Sees, once in each [`LOOK_INTERVAL`], whether the interface is still the one that was opened, and when it is silent why.
    fn look_at_times(&mut self) {
        let now = Instant::now();
        let Some(index) = self.handle.as_ref().and_then(|handle| handle.index) else { return };
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_INTERVAL;
        let is_silent = self.last_number == self.number_at_look;
        self.number_at_look = self.last_number;
        if index_of(&self.interface).is_ok_and(|now| now != Some(index)) {
            self.lose("another interface has its name".to_owned());
        } else if is_silent {
            match state_of(&self.interface) {
                Some(InterfaceState::Down) => self.miss(Absence::Down),
                Some(InterfaceState::NoCarrier) => self.miss(Absence::NoCarrier),
                Some(InterfaceState::Up) | None => self.present(),
            }
        }
    }

    /// Lets go of an interface that cannot be read any more, in libpcap's words for `failure`.
    fn lose(&mut self, failure: String) {
        let index = self.handle.as_ref().and_then(|handle| handle.index);
        let reason = match (index, index_of(&self.interface)) {
            (Some(_), Ok(None)) => Absence::Missing,
            (Some(before), Ok(Some(now))) if before != now => Absence::Replaced,
            _ => Absence::Failed(failure),
        };
        self.close();
        // What has the name now is opened with the next read. What failed gets a pause.
        let pause = if reason == Absence::Replaced { Duration::ZERO } else { LOOK_INTERVAL };
        self.next_look = Instant::now() + pause;
        self.miss(reason);
    }

    fn close(&mut self) {
        self.count();
        self.handle = None;
        self.tally.restart();
    }

    fn count(&mut self) {
        if let Some(counted) = self.handle.as_mut().and_then(Handle::counted) {
            self.tally.add(counted);
        }
    }

    /// Notes that no frames can come.
    fn miss(&mut self, reason: Absence) {
        let since = match &self.absent {
            Some(absent) if absent.reason == reason => return,
            Some(absent) => absent.since,
            None => Instant::now(),
        };
        self.absent = Some(Absent { since, reason: reason.clone() });
        self.tell(Notice::Gone { reason });
    }

    /// Notes that frames can come.
    fn present(&mut self) {
        if let Some(absent) = self.absent.take() {
            self.tell(Notice::Back { after: absent.since.elapsed() });
        }
    }

    fn tell(&mut self, notice: Notice) {
        if self.notices.len() >= MAX_NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }
}

impl Absence {
    /// Why an interface could not be opened.
    fn of(error: &CaptureError) -> Self {
        match error {
            CaptureError::NoSuchInterface { .. } => Self::Missing,
            CaptureError::InterfaceDown { .. } => Self::Down,
            CaptureError::LiveFailed { reason, .. } => Self::Failed(reason.clone()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// How often the interface is looked at, and how often opening it is tried.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Notices that are kept when nobody asks for them; the oldest is forgotten.
const MAX_NOTICES: usize = 16;
