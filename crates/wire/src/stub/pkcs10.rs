//! What a request for a certificate asks for: PKCS #10 ([RFC2986]), alone or in a CMS or CMC message ([MS-WCCE]
//! 2.2.2.6).
//!
//! The walk takes the path to subject, names and template, and gives what it found when something on it is not as
//! expected. Each sequence is read once, up to the limit of [`Der`].

use crate::ByteOrder;
use crate::Data;
use crate::auth::Oid;
use crate::auth::der::{Der, Element, tag};
use crate::ndr::{Narrow, Wide};
use rpcscope_model::{CompactString, List, Text, Value};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What is told of a request.
#[derive(Default, Debug)]
pub(super) struct CertificateRequest {
    /// Subject, as `CN=eve,DC=lab`.
    pub(super) subject: Option<Text>,
    /// Name of the template, or its object identifier.
    pub(super) template: Option<Text>,
    /// Alternative names, as `upn=eve@lab.test`, in the words of request attributes.
    pub(super) names: List,
}

impl CertificateRequest {
    /// Reads a request in any of its forms. What is not one says nothing.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut request = Self::default();
        if let Some(information) = request_information(Data { bytes, length: bytes.len() }) {
            let _ = request.information(information);
        }
        request
    }

    /// CertificationRequestInfo ([RFC2986] 4.1).
    fn information(&mut self, content: Data<'_>) -> Option<()> {
        let mut members = der(content);
        expect(&mut members, tag::INTEGER)?;
        let subject = expect(&mut members, tag::SEQUENCE)?;
        self.subject = Some(name(subject)).filter(|subject| !subject.string.is_empty());
        expect(&mut members, tag::SEQUENCE)?;
        let attributes = expect(&mut members, FIRST)?;
        for attribute in sequences(attributes) {
            let _ = self.attribute(attribute);
        }
        Some(())
    }

    /// An attribute: its identifier, and a set of values.
    fn attribute(&mut self, content: Data<'_>) -> Option<()> {
        let mut members = der(content);
        let id = expect(&mut members, tag::OBJECT_IDENTIFIER)?;
        let values = expect(&mut members, SET)?;
        let value = expect(&mut der(values), tag::SEQUENCE)?;
        match id.bytes {
            EXTENSION_REQUEST | CERT_EXTENSIONS => {
                for extension in sequences(value) {
                    let _ = self.extension(extension);
                }
            }
            NAME_VALUE_PAIR => {
                let mut pair = der(value);
                let name = string(&next(&mut pair)?)?;
                if name.string.eq_ignore_ascii_case("CertificateTemplate") {
                    self.template = string(&next(&mut pair)?);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// An extension: its identifier, whether it is critical, and its value as bytes ([RFC5280] 4.1).
    fn extension(&mut self, content: Data<'_>) -> Option<()> {
        let mut members = der(content);
        let id = expect(&mut members, tag::OBJECT_IDENTIFIER)?;
        let mut value = next(&mut members)?;
        if value.tag == BOOLEAN {
            value = next(&mut members)?;
        }
        let inner = next(&mut der(value.content))?;
        match id.bytes {
            SUBJECT_ALTERNATIVE_NAME | NTDS_SECURITY => self.general_names(inner.content),
            TEMPLATE_NAME => self.template = string(&inner).or(self.template.take()),
            // The name of a template tells more than its number.
            TEMPLATE if self.template.is_none() => {
                let id = expect(&mut der(inner.content), tag::OBJECT_IDENTIFIER)?;
                self.template = Some(Text::whole(Oid(id.bytes).to_string()));
            }
            _ => {}
        }
        Some(())
    }

    /// GeneralNames ([RFC5280] 4.2.1.6).
    fn general_names(&mut self, content: Data<'_>) {
        let mut names = der(content);
        while let Some(element) = next(&mut names) {
            let bytes = element.content.bytes;
            let (kind, text) = match element.tag {
                0xa0 => match other_name(element.content) {
                    Some(named) => named,
                    None => continue,
                },
                0x81 => ("email", narrow(bytes)),
                0x82 => ("dns", narrow(bytes)),
                0xa4 => (
                    "dn",
                    der(element.content).expect("directoryName", tag::SEQUENCE).map(name).unwrap_or_default(),
                ),
                0x86 => ("url", narrow(bytes)),
                0x87 => ("ipaddress", address(bytes)),
                0x88 => ("oid", Text::whole(Oid(bytes).to_string())),
                _ => continue,
            };
            let text = Text { string: format!("{kind}={}", text.string).into(), cut: text.cut };
            self.names.push(Value::Text(text));
        }
    }
}

/// Finds CertificationRequestInfo.
fn request_information(data: Data<'_>) -> Option<Data<'_>> {
    let message = expect(&mut der(data), tag::SEQUENCE)?;
    let mut members = der(message);
    let first = next(&mut members)?;
    if first.tag == tag::SEQUENCE {
        return Some(first.content);
    }
    // ContentInfo and SignedData of CMS ([RFC3852] 3, 5.1): version, algorithms, and what is signed.
    let signed = expect(&mut der(expect(&mut members, FIRST)?), tag::SEQUENCE)?;
    let mut members = der(signed);
    expect(&mut members, tag::INTEGER)?;
    expect(&mut members, SET)?;
    let mut content = der(expect(&mut members, tag::SEQUENCE)?);
    let kind = expect(&mut content, tag::OBJECT_IDENTIFIER)?;
    let content = expect(&mut der(expect(&mut content, FIRST)?), tag::OCTET_STRING)?;
    let inner = expect(&mut der(content), tag::SEQUENCE)?;
    let mut members = der(inner);
    let first = expect(&mut members, tag::SEQUENCE)?;
    if kind.bytes != PKI_DATA {
        return Some(first);
    }
    // PKIData of CMC ([RFC2797] 3.1): controls, and requests, of which the first is a PKCS #10.
    let requests = expect(&mut members, tag::SEQUENCE)?;
    let mut request = der(expect(&mut der(requests), FIRST)?);
    expect(&mut request, tag::INTEGER)?;
    expect(&mut der(expect(&mut request, tag::SEQUENCE)?), tag::SEQUENCE)
}

/// The kind of an otherName, and its text: a user principal name, or a SID.
fn other_name(content: Data<'_>) -> Option<(&'static str, Text)> {
    let mut members = der(content);
    let id = expect(&mut members, tag::OBJECT_IDENTIFIER)?;
    let value = next(&mut der(expect(&mut members, FIRST)?))?;
    Some(match id.bytes {
        PRINCIPAL_NAME => ("upn", string(&value)?),
        OBJECT_SID => ("sid", narrow(value.content.bytes)),
        _ => ("other", Text::whole(Oid(id.bytes).to_string())),
    })
}

/// A distinguished name ([RFC5280] 4.1.2.4): its parts in their order.
fn name(content: Data<'_>) -> Text {
    let mut text = Text::default();
    let mut parts = der(content);
    while let Some(part) = next(&mut parts) {
        for attribute in sequences(part.content) {
            let mut members = der(attribute);
            let id = expect(&mut members, tag::OBJECT_IDENTIFIER);
            let value = next(&mut members).and_then(|value| string(&value));
            let (Some(id), Some(value)) = (id, value) else { continue };
            let known = NAME_PARTS.iter().find(|(known, _)| *known == id.bytes);
            let kind = known.map_or_else(|| Oid(id.bytes).to_string(), |(_, kind)| (*kind).to_owned());
            let comma = if text.string.is_empty() { "" } else { "," };
            if text.string.len() + value.string.len() > Text::MAX_CHARS {
                return Text { cut: true, ..text };
            }
            text.string.push_str(&format!("{comma}{kind}={}", value.string));
            text.cut |= value.cut;
        }
    }
    text
}

/// An address, as a name of a certificate has it.
fn address(bytes: &[u8]) -> Text {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Text::whole(Ipv4Addr::from(bytes).to_string());
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(bytes) => Text::whole(Ipv6Addr::from(bytes).to_string()),
        Err(_) => narrow(bytes),
    }
}

fn narrow(bytes: &[u8]) -> Text {
    Narrow::counted(bytes, false).text(Text::MAX_CHARS)
}

/// A text of one of the string types that names and values have.
fn string(element: &Element<'_>) -> Option<Text> {
    let bytes = element.content.bytes;
    match element.tag {
        BMP_STRING => Some(Wide::counted(bytes, ByteOrder::Big, false).text(Text::MAX_CHARS)),
        // UTF8String, PrintableString, TeletexString and IA5String.
        0x0c | 0x13 | 0x14 | 0x16 => Some(match std::str::from_utf8(bytes) {
            Ok(text) => {
                let string: CompactString =
                    text.chars().filter(|char| *char != '\0').take(Text::MAX_CHARS).collect();
                let cut = string.len() < text.len();
                Text { string, cut }
            }
            Err(_) => narrow(bytes),
        }),
        _ => None,
    }
}

fn der(content: Data<'_>) -> Der<'_> {
    Der::new("certificate request", content)
}

fn next<'a>(der: &mut Der<'a>) -> Option<Element<'a>> {
    der.element("element").ok().flatten()
}

fn expect<'a>(der: &mut Der<'a>, tag: u8) -> Option<Data<'a>> {
    der.expect("element", tag).ok()
}

