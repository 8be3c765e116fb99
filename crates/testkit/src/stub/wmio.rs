//! Objects and parameters of methods as encoded instances ([MS-WMIO] 2.2.1).

use crate::encoder::{ByteOrder, Encoder, length16, length32};

/// One parameter of a method, or property of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    value: Value,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Text(Option<String>),
    Number(u32),
    /// An object that is absent.
    NoObject,
}

impl Parameter {
    pub(super) fn text(name: &str, value: Option<&str>) -> Self {
        Self { name: name.to_owned(), value: Value::Text(value.map(str::to_owned)) }
    }

    pub(super) fn number(name: &str, value: u32) -> Self {
        Self { name: name.to_owned(), value: Value::Number(value) }
    }

    pub(super) fn object(name: &str) -> Self {
        Self { name: name.to_owned(), value: Value::NoObject }
    }

    /// CimType ([MS-WMIO] 2.2.82) and its name in MOF.
    fn cim_type(&self) -> (u32, &'static str) {
        match self.value {
            Value::Text(_) => (8, "string"),
            Value::Number(_) => (19, "uint32"),
            Value::NoObject => (13, "object"),
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.value, Value::Text(None) | Value::NoObject)
    }
}

/// Which way parameters go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    In,
    Out,
    /// No way: they are properties of an object.
    Stay,
}

/// The encoding of parameters that are sorted by name.
pub(super) fn parameters(parameters: &[Parameter], flow: Flow) -> Vec<u8> {
    encoded(CLASS, parameters, flow)
}

/// The encoding of an instance of a class, with properties that are sorted by name.
pub(super) fn instance_of(class: &str, properties: &[Parameter]) -> Vec<u8> {
    encoded(class, properties, Flow::Stay)
}

fn encoded(class: &str, parameters: &[Parameter], flow: Flow) -> Vec<u8> {
    let mut block = Encoder::new(ByteOrder::Little);
    // An instance without decoration: its class, then itself.
    block.u8(2).raw(&class_part(class, parameters, flow)).raw(&instance(class, parameters));
    let block = block.finish();
    let mut out = Encoder::new(ByteOrder::Little);
    out.u32(0x1234_5678).u32(length32(block.len())).raw(&block);
    out.finish()
}

/// ClassPart ([MS-WMIO] 2.2.15).
fn class_part(class: &str, parameters: &[Parameter], flow: Flow) -> Vec<u8> {
    let mut heap = Heap::default();
    let class_name = heap.string(class);
    let mut table = Encoder::new(ByteOrder::Little);
    for (order, parameter) in parameters.iter().enumerate() {
        let name = heap.string(&parameter.name);
        let info = heap.place();
        heap.property_info(parameter, order, info, flow);
        table.u32(name).u32(info);
    }
    let values = if parameters.is_empty() { 0 } else { nd_bytes(parameters) + parameters.len() * 4 };
    let mut body = Encoder::new(ByteOrder::Little);
    // Reserved, class name, length of both tables, no superclasses, no qualifiers, properties.
    body.u8(0).u32(class_name).u32(length32(values)).u32(4).u32(4).u32(length32(parameters.len()));
    body.raw(&table.finish());
    if !parameters.is_empty() {
        // All default values are null.
        body.raw(&vec![0x55; nd_bytes(parameters)]).raw(&vec![0xff; parameters.len() * 4]);
    }
    body.raw(&heap.finish());
    with_length(&body.finish())
}

/// What follows the class in InstanceType ([MS-WMIO] 2.2.53).
fn instance(class: &str, parameters: &[Parameter]) -> Vec<u8> {
    let mut heap = Heap::default();
    let class_name = heap.string(class);
    let mut flags = vec![0_u8; nd_bytes(parameters)];
    let mut values = Encoder::new(ByteOrder::Little);
    for (number, parameter) in parameters.iter().enumerate() {
        if parameter.is_null() {
            // Null, as inherited from the class.
            flags[number / 4] |= 3 << (number % 4 * 2);
        }
        match &parameter.value {
            Value::Text(Some(text)) => {
                let place = heap.string(text);
                values.u32(place);
            }
            Value::Number(number) => {
                values.u32(*number);
            }
            _ => {
                values.u32(0);
            }
        }
    }
    let mut body = Encoder::new(ByteOrder::Little);
    body.u8(0).u32(class_name).raw(&flags).raw(&values.finish());
    // No qualifiers of the instance, none of its properties.
    body.u32(4).u8(1).raw(&heap.finish());
    with_length(&body.finish())
}

/// Strings and property descriptions that are referred to by their place.
#[derive(Default)]
struct Heap(Vec<u8>);

impl Heap {
    fn place(&self) -> u32 {
        length32(self.0.len())
    }

    /// Encoded-String ([MS-WMIO] 2.2.78): one byte a character when all fit, as Windows has to do, else two.
    fn string(&mut self, text: &str) -> u32 {
        let place = self.place();
        let narrow: Option<Vec<u8>> =
            text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
        match narrow {
            Some(letters) => {
                self.0.push(0);
                self.0.extend(letters);
                self.0.push(0);
            }
            None => {
                self.0.push(1);
                self.0.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
            }
        }
        place
    }

