//! DCOM: which object a call is made on, where it came from, and what it is about.
//!
//! An activation gives out an IPID and the port of an exporter; calls on that port name the IPID, and give out more of
//! them. Everything is kept by pairs of hosts: all connections of a pair are in one shard, in order.

mod activation;
mod pointers;
mod ports;
#[cfg(test)]
mod tests;
mod wmi;

pub(crate) use activation::{activated_class, activation};
pub(crate) use ports::Held;
pub(crate) use wmi::wmi;

use crate::At;
use crate::bounded::Bounded;
use crate::flow::Ends;
use pointers::{Origin, Pointer, Pointers};
use ports::Ports;
use rpcscope_model::{
    ActivationId, Address, Arguments, Class, Confidence, Endpoint, Guess, Interface, Limits, Linked, Object,
    Stats, SyntaxId, Text, Timestamp, Value,
};
use rpcscope_wire::dcom::{Ipid, Oxid};
use rpcscope_wire::stub::{Exporter, Objects as Said, Reference, Tower};
use std::sync::Arc;
use uuid::Uuid;

/// Two hosts, whichever of them is the client: a server calls objects of its clients, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pair {
    low: Address,
    high: Address,
}

impl Pair {
    const fn new(one: Address, other: Address) -> Self {
        if one.bits() <= other.bits() {
            Self { low: one, high: other }
        } else {
            Self { low: other, high: one }
        }
    }

    const fn of(ends: &Ends) -> Self {
        Self::new(ends.client.address, ends.server.address)
    }
}

/// What is known of the DCOM objects of a shard.
#[derive(Debug)]
pub(crate) struct Objects {
    pointers: Pointers,
    ports: Ports,
    /// Exporters, and the activation that led to each last.
    exporters: Bounded<(Pair, Oxid), (ActivationId, Linked)>,
}

/// A call that is over, as far as it says something about objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) ends: &'a Ends,
    /// What the call is called, if it is an activation.
    pub(crate) id: ActivationId,
    /// The object that it was made on.
    pub(crate) object: Option<Uuid>,
    pub(crate) request: Option<&'a Said>,
    pub(crate) response: Option<&'a Said>,
}

