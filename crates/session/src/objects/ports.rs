//! What listens on the ports of servers: exporters that activations led to, and interfaces that an endpoint mapper named.

use super::{Pair, interface};
use crate::At;
use crate::bounded::Bounded;
use crate::flow::Ends;
use rpcscope_catalog::{Evidence, Kind};
use rpcscope_model::{
    Activation, ActivationId, Class, Confidence, Endpoint, Guess, Interface, Limits, Stats, SyntaxId,
    Timestamp, Transport,
};
use rpcscope_wire::stub::Tower;
use uuid::Uuid;

/// The ports of servers, and the activations that turned clients to them.
#[derive(Debug)]
pub(super) struct Ports {
    known: Bounded<(Pair, Endpoint), Port>,
    /// Activations, with the class when it is known.
    activations: Bounded<ActivationId, Option<Class>>,
    /// The last activation between two hosts that could not be read.
    sealed: Bounded<Pair, Sealed>,
}

/// What is known of a port.
#[derive(Clone, Copy, Debug, Default)]
struct Port {
    /// The last activation that turned the client to it.
    activation: Option<ActivationId>,
    named: Named,
}

/// What an endpoint mapper said of a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Named {
    #[default]
    Nothing,
    One(SyntaxId),
    /// Several interfaces: the port alone tells none.
    Several,
}

/// An activation whose answer could not be read.
#[derive(Debug)]
struct Sealed {
    id: ActivationId,
    server: Endpoint,
    time: Timestamp,
    /// Its event, while it may yet be told what was activated.
    held: Option<Box<Held>>,
}

/// The event of an activation, which is reported when its class can be guessed, or when it is over.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) ends: Ends,
    pub(crate) transport: Transport,
    pub(crate) at: At,
    pub(crate) activation: Activation,
}

impl Ports {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            known: Bounded::new(limits.exporters),
            activations: Bounded::new(limits.exporters),
            sealed: Bounded::new(limits.exporters),
        }
    }

    /// Notes an activation. The class of one that could not be read is `None`.
    pub(super) fn activated(&mut self, id: ActivationId, class: Option<Class>, stats: &mut Stats) {
        stats.exporters_evicted += u64::from(self.activations.insert(id, class).is_some());
    }

    /// Notes an activation that was answered at `time`, and that it could not be read what with. Returns the event of the
    /// one before, of which nothing more will be told.
    #[must_use = "an event is to be reported"]
    pub(super) fn sealed(
        &mut self,
        held: Box<Held>,
        time: Timestamp,
        stats: &mut Stats,
    ) -> Option<Box<Held>> {
        let (id, server) = (held.activation.id, held.ends.server);
        let pair = Pair::of(&held.ends);
        self.activated(id, None, stats);
        self.sealed.insert(pair, Sealed { id, server, time, held: Some(held) })?.held
    }

    /// Takes the event of an activation whose connection is over.
    #[must_use = "an event is to be reported"]
    pub(super) fn over(&mut self, ends: &Ends) -> Option<Box<Held>> {
        if self.sealed.len() == 0 {
            return None;
        }
        self.sealed.get_mut(&Pair::of(ends)).filter(|sealed| sealed.id.flow_id == ends.id)?.held.take()
    }

    /// Notes where the exporter listens that an activation led to.
    pub(super) fn exports(&mut self, pair: Pair, at: Endpoint, id: ActivationId, stats: &mut Stats) {
        self.change(pair, at, stats, |port| port.activation = Some(id));
    }

    /// Notes where an endpoint mapper says that an interface listens.
    pub(super) fn mapped(&mut self, ends: &Ends, tower: &Tower, stats: &mut Stats) {
        let (Some(port @ 1..), Some(named), Some("ncacn_ip_tcp")) =
            (tower.port, tower.interface, tower.transport)
        else {
            return;
        };
        let at = Endpoint::new(ends.server.address, port);
        // Where the mapper listens it serves itself, too.
        let tells_none = at == ends.server || is_never_alone(named.uuid);
        self.change(Pair::of(ends), at, stats, |port| {
            port.named = match port.named {
                Named::One(known) if known == named => Named::One(known),
                Named::Nothing if !tells_none => Named::One(named),
                Named::Nothing | Named::One(_) | Named::Several => Named::Several,
            };
        });
    }

    /// Notes that a client binds an interface. Soon after an activation that could not be read, it turns to what it has
    /// activated: the port is that of the exporter, and the interface may tell the class. Returns the event of the
    /// activation when it does.
    #[must_use = "an event is to be reported"]
    pub(super) fn bound(
        &mut self,
        ends: &Ends,
        bound: &Interface,
        at: At,
        stats: &mut Stats,
    ) -> Option<Box<Held>> {
        if self.sealed.len() == 0 {
            return None;
        }
        let pair = Pair::of(ends);
        let Sealed { id, server, time, .. } = *self.sealed.get(&pair)?;
        let is_exporter = ends.server.address == server.address && ends.server.port != server.port;
        if !is_exporter || at.time.since_ns(time) > SOON_NS || !is_of_object(bound.syntax.uuid) {
            return None;
        }
        self.exports(pair, ends.server, id, stats);
        let guess = guess(bound, ends.server.port)?;
        let class = self.activations.get_mut(&id)?;
        if is_better(&guess, class.as_ref()) {
            *class = Some(guess);
        }
        let mut held = self.sealed.get_mut(&pair)?.held.take()?;
        held.activation.class = Some(guess);
        Some(held)
    }

    /// The activation that turned the client to a port.
    pub(super) fn activation_at(&self, ends: &Ends) -> Option<ActivationId> {
        self.known.get(&(Pair::of(ends), ends.server))?.activation
    }

    /// The class that was activated.
    pub(super) fn class(&self, id: ActivationId) -> Option<Class> {
        self.activations.get(&id).copied().flatten()
    }

    /// The interface that an endpoint mapper named for a port, when it named no other.
    pub(super) fn interface_at(&self, ends: &Ends) -> Option<Interface> {
        match self.known.get(&(Pair::of(ends), ends.server))?.named {
            Named::One(syntax) => Some(interface(syntax)),
            Named::Nothing | Named::Several => None,
        }
    }

    fn change(&mut self, pair: Pair, at: Endpoint, stats: &mut Stats, change: impl FnOnce(&mut Port)) {
        if let Some(port) = self.known.refresh(&(pair, at)) {
            return change(port);
        }
        let mut port = Port::default();
        change(&mut port);
        stats.exporters_evicted += u64::from(self.known.insert((pair, at), port).is_some());
    }
}

