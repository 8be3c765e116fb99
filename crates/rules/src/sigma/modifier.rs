//! The modifiers of a field: how its values are changed and compared (Sigma modifiers).

use crate::encode::Utf16;
use crate::finding::{Findings, Place};
use crate::matcher::{Anchor, Comparison, TimePart};

/// All modifiers of one field, checked against each other.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Chain {
    /// Encodings, in the order in which they are applied.
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) windash: bool,
    pub(crate) form: Form,
    pub(crate) anchor: Anchor,
    /// All values are wanted, not one of them.
    pub(crate) all: bool,
    pub(crate) cased: bool,
    pub(crate) expand: bool,
    pub(crate) negated: bool,
}

/// What a value is taken for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Form {
    Plain,
    Regex { ignore_case: bool, multi_line: bool, dot_all: bool },
    Cidr,
    Exists,
    Compare(Comparison),
    FieldRef,
    Time(TimePart, Comparison),
}

/// How a value is encoded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Encoding {
    Utf16(Utf16),
    Base64,
    Base64Offset,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            encodings: Vec::new(),
            windash: false,
            form: Form::Plain,
            anchor: Anchor::Whole,
            all: false,
            cased: false,
            expand: false,
            negated: false,
        }
    }
}

impl Chain {
    /// Reads what stands after the first `|` of a key, which starts at `place`.
    pub(super) fn parse(modifiers: Option<&str>, place: Place, findings: &mut Findings) -> Option<Self> {
        let mut chain = Self::default();
        let before = findings.errors();
        let mut place = place;
        for name in modifiers.into_iter().flat_map(|modifiers| modifiers.split('|')) {
            if let Err(clash) = chain.apply(name) {
                match clash {
                    Clash::Unknown => {
                        findings.error(place, format!("unknown modifier `{name}`")).nearest(name, NAMES)
                    }
                    Clash::With(cause) => findings.error(place, format!("`{name}` {cause}")),
                };
            }
            place = place.right(name.chars().count() + 1);
        }
        if findings.errors() == before
            && let Err(cause) = chain.check()
        {
            findings.error(place, cause);
        }
        (findings.errors() == before).then_some(chain)
    }

    fn apply(&mut self, name: &str) -> Result<(), Clash> {
        if let Some((_, comparison)) =
            Comparison::NAMED.iter().find(|(known, _)| *known == name && name != "eq")
        {
            return self.compare(*comparison);
        }
        if let Some((_, part)) = TimePart::NAMED.iter().find(|(known, _)| *known == name) {
            return self.set_form(Form::Time(*part, Comparison::Equal));
        }
        let regex = Form::Regex { ignore_case: false, multi_line: false, dot_all: false };
        match name {
            "all" => self.all = true,
            "cased" => self.cased = true,
            "expand" => self.expand = true,
            "windash" => self.windash = true,
            "contains" => return self.set_anchor(Anchor::Anywhere),
            "startswith" => return self.set_anchor(Anchor::Start),
            "endswith" => return self.set_anchor(Anchor::End),
            "re" => return self.set_form(regex),
            "cidr" => return self.set_form(Form::Cidr),
            "exists" => return self.set_form(Form::Exists),
            "fieldref" => return self.set_form(Form::FieldRef),
            "base64" => return self.encode(Encoding::Base64),
            "base64offset" => return self.encode(Encoding::Base64Offset),
            "wide" | "utf16le" => return self.encode(Encoding::Utf16(Utf16::Little)),
            "utf16be" => return self.encode(Encoding::Utf16(Utf16::Big)),
            "utf16" => return self.encode(Encoding::Utf16(Utf16::Marked)),
            "i" | "m" | "s" => {
                let Form::Regex { ignore_case, multi_line, dot_all } = &mut self.form else {
                    return Err(Clash::With("is for regular expressions: write `re` before it"));
                };
                match name {
                    "i" => *ignore_case = true,
                    "m" => *multi_line = true,
                    _ => *dot_all = true,
                }
            }
            _ => return Err(Clash::Unknown),
        }
        Ok(())
    }

    fn set_form(&mut self, form: Form) -> Result<(), Clash> {
        if self.form != Form::Plain {
            return Err(Clash::With("beside another way of comparing"));
        }
        self.form = form;
        Ok(())
    }

    fn compare(&mut self, comparison: Comparison) -> Result<(), Clash> {
        match &mut self.form {
            _ if comparison == Comparison::NotEqual => self.negated = true,
            Form::Time(_, wanted @ Comparison::Equal) => *wanted = comparison,
            Form::Plain => self.form = Form::Compare(comparison),
            _ => return Err(Clash::With("beside another way of comparing")),
        }
        Ok(())
    }

