//! ICertRequestD and ICertRequestD2, requests for certificates as calls on an object ([MS-WCCE] 3.2.1.4.2, 3.2.1.4.3).

use super::certificate_request as certificate;
use super::operation::{Interface, Operation};
use super::{Decoded, orpc, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xd99e6e70_fc88_11d0_b498_00a0c90312f3),
    name: "ICertRequestD",
    operations: &[REQUEST, GET_CERTIFICATE, PING],
};

pub(super) const INTERFACE_2: Interface = Interface {
    uuid: Uuid::from_u128(0x5422fd3a_d4b8_4cef_a12e_e87d4ca22e90),
    name: "ICertRequestD2",
    operations: &[
        REQUEST,
        GET_CERTIFICATE,
        PING,
        Operation::new(6, "Request2", &certificate::FIELDS).request(request_2).response(response),
        Operation::new(7, "GetCAProperty", &["authority", "property", "index", "status"])
            .request(property)
            .response(orpc::references_and_status),
        Operation::new(8, "GetCAPropertyInfo", ON_AUTHORITY)
            .request(on_authority)
            .response(orpc::references_and_status),
        Operation::new(9, "Ping2", ON_AUTHORITY).request(on_authority).response(orpc::references_and_status),
    ],
};

const REQUEST: Operation =
    Operation::new(3, "Request", &certificate::FIELDS).request(request).response(response);
const GET_CERTIFICATE: Operation =
    Operation::new(4, "GetCACert", &["authority", "chain", "certificate_bytes", "status"])
        .request(get_certificate)
        .response(certificate_of_authority);
const PING: Operation =
    Operation::new(5, "Ping", ON_AUTHORITY).request(on_authority).response(orpc::references_and_status);

const ON_AUTHORITY: &[&str] = &["authority", "status"];

fn request(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    certificate::flags(ndr, call)?;
    certificate::authority(ndr, call)?;
    attributes_and_request(ndr, call)
}

fn request_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_authority(ndr, call)?;
    certificate::flags(ndr, call)?;
    call.put("serial_number", ndr.unique("pwszSerialNumber", |ndr| ndr.wide_string("pwszSerialNumber"))?);
    attributes_and_request(ndr, call)
}

fn attributes_and_request(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    certificate::request_id(ndr, call)?;
    let attributes = ndr.unique("pwszAttributes", |ndr| ndr.wide_string("pwszAttributes"))?;
    certificate::put_attributes(call, attributes);
    let request = certificate::blob(ndr, "pctbRequest")?;
    certificate::put_request(call, request);
    Ok(())
}

fn response(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    certificate::answer(ndr, call)?;
    reply::status(ndr, call, request)
}

fn get_certificate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("chain", ndr.u32("fchain")?);
    certificate::authority(ndr, call)
}

fn certificate_of_authority(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let certificate = certificate::blob(ndr, "pctbOut")?;
    call.put("certificate_bytes", u64::try_from(certificate.len()).unwrap_or(u64::MAX));
    reply::status(ndr, call, request)
}

fn on_authority(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    certificate::authority(ndr, call)
}

fn property(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_authority(ndr, call)?;
    call.put("property", ndr.u32("PropID")?);
    call.put("index", ndr.u32("PropIndex")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use crate::stub::pkcs10;

    /// ORPCTHIS.
    fn this(stub: &mut Encoder) -> &mut Encoder {
        stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0)
    }

    fn blob<'a>(stub: &'a mut Encoder, bytes: &[u8]) -> &'a mut Encoder {
        let length = u32::try_from(bytes.len()).expect("short");
        stub.align_pointer().u32(length).pointer().conformant(bytes)
    }

    #[test]
    fn both_ways_to_request_say_the_same() {
        let attributes = "CertificateTemplate:User\nSAN:upn=administrator@lab.test";
        let first = encoder::request(&INTERFACE.operations[0], |stub| {
            this(stub).u32(0x4_0400).pointer().wide("lab-CA").u32(0).pointer().wide(attributes);
            blob(stub, pkcs10::SAMPLE);
        });
        let second = encoder::request(&INTERFACE_2.operations[3], |stub| {
            this(stub).pointer().wide("lab-CA").u32(0x4_0400).null().u32(0).pointer().wide(attributes);
            blob(stub, pkcs10::SAMPLE);
        });
        for name in ["authority", "request_type", "template", "san", "subject", "attributes"] {
            assert_eq!(first.arguments.get(name), second.arguments.get(name), "{name}");
            assert!(first.arguments.get(name).is_some(), "{name}");
        }
        assert_eq!(first.arguments.text("request_type"), Some("cmc"));
    }

    #[test]
    fn an_answer_stands_after_its_header() {
        let call = encoder::response(&INTERFACE.operations[0], None, |stub| {
            stub.u32(0).u32(0).u32(7).u32(5);
            for _ in 0..3 {
                stub.align_pointer().u32(0).null();
            }
            stub.u32(0x8000_4005);
        });
        assert_eq!(call.arguments.number("request_id"), Some(7));
        assert_eq!(call.arguments.text("disposition"), Some("pending"));
        assert_eq!(call.arguments.number("status"), Some(0x8000_4005));
    }
}
