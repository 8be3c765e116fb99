//! Looks for wrong facts about the operations that techniques of ATT&CK use.

use super::check::{bad_text, bad_uuid, repeated};
use super::check_classes::is_technique;
use super::problem::Problem;
use super::read::Facts;
use super::schema::{AbusedOperations, Interface};
use std::collections::HashMap;

/// All that is wrong with the mapping to ATT&CK.
pub(crate) fn problems(facts: &Facts) -> Vec<Problem> {
    let interfaces = facts.interfaces.values().flat_map(|file| &file.interfaces);
    let interfaces: HashMap<&str, &Interface> =
        interfaces.map(|interface| (interface.uuid.as_str(), interface)).collect();
    let mut problems = Vec::new();
    let mut add = |entry: String, texts: Vec<String>| {
        problems.extend(texts.into_iter().map(|text| Problem {
            file: "attack.yaml".into(),
            entry: entry.clone(),
            text,
        }));
    };
    for (old, new) in &facts.attack.superseded_ids {
        let wrong = [old, new].into_iter().filter(|id| !is_technique(id));
        add("superseded_ids".into(), wrong.map(|id| not_a_technique(id)).collect());
    }
    for operations in &facts.attack.operations {
        let interface = interfaces.get(operations.interface.as_str()).copied();
        let mut texts = operation_problems(operations, interface);
        let unknown = operations.sources.iter().filter(|source| !facts.attack.sources.contains_key(*source));
        texts.extend(unknown.map(|source| format!("sources: unknown source `{source}`")));
        add(format!("{} ({})", operations.name, operations.interface), texts);
    }
    problems
}

fn operation_problems(operations: &AbusedOperations, interface: Option<&Interface>) -> Vec<String> {
    let mut texts: Vec<String> = bad_uuid(&operations.interface).into_iter().collect();
    match interface {
        None => texts.push("no interface has this UUID".to_owned()),
        Some(interface) => {
            if interface.name.as_ref() != Some(&operations.name) {
                texts.push(format!("the interface is named {:?}", interface.name));
            }
            for (opnum, method) in operations.opnums.iter().zip(&operations.methods) {
                match interface.opnums.get(opnum) {
                    Some(name) if name == method => {}
                    other => texts.push(format!("opnum {opnum} is {other:?}, not `{method}`")),
                }
            }
        }
    }
    if operations.opnums.len() != operations.methods.len() {
        texts.push("`opnums` and `methods` are not of one length".to_owned());
    }
    texts.extend(repeated(&operations.opnums).map(|opnum| format!("opnums: {opnum} occurs twice")));
    texts.extend(operations.techniques.iter().filter(|id| !is_technique(id)).map(|id| not_a_technique(id)));
    let lists = [
        ("techniques", &operations.techniques),
        ("tactics", &operations.tactics),
        ("sources", &operations.sources),
    ];
    for (field, list) in lists {
        if list.is_empty() {
            texts.push(format!("no {field}"));
        }
        texts.extend(repeated(list).map(|text| format!("{field}: `{text}` occurs twice")));
    }
    texts.extend(operations.abuse.as_ref().and_then(|text| bad_text("abuse", text)));
    texts.extend(bad_text("reason", &operations.reason));
    texts
}

fn not_a_technique(id: &str) -> String {
    format!("`{id}` is not written as `T1021.003`")
}

#[cfg(test)]
mod tests {
    use super::super::read::parse;
    use super::*;

    const SVCCTL: &str = "title: t\ninterfaces:\n- uuid: 367abb81-9844-35f1-ad32-98f038001003\n  name: svcctl\n  kind: rpc\n  \
                          versions: [\"2.0\"]\n  opnums: {12: RCreateServiceW}\n  sources: [samba]\n";

    fn problems_of(line: &str) -> Vec<String> {
        let right = [
            "interface: 367abb81-9844-35f1-ad32-98f038001003",
            "name: svcctl",
            "opnums: [12]",
            "methods: [RCreateServiceW]",
            "techniques: [T1543.003]",
            "tactics: [persistence]",
            "confidence: medium",
            "reason: Creates a service",
            "sources: [curated]",
        ];
        let key = line.split_once(':').map(|(key, _)| key);
        let lines: Vec<&str> = right
            .iter()
            .map(|known| if known.split_once(':').map(|(key, _)| key) == key { line } else { known })
            .collect();
        let text = format!(
            "attack_version: '1'\nsuperseded_ids: {{}}\nsources: {{curated: us}}\noperations:\n- {}\n",
            lines.join("\n  ")
        );
        let mut facts =
            Facts { attack: parse("attack.yaml", &text).expect("well-formed"), ..Facts::default() };
        facts.interfaces.insert("interfaces/x.yaml".into(), parse("x", SVCCTL).expect("well-formed"));
        problems(&facts).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn operations_have_to_be_those_of_the_interface() {
        assert_eq!(problems_of(""), [""; 0]);
        for (wrong, part) in [
            ("interface: 367abb81-9844-35f1-ad32-98f038001004", "no interface has this UUID"),
            ("name: atsvc", "the interface is named"),
            ("methods: [RStartServiceW]", "opnum 12 is Some(\"RCreateServiceW\"), not `RStartServiceW`"),
            ("methods: []", "not of one length"),
            ("techniques: [1543]", "`1543` is not written"),
            ("tactics: []", "no tactics"),
            ("sources: [hearsay]", "unknown source `hearsay`"),
        ] {
            let problems = problems_of(wrong);
            assert!(problems.iter().any(|problem| problem.contains(part)), "{wrong}: {problems:?}");
        }
    }
}
