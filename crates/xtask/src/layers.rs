//! Which crate may import which: arrows go one way.

use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// What each crate may import, besides crates of others. docs/ARCHITECTURE.md shows the same as a picture.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("text", &[]),
    ("catalog", &["model"]),
    ("wire", &["model"]),
    ("flow", &["model"]),
    ("session", &["wire", "catalog", "model"]),
    ("rules", &["catalog", "text", "model"]),
    ("engine", &["flow", "session", "rules", "model"]),
    ("capture", &["model"]),
    ("sinks", &["catalog", "model"]),
    ("testkit", &["catalog", "text", "model"]),
    ("cli", &["model", "text", "catalog", "flow", "rules", "engine", "capture", "sinks", "testkit"]),
];

/// Packages that are no part of the sensor: tests, benchmarks and tools. They may import anything.
const OUTSIDE: &[&str] = &["xtask", "rpcscope-suite", "rpcscope-compare"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    kind: Option<String>,
}

/// Fails when a crate imports what it may not.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let problems = problems(&metadata.packages);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn problems(packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in packages.iter().filter(|package| !OUTSIDE.contains(&package.name.as_str())) {
        let name = package.name.strip_prefix("rpcscope-").unwrap_or(&package.name);
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            problems.push(format!("{}: say in {} what it may import", package.name, file!()));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(import) = dependency.name.strip_prefix("rpcscope-") else { continue };
            let for_tests = dependency.kind.as_deref() == Some("dev") && import == "testkit";
            if !allowed.contains(&import) && !for_tests {
                problems.push(format!("{name} imports {import}, which it may not"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_imports_what_it_may_not() {
        assert_eq!(check(&crate::root()), Ok(()));
    }

    #[test]
    fn a_forbidden_import_is_found() {
        let dependency = Dependency { name: "rpcscope-sinks".into(), kind: None };
        let package = Package { name: "rpcscope-session".into(), dependencies: vec![dependency] };
        assert_eq!(problems(&[package]), ["session imports sinks, which it may not"]);
    }

    #[test]
    fn a_crate_that_nobody_thought_of_is_found() {
        let package = Package { name: "rpcscope-util".into(), dependencies: vec![] };
        assert_eq!(problems(&[package]).len(), 1);
    }
}
