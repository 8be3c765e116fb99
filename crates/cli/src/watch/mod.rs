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
mod setup;
mod signals;
mod systemd;
mod teller;
mod threads;
mod worker;

use self::args::Watch;
use self::control::Control;
use self::report::{Reloads, Reporter};
use self::running::Running;
use self::teller::{Message, Told};
use self::threads::{Carving, LOADS_BEHIND, Reader};
use self::worker::Worker;
use crate::exit::{DONE, Exit, UNREADABLE, WRONG_USE};
use crate::{filter, messages};
use crossbeam_channel::{Sender, bounded, unbounded};
use rpcscope_capture::live::{self, InterfaceState};
use rpcscope_engine::SHARDS;
use rpcscope_sinks::destination::Outlet;
use std::net::TcpListener;
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
    for interface in live::interfaces().map_err(|error| setup::tell(&error))? {
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
    let (rules, files) = setup::rules(arguments)?;
    let filter = filter::parse(arguments.filter.as_deref())?;
    let destinations = setup::destinations(&arguments.outputs)?;
    let sources = setup::open_sources(arguments)?;
    let carver = setup::carver(arguments)?;
    let listener = arguments.metrics.map(TcpListener::bind).transpose().map_err(|error| {
        messages::error(&format_args!("--metrics: cannot listen: {error}"), None);
        WRONG_USE
    })?;
    setup::confine(arguments, files, &destinations)?;

    // Threads inherit the confinement: none is started before.
    let signals = signals.listen().map_err(deaf)?;

    let sockets = sources.len();
    let workers = if sockets == 1 { 1 } else { usize::from(arguments.threads).min(SHARDS) };
    let interfaces: Vec<Box<str>> = sources.iter().map(|source| source.interface().into()).collect();
    let running = Arc::new(Running::new(sockets, workers, rules.clone()));
    let told = Arc::new(Told::default());
    let outlets = setup::spawn_outlets(destinations)?;
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
    let plan = setup::plan(arguments, rules, filter, &interfaces);
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
            Reader::new(source, socket, setup::first_number(sockets), carving, &running, notices_to.clone())
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

/// Parcels that the teller may be behind. With the size of a parcel it bounds what waits there: 64 MB or so.
const PARCELS: usize = 1024;
/// How long the end waits for outputs.
const CLOSING: Duration = Duration::from_secs(5);
