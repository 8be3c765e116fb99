//! Facts about classes → the source of a constant table, in the type of `src/class.rs`.

use super::problem::Problem;
use super::schema::{Category, Class, Evidence};
use std::fmt::Write as _;
use uuid::Uuid;

/// Appends the table of classes, by rising CLSID. `classes` have been checked.
pub(crate) fn table(classes: &[Class], out: &mut String) -> Result<(), Problem> {
    let mut rows = Vec::new();
    for class in classes {
        let clsid = uuid(&class.clsid)?;
        rows.push((clsid, row(clsid, class)?));
    }
    rows.sort();
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    let _ = writeln!(out, "pub(crate) static CLASSES: [Class; {}] = [\n{}\n];", rows.len(), rows.join(",\n"));
    Ok(())
}

fn row(clsid: u128, class: &Class) -> Result<String, Problem> {
    let category = match class.category {
        Category::LateralMovement => "LateralMovement",
        Category::Administration => "Administration",
        Category::InProcess => "InProcess",
        Category::Plumbing => "Plumbing",
    };
    let evidence = match class.evidence {
        Evidence::Specified => "Specified",
        Evidence::Multiple => "Multiple",
        Evidence::Single => "Single",
    };
    let mut binds = String::new();
    for interface in &class.binds {
        let _ = write!(binds, "(Uuid::from_u128({:#034x}),{:?}),", uuid(&interface.iid)?, interface.name);
    }
    Ok(format!(
        "Class{{uuid:Uuid::from_u128({clsid:#034x}),name:{:?},progid:{:?},category:Category::{category},server:{:?},\
         binds:&[{binds}],abuse:{:?},techniques:&{:?},evidence:Evidence::{evidence}}}",
        class.name, class.progid, class.server, class.abuse, class.techniques
    ))
}

fn uuid(text: &str) -> Result<u128, Problem> {
    Uuid::parse_str(text).map(|uuid| uuid.as_u128()).map_err(|error| Problem::in_file("classes.yaml", error))
}
