//! What a sensor is made of, from what was typed. What cannot be had is said.

use super::args::Watch;
use super::clock;
use super::sandbox::{self, Confinement, Files};
use crate::exit::{Exit, UNREADABLE, WRONG_USE};
use crate::pipeline::{Plan, Printed};
use crate::rule_files::{self, Strictness};
use crate::{messages, settings, shown};
use rpcscope_capture::CaptureError;
use rpcscope_capture::live::{LiveSettings, LiveSource, Share};
use rpcscope_engine::Checksums;
use rpcscope_model::Secrets;
use rpcscope_rules::{Expression, RuleSet};
use rpcscope_sinks::destination::{Destination, Needs, Outlet, RESOLVER_FILES, SpoolLimits, Surroundings};
use rpcscope_sinks::{Carver, Clock, Context, Detail};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

/// The rules that are to run, and the files that they are read from again.
pub(super) fn rules(arguments: &Watch) -> Result<(Option<Arc<RuleSet>>, Files), Exit> {
    let mut files = Files::default();
    if arguments.rules.is_empty() {
        return Ok((None, files));
    }
    arguments.rules.iter().for_each(|path| files.read(path));
    if let Some(path) = settings::path(arguments.settings.as_deref(), &arguments.rules) {
        files.read(&path);
    }
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    let rules = rule_files::load_to_run(&arguments.rules, arguments.settings.as_deref(), strictness)?;
    Ok((Some(rules), files))
}

/// Where lines go.
pub(super) fn destinations(outputs: &[String]) -> Result<Vec<Destination>, Exit> {
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
pub(super) fn open_sources(arguments: &Watch) -> Result<Vec<LiveSource>, Exit> {
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
pub(super) fn carver(arguments: &Watch) -> Result<Option<Carver>, Exit> {
    let Some(folder) = &arguments.carve else { return Ok(None) };
    Carver::new(folder, arguments.carve_budget).map(Some).map_err(|error| {
        messages::error(&error, error.hint());
        WRONG_USE
    })
}

/// Says what failed.
pub(super) fn tell(error: &CaptureError) -> Exit {
    messages::error(error, error.hint());
    UNREADABLE
}

/// Gives up what the sensor does not need any more.
pub(super) fn confine(arguments: &Watch, mut files: Files, destinations: &[Destination]) -> Result<(), Exit> {
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

/// Starts a thread for each place that lines go to.
pub(super) fn spawn_outlets(destinations: Vec<Destination>) -> Result<Vec<Outlet>, Exit> {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let surroundings = Surroundings { now: Arc::new(clock::now), host, process: Some(std::process::id()) };
    let spawn = |destination| Outlet::spawn(destination, surroundings.clone(), SpoolLimits::default());
    destinations.into_iter().map(spawn).collect::<Result<_, _>>().map_err(|error| {
        messages::error(&format_args!("cannot start a thread for an output: {error}"), None);
        UNREADABLE
    })
}

/// What is done with packets.
pub(super) fn plan<'a>(
    arguments: &Watch,
    rules: Option<Arc<RuleSet>>,
    filter: Option<Expression>,
    interfaces: &'a [Box<str>],
) -> Plan<'a> {
    let on_terminal = arguments.outputs.is_empty() && std::io::stdout().is_terminal();
    let format = shown::format(arguments.format.as_deref(), on_terminal);
    let colour = shown::colour(arguments.color, on_terminal);
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

/// What is added to the numbers of frames: numbers of flows are not used again after a restart, unless the sensor took
/// more than a million frames a second from its start on.
pub(super) fn first_number(sockets: usize) -> u64 {
    let seconds = u64::try_from(clock::now().seconds()).unwrap_or(0);
    (seconds << 20) / sockets.max(1) as u64
}
