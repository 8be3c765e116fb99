//! Ports on which an interface is not reached.

use super::Report;
use super::conjunction::{Literal, Wanted, each_conjunction};
use super::contradiction::span;
use crate::field::{Field, FieldId};
use crate::matcher::Matcher;
use crate::rule_set::Rule;
use rpcscope_catalog::{Interface, Kind, interface};
use uuid::{Uuid, uuid};

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    each_conjunction(&rule.expression, &mut |literals, from, _| {
        let met = |id: FieldId| {
            literals.iter().enumerate().filter(move |(_, literal)| {
                literal.wanted == Wanted::Met && literal.test.field == Some(Field::Known(id))
            })
        };
        for (interface_at, named) in met(FieldId::Interface) {
            // A pair that is wholly outside the branch was looked at before.
            let new = met(FieldId::ServerPort).filter(|(at, _)| *at >= from || interface_at >= from);
            new.for_each(|(_, port)| look_at(rule, named, port, report));
        }
    });
}

fn look_at(rule: &Rule, named: &Literal<'_>, port: &Literal<'_>, report: &mut Report<'_>) {
    let interfaces = named.test.wanted.iter().map(|(_, matcher)| match matcher {
        Matcher::Uuid(uuid) => interface(uuid).filter(|known| known.uuid != MANAGEMENT),
        _ => None,
    });
    let ports = port.test.wanted.iter().map(|(_, matcher)| {
        let (low, high) = span(matcher)?;
        u16::try_from(low).ok().filter(|_| low == high)
    });
    let (Some(interfaces), Some(ports)) =
        (interfaces.collect::<Option<Vec<_>>>(), ports.collect::<Option<Vec<_>>>())
    else {
        return;
    };
    let reached =
        interfaces.iter().any(|interface| ports.iter().any(|port| !is_never_reached(interface, *port)));
    let (Some(interface), Some(at)) = (interfaces.first(), ports.first()) else { return };
    if reached {
        return;
    }
    let name = interface.name.map_or_else(|| interface.uuid.to_string(), str::to_owned);
    let finding = report.add(&rule.file, port.test.place, format!("{name} is not reached on port {at}"));
    finding.hint(match *at {
        ENDPOINT_MAPPER => {
            "port 135 only tells which port the interface has: leave the port out, or ask for the endpoint mapper's or the activator's interface"
        }
        _ => "objects are not reached over named pipes: leave the port out",
    });
}

/// Whether an interface is known not to be served on a port. Of most pairs nothing is known.
fn is_never_reached(interface: &Interface, port: u16) -> bool {
    if interface.ports.contains(&port) {
        return false;
    }
    match port {
        ENDPOINT_MAPPER => {
            interface.kind == Kind::OrpcObject || interface.dynamic_tcp || !interface.pipes.is_empty()
        }
        SMB | NETBIOS_SESSION => interface.kind == Kind::OrpcObject && interface.pipes.is_empty(),
        _ => false,
    }
}

/// [C706] appendix Q: every server offers it on every endpoint.
const MANAGEMENT: Uuid = uuid!("afa8bd80-7d8a-11c9-bef4-08002b102989");
const ENDPOINT_MAPPER: u16 = 135;
const NETBIOS_SESSION: u16 = 139;
const SMB: u16 = 445;

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    fn said(detection: &str) -> Vec<String> {
        found("port-of-interface", detection)
    }

    #[test]
    fn objects_and_services_are_not_reached_on_the_port_of_the_endpoint_mapper() {
        assert_eq!(
            said("s: {interface: IRemUnknown2, server_port: 135}, condition: s"),
            [
                "a.yml:3:42: warning: IRemUnknown2 is not reached on port 135\n  hint: port 135 only tells which port the interface has: leave the port out, or ask for the endpoint mapper's or the activator's interface"
            ]
        );
        assert_eq!(said("a: {interface: svcctl}, b: {server_port: 135}, condition: a and b").len(), 1);
        assert_eq!(said("s: {interface: IWbemServices, server_port: 445}, condition: s").len(), 1);
    }

    #[test]
    fn what_is_or_may_be_reached_is_left_alone() {
        for reached in [
            "s: {interface: epmapper, server_port: 135}, condition: s",
            "s: {interface: IRemoteSCMActivator, server_port: 135}, condition: s",
            "s: {interface: [IWbemServices, IRemoteSCMActivator], server_port: 135}, condition: s",
            "s: {interface: svcctl, server_port: 445}, condition: s",
            "s: {interface: IWbemServices, server_port: [135, 49152]}, condition: s",
            "s: {interface: IWbemServices, server_port|gt: 1024}, condition: s",
            "a: {interface: svcctl}, b: {server_port: 135}, condition: a and not b",
            "s: {interface: afa8bd80-7d8a-11c9-bef4-08002b102989, server_port: 135}, condition: s",
        ] {
            assert_eq!(said(reached), [""; 0], "{reached}");
        }
    }
}
