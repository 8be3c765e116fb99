//! Remote procedure calls: administration and logon as they are seen in a company.

use super::ledger::Planted;
use super::script::Script;
use super::template::Template;
use crate::Rng;

/// Templates with what each plants.
pub(super) type Planting = Vec<(Template, Planted)>;

/// Who signs how: of associations over TCP.
const PROTECTIONS: [&str; 5] = [
    "auth: {ntlm: {user: 'CORP\\alice'}, level: connect}",
    "auth: {ntlm: {user: 'CORP\\bob'}, level: pkt_integrity}",
    "auth: {spnego: {kerberos: {realm: CORP.EXAMPLE, service: host/server}}, level: pkt_integrity}",
    "auth: {spnego: {ntlm: {user: 'CORP\\carol'}}, level: pkt_privacy}",
    "auth: none",
];

/// How pipes are used.
const PIPES: [&str; 4] = [
    "transport: ncacn_np, smb: {dialect: 3.1.1, style: transact}",
    "transport: ncacn_np, smb: {dialect: 3.0.2, style: write_read}",
    "transport: ncacn_np, smb: {dialect: 2.1, style: chained}",
    "transport: ncacn_np, smb: {dialect: 3.1.1, style: write_read, interim: true}",
];

/// The endpoint mapper is asked; calls follow on the port that it names.
pub(super) fn mapped(rng: &mut Rng) -> Planting {
    let begin = |rng: &mut Rng| {
        let script = Script::new(rng.next_u64()).bind("epm", "");
        script.call("ept_map", "").reply("{args: {port: 49670}}")
    };
    let mut scripts = Vec::new();
    for auth in PROTECTIONS {
        let services = begin(rng).bind("svcctl", auth).calls(&["ROpenSCManagerW"]);
        scripts.push(services.times(8, |script, number| {
            let name = format!("args: {{name: service{number}}}");
            script.call("ROpenServiceW", &name).calls(&[
                "RStartServiceW",
                "RControlService",
                "RCloseServiceHandle",
            ])
        }));
        let accounts = begin(rng).bind("lsarpc", auth).calls(&["LsarOpenPolicy2"]);
        scripts
            .push(accounts.times(12, |script, _| script.calls(&["LsarLookupNames"])).calls(&["LsarClose"]));
        scripts.push(begin(rng).bind("samr", auth).times(6, account));
        let tasks = begin(rng).bind("ITaskSchedulerService", auth);
        scripts.push(
            tasks.times(4, |script, _| script.calls(&["SchRpcRegisterTask", "SchRpcRun", "SchRpcDelete"])),
        );
    }
    // Replication and the secure channel are never in clear.
    let replication = begin(rng).bind("drsuapi", PROTECTIONS[3]).calls(&["IDL_DRSBind"]);
    scripts.push(
        replication
            .times(5, |script, _| script.calls(&["IDL_DRSGetNCChanges"]).reply("{stub: {random: 24000}}")),
    );
    let channel =
        begin(rng).bind("netlogon", "").calls(&["NetrServerReqChallenge", "NetrServerAuthenticate3"]);
    scripts.push(
        channel
            .bind("netlogon", "auth: {netlogon: {domain: CORP, computer: WS1}, level: pkt_privacy}")
            .times(6, |script, _| {
                script.call("NetrLogonSamLogonEx", "stub: {random: 600}").reply("{stub: {random: 900}}")
            }),
    );
    finish(&scripts)
}

/// Calls over pipes of SMB 2 and 3, of several interfaces on one connection.
pub(super) fn pipes(rng: &mut Rng) -> Planting {
    let mut scripts = Vec::new();
    for pipe in PIPES {
        for auth in ["", ", auth: {ntlm: {user: 'CORP\\alice'}, level: pkt_integrity}", ", fragment: 512"] {
            let services = Script::new(rng.next_u64()).bind("svcctl", &format!("{pipe}{auth}"));
            scripts.push(services.calls(&["ROpenSCManagerW"]).times(4, |script, number| {
                let created = format!("args: {{name: agent{number}, binary_path: 'C:\\agent{number}.exe'}}");
                script.call("RCreateServiceW", &created).calls(&["RStartServiceW", "RDeleteService"])
            }));
            let registry = Script::new(rng.next_u64()).bind("winreg", &format!("{pipe}{auth}"));
            scripts.push(registry.times(8, |script, _| {
                let script = script.calls(&["BaseRegOpenKey", "BaseRegSetValue"]);
                script
                    .call("BaseRegCreateKey", "")
                    .reply("{fault: access_denied}")
                    .calls(&["BaseRegCloseKey"])
            }));
        }
        // One after the other on one connection: what a logon does.
        let logon = Script::new(rng.next_u64()).bind("lsarpc", &format!("as: lsa, {pipe}"));
        let logon =
            logon.calls(&["LsarOpenPolicy2", "LsarLookupNames", "LsarClose"]).bind("samr", "over: lsa");
        let logon = logon.times(3, account).bind("srvsvc", "over: lsa");
        scripts.push(logon.times(6, |script, _| {
            script.call("NetrShareGetInfo", "stub: {zeros: 64}").reply("{stub: {zeros: 120}}")
        }));
        let printing = Script::new(rng.next_u64()).bind("spoolss", pipe).calls(&["RpcOpenPrinter"]);
        scripts.push(printing.times(5, |script, _| {
            script.call("RpcGetPrinterData", "stub: {zeros: 80}").reply("{stub: {zeros: 2000}}")
        }));
    }
    finish(&scripts)
}

