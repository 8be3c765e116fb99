//! Specifications that define interfaces.

use crate::tables::PROTOCOLS;

/// A specification of one or more interfaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Protocol {
    /// Short name, such as `MS-SCMR`.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
}

/// All known protocols, sorted by name.
pub fn protocols() -> &'static [Protocol] {
    &PROTOCOLS
}

/// The protocol of this short name, in any case.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_found_in_any_case() {
        assert_eq!(
            protocol("ms-scmr").map(|protocol| protocol.title),
            Some("Remote control of Windows services")
        );
        assert_eq!(protocol("MS-NOSUCH"), None);
    }

    #[test]
    fn every_protocol_of_an_interface_is_known() {
        let unknown = crate::interfaces().iter().filter_map(|interface| interface.protocol);
        assert_eq!(unknown.filter(|name| protocol(name).is_none()).count(), 0);
    }
}
