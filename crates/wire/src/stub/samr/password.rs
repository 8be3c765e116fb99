//! Passwords: changed, set, checked, and the policy for them ([MS-SAMR] 3.1.5.10, 3.1.5.13). Passwords and hashes are
//! never told, encrypted or not: only how many bytes stand for them.

use super::super::argument::symbol;
use super::super::principals::{filled, rid};
use super::super::{Decoded, reply};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

pub(super) fn change_oem(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let machine = ndr.unique("ServerName", |ndr| ndr.ansi_string("ServerName"))?.flatten();
    call.put("machine", filled(machine));
    call.put("account", ndr.ansi_string("UserName")?);
    encrypted(ndr, call)
}

pub(super) fn change(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    whose(ndr, call)?;
    encrypted(ndr, call)
}

/// SAMPR_ENCRYPTED_PASSWORD_AES ([MS-SAMR] 2.2.6.32) instead.
pub(super) fn change_aes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    whose(ndr, call)?;
    ndr.align(Alignment::Eight);
    put_aes(ndr, call).map(|_| ())
}

fn whose(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let machine = ndr.unique("ServerName", |ndr| ndr.unicode_string("ServerName"))?.flatten();
    call.put("machine", filled(machine));
    call.put("account", ndr.unicode_string("UserName")?);
    Ok(())
}

fn encrypted(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let password =
        ndr.unique("NewPassword", |ndr| ndr.fixed_bytes("NewPassword", ENCRYPTED_PASSWORD_BYTES))?;
    call.put("password_bytes", password.map(length));
    Ok(())
}

/// SAMPR_ENCRYPTED_PASSWORD_AES in place; gives back whether a cipher text follows.
pub(super) fn put_aes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<crate::ndr::Pointer, Stopped> {
    ndr.fixed_bytes("AuthData", 64)?;
    ndr.fixed_bytes("Salt", 16)?;
    call.put("password_bytes", ndr.u32("cbCipher")?);
    let cipher = ndr.pointer("Cipher")?;
    ndr.u64("PBKDF2Iterations")?;
    Ok(cipher)
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// SamrSetDSRMPassword ([MS-SAMR] 3.1.5.13.6): of the account for directory services restore mode.
pub(super) fn set_restore_mode(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("Unused", |ndr| ndr.unicode_string("Unused"))?;
    call.put("rid", rid(ndr.u32("UserId")?));
    let hash = ndr.unique("EncryptedNtOwfPassword", |ndr| ndr.fixed_bytes("EncryptedNtOwfPassword", 16))?;
    call.put("password_bytes", hash.map(length));
    Ok(())
}

pub(super) fn policy_of(ndr: &mut Ndr<'_>, _call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("Unused", |ndr| ndr.unicode_string("Unused"))?;
    Ok(())
}

/// USER_DOMAIN_PASSWORD_INFORMATION ([MS-SAMR] 2.2.7.17).
pub(super) fn policy(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("minimum_password_length", ndr.u16("MinPasswordLength")?);
    call.put("password_properties", ndr.u32("PasswordProperties")?);
    reply::status(ndr, call, request)
}

/// SAM_VALIDATE_INPUT_ARG ([MS-SAMR] 2.2.9.9), as far as the name of the account.
pub(super) fn validate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let kind = ndr.enumeration("ValidationType")?;
    call.put("validation", symbol(kind, VALIDATIONS));
    ndr.union_tag("ValidationType", Tag::Enumeration, Alignment::Eight)?;
    if !matches!(kind, 2 | 3) {
        return Ok(());
    }
    ndr.align(Alignment::Eight);
    ndr.u32("PresentFields")?;
    for field in ["PasswordLastSet", "BadPasswordTime", "LockoutTime"] {
        ndr.u64(field)?;
    }
    ndr.u32("BadPasswordCount")?;
    ndr.u32("PasswordHistoryLength")?;
    let history = ndr.pointer("PasswordHistory")?;
    // The structure ends on its own alignment in NDR64, and what follows is aligned to no less.
    let password = ndr.counted_string("ClearPassword")?;
    let account = ndr.counted_string("UserAccountName")?;
    ndr.align(Alignment::Pointer);
    ndr.u32("Length")?;
    ndr.pointer("Hash").map(|_| ())?;
    ndr.u8("PasswordMatch")?;
    if kind == 3 {
        ndr.u8("ClearLockout")?;
    }
    if !history.is_null() {
        return Err(ndr.unsupported("PasswordHistory"));
    }
    if ndr.is_ndr64() {
        ndr.align(Alignment::Eight);
    }
    ndr.unicode_text("ClearPassword", password)?;
    call.put("account", ndr.unicode_text("UserAccountName", account)?);
    Ok(())
}