    /// PropertyInfo ([MS-WMIO] 2.2.30) with the qualifier CIMTYPE; parameters have ID, and in or out, too.
    fn property_info(&mut self, parameter: &Parameter, order: usize, at: u32, flow: Flow) {
        let (cim_type, type_name) = parameter.cim_type();
        if flow == Flow::Stay {
            let mut out = Encoder::new(ByteOrder::Little);
            out.u32(cim_type).u16(length16(order)).u32(length32(order * 4)).u32(0).u32(CIMTYPE_BYTES);
            out.u32(CIMTYPE).u8(3).u32(8).u32(at + PROPERTY_BYTES + CIMTYPE_BYTES);
            self.0.extend(out.finish());
            self.string(type_name);
            return;
        }
        // The strings stand behind the description, at places that are known: each has two bytes around it.
        let type_at = at + PROPERTY_BYTES + QUALIFIERS_BYTES;
        let id_at = type_at + length32(type_name.len()) + 2;
        let flow_at = id_at + 4;
        let mut out = Encoder::new(ByteOrder::Little);
        // Type, order, place in the table of values, no superclass.
        out.u32(cim_type).u16(length16(order)).u32(length32(order * 4)).u32(0);
        out.u32(QUALIFIERS_BYTES);
        out.u32(CIMTYPE).u8(3).u32(8).u32(type_at);
        out.u32(id_at).u8(0x11).u32(3).u32(length32(order));
        out.u32(flow_at).u8(3).u32(11).u16(0xffff);
        self.0.extend(out.finish());
        self.string(type_name);
        self.string("ID");
        self.string(if flow == Flow::In { "in" } else { "out" });
    }

    /// Heap ([MS-WMIO] 2.2.66): the length with its highest bit set, then the items.
    fn finish(self) -> Vec<u8> {
        let mut out = Encoder::new(ByteOrder::Little);
        out.u32(length32(self.0.len()) | 0x8000_0000).raw(&self.0);
        out.finish()
    }
}

/// A block whose length, which counts itself, comes first.
fn with_length(body: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    out.u32(length32(body.len() + 4)).raw(body);
    out.finish()
}

/// Bytes of a table with two bits for each property.
fn nd_bytes(parameters: &[Parameter]) -> usize {
    parameters.len().div_ceil(4)
}

const CLASS: &str = "__PARAMETERS";
/// `CIMTYPE` in the dictionary of names that need not be written ([MS-WMIO] 2.2.80).
const CIMTYPE: u32 = 0x8000_000a;
/// Length of a property's description before its qualifiers.
const PROPERTY_BYTES: u32 = 14;
/// Length of its qualifiers, with their length.
const QUALIFIERS_BYTES: u32 = 41;
/// The same of a property whose only qualifier is CIMTYPE.
const CIMTYPE_BYTES: u32 = 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_described_as_windows_describes_it() {
        let encoded = parameters(&[Parameter::text("CommandLine", Some("cmd"))], Flow::In);
        assert_eq!(
            encoded[..8],
            [0x78, 0x56, 0x34, 0x12, length32(encoded.len() - 8).to_le_bytes()[0], 0, 0, 0]
        );
        // Flags; length; reserved; class name; length of the tables; no superclasses; no qualifiers; one property.
        assert_eq!(encoded[8..14], [2, encoded[9], 0, 0, 0, 0]);
        #[rustfmt::skip]
        let table = [
            5, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0,
            0x0e, 0, 0, 0, 0x1b, 0, 0, 0,                   // name and description in the heap
            0x55, 0xff, 0xff, 0xff, 0xff,                   // no default value
        ];
        assert_eq!(encoded[18..47], table);
        #[rustfmt::skip]
        let description = [
            8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,        // string, first, at 0, of this class
            0x29, 0, 0, 0,
            0x0a, 0, 0, 0x80, 3, 8, 0, 0, 0, 0x52, 0, 0, 0,  // CIMTYPE
            0x5a, 0, 0, 0, 0x11, 3, 0, 0, 0, 0, 0, 0, 0,     // ID
            0x5e, 0, 0, 0, 3, 0x0b, 0, 0, 0, 0xff, 0xff,     // in
        ];
        let heap = 51;
        assert_eq!(encoded[heap + 0x1b..heap + 0x1b + 55], description);
        assert_eq!(encoded[heap + 0x52..heap + 0x52 + 16], *b"\0string\0\0ID\0\0in\0");
        assert!(encoded.ends_with(b"\0cmd\0"));
        let wide = parameters(&[Parameter::text("CommandLine", Some("Ω"))], Flow::In);
        assert!(wide.ends_with(b"\x01\xa9\x03\0\0"));
    }

    #[test]
    fn properties_of_an_object_have_their_type_only() {
        let encoded = instance_of("__EventFilter", &[Parameter::text("Query", Some("q"))]);
        #[rustfmt::skip]
        let description = [
            8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0x11, 0, 0, 0,
            0x0a, 0, 0, 0x80, 3, 8, 0, 0, 0, 0x35, 0, 0, 0,  // CIMTYPE
        ];
        let heap = 51;
        assert_eq!(encoded[heap..heap + 22], *b"\0__EventFilter\0\0Query\0");
        assert_eq!(encoded[heap + 22..heap + 22 + 31], description);
        assert_eq!(encoded[heap + 0x35..heap + 0x35 + 8], *b"\0string\0");
    }

    #[test]
    fn absent_values_are_marked_in_the_table() {
        let values = [Parameter::text("A", None), Parameter::number("B", 7), Parameter::object("C")];
        let instance = instance(CLASS, &values);
        // length, flags, class name, then two bits each: null, not, null; then three values
        assert_eq!(instance[9..22], [0x33, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    }
}
