//! An operation and its arguments.

use super::dcom::{write_orpcthat, write_orpcthis};
use super::{Ndr, dcom};
use std::fmt;
use uuid::Uuid;

/// An operation whose arguments can be encoded.
pub struct Operation {
    /// The interface.
    pub interface: Uuid,
    /// Its number.
    pub opnum: u16,
    /// Its name in the catalogue.
    pub name: &'static str,
    /// What a request says.
    pub arguments: &'static [Argument],
    /// What a response says.
    pub results: &'static [Argument],
    pub(super) request: fn(&Arguments, &mut Ndr),
    pub(super) response: fn(&Arguments, &mut Ndr),
}

impl Operation {
    /// Writes the stub of a request; `orpc` puts ORPCTHIS before it.
    pub fn write_request(&self, arguments: &Arguments, orpc: bool, ndr: &mut Ndr) {
        if orpc {
            write_orpcthis(ndr, dcom::CAUSALITY);
        }
        (self.request)(arguments, ndr);
    }

    /// Writes the stub of a response; `orpc` puts ORPCTHAT before it.
    pub fn write_response(&self, results: &Arguments, orpc: bool, ndr: &mut Ndr) {
        if orpc {
            write_orpcthat(ndr);
        }
        (self.response)(results, ndr);
    }
}

/// One argument, or one result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argument {
    /// Its key in a scenario.
    pub name: &'static str,
    /// What it can be.
    pub kind: Kind,
    /// What it is when a scenario does not say.
    pub usual: &'static str,
}

/// What an argument can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// Text, or nothing.
    OptionalText,
    /// Several texts.
    Texts,
    /// A number of up to 32 bits.
    Number,
    /// Bytes.
    Bytes,
    /// A context handle: a word that stands for it, or 20 bytes.
    Handle,
    /// A UUID, or a word that stands for one.
    Uuid,
    /// A class of objects: a UUID, or one of [`CLASSES`](super::CLASSES).
    Class,
    /// Interfaces: UUIDs, or names of the catalogue.
    Interfaces,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::OptionalText => "text or ~",
            Self::Texts => "texts",
            Self::Number => "a number",
            Self::Bytes => "hex:… or text",
            Self::Handle => "a handle",
            Self::Uuid => "a UUID or word",
            Self::Class => "a CLSID or class",
            Self::Interfaces => "interfaces",
        })
    }
}

/// The value of an argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Text, and the name of a handle.
    Text(String),
    /// No text.
    Absent,
    /// Several texts.
    Texts(Vec<String>),
    /// A number.
    Number(u32),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
    /// Several UUIDs.
    Uuids(Vec<Uuid>),
}

/// The arguments of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arguments {
    known: &'static [Argument],
    values: Vec<Typed>,
}

impl Arguments {
    /// The usual ones.
    pub fn usual(known: &'static [Argument]) -> Self {
        Self { known, values: known.iter().map(Argument::usual_value).collect() }
    }

    /// Sets one.
    ///
    /// # Panics
    /// When there is no argument of this name.
    pub fn set(&mut self, name: &str, value: Typed) {
        let place = self.place(name);
        self.values[place] = value;
    }

    /// A text; empty when it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_default()
    }

    /// A text, if it is there.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        match &self.values[self.place(name)] {
            Typed::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn texts(&self, name: &str) -> &[String] {
        match &self.values[self.place(name)] {
            Typed::Texts(texts) => texts,
            _ => &[],
        }
    }

    pub(super) fn number(&self, name: &str) -> u32 {
        match &self.values[self.place(name)] {
            Typed::Number(number) => *number,
            _ => 0,
        }
    }

    pub(super) fn bytes(&self, name: &str) -> &[u8] {
        match &self.values[self.place(name)] {
            Typed::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    pub(super) fn uuid(&self, name: &str) -> Uuid {
        match &self.values[self.place(name)] {
            Typed::Uuid(uuid) => *uuid,
            _ => Uuid::nil(),
        }
    }

    pub(super) fn uuids(&self, name: &str) -> Vec<Uuid> {
        match &self.values[self.place(name)] {
            Typed::Uuids(uuids) => uuids.clone(),
            _ => Vec::new(),
        }
    }

    fn place(&self, name: &str) -> usize {
        let place = self.known.iter().position(|argument| argument.name == name);
        place.unwrap_or_else(|| panic!("no argument is named {name}"))
    }
}

impl Argument {
    fn usual_value(&self) -> Typed {
        let usual = self.usual;
        match self.kind {
            Kind::Text | Kind::Handle => Typed::Text(usual.to_owned()),
            Kind::OptionalText if usual == "~" => Typed::Absent,
            Kind::OptionalText => Typed::Text(usual.to_owned()),
            Kind::Texts => {
                Typed::Texts(usual.split(", ").filter(|text| !text.is_empty()).map(str::to_owned).collect())
            }
            Kind::Number => {
                let number =
                    crate::scenario::parse_number(usual).and_then(|number| u32::try_from(number).ok());
                Typed::Number(number.expect("usual numbers are numbers"))
            }
            Kind::Bytes => {
                let hex = usual.strip_prefix("hex:").unwrap_or_default();
                Typed::Bytes(crate::scenario::parse_hex(hex).expect("usual bytes are hexadecimal"))
            }
            Kind::Class => Typed::Uuid(super::class(usual).expect("usual classes are known")),
            Kind::Interfaces => {
                let mut known = rpcscope_catalog::interfaces_named(usual);
                Typed::Uuids(vec![known.next().expect("usual interfaces are known").uuid])
            }
            Kind::Uuid => Typed::Uuid(Uuid::parse_str(usual).unwrap_or_else(|_| super::identifier(usual))),
        }
    }
}

pub(super) const fn text(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Text, usual }
}

pub(super) const fn optional(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::OptionalText, usual }
}

pub(super) const fn texts(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Texts, usual }
}

pub(super) const fn number(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Number, usual }
}

pub(super) const fn bytes(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Bytes, usual }
}

pub(super) const fn handle(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Handle, usual }
}

pub(super) const fn uuid(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Uuid, usual }
}

pub(super) const fn class(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Class, usual }
}

pub(super) const fn interfaces(name: &'static str, usual: &'static str) -> Argument {
    Argument { name, kind: Kind::Interfaces, usual }
}

/// A status alone.
pub(super) const STATUS: &[Argument] = &[number("status", "0")];

/// Writes a status alone.
pub(super) fn status(results: &Arguments, ndr: &mut Ndr) {
    ndr.u32(results.number("status"));
}

/// Writes a handle and a status.
pub(super) fn handle_and_status(results: &Arguments, ndr: &mut Ndr) {
    ndr.handle(results.text("handle")).u32(results.number("status"));
}