/// SAMPR_ENCRYPTED_USER_PASSWORD ([MS-SAMR] 2.2.6.21).
pub(super) const ENCRYPTED_PASSWORD_BYTES: usize = 256 * 2 + 4;

/// SAMPR_ENCRYPTED_USER_PASSWORD_NEW ([MS-SAMR] 2.2.6.22).
pub(super) const ENCRYPTED_PASSWORD_NEW_BYTES: usize = 256 * 2 + 4 + 16;

/// PASSWORD_POLICY_VALIDATION_TYPE ([MS-SAMR] 2.2.9.8).
const VALIDATIONS: &[(u32, &str)] = &[(1, "authentication"), (2, "password_change"), (3, "password_reset")];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};
    use super::*;

    #[test]
    fn a_password_change_tells_whose_and_never_what() {
        let changed = request(55, |stub| {
            stub.pointer().unicode_string("\\\\DC1").unicode_string("bob").pointer().raw(&[7; 516]);
            stub.align(4).pointer().raw(&[1; 16]).u8(0).null().null();
        });
        assert_eq!(changed.arguments.text("machine"), Some("\\\\DC1"));
        assert_eq!(changed.arguments.text("account"), Some("bob"));
        assert_eq!(changed.arguments.number("password_bytes"), Some(516));
        assert_eq!(changed.arguments.len(), 3);
    }

    #[test]
    fn a_password_change_in_oem_characters_says_the_same() {
        let changed = request(54, |stub| {
            stub.null().align_pointer().u16(3).u16(4).pointer().count(4).count(0).count(3).raw(b"bob");
            stub.pointer().raw(&[7; 516]).null();
        });
        assert_eq!(changed.arguments.text("account"), Some("bob"));
    }

    #[test]
    fn a_password_change_with_aes_says_the_same() {
        let changed = request(73, |stub| {
            stub.null().unicode_string("bob").align(8).raw(&[1; 64]).raw(&[2; 16]).u32(48).pointer();
            stub.u64(5000).conformant(&[3; 48]);
        });
        assert_eq!(changed.arguments.text("account"), Some("bob"));
        assert_eq!(changed.arguments.number("password_bytes"), Some(48));
    }

    #[test]
    fn a_restore_mode_password_is_set_for_a_rid() {
        let set = request(66, |stub| _ = stub.null().u32(500).pointer().raw(&[9; 16]));
        assert_eq!(set.arguments.text("rid"), Some("500"));
        assert_eq!(set.arguments.number("password_bytes"), Some(16));
    }

    #[test]
    fn the_policy_for_passwords_is_told() {
        let answer = response(56, None, |stub| _ = stub.u16(8).u32(1).u32(0));
        assert_eq!(answer.arguments.number("minimum_password_length"), Some(8));
    }

    #[test]
    fn a_validated_password_belongs_to_an_account() {
        let asked = request(67, |stub| {
            stub.enumeration(3).end_structure(8).enumeration(3).align(8).u32(0).u64(0).u64(0).u64(0).u32(0);
            stub.u32(0).null().counted("secret").counted("bob").align_pointer().u32(0).null().u8(0).u8(0);
            stub.end_structure(8).counted_text("secret").counted_text("bob");
        });
        assert_eq!(asked.arguments.text("validation"), Some("password_reset"));
        assert_eq!(asked.arguments.text("account"), Some("bob"));
        assert_eq!(asked.arguments.len(), 2);
    }

    #[test]
    fn an_encrypted_password_has_the_size_of_its_structure() {
        assert_eq!((ENCRYPTED_PASSWORD_BYTES, ENCRYPTED_PASSWORD_NEW_BYTES), (516, 532));
    }
}
