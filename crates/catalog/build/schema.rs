//! The shapes of the files in `data/`. What each field means is said in `data/README.md`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Number of an operation → its name.
pub(crate) type Procedures = BTreeMap<u16, String>;

/// A file of `data/interfaces/`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct InterfaceFile {
    pub(crate) protocol: Option<String>,
    pub(crate) title: String,
    pub(crate) interfaces: Vec<Interface>,
}

/// One interface.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    pub(crate) uuid: String,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) orpcthis: Option<bool>,
    pub(crate) versions: Vec<String>,
    pub(crate) inherits: Option<String>,
    pub(crate) sdk: Option<String>,
    #[serde(default)]
    pub(crate) also: Vec<String>,
    pub(crate) service: Option<String>,
    #[serde(default)]
    pub(crate) binaries: Vec<String>,
    #[serde(default)]
    pub(crate) client_binaries: Vec<String>,
    #[serde(default)]
    pub(crate) pipes: Vec<String>,
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
    #[serde(default)]
    pub(crate) dynamic_tcp: bool,
    pub(crate) observed_opnum_count: Option<u16>,
    #[serde(default)]
    pub(crate) opnums: Procedures,
    #[serde(default)]
    pub(crate) not_on_wire: Vec<u16>,
    #[serde(default)]
    pub(crate) disputed: BTreeMap<u16, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) opnum_variants: BTreeMap<String, Procedures>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    pub(crate) sources: Vec<String>,
}

impl Interface {
    /// How an error message calls this entry.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.uuid),
            None => self.uuid.clone(),
        }
    }
}

/// What an interface is for.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Rpc,
    Dcom,
    OrpcObject,
}

/// `data/classes.yaml`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassFile {
    pub(crate) classes: Vec<Class>,
}

/// One class of objects.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Class {
    pub(crate) clsid: String,
    pub(crate) name: String,
    pub(crate) progid: Option<String>,
    pub(crate) category: Category,
    pub(crate) server: Option<String>,
    pub(crate) binds: Vec<BoundInterface>,
    pub(crate) abuse: Option<String>,
    #[serde(default)]
    pub(crate) techniques: Vec<String>,
    pub(crate) evidence: Evidence,
    pub(crate) note: Option<String>,
    pub(crate) sources: Vec<String>,
}

/// An interface that clients bind on objects of a class.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundInterface {
    pub(crate) iid: String,
    pub(crate) name: String,
}

/// What a class is for.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Category {
    LateralMovement,
    Administration,
    InProcess,
    Plumbing,
}

/// How well the facts of a class are known.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Evidence {
    Specified,
    Multiple,
    Single,
}

/// `data/attack.yaml`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttackFile {
    pub(crate) attack_version: String,
    /// Number of a technique that was given up → the one that took its place.
    pub(crate) superseded_ids: BTreeMap<String, String>,
    /// Tag → where a mapping comes from.
    pub(crate) sources: BTreeMap<String, String>,
    pub(crate) operations: Vec<AbusedOperations>,
}

/// Operations of one interface that techniques use.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbusedOperations {
    pub(crate) interface: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) opnums: Vec<u16>,
    #[serde(default)]
    pub(crate) methods: Vec<String>,
    pub(crate) techniques: Vec<String>,
    pub(crate) tactics: Vec<String>,
    pub(crate) confidence: Confidence,
    pub(crate) abuse: Option<String>,
    pub(crate) reason: String,
    pub(crate) sources: Vec<String>,
}

/// How strongly a single call points at abuse.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Confidence {
    Low,
    Medium,
    High,
}

/// `data/sources.yaml`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceFile {
    pub(crate) sources: BTreeMap<String, String>,
}

/// `data/status-codes.yaml`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusCodes {
    pub(crate) nca: BTreeMap<u32, String>,
    pub(crate) win32: BTreeMap<u32, String>,
    pub(crate) ntstatus: BTreeMap<u32, String>,
    pub(crate) hresult: BTreeMap<u32, String>,
}

impl StatusCodes {
    /// The groups with their names, in the order of the file.
    pub(crate) fn groups(&self) -> [(&'static str, &BTreeMap<u32, String>); 4] {
        [("nca", &self.nca), ("win32", &self.win32), ("ntstatus", &self.ntstatus), ("hresult", &self.hresult)]
    }
}

/// `data/protocol-numbers.yaml`.
#[derive(Deserialize, Default, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProtocolNumbers {
    pub(crate) pdu_types: BTreeMap<u32, String>,
    pub(crate) bind_results: BTreeMap<u32, String>,
    pub(crate) provider_reasons: BTreeMap<u32, String>,
    pub(crate) bind_nak_reasons: BTreeMap<u32, String>,
    pub(crate) rts_commands: BTreeMap<u32, String>,
    pub(crate) tower_protocols: BTreeMap<u32, String>,
}

impl ProtocolNumbers {
    /// The groups with their names, in the order of the file.
    pub(crate) fn groups(&self) -> [(&'static str, &BTreeMap<u32, String>); 6] {
        [
            ("pdu_types", &self.pdu_types),
            ("bind_results", &self.bind_results),
            ("provider_reasons", &self.provider_reasons),
            ("bind_nak_reasons", &self.bind_nak_reasons),
            ("rts_commands", &self.rts_commands),
            ("tower_protocols", &self.tower_protocols),
        ]
    }
}
