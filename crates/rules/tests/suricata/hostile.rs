//! Whatever a file or a message holds: nothing panics, and nothing takes for ever.

use crate::messages::*;
use crate::support::SVCCTL;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Pieces that rules are made of, so that texts get far.
const PIECES: [&str; 48] = [
    "alert",
    "pass",
    " tcp",
    " dcerpc",
    " any",
    " ->",
    " <>",
    "$HOME_NET",
    "!",
    "[",
    "]",
    ",",
    "10.0.0.0/8",
    " 135",
    ":",
    " (",
    ")",
    ";",
    "msg:\"",
    "\"",
    "content:\"",
    "|05 00|",
    "|",
    "nocase;",
    "offset:",
    "depth:",
    "distance:-1;",
    "within:",
    "dce_iface:",
    "367abb81-9844-35f1-ad32-98f038001003",
    "dce_opnum:",
    "dce_stub_data;",
    "byte_test:4,=,5,24,",
    "byte_jump:2,0",
    "byte_extract:1,0,n",
    "pcre:\"/",
    "/i\"",
    "flowbits:",
    "set,a",
    "isset,a|b",
    "threshold:type ",
    "tag:session",
    "sid:1;",
    "\\",
    "\n",
    "”",
    "metadata:service dcerpc;",
    "flow:to_server;",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_text_is_read_without_panic(pieces in prop::collection::vec(prop_oneof![
        4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ], 0..40)) {
        let text = pieces.concat();
        let (set, _) = load(&text);
        let event = call(SVCCTL, 12, b"stub", b"", Order::Little);
        alerts(set, &[event]);
        let fixed = rpcscope_rules::fix(&text);
        prop_assert!(fixed.changed.is_empty() == (fixed.text == text));
        prop_assert_eq!(&rpcscope_rules::fix(&fixed.text).text, &fixed.text);
    }

    #[test]
    fn any_stub_is_looked_through_without_panic(stub in prop::collection::vec(any::<u8>(), 0..64)) {
        let event = call(SVCCTL, 12, &stub, &stub, Order::Big);
        let chain = "dce_stub_data; byte_extract:4,0,n,dce; byte_jump:2,n,relative,dce,align; \
                     content:\"|00|\"; distance:n; byte_test:8,>,n,-8,relative; isdataat:!n,relative; \
                     pcre:\"/.?/R\"; byte_jump:3,0,string,dec,from_end,post_offset n;";
        count(chain, &event);
    }
}

#[test]
fn chains_of_contents_that_are_everywhere_end_soon() {
    let stub = vec![b'a'; 64 << 10];
    let event = call(SVCCTL, 12, &stub[..60_000], b"", Order::Little);
    let chain =
        format!("dce_stub_data; {} content:\"b\"; distance:0;", "content:\"a\"; distance:0; ".repeat(20));
    let start = Instant::now();
    assert_eq!(count(&chain, &event), 0);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
