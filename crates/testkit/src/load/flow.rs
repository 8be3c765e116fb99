//! One conversation on its way.

use super::template::{Names, Template};

/// A conversation between two hosts, and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Which kind, and which of its templates.
    pub(super) kind: usize,
    pub(super) template: usize,
    pub(super) names: Names,
    /// The next frame.
    place: usize,
    /// How often the part that may be repeated was sent, and how often it still is.
    rounds: u32,
    more_rounds: u32,
    /// A frame that comes late.
    late: Option<usize>,
}

/// A frame to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) place: usize,
    pub(super) rounds: u32,
    /// Whether it comes after the one behind it.
    pub(super) is_late: bool,
}

impl Flow {
    /// A flow that begins with this frame of its template and sends what may be repeated so many times.
    pub(super) fn new(kind: usize, template: usize, names: Names, place: usize, times: u32) -> Self {
        Self { kind, template, names, place, rounds: 0, more_rounds: times.saturating_sub(1), late: None }
    }

    /// The next frame; nothing when all were sent. `swap` puts the one behind it first, where that does no harm.
    pub(super) fn step(&mut self, template: &Template, swap: impl FnOnce() -> bool) -> Option<Step> {
        if let Some(place) = self.late.take() {
            return Some(Step { place, rounds: self.rounds, is_late: true });
        }
        let repeated = template.repeated();
        if let Some(repeated) = &repeated
            && self.place == repeated.end
            && self.more_rounds > 0
        {
            self.place = repeated.start;
            self.rounds += 1;
            self.more_rounds -= 1;
        }
        let place = self.place;
        if place >= template.len() {
            return None;
        }
        // The last frame of a round stays before the first of the next.
        let ends_round = repeated.is_some_and(|repeated| place + 1 == repeated.end);
        if !ends_round && template.may_swap(place) && swap() {
            self.late = Some(place);
            self.place += 2;
            return Some(Step { place: place + 1, rounds: self.rounds, is_late: false });
        }
        self.place += 1;
        Some(Step { place, rounds: self.rounds, is_late: false })
    }
}
