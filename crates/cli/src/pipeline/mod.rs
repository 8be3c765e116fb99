//! From the frames of a capture to lines of output, on one thread or several.
//!
//! Both ways give the same bytes: the number of shards is fixed, each shard sees its packets in order, and what shards
//! say is put in the order of frames.

mod sharded;
mod single;
pub(crate) mod writer;

use crate::feed::Feed;
use crate::output::Output;
use indicatif::ProgressBar;
use rpcscope_engine::{Checksums, Shard, shard_limits};
use rpcscope_model::{Carved, Secrets, Stats, Timestamp};
use rpcscope_rules::{Expression, RuleSet};
use rpcscope_sinks::{Carver, Context, Format, Summary};
use std::sync::Arc;

/// What is done with the frames of a capture.
pub(crate) struct Plan<'a> {
    pub(crate) format: Format,
    pub(crate) context: Context<'a>,
    pub(crate) checksums: Checksums,
    pub(crate) secrets: Secrets,
    pub(crate) threads: usize,
    /// Whether a summary is wanted; counting costs a little for each event.
    pub(crate) summarise: bool,
    /// Rules to run over the events.
    pub(crate) rules: Option<Arc<RuleSet>>,
    /// What is printed of events and alerts.
    pub(crate) printed: Printed,
    /// Bytes of frames that a session may have when rules want it carved; `None` when nothing is carved.
    pub(crate) carve_bytes: Option<u64>,
}

impl Plan<'_> {
    /// A shard that does what is planned.
    pub(crate) fn shard(&self) -> Shard {
        let mut shard = Shard::new(shard_limits(), self.checksums).with_secrets(self.secrets);
        if let Some(rules) = &self.rules {
            shard = shard.with_rules(Arc::clone(rules));
        }
        if let Some(session_bytes) = self.carve_bytes {
            shard = shard.with_carving(&shard_limits(), session_bytes);
        }
        shard
    }
}

/// What is printed.
#[derive(Default)]
pub(crate) struct Printed {
    /// Only what is about events of this kind.
    pub(crate) filter: Option<Expression>,
    /// Alerts without the events between them.
    pub(crate) alerts_only: bool,
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

/// Where results go.
pub(crate) struct Results<'a> {
    pub(crate) output: &'a mut Output,
    /// Takes what is carved, when the plan says so.
    pub(crate) carver: Option<&'a mut Carver>,
}

impl Results<'_> {
    fn carve(&mut self, carved: impl IntoIterator<Item = Carved>) {
        if let Some(carver) = &mut self.carver {
            carved.into_iter().for_each(|carved| carver.take(carved));
        }
    }
}

/// Reads a capture to its end.
pub(crate) fn run(plan: &Plan<'_>, feed: &mut Feed, bar: &ProgressBar, mut results: Results<'_>) -> Findings {
    let mut findings = if plan.threads > 1 {
        sharded::run(plan, feed, bar, &mut results)
    } else {
        single::run(plan, feed, bar, &mut results)
    };
    if let Some(carver) = results.carver {
        carver.finish();
        findings.stats.add(&carver.take_stats());
    }
    findings
}
