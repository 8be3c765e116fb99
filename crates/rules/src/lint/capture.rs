//! Packets that a rule wants to be kept, and that are not.

use super::Report;
use crate::rule_set::{Rule, RuleSet};
use crate::sigma::{Capture, Correlation};

pub(super) fn of_correlation(rules: &RuleSet, report: &mut Report<'_>) {
    let carves_itself = |correlation: &Correlation| {
        let members = correlation.members.iter().filter_map(|at| rules.rules().get(*at));
        // An obsolete condition counts what its own rule finds.
        let mut of_rule = members.filter(|rule| rule.file == correlation.file);
        of_rule.any(|rule| rule.meta.place == correlation.meta.place)
    };
    let asking = rules.correlations().iter().filter(|correlation| correlation.meta.capture.is_some());
    for correlation in asking.filter(|correlation| !carves_itself(correlation)) {
        let cause = "`capture` of a correlation keeps nothing: the sessions may be over when it holds";
        let hint = "write it in the rules that the correlation names: each keeps its session from its first event on";
        report.add(&correlation.file, correlation.meta.place, cause).hint(hint);
    }
}

pub(super) fn of_host(rule: &Rule, report: &mut Report<'_>) {
    if rule.meta.capture == Some(Capture::Host) {
        let cause = "the packets of a host are not kept, only those of the session";
        report.add(&rule.file, rule.meta.place, cause).hint("say `session`, which is what is done");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found_in;

    fn rule(own: &str) -> String {
        format!(
            "title: T\nname: part\nlogsource: {{product: rpcscope}}\nrpcscope: {{{own}}}\ndetection: {{s: {{user: a}}, condition: s}}\n"
        )
    }

    #[test]
    fn a_correlation_is_told_to_leave_it_to_its_rules() {
        let correlation = |own: &str| {
            format!(
                "---\ntitle: C\nrpcscope: {{{own}}}\ncorrelation: {{type: event_count, rules: [part], timespan: 1m, condition: {{gte: 2}}}}\n"
            )
        };
        let text = format!("{}{}", rule("sid: 1"), correlation("capture: session"));
        assert_eq!(found_in("capture-of-correlation", &text).len(), 1);
        let text = format!("{}{}", rule("capture: session"), correlation("sid: 2"));
        assert_eq!(found_in("capture-of-correlation", &text), [""; 0]);
        let counted =
            rule("capture: session").replace("condition: s}", "timeframe: 1m, condition: s | count() > 2}");
        assert_eq!(found_in("capture-of-correlation", &counted), [""; 0]);
    }

    #[test]
    fn who_wants_the_packets_of_a_host_is_told_what_is_kept() {
        assert_eq!(found_in("capture-of-host", &rule("capture: host")).len(), 1);
        assert_eq!(found_in("capture-of-host", &rule("capture: session")), [""; 0]);
    }
}
