//! What is known about a user, asked and set ([MS-SAMR] 3.1.5.5.5, 3.1.5.6.4). Passwords and hashes are never told: only
//! how many bytes stand for them.

use super::super::argument::symbol;
use super::super::principals::{filled, rid};
use super::super::{Decoded, reply};
use super::open::on_object;
use super::password::{ENCRYPTED_PASSWORD_BYTES, ENCRYPTED_PASSWORD_NEW_BYTES, length, put_aes};
use crate::ndr::{Alignment, CountedString, Ndr, Pointer, Tag};
use rpcscope_model::Stopped;

pub(super) fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("level", symbol(ndr.enumeration("UserInformationClass")?, LEVELS));
    Ok(())
}

pub(super) fn set(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level(ndr, call)?;
    information(ndr, call, "new_name").map(|_| ())
}

pub(super) fn queried(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("Buffer")?.is_null() && !information(ndr, call, "account")? {
        return reply::status_at_end(ndr, call, request);
    }
    reply::status(ndr, call, request)
}

/// SAMPR_USER_INFO_BUFFER ([MS-SAMR] 2.2.6.29). `name` is what the name of the user becomes in output. False: its end
/// was not read.
fn information(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<bool, Stopped> {
    let level = ndr.union_tag("UserInformationClass", Tag::Enumeration, Alignment::Eight)?;
    let mut later = Later::default();
    match level {
        1 => {
            later.text(ndr, "UserName", name)?;
            later.text(ndr, "FullName", "full_name")?;
            put_rid(call, "primary_group_rid", ndr.u32("PrimaryGroupId")?);
            later.text(ndr, "AdminComment", "description")?;
            later.text(ndr, "UserComment", "user_comment")?;
        }
        3 | 5 => logon_or_account(ndr, call, &mut later, name, level == 5)?,
        6 => {
            later.text(ndr, "UserName", name)?;
            later.text(ndr, "FullName", "full_name")?;
        }
        7 => later.text(ndr, "UserName", name)?,
        8 => later.text(ndr, "FullName", "full_name")?,
        9 => {
            ndr.align(Alignment::Four);
            put_rid(call, "primary_group_rid", ndr.u32("PrimaryGroupId")?);
        }
        10 => home(ndr, &mut later)?,
        11 => later.text(ndr, "ScriptPath", "script_path")?,
        12 => later.text(ndr, "ProfilePath", "profile_path")?,
        13 => later.text(ndr, "AdminComment", "description")?,
        14 => later.text(ndr, "WorkStations", "workstations")?,
        16 => call.put("account_control", ndr.u32("UserAccountControl")?),
        17 => _ = ndr.filetime("AccountExpires")?,
        18 => hashes(ndr, call)?,
        20 => later.silent_text(ndr, "Parameters")?,
        21 => all(ndr, call, &mut later, name)?,
        23 => {
            all(ndr, call, &mut later, name)?;
            password(ndr, call, ENCRYPTED_PASSWORD_BYTES)?;
        }
        24 => {
            password(ndr, call, ENCRYPTED_PASSWORD_BYTES)?;
            expired(ndr, call)?;
        }
        25 => {
            all(ndr, call, &mut later, name)?;
            password(ndr, call, ENCRYPTED_PASSWORD_NEW_BYTES)?;
        }
        26 => {
            password(ndr, call, ENCRYPTED_PASSWORD_NEW_BYTES)?;
            expired(ndr, call)?;
        }
        31 => {
            ndr.align(Alignment::Eight);
            later.bytes = Some(put_aes(ndr, call)?);
            expired(ndr, call)?;
        }
        32 => {
            ndr.align(Alignment::Eight);
            all(ndr, call, &mut later, name)?;
            ndr.align(Alignment::Eight);
            later.bytes = Some(put_aes(ndr, call)?);
        }
        _ => return Ok(false),
    }
    if ndr.is_ndr64() && matches!(level, 3 | 5 | 21 | 23 | 25 | 31) {
        ndr.align(Alignment::Eight);
    }
    later.read(ndr, call)?;
    Ok(true)
}

/// SAMPR_USER_LOGON_INFORMATION and SAMPR_USER_ACCOUNT_INFORMATION ([MS-SAMR] 2.2.6.10, 2.2.6.11).
fn logon_or_account(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    later: &mut Later,
    name: &'static str,
    is_account: bool,
) -> Result<(), Stopped> {
    later.text(ndr, "UserName", name)?;
    later.text(ndr, "FullName", "full_name")?;
    put_rid(call, "user_rid", ndr.u32("UserId")?);
    put_rid(call, "primary_group_rid", ndr.u32("PrimaryGroupId")?);
    home(ndr, later)?;
    later.text(ndr, "ScriptPath", "script_path")?;
    later.text(ndr, "ProfilePath", "profile_path")?;
    if is_account {
        later.text(ndr, "AdminComment", "description")?;
    }
    later.text(ndr, "WorkStations", "workstations")?;
    times(ndr, if is_account { 2 } else { 5 })?;
    later.logon_hours(ndr)?;
    ndr.u16("BadPasswordCount")?;
    ndr.u16("LogonCount")?;
    if is_account {
        times(ndr, 2)?;
    }
    call.put("account_control", ndr.u32("UserAccountControl")?);
    Ok(())
}

/// SAMPR_USER_ALL_INFORMATION ([MS-SAMR] 2.2.6.6). Which of its fields count, `which_fields` says.
fn all(ndr: &mut Ndr<'_>, call: &mut Decoded, later: &mut Later, name: &'static str) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    times(ndr, 6)?;
    later.text(ndr, "UserName", name)?;
    later.text(ndr, "FullName", "full_name")?;
    home(ndr, later)?;
    later.text(ndr, "ScriptPath", "script_path")?;
    later.text(ndr, "ProfilePath", "profile_path")?;
    later.text(ndr, "AdminComment", "description")?;
    later.text(ndr, "WorkStations", "workstations")?;
    later.text(ndr, "UserComment", "user_comment")?;
    later.silent_text(ndr, "Parameters")?;
    later.silent_text(ndr, "LmOwfPassword")?;
    let hash = ndr.counted_string("NtOwfPassword")?;
    if hash.length > 0 {
        call.put("password_bytes", hash.length);
    }
    later.texts.push(("NtOwfPassword", None, hash));
    later.silent_text(ndr, "PrivateData")?;
    ndr.u32("SecurityDescriptorLength")?;
    later.security_descriptor = Some(ndr.pointer("SecurityDescriptor")?);
    put_rid(call, "user_rid", ndr.u32("UserId")?);
    put_rid(call, "primary_group_rid", ndr.u32("PrimaryGroupId")?);
    let control = ndr.u32("UserAccountControl")?;
    call.put("account_control", (control != 0).then_some(control));
    call.put("which_fields", ndr.u32("WhichFields")?);
    later.logon_hours(ndr)?;
    for field in ["BadPasswordCount", "LogonCount", "CountryCode", "CodePage"] {
        ndr.u16(field)?;
    }
    for field in ["LmPasswordPresent", "NtPasswordPresent", "PasswordExpired", "PrivateDataSensitive"] {
        ndr.u8(field)?;
    }
    if ndr.is_ndr64() {
        ndr.align(Alignment::Pointer);
    }
    Ok(())
}

