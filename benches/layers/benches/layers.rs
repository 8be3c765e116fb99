//! What each layer costs on its own: `cargo bench --manifest-path benches/layers/Cargo.toml`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rpcscope_layers::{Association, Frames, write};
use rpcscope_testkit::load::Profile;
use std::hint::black_box;

fn frames(criterion: &mut Criterion) {
    let mixed = Frames::of(Profile::Mixed, 20_000_000);
    let mut group = criterion.benchmark_group("mixed traffic, for a frame");
    group.throughput(Throughput::Elements(mixed.count()));
    group.bench_function("frame decode", |bencher| bencher.iter(|| black_box(&mixed).decode()));
    group.bench_function("whole sensor", |bencher| bencher.iter(|| black_box(&mixed).events().len()));
    group.finish();

    let segments = mixed.segments();
    assert!(segments.reassemble() > 10_000_000);
    let mut group = criterion.benchmark_group("mixed traffic, for a segment");
    group.throughput(Throughput::Elements(segments.count()));
    group.bench_function("reassembly", |bencher| bencher.iter(|| black_box(&segments).reassemble()));
    group.finish();
}

fn calls(criterion: &mut Criterion) {
    let association = Association::of(1000);
    assert_eq!(association.pair(), 1001);
    let mut group = criterion.benchmark_group("one association, for a PDU");
    group.throughput(Throughput::Elements(association.pdus()));
    group.bench_function("PDU", |bencher| bencher.iter(|| black_box(&association).parse()));
    group.bench_function("association", |bencher| bencher.iter(|| black_box(&association).pair()));
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let rpc = Frames::of(Profile::Rpc, 5_000_000);
    let mut group = criterion.benchmark_group("RPC, for a frame");
    group.throughput(Throughput::Elements(rpc.count()));
    group.bench_function("whole sensor", |bencher| bencher.iter(|| black_box(&rpc).events().len()));
    group.finish();

    let events = rpc.events();
    let mut out = Vec::new();
    assert!(write(&events, &mut out) > 100 * events.len());
    let mut group = criterion.benchmark_group("RPC, for an event");
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("JSON", |bencher| bencher.iter(|| write(black_box(&events), &mut out)));
    group.finish();
}

criterion_group!(benches, frames, calls, events);
criterion_main!(benches);
