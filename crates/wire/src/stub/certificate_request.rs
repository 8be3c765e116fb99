//! Requests for certificates: what ICertPassage ([MS-ICPR]) and ICertRequestD ([MS-WCCE]) share.
//!
//! A client asks for a template and for names that the certificate is to hold, in a text of attributes or in the signed
//! request itself. Names that are not the client's own are how a certificate for another account is got.

use super::Decoded;
use super::argument::symbol;
use super::pkcs10::CertificateRequest;
use crate::ByteOrder;
use crate::ndr::{Alignment, Ndr, Wide};
use rpcscope_model::{List, Stopped, Text, Value};

/// The arguments that the functions here put.
pub(super) const FIELDS: [&str; 14] = [
    "authority",
    "request_type",
    "flags",
    "request_id",
    "attributes",
    "template",
    "san",
    "subject",
    "request_bytes",
    "disposition",
    "certificate_bytes",
    "message",
    "serial_number",
    "status",
];

/// Puts dwFlags ([MS-WCCE] 3.2.1.4.3.1.1): the second byte is the form of the request.
pub(super) fn flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let flags = ndr.u32("dwFlags")?;
    call.put("request_type", symbol(flags >> 8 & 0xff, REQUEST_TYPES));
    call.put("flags", flags);
    Ok(())
}

pub(super) fn authority(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("authority", ndr.unique("pwszAuthority", |ndr| ndr.wide_string("pwszAuthority"))?);
    Ok(())
}

/// Puts the number of an earlier request that is asked for; a new one has none.
pub(super) fn request_id(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let id = ndr.u32("pdwRequestId")?;
    call.put("request_id", (id != 0).then_some(id));
    Ok(())
}

/// CERTTRANSBLOB ([MS-WCCE] 2.2.2.2) as a parameter.
pub(super) fn blob<'a>(ndr: &mut Ndr<'a>, field: &'static str) -> Result<&'a [u8], Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32(field)?;
    Ok(ndr.unique(field, |ndr| ndr.conformant_bytes(field))?.unwrap_or_default())
}

/// Puts attributes ([MS-WCCE] 3.2.1.4.2.1.2), which are lines of a name, a colon and a value.
pub(super) fn put_attributes(call: &mut Decoded, attributes: Option<Text>) {
    let Some(attributes) = attributes.filter(|attributes| !attributes.string.is_empty()) else { return };
    let mut names = List::default();
    for line in attributes.string.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.trim().eq_ignore_ascii_case("CertificateTemplate") {
            call.put("template", value);
        } else if name.trim().eq_ignore_ascii_case("SAN") {
            value.split('&').for_each(|name| names.push(Value::Text(Text::whole(name))));
        }
    }
    add_names(call, names);
    call.put("attributes", attributes);
}

/// Characters of a blob, which are little-endian whatever the stub is ([MS-WCCE] 2.2.2.2.1).
pub(super) fn text(bytes: &[u8]) -> Text {
    Wide::counted(bytes, ByteOrder::Little, false).text(Text::MAX_CHARS)
}

/// Puts what a request says about the certificate that it wants.
pub(super) fn put_request(call: &mut Decoded, bytes: &[u8]) {
    let request = CertificateRequest::read(bytes);
    call.put("subject", request.subject);
    if call.arguments.get("template").is_none() {
        call.put("template", request.template);
    }
    add_names(call, request.names);
    call.put("request_bytes", u64::try_from(bytes.len()).unwrap_or(u64::MAX));
}

/// Adds alternative names to those that are told.
fn add_names(call: &mut Decoded, names: List) {
    if names.values.is_empty() {
        return;
    }
    let mut all = match call.arguments.get("san") {
        Some(Value::List(known)) => known.clone(),
        _ => List::default(),
    };
    for name in names.values {
        // A client often says the same in both places.
        if !all.values.contains(&name) {
            all.push(name);
        }
    }
    call.put("san", all);
}

/// Reads what a response gives, up to the status.
pub(super) fn answer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("request_id", ndr.u32("pdwRequestId")?);
    call.put("disposition", symbol(ndr.u32("pdwDisposition")?, DISPOSITIONS));
    blob(ndr, "pctbCert")?;
    let certificate = blob(ndr, "pctbEncodedCert")?;
    call.put("certificate_bytes", u64::try_from(certificate.len()).unwrap_or(u64::MAX));
    let message = blob(ndr, "pctbDispositionMessage")?;
    call.put("message", Some(text(message)).filter(|message| !message.string.is_empty()));
    Ok(())
}

/// [MS-WCCE] 3.2.1.4.3.1.1.
const REQUEST_TYPES: &[(u32, &str)] =
    &[(0, "any"), (1, "pkcs10"), (2, "keygen"), (3, "cms"), (4, "cmc"), (5, "challenge_response")];

/// What became of a request ([MS-WCCE] 3.2.1.4.2.1); other values are errors.
const DISPOSITIONS: &[(u32, &str)] = &[
    (0, "incomplete"),
    (1, "error"),
    (2, "denied"),
    (3, "issued"),
    (4, "issued_out_of_band"),
    (5, "pending"),
    (6, "revoked"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_name_template_and_alternative_names() {
        let mut call = Decoded::default();
        let text = "CertificateTemplate:User\r\nsan:upn=administrator@lab.test&dns=dc1\nrmd:x";
        put_attributes(&mut call, Some(Text::whole(text)));
        assert_eq!(call.arguments.text("template"), Some("User"));
        let Some(Value::List(names)) = call.arguments.get("san") else { panic!("a list") };
        let expected = ["upn=administrator@lab.test", "dns=dc1"].map(|name| Value::Text(Text::whole(name)));
        assert_eq!(names.values, expected);
        assert_eq!(call.arguments.text("attributes"), Some(text));
    }

    #[test]
    fn the_template_of_the_attributes_goes_before_that_of_the_request() {
        let mut call = Decoded::default();
        put_attributes(&mut call, Some(Text::whole("CertificateTemplate:ESC1")));
        put_request(&mut call, crate::stub::pkcs10::SAMPLE);
        assert_eq!(call.arguments.text("template"), Some("ESC1"));
    }

    #[test]
    fn a_name_that_is_asked_for_twice_is_told_once() {
        let mut call = Decoded::default();
        put_attributes(&mut call, Some(Text::whole("SAN:upn=administrator@lab.test&upn=eve@lab.test")));
        put_request(&mut call, crate::stub::pkcs10::SAMPLE);
        let Some(Value::List(names)) = call.arguments.get("san") else { panic!("a list") };
        assert_eq!(names.values.len(), 6);
    }
}