/// The sequences that follow each other.
fn sequences(content: Data<'_>) -> impl Iterator<Item = Data<'_>> {
    crate::auth::der::sequence_of(content, tag::SEQUENCE)
}

const BOOLEAN: u8 = 0x01;
const BMP_STRING: u8 = 0x1e;
const SET: u8 = 0x31;
/// The context-specific tag 0, constructed.
const FIRST: u8 = crate::auth::der::context(0);

/// 1.2.840.113549.1.9.14 ([RFC2985] 5.4.2).
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x0e];
/// 1.3.6.1.4.1.311.2.1.14 ([MS-WCCE] 2.2.2.7.7).
const CERT_EXTENSIONS: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 0x0e];
/// 1.3.6.1.4.1.311.13.2.1 ([MS-WCCE] 2.2.2.7.10).
const NAME_VALUE_PAIR: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x0d, 2, 1];
/// 2.5.29.17 ([RFC5280] 4.2.1.6).
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 1.3.6.1.4.1.311.20.2 ([MS-WCCE] 2.2.2.7.7.1).
const TEMPLATE_NAME: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2];
/// 1.3.6.1.4.1.311.21.7 ([MS-WCCE] 2.2.2.7.7.2).
const TEMPLATE: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x15, 7];
/// 1.3.6.1.4.1.311.25.2 ([MS-WCCE] 2.2.2.7.7.4).
const NTDS_SECURITY: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x19, 2];
/// 1.3.6.1.4.1.311.25.2.1, of the same extension.
const OBJECT_SID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x19, 2, 1];
/// 1.3.6.1.4.1.311.20.2.3 ([MS-WCCE] 2.2.2.7.5).
const PRINCIPAL_NAME: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
/// 1.3.6.1.5.5.7.12.2 ([RFC2797] 3.1).
const PKI_DATA: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x0c, 2];

