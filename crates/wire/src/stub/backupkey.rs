//! BackupKey, the domain's backup of keys that protect user secrets ([MS-BKRP] 3.1.4.1).

use super::operation::{Interface, Operation};
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x3dde7c30_165d_11d1_ab8f_00805f14db40),
    name: "BackupKey",
    operations: &[Operation::new(
        0,
        "BackuprKey",
        &["action", "key", "data_bytes", "returned_bytes", "status"],
    )
    .request(request)
    .response(response)],
};

fn request(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let action = ndr.uuid("pguidActionAgent")?;
    match ACTIONS.iter().find(|(known, _)| *known == action) {
        Some((_, name)) => call.put("action", *name),
        None => call.put("action", action),
    }
    let data = ndr.conformant_bytes("pDataIn")?;
    if action == RESTORE || action == RESTORE_WINDOWS_2000 {
        call.put("key", wrapping_key(data));
    }
    call.put("data_bytes", ndr.u32("cbDataIn")?);
    Ok(())
}

/// Which key wrapped a secret: after three numbers, in the forms of client ([MS-BKRP] 2.2.2) and server ([MS-BKRP]
/// 2.2.4).
fn wrapping_key(secret: &[u8]) -> Option<Uuid> {
    let bytes = secret.get(12..)?.first_chunk::<16>()?;
    Some(Uuid::from_bytes_le(*bytes))
}

fn response(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.unique("ppDataOut", |ndr| ndr.conformant_bytes("ppDataOut"))?;
    call.put("returned_bytes", ndr.u32("pcbDataOut")?);
    reply::status(ndr, call, request)
}

const RESTORE: Uuid = Uuid::from_u128(0x47270c64_2fc7_499b_ac5b_0e37cdce899a);
const RESTORE_WINDOWS_2000: Uuid = Uuid::from_u128(0x7fe94d50_178e_11d1_ab8f_00805f14db40);

/// [MS-BKRP] 3.1.4.1.1 to 3.1.4.1.4.
const ACTIONS: &[(Uuid, &str)] = &[
    (Uuid::from_u128(0x7f752b10_178e_11d1_ab8f_00805f14db40), "backup"),
    (Uuid::from_u128(0x018ff48a_eaba_40c6_8f6d_72370240e967), "retrieve_backup_key"),
    (RESTORE, "restore"),
    (RESTORE_WINDOWS_2000, "restore_windows_2000"),
];

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::Value;

    fn decoded(write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(&INTERFACE.operations[0], write)
    }

    #[test]
    fn the_key_is_asked_for() {
        let call = decoded(|stub| _ = stub.uuid(ACTIONS[1].0).count(0).u32(0).u32(0));
        assert_eq!(call.arguments.text("action"), Some("retrieve_backup_key"));
        assert_eq!(call.arguments.number("data_bytes"), Some(0));
    }

    #[test]
    fn a_secret_names_the_key_that_wraps_it() {
        let key = Uuid::from_u128(0x1234_5678);
        let mut secret = [2_u32, 256, 64].map(u32::to_le_bytes).concat();
        secret.extend(key.to_bytes_le());
        let call = decoded(|stub| _ = stub.uuid(RESTORE).conformant(&secret).u32(28).u32(0));
        assert_eq!(call.arguments.get("key"), Some(&Value::Uuid(key)));
        let call = decoded(|stub| _ = stub.uuid(RESTORE).conformant(&secret[..20]).u32(20).u32(0));
        assert_eq!(call.arguments.get("key"), None);
    }

    #[test]
    fn an_unknown_action_is_told_by_its_number() {
        let call = decoded(|stub| _ = stub.uuid(Uuid::from_u128(7)).count(0).u32(0).u32(0));
        assert_eq!(call.arguments.get("action"), Some(&Value::Uuid(Uuid::from_u128(7))));
    }

    #[test]
    fn the_answer_says_how_much_it_gives() {
        let call = encoder::response(&INTERFACE.operations[0], None, |stub| {
            stub.pointer().conformant(b"certificate").u32(11).u32(0);
        });
        assert_eq!(call.arguments.number("returned_bytes"), Some(11));
        assert_eq!(call.arguments.number("status"), Some(0));
    }
}
