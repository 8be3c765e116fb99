//! WindowsShutdown ([MS-RSP] 3.3.4, 6.2).

use super::operation::{Interface, Operation};
use super::{Decoded, reply, shutdown};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xd95afe70_a6d5_4259_822e_2c84da1ddb0d),
    name: "WindowsShutdown",
    operations: &[
        Operation::new(
            0,
            "WsdrInitiateShutdown",
            &["message", "delay_seconds", "flags", "reason", "hint", "status"],
        )
        .request(initiate)
        .response(reply::status),
        Operation::new(1, "WsdrAbortShutdown", &["hint", "status"]).request(hint).response(reply::status),
    ],
};

fn initiate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    shutdown::message(ndr, call)?;
    call.put("delay_seconds", ndr.u32("dwGracePeriod")?);
    call.put("flags", ndr.u32("dwShudownFlags")?);
    call.put("reason", ndr.u32("dwReason")?);
    hint(ndr, call)
}

fn hint(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("hint", ndr.unique("lpClientHint", |ndr| ndr.unicode_string("lpClientHint"))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;
    use rpcscope_model::Opnum;

    #[test]
    fn a_shutdown_tells_message_flags_and_hint() {
        let operation = INTERFACE.operation(Opnum(0)).expect("a row");
        let decoded = encoder::request(operation, |stub| {
            stub.pointer()
                .unicode_string("bye")
                .u32(0)
                .u32(4)
                .u32(7)
                .pointer()
                .unicode_string("shutdown.exe");
        })
        .arguments;
        assert_eq!((decoded.text("message"), decoded.number("flags")), (Some("bye"), Some(4)));
        assert_eq!((decoded.number("reason"), decoded.text("hint")), (Some(7), Some("shutdown.exe")));
    }
}
