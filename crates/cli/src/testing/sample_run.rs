//! One capture, replayed with rules.

use rpcscope_capture::{Batch, CaptureError, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Event, Frame};
use rpcscope_rules::{Correlator, Place, RuleSet, Told, Watch};
use rpcscope_testkit::scenario::{self, ScenarioErrors};
use rpcscope_text::Node;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Where frames come from.
pub(crate) enum Frames<'a> {
    /// A file.
    Capture(PathBuf),
    /// A scenario.
    Scenario(&'a Node),
}

/// Frames that could not be read, or not to their end.
pub(crate) struct Unread {
    /// Where the mistake of a scenario stands in the file of its test.
    pub(crate) place: Option<Place>,
    pub(crate) cause: String,
    /// The other mistakes, and what to do.
    pub(crate) detail: String,
}

impl From<CaptureError> for Unread {
    fn from(error: CaptureError) -> Self {
        let detail = error.hint().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
        Self { place: None, cause: error.to_string(), detail }
    }
}

impl From<ScenarioErrors> for Unread {
    fn from(errors: ScenarioErrors) -> Self {
        let mut detail = String::new();
        let first = errors.0.first();
        for (at, error) in errors.0.iter().enumerate() {
            if at > 0 {
                let _ = writeln!(detail, "{}:{}: {}", error.place.line, error.place.column, error.cause);
            }
            detail.extend(error.hint.iter().map(|hint| format!("hint: {hint}\n")));
        }
        Self {
            place: first.map(|error| error.place),
            cause: first.map(|error| error.cause.clone()).unwrap_or_default(),
            detail,
        }
    }
}

/// Replays frames with rules. `look` sees every event, in order, with what rules remember of those before it; the alerts
/// of all rules come out.
pub(crate) fn replay(
    frames: &Frames<'_>,
    rules: &Arc<RuleSet>,
    look: &mut impl FnMut(&Arc<Event>, &Watch),
) -> Result<Vec<Told>, Unread> {
    let mut engine = Engine::new(Checksums::Accepted).with_rules(rules).with_all_messages();
    let mut correlator = Correlator::new(Arc::clone(rules));
    // A second one, so that each event can be traced before it is taken.
    let mut watch = Watch::new(Arc::clone(rules));
    let (mut told, mut past) = (Vec::new(), Vec::new());
    let mut judge = |event: Event, hits: &[usize]| {
        let event = Arc::new(event);
        look(&event, &watch);
        past.clear();
        watch.event(&event, &mut past);
        for position in hits {
            let alert = rules.alert(*position, &event);
            told.extend(alert.map(|alert| Told { position: *position, alert }));
        }
        for position in hits.iter().filter(|position| rules.is_deferred(**position)) {
            correlator.hit(*position, &event, &mut told);
        }
    };
    each_frame(frames, &mut |frame| engine.push_judged(frame, &mut judge))?;
    engine.finish_judged(&mut judge);
    correlator.finish(&mut told);
    Ok(told)
}

fn each_frame(frames: &Frames<'_>, take: &mut impl FnMut(&Frame<'_>)) -> Result<(), Unread> {
    match frames {
        Frames::Capture(path) => {
            let mut reader = Reader::open(&Input::File(path.clone()))?;
            let mut batch = Batch::new(BATCH_FRAMES);
            while reader.next_batch(&mut batch)? {
                batch.frames().for_each(|frame| take(&frame));
            }
        }
        Frames::Scenario(scenario) => {
            let made = scenario::frames_of(scenario)?;
            for (number, frame) in (1..).zip(&made) {
                take(&frame.as_frame(number));
            }
        }
    }
    Ok(())
}

const BATCH_FRAMES: usize = 512;
