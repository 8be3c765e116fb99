//! Damaged captures are read like whole ones: to the end, without a panic, in bounded time and memory.

use rpcscope_capture::{Batch, Input, Reader, inputs};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Event, Frame, Timestamp};
use rpcscope_sinks::{Context, Detail, Format, Memo};
use rpcscope_suite::corpus::corpus;
use rpcscope_suite::manifest::own_captures;
use rpcscope_testkit::Rng;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// What happens to a capture before it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Damage {
    /// Nothing.
    Nothing,
    /// One in a hundred bytes of the frames becomes another.
    FlippedFrames,
    /// One in a hundred bytes of the file becomes another.
    FlippedFile,
    /// One in twenty frames is lost.
    LostFrames,
}

const DAMAGES: [Damage; 4] =
    [Damage::Nothing, Damage::FlippedFrames, Damage::FlippedFile, Damage::LostFrames];

/// The most that one frame may cost.
const FRAME_TIME: Duration = Duration::from_millis(1);
/// How often a capture is read before a slow frame is believed: whatever else the machine does, makes frames slow too.
const READINGS: usize = 20;
/// The most memory that is not part of a file, in kilobytes.
const MEMORY_KB: u64 = 200 << 10;

#[test]
fn own_captures_survive_damage() {
    assert!(survive_damage(&own_captures()) > 10, "the project's captures are missing");
}

#[test]
fn captures_of_the_corpus_survive_damage() {
    let Some(folder) = corpus("captures_of_the_corpus_survive_damage") else { return };
    assert!(survive_damage(&folder) > 0, "no captures below {}", folder.display());
}

/// Reads all captures below a folder with all kinds of damage, and says how many there are.
fn survive_damage(folder: &Path) -> usize {
    let captures = inputs::expand([folder]);
    for input in &captures {
        let Ok(Input::File(path)) = input else { panic!("{input:?} is no file") };
        let file = fs::read(path).expect("a readable file");
        for damage in DAMAGES {
            // Shown only when the test fails.
            println!("{} {damage:?}", path.display());
            survive(&file, damage);
        }
    }
    captures.len()
}

/// Reads a capture, and reads it again while any of its frames was slow every time.
fn survive(file: &[u8], damage: Damage) {
    let mut slow: BTreeMap<u64, Duration> = read(file, damage);
    for _ in 1..READINGS {
        if slow.is_empty() {
            return;
        }
        let again = read(file, damage);
        slow.retain(|frame, least| {
            again.get(frame).is_some_and(|time| {
                *least = (*least).min(*time);
                true
            })
        });
    }
    assert!(slow.is_empty(), "frames take longer than {FRAME_TIME:?}: {slow:?}");
}

/// Reads a capture to its end, writes what it shows, and gives the frames that took too long.
fn read(file: &[u8], damage: Damage) -> BTreeMap<u64, Duration> {
    let mut slow = BTreeMap::new();
    let mut rng = Rng::new(file.len() as u64);
    let mut bytes = file.to_vec();
    if damage == Damage::FlippedFile {
        flip(&mut bytes, &mut rng);
    }
    // What is no capture any more has been survived.
    let Ok(mut reader) = Reader::from_bytes(Input::Stdin, bytes) else { return slow };
    let mut engine = Engine::new(Checksums::Accepted);
    let mut output = Output::default();
    let mut batch = Batch::new(256);
    let mut flipped = Vec::new();
    while let Ok(true) = reader.next_batch(&mut batch) {
        for frame in &batch {
            let frame = match damage {
                Damage::Nothing | Damage::FlippedFile => frame,
                Damage::LostFrames if rng.chance(5) => continue,
                Damage::LostFrames => frame,
                Damage::FlippedFrames => {
                    flipped.clear();
                    flipped.extend_from_slice(frame.bytes);
                    flip(&mut flipped, &mut rng);
                    Frame { bytes: &flipped, ..frame }
                }
            };
            let begin = Instant::now();
            engine.push(&frame, &mut |event| output.events.push(event));
            let time = begin.elapsed();
            if time > FRAME_TIME {
                slow.insert(frame.number.0, time);
            }
            output.write();
        }
        assert_memory();
    }
    engine.finish(&mut |event| output.events.push(event));
    output.write();
    output.end(&engine);
    assert_memory();
    slow
}

/// Writes every event in every format, and forgets it.
#[derive(Default)]
struct Output {
    events: Vec<Event>,
    bytes: Vec<u8>,
}

impl Output {
    fn write(&mut self) {
        let context = Context { detail: Detail::Everything, community_id: Some(0), ..Context::default() };
        for event in self.events.drain(..) {
            for format in Format::ALL {
                self.bytes.clear();
                format.event(&event, &context, &mut Memo::default(), &mut self.bytes);
                assert!(std::str::from_utf8(&self.bytes).is_ok(), "{format:?} writes UTF-8");
            }
        }
    }

    fn end(&mut self, engine: &Engine) {
        for format in Format::ALL {
            format.end(&engine.stats(), Timestamp::default(), &Context::default(), &mut self.bytes);
        }
    }
}

/// Changes about one in a hundred bytes.
fn flip(bytes: &mut [u8], rng: &mut Rng) {
    let mut at = rng.below(200);
    while let Some(byte) = bytes.get_mut(at) {
        *byte ^= u8::try_from(rng.between(1, 255)).expect("a byte");
        at += rng.between(1, 199);
    }
}

/// Checks how much memory this process has that belongs to no file. Only Linux says so.
fn assert_memory() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    let kilobytes = anonymous.trim().strip_suffix(" kB").and_then(|number| number.parse::<u64>().ok());
    assert!(kilobytes.unwrap_or_default() < MEMORY_KB, "{anonymous} of anonymous memory");
}
