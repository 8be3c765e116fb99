//! DCOM and WMI in captures: what an activation led to carries its name, on whatever connection.
//!
//! What our own captures show stands in the commands that recorded them (`pcaps/MANIFEST.yaml`). Captures that are no part of
//! this project are skipped, with a printed line, when they are absent.

use rpcscope_model::{Activation, ActivationId, Call, Confidence, EventBody, Linked, Wmi};
use rpcscope_suite::corpus::corpus;
use rpcscope_suite::manifest::own_captures;
use rpcscope_suite::reading::{Reading, read_file};
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &Path) -> Reading {
    read_file(path).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()))
}

fn own(name: &str) -> Reading {
    read(&own_captures().join(name))
}

fn activations(reading: &Reading) -> Vec<&Activation> {
    let activations = reading.events.iter().filter_map(|event| match &event.body {
        EventBody::Activation(activation) => Some(&**activation),
        _ => None,
    });
    activations.collect()
}

fn management(reading: &Reading) -> Vec<&Wmi> {
    let management = reading.events.iter().filter_map(|event| match &event.body {
        EventBody::Wmi(wmi) => Some(&**wmi),
        _ => None,
    });
    management.collect()
}

fn link(call: &Call) -> Option<(ActivationId, Linked)> {
    call.instance.as_ref()?.activation
}

/// The operations that one activation led to, in order of their names.
fn joined(reading: &Reading, id: ActivationId) -> BTreeSet<String> {
    let calls = reading.calls().filter(|(_, call)| link(call).is_some_and(|(linked, _)| linked == id));
    let named = calls.map(|(_, call)| {
        let interface = call.interface.and_then(|interface| interface.name).unwrap_or("?");
        let opnum = call.opnum.map(|opnum| opnum.0.to_string()).unwrap_or_default();
        format!("{interface} {opnum}")
    });
    named.collect()
}

/// Opnums of `wmic process call create` (Akamai, "Lifting the fog of war"). `ServerAlive2` of IObjectExporter, the last of
/// that list, comes before the activation: it is not joined with it.
const CALL_CREATE: [&str; 8] = [
    "IRemUnknown2 3",
    "IRemUnknown2 5",
    "IRemoteSCMActivator 4",
    "IWbemLevel1Login 3",
    "IWbemLevel1Login 6",
    "IWbemLoginClientID 3",
    "IWbemServices 24",
    "IWbemServices 6",
];

#[test]
fn a_command_through_management_objects_is_told_with_its_way_in() {
    for name in ["dcom-wmiexec-all-connect.pcap", "ipv6-dcom-wmiexec.pcap", "vlan-dcom-wmiexec.pcap"] {
        let reading = own(name);
        let [activation] = activations(&reading)[..] else { panic!("{name}: one activation") };
        let objects: Vec<&Call> =
            reading.calls().map(|(_, call)| call).filter(|call| call.object.is_some()).collect();
        assert!(!objects.is_empty(), "{name}");
        for call in objects {
            assert_eq!(link(call).map(|(id, _)| id), Some(activation.id), "{name} {:?}", call.procedure);
        }
    }
    let reading = own("dcom-wmiexec-all-connect.pcap");
    let class = activations(&reading)[0].class.expect("it is in clear");
    assert_eq!((class.name, class.guess), (Some("WbemLevel1Login"), None));
    let told: Vec<_> =
        management(&reading).into_iter().map(|wmi| (wmi.operation, wmi.command_line.clone())).collect();
    assert_eq!(
        told.iter().map(|(operation, _)| *operation).collect::<Vec<_>>(),
        ["NTLMLogin", "GetObject", "ExecMethod"]
    );
    assert_eq!(told[2].1.as_ref().map(|line| line.string.as_str()), Some("cmd.exe /c whoami > C:\\lab.txt"));
}

#[test]
fn members_of_an_application_are_called_by_name() {
    let reading = own("dcom-mmc20-all-connect.pcap");
    let invoked: Vec<_> = reading
        .calls()
        .filter(|(_, call)| call.procedure == Some("Invoke"))
        .filter_map(|(_, call)| call.arguments.as_ref()?.text("member"))
        .collect();
    assert_eq!(invoked, ["Document", "ActiveView", "ExecuteShellCommand", "Quit"]);
    let lines = reading.calls().filter_map(|(_, call)| call.arguments.as_ref()?.text("command_line"));
    assert_eq!(lines.collect::<Vec<_>>(), ["cmd.exe /c whoami > C:\\lab.txt"]);
}

#[test]
fn a_sealed_activation_of_management_is_guessed_and_one_of_an_application_is_not() {
    let reading = own("dcom-wmiexec-privacy.pcap");
    let [activation] = activations(&reading)[..] else { panic!("one activation") };
    assert!(activation.is_sealed() && activation.class.is_some_and(|class| class.guess.is_some()));
    let guessed: Vec<_> = reading
        .calls()
        .filter(|(_, call)| link(call).is_some_and(|(_, linked)| linked == Linked::Port))
        .collect();
    assert_eq!(guessed.len(), 4);
    for (_, call) in guessed {
        let class = call.instance.as_ref().and_then(|instance| instance.class).expect("a guess");
        assert_eq!(class.name, Some("WbemLevel1Login"));
        assert_eq!(class.guess.map(|guess| guess.confidence), Some(Confidence::High));
    }
    // Only IDispatch is bound, which every application has.
    let reading = own("dcom-mmc20-all-privacy.pcap");
    assert!(
        reading
            .calls()
            .all(|(_, call)| call.instance.as_ref().is_none_or(|instance| instance.class.is_none()))
    );
}

/// Opnums of `wmic process get`, of the same list: the result of a query is fetched over a smart enumerator.
const PROCESS_GET: [&str; 7] = [
    "IRemUnknown 3",
    "IRemUnknown 5",
    "IRemoteSCMActivator 4",
    "IWbemFetchSmartEnum 3",
    "IWbemLevel1Login 6",
    "IWbemServices 20",
    "IWbemWCOSmartEnum 3",
];

#[test]
fn a_query_is_joined_with_the_enumerators_of_its_result() {
    let reading = own("dcom-wmi-smart-enumerator.pcap");
    let [activation] = activations(&reading)[..] else { panic!("one activation") };
    assert_eq!(joined(&reading, activation.id), PROCESS_GET.map(str::to_owned).into());
    let queries: Vec<_> = management(&reading).into_iter().filter_map(|wmi| wmi.query.as_ref()).collect();
    assert_eq!(
        queries.iter().map(|query| query.string.as_str()).collect::<Vec<_>>(),
        ["select Name from Win32_Process"]
    );
    assert_eq!(
        management(&reading)[1].class.as_ref().map(|class| class.string.as_str()),
        Some("Win32_Process")
    );
}

#[test]
fn each_of_several_commands_is_joined_with_its_own_activation() {
    let Some(corpus) = corpus("several commands") else { return };
    let path = corpus.join("captures/lateral/wmi_commands_calc.pcap");
    if !path.is_file() {
        return println!("skipped: no {}", path.display());
    }
    let reading = read(&path);
    let activations = activations(&reading);
    assert_eq!(activations.len(), 3);
    for activation in activations {
        assert_eq!(activation.class.and_then(|class| class.name), Some("WbemLevel1Login"));
        assert_eq!(
            joined(&reading, activation.id),
            CALL_CREATE.map(str::to_owned).into(),
            "{}",
            activation.id
        );
    }
    let strays = reading.calls().filter(|(_, call)| call.object.is_some() && link(call).is_none()).count();
    assert_eq!(strays, 0, "every call on an object came of an activation");
}
