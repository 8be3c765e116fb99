//! `rpcscope watch`: every remote procedure call on network interfaces, until told to stop.
//!
//! ```text
//!   interfaces ──► threads ──► worker ──► teller ──► outlets
//!                   read, decode   shards    correlate   a thread each
//!
//!   control: signals, reloads, statistics, service manager
//! ```
//!
//! Nothing that comes after a socket may hold it up: whoever is behind loses whole batches, which are counted.

pub(crate) mod args;
mod carving;
mod clock;
mod control;
mod handover;
mod metrics;
mod report;
mod running;
mod sandbox;
mod signals;
mod systemd;
mod teller;
mod threads;
mod worker;

use self::args::Watch;
use self::control::Control;
use self::report::{Reloads, Reporter};
use self::running::Running;
use self::sandbox::{Confinement, Files};
use self::teller::{Message, Told};
use self::threads::{Carving, LOADS_BEHIND, Reader};
use self::worker::Worker;
use crate::args::When;
use crate::exit::{DONE, Exit, UNREADABLE, WRONG_USE};
use crate::pipeline::{Plan, Printed};
use crate::rule_files::{self, Strictness};
use crate::{filter, messages, settings, shown};
use crossbeam_channel::{Sender, bounded, unbounded};
use rpcscope_capture::CaptureError;
use rpcscope_capture::live::{InterfaceState, LiveSettings, LiveSource, Share};
use rpcscope_engine::{Checksums, SHARDS};
use rpcscope_model::Secrets;
use rpcscope_rules::RuleSet;
use rpcscope_sinks::destination::{Destination, Needs, Outlet, RESOLVER_FILES, SpoolLimits, Surroundings};
use rpcscope_sinks::{Carver, Clock, Colour, Context, Detail, Format};
use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

pub(crate) fn run(arguments: &Watch) -> Exit {
    let done = if arguments.list { list() } else { watch(arguments) };
    done.unwrap_or_else(|exit| exit)
}

/// Prints the interfaces that can be watched.
fn list() -> Result<Exit, Exit> {
    for interface in rpcscope_capture::live::interfaces().map_err(|error| tell(&error))? {
        let addresses: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
        let state = match interface.state {
            InterfaceState::Up => "up",
            InterfaceState::NoCarrier => "no carrier",
            InterfaceState::Down => "down",
        };
        println!("{:<16} {state:<11} {}", interface.name, addresses.join(" "));
    }
    Ok(DONE)
}

