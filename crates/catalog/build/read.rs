//! Files → facts.

use super::problem::Problem;
use super::schema::{AttackFile, ClassFile, InterfaceFile, ProtocolNumbers, SourceFile, StatusCodes};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// All that `data/` holds.
#[derive(Default, Debug)]
pub(crate) struct Facts {
    /// Path below `data/` → content.
    pub(crate) interfaces: BTreeMap<String, InterfaceFile>,
    /// Tag → where the facts come from.
    pub(crate) sources: BTreeMap<String, String>,
    pub(crate) classes: ClassFile,
    pub(crate) attack: AttackFile,
    pub(crate) status: StatusCodes,
    pub(crate) numbers: ProtocolNumbers,
}

/// Reads the folder `data`. All files are read before problems are returned, so that one build shows them all.
pub(crate) fn facts(data: &Path) -> Result<Facts, Vec<Problem>> {
    let mut facts = Facts::default();
    let mut problems = Vec::new();
    let mut keep = |result: Result<(), Problem>| problems.extend(result.err());

    keep(file::<SourceFile>(data, "sources.yaml").map(|content| facts.sources = content.sources));
    keep(file(data, "classes.yaml").map(|content| facts.classes = content));
    keep(file(data, "attack.yaml").map(|content| facts.attack = content));
    keep(file(data, "status-codes.yaml").map(|content| facts.status = content));
    keep(file(data, "protocol-numbers.yaml").map(|content| facts.numbers = content));
    match std::fs::read_dir(data.join("interfaces")) {
        Err(error) => keep(Err(Problem::in_file("interfaces", error))),
        Ok(entries) => {
            for entry in entries.flatten() {
                let path = format!("interfaces/{}", entry.file_name().to_string_lossy());
                if path.ends_with(".yaml") {
                    keep(file(data, &path).map(|content| {
                        facts.interfaces.insert(path.clone(), content);
                    }));
                } else {
                    keep(Err(Problem::in_file(&path, "only .yaml files belong here")));
                }
            }
        }
    }
    if problems.is_empty() { Ok(facts) } else { Err(problems) }
}

fn file<T: DeserializeOwned>(data: &Path, path: &str) -> Result<T, Problem> {
    let text = std::fs::read_to_string(data.join(path)).map_err(|error| Problem::in_file(path, error))?;
    parse(path, &text)
}

/// Parses one file. An opnum that occurs twice is an error of the parser, with its line and column.
pub(crate) fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Problem> {
    serde_yaml::from_str(text).map_err(|error| Problem::in_file(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "title: t\ninterfaces:\n- uuid: 367abb81-9844-35f1-ad32-98f038001003\n  kind: rpc\n  \
                         versions: [\"2.0\"]\n  sources: [samba]\n";

    fn problem(text: &str) -> String {
        parse::<InterfaceFile>("interfaces/x.yaml", text).expect_err("the file is wrong").to_string()
    }

    #[test]
    fn an_opnum_named_twice_is_an_error_with_its_line() {
        let text = format!("{ENTRY}  opnums:\n    0: First\n    0: Second\n");
        let problem = problem(&text);
        assert!(problem.contains("interfaces/x.yaml") && problem.contains("duplicate"), "{problem}");
        assert!(problem.contains("line 9"), "{problem}");
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        assert!(problem(&format!("{ENTRY}  opnumz: {{0: First}}\n")).contains("opnumz"));
    }

    #[test]
    fn an_unknown_kind_is_an_error() {
        assert!(problem(&ENTRY.replace("kind: rpc", "kind: soap")).contains("soap"));
    }

    #[test]
    fn an_opnum_over_16_bits_is_an_error() {
        assert!(problem(&format!("{ENTRY}  opnums: {{65536: First}}\n")).contains("x.yaml"));
    }

    #[test]
    fn a_folder_without_the_files_is_an_error() {
        assert!(facts(Path::new("/nonexistent")).is_err());
    }
}