fn home(ndr: &mut Ndr<'_>, later: &mut Later) -> Result<(), Stopped> {
    later.text(ndr, "HomeDirectory", "home_directory")?;
    later.silent_text(ndr, "HomeDirectoryDrive")
}

fn times(ndr: &mut Ndr<'_>, count: usize) -> Result<(), Stopped> {
    for _ in 0..count {
        ndr.filetime("OLD_LARGE_INTEGER")?;
    }
    Ok(())
}

/// SAMPR_USER_INTERNAL1_INFORMATION ([MS-SAMR] 2.2.6.23): hashes instead of a password.
fn hashes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    password(ndr, call, 16)?;
    ndr.fixed_bytes("EncryptedLmOwfPassword", 16)?;
    ndr.u8("NtPasswordPresent")?;
    ndr.u8("LmPasswordPresent")?;
    expired(ndr, call)
}

fn password(ndr: &mut Ndr<'_>, call: &mut Decoded, bytes: usize) -> Result<(), Stopped> {
    call.put("password_bytes", length(ndr.fixed_bytes("UserPassword", bytes)?));
    Ok(())
}

fn expired(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("password_expired", ndr.u8("PasswordExpired")? != 0);
    Ok(())
}

/// No account has RID 0: where it stands, the field is not used.
fn put_rid(call: &mut Decoded, name: &'static str, number: u32) {
    call.put(name, (number != 0).then(|| rid(number)));
}

