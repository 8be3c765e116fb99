//! Identifiers of exporters, objects and interface pointers.

use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use std::fmt;
use uuid::Uuid;

/// An object exporter: in practice one process or apartment that holds objects ([MS-DCOM] 2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Oxid(pub u64);

impl fmt::Display for Oxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// An object within its exporter ([MS-DCOM] 2.2.18.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Oid(pub u64);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// One interface of one object; stands as object UUID in every call to it ([MS-DCOM] 2.2.9).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Ipid(pub Uuid);

impl fmt::Display for Ipid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Version of the protocol that a side speaks ([MS-DCOM] 2.2.11).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct ComVersion {
    /// Major version; 5 in all there is.
    pub major: u16,
    /// Minor version, 1 to 7.
    pub minor: u16,
}

impl ComVersion {
    /// Reads the structure.
    pub fn read(ndr: &mut Ndr<'_>) -> Result<Self, Stopped> {
        Ok(Self { major: ndr.u16("MajorVersion")?, minor: ndr.u16("MinorVersion")? })
    }
}

impl fmt::Display for ComVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
