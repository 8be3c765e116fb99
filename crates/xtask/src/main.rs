//! Generates what is generated and checks what is checked: `cargo xtask generate`, `cargo xtask check-layers`.

mod layers;
mod reference;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let verb = std::env::args().nth(1).unwrap_or_default();
    let result = match verb.as_str() {
        "generate" => reference::generate(&root()),
        "check-layers" => layers::check(&root()),
        _ => Err("say `cargo xtask generate` or `cargo xtask check-layers`".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