/// What pointers of a structure point to, and stands after it in the order of the pointers. All structures have their
/// texts before everything else.
#[derive(Default)]
struct Later {
    /// IDL name, name in output unless it is not told, place. At most 13.
    texts: Vec<(&'static str, Option<&'static str>, CountedString)>,
    security_descriptor: Option<Pointer>,
    logon_hours: Option<Pointer>,
    bytes: Option<Pointer>,
}

impl Later {
    fn text(&mut self, ndr: &mut Ndr<'_>, field: &'static str, name: &'static str) -> Result<(), Stopped> {
        self.texts.push((field, Some(name), ndr.counted_string(field)?));
        Ok(())
    }

    /// A text that may hold a secret, or is of no use. An RPC_SHORT_BLOB is encoded as one ([MS-SAMR] 2.2.2.4).
    fn silent_text(&mut self, ndr: &mut Ndr<'_>, field: &'static str) -> Result<(), Stopped> {
        self.texts.push((field, None, ndr.counted_string(field)?));
        Ok(())
    }

    /// SAMPR_LOGON_HOURS ([MS-SAMR] 2.2.6.5).
    fn logon_hours(&mut self, ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
        ndr.align(Alignment::Pointer);
        ndr.u16("UnitsPerWeek")?;
        self.logon_hours = Some(ndr.pointer("LogonHours")?);
        Ok(())
    }

    fn read(self, ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
        for (field, name, string) in self.texts {
            let text = ndr.unicode_text(field, string)?;
            if let Some(name) = name {
                call.put(name, filled(text));
            }
        }
        if let Some(pointer) = self.security_descriptor {
            ndr.referent(pointer, |ndr| ndr.conformant_bytes("SecurityDescriptor"))?;
        }
        if let Some(pointer) = self.logon_hours {
            ndr.referent(pointer, |ndr| ndr.conformant_varying_bytes("LogonHours"))?;
        }
        if let Some(pointer) = self.bytes {
            ndr.referent(pointer, |ndr| ndr.conformant_bytes("Cipher"))?;
        }
        Ok(())
    }
}

/// USER_INFORMATION_CLASS ([MS-SAMR] 2.2.6.28).
const LEVELS: &[(u32, &str)] = &[
    (1, "general"),
    (2, "preferences"),
    (3, "logon"),
    (4, "logon_hours"),
    (5, "account"),
    (6, "name"),
    (7, "account_name"),
    (8, "full_name"),
    (9, "primary_group"),
    (10, "home"),
    (11, "script"),
    (12, "profile"),
    (13, "admin_comment"),
    (14, "workstations"),
    (16, "control"),
    (17, "expires"),
    (18, "password_hash"),
    (20, "parameters"),
    (21, "all"),
    (23, "all_and_password"),
    (24, "password"),
    (25, "all_and_password_new"),
    (26, "password_new"),
    (31, "password_aes"),
    (32, "all_and_password_aes"),
];

#[cfg(test)]
mod tests {
    use super::super::super::encoder::Encoder;
    use super::super::tests::{request, response};

    /// SAMPR_USER_ALL_INFORMATION of bob in place.
    fn all(stub: &mut Encoder, which_fields: u32) -> &mut Encoder {
        stub.align_pointer();
        for _ in 0..12 {
            stub.u32(0);
        }
        stub.counted("bob");
        for _ in 0..12 {
            stub.align_pointer().u16(0).u16(0).null();
        }
        stub.u32(0).null().u32(1104).u32(513).u32(0x10).u32(which_fields).align_pointer().u16(168).null();
        stub.u16(0).u16(0).u16(0).u16(0).u8(0).u8(0).u8(1).u8(0).end_structure(8)
    }

