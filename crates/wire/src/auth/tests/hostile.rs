//! Tokens that an attacker could send: the body of the fuzz target on samples, and on what they become.

use super::*;
use crate::auth::fuzz_auth;
use proptest::prelude::*;

/// The tokens of a sample as the fuzz target reads them.
fn script(auth_type: Option<AuthType>, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (side, bytes) in sample(text) {
        let side = if side == Side::Client { 0 } else { 0x80 };
        out.push(side | auth_type.map_or(0, |auth_type| auth_type.0));
        out.extend(u16::try_from(bytes.len()).expect("short").to_le_bytes());
        out.extend(bytes);
    }
    out
}

#[test]
fn every_beginning_of_every_sample_keeps_the_bounds() {
    for (auth_type, text) in SAMPLES {
        let script = script(auth_type, text);
        for end in 0..script.len() {
            fuzz_auth(&script[..end]);
        }
    }
}

#[test]
fn a_token_cut_anywhere_never_names_somebody_else() {
    for (auth_type, text) in SAMPLES {
        let tokens = sample(text);
        let truth = learned(auth_type, &tokens);
        for (index, (side, bytes)) in tokens.iter().enumerate() {
            for end in 0..bytes.len() {
                let mut cut = tokens[..index].to_vec();
                cut.push((*side, bytes[..end].to_vec()));
                let exchange = learned(auth_type, &cut);
                let (told, known) = (exchange.identity(), truth.identity());
                for (told, known) in [
                    (&told.user, &known.user),
                    (&told.domain, &known.domain),
                    (&told.realm, &known.realm),
                    (&told.service, &known.service),
                ] {
                    let Some(told) = told else { continue };
                    let known = &known.as_ref().expect("the whole names it, too").string;
                    assert!(known.starts_with(told.string.as_str()) && (told.cut || *known == told.string));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_keep_the_bounds(script in proptest::collection::vec(any::<u8>(), 0..2000)) {
        fuzz_auth(&script);
    }

    /// Samples with some bytes changed get deeper than noise does.
    #[test]
    fn damaged_samples_keep_the_bounds(
        which in 0..SAMPLES.len(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (auth_type, text) = SAMPLES[which];
        let mut script = script(auth_type, text);
        for (at, byte) in damage {
            let at = at.index(script.len());
            script[at] = byte;
        }
        fuzz_auth(&script);
    }
}
