//! Messages as UDP datagrams.

use super::Datagram;
use crate::transport::Message;
use rpcscope_model::{Address, Endpoint, Side};

/// Two UDP endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UdpFlow {
    /// Who calls.
    pub client: Endpoint,
    /// Who is called.
    pub server: Endpoint,
}

impl Default for UdpFlow {
    fn default() -> Self {
        Self {
            client: Endpoint::new(Address::v4([10, 0, 0, 5]), 1025),
            server: Endpoint::new(Address::v4([10, 0, 0, 9]), 1026),
        }
    }
}

impl UdpFlow {
    /// One datagram for each message.
    pub fn datagrams(&self, messages: &[Message]) -> Vec<Datagram> {
        let datagrams = messages.iter().map(|message| match message.side {
            Side::Client => Datagram::udp(self.client, self.server, &message.bytes),
            Side::Server => Datagram::udp(self.server, self.client, &message.bytes),
        });
        datagrams.collect()
    }
}
