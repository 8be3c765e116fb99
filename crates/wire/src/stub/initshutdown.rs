//! InitShutdown ([MS-RSP] 3.1.4, 6.1).

use super::operation::{Interface, Operation};
use super::{reply, shutdown};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x894de0c0_0d55_11d3_a322_00c04fa321a1),
    name: "InitShutdown",
    operations: &[
        Operation::new(0, "BaseInitiateShutdown", shutdown::FIELDS)
            .request(shutdown::initiate)
            .response(reply::status),
        Operation::new(1, "BaseAbortShutdown", &["status"]).request(shutdown::abort).response(reply::status),
        Operation::new(2, "BaseInitiateShutdownEx", shutdown::FIELDS)
            .request(shutdown::initiate_with_reason)
            .response(reply::status),
    ],
};

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;
    use rpcscope_model::{Opnum, Value};

    #[test]
    fn a_shutdown_tells_message_delay_and_reason() {
        let operation = INTERFACE.operation(Opnum(2)).expect("a row");
        let decoded = encoder::request(operation, |stub| {
            stub.pointer().u16(0x5c).pointer().unicode_string("bye").u32(30).u8(1).u8(0).u32(0x8000_0000);
        })
        .arguments;
        assert_eq!((decoded.text("message"), decoded.number("delay_seconds")), (Some("bye"), Some(30)));
        assert_eq!(decoded.get("force"), Some(&Value::Flag(true)));
        assert_eq!(decoded.get("reboot"), Some(&Value::Flag(false)));
        assert_eq!(decoded.number("reason"), Some(0x8000_0000));
    }

    #[test]
    fn an_abort_has_only_a_server_name() {
        let operation = INTERFACE.operation(Opnum(1)).expect("a row");
        assert!(encoder::request(operation, |stub| _ = stub.pointer().u16(0x5c)).arguments.is_empty());
    }
}
