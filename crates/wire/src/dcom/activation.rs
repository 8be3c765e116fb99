//! The properties that an activation's request and reply consist of.

use super::property::{
    ActivationContext, InstanceInfo, Instantiation, InterfaceResult, Location, ScmReply, ScmRequest,
    SecurityInfo, SpecialProperties,
};
use super::serialized::{open, uuids};
use rpcscope_model::Stopped;
use uuid::{Uuid, uuid};

/// An activation properties BLOB ([MS-DCOM] 2.2.22).
#[derive(Clone, Debug)]
pub struct ActivationProperties<'a> {
    /// Which property stands where: class and length in bytes, in order.
    directory: Vec<(Uuid, usize)>,
    properties: &'a [u8],
}

impl<'a> ActivationProperties<'a> {
    /// Reads the data of a custom reference whose class is [`super::Objref::ACTIVATION_PROPERTIES_IN`] or `…_OUT`.
    pub fn parse(blob: &'a [u8]) -> Result<Self, Stopped> {
        let custom_header = blob.get(8..).unwrap_or_default();
        let ndr = &mut open(custom_header)?;
        ndr.u32("totalSize")?;
        let header_size = usize::try_from(ndr.u32("headerSize")?).unwrap_or(usize::MAX);
        ndr.fixed_bytes("dwReserved", 12 + 16)?;
        let classes = ndr.pointer("pclsid")?;
        let sizes = ndr.pointer("pSizes")?;
        ndr.u32("pdwReserved")?;
        let classes = ndr.referent(classes, |ndr| uuids(ndr, "pclsid"))?.unwrap_or_default();
        let sizes = ndr.referent(sizes, |ndr| {
            let count = ndr.count("pSizes")?;
            ndr.elements("pSizes", count, |ndr| ndr.u32("pSizes"))
        })?;
        let sizes = sizes.map(|elements| elements.items).unwrap_or_default().into_iter();
        let sizes = sizes.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        let directory = classes.into_iter().zip(sizes).take(MAX_PROPERTIES).collect();
        Ok(Self { directory, properties: custom_header.get(header_size..).unwrap_or_default() })
    }

    /// The properties, in order. A property that is cut keeps what is there of it.
    pub fn properties(&self) -> Properties<'_, 'a> {
        Properties { directory: self.directory.iter(), rest: self.properties }
    }

    /// What is to be activated, if this is a request's.
    pub fn instantiation(&self) -> Option<Instantiation> {
        self.properties().find_map(|property| match property.body() {
            Ok(PropertyBody::Instantiation(instantiation)) => Some(instantiation),
            _ => None,
        })
    }
}

/// Most properties of one BLOB (`MAX_ACTPROP_LIMIT`, [MS-DCOM] 2.2.28.1).
const MAX_PROPERTIES: usize = 10;

/// Iterates over properties.
#[derive(Clone, Debug)]
pub struct Properties<'d, 'a> {
    directory: std::slice::Iter<'d, (Uuid, usize)>,
    rest: &'a [u8],
}

impl<'a> Iterator for Properties<'_, 'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        let (clsid, size) = self.directory.next()?;
        let (bytes, rest) = self.rest.split_at_checked(*size).unwrap_or((self.rest, &[]));
        self.rest = rest;
        Some(Property { clsid: *clsid, bytes })
    }
}

/// One property, not yet read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Property<'a> {
    /// What it is ([MS-DCOM] 1.9).
    pub clsid: Uuid,
    /// As serialized.
    pub bytes: &'a [u8],
}

