//! The operations of an interface.

use crate::interface::Interface;
use crate::tables::{OTHER_NAMES, OtherNameRow, PROCEDURES, Procedure, Span, VARIANTS, VariantRow};

/// Names come from the main table of the interface. Where another version of the interface or an older release of
/// Windows numbers its operations differently, that table is one of the [`Interface::variants`] and never used here.
impl Interface {
    /// The name of an operation.
    pub fn procedure(&self, opnum: u16) -> Option<&'static str> {
        find(self.opnums, opnum).map(|procedure| procedure.name())
    }

    /// All operations with a name, in the order of their numbers.
    ///
    /// Object interfaces include the operations that they inherit from IUnknown (0 to 2) and IDispatch (3 to 6).
    pub fn procedures(&self) -> impl ExactSizeIterator<Item = (u16, &'static str)> {
        named(self.opnums)
    }

    /// The number of an operation, by its name in any case. The lowest one, should several share the name.
    ///
    /// When no operation has the name, one that a source calls so is taken (see [`Self::other_names`]).
    pub fn opnum_of(&self, name: &str) -> Option<u16> {
        self.opnums_of(name).next()
    }

    /// The numbers of all operations of this name, in any case, or of all that a source calls so.
    pub fn opnums_of(&self, name: &str) -> impl Iterator<Item = u16> {
        let is_asked = move |known: &str| known.eq_ignore_ascii_case(name);
        let in_use = self.procedures().any(|(_, known)| is_asked(known));
        let main = self.procedures().filter(move |(_, known)| is_asked(known)).map(|(opnum, _)| opnum);
        let other = self.other_names().filter(move |other| !in_use && is_asked(other.name));
        main.chain(other.map(|other| other.opnum))
    }

    /// Whether the specification marks the slot as never used on the wire, although it has a name.
    pub fn not_on_wire(&self, opnum: u16) -> bool {
        find(self.opnums, opnum).is_some_and(|procedure| !procedure.2)
    }

    /// Names that single sources give to an operation and that the catalogue does not use.
    pub fn other_names(&self) -> impl ExactSizeIterator<Item = OtherName> {
        self.other_names.of(&OTHER_NAMES).iter().map(OtherName::from)
    }

    /// Those of them that are names of one operation.
    pub fn other_names_of(&self, opnum: u16) -> impl Iterator<Item = OtherName> {
        let rows = self.other_names.of(&OTHER_NAMES).iter();
        rows.filter(move |row| row.opnum == opnum).map(OtherName::from)
    }

    /// Other tables of operations under the same UUID.
    pub fn variants(&self) -> impl ExactSizeIterator<Item = Variant> {
        self.variants.of(&VARIANTS).iter().map(Variant)
    }
}

/// A name that one source gives to an operation and that the catalogue does not use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherName {
    /// The operation.
    pub opnum: u16,
    /// Its other name.
    pub name: &'static str,
    /// Tag of the source.
    pub source: &'static str,
}

impl From<&OtherNameRow> for OtherName {
    fn from(row: &OtherNameRow) -> Self {
        Self { opnum: row.opnum, name: row.name.as_str(), source: row.source.as_str() }
    }
}

/// Another table of operations under the same UUID.
#[derive(Clone, Copy, Debug)]
pub struct Variant(&'static VariantRow);

impl Variant {
    /// Which one: a version of the interface such as `2.0`, or a word such as `legacy`.
    pub fn label(&self) -> &'static str {
        self.0.label.as_str()
    }

    /// The name of an operation in this table.
    pub fn procedure(&self, opnum: u16) -> Option<&'static str> {
        find(self.0.opnums, opnum).map(|procedure| procedure.name())
    }

    /// All operations of this table, in the order of their numbers.
    pub fn procedures(&self) -> impl ExactSizeIterator<Item = (u16, &'static str)> {
        named(self.0.opnums)
    }
}

fn find(table: Span, opnum: u16) -> Option<&'static Procedure> {
    let rows = table.of(&PROCEDURES);
    // Nearly all tables count from 0 without a hole: then the opnum is the position.
    if let Some(row) = rows.get(usize::from(opnum)).filter(|row| row.3 == opnum) {
        return Some(row);
    }
    rows.get(rows.binary_search_by_key(&opnum, |row| row.3).ok()?)
}

