//! CIM objects as arguments.
//!
//! A hostile object can hold itself, or many objects that lie over each other: what is read of one is paid from a budget.

use super::Decoded;
use crate::dcom::Objref;
use crate::wmi::{self, EncodedString, Object, Property};
use rpcscope_model::{Bytes, List, Text, Value};
use std::borrow::Cow;

/// Arguments that the properties of an object can give: those that tell what is run, asked or watched have a name of
/// their own, the others stand together.
pub(super) const PROPERTY_FIELDS: [(&str, &str); 11] = [
    ("CommandLine", "command_line"),
    ("CommandLineTemplate", "command_line"),
    ("CurrentDirectory", "current_directory"),
    ("WorkingDirectory", "current_directory"),
    ("ExecutablePath", "path"),
    ("ScriptText", "script"),
    ("ScriptFileName", "script_file"),
    ("Query", "query"),
    ("Name", "name"),
    ("Filter", "filter"),
    ("Consumer", "consumer"),
];

/// The object that a reference carries, if it is one that marshals itself by value.
pub(super) fn object<'a>(objref: Option<Objref<'a>>) -> Option<Object<'a>> {
    Object::parse(objref?.custom(Objref::WBEM_CLASS_OBJECT)?).ok()
}

/// Name of an object's class.
pub(super) fn class_name(object: &Object<'_>) -> Option<Text> {
    object.class_name().map(name)
}

/// Puts the properties that an object gives values to: the telling ones under names of their own, the rest as `rest`.
pub(super) fn put_properties(call: &mut Decoded, object: &Object<'_>, rest: &'static str) {
    let mut budget = Budget::FULL;
    let mut fields = Vec::new();
    for property in object.properties() {
        let Some((own, value)) = budget.property(&property, 0) else { continue };
        match PROPERTY_FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&own.string)) {
            Some((_, field)) => call.put(field, value),
            None if fields.len() < List::MAX => fields.push((Cow::Owned(own.string.into()), value)),
            None => {}
        }
    }
    if !fields.is_empty() {
        call.put(rest, Value::Fields(fields));
    }
}

/// Puts the names of the properties that tell instances apart, of those that have a value.
pub(super) fn put_keys(call: &mut Decoded, object: &Object<'_>) {
    let present = object.properties().filter(|property| property.value != wmi::Value::Null).take(List::MAX);
    let names = present.filter(Property::is_key).filter_map(|property| property.name.map(name));
    super::activation::put_list(call, "keys", names);
}

fn name(name: EncodedString<'_>) -> Text {
    name.text(MAX_NAME_CHARS)
}

/// Characters of a name. CIM knows no limit; Windows' longest has about 60.
const MAX_NAME_CHARS: usize = 256;
/// How deep objects within objects are read. `Win32_Process.Create` has one with the window's size.
const MAX_DEPTH: usize = 2;

/// What an object within an object costs, whatever it holds.
const OBJECT_COST: usize = 256;

/// What is left to be spent on one object, in bytes of output; a property costs something even if it has no value.
struct Budget(usize);

impl Budget {
    const FULL: Self = Self(24 << 10);

    fn spend(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    fn property(&mut self, property: &Property<'_>, depth: usize) -> Option<(Text, Value)> {
        if !self.spend(8) {
            return None;
        }
        let value = self.value(property.value, depth)?;
        let name = name(property.name?);
        self.spend(name.string.len()).then_some((name, value))
    }

    fn value(&mut self, value: wmi::Value<'_>, depth: usize) -> Option<Value> {
        if !self.spend(8) {
            return None;
        }
        Some(match value {
            wmi::Value::Null => return None,
            wmi::Value::Signed(number) => Value::Signed(number),
            wmi::Value::Unsigned(number) => Value::Number(number),
            wmi::Value::Real(number) => super::variant::real(number),
            wmi::Value::Boolean(flag) => Value::Flag(flag),
            wmi::Value::Char16(unit) => Value::Number(u64::from(unit)),
            wmi::Value::Text(text) => {
                let text = text.text(Text::MAX_DOCUMENT_CHARS.min(self.0));
                self.spend(text.string.len());
                Value::Text(text)
            }
            wmi::Value::Array(mut elements) => match elements.octets() {
                Some(octets) => Value::Bytes(Bytes::head_of(octets)),
                None => {
                    let mut list = List::default();
                    let values = elements.by_ref().take(List::MAX);
                    values.filter_map(|value| self.value(value, depth)).for_each(|value| list.push(value));
                    list.omitted = elements.left();
                    Value::List(list)
                }
            },
            wmi::Value::Object(_) if depth >= MAX_DEPTH || !self.spend(OBJECT_COST) => return None,
            wmi::Value::Object(block) => {
                let object = Object::parse_embedded(block).ok()?;
                let properties = object.properties().take(List::MAX);
                let fields = properties.filter_map(|property| self.property(&property, depth + 1));
                Value::Fields(fields.map(|(name, value)| (Cow::Owned(name.string.into()), value)).collect())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::{Objrefs, samples};

    fn object_of(sample: &str, put: impl Fn(&Object<'_>)) {
        let stub = samples::bytes(sample);
        let object = Objrefs::new(&stub, ByteOrder::Little).find_map(|objref| object(Some(objref)));
        put(&object.expect("an object"));
    }

    #[test]
    fn telling_properties_have_names_of_their_own() {
        object_of(samples::EXEC_METHOD_REQUEST, |object| {
            let mut call = Decoded::default();
            put_properties(&mut call, object, "parameters");
            assert_eq!(call.arguments.text("command_line"), Some(r"cmd.exe /c whoami > C:\lab.txt"));
            assert_eq!(call.arguments.text("current_directory"), Some(r"C:\"));
            assert_eq!(call.arguments.get("parameters"), None);
        });
    }

    #[test]
    fn other_properties_stand_together() {
        object_of(samples::NEXT_REPLY, |object| {
            let mut call = Decoded::default();
            put_properties(&mut call, object, "properties");
            put_keys(&mut call, object);
            let Some(Value::Fields(fields)) = call.arguments.get("properties") else { panic!("properties") };
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_ref(), value.clone())).collect();
            let handle = Value::Text(Text::whole("656"));
            assert_eq!(fields, [("Handle", handle), ("ProcessId", Value::Number(656))]);
            assert_eq!(call.arguments.text("name"), Some("lsass.exe"));
            let keys = List { values: vec![Value::Text(Text::whole("Handle"))], omitted: 0 };
            assert_eq!(call.arguments.get("keys"), Some(&Value::List(keys)));
        });
    }

    #[test]
    fn an_object_cannot_spend_more_than_its_budget() {
        let mut budget = Budget(20);
        assert!(budget.spend(15) && !budget.spend(6) && !budget.spend(1));
    }
}
