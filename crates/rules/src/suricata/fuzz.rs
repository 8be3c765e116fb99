//! The body of a fuzz target: any rule text, on any message.

use crate::field::{Field, FieldId, Kind};
use crate::value::{FieldValue, FieldValues, Fields};
use crate::{Loader, Placeholders, fix};

/// Reads the text before the first zero byte as rules, mends it, and runs what can be run on the rest as a message.
///
/// # Panics
/// When mending is not done after once, which is a finding.
pub fn fuzz_rule_text(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, message) = bytes.split_at(end);
    let text = String::from_utf8_lossy(text);
    let fixed = fix(&text);
    assert_eq!(fixed.changed.is_empty(), fixed.text == text, "what is changed is told");
    let mut variables = Placeholders::new();
    variables.set("NET", ["10.0.0.0/8", "!10.1.0.0/16"]);
    let mut loader = Loader::new(variables);
    loader.add("fuzz.rules", &text);
    loader.add("fixed.rules", &fixed.text);
    let (rules, _) = loader.finish();
    let message = Message(message);
    for rule in rules.rules() {
        let held = rule.expression.holds(&message);
        assert_eq!(rule.expression.trace(&message).held, held, "a trace tells what held");
    }
}

/// A message whose bytes are all there is.
struct Message<'a>(&'a [u8]);

impl Fields for Message<'_> {
    fn values(&self, field: &Field) -> FieldValues<'_> {
        let mut values = FieldValues::new();
        match field {
            Field::Known(id) if id.kind() == Kind::Bytes => values.push(FieldValue::bytes(self.0)),
            Field::Known(FieldId::RequestByteOrder) => values.push(FieldValue::text("big")),
            Field::Known(FieldId::RequestBytes | FieldId::ReplyBytes) => values.push(FieldValue::Number(1)),
            _ => {}
        }
        values
    }

    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
        visit(&FieldValue::bytes(self.0))
    }
}