/// Whether a server that has this interface has others, too: what one process serves is served on all of its ports.
fn is_never_alone(interface: Uuid) -> bool {
    let shares_a_pipe = |known: &rpcscope_catalog::Interface| {
        known.pipes.iter().any(|pipe| rpcscope_catalog::sole_interface_on_pipe(pipe).is_none())
    };
    interface == MANAGEMENT || rpcscope_catalog::interface(&interface).is_some_and(shares_a_pipe)
}

/// The interface by which any RPC server is managed, `mgmt`.
const MANAGEMENT: Uuid = Uuid::from_u128(0xafa8bd80_7d8a_11c9_bef4_08002b102989);

/// The class on whose objects clients bind this interface, when there is one.
fn guess(bound: &Interface, port: u16) -> Option<Class> {
    let mut candidates = rpcscope_catalog::classes_that_bind(bound.syntax.uuid);
    let first = candidates.next()?;
    let others = candidates.count();
    let is_sure = others == 0 && first.evidence != Evidence::Single;
    // The catalogue of classes names interfaces that the catalogue of interfaces may not have.
    let named = first.binds.iter().find(|(iid, _)| *iid == bound.syntax.uuid).map(|(_, name)| *name);
    Some(Class {
        uuid: first.uuid,
        name: Some(first.name),
        guess: Some(Guess {
            confidence: if is_sure { Confidence::High } else { Confidence::Low },
            because: Interface { name: bound.name.or(named), ..*bound },
            port,
            candidates: others + 1,
        }),
    })
}

/// Whether a new guess is surer than what was taken for the class before.
fn is_better(new: &Class, old: Option<&Class>) -> bool {
    let Some(old) = old.map(|class| class.guess) else { return true };
    let Some(old) = old else { return false };
    new.guess.is_some_and(|new| {
        (new.confidence, std::cmp::Reverse(new.candidates))
            > (old.confidence, std::cmp::Reverse(old.candidates))
    })
}

/// Whether an interface is one of objects. An unknown one is none: most interfaces are not.
pub(super) fn is_of_object(iid: Uuid) -> bool {
    let catalogued = rpcscope_catalog::interface(&iid);
    catalogued.is_some_and(|interface| interface.orpcthis && interface.kind != Kind::Rpc)
        || rpcscope_catalog::classes_that_bind(iid).next().is_some()
}

/// Time within which a client turns to what it has activated. Clients do so at once; a server may take seconds to start
/// the program.
const SOON_NS: u64 = 30_000_000_000;
