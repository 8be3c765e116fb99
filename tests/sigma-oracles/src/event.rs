//! Events that all engines can read.

use rpcscope_rules::{Field, FieldValue, FieldValues, Fields};
use serde_json::{Map, Value};

/// Named values: texts, numbers, truth values and lists of these.
#[derive(Clone, Debug, Default)]
pub struct Event(pub Map<String, Value>);

impl Event {
    /// The event as JSON.
    pub fn json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl Fields for Event {
    fn values(&self, field: &Field) -> FieldValues<'_> {
        let mut values = FieldValues::new();
        if let Field::Other(name) = field
            && let Some(value) = self.0.get(&**name)
        {
            each(value, &mut |value| {
                values.push(value);
                false
            });
        }
        values
    }

    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
        self.0.values().any(|value| each(value, &mut |value| visit(&value)))
    }
}

/// Calls `visit` with a value, or with the members of a list, until it says true; tells whether it did.
fn each<'a>(value: &'a Value, visit: &mut dyn FnMut(FieldValue<'a>) -> bool) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| each(value, visit)),
        Value::Bool(flag) => visit(FieldValue::Flag(*flag)),
        Value::String(text) => visit(FieldValue::text(text.as_str())),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => visit(FieldValue::Number(whole.into())),
            None => number.as_f64().is_some_and(|real| visit(FieldValue::Real(real))),
        },
        Value::Null | Value::Object(_) => false,
    }
}
