//! A capture depends on its seed alone.

use rpcscope_model::SyntaxId;
use rpcscope_testkit::Rng;
use rpcscope_testkit::capture::Pcapng;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::packets::{Disturbance, Framing, TcpFlow};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::Smb2;

fn capture(seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let calls: Vec<Call> =
        (0..5).map(|opnum| Call::new(0, opnum).stub(rng.bytes(300)).returns(rng.bytes(90))).collect();
    let conversation = Conversation::new()
        .fragment_bytes(100)
        .bind(&[(Offer::ndr(0, SyntaxId::default()), Answer::NDR)])
        .interleaved(&calls, &mut rng);
    let pipes = [("svcctl", conversation.steps()), ("winreg", conversation.steps())];
    let messages = Smb2 { seed, interim: true, ..Smb2::default() }.carry(&pipes);
    let segments = Disturbance::harmless(seed).apply(TcpFlow::to_port(445).segments(&messages));
    Pcapng::default().encode(&Framing::default().segments(&segments))
}

#[test]
fn one_seed_gives_one_capture() {
    assert!(capture(7) == capture(7));
    assert!(capture(7) != capture(8));
}