    fn set_anchor(&mut self, anchor: Anchor) -> Result<(), Clash> {
        if self.anchor != Anchor::Whole {
            return Err(Clash::With("beside another of `contains`, `startswith` and `endswith`"));
        }
        self.anchor = anchor;
        Ok(())
    }

    fn encode(&mut self, encoding: Encoding) -> Result<(), Clash> {
        let is_base64 = |encoding: &Encoding| matches!(encoding, Encoding::Base64 | Encoding::Base64Offset);
        if self.anchor != Anchor::Whole {
            return Err(Clash::With(
                "after the place in the text: write it before `contains`, `startswith` or `endswith`",
            ));
        }
        if self.encodings.len() >= MAX_ENCODINGS {
            return Err(Clash::With("is one encoding too many"));
        }
        if self
            .encodings
            .last()
            .is_some_and(|last| *last == Encoding::Base64Offset || !is_base64(last) && !is_base64(&encoding))
        {
            return Err(Clash::With("does not go with the encoding before it"));
        }
        self.encodings.push(encoding);
        Ok(())
    }

    /// What the modifiers say together.
    fn check(&self) -> Result<(), &'static str> {
        let textual = matches!(self.form, Form::Plain);
        let placed = matches!(self.form, Form::Plain | Form::Regex { .. } | Form::FieldRef);
        if !textual && (!self.encodings.is_empty() || self.windash) {
            return Err("encodings and `windash` are for texts only");
        }
        if self.anchor != Anchor::Whole && !placed {
            return Err("`contains`, `startswith` and `endswith` are for texts only");
        }
        if self.cased && !matches!(self.form, Form::Plain | Form::FieldRef) {
            return Err(
                "`cased` is for texts; regular expressions tell upper from lower case unless `i` is given",
            );
        }
        if self.expand && matches!(self.form, Form::Exists | Form::FieldRef) {
            return Err("`expand` has no meaning for names of fields and for `exists`");
        }
        if self.all && self.negated {
            return Err("`all` with `neq` can be read in two ways: negate a selection in the condition");
        }
        if self.all && matches!(self.form, Form::Exists) {
            return Err("`exists` takes one truth value");
        }
        Ok(())
    }
}

enum Clash {
    Unknown,
    With(&'static str),
}

/// Encodings on top of each other. Each makes a value a third or twice as long.
const MAX_ENCODINGS: usize = 4;
const NAMES: [&str; 31] = [
    "all",
    "startswith",
    "endswith",
    "contains",
    "exists",
    "cased",
    "neq",
    "windash",
    "re",
    "i",
    "m",
    "s",
    "base64",
    "base64offset",
    "utf16le",
    "utf16be",
    "utf16",
    "wide",
    "lt",
    "lte",
    "gt",
    "gte",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "cidr",
    "expand",
    "fieldref",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(modifiers: &str) -> Result<Chain, String> {
        let mut findings = Findings::new("a.yml".into());
        let chain = Chain::parse(Some(modifiers), Place { line: 1, column: 10 }, &mut findings);
        chain.ok_or_else(|| {
            findings
                .into_list()
                .iter()
                .map(|finding| format!("{}: {}", finding.place.column, finding.cause))
                .collect()
        })
    }

    #[test]
    fn every_modifier_of_the_specification_is_known() {
        for name in NAMES {
            let after_re = matches!(name, "i" | "m" | "s");
            let chain = read(&if after_re { format!("re|{name}") } else { name.to_owned() });
            assert!(chain.is_ok(), "{name}: {chain:?}");
            assert_ne!(chain, Ok(Chain::default()), "{name}");
        }
    }

    #[test]
    fn modifiers_that_contradict_each_other_are_refused_at_their_place() {
        assert_eq!(read("all|contians"), Err("14: unknown modifier `contians`".into()));
        assert!(
            read("contains|base64").is_err_and(|shown| shown.starts_with("19: `base64` after the place"))
        );
        for wrong in [
            "re|cidr",
            "i",
            "contains|startswith",
            "wide|utf16be",
            "base64offset|base64",
            "gt|contains",
            "neq|all",
            "re|cased",
            "cidr|windash",
            "exists|expand",
            "",
            "gt|lt",
            "hour|re",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn orders_in_use_are_accepted() {
        for right in [
            "utf16le|base64offset|contains",
            "contains|all|windash",
            "windash|contains|all",
            "re|i|m|s",
            "cidr|expand",
            "hour|gte",
            "fieldref|neq",
            "contains|expand|cased",
            "fieldref|endswith",
            "re|expand",
        ] {
            assert!(read(right).is_ok(), "{right}");
        }
    }
}
