//! Operations by name, over all interfaces of the catalogue.

use hashbrown::HashMap;
use rpcscope_catalog::{Interface, interface, interfaces};
use rpcscope_model::HashState;
use std::sync::LazyLock;
use uuid::Uuid;

/// Operations by their names in lower case. Made once, when rules are first loaded.
#[derive(Debug)]
pub(crate) struct OperationNames(HashMap<String, Vec<(Uuid, u16)>, HashState>);

impl OperationNames {
    /// Those of the catalogue.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<OperationNames> = LazyLock::new(OperationNames::new);
        &SHARED
    }

    fn new() -> Self {
        let mut names: HashMap<String, Vec<(Uuid, u16)>, HashState> =
            HashMap::with_hasher(HashState::default());
        for interface in interfaces() {
            let others = interface.other_names().map(|other| (other.opnum, other.name));
            for (opnum, name) in interface.procedures().chain(others) {
                names.entry(name.to_ascii_lowercase()).or_default().push((interface.uuid, opnum));
            }
        }
        Self(names)
    }

    /// The operations of this name, in any case: of `wanted` interfaces when there are some, else of all.
    ///
    /// Zeek writes the operations of services without the `R` that they have in [MS-SCMR]: when nothing has the name, that
    /// with an `R` is taken.
    pub(crate) fn find(&self, name: &str, wanted: &[Uuid]) -> Vec<(Uuid, u16)> {
        let lower = name.to_ascii_lowercase();
        let among = |name: &str| -> Vec<(Uuid, u16)> {
            let all = self.0.get(name).map_or(&[][..], Vec::as_slice);
            all.iter().copied().filter(|(uuid, _)| wanted.is_empty() || wanted.contains(uuid)).collect()
        };
        let mut found = among(&lower);
        if found.is_empty() {
            found = among(&format!("r{lower}"));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All names in lower case, for hints.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names of the operations of some interfaces, for hints.
    pub(crate) fn of(wanted: &[Uuid]) -> Vec<&'static str> {
        let known = wanted.iter().filter_map(interface);
        known.flat_map(Interface::procedures).map(|(_, name)| name).collect()
    }
}
