//! What is left when frames are lost, and that nothing is misnamed.
//!
//! Frames of captures are dropped by chance, with fixed seeds. A call that is told all the same is the call that was made:
//! its interface and operation are those that it has without loss, or not known. The test prints how much is found:
//!
//! ```text
//! cargo test -p rpcscope-suite --test loss -- --nocapture
//! ```

use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{
    CallId, ContextId, Endpoint, Event, EventBody, Frame, FrameNumber, LinkType, Phase, SyntaxId, Timestamp,
};
use rpcscope_rules::{Correlator, Told};
use rpcscope_suite::corpus::corpus;
use rpcscope_suite::manifest::own_captures;
use rpcscope_suite::packs::Packs;
use rpcscope_testkit::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Lost frames of a thousand.
const RATES: [usize; 4] = [1, 10, 50, 200];
const SEEDS: u64 = 5;

#[test]
fn calls_of_own_captures_are_never_misnamed() {
    let table = curve(&captures(&own_captures()));
    println!("\nown captures\n{table}");
    assert!(table.rows[0].named_share() > 0.97 && table.rows[1].named_share() > 0.85, "\n{table}");
    assert!(table.rows[0].alert_share() > 0.97 && table.rows[1].alert_share() > 0.85, "\n{table}");
}

#[test]
fn calls_of_the_corpus_are_never_misnamed() {
    let Some(folder) = corpus("calls_of_the_corpus_are_never_misnamed") else { return };
    let table = curve(&captures(&folder.join("captures")));
    println!("\nthe corpus\n{table}");
}

/// A call, wherever it was seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    client: Endpoint,
    server: Endpoint,
    call_id: CallId,
    activity: Option<Uuid>,
    /// Where its request begins, or its reply when there is none.
    frame: FrameNumber,
}

/// What a call was said to be.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Named {
    interface: Option<SyntaxId>,
    opnum: Option<u16>,
    context_id: Option<ContextId>,
}

/// What was said of a capture.
#[derive(Default)]
struct Said {
    calls: BTreeMap<Key, Named>,
    /// Interfaces that were bound on a connection.
    bound: BTreeSet<(Endpoint, Endpoint, SyntaxId)>,
    /// Alerts by rule and hosts, and how many.
    alerts: BTreeMap<(usize, Endpoint, Endpoint), u64>,
}

/// The frames of a capture.
struct Capture {
    path: PathBuf,
    frames: Vec<(Timestamp, LinkType, u32, Vec<u8>)>,
}

fn captures(folder: &Path) -> Vec<Capture> {
    let mut files = Vec::new();
    collect(folder, &mut files);
    files.sort();
    let captures = files.into_iter().filter_map(|path| {
        let mut frames = Vec::new();
        let mut reader = Reader::open(&Input::File(path.clone())).ok()?;
        let mut batch = Batch::new(1024);
        while reader.next_batch(&mut batch).unwrap_or(false) {
            frames.extend(
                batch
                    .frames()
                    .map(|frame| (frame.time, frame.link_type, frame.original_length, frame.bytes.to_vec())),
            );
        }
        Some(Capture { path, frames })
    });
    captures.collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|suffix| suffix == "pcap" || suffix == "pcapng") {
            files.push(path);
        }
    }
}

impl Capture {
    /// What is said of it when frames are lost, so many of a thousand.
    fn read(&self, packs: &Packs, lost_of_thousand: usize, seed: u64) -> Said {
        let mut rng = Rng::new(seed);
        let mut engine = Engine::new(Checksums::Accepted).with_rules(&packs.rules);
        let mut correlator = Correlator::new(Arc::clone(&packs.rules));
        let mut said = Said::default();
        let mut judge = |event: Event, hits: &[usize]| said.event(event, hits, packs, &mut correlator);
        for (number, (time, link_type, original_length, bytes)) in (1..).zip(&self.frames) {
            if lost_of_thousand > 0 && rng.below(1000) < lost_of_thousand {
                continue;
            }
            let frame = Frame {
                number: FrameNumber(number),
                time: *time,
                link_type: *link_type,
                original_length: *original_length,
                bytes,
            };
            engine.push_judged(&frame, &mut judge);
        }
        engine.finish_judged(&mut judge);
        said
    }
}

impl Said {
    fn event(&mut self, event: Event, hits: &[usize], packs: &Packs, correlator: &mut Correlator) {
        let header = event.header;
        if let (EventBody::Call(call), Phase::Settled) = (&event.body, header.phase) {
            let key = Key {
                client: header.client,
                server: header.server,
                call_id: call.call_id,
                activity: call.activity,
                frame: header.frame,
            };
            let named = Named {
                interface: call.interface.map(|interface| interface.syntax),
                opnum: call.opnum.map(|opnum| opnum.0),
                context_id: call.context_id,
            };
            self.calls.insert(key, named);
        }
        if let EventBody::Bind(bind) = &event.body {
            let bound = bind.contexts.iter();
            self.bound.extend(bound.map(|context| (header.client, header.server, context.interface.syntax)));
        }
        let event = Arc::new(event);
        let mut told: Vec<Told> = Vec::new();
        for hit in hits {
            let own = packs.rules.alert(*hit, &event);
            told.extend(own.map(|alert| Told { position: *hit, alert }));
            correlator.hit(*hit, &event, &mut told);
        }
        for Told { position, .. } in told {
            *self.alerts.entry((position, header.client, header.server)).or_default() += 1;
        }
    }
}

