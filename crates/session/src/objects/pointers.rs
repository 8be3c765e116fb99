//! Interface pointers: what an IPID stands for, and how a client came by it.

use super::Pair;
use crate::bounded::Bounded;
use rpcscope_model::{ActivationId, Limits, Linked, Stats, Text};
use rpcscope_wire::dcom::Ipid;
use std::sync::Arc;
use uuid::Uuid;

/// What is known of an interface pointer.
#[derive(Clone, Debug)]
pub(super) struct Pointer {
    /// Its interface, when a reference to it was read.
    pub(super) iid: Option<Uuid>,
    pub(super) origin: Origin,
    /// Members of the object by their numbers, as the server named them.
    members: Vec<(u32, Text)>,
}

/// How a client came by an object, and what it is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The activation that led to it.
    pub(super) activation: Option<(ActivationId, Linked)>,
    /// Field and value: `namespace` of a login, `query` of an enumerator.
    pub(super) about: Arc<[(&'static str, Text)]>,
}

impl Origin {
    /// The origin of what a call on an object of this one gives, when the call says what that is about.
    pub(super) fn with(&self, about: Option<&(&'static str, Text)>) -> Self {
        let Some((field, text)) = about else { return self.clone() };
        let others = self.about.iter().filter(|(known, _)| known != field).take(MAX_ABOUT - 1);
        let about = others.cloned().chain([(*field, text.clone())]).collect();
        Self { about, ..*self }
    }
}

impl Pointer {
    pub(super) const fn new(iid: Option<Uuid>, origin: Origin) -> Self {
        Self { iid, origin, members: Vec::new() }
    }

    /// Bytes that it takes, about. What pointers share is counted for each.
    fn bytes(&self) -> usize {
        let about = self.origin.about.iter().map(|(_, text)| text.string.len() + size_of::<(&str, Text)>());
        let members = self.members.iter().map(|(_, text)| text.string.len() + size_of::<(u32, Text)>());
        size_of::<(Pair, Self)>() + about.sum::<usize>() + members.sum::<usize>()
    }
}

/// The interface pointers of a shard. An IPID means something between two hosts only: a shard has all connections of
/// both, and what it says does not depend on how many shards there are.
#[derive(Debug)]
pub(super) struct Pointers {
    known: Bounded<(Pair, Ipid), Pointer>,
    /// Bytes that they take.
    bytes: usize,
    most_bytes: usize,
}

impl Pointers {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.objects), bytes: 0, most_bytes: limits.object_bytes }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn insert(&mut self, pair: Pair, ipid: Ipid, pointer: Pointer, stats: &mut Stats) {
        let is_known = self.known.get(&(pair, ipid)).is_some();
        self.bytes = self.bytes.saturating_add(pointer.bytes());
        if let Some(gone) = self.known.insert((pair, ipid), pointer) {
            self.bytes = self.bytes.saturating_sub(gone.bytes());
            stats.objects_evicted += u64::from(!is_known);
        }
        self.shrink(stats);
    }

    /// Notes what a member of an object is called.
    pub(super) fn name_member(
        &mut self,
        pair: Pair,
        ipid: Ipid,
        number: u32,
        name: &Text,
        stats: &mut Stats,
    ) {
        let Some(pointer) = self.known.get_mut(&(pair, ipid)) else { return };
        let before = pointer.bytes();
        pointer.members.retain(|(known, _)| *known != number);
        if pointer.members.len() < MAX_MEMBERS {
            pointer.members.push((number, name.clone()));
        }
        self.bytes = self.bytes.saturating_sub(before).saturating_add(pointer.bytes());
        self.shrink(stats);
    }

    /// What is known of a pointer that is in use: it is forgotten later.
    pub(super) fn refresh(&mut self, pair: Pair, ipid: Ipid) -> Option<&Pointer> {
        self.known.refresh(&(pair, ipid)).map(|pointer| &*pointer)
    }

    pub(super) fn get(&self, pair: Pair, ipid: Ipid) -> Option<&Pointer> {
        self.known.get(&(pair, ipid))
    }

    /// What a member of an object is called.
    pub(super) fn member(&self, pair: Pair, ipid: Ipid, number: u32) -> Option<&Text> {
        let members = &self.get(pair, ipid)?.members;
        members.iter().find(|(known, _)| *known == number).map(|(_, name)| name)
    }

    /// Forgets the oldest, when they take too many bytes in all.
    fn shrink(&mut self, stats: &mut Stats) {
        while self.bytes > self.most_bytes
            && let Some((_, gone)) = self.known.pop_oldest()
        {
            self.bytes = self.bytes.saturating_sub(gone.bytes());
            stats.objects_evicted += 1;
        }
    }
}

/// Fields that say what an object is about: a namespace within a namespace, and a query or class there, are three.
const MAX_ABOUT: usize = 4;
/// Members of one object whose names are kept. A script uses a few; without a bound a hostile client could ask for names
/// without end.
const MAX_MEMBERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Address;

    const PAIR: Pair = Pair::new(Address::v4([10, 0, 0, 5]), Address::v4([10, 0, 0, 9]));

    fn about(text: &str) -> Pointer {
        let origin = Origin::default().with(Some(&("query", Text::whole(text))));
        Pointer::new(None, origin)
    }

    #[test]
    fn many_bytes_push_the_oldest_out() {
        let limits = Limits { object_bytes: 5000, ..Limits::WHOLE };
        let (mut pointers, mut stats) = (Pointers::new(&limits), Stats::default());
        for number in 0..10 {
            pointers.insert(PAIR, Ipid(Uuid::from_u128(number)), about(&"x".repeat(1000)), &mut stats);
            assert!(pointers.bytes <= 5000);
        }
        assert!(stats.objects_evicted >= 5);
        assert!(pointers.get(PAIR, Ipid(Uuid::from_u128(0))).is_none());
        assert!(pointers.get(PAIR, Ipid(Uuid::from_u128(9))).is_some());
        // The same pointer again takes no more.
        let bytes = pointers.bytes;
        pointers.insert(PAIR, Ipid(Uuid::from_u128(9)), about(&"x".repeat(1000)), &mut stats);
        assert_eq!(pointers.bytes, bytes);
    }

    #[test]
    fn names_of_members_are_counted_and_limited() {
        let (mut pointers, mut stats) = (Pointers::new(&Limits::WHOLE), Stats::default());
        let ipid = Ipid(Uuid::from_u128(1));
        pointers.insert(PAIR, ipid, Pointer::new(None, Origin::default()), &mut stats);
        let before = pointers.bytes;
        for number in 0..1000 {
            pointers.name_member(PAIR, ipid, number, &Text::whole("Run"), &mut stats);
        }
        assert_eq!(pointers.member(PAIR, ipid, 0), Some(&Text::whole("Run")));
        assert_eq!(pointers.member(PAIR, ipid, 999), None);
        assert!(pointers.bytes > before && pointers.bytes < before + 100 * MAX_MEMBERS);
    }

    #[test]
    fn what_an_object_is_about_replaces_the_same_field() {
        let login = Origin::default().with(Some(&("namespace", Text::whole("root"))));
        let deeper = login.with(Some(&("namespace", Text::whole("cimv2"))));
        assert_eq!(*deeper.about, [("namespace", Text::whole("cimv2"))]);
        let found = deeper.with(Some(&("query", Text::whole("select"))));
        assert_eq!(found.about.len(), 2);
        assert_eq!(found.with(None).about, found.about);
    }
}
