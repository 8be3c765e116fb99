//! Facts about ATT&CK → the source of constant tables, in the types of `src/attack.rs`.

use super::problem::Problem;
use super::schema::{AttackFile, Confidence};
use std::fmt::Write as _;
use uuid::Uuid;

/// Appends the tables: abused operations by rising UUID, techniques, tactics. `attack` has been checked.
pub(crate) fn tables(attack: &AttackFile, out: &mut String) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for operations in &attack.operations {
        let uuid =
            Uuid::parse_str(&operations.interface).map_err(|error| Problem::in_file("attack.yaml", error))?;
        let confidence = match operations.confidence {
            Confidence::Low => "Low",
            Confidence::Medium => "Medium",
            Confidence::High => "High",
        };
        let row = format!(
            "Abuse{{interface:Uuid::from_u128({:#034x}),opnums:&{:?},techniques:&{:?},tactics:&{:?},\
             confidence:Confidence::{confidence},name:{:?},reason:{:?}}}",
            uuid.as_u128(),
            operations.opnums,
            operations.techniques,
            operations.tactics,
            operations.abuse,
            operations.reason,
        );
        rows.push((uuid.as_u128(), row));
    }
    // A stable sort: the order of the file within an interface.
    rows.sort_by_key(|(uuid, _)| *uuid);
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    let _ = writeln!(out, "pub(crate) static ABUSES: [Abuse; {}] = [\n{}\n];", rows.len(), rows.join(",\n"));
    let superseded: Vec<String> = attack.superseded_ids.iter().map(|pair| format!("{pair:?}")).collect();
    let _ = writeln!(
        out,
        "pub(crate) static SUPERSEDED: [(&str, &str); {}] = [{}];",
        superseded.len(),
        superseded.join(",")
    );
    let _ = writeln!(out, "pub(crate) static ATTACK_VERSION: &str = {:?};", attack.attack_version);
    Ok(())
}
