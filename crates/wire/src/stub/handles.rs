//! Context handles: which ones a call is about, and what they are called.
//!
//! A handle means something only to whoever saw it being opened. A request says which handle it uses and what the handle
//! is called that its response will open; the response says which handle that is. Whoever follows an association keeps
//! a table from handles to [`Names`], and adds the names of the used handle to the arguments of each call.

use crate::ndr::Handle;
use rpcscope_model::{Arguments, CompactString, Text, Value};

/// The context handles that a request or response is about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Handles {
    /// The handle that the call is made on.
    pub used: Option<Handle>,
    /// The handle that a response gives.
    pub opened: Option<Handle>,
    /// The handle that stands for nothing after the call; said by the request, true once the server has replied.
    pub closed: Option<Handle>,
    /// What the handle is called that the call opens.
    pub naming: Option<Naming>,
}

/// What the handle is called that a call opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Naming {
    /// It stands for this: field and value.
    Is(&'static str, Text),
    /// It stands for something below what the used handle has in this field: `SOFTWARE\Microsoft` below `HKLM`.
    Under(&'static str, Text, char),
}

/// What a handle is called: the names of the handles that it was opened with, and its own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names(Vec<(&'static str, Text)>);

impl Names {
    /// Names of one handle. A chain of handles (server, domain, account) is no longer than this.
    const MAX: usize = 4;

    /// The names of a handle that a call opens. `used` are those of the handle that the call was made on.
    pub fn opened(used: Option<&Self>, naming: Option<&Naming>) -> Self {
        let mut names = used.cloned().unwrap_or_default();
        match naming {
            Some(Naming::Is(field, text)) => names.set(field, text.clone()),
            Some(Naming::Under(field, text, separator)) => {
                if let Some(below) = names.below(field, text, *separator) {
                    names.set(field, below);
                }
            }
            None => {}
        }
        names
    }

    /// Adds the names to the arguments of a call that uses the handle. What the call says itself stays. `naming` is the
    /// call's own: a name below that of the handle becomes whole.
    pub fn add_to(&self, arguments: &mut Arguments, naming: Option<&Naming>) {
        if let Some(Naming::Under(field, text, separator)) = naming
            && let Some(below) = self.below(field, text, *separator)
        {
            arguments.put(*field, Value::Text(below));
        }
        for (field, text) in &self.0 {
            if arguments.get(field).is_none() {
                arguments.put(*field, Value::Text(text.clone()));
            }
        }
    }

    /// Bytes that the names take.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(_, text)| text.string.len()).sum()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of something below the handle. When the handle has none, because it was opened before the capture began,
    /// a question mark stands for it.
    fn below(&self, field: &'static str, text: &Text, separator: char) -> Option<Text> {
        match self.0.iter().find(|(known, _)| *known == field) {
            Some((_, above)) => Some(joined(above, text, separator)),
            None if text.string.is_empty() => None,
            None => Some(joined(&Text::whole("?"), text, separator)),
        }
    }

    fn set(&mut self, field: &'static str, text: Text) {
        if let Some(known) = self.0.iter_mut().find(|(known, _)| *known == field) {
            known.1 = text;
        } else if self.0.len() < Self::MAX {
            self.0.push((field, text));
        }
    }
}

/// One name below another. A name that grows with each call ends at the limit of a text.
fn joined(above: &Text, below: &Text, separator: char) -> Text {
    if below.string.is_empty() || above.cut {
        return above.clone();
    }
    let mut string =
        CompactString::with_capacity(above.string.len() + separator.len_utf8() + below.string.len());
    string.push_str(&above.string);
    string.push(separator);
    string.push_str(&below.string);
    let mut cut = below.cut;
    if string.len() > Text::MAX_CHARS
        && let Some((end, _)) = string.char_indices().nth(Text::MAX_CHARS)
    {
        string.truncate(end);
        cut = true;
    }
    Text { string, cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(names: &Names, field: &str) -> Option<String> {
        let mut arguments = Arguments::default();
        names.add_to(&mut arguments, None);
        arguments.text(field).map(str::to_owned)
    }

    #[test]
    fn a_name_goes_on_from_the_handle_that_was_used() {
        let root = Names::opened(None, Some(&Naming::Is("key", Text::whole("HKLM"))));
        let naming = Naming::Under("key", Text::whole("SOFTWARE\\Run"), '\\');
        let below = Names::opened(Some(&root), Some(&naming));
        assert_eq!(text(&below, "key").as_deref(), Some("HKLM\\SOFTWARE\\Run"));
        assert_eq!(text(&Names::opened(None, Some(&naming)), "key").as_deref(), Some("?\\SOFTWARE\\Run"));
        let same = Names::opened(Some(&root), Some(&Naming::Under("key", Text::default(), '\\')));
        assert_eq!(text(&same, "key").as_deref(), Some("HKLM"));
    }

    #[test]
    fn a_call_that_goes_below_its_handle_has_the_whole_name() {
        let root = Names::opened(None, Some(&Naming::Is("key", Text::whole("HKLM"))));
        let mut arguments = Arguments::default();
        root.add_to(&mut arguments, Some(&Naming::Under("key", Text::whole("SAM"), '\\')));
        assert_eq!(arguments.text("key"), Some("HKLM\\SAM"));
    }

    #[test]
    fn a_name_below_a_name_below_a_name_is_bounded() {
        let mut names = Names::default();
        let naming = Naming::Under("key", Text::whole("x".repeat(100)), '\\');
        for _ in 0..1000 {
            names = Names::opened(Some(&names), Some(&naming));
        }
        let name = text(&names, "key").expect("a key");
        assert_eq!(name.len(), Text::MAX_CHARS);
        assert!(names.0.iter().all(|(_, text)| text.cut));
    }

    #[test]
    fn a_handle_keeps_the_names_of_those_before_it() {
        let domain = Names::opened(None, Some(&Naming::Is("domain", Text::whole("CORP"))));
        let user = Names::opened(Some(&domain), Some(&Naming::Is("account", Text::whole("1104"))));
        assert_eq!(text(&user, "domain").as_deref(), Some("CORP"));
        assert_eq!(text(&user, "account").as_deref(), Some("1104"));
    }

    #[test]
    fn what_the_call_says_itself_stays() {
        let mut arguments = Arguments::default();
        arguments.put("service", Value::Text(Text::whole("new")));
        Names::opened(None, Some(&Naming::Is("service", Text::whole("old")))).add_to(&mut arguments, None);
        assert_eq!(arguments.text("service"), Some("new"));
    }
}
