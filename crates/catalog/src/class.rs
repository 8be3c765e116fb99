//! Classes of objects that can be activated from afar.

use crate::tables::CLASSES;
use uuid::Uuid;

/// A class, identified by its CLSID.
#[derive(Debug)]
pub struct Class {
    /// Its CLSID.
    pub uuid: Uuid,
    /// What it is called.
    pub name: &'static str,
    /// Its name for programs, such as `MMC20.Application`.
    pub progid: Option<&'static str>,
    /// What it is for.
    pub category: Category,
    /// The program or service that implements it.
    pub server: Option<&'static str>,
    /// IIDs and names of the interfaces that clients bind on its objects, the usual first request first.
    pub binds: &'static [(Uuid, &'static str)],
    /// What can be done with it that should not be.
    pub abuse: Option<&'static str>,
    /// Techniques of ATT&CK that use it.
    pub techniques: &'static [&'static str],
    /// How well all this is known.
    pub evidence: Evidence,
}

/// How well the facts of a class are known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Evidence {
    /// An open specification says so.
    Specified,
    /// Independent sources say so.
    Multiple,
    /// One source says so.
    Single,
}

/// What a class is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Category {
    /// It is known to be used for running something on another machine.
    LateralMovement,
    /// It administers something.
    Administration,
    /// It is used within one process; its objects are passed by value.
    InProcess,
    /// The machinery of COM itself.
    Plumbing,
}

impl Category {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LateralMovement => "lateral-movement",
            Self::Administration => "administration",
            Self::InProcess => "in-process",
            Self::Plumbing => "plumbing",
        }
    }
}

/// The class with this CLSID.
pub fn class(uuid: &Uuid) -> Option<&'static Class> {
    let at = CLASSES.binary_search_by(|class| class.uuid.cmp(uuid)).ok()?;
    CLASSES.get(at)
}

/// All classes, sorted by CLSID.
pub fn classes() -> &'static [Class] {
    &CLASSES
}

/// The classes that can be activated from afar and on whose objects clients bind this interface. Nearly every object has
/// `IUnknown` and `IDispatch`: these tell nothing, and no class is found by them.
pub fn classes_that_bind(iid: Uuid) -> impl Iterator<Item = &'static Class> {
    let tells = !matches!(iid, IUNKNOWN | IDISPATCH);
    CLASSES.iter().filter(move |class| {
        tells && class.category != Category::InProcess && class.binds.iter().any(|(known, _)| *known == iid)
    })
}

const IUNKNOWN: Uuid = Uuid::from_u128(0x00000000_0000_0000_c000_000000000046);
const IDISPATCH: Uuid = Uuid::from_u128(0x00020400_0000_0000_c000_000000000046);

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::uuid;

    #[test]
    fn every_class_is_found_by_its_clsid() {
        assert!(classes().len() >= 107 && classes().is_sorted_by(|a, b| a.uuid < b.uuid));
        assert!(
            classes().iter().all(|known| class(&known.uuid).is_some_and(|found| std::ptr::eq(found, known)))
        );
        assert!(class(&Uuid::nil()).is_none());
    }

    #[test]
    fn a_class_is_found_by_an_interface_of_its_own() {
        let found = |iid| classes_that_bind(iid).map(|class| class.name).collect::<Vec<_>>();
        assert_eq!(found(uuid!("f309ad18-d86a-11d0-a075-00c04fb68820")), ["WbemLevel1Login"]);
        assert_eq!(found(uuid!("000208d5-0000-0000-c000-000000000046")).len(), 2, "two classes of Excel");
        assert_eq!(found(IDISPATCH), [""; 0]);
        assert_eq!(found(IUNKNOWN), [""; 0]);
    }
}
