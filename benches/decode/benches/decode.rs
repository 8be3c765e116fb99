//! What decoding the arguments of one call costs: `cargo bench --manifest-path benches/decode/Cargo.toml`.
//!
//! No stub that Windows or an attacker's tool sends may cost more than 50 µs.

use criterion::{Criterion, criterion_group, criterion_main};
use rpcscope_decode::{Sample, endpoint_map, sids_looked_up, sids_translated, task_registered};
use rpcscope_model::{AuthType, Side};
use rpcscope_wire::auth::{Exchange, token};
use std::hint::black_box;
use std::path::Path;

/// Seeds of stubs from captures.
const SEEDS: &[&str] = &[
    "svcctl-12-request",
    "epm-02-response",
    "iremotescmactivator-04-request",
    "iremotescmactivator-04-response",
    "iwbemservices-06-response",
    "iwbemservices-24-request",
    "idispatch-06-request",
    "lsarpc-15-response",
];

fn arguments(criterion: &mut Criterion) {
    let mut samples: Vec<Sample> = SEEDS.iter().map(|name| Sample::seed(name)).collect();
    samples.extend([task_registered(), endpoint_map(500), sids_looked_up(1000), sids_translated(1000)]);
    for sample in &samples {
        let decoded = sample.decode().expect("an operation that is decoded");
        assert_eq!(decoded.arguments.stopped, None, "{}", sample.name);
        let name = format!("{} ({} bytes)", sample.name, sample.bytes());
        criterion.bench_function(&name, |bencher| bencher.iter(|| black_box(sample).decode()));
    }
    let undecoded = Sample::seed("svcctl-12-request").undecoded();
    assert_eq!(undecoded.decode(), None);
    criterion.bench_function(&undecoded.name, |bencher| bencher.iter(|| black_box(&undecoded).decode()));
}

/// All tokens of an NTLM authentication, and its last one alone.
fn identities(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/auth/pdu-type-10-2-1");
    let seed = std::fs::read(path).expect("a seed");
    let tokens = tokens(&seed);
    let [negotiate, challenge, authenticate] = tokens[..] else { panic!("three tokens") };
    let learn = |exchange: &mut Exchange, (side, bytes): (Side, &[u8])| {
        exchange.learn(side, &token(Some(AuthType(10)), bytes));
    };
    criterion.bench_function("NTLM authentication, three tokens", |bencher| {
        bencher.iter(|| {
            let mut exchange = Exchange::default();
            for token in [negotiate, challenge, authenticate] {
                learn(&mut exchange, black_box(token));
            }
            assert!(exchange.is_claimed());
            exchange
        });
    });
    let mut challenged = Exchange::default();
    learn(&mut challenged, negotiate);
    learn(&mut challenged, challenge);
    criterion.bench_function("NTLM AUTHENTICATE", |bencher| {
        bencher.iter(|| {
            let mut exchange = challenged.clone();
            learn(&mut exchange, black_box(authenticate));
            exchange
        });
    });
}

/// Tokens as the fuzz target `auth` reads them.
fn tokens(mut seed: &[u8]) -> Vec<(Side, &[u8])> {
    let mut tokens = Vec::new();
    while let Some(([choice, low, high], rest)) = seed.split_first_chunk::<3>() {
        let side = if choice & 0x80 == 0 { Side::Client } else { Side::Server };
        let (token, rest) = rest.split_at(usize::from(u16::from_le_bytes([*low, *high])));
        tokens.push((side, token));
        seed = rest;
    }
    tokens
}

criterion_group!(benches, arguments, identities);
criterion_main!(benches);