impl Objects {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            pointers: Pointers::new(limits),
            ports: Ports::new(limits),
            exporters: Bounded::new(limits.exporters),
        }
    }

    /// Interface pointers that are remembered.
    pub(crate) fn pointers(&self) -> usize {
        self.pointers.len()
    }

    /// Exporters that are remembered.
    pub(crate) fn exporters(&self) -> usize {
        self.exporters.len()
    }

    /// Notes that a client binds an interface. Returns the event of the activation that this tells of.
    #[must_use = "an event is to be reported"]
    pub(crate) fn bound(
        &mut self,
        ends: &Ends,
        interface: &Interface,
        at: At,
        stats: &mut Stats,
    ) -> Option<Box<Held>> {
        self.ports.bound(ends, interface, at, stats)
    }

    /// Takes the event of an activation on a connection that is over.
    #[must_use = "an event is to be reported"]
    pub(crate) fn over(&mut self, ends: &Ends) -> Option<Box<Held>> {
        self.ports.over(ends)
    }

    /// What is known of the object that a call of `interface` names.
    pub(crate) fn called(
        &mut self,
        ends: &Ends,
        object: Uuid,
        interface: Option<Interface>,
        stats: &mut Stats,
    ) -> Option<Box<Object>> {
        let (pair, ipid) = (Pair::of(ends), Ipid(object));
        let called = interface.map(|interface| (interface, ends.server.port));
        if let Some(pointer) = self.pointers.refresh(pair, ipid) {
            let (iid, origin) = (pointer.iid, pointer.origin.clone());
            return Some(self.object(iid, &origin, called));
        }
        // Nobody has read a reference to it. What is first called on a port belongs to what was activated there last.
        let id = self.ports.activation_at(ends).filter(|_| is_orpc(interface))?;
        let origin = Origin { activation: Some((id, Linked::Port)), ..Origin::default() };
        let known = self.object(None, &origin, called);
        self.pointers.insert(pair, ipid, Pointer::new(None, origin), stats);
        Some(known)
    }

    /// The interface of a call whose presentation context is not known, by the object that it names.
    pub(crate) fn interface_of(&self, ends: &Ends, object: Uuid) -> Option<Interface> {
        self.pointers.get(Pair::of(ends), Ipid(object))?.iid.map(of_object)
    }

    /// The same by the port, when an endpoint mapper named this interface only.
    pub(crate) fn interface_at(&self, ends: &Ends) -> Option<Interface> {
        self.ports.interface_at(ends)
    }

    /// The object of the client's that a call of `IRemUnknown` is about.
    pub(crate) fn managed(&self, ends: &Ends, request: &Said) -> Option<Box<Object>> {
        let released = request.released.iter().map(|release| release.ipid);
        let mut ipids = request.queried.into_iter().chain(released);
        let pointer = ipids.find_map(|ipid| self.pointers.get(Pair::of(ends), ipid))?;
        let called = (of_object(IREMUNKNOWN), ends.server.port);
        Some(self.object(Some(IREMUNKNOWN), &pointer.origin, Some(called)))
    }

    /// Adds what a member of an object is called, and which command line it runs, to the arguments of a call of it, unless
    /// they say so already.
    pub(crate) fn name_member(
        &self,
        ends: &Ends,
        object: Uuid,
        class: Option<&Class>,
        arguments: &mut Arguments,
    ) {
        let Some(number) = arguments.number("member_id").and_then(|number| u32::try_from(number).ok()) else {
            return;
        };
        if arguments.get("member").is_some() {
            return;
        }
        let named = self.pointers.member(Pair::of(ends), Ipid(object), number).cloned();
        let read = class.filter(|class| class.guess.is_none());
        let fixed =
            || read.and_then(|class| rpcscope_wire::stub::known_member(class.uuid, number)).map(Text::whole);
        let Some(member) = named.or_else(fixed) else { return };
        let line = rpcscope_wire::stub::command_line(&member.string, arguments);
        arguments.put("member", Value::Text(member));
        if let Some(line) = line {
            arguments.put("command_line", Value::Text(line));
        }
    }

    /// Notes an activation that was answered, and that it could not be read what with. Returns the event of the one before.
    #[must_use = "an event is to be reported"]
    pub(crate) fn activated_unread(
        &mut self,
        held: Box<Held>,
        answered: Timestamp,
        stats: &mut Stats,
    ) -> Option<Box<Held>> {
        self.ports.sealed(held, answered, stats)
    }

    /// Notes where an endpoint mapper says that interfaces listen.
    pub(crate) fn mapped(&mut self, ends: &Ends, towers: &[Tower], stats: &mut Stats) {
        towers.iter().for_each(|tower| self.ports.mapped(ends, tower, stats));
    }

    /// Notes the objects that a request refers to. Those that the client only passes on are known already; the others it
    /// exports, and they belong to what the call is made on.
    pub(crate) fn refer_to(&mut self, ends: &Ends, object: Option<Uuid>, request: &Said, stats: &mut Stats) {
        let pair = Pair::of(ends);
        let called = object.and_then(|object| self.pointers.get(pair, Ipid(object)));
        let origin = called.map(|pointer| pointer.origin.with(request.about.as_ref())).unwrap_or_default();
        for reference in &request.references {
            if self.pointers.get(pair, reference.ipid).is_none() {
                self.refer(pair, reference, &origin, stats);
            }
        }
    }

    /// Notes what a call has said about objects. Returns the object that it has activated, if it has.
    pub(crate) fn tell(&mut self, told: &Told<'_>, stats: &mut Stats) -> Option<Box<Object>> {
        let pair = Pair::of(told.ends);
        let asked = told.request.and_then(|request| request.queried).or(told.object.map(Ipid));
        let class = activated_class(told.request);
        let origin = if class.is_some() {
            self.ports.activated(told.id, class, stats);
            Origin { activation: Some((told.id, Linked::Reference)), ..Origin::default() }
        } else {
            let called = asked.and_then(|ipid| self.pointers.get(pair, ipid));
            called.map(|pointer| pointer.origin.clone()).unwrap_or_default()
        };
        let origin = origin.with(told.request.and_then(|request| request.about.as_ref()));
        if let Some(response) = told.response {
            response.references.iter().for_each(|reference| self.refer(pair, reference, &origin, stats));
            if let Some(exporter) = &response.exporter {
                self.export(told, exporter, &origin, stats);
            }
            if let Some(ipid) = told.object.map(Ipid) {
                for (number, name) in &response.members {
                    self.pointers.name_member(pair, ipid, *number, name, stats);
                }
            }
        }
        class.map(|_| self.object(None, &origin, None))
    }

    fn refer(&mut self, pair: Pair, reference: &Reference, origin: &Origin, stats: &mut Stats) {
        let pointer = Pointer::new(Some(reference.iid), origin.clone());
        self.pointers.insert(pair, reference.ipid, pointer, stats);
        if let Some(activation) = origin.activation {
            self.remember(pair, reference.oxid, activation, stats);
        }
    }

    fn export(&mut self, told: &Told<'_>, exporter: &Exporter, origin: &Origin, stats: &mut Stats) {
        let pair = Pair::of(told.ends);
        let Exporter { oxid, bindings, rem_unknown } = exporter;
        // The answer to ResolveOxid is about an exporter that some reference has named.
        let activation = origin.activation.or_else(|| self.exporters.get(&(pair, *oxid)).copied());
        let origin = Origin { activation, ..Origin::default() };
        self.pointers.insert(pair, *rem_unknown, Pointer::new(Some(IREMUNKNOWN), origin), stats);
        let Some((id, linked)) = activation else { return };
        self.remember(pair, *oxid, (id, linked), stats);
        // Bindings name the host as it knows itself; clients reach it by the address that has answered.
        for port in bindings.iter().filter_map(rpcscope_wire::dcom::StringBinding::port) {
            self.ports.exports(pair, Endpoint::new(told.ends.server.address, port), id, stats);
        }
    }

    fn remember(&mut self, pair: Pair, oxid: Oxid, activation: (ActivationId, Linked), stats: &mut Stats) {
        let is_known = self.exporters.get(&(pair, oxid)).is_some();
        let gone = self.exporters.insert((pair, oxid), activation);
        stats.exporters_evicted += u64::from(gone.is_some() && !is_known);
    }

    /// The object of an interface pointer; `called` says of which interface a call is made on it, and on which port.
    fn object(&self, iid: Option<Uuid>, origin: &Origin, called: Option<(Interface, u16)>) -> Box<Object> {
        let Origin { activation, about } = origin;
        let class = activation.and_then(|(id, linked)| {
            let class = self.ports.class(id)?;
            match (linked, called) {
                // The class was read, but not that this object is of it.
                (Linked::Port, Some((because, port))) if class.guess.is_none() => {
                    let guess = Guess { confidence: Confidence::Low, because, port, candidates: 1 };
                    Some(Class { guess: Some(guess), ..class })
                }
                _ => Some(class),
            }
        });
        Box::new(Object {
            interface: iid.map(of_object),
            class,
            activation: *activation,
            about: Arc::clone(about),
        })
    }
}

/// Whether calls of an interface are calls on objects.
pub(crate) fn is_orpc(interface: Option<Interface>) -> bool {
    interface.is_some_and(|interface| ports::is_of_object(interface.syntax.uuid))
}

/// The interface of an object. They all have version 0.0.
fn of_object(iid: Uuid) -> Interface {
    interface(SyntaxId { uuid: iid, major: 0, minor: 0 })
}

fn interface(syntax: SyntaxId) -> Interface {
    Interface { syntax, name: rpcscope_catalog::interface(&syntax.uuid).and_then(|interface| interface.name) }
}

/// A class that was read.
fn class(uuid: Uuid) -> Class {
    Class { uuid, name: rpcscope_catalog::class(&uuid).map(|class| class.name), guess: None }
}

/// The interface by which the references of an exporter are managed ([MS-DCOM] 3.1.1.5.6).
const IREMUNKNOWN: Uuid = Uuid::from_u128(0x00000131_0000_0000_c000_000000000046);
