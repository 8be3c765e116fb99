//! The transports that can carry one association.

use proptest::prelude::*;
use rpcscope_testkit::conversation::Step;
use rpcscope_testkit::packets::TcpFlow;
use rpcscope_testkit::transport::{HttpV1, HttpV2, Message, PipeStyle, Smb1, Smb2, SmbFraming, plain};

/// A pipe that the catalogue does not know, so that its name tells no interface.
pub const PIPE: &str = "nameless";

/// What carries an association.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// TCP.
    Tcp,
    /// A pipe over SMB version 1.
    Smb1(Smb1),
    /// A pipe over SMB version 2.
    Smb2(Smb2),
    /// RPC over HTTP version 1.
    HttpV1(HttpV1),
    /// RPC over HTTP version 2.
    HttpV2(HttpV2),
}

impl Carrier {
    /// Its messages.
    pub fn messages(&self, steps: &[Step]) -> Vec<Message> {
        match self {
            Self::Tcp => plain(steps),
            Self::Smb1(smb) => smb.carry(&[(PIPE, steps)]),
            Self::Smb2(smb) => smb.carry(&[(PIPE, steps)]),
            Self::HttpV1(http) => http.carry(steps),
            Self::HttpV2(http) => http.carry(steps),
        }
    }

    /// A TCP flow to a port where it is at home.
    pub fn flow(&self) -> TcpFlow {
        let port = match self {
            Self::Tcp => return TcpFlow::default(),
            Self::Smb1(Smb1 { framing, .. }) | Self::Smb2(Smb2 { framing, .. }) => match framing {
                SmbFraming::Direct => 445,
                SmbFraming::NetBios => 139,
            },
            Self::HttpV1(HttpV1 { connect_to: None }) => 593,
            Self::HttpV1(_) => 80,
            Self::HttpV2(_) => 80,
        };
        TcpFlow::to_port(port)
    }
}

/// Every carrier once in each of its forms.
pub fn every_carrier() -> Vec<Carrier> {
    let mut all = vec![Carrier::Tcp];
    for style in [PipeStyle::WriteRead, PipeStyle::Transact, PipeStyle::Chained] {
        for framing in [SmbFraming::Direct, SmbFraming::NetBios] {
            all.push(Carrier::Smb1(Smb1 { style, framing, ..Smb1::default() }));
            for interim in [false, true] {
                all.push(Carrier::Smb2(Smb2 { style, framing, interim, ..Smb2::default() }));
            }
        }
        all.push(Carrier::Smb1(Smb1 { style, max_bytes: 50, transaction_bytes: 20, ..Smb1::default() }));
        all.push(Carrier::Smb2(Smb2 { style, max_bytes: 50, ..Smb2::default() }));
    }
    for connect_to in [None, Some("server:593".to_owned())] {
        all.push(Carrier::HttpV1(HttpV1 { connect_to }));
    }
    for chunked in [false, true] {
        let (acknowledge_every, ping) = (Some(300), true);
        all.push(Carrier::HttpV2(HttpV2 { chunked, acknowledge_every, ping, ..HttpV2::default() }));
        all.push(Carrier::HttpV2(HttpV2 { chunked, ..HttpV2::default() }));
    }
    all
}

/// Any carrier.
pub fn carriers() -> impl Strategy<Value = Carrier> {
    proptest::sample::select(every_carrier())
}
