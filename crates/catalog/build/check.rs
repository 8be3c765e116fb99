//! Looks for wrong facts. All are reported, not only the first.

use super::problem::Problem;
use super::read::Facts;
use super::schema::{Interface, InterfaceFile, Procedures};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Longest name of an operation, in bytes: the tables keep lengths in one byte.
const MAX_PROCEDURE_NAME: usize = 255;

/// All that is wrong with `facts`.
pub(crate) fn problems(facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut places = HashMap::new();
    for (file, content) in &facts.interfaces {
        for text in file_problems(file, content) {
            problems.push(Problem::in_file(file, text));
        }
        for interface in &content.interfaces {
            let mut texts = interface_problems(interface, &facts.sources);
            let label = format!("data/{file}: {}", interface.label());
            if let Some(earlier) = places.insert(interface.uuid.to_ascii_lowercase(), label) {
                texts.push(format!("the UUID is already at {earlier}"));
            }
            problems.extend(texts.into_iter().map(|text| Problem {
                file: file.clone(),
                entry: interface.label(),
                text,
            }));
        }
    }
    let mut seen = BTreeMap::new();
    for (group, codes) in facts.status.groups() {
        for (code, name) in codes {
            let entry = format!("{group} {code:#010x}");
            if let Some(text) = bad_identifier("status", name) {
                problems.push(Problem { file: "status-codes.yaml".into(), entry: entry.clone(), text });
            }
            if let Some(earlier) = seen.insert(*code, entry.clone()) {
                let text = format!("the value is already named as {earlier}");
                problems.push(Problem { file: "status-codes.yaml".into(), entry, text });
            }
        }
    }
    for (group, numbers) in facts.numbers.groups() {
        for (number, name) in numbers {
            if let Some(text) = bad_identifier("number", name) {
                let entry = format!("{group} {number}");
                problems.push(Problem { file: "protocol-numbers.yaml".into(), entry, text });
            }
        }
    }
    problems
}

fn file_problems(file: &str, content: &InterfaceFile) -> Vec<String> {
    let mut texts = Vec::new();
    let stem = file.trim_start_matches("interfaces/").trim_end_matches(".yaml");
    match &content.protocol {
        Some(protocol) if protocol.to_ascii_lowercase() != stem => {
            texts.push(format!("unknown protocol `{protocol}`: the file of a protocol carries its name"));
        }
        None if is_specification(&stem.to_ascii_uppercase()) => {
            texts.push("the file has the name of a protocol, but no `protocol`".to_owned());
        }
        _ => {}
    }
    texts.extend(bad_text("title", &content.title));
    if content.interfaces.is_empty() {
        texts.push("no interfaces".to_owned());
    }
    texts
}

fn interface_problems(interface: &Interface, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut texts = Vec::new();
    texts.extend(bad_uuid(&interface.uuid));
    let single = [("name", &interface.name), ("inherits", &interface.inherits), ("sdk", &interface.sdk)];
    for (field, text) in single.into_iter().chain([("service", &interface.service)]) {
        texts.extend(text.as_ref().and_then(|text| bad_text(field, text)));
    }
    let lists = [
        ("aliases", &interface.aliases),
        ("versions", &interface.versions),
        ("also", &interface.also),
        ("binaries", &interface.binaries),
        ("client_binaries", &interface.client_binaries),
        ("pipes", &interface.pipes),
        ("notes", &interface.notes),
        ("sources", &interface.sources),
    ];
    for (field, list) in lists {
        texts.extend(list.iter().filter_map(|text| bad_text(field, text)));
        texts.extend(repeated(list).map(|text| format!("{field}: `{text}` occurs twice")));
    }
    for alias in interface.aliases.iter().filter(|alias| Some(*alias) == interface.name.as_ref()) {
        texts.push(format!("aliases: `{alias}` is the name"));
    }
    if interface.versions.is_empty() {
        texts.push("no versions".to_owned());
    }
    for version in interface.versions.iter().filter(|version| !is_version(version)) {
        texts.push(format!("versions: `{version}` is not major.minor"));
    }
    for protocol in interface.also.iter().filter(|protocol| !is_specification(protocol)) {
        texts.push(format!("also: unknown protocol `{protocol}`"));
    }
    for pipe in interface.pipes.iter().filter(|pipe| pipe.contains(['\\', '/'])) {
        texts.push(format!("pipes: write `{pipe}` without slashes and without `pipe`"));
    }
    if interface.ports.contains(&0) {
        texts.push("ports: 0 is no port".to_owned());
    }
    if interface.sources.is_empty() {
        texts.push("no sources".to_owned());
    }
    for source in interface.sources.iter().filter(|source| !sources.contains_key(*source)) {
        texts.push(format!("sources: unknown source `{source}`; known ones are in data/sources.yaml"));
    }
    texts.extend(opnum_problems(interface));
    texts
}

