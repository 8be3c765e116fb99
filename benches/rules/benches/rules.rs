//! What rules cost for one event: `cargo bench --manifest-path benches/rules/Cargo.toml`.
//!
//! Ten thousand rules may cost an event at most half as much again as ten.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rpcscope_rules::Watch;
use rpcscope_rules_bench::{events, rules};
use std::hint::black_box;
use std::sync::Arc;

fn growth(criterion: &mut Criterion) {
    // The same events for all: what the largest set wants to be told of.
    let events = events(&rules(10_000));
    let mut group = criterion.benchmark_group("events of all own captures");
    group.throughput(Throughput::Elements(events.len() as u64));
    for count in [10, 100, 1_000, 10_000] {
        let rules = rules(count);
        group.bench_function(format!("{count} rules"), |bencher| {
            let mut watch = Watch::new(Arc::clone(&rules));
            let mut hits = Vec::new();
            bencher.iter(|| {
                for event in &events {
                    hits.clear();
                    watch.event(black_box(event), &mut hits);
                }
            });
        });
    }
    group.finish();
}

/// How long it takes to load rules.
fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loading");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        group.bench_function(format!("{count} rules"), |bencher| bencher.iter(|| rules(black_box(count))));
    }
    group.finish();
}

criterion_group!(benches, growth, loading);
criterion_main!(benches);
