//! The Distributed Component Object Model: object references, the headers of its calls, and activation.
//!
//! An object is reached in three steps: activation (or any call that returns a reference) gives an OXID, string
//! bindings and an IPID; a connection to a string binding's endpoint binds the interface; calls there carry the IPID as
//! object UUID, and an [`OrpcThis`] or [`OrpcThat`] before their arguments. Everything here is NDR ([MS-DCOM] 2.2.13,
//! 3.1.2.5.2) or a byte array with least significant bytes first, also where the call around it is NDR64.

mod activation;
mod binding;
mod fuzz;
mod ids;
mod objref;
mod orpc;
mod property;
#[cfg(test)]
pub(crate) mod samples;
mod serialized;

pub use activation::{ActivationProperties, Properties, Property, PropertyBody};
pub use binding::{DualStringArray, SecurityBinding, SecurityBindings, StringBinding, StringBindings};
pub use fuzz::fuzz_dcom;
pub use ids::{ComVersion, Ipid, Oid, Oxid};
pub use objref::{Objref, ObjrefBody, Objrefs, StdObjref};
pub use orpc::{Extent, OrpcThat, OrpcThis};
pub use property::{
    ActivationContext, InstanceInfo, Instantiation, InterfaceResult, Location, ScmReply, ScmRequest,
    SecurityInfo, SpecialProperties,
};
pub(crate) use serialized::first as first_elements;