/// Calls over pipes of SMB 1.
pub(super) fn old_pipes(rng: &mut Rng) -> Planting {
    let mut scripts = Vec::new();
    for style in ["transact", "write_read", "chained"] {
        let pipe = format!("transport: ncacn_np, smb: {{dialect: 1, style: {style}}}");
        let registry = Script::new(rng.next_u64()).bind("winreg", &pipe);
        scripts.push(registry.times(10, |script, _| script.calls(&["BaseRegOpenKey", "BaseRegCloseKey"])));
        let jobs = Script::new(rng.next_u64()).bind("atsvc", &pipe);
        scripts.push(jobs.times(6, |script, _| script.calls(&["NetrJobAdd"])));
    }
    finish(&scripts)
}

/// Objects that are activated and called: management instrumentation.
pub(super) fn objects(rng: &mut Rng) -> Planting {
    let mut scripts = Vec::new();
    for level in ["connect", "pkt_integrity", "pkt_privacy"] {
        let auth = format!("auth: {{ntlm: {{user: 'CORP\\monitor'}}, level: {level}}}");
        let script = Script::new(rng.next_u64()).bind("IObjectExporter", "").calls(&["ServerAlive2"]);
        let script = script.bind("IRemoteSCMActivator", &auth);
        let script = script
            .call("RemoteCreateInstance", "args: {clsid: WbemLevel1Login, iids: IWbemLevel1Login}")
            .reply("{args: {bindings: ['10.0.0.9[49670]']}}");
        let script = script.bind("IWbemLevel1Login", &auth).calls(&["NTLMLogin"]).alter(1, "IWbemServices");
        scripts.push(script.times(8, |script, number| {
            let query = format!("args: {{query: 'SELECT * FROM Win32_Process WHERE ProcessId = {number}'}}");
            script.call("ExecQuery", &query).calls(&["ExecMethod"])
        }));
    }
    finish(&scripts)
}

/// Calls over UDP and HTTP, in the other byte order, in small fragments.
pub(super) fn unusual(rng: &mut Rng) -> Planting {
    let mut scripts = Vec::new();
    let activity = Script::new(rng.next_u64()).activity("svcctl").calls(&["ROpenSCManagerW"]);
    scripts.push(activity.times(12, |script, _| script.calls(&["ROpenServiceW", "RCloseServiceHandle"])));
    for more in [
        "transport: ncacn_http, http: {version: 1}",
        "transport: ncacn_http, http: {version: 2}",
        "byte_order: big",
        "transfer_syntax: ndr64",
        "fragment: 64",
    ] {
        scripts.push(Script::new(rng.next_u64()).bind("samr", more).times(6, account));
    }
    let unanswered = Script::new(rng.next_u64()).bind("svcctl", "");
    scripts
        .push(unanswered.times(6, |script, _| {
            script.calls(&["ROpenSCManagerW"]).call("ROpenServiceW", "").reply("none")
        }));
    finish(&scripts)
}

/// Associations that were there before the capture began.
pub(super) fn joined(rng: &mut Rng) -> Planting {
    let mut scripts = Vec::new();
    for more in [
        "missing: bind, start: mid_stream",
        "missing: bind, start: mid_stream, port: 49680",
        "missing: bind, start: mid_stream, transport: ncacn_np, smb: {start: opened}",
        "missing: bind, start: mid_stream, transport: ncacn_np, smb: {start: create, style: transact}",
    ] {
        let services = Script::new(rng.next_u64()).unseen_bind("svcctl", more);
        scripts.push(services.times(10, |script, _| script.calls(&["ROpenServiceW", "RCloseServiceHandle"])));
    }
    finish(&scripts)
}

/// Users of a domain are looked up.
fn account(script: Script, number: usize) -> Script {
    let script = script.calls(&["SamrConnect5", "SamrLookupDomainInSamServer", "SamrOpenDomain"]);
    let names = format!("args: {{names: [user{number}]}}");
    script.call("SamrLookupNamesInDomain", &names).calls(&["SamrOpenUser", "SamrCloseHandle"])
}

fn finish(scripts: &[Script]) -> Planting {
    scripts.iter().map(Script::template).collect()
}
