//! Names of status values and of the numbers in RPC headers.

use crate::tables::{
    BIND_NAK_REASONS, BIND_RESULTS, PDU_TYPES, PROVIDER_REASONS, RTS_COMMANDS, STATUS_CODES, TOWER_PROTOCOLS,
};

/// The name of a fault's or reject's status: an NCA, Win32, NTSTATUS or HRESULT value ([C706] appendix E, [MS-ERREF]).
///
/// The four kinds share one number space here; no value of the catalogue belongs to two of them.
pub fn status_name(status: u32) -> Option<&'static str> {
    find(&STATUS_CODES, status)
}

/// All status values that have a name, sorted by value.
pub fn statuses() -> &'static [(u32, &'static str)] {
    &STATUS_CODES
}

/// The name of a bind_nak's `provider_reject_reason` ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.5).
pub fn reject_reason_name(reason: u16) -> Option<&'static str> {
    find(&BIND_NAK_REASONS, reason.into())
}

/// The name of the `result` of one presentation context in a bind_ack ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.4).
pub fn result_name(result: u16) -> Option<&'static str> {
    find(&BIND_RESULTS, result.into())
}

/// The name of the `reason` of one presentation context in a bind_ack ([C706] 12.6.3.1).
///
/// Only a provider rejection has such a reason: with `negotiate_ack`, the field is a bit mask of features.
pub fn provider_reason_name(reason: u16) -> Option<&'static str> {
    find(&PROVIDER_REASONS, reason.into())
}

/// The name of a PDU type of either protocol version, as [C706] 12 writes it.
pub fn pdu_type_name(pdu_type: u8) -> Option<&'static str> {
    find(&PDU_TYPES, pdu_type.into())
}

/// The name of a command of an RTS PDU ([MS-RPCH] 2.2.3.5).
pub fn rts_command_name(command: u32) -> Option<&'static str> {
    find(&RTS_COMMANDS, command)
}

/// The name of a protocol identifier in a floor of a protocol tower ([C706] appendix I).
pub fn tower_protocol_name(identifier: u8) -> Option<&'static str> {
    find(&TOWER_PROTOCOLS, identifier.into())
}

fn find(table: &'static [(u32, &'static str)], number: u32) -> Option<&'static str> {
    let position = table.binary_search_by_key(&number, |row| row.0).ok()?;
    table.get(position).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_values_of_all_kinds_have_names() {
        assert_eq!(status_name(0x1c01_0003), Some("nca_s_unk_if"));
        assert_eq!(status_name(5), Some("ERROR_ACCESS_DENIED"));
        assert_eq!(status_name(1783), Some("RPC_X_BAD_STUB_DATA"));
        assert_eq!(status_name(0xc000_0022), Some("STATUS_ACCESS_DENIED"));
        assert_eq!(status_name(0x8004_0154), Some("REGDB_E_CLASSNOTREG"));
        assert_eq!(status_name(0xdead_beef), None);
        assert!(statuses().contains(&(5, "ERROR_ACCESS_DENIED")));
    }

    #[test]
    fn answers_to_a_bind_have_names() {
        assert_eq!(reject_reason_name(4), Some("protocol_version_not_supported"));
        assert_eq!(reject_reason_name(10), None);
        assert_eq!(result_name(2), Some("provider_rejection"));
        assert_eq!(result_name(4), None);
        assert_eq!(provider_reason_name(1), Some("abstract_syntax_not_supported"));
        assert_eq!(provider_reason_name(4), None);
    }

    #[test]
    fn every_pdu_type_of_the_standard_has_a_name_and_no_other_has() {
        assert!((0..=20).all(|pdu_type| pdu_type_name(pdu_type).is_some()));
        assert_eq!(pdu_type_name(12), Some("bind_ack"));
        assert!((21..=255).all(|pdu_type| pdu_type_name(pdu_type).is_none()));
    }

    #[test]
    fn rts_commands_and_tower_protocols_have_names() {
        assert_eq!(rts_command_name(3), Some("Cookie"));
        assert_eq!(tower_protocol_name(0x0f), Some("named_pipe_path"));
        assert_eq!(tower_protocol_name(33), Some("null"));
        assert_eq!(tower_protocol_name(34), None);
    }

    #[test]
    fn tables_are_sorted() {
        for table in [&STATUS_CODES[..], &PDU_TYPES, &RTS_COMMANDS, &TOWER_PROTOCOLS, &BIND_NAK_REASONS] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