fn named(table: Span) -> impl ExactSizeIterator<Item = (u16, &'static str)> {
    table.of(&PROCEDURES).iter().map(|row| (row.3, row.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{interfaces, interfaces_named};

    fn named(name: &str) -> &'static Interface {
        interfaces_named(name).next().expect("the catalogue knows it")
    }

    #[test]
    fn well_known_operations_have_their_names() {
        assert_eq!(named("svcctl").procedure(12), Some("RCreateServiceW"));
        assert_eq!(named("drsuapi").procedure(3), Some("IDL_DRSGetNCChanges"));
        assert_eq!(named("IWbemServices").procedure(24), Some("ExecMethod"));
        assert_eq!(named("IDispatch").procedure(6), Some("Invoke"));
    }

    #[test]
    fn an_unknown_opnum_has_no_name() {
        assert_eq!(named("svcctl").procedure(u16::MAX), None);
        let empty = interfaces().iter().find(|interface| interface.procedures().len() == 0);
        assert_eq!(empty.and_then(|interface| interface.procedure(0)), None);
    }

    #[test]
    fn every_operation_is_found_by_number_and_by_name() {
        for interface in interfaces() {
            for (opnum, name) in interface.procedures() {
                assert_eq!(interface.procedure(opnum), Some(name), "{interface:?} {opnum}");
                assert!(interface.opnums_of(name).any(|found| found == opnum), "{interface:?} {opnum}");
            }
            for variant in interface.variants() {
                assert!(variant.procedures().all(|(opnum, name)| variant.procedure(opnum) == Some(name)));
            }
        }
    }

    #[test]
    fn tables_with_holes_are_searched() {
        let holes = interfaces().iter().filter(|interface| {
            interface.procedures().enumerate().any(|(position, (opnum, _))| position != usize::from(opnum))
        });
        assert!(holes.count() >= 10);
    }

    #[test]
    fn names_are_found_in_any_case() {
        let svcctl = named("svcctl");
        assert_eq!(svcctl.opnum_of("rcreateservicew"), Some(12));
        assert_eq!(svcctl.opnum_of("NoSuchOperation"), None);
        assert_eq!(svcctl.opnum_of(""), None);
    }

    #[test]
    fn a_name_of_another_source_leads_to_the_operation() {
        let lsarpc = named("lsarpc");
        assert_eq!(lsarpc.procedure(13), Some("LsarEnumerateTrustedDomains"));
        assert_eq!(lsarpc.opnum_of("lsa_EnumTrustDom"), Some(13));
        let samba = OtherName { opnum: 13, name: "lsa_EnumTrustDom", source: "samba" };
        assert!(lsarpc.other_names().any(|other| other == samba));
        assert!(lsarpc.other_names_of(13).any(|other| other == samba));
        assert!(lsarpc.other_names_of(13).all(|other| other.opnum == 13));
    }

    #[test]
    fn a_name_in_use_wins_over_the_same_name_elsewhere() {
        // Zeek gives IWbemServices' opnum 16 the name that belongs to opnum 10.
        let services = named("IWbemServices");
        assert!(services.other_names().any(|other| other.name == "DeleteClass" && other.opnum == 16));
        assert_eq!(services.opnums_of("DeleteClass").collect::<Vec<_>>(), [10]);
    }

    #[test]
    fn all_operations_that_share_a_name_are_found() {
        let dfs = named("netdfs");
        assert_eq!(dfs.opnum_of("NetrDfsMove"), Some(6));
        assert_eq!(dfs.opnums_of("NetrDfsMove").collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn slots_that_are_not_used_on_the_wire_are_marked() {
        let info = named("ITypeInfo");
        assert!(info.not_on_wire(10) && !info.not_on_wire(12) && !info.not_on_wire(1000));
    }

    #[test]
    fn the_main_table_is_used_and_variants_are_kept_apart() {
        let fax = named("fax");
        assert_eq!(fax.procedure(1), Some("FAX_ConnectionRefCount"));
        let variant = fax.variants().next().expect("an older table is known");
        assert_eq!((variant.label(), variant.procedure(1)), ("faxobs", Some("FaxObs_GetVersion")));
        assert_eq!(fax.opnum_of("FaxObs_GetVersion"), None);
        assert_eq!(named("svcctl").variants().len(), 0);
    }
}
