//! ICertPassage, requests for certificates without DCOM ([MS-ICPR] 3.2.4.1).

use super::certificate_request as certificate;
use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x91ae6020_9e3c_11cf_8d7c_00aa00c091be),
    name: "ICertPassage",
    operations: &[Operation::new(0, "CertServerRequest", &certificate::FIELDS)
        .request(request)
        .response(response)],
};

fn request(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    certificate::flags(ndr, call)?;
    certificate::authority(ndr, call)?;
    certificate::request_id(ndr, call)?;
    let attributes = certificate::blob(ndr, "pctbAttribs")?;
    certificate::put_attributes(call, Some(certificate::text(attributes)));
    let request = certificate::blob(ndr, "pctbRequest")?;
    certificate::put_request(call, request);
    Ok(())
}

fn response(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    certificate::answer(ndr, call)?;
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use crate::stub::pkcs10;
    use rpcscope_model::{Text, Value};

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    fn blob<'a>(stub: &'a mut Encoder, bytes: &[u8]) -> &'a mut Encoder {
        let length = u32::try_from(bytes.len()).expect("short");
        stub.align_pointer().u32(length).pointer().conformant(bytes)
    }

    #[test]
    fn a_request_tells_template_and_names() {
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u32(0x100).pointer().wide("lab-CA").u32(0);
            blob(blob(stub, &utf16("CertificateTemplate:ESC1")), pkcs10::SAMPLE);
        });
        assert_eq!(call.arguments.text("authority"), Some("lab-CA"));
        assert_eq!(call.arguments.text("request_type"), Some("pkcs10"));
        assert_eq!(call.arguments.text("template"), Some("ESC1"));
        assert_eq!(call.arguments.text("subject"), Some("CN=eve"));
        let Some(Value::List(names)) = call.arguments.get("san") else { panic!("a list") };
        assert_eq!(names.values[0], Value::Text(Text::whole("upn=administrator@lab.test")));
    }

    #[test]
    fn an_answer_tells_what_became_of_the_request() {
        let call = encoder::response(&INTERFACE.operations[0], None, |stub| {
            blob(blob(blob(stub.u32(42).u32(3), b"chain"), b"certificate"), &utf16("Issued")).u32(0);
        });
        assert_eq!(call.arguments.number("request_id"), Some(42));
        assert_eq!(call.arguments.text("disposition"), Some("issued"));
        assert_eq!(call.arguments.number("certificate_bytes"), Some(11));
        assert_eq!(call.arguments.text("message"), Some("Issued"));
    }
}
