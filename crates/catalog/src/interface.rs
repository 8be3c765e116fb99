//! One interface and what is known of it.

use crate::tables::{Span, Text};
use std::fmt;
use uuid::Uuid;

/// An RPC interface, identified by its UUID alone: versions of an interface share one entry.
#[derive(Debug)]
pub struct Interface {
    /// The abstract syntax's UUID, or the IID of an object interface.
    pub uuid: Uuid,
    /// The specification's name where there is one, else the name that the sources use; `None` when only the UUID is known.
    pub name: Option<&'static str>,
    /// Other names in use (Zeek, Samba, Wireshark, impacket).
    pub aliases: &'static [&'static str],
    /// Short name of the specification, such as `MS-SCMR`. See [`crate::protocol`].
    pub protocol: Option<&'static str>,
    /// What it is for.
    pub kind: Kind,
    /// Whether stubs of requests start with ORPCTHIS and those of responses with ORPCTHAT ([MS-DCOM] 2.2.13).
    pub orpcthis: bool,
    /// Versions seen, as `major.minor`.
    pub versions: &'static [&'static str],
    /// Named pipes that serve it, without `\pipe\`.
    pub pipes: &'static [&'static str],
    /// TCP ports that serve it by convention.
    pub ports: &'static [u16],
    /// Whether it is known to be reachable on a dynamic TCP port, found through the endpoint mapper.
    pub dynamic_tcp: bool,
    pub(crate) dispatch_table_len: Option<u16>,
    pub(crate) opnums: Span,
    pub(crate) other_names: Span,
    pub(crate) variants: Span,
    pub(crate) service: Text,
    pub(crate) inherits: Text,
    pub(crate) sdk: Text,
    pub(crate) also: Span,
    pub(crate) binaries: Span,
    pub(crate) client_binaries: Span,
    pub(crate) notes: Span,
    pub(crate) sources: Span,
}

impl Interface {
    /// The program or service that implements it.
    pub fn service(&self) -> Option<&'static str> {
        known(self.service)
    }

    /// The interface it derives from.
    pub fn inherits(&self) -> Option<&'static str> {
        known(self.inherits)
    }

    /// The header of the Windows SDK that declares it, without `.h`.
    pub fn sdk(&self) -> Option<&'static str> {
        known(self.sdk)
    }

    /// Number of slots in the dispatch table of a Windows binary, when that is more than the operations with a name.
    pub fn dispatch_table_len(&self) -> Option<u16> {
        self.dispatch_table_len
    }

    /// Further specifications that define operations of this interface.
    pub fn also(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.also.texts()
    }

    /// Windows binaries that implement the server side.
    pub fn binaries(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.binaries.texts()
    }

    /// Windows binaries that are clients.
    pub fn client_binaries(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.client_binaries.texts()
    }

    /// Remarks about the facts, such as doubts about a table.
    pub fn notes(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.notes.texts()
    }

    /// Tags of the sources that know the interface; `data/sources.yaml` says what they are.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.sources.texts()
    }
}

/// What an interface is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Plain RPC.
    Rpc,
    /// Activation and lifetime of objects: the plumbing of DCOM.
    Dcom,
    /// An interface of remote objects.
    OrpcObject,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rpc => "rpc",
            Self::Dcom => "dcom",
            Self::OrpcObject => "orpc-object",
        })
    }
}

fn known(text: Text) -> Option<&'static str> {
    Some(text.as_str()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces_named;

    fn named(name: &str) -> &'static Interface {
        interfaces_named(name).next().expect("the catalogue knows it")
    }

    #[test]
    fn services_are_described() {
        let svcctl = named("svcctl");
        assert_eq!(svcctl.uuid, Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003));
        assert_eq!((svcctl.aliases, svcctl.protocol), (&["SCMR"][..], Some("MS-SCMR")));
        assert_eq!((svcctl.versions, svcctl.pipes), (&["2.0"][..], &["ntsvcs", "svcctl"][..]));
        assert!(svcctl.dynamic_tcp && !svcctl.orpcthis && svcctl.kind == Kind::Rpc);
        assert_eq!(svcctl.service(), Some("services.exe (Service Control Manager)"));
        assert_eq!(svcctl.binaries().collect::<Vec<_>>(), ["services.exe"]);
        assert_eq!((svcctl.inherits(), svcctl.sdk(), svcctl.dispatch_table_len()), (None, None, None));
        assert!(svcctl.sources().any(|source| source == "ms-openspecs"));
    }

    #[test]
    fn object_interfaces_carry_orpcthis_and_the_object_resolver_does_not() {
        let services = named("IWbemServices");
        assert!(services.orpcthis && services.kind == Kind::OrpcObject);
        assert_eq!(services.inherits(), Some("IUnknown"));
        let resolver = named("IObjectExporter");
        assert!(!resolver.orpcthis && resolver.kind == Kind::Dcom);
    }

    #[test]
    fn rare_facts_are_kept() {
        assert_eq!(named("lsarpc").also().collect::<Vec<_>>(), ["MS-LSAT"]);
        assert_eq!(named("wscsvc").dispatch_table_len(), Some(28));
        assert_eq!(named("qm2qm").ports, [2103, 2105]);
        assert_eq!(named("IClassFactory").sdk(), Some("unknwn"));
        assert_eq!(named("IWaaSRemediation").notes().collect::<Vec<_>>(), ["own methods not listed"]);
        assert!(crate::interfaces().iter().any(|interface| interface.client_binaries().len() > 0));
    }
}
