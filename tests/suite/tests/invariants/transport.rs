//! The same conversation gives the same calls, whatever carries it.

use proptest::prelude::*;
use rpcscope_model::Transport;
use rpcscope_suite::carry::{Carrier, every_carrier};
use rpcscope_suite::cases;
use rpcscope_suite::reading::{Reading, read_frames};
use rpcscope_suite::scenario::scenarios;
use rpcscope_suite::told::{Said, said};
use rpcscope_testkit::conversation::Step;
use rpcscope_testkit::packets::Framing;

fn read(carrier: &Carrier, steps: &[Step]) -> Reading {
    read_frames(&Framing::default().segments(&carrier.flow().segments(&carrier.messages(steps))))
}

/// Calls and binds in an order that does not depend on when a transport delivers what. That an SMB session was set up,
/// and what was connected to and opened in it, is told, too, and is of its transport alone.
fn sorted(reading: &Reading) -> Vec<Said> {
    let mut all: Vec<Said> = said(reading).into_iter().filter(|said| !is_of_transport(said)).collect();
    all.sort_by_key(|said| match said {
        Said::Bind(bind) => (0, bind.call_id.0),
        Said::Call(call) => (1, call.call_id.0),
        _ => (2, 0),
    });
    all
}

const fn is_of_transport(said: &Said) -> bool {
    matches!(said, Said::Logon(_) | Said::SmbMapping(_) | Said::Pipe(_))
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn tcp_smb1_smb2_and_http_tell_the_same(scenario in scenarios()) {
        let conversation = scenario.conversation();
        let over_tcp = sorted(&read(&Carrier::Tcp, conversation.steps()));
        for carrier in every_carrier() {
            let reading = read(&carrier, conversation.steps());
            prop_assert_eq!(&over_tcp, &sorted(&reading), "{:?}", &carrier);
            for event in &reading.events {
                let expected = match carrier {
                    Carrier::Tcp => Transport::NcacnIpTcp,
                    Carrier::Smb1(_) => Transport::NcacnNpSmb1,
                    Carrier::Smb2(_) => Transport::NcacnNpSmb2,
                    Carrier::HttpV1(_) | Carrier::HttpV2(_) => Transport::NcacnHttp,
                };
                prop_assert_eq!(event.header.transport, expected);
            }
        }
    }
}
