//! Looks for wrong facts about classes.

use super::check::{bad_text, bad_uuid, repeated};
use super::problem::Problem;
use super::schema::Class;
use std::collections::HashSet;

/// All that is wrong with `classes`.
pub(crate) fn problems(classes: &[Class]) -> Vec<Problem> {
    let mut known = HashSet::new();
    let mut problems = Vec::new();
    for class in classes {
        let mut texts = class_problems(class);
        if !known.insert(class.clsid.to_ascii_lowercase()) {
            texts.push("the class occurs twice".to_owned());
        }
        problems.extend(texts.into_iter().map(|text| Problem {
            file: "classes.yaml".into(),
            entry: format!("{} ({})", class.name, class.clsid),
            text,
        }));
    }
    problems
}

fn class_problems(class: &Class) -> Vec<String> {
    let mut texts: Vec<String> = bad_uuid(&class.clsid).into_iter().collect();
    texts.extend(bad_text("name", &class.name));
    for (field, text) in
        [("progid", &class.progid), ("server", &class.server), ("abuse", &class.abuse), ("note", &class.note)]
    {
        texts.extend(text.as_ref().and_then(|text| bad_text(field, text)));
    }
    for interface in &class.binds {
        texts.extend(bad_uuid(&interface.iid).map(|text| format!("binds: {text}")));
        texts.extend(bad_text("binds", &interface.name));
    }
    let iids: Vec<&str> = class.binds.iter().map(|interface| interface.iid.as_str()).collect();
    texts.extend(repeated(&iids).map(|iid| format!("binds: `{iid}` occurs twice")));
    for technique in class.techniques.iter().filter(|technique| !is_technique(technique)) {
        texts.push(format!("techniques: `{technique}` is not written as `T1021.003`"));
    }
    if class.sources.is_empty() {
        texts.push("no sources".to_owned());
    }
    texts.extend(class.sources.iter().filter_map(|source| bad_text("sources", source)));
    texts
}

/// Whether this is how ATT&CK numbers its techniques.
pub(super) fn is_technique(text: &str) -> bool {
    let is_number =
        |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = text.strip_prefix('T') else { return false };
    match number.split_once('.') {
        Some((technique, part)) => is_number(technique, 4) && is_number(part, 3),
        None => is_number(number, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::parse;
    use super::super::schema::ClassFile;
    use super::*;

    /// The problems of a class that is right but for a field.
    fn problems_of(wrong: &str) -> Vec<String> {
        let right = [
            "clsid: \"8bc3f05e-d86b-11d0-a075-00c04fb68820\"",
            "name: WbemLevel1Login",
            "category: lateral-movement",
            "binds: [{iid: f309ad18-d86a-11d0-a075-00c04fb68820, name: IWbemLevel1Login}]",
            "techniques: [T1047]",
            "evidence: specified",
            "sources: [openspecs MS-WMI]",
        ];
        let field = wrong.split_once(':').map(|(field, _)| field);
        let kept = right.iter().filter(|line| line.split_once(':').map(|(field, _)| field) != field);
        let lines: Vec<&str> = kept.copied().chain(Some(wrong).filter(|wrong| !wrong.is_empty())).collect();
        let text = format!("classes:\n- {}\n", lines.join("\n  "));
        let file: ClassFile = parse("classes.yaml", &text).expect("well-formed");
        problems(&file.classes).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_right_class_is_accepted_once() {
        assert_eq!(problems_of(""), [""; 0]);
        let text = "classes:\n- &class {clsid: 8bc3f05e-d86b-11d0-a075-00c04fb68820, name: a, category: plumbing, binds: [], \
                    evidence: single, sources: [s]}\n- *class\n";
        let file: ClassFile = parse("classes.yaml", text).expect("well-formed");
        let problems = problems(&file.classes);
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].to_string().contains("data/classes.yaml: a (8bc3f05e")
                && problems[0].text.contains("twice")
        );
    }

    #[test]
    fn wrong_classes_are_told() {
        for (wrong, part) in [
            ("clsid: 8BC3F05E-D86B-11D0-A075-00C04FB68820", "write the UUID as `8bc3f05e"),
            ("binds: [{iid: x, name: y}]", "binds: not a UUID"),
            ("techniques: [T47]", "`T47` is not written"),
            ("techniques: [T1021.3]", "`T1021.3` is not written"),
            ("name: \" a\"", "name: ` a` is empty or has blanks"),
            ("sources: []", "no sources"),
        ] {
            let problems = problems_of(wrong);
            assert!(problems.len() == 1 && problems[0].contains(part), "{wrong}: {problems:?}");
        }
    }
}
