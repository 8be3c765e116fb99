//! RPC over HTTP version 1 ([MS-RPCH] 2.1.1).

use super::{Message, plain};
use crate::conversation::Step;
use rpcscope_model::Side;

/// One TCP connection on which the server speaks first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HttpV1 {
    /// The server and port that the client asks a proxy for; `None` on the way from the proxy to the server.
    pub connect_to: Option<String>,
}

impl HttpV1 {
    /// The messages of a conversation.
    pub fn carry(&self, steps: &[Step]) -> Vec<Message> {
        let mut messages = Vec::new();
        if let Some(target) = &self.connect_to {
            let request = format!("RPC_CONNECT {target} HTTP/1.0\r\nHost: proxy.example\r\n\r\n");
            messages.push(Message::new(Side::Client, request.into_bytes()));
        }
        messages.push(Message::new(Side::Server, GREETING.to_vec()));
        messages.extend(plain(steps));
        messages
    }
}

/// What a server says before anything else ([MS-RPCH] 2.1.1.2.1).
const GREETING: &[u8; 14] = b"ncacn_http/1.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_greets_before_the_first_pdu() {
        let steps = [Step { side: Side::Client, pdu: vec![5] }];
        let direct = HttpV1::default().carry(&steps);
        assert_eq!((direct[0].side, direct[0].bytes.as_slice()), (Side::Server, &GREETING[..]));
        assert_eq!(direct[1].bytes, [5]);
        let proxied = HttpV1 { connect_to: Some("server:593".to_owned()) }.carry(&steps);
        assert!(proxied[0].bytes.starts_with(b"RPC_CONNECT server:593 HTTP/1.0\r\n"));
    }
}
