//! CIM objects as WMI encodes them ([MS-WMIO]).
//!
//! An object is a class or an instance; an instance brings its class along. Tables refer to heaps, so that an object can
//! be looked into without reading it all: strings, arrays and embedded objects are read when they are asked for. All
//! integers have their least significant byte first, whatever the call around the object says.

mod array;
mod cim;
mod class;
mod fuzz;
mod heap;
mod instance;
mod object;
mod packet;
mod property;
mod qualifier;
#[cfg(test)]
mod tests;
mod text;

pub use array::Elements;
pub use cim::{CimType, Value};
pub use class::{Class, ClassPart, Derivation, Methods};
pub use fuzz::fuzz_wmi;
pub use instance::Instance;
pub use object::{Object, ObjectBody};
pub use packet::{ObjectArray, PackedKind, PackedObject};
pub use property::{Properties, Property};
pub use qualifier::{Qualifier, Qualifiers};
pub use text::EncodedString;
