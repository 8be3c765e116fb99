//! What a decoder can put among the arguments.

use crate::ndr::{FileTime, Sid};
use rpcscope_model::{Bytes, List, Text, Value};
use uuid::Uuid;

/// Something that becomes the value of an argument, or leaves it out.
pub trait Argument {
    /// The value, or `None` when there is nothing to say.
    fn value(self) -> Option<Value>;
}

macro_rules! arguments {
    ($($type:ty, $this:ident => $value:expr;)*) => {
        $(impl Argument for $type {
            fn value(self) -> Option<Value> {
                let $this = self;
                Some($value)
            }
        })*
    };
}

arguments! {
    Value, this => this;
    Text, this => Value::Text(this);
    &str, this => Value::Text(Text::whole(this));
    u8, this => Value::Number(u64::from(this));
    u16, this => Value::Number(u64::from(this));
    u32, this => Value::Number(u64::from(this));
    u64, this => Value::Number(this);
    i32, this => Value::Signed(i64::from(this));
    i64, this => Value::Signed(this);
    bool, this => Value::Flag(this);
    Uuid, this => Value::Uuid(this);
    Sid, this => Value::Sid(this.text());
    FileTime, this => this.timestamp().map_or(Value::Number(this.0), Value::Time);
    &[u8], this => Value::Bytes(Bytes::head_of(this));
    List, this => Value::List(this);
}

impl<T: Argument> Argument for Option<T> {
    fn value(self) -> Option<Value> {
        self?.value()
    }
}

/// A number with its name, when it is one of `names`.
pub(super) fn symbol(number: u32, names: &[(u32, &'static str)]) -> Value {
    match names.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => Value::Symbol(number, name),
        None => Value::Number(u64::from(number)),
    }
}

/// Values that belong together, without those that are left out.
pub(super) fn fields<const N: usize>(fields: [(&'static str, Option<Value>); N]) -> Value {
    let mut present = Vec::with_capacity(N);
    present.extend(fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?))));
    Value::Fields(present)
}
