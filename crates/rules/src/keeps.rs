//! What rules want to be carved.

use crate::rule_set::{Rule, RuleSet};
use crate::suricata::Unit;

/// How much of a session a rule wants to be carved, beside what went before its first alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeps {
    /// All of it, to its end.
    Everything,
    /// So many packets, bytes or seconds after each alert.
    Only(u32, Unit),
}

impl Rule {
    /// How much of a session it wants to be carved, if it does. Who wants the packets of a host gets those of the session:
    /// other connections of the host may be in other shards.
    pub fn keeps(&self) -> Option<Keeps> {
        self.meta.capture?;
        let amount = self.text.as_ref().and_then(|text| text.tag?.amount);
        // An amount of 0 is no limit.
        let amount = amount.filter(|(count, _)| *count > 0);
        Some(amount.map_or(Keeps::Everything, |(count, unit)| Keeps::Only(count, unit)))
    }
}

impl RuleSet {
    /// Whether any rule wants sessions to be carved.
    pub fn carves(&self) -> bool {
        self.rules().iter().any(|rule| rule.keeps().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Loader, Placeholders};

    fn keeps(file: &str, text: &str) -> Vec<Option<Keeps>> {
        let mut loader = Loader::new(Placeholders::new());
        loader.add(file, text);
        let (set, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        let keeps: Vec<_> = set.rules().iter().map(Rule::keeps).collect();
        assert_eq!(set.carves(), keeps.iter().any(Option::is_some));
        keeps
    }

    #[test]
    fn rules_say_how_much_is_kept() {
        let sigma = |own: &str| {
            format!(
                "title: T\nlogsource: {{product: rpcscope, service: call}}\n{own}detection: {{s: {{opnum: 1}}, condition: s}}\n"
            )
        };
        assert_eq!(keeps("a.yml", &sigma("")), [None]);
        assert_eq!(keeps("a.yml", &sigma("rpcscope: {capture: session}\n")), [Some(Keeps::Everything)]);
        let text = |tag: &str| {
            format!(
                "alert tcp any any -> any any (msg:\"m\"; flow:to_server,established; dce_iface:367abb81-9844-35f1-ad32-98f038001003; {tag}sid:1;)\n"
            )
        };
        assert_eq!(keeps("a.rules", &text("")), [None]);
        assert_eq!(keeps("a.rules", &text("tag:session,exclusive; ")), [Some(Keeps::Everything)]);
        let five = Some(Keeps::Only(5, Unit::Packets));
        assert_eq!(keeps("a.rules", &text("tag:session,5,packets; ")), [five]);
        assert_eq!(keeps("a.rules", &text("tag:session, packets 5; ")), [five]);
        assert_eq!(keeps("a.rules", &text("tag:session,0,packets; ")), [Some(Keeps::Everything)]);
        let minute = Some(Keeps::Only(60, Unit::Seconds));
        assert_eq!(keeps("a.rules", &text("tag:host,60,seconds,src; ")), [minute]);
    }
}