/// A property that the standard describes ([MS-DCOM] 2.2.22.2).
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // each variant is what its type says
pub enum PropertyBody<'a> {
    Instantiation(Instantiation),
    SpecialProperties(SpecialProperties),
    InstanceInfo(InstanceInfo<'a>),
    ScmRequest(ScmRequest),
    ActivationContext(ActivationContext<'a>),
    Location(Location),
    SecurityInfo(SecurityInfo),
    ScmReply(Option<ScmReply<'a>>),
    Interfaces(Vec<InterfaceResult<'a>>),
    Unknown,
}

impl<'a> Property<'a> {
    /// Reads the property.
    pub fn body(&self) -> Result<PropertyBody<'a>, Stopped> {
        let bytes = self.bytes;
        Ok(match self.clsid {
            INSTANTIATION_INFO => PropertyBody::Instantiation(Instantiation::parse(bytes)?),
            SPECIAL_SYSTEM_PROPERTIES => PropertyBody::SpecialProperties(SpecialProperties::parse(bytes)?),
            INSTANCE_INFO => PropertyBody::InstanceInfo(InstanceInfo::parse(bytes)?),
            SCM_REQUEST_INFO => PropertyBody::ScmRequest(ScmRequest::parse(bytes)?),
            ACTIVATION_CONTEXT_INFO => PropertyBody::ActivationContext(ActivationContext::parse(bytes)?),
            SERVER_LOCATION_INFO => PropertyBody::Location(Location::parse(bytes)?),
            SECURITY_INFO => PropertyBody::SecurityInfo(SecurityInfo::parse(bytes)?),
            SCM_REPLY_INFO => PropertyBody::ScmReply(ScmReply::parse(bytes)?),
            PROPS_OUT_INFO => PropertyBody::Interfaces(InterfaceResult::parse_all(bytes)?),
            _ => PropertyBody::Unknown,
        })
    }
}

const SERVER_LOCATION_INFO: Uuid = uuid!("000001a4-0000-0000-c000-000000000046");
const ACTIVATION_CONTEXT_INFO: Uuid = uuid!("000001a5-0000-0000-c000-000000000046");
const SECURITY_INFO: Uuid = uuid!("000001a6-0000-0000-c000-000000000046");
const SCM_REQUEST_INFO: Uuid = uuid!("000001aa-0000-0000-c000-000000000046");
const INSTANTIATION_INFO: Uuid = uuid!("000001ab-0000-0000-c000-000000000046");
const INSTANCE_INFO: Uuid = uuid!("000001ad-0000-0000-c000-000000000046");
const SCM_REPLY_INFO: Uuid = uuid!("000001b6-0000-0000-c000-000000000046");
const SPECIAL_SYSTEM_PROPERTIES: Uuid = uuid!("000001b9-0000-0000-c000-000000000046");
const PROPS_OUT_INFO: Uuid = uuid!("00000339-0000-0000-c000-000000000046");

#[cfg(test)]
mod tests {
    use super::super::{ComVersion, Objref, Oxid, samples};
    use super::*;

    /// The custom reference in the sample's stub.
    fn blob(stub: &[u8]) -> &[u8] {
        let objref = super::super::Objrefs::new(stub, crate::ByteOrder::Little).next().expect("a reference");
        let class = match objref.iid.as_fields().0 {
            0x1a2 => Objref::ACTIVATION_PROPERTIES_IN,
            _ => Objref::ACTIVATION_PROPERTIES_OUT,
        };
        objref.custom(class).expect("activation properties")
    }

    #[test]
    fn a_request_says_which_class_and_interfaces() {
        let stub = samples::bytes(samples::REMOTE_CREATE_INSTANCE_REQUEST);
        let properties = ActivationProperties::parse(blob(&stub)).expect("properties");
        let instantiation = properties.instantiation().expect("an instantiation");
        assert_eq!(instantiation.clsid, uuid!("8bc3f05e-d86b-11d0-a075-00c04fb68820"));
        assert_eq!(instantiation.iids, [uuid!("f309ad18-d86a-11d0-a075-00c04fb68820")]);
        assert_eq!(instantiation.client_version, ComVersion { major: 5, minor: 7 });
        let bodies: Vec<_> =
            properties.properties().map(|property| property.body().expect("a property")).collect();
        let [_, context, location, scm_request] = bodies.as_slice() else { panic!("{bodies:?}") };
        assert!(matches!(context, PropertyBody::ActivationContext(context) if context.client.is_none()));
        assert!(matches!(location, PropertyBody::Location(location) if location.machine.is_none()));
        assert!(matches!(scm_request, PropertyBody::ScmRequest(request) if request.protseqs == [7]));
    }

    #[test]
    fn a_reply_says_where_the_object_is() {
        let stub = samples::bytes(samples::REMOTE_CREATE_INSTANCE_REPLY);
        let properties = ActivationProperties::parse(blob(&stub)).expect("properties");
        let bodies: Vec<_> =
            properties.properties().map(|property| property.body().expect("a property")).collect();
        let [PropertyBody::Interfaces(interfaces), PropertyBody::ScmReply(Some(reply))] = bodies.as_slice()
        else {
            panic!("{bodies:?}")
        };
        assert_eq!(interfaces.len(), 1);
        assert_eq!(interfaces[0].iid, uuid!("f309ad18-d86a-11d0-a075-00c04fb68820"));
        assert_eq!(interfaces[0].result, 0);
        let std = interfaces[0].objref.as_ref().and_then(Objref::std).expect("a reference");
        assert_eq!((std.oxid, reply.oxid), (Oxid(0xb94e_d5d4_919f_20ce), Oxid(0xb94e_d5d4_919f_20ce)));
        let bindings: Vec<_> = reply.bindings.string_bindings().collect();
        assert_eq!(bindings.iter().map(|b| b.host.as_str()).collect::<Vec<_>>(), ["WIN-SRV", "10.99.1.1"]);
        assert!(bindings.iter().all(|binding| binding.port() == Some(49667)));
        let services: Vec<_> = reply.bindings.security_bindings().map(|binding| binding.authn_svc).collect();
        assert_eq!(services, [10, 9]);
        assert_eq!((reply.authn_hint, reply.server_version.minor), (2, 7));
    }

    #[test]
    fn a_request_that_is_cut_gives_the_properties_that_are_there() {
        let stub = samples::bytes(samples::REMOTE_CREATE_INSTANCE_REQUEST);
        let blob = blob(&stub);
        for length in 0..blob.len() {
            let Ok(properties) = ActivationProperties::parse(&blob[..length]) else { continue };
            assert!(length >= 8 + 152 - 8, "the directory is whole");
            let read = properties.properties().filter(|property| property.body().is_ok()).count();
            assert!(read <= 4);
            // 88 bytes of InstantiationInfoData follow the custom header.
            assert_eq!(properties.instantiation().is_some(), length >= 8 + 152 + 84, "cut to {length}");
        }
    }
}
