//! What the first thread does while others work: it obeys signals, reloads rules, and says how it goes.

use super::args::Watch;
use super::report::Reporter;
use super::running::Running;
use super::signals::Signal;
use super::teller::Message;
use super::{clock, systemd};
use crate::exit::{DONE, Exit, UNREADABLE};
use crate::messages;
use crate::pipeline::Plan;
use crate::rule_files::{self, Strictness};
use crossbeam_channel::{Receiver, Sender, never, select_biased, tick};
use rpcscope_capture::live::Notice;
use rpcscope_sinks::destination::Outlet;
use std::io::IsTerminal;
use std::sync::atomic::Ordering;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// What is to be looked after.
pub(super) struct Control<'a> {
    pub(super) arguments: &'a Watch,
    pub(super) plan: &'a Plan<'a>,
    pub(super) reporter: &'a Reporter,
    pub(super) running: &'a Running,
    pub(super) outlets: &'a [Outlet],
    pub(super) signals: &'a Receiver<Signal>,
    pub(super) notices: &'a Receiver<(usize, Notice)>,
    pub(super) messages: &'a Sender<Message>,
    pub(super) threads: &'a [ScopedJoinHandle<'a, ()>],
}

impl Control<'_> {
    /// Works until the sensor is to end.
    pub(super) fn run(&self) -> Exit {
        let interfaces = self.arguments.interfaces.join(", ");
        let rules = self.reporter.reloads.rules.load(Ordering::Relaxed);
        messages::note(&format_args!("watching {interfaces} with {rules} rules; interrupt to end"));
        systemd::ready(&format!("watching {interfaces}"));
        let stats = match self.arguments.stats {
            0 => never(),
            seconds => tick(Duration::from_secs(seconds)),
        };
        let looked = tick(systemd::alive_each().unwrap_or(LOOK).min(LOOK));
        let mut turns = self.running.turns();
        loop {
            select_biased! {
                recv(self.signals) -> signal => match signal {
                    Ok(Signal::Reload) => self.reload(),
                    Ok(Signal::Tell) => messages::note(&self.reporter.report().sizes()),
                    Ok(Signal::End) | Err(_) => break,
                },
                recv(self.notices) -> notice => {
                    let Ok((socket, notice)) = notice else { break };
                    self.note(socket, &notice);
                    if self.arguments.once && matches!(notice, Notice::Gone { .. }) {
                        systemd::stopping();
                        return UNREADABLE;
                    }
                },
                recv(looked) -> _ => {
                    let now = self.running.turns();
                    if self.threads.iter().any(ScopedJoinHandle::is_finished) {
                        // One has panicked, which joining it will tell.
                        break;
                    }
                    if now.iter().zip(&turns).all(|(now, before)| now != before) {
                        systemd::alive();
                    }
                    turns = now;
                },
                recv(stats) -> _ => self.tell_stats(),
            }
        }
        systemd::stopping();
        DONE
    }

    /// Loads the rules again. With an error in one of them all stay as they are.
    fn reload(&self) {
        systemd::reloading();
        self.outlets.iter().for_each(Outlet::reopen);
        let reloads = &self.reporter.reloads;
        let paths = &self.arguments.rules;
        if !paths.is_empty() {
            match rule_files::load_to_run(paths, self.arguments.settings.as_deref(), Strictness::Strict) {
                Ok(rules) => {
                    let count = rules.count();
                    reloads.rules.store(count as u64, Ordering::Relaxed);
                    reloads.done.fetch_add(1, Ordering::Relaxed);
                    self.running.change_rules(Some(rules));
                    messages::note(&format_args!("{count} rules loaded again"));
                }
                Err(_) => {
                    reloads.failed.fetch_add(1, Ordering::Relaxed);
                    messages::warning(&"the rules that run stay as they are");
                }
            }
        }
        systemd::ready(&self.reporter.report().line());
    }

    fn note(&self, socket: usize, notice: &Notice) {
        let name = self.reporter.interfaces.get(socket).map_or("", |name| &**name);
        // All sockets of an interface say the same: the first one does.
        if self.reporter.interfaces.iter().position(|known| &**known == name) == Some(socket) {
            messages::note(&format_args!("{name}: {notice}"));
        }
    }

    fn tell_stats(&self) {
        let report = self.reporter.report();
        let mut lines = Vec::new();
        self.plan.format.health(&report.stats, &report.health, clock::now(), &self.plan.context, &mut lines);
        // When the teller is behind, the next one says it.
        let _ = self.messages.try_send(Message::Lines(lines));
        let line = report.line();
        systemd::status(&line);
        if std::io::stderr().is_terminal() {
            messages::note(&line);
        }
    }
}

/// How often it is looked whether all threads are at work.
const LOOK: Duration = Duration::from_secs(5);
