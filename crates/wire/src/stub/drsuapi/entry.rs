//! IDL_DRSAddEntry ([MS-DRSR] 4.1.1): objects that are added to the directory.

use super::name::{DsName, ds_name};
use super::versioned;
use crate::ndr::{Alignment, Ndr, Pointer};
use crate::stub::Decoded;
use rpcscope_model::{Stopped, Value};

/// Objects in one request. A new domain controller takes two or three.
const MAX_OBJECTS: usize = 64;

/// Where name and attributes of an object are.
struct Entry {
    name: Pointer,
    attributes: Pointer,
}

pub(super) fn add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = versioned(ndr, call, Alignment::Pointer)?;
    ndr.align(Alignment::Pointer);
    match version {
        1 => {
            let object = ndr.pointer("pObject")?;
            let _attributes = attribute_block(ndr)?;
            let name = ndr.referent(object, |ndr| ds_name(ndr, "pObject"))?;
            call.put_list("objects", |list| {
                list.values.extend(name.and_then(DsName::text).map(Value::Text));
                Ok(())
            })
        }
        2 | 3 => {
            let (next, first) = entry(ndr)?;
            if version == 3 {
                let _credentials = ndr.pointer("pClientCreds")?;
            }
            objects(ndr, call, next, first)
        }
        _ => Err(ndr.unsupported("pmsgIn")),
    }
}

/// ENTINFLIST ([MS-DRSR] 5.57), in place: whether another one follows, and ENTINF ([MS-DRSR] 5.53).
fn entry(ndr: &mut Ndr<'_>) -> Result<(Pointer, Entry), Stopped> {
    ndr.align(Alignment::Pointer);
    let next = ndr.pointer("pNextEntInf")?;
    let name = ndr.pointer("pName")?;
    ndr.u32("ulFlags")?;
    let attributes = attribute_block(ndr)?;
    Ok((next, Entry { name, attributes }))
}

/// ATTRBLOCK ([MS-DRSR] 5.10), in place.
fn attribute_block(ndr: &mut Ndr<'_>) -> Result<Pointer, Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("attrCount")?;
    ndr.pointer("pAttr")
}

/// Reads the rest of a list of objects. What the first pointer of an element leads to stands before what the others lead
/// to: all elements come one after the other, then names and attributes from the last to the first.
fn objects(ndr: &mut Ndr<'_>, call: &mut Decoded, mut next: Pointer, first: Entry) -> Result<(), Stopped> {
    let mut entries = vec![first];
    while !next.is_null() {
        if entries.len() == MAX_OBJECTS {
            return Err(ndr.limit("EntInfList"));
        }
        let (following, entry) = entry(ndr)?;
        next = following;
        entries.push(entry);
    }
    let mut names = Vec::new();
    let result = entries.into_iter().rev().try_for_each(|entry| {
        names.extend(ndr.referent(entry.name, |ndr| ds_name(ndr, "pName"))?.and_then(DsName::text));
        pass_attributes(ndr, entry.attributes)
    });
    call.put_list("objects", |list| {
        names.into_iter().rev().for_each(|name| list.push(Value::Text(name)));
        result
    })
}

/// Passes over the array of ATTR ([MS-DRSR] 5.9) with all values.
fn pass_attributes(ndr: &mut Ndr<'_>, attributes: Pointer) -> Result<(), Stopped> {
    if attributes.is_null() {
        return Ok(());
    }
    let count = ndr.count("pAttr")?;
    let blocks = ndr.elements("pAttr", count, |ndr| {
        ndr.align(Alignment::Pointer);
        ndr.u32("attrTyp")?;
        ndr.align(Alignment::Pointer);
        ndr.u32("valCount")?;
        ndr.pointer("pAVal")
    })?;
    if blocks.omitted > 0 {
        return Err(ndr.limit("pAttr"));
    }
    for _block in blocks.items.into_iter().filter(|block| !block.is_null()) {
        let count = ndr.count("pAVal")?;
        let values = ndr.elements("pAVal", count, |ndr| {
            ndr.align(Alignment::Pointer);
            ndr.u32("valLen")?;
            ndr.pointer("pVal")
        })?;
        if values.omitted > 0 {
            return Err(ndr.limit("pAVal"));
        }
        for value in values.items {
            ndr.referent(value, |ndr| ndr.conformant_bytes("pVal"))?;
        }
    }
    Ok(())
}
