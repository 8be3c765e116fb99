//! What endpoint mappers say: which interfaces listen where.

use crate::{FrameNumber, Identity, Interface, Opnum, Outcome, Security, Text, Timestamp};
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// A client asked an endpoint mapper where an interface listens, or what there is.
#[derive(Clone, PartialEq, Debug)]
pub struct EndpointMap {
    /// Where the mapper listens: port 135, or a pipe.
    pub endpoint: Arc<str>,
    /// The operation: `ept_lookup` or `ept_map` ([C706] appendix O).
    pub opnum: Opnum,
    /// The catalogue's name of the operation.
    pub procedure: Option<&'static str>,
    /// The interface that was asked for.
    pub asked: Option<Interface>,
    /// What was answered, at most [`EndpointMap::MAX_ENTRIES`].
    pub entries: Vec<MappedEndpoint>,
    /// Entries of the answer beyond those.
    pub omitted: usize,
    /// Protection of the request.
    pub security: Option<Security>,
    /// Who asked.
    pub identity: Option<Arc<Identity>>,
    /// What became of the call.
    pub outcome: Outcome,
    /// What the mapper returned.
    pub status: Option<u32>,
    /// When the call was answered.
    pub answered: Option<(Timestamp, FrameNumber)>,
}

impl EndpointMap {
    /// Entries that are told of one answer. Windows gives a dozen at a time to its own tools, and hundreds to those that
    /// ask for all.
    pub const MAX_ENTRIES: usize = 64;
}

/// One interface, and where it listens.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MappedEndpoint {
    /// The interface.
    pub interface: Option<Interface>,
    /// What the server calls it; told by lookups only.
    pub annotation: Option<Text>,
    /// The object that it is for; told by lookups only.
    pub object: Option<Uuid>,
    /// The protocol sequence.
    pub transport: Option<&'static str>,
    /// Address or name of the host.
    pub host: Option<Text>,
    /// Port of TCP, UDP or HTTP.
    pub port: Option<u16>,
    /// Name of a pipe or another endpoint that is not a port.
    pub endpoint: Option<Text>,
}

impl MappedEndpoint {
    /// The string binding ([C706] 3.1), such as `ncacn_ip_tcp:10.0.0.9[49664]`.
    pub fn binding(&self) -> impl fmt::Display + '_ {
        Binding(self)
    }
}

struct Binding<'a>(&'a MappedEndpoint);

impl fmt::Display for Binding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MappedEndpoint { transport, host, port, endpoint, .. } = self.0;
        write!(f, "{}:", transport.unwrap_or_default())?;
        if let Some(host) = host {
            f.write_str(&host.string)?;
        }
        match (port, endpoint) {
            (Some(port), _) => write!(f, "[{port}]"),
            (None, Some(endpoint)) => write!(f, "[{}]", endpoint.string),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_has_port_or_pipe_in_brackets() {
        let tcp = MappedEndpoint {
            transport: Some("ncacn_ip_tcp"),
            host: Some(Text::whole("10.0.0.9")),
            port: Some(49664),
            ..MappedEndpoint::default()
        };
        assert_eq!(tcp.binding().to_string(), "ncacn_ip_tcp:10.0.0.9[49664]");
        let pipe = MappedEndpoint {
            transport: Some("ncacn_np"),
            endpoint: Some(Text::whole("\\pipe\\svcctl")),
            ..MappedEndpoint::default()
        };
        assert_eq!(pipe.binding().to_string(), "ncacn_np:[\\pipe\\svcctl]");
    }
}