/// Parts of distinguished names, by the bytes of their identifiers.
const NAME_PARTS: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "E"),
];

/// A request of `CN=eve` for the template `ESC1` and the names of a domain's administrator.
#[cfg(test)]
pub(super) const SAMPLE: &[u8] = include_bytes!("samples/request_for_another_account.der");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same in a CMS message.
    const SIGNED: &[u8] = include_bytes!("samples/signed_request_for_another_account.der");

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    }

    fn names(request: &CertificateRequest) -> Vec<String> {
        request
            .names
            .values
            .iter()
            .map(|name| match name {
                Value::Text(text) => text.string.to_string(),
                other => panic!("a text, not {other:?}"),
            })
            .collect()
    }

    fn check(bytes: &[u8]) {
        let request = CertificateRequest::read(bytes);
        assert_eq!(request.subject, Some(Text::whole("CN=eve")));
        assert_eq!(request.template, Some(Text::whole("ESC1")));
        assert_eq!(
            names(&request),
            [
                "upn=administrator@lab.test",
                "dns=dc1.lab.test",
                "ipaddress=10.0.0.9",
                "url=tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500",
                "sid=S-1-5-21-1-2-3-500",
            ]
        );
    }

    #[test]
    fn a_request_tells_subject_template_and_names() {
        check(SAMPLE);
    }

    #[test]
    fn a_signed_request_tells_the_same() {
        check(SIGNED);
    }

    #[test]
    fn a_request_among_the_messages_of_cmc_tells_the_same() {
        let request = wrapped(FIRST, &[&[tag::INTEGER, 1, 1], SAMPLE].concat());
        let data = [wrapped(tag::SEQUENCE, &[]), wrapped(tag::SEQUENCE, &request)].concat();
        let data = wrapped(FIRST, &wrapped(tag::OCTET_STRING, &wrapped(tag::SEQUENCE, &data)));
        let content = [wrapped(tag::OBJECT_IDENTIFIER, PKI_DATA), data].concat();
        let signed = [vec![tag::INTEGER, 1, 3], wrapped(SET, &[]), wrapped(tag::SEQUENCE, &content)].concat();
        let signed = wrapped(FIRST, &wrapped(tag::SEQUENCE, &signed));
        let message = wrapped(tag::SEQUENCE, &[vec![tag::OBJECT_IDENTIFIER, 1, 0x2a], signed].concat());
        check(&message);
    }

    #[test]
    fn a_name_of_many_parts_is_bounded() {
        let part = [wrapped(tag::OBJECT_IDENTIFIER, &[0x55, 4, 3]), wrapped(0x0c, &[b'x'; 100])].concat();
        let parts = wrapped(SET, &wrapped(tag::SEQUENCE, &part)).repeat(100);
        let information = [vec![tag::INTEGER, 1, 0], wrapped(tag::SEQUENCE, &parts)].concat();
        let request =
            CertificateRequest::read(&wrapped(tag::SEQUENCE, &wrapped(tag::SEQUENCE, &information)));
        let subject = request.subject.expect("a subject");
        assert!(subject.cut && subject.string.len() <= 2 * Text::MAX_CHARS, "{}", subject.string.len());
    }

    #[test]
    fn a_cut_request_gives_what_it_has() {
        for end in 0..SAMPLE.len() {
            CertificateRequest::read(&SAMPLE[..end]);
        }
        let request = CertificateRequest::read(&SAMPLE[..40]);
        assert_eq!((request.subject, request.template), (Some(Text::whole("CN=eve")), None));
    }

    proptest! {
        #[test]
        fn any_change_of_a_request_is_survived(at in 0..SAMPLE.len(), byte: u8) {
            let mut bytes = SAMPLE.to_vec();
            bytes[at] = byte;
            let request = CertificateRequest::read(&bytes);
            prop_assert!(request.names.values.len() <= List::MAX);
        }
    }
}
