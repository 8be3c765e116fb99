//! Presentation contexts: what a bind offers and what the server says to it.

use super::error::ScenarioError;
use super::fields::{Fields, Parsed, choice, list, number, uuid, variant};
use super::names::{self, Named};
use crate::pdu::{ContextResult, Offer};
use rpcscope_model::{ContextId, SyntaxId};
use rpcscope_text::Node;

/// One presentation context: the offer and the answer.
pub(super) struct Context {
    pub(super) offer: Offer,
    pub(super) result: ContextResult,
    /// `None` for a feature negotiation.
    pub(super) interface: Option<Named>,
}

/// Offers and answers apart.
pub(super) fn split(contexts: &[Context]) -> (Vec<Offer>, Vec<ContextResult>) {
    contexts.iter().map(|context| (context.offer.clone(), context.result)).unzip()
}

/// `interface` alone, or `contexts`, a list of presentation contexts.
pub(super) fn contexts(fields: &Fields<'_>) -> Parsed<Vec<Context>> {
    let several = fields.optional("contexts");
    let Some(several) = several else {
        return Ok(vec![context(fields, 0)?]);
    };
    if let Some(interface) = fields.optional("interface") {
        let cause = "`interface` is short for `contexts` with one in it: choose one";
        return Err(ScenarioError::new(interface.place, cause));
    }
    let mut contexts = Vec::new();
    for (usual_id, node) in list(several).iter().enumerate() {
        let fields = Fields::new(node, "context")?;
        let usual_id = u16::try_from(usual_id).unwrap_or(u16::MAX);
        contexts.push(match fields.get("features", number::<u8>)? {
            None => context(&fields, usual_id)?,
            Some(features) => {
                let id = fields.get("id", number)?.unwrap_or(usual_id);
                let interface = fields.required("interface").and_then(names::interface)?;
                Context {
                    offer: Offer::features(id, interface.syntax, features),
                    result: ContextResult::features(features.into()),
                    interface: None,
                }
            }
        });
        fields.finish()?;
    }
    if contexts.is_empty() || contexts.len() > MOST_CONTEXTS {
        return Err(ScenarioError::new(several.place, "`contexts` wants 1 to 128 presentation contexts"));
    }
    Ok(contexts)
}

fn context(fields: &Fields<'_>, usual_id: u16) -> Parsed<Context> {
    let interface = fields.required("interface").and_then(names::interface)?;
    let id = fields.get("id", number)?.unwrap_or(usual_id);
    let syntaxes = match fields.optional("transfer_syntax") {
        None => vec![Offer::NDR],
        Some(node) => list(node).iter().map(transfer_syntax).collect::<Parsed<Vec<SyntaxId>>>()?,
    };
    let Some(agreed) = syntaxes.first().filter(|_| syntaxes.len() <= MOST_SYNTAXES) else {
        return Err(ScenarioError::new(fields.place, "`transfer_syntax` wants 1 to 16 syntaxes"));
    };
    let result = match fields.optional("result") {
        None => ContextResult::accepted(*agreed),
        Some(node) => result(node, &syntaxes)?,
    };
    let offer = Offer { id: ContextId(id), abstract_syntax: interface.syntax, transfer_syntaxes: syntaxes };
    Ok(Context { offer, result, interface: Some(interface) })
}

fn transfer_syntax(node: &Node) -> Parsed<SyntaxId> {
    if let Ok(uuid) = uuid(node) {
        return Ok(SyntaxId { uuid, major: 1, minor: 0 });
    }
    choice(node, "transfer syntax", &[("ndr", Offer::NDR), ("ndr64", Offer::NDR64)])
}

/// `accepted`, `{accepted: ndr64}`, or why a context is rejected.
fn result(node: &Node, syntaxes: &[SyntaxId]) -> Parsed<ContextResult> {
    let (name, place, value) = variant(node, "result")?;
    match (name, value) {
        ("accepted", None) => {
            Ok(syntaxes.first().copied().map_or(ContextResult::NDR, ContextResult::accepted))
        }
        ("accepted", Some(node)) => Ok(ContextResult::accepted(transfer_syntax(node)?)),
        ("rejected", Some(node)) => Ok(ContextResult::rejected(number(node)?)),
        ("user_rejection", _) => Ok(ContextResult { result: 1, ..ContextResult::rejected(0) }),
        _ => {
            let reasons = [("abstract_syntax", 1), ("transfer_syntax", 2), ("local_limit", 3)];
            if let Some((_, reason)) = reasons.iter().find(|(reason, _)| *reason == name) {
                return Ok(ContextResult::rejected(*reason));
            }
            let known = [
                "accepted",
                "rejected",
                "user_rejection",
                "abstract_syntax",
                "transfer_syntax",
                "local_limit",
            ];
            Err(ScenarioError::new(place, format!("unknown result `{name}`")).nearest(name, &known))
        }
    }
}

/// The reason of a bind_nak ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.5).
pub(super) fn refusal(node: &Node) -> Parsed<u16> {
    if let Ok(reason) = number(node) {
        return Ok(reason);
    }
    let reasons = [
        ("reason_not_specified", 0),
        ("local_limit_exceeded", 2),
        ("protocol_version_not_supported", 4),
        ("authentication_type_not_recognized", 8),
        ("invalid_checksum", 9),
    ];
    choice(node, "reason of a bind_nak", &reasons)
}

/// The count stands in one byte; a PDU has to hold them.
const MOST_CONTEXTS: usize = 128;
const MOST_SYNTAXES: usize = 16;
