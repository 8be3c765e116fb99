//! The same bytes, however they were cut, repeated and reordered, give the same events.

use proptest::prelude::*;
use rpcscope_suite::carry::carriers;
use rpcscope_suite::cases;
use rpcscope_suite::reading::read_frames;
use rpcscope_suite::scenario::scenarios;
use rpcscope_suite::told::{Said, Told, told};
use rpcscope_testkit::packets::{Disturbance, Framing, Segment, TcpEnd, TcpFlow, TcpStart};

fn events(segments: &[Segment]) -> Vec<Told> {
    told(&read_frames(&Framing::default().segments(segments)))
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn cuts_repeats_overlaps_and_changed_order_change_nothing(
        scenario in scenarios(),
        carrier in carriers(),
        cut in prop_oneof![Just(1_usize), 2..40_usize, 40..1460_usize],
        reorder_window in 0..8_usize,
        seed in any::<u64>(),
        client_sequence in prop_oneof![any::<u32>(), (u32::MAX - 3000)..=u32::MAX],
        server_sequence in prop_oneof![any::<u32>(), (u32::MAX - 3000)..=u32::MAX],
        end in prop_oneof![Just(TcpEnd::Finish), Just(TcpEnd::Open)],
    ) {
        let messages = carrier.messages(scenario.conversation().steps());
        let flow = TcpFlow { client_sequence, server_sequence, end, ..carrier.flow() };
        let segments = flow.segments(&messages);
        let straight = events(&segments);
        prop_assert!(straight.iter().any(|told| !matches!(told.said, Said::Anomaly(_))), "{straight:?}");
        let disturbance = Disturbance { cut: Some(cut), reorder_window, ..Disturbance::harmless(seed) };
        let disturbed = events(&disturbance.apply(segments));
        prop_assert_eq!(straight, disturbed);
    }

    /// Without a handshake, the first byte that is seen is taken for the first that there was, so the order stays.
    #[test]
    fn cuts_and_repeats_change_nothing_in_mid_stream(
        scenario in scenarios(),
        lost in 0..4_usize,
        cut in prop_oneof![Just(1_usize), 2..40_usize, 40..1460_usize],
        seed in any::<u64>(),
    ) {
        let conversation = scenario.conversation().without_first(lost);
        let carrier = rpcscope_suite::carry::Carrier::Tcp;
        let flow = TcpFlow { start: TcpStart::MidStream, ..carrier.flow() };
        let segments = flow.segments(&carrier.messages(conversation.steps()));
        let straight = events(&segments);
        let disturbance = Disturbance { cut: Some(cut), reorder_window: 0, ..Disturbance::harmless(seed) };
        prop_assert_eq!(straight, events(&disturbance.apply(segments)));
    }
}
