//! Reference pages that are made from tables in the code.

use rpcscope_model::{AnomalyKind, Stats};
use std::fmt::Write;
use std::path::Path;

/// Pages, by their path in the project.
fn pages() -> [(&'static str, String); 2] {
    [("docs/reference/anomalies.md", anomalies()), ("docs/reference/counters.md", counters())]
}

/// Writes all pages.
pub(crate) fn generate(root: &Path) -> Result<(), String> {
    for (path, text) in pages() {
        let path = root.join(path);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

fn anomalies() -> String {
    let mut page = heading("Anomalies", "crates/model/src/anomaly.rs");
    page.push_str("| name | layer | meaning |\n|---|---|---|\n");
    for kind in AnomalyKind::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", kind.name(), kind.layer().name(), kind.meaning());
    }
    page
}

fn counters() -> String {
    let mut page = heading("Counters", "crates/model/src/stats.rs");
    page.push_str("| name | meaning |\n|---|---|\n");
    for (name, meaning, _) in Stats::default().rows() {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page
}

fn heading(title: &str, source: &str) -> String {
    format!("# {title}\n\nMade from `{source}` by `cargo xtask generate`; do not edit.\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_what_the_code_says() {
        for (path, text) in pages() {
            let found = std::fs::read_to_string(crate::root().join(path)).unwrap_or_default();
            assert_eq!(found, text, "{path} is stale: run `cargo xtask generate`");
        }
    }
}
