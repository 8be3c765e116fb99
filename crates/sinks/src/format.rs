//! The registry of outputs, and what all of them are told.

use crate::{eve, table};
use rpcscope_model::{Alert, Event, Health, Stats, Timestamp};

/// Declares the outputs: one row each. A module of that name has `begin`, `event`, `alert` and `end`.
macro_rules! formats {
    ($($variant:ident $module:ident $name:literal $meaning:literal;)*) => {
        /// A way to write events.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Format { $(#[doc = $meaning] $variant,)* }

        /// What an output has written before and may write again; saves it the work. One for each thread and context:
        /// the bytes do not depend on it.
        #[derive(Debug, Default)]
        pub struct Memo { $($module: $module::Memo,)* }

        impl Format {
            /// All outputs, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// Appends what stands before the first event.
            pub fn begin(self, context: &Context<'_>, out: &mut Vec<u8>) {
                match self { $(Self::$variant => $module::begin(context, out),)* }
            }

            /// Appends one event: a whole number of lines, none when the output does not show this event.
            pub fn event(self, event: &Event, context: &Context<'_>, memo: &mut Memo, out: &mut Vec<u8>) {
                match self { $(Self::$variant => $module::event(event, context, &mut memo.$module, out),)* }
            }

            /// Appends what a rule says about an event: a whole number of lines.
            pub fn alert(self, alert: &Alert, context: &Context<'_>, memo: &mut Memo, out: &mut Vec<u8>) {
                match self { $(Self::$variant => $module::alert(alert, context, &mut memo.$module, out),)* }
            }

            /// Appends what stands after the last event. `now` is the time of the last frame.
            pub fn end(self, stats: &Stats, now: Timestamp, context: &Context<'_>, out: &mut Vec<u8>) {
                match self { $(Self::$variant => $module::end(stats, now, context, out),)* }
            }

            /// Appends how a sensor that watches interfaces is doing, `now`: a whole number of lines.
            pub fn health(
                self,
                stats: &Stats,
                health: &Health,
                now: Timestamp,
                context: &Context<'_>,
                out: &mut Vec<u8>,
            ) {
                match self { $(Self::$variant => $module::health(stats, health, now, context, out),)* }
            }
        }
    };
}

formats! {
    Eve eve "eve" "JSON lines in Suricata's EVE format.";
    Table table "table" "One readable line per call.";
}

impl Format {
    /// The output of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// What an output is told besides the events. The same for all threads that write parts of one run.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Name of the capture that the events come from, if they come from a file.
    pub capture: Option<&'a str>,
    /// Names of the interfaces that the events come from, by the [source](rpcscope_model::FrameNumber::source) of frames;
    /// none when they come from a file.
    pub interfaces: &'a [Box<str>],
    /// Seed of the community ids, when they are wanted; sites that do not choose a seed use 0.
    ///
    /// Off by default: it makes a line a quarter dearer, and any tool can add it later.
    pub community_id: Option<u16>,
    /// How a terminal shows time.
    pub clock: Clock,
    /// Whether a terminal shows colours.
    pub colour: Colour,
    /// What a terminal shows.
    pub detail: Detail,
    /// Columns of the terminal. Lines are laid out for 100 to 160.
    pub columns: u16,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self {
            capture: None,
            interfaces: &[],
            community_id: None,
            clock: Clock::Utc,
            colour: Colour::Plain,
            detail: Detail::Calls,
            columns: 120,
        }
    }
}

/// How a terminal shows time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// Date and time of day in UTC, to the millisecond.
    Utc,
    /// Seconds since this time, to the microsecond.
    Since(Timestamp),
}

/// Whether colours are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Plain text.
    Plain,
    /// ANSI escape sequences.
    Ansi,
}

/// What a terminal shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Calls, anomalies, binds, shares and pipes that the server refused, and files that are written to administrative
    /// shares.
    Calls,
    /// All binds, shares, pipes and files, too.
    Everything,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(*format));
        }
        assert_eq!(Format::from_name("xml"), None);
    }

    #[test]
    fn output_does_not_depend_on_how_events_are_split() {
        let events = samples::all();
        let context = samples::context();
        for format in Format::ALL {
            let mut whole = Vec::new();
            let mut memo = Memo::default();
            for event in &events {
                format.event(event, &context, &mut memo, &mut whole);
            }
            let parts: Vec<u8> = events
                .iter()
                .flat_map(|event| {
                    let mut part = Vec::new();
                    format.event(event, &context, &mut Memo::default(), &mut part);
                    part
                })
                .collect();
            assert_eq!(whole, parts);
            assert_eq!(whole.last(), Some(&b'\n'));
        }
    }
}
