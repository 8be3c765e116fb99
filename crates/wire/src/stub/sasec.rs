//! sasec, accounts of scheduled tasks before Windows Vista ([MS-TSCH] 3.2.5.3, 6.2).

use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x378e52b0_c0a9_11cf_822d_00aa0051e40f),
    name: "sasec",
    operations: &[
        Operation::new(
            0,
            "SASetAccountInformation",
            &["machine", "job", "account", "password_given", "flags", "status"],
        )
        .request(set_account)
        .response(reply::status),
        Operation::new(1, "SASetNSAccountInformation", &["machine", "account", "password_given", "status"])
            .request(set_network_account)
            .response(reply::status),
        Operation::new(2, "SAGetNSAccountInformation", &["machine", "account", "status"])
            .request(machine)
            .response(account),
        Operation::new(3, "SAGetAccountInformation", &["machine", "job", "account", "status"])
            .request(get_account)
            .response(account),
    ],
};

fn machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", ndr.unique("Handle", |ndr| ndr.wide_string("Handle"))?);
    Ok(())
}

fn set_account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("job", ndr.wide_string("pwszJobName")?);
    call.put("account", ndr.wide_string("pwszAccount")?);
    let password = ndr.unique("pwszPassword", |ndr| ndr.wide("pwszPassword"))?;
    call.put("password_given", password.is_some());
    call.put("flags", ndr.u32("dwJobFlags")?);
    Ok(())
}

fn set_network_account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("account", ndr.unique("pwszAccount", |ndr| ndr.wide_string("pwszAccount"))?);
    call.put("password_given", !ndr.pointer("pwszPassword")?.is_null());
    Ok(())
}

fn get_account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("job", ndr.wide_string("pwszJobName")?);
    Ok(())
}

fn account(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("account", ndr.conformant_wide("wszBuffer")?);
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    #[test]
    fn an_account_is_told_and_its_password_is_not() {
        let decoded = request(0, |stub| {
            stub.null().wide("At1.job").wide("CORP\\svc").pointer().wide("secret").u32(0x40);
        })
        .arguments;
        assert_eq!((decoded.text("job"), decoded.text("account")), (Some("At1.job"), Some("CORP\\svc")));
        assert_eq!(decoded.get("password_given"), Some(&Value::Flag(true)));
        assert_eq!(decoded.len(), 4);
    }

    #[test]
    fn an_account_for_at_jobs_can_be_none() {
        let decoded = request(1, |stub| _ = stub.null().null().null()).arguments;
        assert_eq!(
            (decoded.text("account"), decoded.get("password_given")),
            (None, Some(&Value::Flag(false)))
        );
    }

    #[test]
    fn the_account_of_a_job_comes_in_a_buffer() {
        let operation = INTERFACE.operation(Opnum(3)).expect("a row");
        let decoded = encoder::response(operation, None, |stub| {
            stub.count(5).wide_units("bob").u16(0).u16(0xffff).u32(0);
        });
        assert_eq!(decoded.arguments.text("account"), Some("bob"));
        assert_eq!(decoded.arguments.number("status"), Some(0));
    }
}
