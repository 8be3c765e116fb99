//! The same segments give the same events in IPv4 and IPv6, in fragments, on every link and in every tunnel.

use proptest::prelude::*;
use rpcscope_model::{Address, Endpoint};
use rpcscope_suite::carry::carriers;
use rpcscope_suite::cases;
use rpcscope_suite::reading::read_frames;
use rpcscope_suite::scenario::scenarios;
use rpcscope_suite::told::told;
use rpcscope_testkit::ByteOrder;
use rpcscope_testkit::packets::{Framing, Link, Tag, TcpFlow, Tunnel, UdpFlow};
use rpcscope_testkit::transport::plain;

fn every_framing() -> Vec<Framing> {
    let links = [
        Link::ETHERNET,
        Link::Ethernet(vec![Tag::Vlan(6)]),
        Link::Ethernet(vec![Tag::ServiceVlan(5), Tag::Vlan(6)]),
        Link::Ethernet(vec![Tag::Mpls(16), Tag::Mpls(17)]),
        Link::Ethernet(vec![Tag::Pppoe(7)]),
        Link::Ethernet(vec![Tag::Vlan(6), Tag::Pppoe(7)]),
        Link::LinuxCooked,
        Link::LinuxCooked2,
        Link::Raw,
        Link::Null(ByteOrder::Little),
        Link::Null(ByteOrder::Big),
        Link::Loop,
    ];
    let tunnels = [
        vec![Tunnel::IpInIp],
        vec![Tunnel::Gre(None)],
        vec![Tunnel::Gre(Some(9))],
        vec![Tunnel::GreEthernet],
        vec![Tunnel::Erspan1],
        vec![Tunnel::Erspan2(9)],
        vec![Tunnel::Erspan3(9)],
        vec![Tunnel::Vxlan(9)],
        vec![Tunnel::Geneve(9)],
        vec![Tunnel::Vxlan(9), Tunnel::Erspan2(3)],
        vec![Tunnel::Gre(None), Tunnel::IpInIp],
    ];
    let on = |link| Framing { link, ..Framing::default() };
    let through = |tunnels| Framing { tunnels, ..Framing::default() };
    let in_fragments = |bytes| Framing { fragment_bytes: Some(bytes), ..Framing::default() };
    let tunnelled_fragments =
        Framing { fragment_bytes: Some(128), tunnels: vec![Tunnel::Erspan2(1)], ..Framing::default() };
    links
        .into_iter()
        .map(on)
        .chain(tunnels.into_iter().map(through))
        .chain([8, 64, 512].map(in_fragments))
        .chain([tunnelled_fragments])
        .collect()
}

const V6: [Address; 2] = [
    Address::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]),
    Address::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]),
];

proptest! {
    #![proptest_config(cases(30))]

    #[test]
    fn families_fragments_links_and_tunnels_change_nothing_over_tcp(
        scenario in scenarios(),
        carrier in carriers(),
    ) {
        let messages = carrier.messages(scenario.conversation().steps());
        let v4 = carrier.flow();
        let [client, server] = V6;
        let v6 = TcpFlow {
            client: Endpoint { address: client, ..v4.client },
            server: Endpoint { address: server, ..v4.server },
            ..v4.clone()
        };
        let straight = told(&read_frames(&Framing::default().segments(&v4.segments(&messages))));
        for flow in [v4, v6] {
            let segments = flow.segments(&messages);
            for framing in every_framing() {
                let found = told(&read_frames(&framing.segments(&segments)));
                prop_assert_eq!(&straight, &found, "{:?} {:?}", &framing, flow.client);
            }
        }
    }

    #[test]
    fn families_fragments_links_and_tunnels_change_nothing_over_udp(scenario in scenarios()) {
        let messages = plain(scenario.activity().steps());
        let v4 = UdpFlow::default();
        let [client, server] = V6;
        let v6 = UdpFlow {
            client: Endpoint { address: client, ..v4.client },
            server: Endpoint { address: server, ..v4.server },
        };
        let straight = told(&read_frames(&Framing::default().datagrams(&v4.datagrams(&messages))));
        for flow in [v4, v6] {
            let datagrams = flow.datagrams(&messages);
            for framing in every_framing() {
                let found = told(&read_frames(&framing.datagrams(&datagrams)));
                prop_assert_eq!(&straight, &found, "{:?} {:?}", &framing, flow.client);
            }
        }
    }
}