fn opnum_problems(interface: &Interface) -> Vec<String> {
    let mut texts = Vec::new();
    let mut names = |table: &str, procedures: &Procedures| {
        texts.extend(procedures.iter().filter_map(|(opnum, name)| {
            Some(format!("{table}: {opnum}: {}", bad_identifier("procedure", name)?))
        }));
    };
    names("opnums", &interface.opnums);
    for (label, procedures) in &interface.opnum_variants {
        names(&format!("opnum_variants: {label}"), procedures);
    }
    for opnum in interface.not_on_wire.iter().filter(|opnum| !interface.opnums.contains_key(opnum)) {
        texts.push(format!("not_on_wire: opnum {opnum} is not in opnums"));
    }
    texts.extend(repeated(&interface.not_on_wire).map(|opnum| format!("not_on_wire: {opnum} occurs twice")));
    for (opnum, names) in &interface.disputed {
        match interface.opnums.get(opnum) {
            None => texts.push(format!("disputed: opnum {opnum} is not in opnums")),
            Some(used) if !names.values().any(|name| name == used) => {
                texts.push(format!("disputed: no source calls opnum {opnum} `{used}`, as opnums do"));
            }
            Some(_) => {}
        }
        texts.extend(
            names.values().filter_map(|name| {
                Some(format!("disputed: {opnum}: {}", bad_identifier("procedure", name)?))
            }),
        );
    }
    let named = interface.opnums.len();
    if interface.observed_opnum_count.is_some_and(|count| usize::from(count) <= named) {
        texts.push(format!("observed_opnum_count: not more than the {named} in opnums; leave it out"));
    }
    texts
}

/// What is wrong with a UUID, if anything: it has one spelling, so that it can be searched for.
pub(super) fn bad_uuid(text: &str) -> Option<String> {
    match Uuid::parse_str(text) {
        Ok(uuid) if uuid.to_string() == text => None,
        Ok(uuid) => Some(format!("write the UUID as `{uuid}`")),
        Err(error) => Some(format!("not a UUID: {error}")),
    }
}

/// What is wrong with a text that people read, if anything.
pub(super) fn bad_text(field: &str, text: &str) -> Option<String> {
    if text.is_empty() || text.trim() != text {
        return Some(format!("{field}: `{text}` is empty or has blanks around it"));
    }
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (!printable).then(|| format!("{field}: `{}` is not printable ASCII", text.escape_debug()))
}

/// What is wrong with a name that rules use, if anything.
fn bad_identifier(what: &str, name: &str) -> Option<String> {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (!starts || !rest || name.len() > MAX_PROCEDURE_NAME)
        .then(|| format!("`{}` is no name of a {what}: letters, digits and `_`", name.escape_debug()))
}

/// Whether this is how Microsoft numbers its specifications: `MS-SCMR`, `MC-MQAC`.
fn is_specification(name: &str) -> bool {
    name.strip_prefix("MS-").or_else(|| name.strip_prefix("MC-")).is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

fn is_version(text: &str) -> bool {
    text.split_once('.').is_some_and(|(major, minor)| major.parse::<u16>().and(minor.parse::<u16>()).is_ok())
}

pub(super) fn repeated<T: Ord>(list: &[T]) -> impl Iterator<Item = &T> {
    let mut seen = BTreeSet::new();
    list.iter().filter(move |item| !seen.insert(*item))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
