//! What a decoder says.

use super::{Argument, Handles, Names, Naming, Objects, Tower, unc};
use crate::ndr::{Handle, Ndr};
use rpcscope_model::{Arguments, List, Stopped, Text, Value};

/// The meaning of one request or response.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Decoded {
    /// Arguments, bounded, and what stopped the decoding before the end.
    pub arguments: Arguments,
    /// Which context handles it is about.
    pub handles: Handles,
    /// What it says about DCOM objects, when it says something.
    pub objects: Option<Box<Objects>>,
    /// Where servers listen, as the endpoint mapper answered: also what the list among the arguments leaves out, up to
    /// [`MAX_TOWERS`](Self::MAX_TOWERS).
    pub towers: Vec<Tower>,
}

impl Decoded {
    /// Towers of one answer. A client asks for up to 500 at once.
    pub const MAX_TOWERS: usize = 512;

    /// Adds an argument; nothing, when it is `None`.
    pub fn put(&mut self, name: &'static str, argument: impl Argument) {
        if let Some(value) = argument.value() {
            self.arguments.put(name, value);
        }
    }

    /// Adds a path that the server will open, and its host, if it names one, as `coerced_to`; nothing, when it is `None`.
    pub fn put_path(&mut self, name: &'static str, path: Option<Text>) {
        if let Some(path) = path {
            self.put(name, path.clone());
            unc::put_host(self, &path);
        }
    }

    /// Adds what the operation returned: a Win32 error, an NTSTATUS or an HRESULT.
    pub fn put_status(&mut self, status: u32) {
        self.arguments.put("status", Value::Status(status));
    }

    /// Adds a list that `fill` fills, as far as it came before something stopped it.
    pub fn put_list(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut List) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut list = List::default();
        let result = fill(&mut list);
        self.arguments.put(name, Value::List(list));
        result
    }

    /// Adds a list of `count` elements that have no referents.
    pub fn list<A: Argument>(
        &mut self,
        name: &'static str,
        ndr: &mut Ndr<'_>,
        count: usize,
        mut element: impl FnMut(&mut Ndr<'_>) -> Result<A, Stopped>,
    ) -> Result<(), Stopped> {
        self.put_list(name, |list| {
            ndr.elements(name, count, |ndr| {
                if list.values.len() == List::MAX {
                    list.omitted = list.omitted.saturating_add(1);
                    return ndr.pass(&mut element).map(|_| ());
                }
                if let Some(value) = element(ndr)?.value() {
                    list.push(value);
                }
                Ok(())
            })
            .map(|_| ())
        })
    }

    /// Adds a list of `count` elements with referents, which stand after all of them: `fixed` reads what an element has
    /// in place, `referents` the rest.
    pub fn list_with_referents<T, A: Argument>(
        &mut self,
        name: &'static str,
        ndr: &mut Ndr<'_>,
        count: usize,
        fixed: impl FnMut(&mut Ndr<'_>) -> Result<T, Stopped>,
        mut referents: impl FnMut(&mut Ndr<'_>, T) -> Result<A, Stopped>,
    ) -> Result<(), Stopped> {
        self.put_list(name, |list| {
            let elements = ndr.elements(name, count, fixed)?;
            list.values.reserve_exact(elements.items.len().min(List::MAX));
            for element in elements.items {
                if list.values.len() == List::MAX {
                    list.omitted = list.omitted.saturating_add(1);
                    ndr.pass(|ndr| referents(ndr, element))?;
                } else if let Some(value) = referents(ndr, element)?.value() {
                    list.push(value);
                }
            }
            if elements.omitted == 0 {
                return Ok(());
            }
            // Their referents stand before what follows the list, and it is not known how many bytes they have.
            list.omitted = list.omitted.saturating_add(elements.omitted);
            Err(ndr.limit(name))
        })
    }

    /// Notes the handle that the call is made on. What the handle is called becomes part of the arguments.
    pub fn uses(&mut self, handle: Handle) {
        self.handles.used = Some(handle).filter(|handle| !handle.is_null());
    }

    /// Notes the handle that the call is made on and that no longer stands for anything afterwards.
    pub fn closes(&mut self, handle: Handle) {
        self.uses(handle);
        self.handles.closed = self.handles.used;
    }

    /// Notes the handle that a response gives.
    pub fn opens(&mut self, handle: Handle) {
        if !handle.is_null() {
            self.handles.opened = Some(handle);
        }
    }

    /// Says what the handle is called that the response will give, and adds the same as an argument.
    pub fn opens_as(&mut self, name: &'static str, text: Option<Text>) {
        if let Some(text) = text {
            self.put(name, text.clone());
            self.handles.naming = Some(Naming::Is(name, text));
        }
    }

    /// The same for a name that goes on from the name of the handle that the call is made on: `SOFTWARE\Microsoft` below
    /// `HKLM`. The argument is added by [`add_names`](Self::add_names), which knows that name.
    pub fn opens_under(&mut self, name: &'static str, text: Option<Text>, separator: char) {
        self.handles.naming = Some(Naming::Under(name, text.unwrap_or_default(), separator));
    }
    /// Adds the names of the handle that the call is made on to its arguments. `used` are those that the table of
    /// handles has; `None` when the handle is not known.
    pub fn add_names(&mut self, used: Option<&Names>) {
        used.unwrap_or(&Names::default()).add_to(&mut self.arguments, self.handles.naming.as_ref());
    }

    /// Takes `coerced_to` back when it names the server itself. `server` is its address.
    pub fn forgive_coercion_to(&mut self, server: &str) {
        if self.arguments.text(unc::COERCED_TO).is_some_and(|host| host.eq_ignore_ascii_case(server)) {
            self.arguments.remove(unc::COERCED_TO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;
    use crate::ndr::{Stub, Syntax};

    #[test]
    fn a_list_that_is_full_passes_the_others_over() {
        let name = [2_u32, 0, 2].into_iter().flat_map(u32::to_le_bytes).chain(*b"x\0\0\0");
        let mut bytes = vec![1; 4 * 70];
        bytes.extend(name.collect::<Vec<u8>>().repeat(70));
        bytes.extend([7, 0, 0, 0]);
        let stub = Stub { bytes: &bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let mut ndr = Ndr::new(stub);
        let mut call = Decoded::default();
        let result = call.list_with_referents(
            "names",
            &mut ndr,
            70,
            |ndr| ndr.pointer("Names"),
            |ndr, name| ndr.referent(name, |ndr| ndr.wide_string("Names")),
        );
        let values = vec![Value::Text(Text::whole("x")); List::MAX];
        assert_eq!(call.arguments.get("names"), Some(&Value::List(List { values, omitted: 6 })));
        assert_eq!((result, ndr.u32("status")), (Ok(()), Ok(7)));
    }
}
