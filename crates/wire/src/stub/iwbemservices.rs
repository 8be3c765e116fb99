//! IWbemServices: queries, objects and methods of a namespace of WMI ([MS-WMI] 3.1.4.3).

use super::operation::{Interface, Operation};
use super::{Decoded, bstr, cim, orpc};
use crate::ndr::Ndr;
use crate::wmi::ObjectBody;
use rpcscope_model::{Stopped, Text, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x9556dc99_828c_11cf_a37e_00aa003240c7),
    name: "IWbemServices",
    operations: &[
        Operation::new(3, "OpenNamespace", &["namespace", "flags", "status"])
            .request(open_namespace)
            .response(orpc::references_and_status),
        Operation::new(6, "GetObject", &["object_path", "flags", "class", "superclass", "status"])
            .request(on_object)
            .response(object),
        Operation::new(7, "GetObjectAsync", ON_OBJECT)
            .request(on_object)
            .response(orpc::references_and_status),
        Operation::new(8, "PutClass", CLASS).request(put).response(orpc::references_and_status),
        Operation::new(9, "PutClassAsync", CLASS).request(put).response(orpc::references_and_status),
        Operation::new(10, "DeleteClass", ON_CLASS).request(on_class).response(orpc::references_and_status),
        Operation::new(11, "DeleteClassAsync", ON_CLASS)
            .request(on_class)
            .response(orpc::references_and_status),
        Operation::new(12, "CreateClassEnum", ON_CLASS)
            .request(on_class)
            .response(orpc::references_and_status),
        Operation::new(13, "CreateClassEnumAsync", ON_CLASS)
            .request(on_class)
            .response(orpc::references_and_status),
        Operation::new(14, "PutInstance", INSTANCE).request(put).response(orpc::references_and_status),
        Operation::new(15, "PutInstanceAsync", INSTANCE).request(put).response(orpc::references_and_status),
        Operation::new(16, "DeleteInstance", ON_OBJECT)
            .request(on_object)
            .response(orpc::references_and_status),
        Operation::new(17, "DeleteInstanceAsync", ON_OBJECT)
            .request(on_object)
            .response(orpc::references_and_status),
        Operation::new(18, "CreateInstanceEnum", ON_CLASS)
            .request(on_class)
            .response(orpc::references_and_status),
        Operation::new(19, "CreateInstanceEnumAsync", ON_CLASS)
            .request(on_class)
            .response(orpc::references_and_status),
        Operation::new(20, "ExecQuery", QUERY).request(query).response(orpc::references_and_status),
        Operation::new(21, "ExecQueryAsync", QUERY).request(query).response(orpc::references_and_status),
        Operation::new(22, "ExecNotificationQuery", QUERY)
            .request(query)
            .response(orpc::references_and_status),
        Operation::new(23, "ExecNotificationQueryAsync", QUERY)
            .request(query)
            .response(orpc::references_and_status),
        Operation::new(24, "ExecMethod", METHOD).request(method).response(method_results),
        Operation::new(25, "ExecMethodAsync", METHOD).request(method).response(orpc::references_and_status),
    ],
};

const ON_OBJECT: &[&str] = &["object_path", "flags", "status"];
const ON_CLASS: &[&str] = &["class", "flags", "status"];
const QUERY: &[&str] = &["language", "query", "flags", "status"];
const CLASS: &[&str] = INSTANCE;
const INSTANCE: &[&str] = &[
    "class",
    "superclass",
    "namespace",
    "keys",
    "command_line",
    "current_directory",
    "path",
    "script",
    "script_file",
    "query",
    "name",
    "filter",
    "consumer",
    "properties",
    "methods",
    "flags",
    "status",
];
const METHOD: &[&str] = &[
    "object_path",
    "method",
    "flags",
    "command_line",
    "current_directory",
    "path",
    "script",
    "script_file",
    "query",
    "name",
    "filter",
    "consumer",
    "parameters",
    "results",
    "status",
];

fn open_namespace(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let namespace = bstr::parameter(ndr, "strNamespace", Text::MAX_CHARS)?;
    call.refers_to("namespace", namespace);
    flags(ndr, call)
}

/// A path, flags, and what is not of interest: a context, and a sink for the results of an asynchronous call.
fn on_object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("object_path", bstr::parameter(ndr, "strObjectPath", Text::MAX_CHARS)?);
    flags(ndr, call)?;
    orpc::references(ndr, call)
}

/// The same for the name of a class; the objects that are found are of that class.
fn on_class(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let class = bstr::parameter(ndr, "strClass", Text::MAX_CHARS)?;
    call.refers_to("class", class);
    flags(ndr, call)?;
    orpc::references(ndr, call)
}

fn query(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("language", bstr::parameter(ndr, "strQueryLanguage", Text::MAX_CHARS)?);
    let query = bstr::parameter(ndr, "strQuery", Text::MAX_DOCUMENT_CHARS)?;
    call.refers_to("query", query);
    flags(ndr, call)?;
    orpc::references(ndr, call)
}

/// The class or instance that is written.
fn put(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let objref = orpc::interface_pointer(ndr, call, "pObject")?;
    if let Some(object) = cim::object(objref) {
        call.put("class", cim::class_name(&object));
        let superclass = object.class().derivation().next();
        call.put("superclass", superclass.map(|name| name.text(Text::MAX_CHARS)));
        let namespace = object.namespace.map(|namespace| namespace.text(Text::MAX_CHARS));
        call.put("namespace", namespace.filter(|namespace| !namespace.string.is_empty()));
        cim::put_keys(call, &object);
        cim::put_properties(call, &object, "properties");
        if let ObjectBody::Class(class) = object.body {
            let methods = class.methods.take(rpcscope_model::List::MAX);
            super::activation::put_list(call, "methods", methods.map(|name| name.text(Text::MAX_CHARS)));
        }
    }
    flags(ndr, call)?;
    orpc::references(ndr, call)
}

fn method(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("object_path", bstr::parameter(ndr, "strObjectPath", Text::MAX_CHARS)?);
    call.put("method", bstr::parameter(ndr, "strMethodName", Text::MAX_CHARS)?);
    flags(ndr, call)?;
    orpc::interface_pointer(ndr, call, "pCtx")?;
    let parameters = orpc::interface_pointer(ndr, call, "pInParams")?;
    if let Some(object) = cim::object(parameters) {
        cim::put_properties(call, &object, "parameters");
    }
    orpc::references(ndr, call)
}

fn object(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let objrefs = crate::dcom::Objrefs::of_rest(ndr)?;
    if let Some(object) = objrefs.filter_map(|objref| cim::object(Some(objref))).next() {
        call.put("class", cim::class_name(&object));
        let superclass = object.class().derivation().next();
        call.put("superclass", superclass.map(|name| name.text(Text::MAX_CHARS)));
    }
    orpc::references(ndr, call)?;
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

fn method_results(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let objrefs = crate::dcom::Objrefs::of_rest(ndr)?;
    if let Some(object) = objrefs.filter_map(|objref| cim::object(Some(objref))).next() {
        let mut results = Decoded::default();
        cim::put_properties(&mut results, &object, "results");
        call.put("results", results.arguments.remove("results"));
    }
    orpc::references(ndr, call)?;
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

fn flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", Value::Number(u64::from(ndr.u32("lFlags")?)));
    Ok(())
}

#[cfg(test)]
mod tests;
