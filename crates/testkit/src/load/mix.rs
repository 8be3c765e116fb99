//! What a load is made of: kinds of conversations, and the share of bytes that each has.

use super::hosts::Realm;
use super::ledger::Planted;
use super::rpc::{self, Planting};
use super::template::Template;
use super::{Profile, files, growth, services, web};
use crate::Rng;

/// Conversations of one kind.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// Parts of a million of the bytes of the load.
    pub(super) share: u64,
    /// Conversations, and what each plants.
    pub(super) templates: Vec<(Template, Planted)>,
    pub(super) rounds: Rounds,
    pub(super) realm: Realm,
    pub(super) carries: Carries,
}

/// How often the part of a conversation that may be repeated is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rounds {
    /// Any power of 2 up to the one with this exponent, each as likely: few conversations are long.
    UpTo(u32),
    /// As often as it takes for all flows together to fill the load.
    Fill,
}

/// What a conversation carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carries {
    Rpc,
    /// Anything else: it may begin before the load does.
    Else,
}

/// The kinds of a profile.
pub(super) fn kinds(profile: Profile, seed: u64) -> Vec<Kind> {
    let rng = &mut Rng::new(seed);
    match profile {
        Profile::Mixed => {
            let mut kinds = traffic(rng);
            kinds.extend(calls(20_000, rng));
            kinds
        }
        Profile::Rpc => {
            let mut kinds = calls(970_000, rng);
            kinds.push(other(20_000, Rounds::UpTo(2), Realm::Outside, web::tls(rng)));
            kinds.push(other(10_000, Rounds::UpTo(0), Realm::Inside, services::dns(rng)));
            kinds
        }
        Profile::ManyFlows => vec![other(1_000_000, Rounds::Fill, Realm::Outside, growth::flows(rng))],
        Profile::OpenCalls => vec![growing(growth::open_calls(rng))],
        Profile::OpenPipes => vec![growing(growth::open_pipes(rng))],
    }
}

/// What is no RPC, 98 % of the bytes of mixed traffic.
fn traffic(rng: &mut Rng) -> Vec<Kind> {
    use Realm::{Inside, Outside};
    use Rounds::UpTo;
    vec![
        other(400_000, UpTo(8), Outside, web::tls(rng)),
        other(90_000, UpTo(9), Outside, web::quic(rng)),
        other(70_000, UpTo(4), Inside, web::http(rng)),
        other(230_000, UpTo(0), Inside, files::templates(rng)),
        other(110_000, UpTo(7), Inside, services::database(rng)),
        other(30_000, UpTo(4), Inside, services::ldap(rng)),
        other(15_000, UpTo(0), Inside, services::kerberos(rng)),
        other(15_000, UpTo(6), Inside, services::ssh(rng)),
        other(14_000, UpTo(0), Inside, services::dns(rng)),
        other(2_000, UpTo(0), Outside, services::ntp(rng)),
        other(2_000, UpTo(0), Inside, services::icmp(rng)),
        other(2_000, UpTo(0), Inside, services::link(rng)),
    ]
}

/// Calls, with this share of the bytes in all.
fn calls(share: u64, rng: &mut Rng) -> Vec<Kind> {
    let of_thousand = [
        (330, rpc::mapped(rng)),
        (370, rpc::pipes(rng)),
        (50, rpc::old_pipes(rng)),
        (150, rpc::objects(rng)),
        (50, rpc::unusual(rng)),
        (50, rpc::joined(rng)),
    ];
    let kinds = of_thousand.map(|(part, templates)| Kind {
        share: share * part / 1000,
        templates,
        rounds: Rounds::UpTo(0),
        realm: Realm::Inside,
        carries: Carries::Rpc,
    });
    kinds.into()
}

fn other(share: u64, rounds: Rounds, realm: Realm, templates: Vec<Template>) -> Kind {
    let templates = templates.into_iter().map(|template| (template, Planted::default())).collect();
    Kind { share, templates, rounds, realm, carries: Carries::Else }
}

fn growing(templates: Planting) -> Kind {
    let (rounds, realm) = (Rounds::UpTo(0), Realm::Inside);
    Kind { share: 1_000_000, templates, rounds, realm, carries: Carries::Rpc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole() {
        for profile in Profile::ALL {
            let shares: u64 = kinds(profile, 1).iter().map(|kind| kind.share).sum();
            assert_eq!(shares, 1_000_000, "{profile:?}");
        }
    }

    #[test]
    fn rpc_has_two_hundredths_of_mixed_traffic() {
        let kinds = kinds(Profile::Mixed, 1);
        let of_rpc = kinds.iter().filter(|kind| kind.carries == Carries::Rpc).map(|kind| kind.share);
        assert_eq!(of_rpc.sum::<u64>(), 20_000);
    }
}