fn watch(arguments: &Watch) -> Result<Exit, Exit> {
    let started = Instant::now();
    let deaf = |error| {
        messages::error(&format_args!("cannot listen to signals: {error}"), None);
        UNREADABLE
    };
    let signals = signals::catch().map_err(deaf)?;
    let (rules, files) = rules(arguments)?;
    let filter = filter::parse(arguments.filter.as_deref())?;
    let destinations = destinations(&arguments.outputs)?;
    let sources = open_sources(arguments)?;
    let carver = carver(arguments)?;
    let listener = arguments.metrics.map(TcpListener::bind).transpose().map_err(|error| {
        messages::error(&format_args!("--metrics: cannot listen: {error}"), None);
        WRONG_USE
    })?;
    confine(arguments, files, &destinations)?;

    // Threads inherit the confinement: none is started before.
    let signals = signals.listen().map_err(deaf)?;

    let sockets = sources.len();
    let workers = if sockets == 1 { 1 } else { usize::from(arguments.threads).min(SHARDS) };
    let interfaces: Vec<Box<str>> = sources.iter().map(|source| source.interface().into()).collect();
    let running = Arc::new(Running::new(sockets, workers, rules.clone()));
    let told = Arc::new(Told::default());
    let outlets = spawn_outlets(destinations)?;
    let reporter = Arc::new(Reporter {
        started,
        running: Arc::clone(&running),
        told: Arc::clone(&told),
        carved: Arc::default(),
        outputs: outlets.iter().map(Outlet::state).collect(),
        interfaces: interfaces.clone(),
        reloads: Reloads::default(),
    });
    reporter.reloads.rules.store(rules.as_ref().map_or(0, |rules| rules.count() as u64), Ordering::Relaxed);
    if let Some(listener) = listener {
        let reporter = Arc::clone(&reporter);
        metrics::serve(listener, move || reporter.report()).map_err(|error| {
            messages::error(&format_args!("--metrics: cannot serve: {error}"), None);
            UNREADABLE
        })?;
    }
    let plan = plan(arguments, rules, filter, &interfaces);
    let exit = thread::scope(|scope| {
        let (messages_to, messages_from) = bounded(PARCELS);
        let (plan, outlets, told) = (&plan, &outlets, &told);
        let telling = scope.spawn(move || teller::tell(plan, &messages_from, outlets, told));
        let mut begin = Vec::new();
        plan.format.begin(&plan.context, &mut begin);
        // The teller has just been started, there is room.
        let _ = messages_to.try_send(Message::Lines(begin));
        let (carver_to, carving_thread) = carver
            .map(|carver| {
                let (to, from) = bounded(carving::BATCHES);
                let counted = Arc::clone(&reporter.carved);
                (to, scope.spawn(move || carving::write(carver, &from, &counted)))
            })
            .unzip();
        let carving = if carver_to.is_some() { Carving::Asked } else { Carving::Not };
        let (notices_to, notices) = unbounded();
        let readers = sources.into_iter().enumerate().map(|(socket, source)| {
            Reader::new(source, socket, first_number(sockets), carving, &running, notices_to.clone())
        });
        let readers: Vec<Reader<'_>> = readers.collect();
        let worker = |number: usize| {
            Worker::new(
                plan,
                &running,
                number,
                workers,
                messages_to.clone(),
                carver_to.clone(),
                Instant::now(),
            )
        };
        let mut handles: Vec<ScopedJoinHandle<'_, ()>> = Vec::new();
        if sockets == 1 {
            let worker = worker(0);
            handles.extend(
                readers
                    .into_iter()
                    .zip([worker])
                    .map(|(reader, worker)| scope.spawn(move || threads::watch_alone(reader, worker))),
            );
        } else {
            let mut loads_to = Vec::new();
            for number in 0..workers {
                let (to, from) = bounded(LOADS_BEHIND * sockets);
                loads_to.push(to);
                let (worker, running) = (worker(number), &*running);
                handles.push(scope.spawn(move || threads::work(worker, &from, running)));
            }
            for reader in readers {
                let (loads_to, running): (Vec<Sender<_>>, _) = (loads_to.clone(), &*running);
                handles.push(scope.spawn(move || threads::read(reader, &loads_to, running)));
            }
        }
        drop(notices_to);
        let exit = Control {
            arguments,
            plan,
            reporter: &reporter,
            running: &running,
            outlets,
            signals: &signals,
            notices: &notices,
            messages: &messages_to,
            threads: &handles,
        }
        .run();
        running.stop();
        drop(carver_to);
        for handle in handles.into_iter().chain(carving_thread) {
            if let Err(panic) = handle.join() {
                std::panic::resume_unwind(panic);
            }
        }
        let mut last = Vec::new();
        let report = reporter.report();
        plan.format.health(&report.stats, &report.health, clock::now(), &plan.context, &mut last);
        let _ = messages_to.send_timeout(Message::Lines(last), CLOSING);
        drop(messages_to);
        if let Err(panic) = telling.join() {
            std::panic::resume_unwind(panic);
        }
        exit
    });
    Ok(exit.max(close(outlets)))
}

/// The rules that are to run, and the files that they are read from again.
fn rules(arguments: &Watch) -> Result<(Option<Arc<RuleSet>>, Files), Exit> {
    let mut files = Files::default();
    if arguments.rules.is_empty() {
        return Ok((None, files));
    }
    arguments.rules.iter().for_each(|path| files.read(path));
    if let Some(path) = settings::path(arguments.settings.as_deref(), &arguments.rules) {
        files.read(&path);
    }
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    let settings = settings::load(arguments.settings.as_deref(), &arguments.rules)?;
    let rules = rule_files::load_to_run(&arguments.rules, &settings, strictness)?;
    Ok((Some(rules), files))
}

fn destinations(outputs: &[String]) -> Result<Vec<Destination>, Exit> {
    let standard = ["-".to_owned()];
    let outputs = if outputs.is_empty() { &standard[..] } else { outputs };
    let mut destinations = Vec::new();
    for text in outputs {
        let destination = Destination::parse(text).and_then(|destination| {
            destination.check()?;
            Ok(destination)
        });
        destinations.push(destination.map_err(|error| {
            messages::error(&format_args!("--output {text}:{error}"), None);
            WRONG_USE
        })?);
    }
    Ok(destinations)
}

/// Opens the sockets of all interfaces. One that is not there is waited for, unless that is not wanted.
fn open_sources(arguments: &Watch) -> Result<Vec<LiveSource>, Exit> {
    let settings = Arc::new(LiveSettings {
        snap_length: arguments.snap_length,
        buffer_bytes: arguments.buffer,
        filter: arguments.packet_filter.clone(),
        promiscuous: !arguments.no_promiscuous,
        ..LiveSettings::default()
    });
    let mut sources = Vec::new();
    for interface in &arguments.interfaces {
        let share = (arguments.threads > 1).then(Share::new);
        for _ in 0..arguments.threads {
            let mut source = LiveSource::new(interface.clone(), Arc::clone(&settings), share.clone());
            match source.open() {
                Err(error) if arguments.once || !error.may_pass() => return Err(tell(&error)),
                Err(error) if sources.iter().all(|one: &LiveSource| one.interface() != interface) => {
                    messages::warning(&format_args!("{error}; waiting for it"));
                }
                Err(_) | Ok(()) => {}
            }
            sources.push(source);
        }
    }
    Ok(sources)
}

