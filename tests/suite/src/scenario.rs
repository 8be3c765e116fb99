//! Random conversations: what a proptest generates, and shrinks, and how it becomes PDUs.

use proptest::prelude::*;
use proptest::sample::Index;
use rpcscope_model::{AuthLevel, SyntaxId};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Format, Offer, Verifier};
use rpcscope_testkit::{ByteOrder, Rng};
use uuid::Uuid;

/// Service control, which the catalogue knows.
pub const SVCCTL: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003), major: 2, minor: 0 };
/// Accounts, which the catalogue knows.
pub const SAMR: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x12345778_1234_abcd_ef00_0123456789ac), major: 1, minor: 0 };
/// An interface that nobody knows.
pub const UNKNOWN: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x5e57_0000_1111_2222_3333_4444_5555_6666), major: 4, minor: 7 };

/// A random association.
#[derive(Clone, Debug)]
pub struct Scenario {
    big_endian: bool,
    minor: u8,
    fragment_bytes: Option<usize>,
    level: Option<AuthLevel>,
    /// Offers of the bind; their ids are their places.
    offers: Vec<(SyntaxId, Fate)>,
    moves: Vec<Move>,
    seed: u64,
}

/// What the server says to an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// NDR is agreed.
    Ndr,
    /// NDR64 is agreed.
    Ndr64,
    /// The interface is not known.
    Rejected,
    /// It is no context, but a negotiation of features.
    Features,
}

/// What happens next.
#[derive(Clone, Debug)]
enum Move {
    /// Calls that are open at the same time.
    Calls(Vec<Made>),
    /// An alter_context with a new id.
    Extend(SyntaxId, Fate),
}

/// A call.
#[derive(Clone, Debug)]
struct Made {
    context: Index,
    opnum: u16,
    object: bool,
    stub_bytes: usize,
    reply: Comes,
}

#[derive(Clone, Debug)]
enum Comes {
    Response(usize),
    Fault(u32),
    Nothing,
    Cancelled,
}

impl Scenario {
    /// The conversation.
    pub fn conversation(&self) -> Conversation {
        let mut rng = Rng::new(self.seed);
        let order = if self.big_endian { ByteOrder::Big } else { ByteOrder::Little };
        let mut conversation = Conversation::new().format(Format { order, minor: self.minor });
        if let Some(bytes) = self.fragment_bytes {
            conversation = conversation.fragment_bytes(bytes);
        }
        if let Some(level) = self.level {
            let verifier = Verifier::ntlm(level, 7, rng.bytes(16)).aligned_to(16);
            conversation = conversation.security(Some(verifier));
        }
        let mut offered: Vec<Fate> = self.offers.iter().map(|(_, fate)| *fate).collect();
        let offers: Vec<(Offer, Answer)> =
            (0..).zip(&self.offers).map(|(id, (syntax, fate))| fate.offer(id, *syntax)).collect();
        conversation = conversation.bind(&offers);
        for next in &self.moves {
            match next {
                Move::Extend(syntax, fate) => {
                    let id = u16::try_from(offered.len()).expect("few contexts");
                    conversation = conversation.alter_context(&[fate.offer(id, *syntax)]);
                    offered.push(*fate);
                }
                Move::Calls(calls) => {
                    let usable: Vec<u16> = (0..)
                        .zip(&offered)
                        .filter(|(_, fate)| **fate != Fate::Features)
                        .map(|(id, _)| id)
                        .collect();
                    if usable.is_empty() {
                        continue;
                    }
                    let calls: Vec<Call> =
                        calls.iter().map(|made| made.call(*made.context.get(&usable), &mut rng)).collect();
                    conversation = conversation.interleaved(&calls, &mut rng);
                }
            }
        }
        conversation
    }

    /// The same calls as an activity of the connectionless protocol, one after the other.
    pub fn activity(&self) -> Activity {
        let mut rng = Rng::new(self.seed);
        let order = if self.big_endian { ByteOrder::Big } else { ByteOrder::Little };
        let mut activity =
            Activity::new(rng.uuid(), self.offers.first().map_or(UNKNOWN, |(syntax, _)| *syntax))
                .format(Format { order, minor: 0 });
        if let Some(bytes) = self.fragment_bytes {
            activity = activity.fragment_bytes(bytes);
        }
        for next in &self.moves {
            match next {
                Move::Extend(syntax, _) => activity = activity.interface(*syntax),
                Move::Calls(calls) => {
                    for made in calls {
                        activity = activity.call(made.call(0, &mut rng));
                    }
                }
            }
        }
        activity
    }
}

impl Fate {
    fn offer(self, id: u16, syntax: SyntaxId) -> (Offer, Answer) {
        match self {
            Self::Ndr => (Offer::ndr(id, syntax), Answer::NDR),
            Self::Ndr64 => (Offer::ndr64(id, syntax), Answer::NDR64),
            Self::Rejected => (Offer::ndr(id, syntax), Answer::UNKNOWN_INTERFACE),
            Self::Features => (Offer::features(id, syntax, 3), Answer::features(3)),
        }
    }
}

impl Made {
    fn call(&self, context: u16, rng: &mut Rng) -> Call {
        let mut call = Call::new(context, self.opnum).stub(rng.bytes(self.stub_bytes));
        if self.object {
            call = call.object(rng.uuid());
        }
        match self.reply {
            Comes::Response(bytes) => call.returns(rng.bytes(bytes)),
            Comes::Fault(status) => call.faults(status),
            Comes::Nothing => call.unanswered(),
            Comes::Cancelled => call.cancelled(),
        }
    }
}

/// Any association.
pub fn scenarios() -> impl Strategy<Value = Scenario> {
    let level = prop_oneof![
        2 => Just(None),
        1 => prop_oneof![
            Just(AuthLevel::CONNECT),
            Just(AuthLevel::PKT),
            Just(AuthLevel::PKT_INTEGRITY),
            Just(AuthLevel::PKT_PRIVACY)
        ].prop_map(Some),
    ];
    (
        any::<bool>(),
        0..2_u8,
        proptest::option::of(8..200_usize),
        level,
        proptest::collection::vec((syntaxes(), fates()), 1..5),
        proptest::collection::vec(moves(), 1..6),
        any::<u64>(),
    )
        .prop_map(|(big_endian, minor, fragment_bytes, level, offers, moves, seed)| Scenario {
            big_endian,
            minor,
            fragment_bytes,
            level,
            offers,
            moves,
            seed,
        })
}

fn syntaxes() -> impl Strategy<Value = SyntaxId> {
    prop_oneof![Just(SVCCTL), Just(SAMR), Just(UNKNOWN)]
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Ndr), 1 => Just(Fate::Ndr64), 1 => Just(Fate::Rejected), 1 => Just(Fate::Features)]
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => proptest::collection::vec(calls(), 1..5).prop_map(Move::Calls),
        1 => (syntaxes(), fates()).prop_map(|(syntax, fate)| Move::Extend(syntax, fate)),
    ]
}

fn calls() -> impl Strategy<Value = Made> {
    let reply = prop_oneof![
        6 => (0..600_usize).prop_map(Comes::Response),
        1 => any::<u32>().prop_map(Comes::Fault),
        1 => Just(Comes::Nothing),
        1 => Just(Comes::Cancelled),
    ];
    let opnum = prop_oneof![9 => 0..70_u16, 1 => any::<u16>()];
    (any::<Index>(), opnum, proptest::bool::weighted(0.2), 0..600_usize, reply).prop_map(
        |(context, opnum, object, stub_bytes, reply)| Made { context, opnum, object, stub_bytes, reply },
    )
}
