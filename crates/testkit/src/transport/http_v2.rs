//! RPC over HTTP version 2 ([MS-RPCH] 2.1.2).

use super::Message;
use crate::conversation::Step;
use crate::pdu::Rts;
use crate::rng::Rng;
use rpcscope_model::Side;

/// Two TCP connections between client and proxy: connection 0 is the IN channel, connection 1 the OUT channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpV2 {
    /// The server and port that the client asks the proxy for.
    pub server: String,
    /// Chooses the cookies.
    pub seed: u64,
    /// Bytes after which each side acknowledges what it received; `None` never.
    pub acknowledge_every: Option<usize>,
    /// Whether the IN channel carries a ping after the handshake.
    pub ping: bool,
    /// Whether the OUT channel's answer is chunked instead of having a length.
    pub chunked: bool,
}

impl Default for HttpV2 {
    fn default() -> Self {
        Self {
            server: "server:49670".to_owned(),
            seed: 1,
            acknowledge_every: None,
            ping: false,
            chunked: false,
        }
    }
}

impl HttpV2 {
    /// The IN channel's connection.
    pub const IN: usize = 0;
    /// The OUT channel's connection.
    pub const OUT: usize = 1;

    /// The messages of a conversation.
    pub fn carry(&self, steps: &[Step]) -> Vec<Message> {
        self.carry_script(steps).into_iter().map(|(_, message)| message).collect()
    }

    /// The messages of a conversation, each with the step that it belongs to.
    pub fn carry_script(&self, steps: &[Step]) -> Vec<super::Placed> {
        let mut rng = Rng::new(self.seed);
        let [connection, in_channel, out_channel, group] = std::array::from_fn(|_| rng.uuid());
        let mut messages = Vec::new();
        let place = std::cell::Cell::new(0);
        let mut send =
            |connection, side, bytes| messages.push((place.get(), Message { connection, side, bytes }));

        let a1 = Rts::conn_a1(connection, out_channel).encode();
        let request = self.request("RPC_OUT_DATA", a1.len());
        send(Self::OUT, Side::Client, request);
        send(Self::OUT, Side::Client, a1);
        send(Self::IN, Side::Client, self.request("RPC_IN_DATA", CHANNEL_BYTES));
        send(Self::IN, Side::Client, Rts::conn_b1(connection, in_channel, group).encode());
        send(Self::OUT, Side::Server, self.answer());
        send(Self::OUT, Side::Server, self.chunk(Rts::conn_a3().encode()));
        send(Self::OUT, Side::Server, self.chunk(Rts::conn_c2().encode()));
        if self.ping {
            send(Self::IN, Side::Client, Rts::ping().encode());
        }

        let mut received = [0; 2];
        let mut acknowledged = [0; 2];
        for (number, step) in steps.iter().enumerate() {
            place.set(number);
            let counter = step.side.index();
            received[counter] += step.pdu.len();
            let due = self
                .acknowledge_every
                .is_some_and(|every| received[counter] - acknowledged[counter] >= every);
            let bytes = || crate::encoder::length32(received[counter]);
            match step.side {
                Side::Client => {
                    send(Self::IN, Side::Client, step.pdu.clone());
                    if due {
                        let ack =
                            Rts::flow_control_ack_to(crate::pdu::Destination::Client, bytes(), in_channel);
                        send(Self::OUT, Side::Server, self.chunk(ack.encode()));
                    }
                }
                Side::Server => {
                    send(Self::OUT, Side::Server, self.chunk(step.pdu.clone()));
                    if due {
                        let ack =
                            Rts::flow_control_ack_to(crate::pdu::Destination::OutProxy, bytes(), out_channel);
                        send(Self::IN, Side::Client, ack.encode());
                    }
                }
            }
            if due {
                acknowledged[counter] = received[counter];
            }
        }
        messages
    }

    fn request(&self, method: &str, content_bytes: usize) -> Vec<u8> {
        let server = &self.server;
        format!(
            "{method} /rpc/rpcproxy.dll?{server} HTTP/1.1\r\nCache-Control: no-cache\r\nConnection: Keep-Alive\r\n\
             Pragma: No-cache\r\nAccept: application/rpc\r\nUser-Agent: MSRPC\r\nContent-Length: {content_bytes}\r\n\
             Host: proxy.example\r\n\r\n"
        )
        .into_bytes()
    }

    fn answer(&self) -> Vec<u8> {
        let length = if self.chunked {
            "Transfer-Encoding: chunked".to_owned()
        } else {
            format!("Content-Length: {CHANNEL_BYTES}")
        };
        format!("HTTP/1.1 200 Success\r\nContent-Type: application/rpc\r\n{length}\r\n\r\n").into_bytes()
    }

    fn chunk(&self, pdu: Vec<u8>) -> Vec<u8> {
        if !self.chunked {
            return pdu;
        }
        let mut chunk = format!("{:x}\r\n", pdu.len()).into_bytes();
        chunk.extend(pdu);
        chunk.extend(b"\r\n");
        chunk
    }
}

/// Bytes that a channel may carry before it is replaced.
const CHANNEL_BYTES: usize = 1_073_741_824;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_joined_by_the_connection_cookie() {
        let steps =
            [Step { side: Side::Client, pdu: vec![5; 20] }, Step { side: Side::Server, pdu: vec![6; 20] }];
        let http = HttpV2 { acknowledge_every: Some(10), ping: true, ..HttpV2::default() };
        let messages = http.carry(&steps);
        let route: Vec<_> = messages.iter().map(|message| (message.connection, message.side)).collect();
        use Side::{Client as C, Server as S};
        let expected = [
            (1, C),
            (1, C),
            (0, C),
            (0, C),
            (1, S),
            (1, S),
            (1, S),
            (0, C), // handshake, ping
            (0, C),
            (1, S),
            (1, S),
            (0, C), // request, its ack, response, its ack
        ];
        assert_eq!(route, expected);
        assert_eq!(messages[1].bytes[32..48], messages[3].bytes[32..48], "virtual connection cookie");
        assert!(messages[0].bytes.starts_with(b"RPC_OUT_DATA /rpc/rpcproxy.dll?server:49670 HTTP/1.1\r\n"));
    }

    #[test]
    fn chunks_have_their_length_in_hex() {
        let http = HttpV2 { chunked: true, ..HttpV2::default() };
        assert_eq!(http.chunk(vec![7; 17]), [b"11\r\n".as_slice(), &[7; 17], b"\r\n"].concat());
    }
}