/// Where sessions are carved to, when that is asked for. Whether a rule wants it may change.
fn carver(arguments: &Watch) -> Result<Option<Carver>, Exit> {
    let Some(folder) = &arguments.carve else { return Ok(None) };
    Carver::new(folder, arguments.carve_budget).map(Some).map_err(|error| {
        messages::error(&error, error.hint());
        WRONG_USE
    })
}

/// Says what failed.
fn tell(error: &CaptureError) -> Exit {
    messages::error(error, error.hint());
    UNREADABLE
}

/// Gives up what the sensor does not need any more.
fn confine(arguments: &Watch, mut files: Files, destinations: &[Destination]) -> Result<(), Exit> {
    if arguments.no_sandbox {
        return Ok(());
    }
    if let Some(folder) = &arguments.carve {
        files.write(folder);
    }
    for destination in destinations {
        let Needs { folders, peers, host_names, .. } = destination.needs();
        folders.iter().for_each(|folder| files.write(folder));
        peers.iter().for_each(|peer| files.write(peer));
        if host_names {
            RESOLVER_FILES.iter().for_each(|path| files.read(Path::new(path)));
        }
    }
    let kept = sandbox::enter(&Confinement { user: arguments.user.as_deref(), files: &files });
    let kept = kept.map_err(|refused| {
        messages::error(&refused, refused.hint);
        WRONG_USE
    })?;
    messages::note(&kept);
    Ok(())
}

fn spawn_outlets(destinations: Vec<Destination>) -> Result<Vec<Outlet>, Exit> {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let surroundings = Surroundings { now: Arc::new(clock::now), host, process: Some(std::process::id()) };
    let spawn = |destination| Outlet::spawn(destination, surroundings.clone(), SpoolLimits::default());
    destinations.into_iter().map(spawn).collect::<Result<_, _>>().map_err(|error| {
        messages::error(&format_args!("cannot start a thread for an output: {error}"), None);
        UNREADABLE
    })
}

fn plan<'a>(
    arguments: &Watch,
    rules: Option<Arc<RuleSet>>,
    filter: Option<rpcscope_rules::Expression>,
    interfaces: &'a [Box<str>],
) -> Plan<'a> {
    let on_terminal = arguments.outputs.is_empty() && std::io::stdout().is_terminal();
    let format = match arguments.format.as_deref().and_then(Format::from_name) {
        Some(format) => format,
        None if on_terminal => Format::Table,
        None => Format::Eve,
    };
    let colour = match arguments.color {
        When::Always => Colour::Ansi,
        When::Auto if on_terminal && std::env::var_os("NO_COLOR").is_none() => Colour::Ansi,
        _ => Colour::Plain,
    };
    Plan {
        format,
        context: Context {
            capture: None,
            interfaces,
            community_id: arguments.community_id.then_some(0),
            clock: Clock::Utc,
            colour,
            detail: if arguments.verbose { Detail::Everything } else { Detail::Calls },
            columns: shown::columns(),
        },
        checksums: if arguments.verify_checksums { Checksums::Verified } else { Checksums::Accepted },
        secrets: if arguments.with_hashes { Secrets::Told } else { Secrets::Withheld },
        threads: usize::from(arguments.threads),
        summarise: false,
        rules,
        printed: Printed { filter, alerts_only: arguments.alerts },
        carve_bytes: arguments.carve.as_ref().map(|_| Carver::session_bytes(arguments.carve_budget)),
    }
}

/// Writes what waits, and says what could not be written.
fn close(outlets: Vec<Outlet>) -> Exit {
    let mut exit = DONE;
    for outlet in outlets {
        let state = outlet.state();
        let figures = outlet.close(CLOSING);
        let lost = figures.shed_lines + figures.queued_lines;
        if lost > 0 {
            let why = state.last_error().map_or_else(String::new, |error| format!(": {error}"));
            messages::warning(&format_args!("{}: {lost} lines were not written{why}", state.name()));
            exit = UNREADABLE;
        }
    }
    exit
}

/// What is added to the numbers of frames: numbers of flows are not used again after a restart, unless the sensor took
/// more than a million frames a second from its start on.
fn first_number(sockets: usize) -> u64 {
    let seconds = u64::try_from(clock::now().seconds()).unwrap_or(0);
    (seconds << 20) / sockets.max(1) as u64
}

/// Parcels that the teller may be behind. With the size of a parcel it bounds what waits there: 64 MB or so.
const PARCELS: usize = 1024;
/// How long the end waits for outputs.
const CLOSING: Duration = Duration::from_secs(5);
