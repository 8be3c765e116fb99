//! What scenarios can name: for `rpcscope forge --list` and docs/WRITING-TESTS.md.

use super::forge::KINDS;
use super::names::STATUS;
use super::network::TUNNELS;
use super::security::{LEVELS, SERVICES};
use crate::stub::{self, Argument, CLASSES};
use std::fmt::Write;

/// A page for people.
pub fn list() -> String {
    let mut page = String::new();
    let names = |names: &[&str]| names.join(", ");
    let transports: Vec<&str> = super::bind::TRANSPORTS.iter().map(|(name, _)| *name).collect();
    let levels: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
    let statuses: Vec<&str> = STATUS.iter().map(|(name, _)| *name).collect();
    let classes: Vec<&str> = CLASSES.iter().map(|(name, _)| *name).collect();
    for (title, list) in [
        ("Items", names(KINDS)),
        ("Transports", names(&transports)),
        ("Authentication", names(SERVICES)),
        ("Levels", names(&levels)),
        ("Tunnels", names(TUNNELS)),
        ("Faults", names(&statuses)),
        ("Classes", names(&classes)),
    ] {
        row(&mut page, &format!("{title}: {list}"));
    }
    page.push_str("\nOperations whose arguments can be written (`args`), with what they usually are.\n");
    page.push_str("Any other operation of the catalogue can be called with `stub`.\n");
    let mut interface = None;
    for operation in stub::operations() {
        if interface != Some(operation.interface) {
            interface = Some(operation.interface);
            let known = rpcscope_catalog::interface(&operation.interface);
            let name = known.and_then(|known| known.name).unwrap_or("?");
            // Writing to a string cannot fail.
            let _ = write!(page, "\n{name} ({})\n", operation.interface);
        }
        row(&mut page, &format!("  {} {}", operation.name, arguments(operation.arguments)));
        if operation.results.iter().any(|result| result.name != "status") {
            row(&mut page, &format!("    replies {}", arguments(operation.results)));
        }
    }
    page
}

/// Breaks a row between words, so that it fits a terminal.
fn row(page: &mut String, text: &str) {
    let indent = text.len() - text.trim_start().len();
    let mut width = indent;
    page.push_str(&text[..indent]);
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 && width + 1 + word.len() > WIDTH {
            page.push('\n');
            page.push_str(&" ".repeat(indent + 4));
            width = indent + 4;
        } else if number > 0 {
            page.push(' ');
            width += 1;
        }
        page.push_str(word);
        width += word.len();
    }
    page.push('\n');
}

fn arguments(arguments: &[Argument]) -> String {
    let shown: Vec<String> = arguments
        .iter()
        .map(|Argument { name, usual, .. }| match *usual {
            "" | "hex:" => (*name).to_owned(),
            long if long.len() > 30 => format!("{name}=…"),
            spaced if spaced.contains(' ') => format!("{name}='{spaced}'"),
            usual => format!("{name}={usual}"),
        })
        .collect();
    shown.join(" ")
}

/// Columns.
const WIDTH: usize = 100;
