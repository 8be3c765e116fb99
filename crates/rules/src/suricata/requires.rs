//! `requires`: rules for engines that can do something.

use super::keyword::KEYWORDS;
use super::line::{Critic, Part};
use super::rpc::compared;
use std::cmp::Ordering;

/// Whether something is required that is not there; a finding says what.
pub(super) fn is_unmet(value: Part<'_>, critic: &mut Critic<'_>) -> bool {
    value.split(',').into_iter().any(|part| {
        let (what, rest) = match part.split_once(' ') {
            Some((what, rest)) => (what.text, rest.trim()),
            None => (part.text, part),
        };
        let is_met = match what {
            "version" => rest.split('|').into_iter().any(version_holds),
            "keyword" => KEYWORDS.contains(&rest.text),
            _ => false,
        };
        if !is_met {
            critic
                .warning(part, format!("the rule requires `{}`: it is left out", part.text))
                .hint("rules are read as version 9.0 of Suricata reads them");
        }
        !is_met
    })
}

fn version_holds(part: Part<'_>) -> bool {
    let (comparison, text) = compared(part);
    let mut order = Ordering::Equal;
    for (own, wanted) in VERSION.into_iter().zip(text.text.split('.')) {
        let Ok(wanted) = wanted.trim().parse::<u32>() else { return false };
        order = order.then(own.cmp(&wanted));
    }
    comparison.holds(order)
}

/// The version of Suricata whose rules are read.
const VERSION: [u32; 3] = [9, 0, 0];
