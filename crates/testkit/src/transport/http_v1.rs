//! RPC over HTTP version 1 ([MS-RPCH] 2.1.1).

use super::{Message, plain};
use crate::conversation::Step;
use rpcscope_model::Side;

/// One TCP connection: between proxy and server, where the server speaks first, or between client and proxy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HttpV1 {
    /// The server and port that the client asks a proxy for; `None` between the proxy and the server.
    pub connect_to: Option<String>,
}

impl HttpV1 {
    /// The messages of a conversation.
    pub fn carry(&self, steps: &[Step]) -> Vec<Message> {
        let mut messages = match &self.connect_to {
            Some(target) => {
                let request =
                    format!("RPC_CONNECT {target} HTTP/1.1\r\nPragma: No-cache\r\nUser-Agent: RPC\r\n\r\n");
                vec![
                    Message::new(Side::Client, request.into_bytes()),
                    Message::new(Side::Server, ANSWER.to_vec()),
                ]
            }
            None => vec![Message::new(Side::Server, GREETING.to_vec())],
        };
        messages.extend(plain(steps));
        messages
    }

    /// The messages of a conversation, each with the step that it belongs to.
    pub fn carry_script(&self, steps: &[Step]) -> Vec<super::Placed> {
        let messages = self.carry(steps);
        let before = messages.len() - steps.len();
        messages.into_iter().enumerate().map(|(at, message)| (at.saturating_sub(before), message)).collect()
    }
}

/// What a proxy answers; the body follows without end ([MS-RPCH] 2.1.1.1.2).
const ANSWER: &[u8; 19] = b"HTTP/1.1 200 OK\r\n\r\n";
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
        assert!(proxied[0].bytes.starts_with(b"RPC_CONNECT server:593 HTTP/1.1\r\n"));
        assert_eq!((proxied[1].side, proxied[1].bytes.as_slice()), (Side::Server, &ANSWER[..]));
        assert_eq!(proxied[2].bytes, [5]);
    }
}