    #[test]
    fn a_password_that_is_set_is_told_by_its_length_only() {
        for (level, bytes) in [(24, 516u16), (26, 532)] {
            let set = request(58, |stub| {
                let password = vec![7; usize::from(bytes)];
                stub.handle(1).enumeration(level).end_structure(8).enumeration(level).end_structure(8);
                stub.raw(&password).u8(1);
            });
            assert_eq!(set.arguments.number("password_bytes"), Some(bytes.into()));
            assert_eq!(set.arguments.len(), 3);
        }
        let aes = request(58, |stub| {
            stub.handle(1).enumeration(31).end_structure(8).enumeration(31).align(8).raw(&[1; 80]);
            stub.u32(64).pointer().u64(5000).u8(0).end_structure(8).conformant(&[3; 64]);
        });
        assert_eq!(aes.arguments.text("level"), Some("password_aes"));
        assert_eq!(aes.arguments.number("password_bytes"), Some(64));
    }

    #[test]
    fn everything_with_a_password_tells_the_fields_that_count() {
        let set = request(58, |stub| {
            stub.handle(1).enumeration(25).end_structure(8).enumeration(25).end_structure(8);
            all(stub, 0x0800_0000).raw(&[7; 532]).end_structure(8).counted_text("bob");
        });
        assert_eq!(set.arguments.text("new_name"), Some("bob"));
        assert_eq!(set.arguments.number("which_fields"), Some(0x0800_0000));
        assert_eq!(set.arguments.number("password_bytes"), Some(532));
        assert_eq!(set.arguments.text("user_rid"), Some("1104"));
    }

    #[test]
    fn a_control_that_is_set_is_told() {
        let set = request(37, |stub| {
            stub.handle(1).enumeration(16).end_structure(8).enumeration(16).end_structure(8).u32(0x80);
        });
        assert_eq!(set.arguments.text("level"), Some("control"));
        assert_eq!(set.arguments.number("account_control"), Some(0x80));
    }

    #[test]
    fn a_queried_user_has_a_name() {
        let asked = request(36, |stub| _ = stub.handle(1).enumeration(21));
        assert_eq!(asked.arguments.text("level"), Some("all"));
        let answer = response(36, Some(&asked), |stub| {
            stub.pointer().end_structure(8).enumeration(21).end_structure(8);
            all(stub, 0xff_ffff).counted_text("bob").u32(0);
        });
        assert_eq!(answer.arguments.text("account"), Some("bob"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn an_account_has_paths_and_a_control() {
        let answer = response(47, None, |stub| {
            stub.pointer().end_structure(8).enumeration(5).end_structure(8).counted("bob").counted("Bob");
            stub.u32(1104).u32(513);
            for _ in 0..3 {
                stub.align_pointer().u16(0).u16(0).null();
            }
            stub.counted("\\\\FS\\p")
                .align_pointer()
                .u16(0)
                .u16(0)
                .null()
                .align_pointer()
                .u16(0)
                .u16(0)
                .null();
            stub.u32(0).u32(0).u32(0).u32(0).align_pointer().u16(168).pointer().u16(0).u16(0);
            stub.u32(0).u32(0).u32(0).u32(0).u32(0x10).end_structure(8);
            stub.counted_text("bob").counted_text("Bob").counted_text("\\\\FS\\p");
            stub.count(1260).count(0).count(21).raw(&[0xff; 21]).u32(0);
        });
        assert_eq!(answer.arguments.text("profile_path"), Some("\\\\FS\\p"));
        assert_eq!(answer.arguments.number("account_control"), Some(0x10));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_level_that_is_not_decoded_still_has_a_status() {
        let answer = response(36, None, |stub| {
            stub.pointer().end_structure(8).enumeration(17).end_structure(8).align(4).u32(1).u32(2).u32(0);
        });
        assert_eq!(answer.arguments.number("status"), Some(0));
        let denied = response(36, None, |stub| _ = stub.null().u32(0xc000_0022));
        assert_eq!(denied.arguments.number("status"), Some(0xc000_0022));
    }
}
