//! From the frames of a capture to lines of output, on one thread or several.
//!
//! Both ways give the same bytes: the number of shards is fixed, each shard sees its packets in order, and what shards
//! say is put in the order of frames.

mod sharded;
mod single;

use crate::feed::Feed;
use crate::output::Output;
use indicatif::ProgressBar;
use rpcscope_engine::Checksums;
use rpcscope_model::{Event, Secrets, Stats, Timestamp};
use rpcscope_sinks::{Context, Format, Memo, Summary};

/// What is done with the frames of a capture.
pub(crate) struct Plan<'a> {
    pub(crate) format: Format,
    pub(crate) context: Context<'a>,
    pub(crate) checksums: Checksums,
    pub(crate) secrets: Secrets,
    pub(crate) threads: usize,
    /// Whether a summary is wanted; counting costs a little for each event.
    pub(crate) summarise: bool,
}

/// What a capture showed.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) stats: Stats,
    pub(crate) summary: Summary,
    /// Time of the last frame.
    pub(crate) last: Timestamp,
}

/// Frames that are read at once: enough that handing them over costs little, few enough that they stay in the cache.
pub(crate) const BATCH_FRAMES: usize = 2048;

/// Reads a capture to its end.
pub(crate) fn run(plan: &Plan<'_>, feed: &mut Feed, bar: &ProgressBar, output: &mut Output) -> Findings {
    if plan.threads > 1 {
        sharded::run(plan, feed, bar, output)
    } else {
        single::run(plan, feed, bar, output)
    }
}

/// Formats events and counts them.
struct Writer<'a> {
    plan: &'a Plan<'a>,
    summary: Summary,
    memo: Memo,
    bytes: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(plan: &'a Plan<'a>) -> Self {
        Self { plan, summary: Summary::default(), memo: Memo::default(), bytes: Vec::new() }
    }

    fn event(&mut self, event: &Event) {
        if self.plan.summarise {
            self.summary.observe(event);
        }
        self.plan.format.event(event, &self.plan.context, &mut self.memo, &mut self.bytes);
    }
}
