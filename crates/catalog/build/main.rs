//! Compiles the facts in `data/` into constant tables, so that nothing is parsed when the program starts.
//!
//! One way only: read → check → intern → emit. A fact that is wrong stops the build with the file and the entry.

mod check;
mod check_attack;
mod check_classes;
mod emit;
mod emit_attack;
mod emit_classes;
mod perfect_hash;
mod problem;
mod read;
mod schema;
mod text_pool;

#[path = "../src/hash.rs"]
mod hash;

use problem::Problem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let data = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("data");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/hash.rs");
    match compile(&data, &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Reads `data`, checks it and writes `tables.rs` and `text.txt` into `out`.
fn compile(data: &Path, out: &Path) -> Result<(), Vec<Problem>> {
    let facts = read::facts(data)?;
    let mut problems = check::problems(&facts);
    problems.extend(check_classes::problems(&facts.classes.classes));
    problems.extend(check_attack::problems(&facts));
    if !problems.is_empty() {
        return Err(problems);
    }
    let (tables, text) = emit::tables(&facts).map_err(|problem| vec![problem])?;
    for (name, content) in [("tables.rs", tables), ("text.txt", text)] {
        std::fs::write(out.join(name), content).map_err(|error| vec![Problem::in_file(name, error)])?;
    }
    Ok(())
}