/// What is left at one rate of loss.
#[derive(Clone, Copy, Default)]
struct Left {
    calls: u64,
    found: u64,
    named: u64,
    alerts: u64,
    alerts_found: u64,
    alerts_new: u64,
}

impl Left {
    fn named_share(&self) -> f64 {
        share(self.named, self.calls)
    }

    fn alert_share(&self) -> f64 {
        share(self.alerts_found, self.alerts)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "counts of calls")]
    let share = part as f64 / whole.max(1) as f64;
    share
}

impl AddAssign for Left {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.found += other.found;
        self.named += other.named;
        self.alerts += other.alerts;
        self.alerts_found += other.alerts_found;
        self.alerts_new += other.alerts_new;
    }
}

/// What is left, by [`RATES`].
struct Table {
    rows: [Left; RATES.len()],
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "| frames lost | calls told | with interface | alerts told | alerts only with loss |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (rate, row) in RATES.iter().zip(&self.rows) {
            let percent = |part, whole| 100.0 * share(part, whole);
            writeln!(
                f,
                "| {}.{} % | {:.1} % | {:.1} % | {:.1} % | {:.1} % |",
                rate / 10,
                rate % 10,
                percent(row.found, row.calls),
                percent(row.named, row.calls),
                percent(row.alerts_found, row.alerts),
                percent(row.alerts_new, row.alerts),
            )?;
        }
        let Left { calls, alerts, .. } = self.rows[0];
        writeln!(f, "{} calls and {} alerts without loss, {SEEDS} seeds", calls / SEEDS, alerts / SEEDS)
    }
}

/// Reads captures at all rates. Fails when a call is misnamed.
fn curve(captures: &[Capture]) -> Table {
    let packs = Packs::load();
    let mut table = Table { rows: [Left::default(); RATES.len()] };
    let mut wrong = Vec::new();
    for capture in captures {
        let whole = capture.read(&packs, 0, 0);
        for (rate, row) in RATES.iter().zip(&mut table.rows) {
            for seed in 0..SEEDS {
                let left = capture.read(&packs, *rate, seed * 1000 + *rate as u64);
                *row += compare(&whole, &left, &mut |what| {
                    wrong.push(format!("{} at {rate} of 1000, seed {seed}: {what}", capture.path.display()));
                });
            }
        }
    }
    assert!(wrong.is_empty(), "{} misnamed\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    table
}

fn compare(whole: &Said, left: &Said, wrong: &mut impl FnMut(String)) -> Left {
    let mut sum = Left { calls: whole.calls.len() as u64, ..Left::default() };
    for (key, named) in &left.calls {
        let Some(known) = whole.calls.get(key) else {
            // It begins elsewhere: with the reply, since the request was lost, or in the middle.
            let may_be = |(other, known): (&Key, &Named)| {
                (other.client, other.server, other.call_id) == (key.client, key.server, key.call_id)
                    && agrees(named, known)
            };
            // A fault that answers a lost alter_context looks like that of a lost call: of an operation that is not known.
            let is_answer = named.opnum.is_none()
                && named
                    .interface
                    .is_none_or(|syntax| whole.bound.contains(&(key.client, key.server, syntax)));
            if !is_answer && !whole.calls.iter().any(may_be) {
                wrong(format!("{key:?} is told as {named:?}"));
            }
            continue;
        };
        sum.found += 1;
        sum.named += u64::from(known.interface.is_none() || named.interface == known.interface);
        if !agrees(named, known) {
            wrong(format!("{key:?} is {known:?} and told as {named:?}"));
        }
    }
    for (key, count) in &whole.alerts {
        sum.alerts += count;
        sum.alerts_found += count.min(left.alerts.get(key).unwrap_or(&0));
    }
    for (key, count) in &left.alerts {
        sum.alerts_new += count.saturating_sub(*whole.alerts.get(key).unwrap_or(&0));
    }
    sum
}

/// Whether what is said is what is known, or not known.
///
/// A reference to the object that every exporter of objects has tells its first interface, which the client may have asked
/// for in the second version: the same operations and one more ([MS-DCOM] 3.1.1.5.7).
fn agrees(said: &Named, known: &Named) -> bool {
    let interface = match (said.interface, known.interface) {
        (None, _) | (_, None) => true,
        (Some(said), Some(known)) => said == known || (said.uuid, known.uuid) == (REM_UNKNOWN, REM_UNKNOWN_2),
    };
    interface && said.opnum.is_none_or(|own| Some(own) == known.opnum)
}

const REM_UNKNOWN: Uuid = Uuid::from_u128(0x00000131_0000_0000_c000_000000000046);
const REM_UNKNOWN_2: Uuid = Uuid::from_u128(0x00000143_0000_0000_c000_000000000046);
