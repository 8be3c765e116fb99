//! Domain controllers and sites, located ([MS-NRPC] 3.5.4.3).

use super::super::{Decoded, reply};
use super::{machine, optional, required_machine};
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::Stopped;

/// NetrGetDCName: the primary domain controller.
pub(super) fn primary(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    required_machine(ndr, call)?;
    domain(ndr, call)
}

pub(super) fn any(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    domain(ndr, call)
}

fn domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    optional(ndr, call, "DomainName", "domain")
}

pub(super) fn controller_name(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    optional(ndr, call, "Buffer", "controller")?;
    reply::status(ndr, call, request)
}

pub(super) fn by_domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    any(ndr, call)?;
    guid(ndr, call)?;
    call.put("site_guid", ndr.unique("SiteGuid", |ndr| ndr.uuid("SiteGuid"))?);
    flags(ndr, call)
}

pub(super) fn by_site(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    any(ndr, call)?;
    guid_and_site(ndr, call)
}

pub(super) fn by_account(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "AccountName", "account")?;
    call.put("account_control", ndr.u32("AllowableAccountControlBits")?);
    domain(ndr, call)?;
    guid_and_site(ndr, call)
}

fn guid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("domain_guid", ndr.unique("DomainGuid", |ndr| ndr.uuid("DomainGuid"))?);
    Ok(())
}

fn guid_and_site(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    guid(ndr, call)?;
    optional(ndr, call, "SiteName", "site")?;
    flags(ndr, call)
}

fn flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

/// DOMAIN_CONTROLLER_INFOW ([MS-NRPC] 2.2.1.2.1).
pub(super) fn controller(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("DomainControllerInfo")?.is_null() {
        ndr.align(Alignment::Pointer);
        let name = ndr.pointer("DomainControllerName")?;
        let address = ndr.pointer("DomainControllerAddress")?;
        ndr.u32("DomainControllerAddressType")?;
        call.put("domain_guid", ndr.uuid("DomainGuid")?);
        let domain = ndr.pointer("DomainName")?;
        let forest = ndr.pointer("DnsForestName")?;
        flags(ndr, call)?;
        let site = ndr.pointer("DcSiteName")?;
        let client_site = ndr.pointer("ClientSiteName")?;
        for (pointer, field, name) in [
            (name, "DomainControllerName", "controller"),
            (address, "DomainControllerAddress", "address"),
            (domain, "DomainName", "domain"),
            (forest, "DnsForestName", "forest"),
            (site, "DcSiteName", "site"),
            (client_site, "ClientSiteName", "client_site"),
        ] {
            call.put(name, ndr.referent(pointer, |ndr| ndr.wide_string(field))?);
        }
    }
    reply::status(ndr, call, request)
}

pub(super) fn site(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    optional(ndr, call, "SiteName", "site")?;
    reply::status(ndr, call, request)
}

pub(super) fn deregister(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "DnsDomainName", "domain")?;
    ndr.unique("DomainGuid", |ndr| ndr.uuid("DomainGuid"))?;
    ndr.unique("DsaGuid", |ndr| ndr.uuid("DsaGuid"))?;
    optional(ndr, call, "DnsHostName", "host")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};
    use uuid::Uuid;

    #[test]
    fn a_controller_is_asked_for_by_domain_and_site() {
        let asked = request(27, |stub| {
            stub.null().pointer().wide("CORP").null().pointer().wide("Berlin").u32(0x4000_0000);
        });
        assert_eq!(asked.arguments.text("domain"), Some("CORP"));
        assert_eq!(asked.arguments.text("site"), Some("Berlin"));
        assert_eq!(asked.arguments.number("flags"), Some(0x4000_0000));
        let older = request(20, |stub| _ = stub.null().pointer().wide("CORP").null().null().u32(1));
        assert_eq!(older.arguments.text("domain"), Some("CORP"));
    }

    #[test]
    fn a_controller_is_asked_for_with_an_account() {
        let asked = request(34, |stub| {
            stub.null().pointer().wide("bob").u32(0x200).pointer().wide("CORP").null().null().u32(0);
        });
        assert_eq!(asked.arguments.text("account"), Some("bob"));
        assert_eq!(asked.arguments.text("domain"), Some("CORP"));
    }

    #[test]
    fn a_located_controller_has_a_name_and_an_address() {
        let answer = response(20, |stub| {
            stub.pointer()
                .pointer()
                .pointer()
                .u32(1)
                .uuid(Uuid::from_u128(5))
                .pointer()
                .pointer()
                .u32(0xf1fd);
            stub.null()
                .pointer()
                .wide("\\\\dc1")
                .wide("\\\\10.0.0.1")
                .wide("corp")
                .wide("example")
                .wide("Berlin");
            stub.u32(0);
        });
        assert_eq!(answer.arguments.text("controller"), Some("\\\\dc1"));
        assert_eq!(answer.arguments.text("address"), Some("\\\\10.0.0.1"));
        assert_eq!(answer.arguments.text("forest"), Some("example"));
        assert_eq!(answer.arguments.text("client_site"), Some("Berlin"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn older_questions_are_answered_with_a_name() {
        let asked = request(11, |stub| _ = stub.wide("\\\\DC1").pointer().wide("CORP"));
        assert_eq!(asked.arguments.text("domain"), Some("CORP"));
        let answer = response(13, |stub| _ = stub.pointer().wide("\\\\DC2").u32(0));
        assert_eq!(answer.arguments.text("controller"), Some("\\\\DC2"));
    }
}
