//! What calls say about DCOM objects: who exports them, where, and under which identifiers.
//!
//! A DCOM call means little by itself: its object UUID is an IPID that some earlier answer gave out, and its port is one
//! that an earlier answer named. Whoever follows connections keeps tables from what is collected here: from OXID to
//! bindings, from IPID to interface and class, from member number to member name.

use super::Decoded;
use crate::dcom::{DualStringArray, Ipid, Objref, Objrefs, Oid, Oxid, StdObjref, StringBinding};
use crate::ndr::Stub;
use rpcscope_model::{List, Text};
use uuid::Uuid;

/// What a request or response says about objects. Every list is bounded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Objects {
    /// Joins the calls that one call caused; in every request on an object.
    pub causality_id: Option<Uuid>,
    /// The class that is to be activated; in requests for activation.
    pub activated_class: Option<Uuid>,
    /// Interfaces that are asked for, by activations and `RemQueryInterface`; at most [`List::MAX`].
    pub asked: Vec<Uuid>,
    /// The object that `RemQueryInterface` asks, by one of its interface pointers.
    pub queried: Option<Ipid>,
    /// The exporter that is asked for; in requests to resolve one.
    pub resolved: Option<Oxid>,
    /// An exporter, and where it listens; in answers to activations and to `ResolveOxid`.
    pub exporter: Option<Exporter>,
    /// Object references. Those of a response are to objects of the server, unless it passes one on; those of a request
    /// are to objects of the client, such as sinks for events, or given back to where they came from.
    pub references: Vec<Reference>,
    /// Interface pointers of which the client releases references.
    pub released: Vec<Release>,
    /// What the objects are about that the response will refer to: field and value, as `namespace` and `root/cimv2` of
    /// a login, or `query` of an enumerator. Calls on those objects may carry it.
    pub about: Option<(&'static str, Text)>,
    /// Numbers of members and their names, which calls of `IDispatch::Invoke` on the same object use.
    pub members: Vec<(u32, Text)>,
}

/// An object exporter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exporter {
    /// Its identifier.
    pub oxid: Oxid,
    /// Where it listens, at most [`Exporter::MAX_BINDINGS`].
    pub bindings: Vec<StringBinding>,
    /// Interface pointer of its `IRemUnknown`.
    pub rem_unknown: Ipid,
}

impl Exporter {
    pub(super) fn new(oxid: Oxid, bindings: DualStringArray<'_>, rem_unknown: Ipid) -> Self {
        Self { oxid, bindings: bindings.string_bindings().take(Self::MAX_BINDINGS).collect(), rem_unknown }
    }

    /// Bindings that are kept. A server has one per protocol and address.
    pub const MAX_BINDINGS: usize = 16;
}

/// A reference to an interface of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reference {
    /// The interface.
    pub iid: Uuid,
    /// The exporter of the object.
    pub oxid: Oxid,
    /// The object.
    pub oid: Oid,
    /// The interface pointer: object UUID of calls to it.
    pub ipid: Ipid,
    /// References that come with it, and that are to be released.
    pub public_refs: u32,
}

/// A release of an interface pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Release {
    /// The interface pointer.
    pub ipid: Ipid,
    /// How many of its public references. It stands for nothing when all of them are released.
    pub public_refs: u32,
}

impl Objects {
    /// Collects the references that any stub carries, also that of an operation which has no decoder.
    pub fn of_stub(stub: Stub<'_>) -> Self {
        let mut objects = Self::default();
        Objrefs::new(stub.bytes, stub.order).for_each(|objref| objects.add_objref(&objref));
        objects
    }

    /// Adds the object that a reference names. One that was marshalled by value names none.
    pub(super) fn add_objref(&mut self, objref: &Objref<'_>) {
        if let Some(std) = objref.std() {
            self.add(objref.iid, std);
        }
    }

    pub(super) fn add(&mut self, iid: Uuid, std: &StdObjref) {
        let StdObjref { oxid, oid, ipid, public_refs, .. } = *std;
        let reference = Reference { iid, oxid, oid, ipid, public_refs };
        if self.references.len() < List::MAX && !self.references.contains(&reference) {
            self.references.push(reference);
        }
    }
}

impl Decoded {
    /// What the call says about objects, to add to it.
    pub(super) fn objects_mut(&mut self) -> &mut Objects {
        self.objects.get_or_insert_default()
    }

    /// Says what the objects are about that the response will refer to, and adds the same as an argument.
    pub(super) fn refers_to(&mut self, name: &'static str, text: Option<Text>) {
        if let Some(text) = text {
            self.put(name, text.clone());
            self.objects_mut().about = Some((name, text));
        }
    }
}

impl Objects {
    /// Panics when a list is longer than its bound; for the fuzz target.
    pub(super) fn check_bounds(&self) {
        let lengths = [self.asked.len(), self.references.len(), self.released.len(), self.members.len()];
        assert!(lengths.iter().all(|length| *length <= List::MAX));
        let bindings = self.exporter.as_ref().map_or(0, |exporter| exporter.bindings.len());
        assert!(bindings <= Exporter::MAX_BINDINGS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::samples;
    use crate::ndr::Syntax;

    #[test]
    fn references_are_collected_from_any_stub() {
        let bytes = samples::bytes(samples::NTLM_LOGIN_REPLY);
        let stub = Stub { bytes: &bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let objects = Objects::of_stub(stub);
        assert_eq!(objects.references.len(), 1);
        assert_eq!(objects.references[0].iid.to_string(), "9556dc99-828c-11cf-a37e-00aa003240c7");
        assert_eq!(Objects::of_stub(Stub { bytes: &[0; 64], ..stub }), Objects::default());
    }

    #[test]
    fn a_flood_of_references_is_bounded() {
        let bytes = samples::bytes(samples::NTLM_LOGIN_REPLY);
        let pointer = &bytes[12..144];
        let mut flood = Vec::new();
        for number in 0..200_u8 {
            let mut pointer = pointer.to_vec();
            // The last byte of the IPID.
            pointer[71] = number;
            flood.extend(pointer);
        }
        let stub = Stub { bytes: &flood, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let objects = Objects::of_stub(stub);
        assert_eq!(objects.references.len(), List::MAX);
        objects.check_bounds();
    }
}
