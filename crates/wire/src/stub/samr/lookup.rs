//! Names and RIDs: looked up both ways, enumerated, displayed ([MS-SAMR] 3.1.5.2, 3.1.5.3, 3.1.5.11, 3.1.5.13).

use super::super::Argument;
use super::super::argument::{fields, symbol};
use super::super::entries::entries;
use super::super::principals::{SID_TYPES, filled, rid};
use super::super::{Decoded, reply};
use super::open::on_object;
use crate::ndr::{Alignment, CountedString, Ndr, Tag};
use rpcscope_model::{Stopped, Text, Value};

pub(super) fn domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("domain", ndr.unicode_string("Name")?);
    Ok(())
}

pub(super) fn domain_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("domain_sid", ndr.unique("DomainId", |ndr| ndr.sid("DomainId"))?);
    reply::status(ndr, call, request)
}

pub(super) fn names(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    ndr.u32("Count")?;
    ndr.count("Names")?;
    let count = ndr.actual_count("Names")?;
    text_list(ndr, call, "names", count)
}

pub(super) fn rids_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if let Some(count) = entries(ndr, "RelativeIds")? {
        call.list("rids", ndr, count, |ndr| ndr.u32("RelativeIds").map(rid))?;
    }
    types(ndr, call)?;
    reply::status(ndr, call, request)
}

pub(super) fn rids(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    ndr.u32("Count")?;
    ndr.count("RelativeIds")?;
    let count = ndr.actual_count("RelativeIds")?;
    call.list("rids", ndr, count, |ndr| ndr.u32("RelativeIds").map(rid))
}

pub(super) fn names_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if let Some(count) = entries(ndr, "Names")? {
        text_list(ndr, call, "names", count)?;
    }
    types(ndr, call)?;
    reply::status(ndr, call, request)
}

/// A name that was not found stands in the list as an empty one, so that names and types keep their places.
fn text_list(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str, count: usize) -> Result<(), Stopped> {
    call.list_with_referents(
        name,
        ndr,
        count,
        |ndr| ndr.counted_string("Names"),
        |ndr, string| ndr.unicode_text("Names", string).map(Option::unwrap_or_default),
    )
}

fn types(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let Some(count) = entries(ndr, "Use")? else { return Ok(()) };
    call.list("types", ndr, count, |ndr| Ok(symbol(ndr.u32("Use")?, SID_TYPES)))
}

/// Where to go on (0: at the start), and how much at most.
pub(super) fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    resume(ndr, call)
}

pub(super) fn enumerate_users(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    enumerate(ndr, call)?;
    call.put("account_control", ndr.u32("UserAccountControl")?);
    Ok(())
}

fn resume(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("resume", ndr.u32("EnumerationContext")?);
    Ok(())
}

pub(super) fn domains(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    enumerated(ndr, call, "domains", |_, name| name.value())?;
    reply::status(ndr, call, request)
}

pub(super) fn accounts(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    enumerated(ndr, call, "accounts", |number, name| {
        Some(fields([("rid", rid(number).value()), ("account", name.value())]))
    })?;
    reply::status(ndr, call, request)
}

/// SAMPR_ENUMERATION_BUFFER ([MS-SAMR] 2.2.7.10), between the place to go on at and the number of entries.
fn enumerated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    entry: impl Fn(u32, Option<Text>) -> Option<Value>,
) -> Result<(), Stopped> {
    resume(ndr, call)?;
    if !ndr.pointer("Buffer")?.is_null()
        && let Some(count) = entries(ndr, "Buffer")?
    {
        call.list_with_referents(
            name,
            ndr,
            count,
            |ndr| {
                ndr.structure(Alignment::Pointer, |ndr| {
                    Ok((ndr.u32("RelativeId")?, ndr.counted_string("Name")?))
                })
            },
            |ndr, (number, text)| Ok(entry(number, ndr.unicode_text("Name", text)?)),
        )?;
    }
    ndr.u32("CountReturned")?;
    Ok(())
}

pub(super) fn display(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    display_level(ndr, call)?;
    call.put("index", ndr.u32("Index")?);
    call.put("count", ndr.u32("EntryCount")?);
    Ok(())
}

pub(super) fn display_index(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    display_level(ndr, call)?;
    call.put("prefix", ndr.unicode_string("Prefix")?);
    Ok(())
}

fn display_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("level", symbol(ndr.enumeration("DisplayInformationClass")?, DISPLAY_LEVELS));
    Ok(())
}

/// SAMPR_DISPLAY_INFO_BUFFER ([MS-SAMR] 2.2.8.13), after two totals.
pub(super) fn displayed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.u32("TotalAvailable")?;
    ndr.u32("TotalReturned")?;
    let level = ndr.union_tag("DisplayInformationClass", Tag::Enumeration, Alignment::Pointer)?;
    let Some(texts) = usize::try_from(level).ok().and_then(|level| DISPLAYED_TEXTS.get(level)) else {
        return Err(ndr.unsupported("DisplayInformationClass"));
    };
    let Some(count) = entries(ndr, "Buffer")? else { return reply::status(ndr, call, request) };
    call.list_with_referents(
        "accounts",
        ndr,
        count,
        |ndr| displayed_in_place(ndr, texts),
        |ndr, (number, strings)| {
            let mut values = [None, None, None];
            for ((value, field), string) in values.iter_mut().zip(texts.iter()).zip(strings) {
                let Some(string) = string else { continue };
                let text = match level {
                    4 | 5 => ndr.ansi_text(field, string)?,
                    _ => ndr.unicode_text(field, string)?,
                };
                *value = filled(text).value();
            }
            let [account, description, full_name] = values;
            Ok(fields([
                ("rid", number.map(rid).value()),
                ("account", account),
                ("description", description),
                ("full_name", full_name),
            ]))
        },
    )?;
    reply::status(ndr, call, request)
}

type Displayed = (Option<u32>, [Option<CountedString>; 3]);

/// An entry without its characters: all levels begin with an index, those with a description have RID and flags too.
fn displayed_in_place(ndr: &mut Ndr<'_>, texts: &[&'static str]) -> Result<Displayed, Stopped> {
    ndr.structure(Alignment::Pointer, |ndr| {
        ndr.u32("Index")?;
        let mut number = None;
        if texts.len() > 1 {
            number = Some(ndr.u32("Rid")?);
            ndr.u32("AccountControl")?;
        }
        let mut strings = [None, None, None];
        for (string, field) in strings.iter_mut().zip(texts) {
            *string = Some(ndr.counted_string(field)?);
        }
        Ok((number, strings))
    })
}

pub(super) fn rid_to_sid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("rid", rid(ndr.u32("Rid")?));
    Ok(())
}

pub(super) fn sid_of_rid(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("sid", ndr.unique("Sid", |ndr| ndr.sid("Sid"))?);
    reply::status(ndr, call, request)
}

pub(super) fn reuse_attempt(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("computer_sid", ndr.sid("ComputerSid")?);
    Ok(())
}

pub(super) fn reuse_answer(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("allowed", ndr.u32("Result")? != 0);
    reply::status(ndr, call, request)
}

pub(super) fn account_on_server(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("account", ndr.unicode_string("AccountName")?);
    Ok(())
}

/// DOMAIN_DISPLAY_INFORMATION ([MS-SAMR] 2.2.8.12).
const DISPLAY_LEVELS: &[(u32, &str)] =
    &[(1, "user"), (2, "machine"), (3, "group"), (4, "oem_user"), (5, "oem_group")];

/// The texts of an entry ([MS-SAMR] 2.2.8.2 to 2.2.8.6), by level.
const DISPLAYED_TEXTS: [&[&str]; 6] = [
    &[],
    &["AccountName", "AdminComment", "FullName"],
    &["AccountName", "AdminComment"],
    &["AccountName", "AdminComment"],
    &["OemAccountName"],
    &["OemAccountName"],
];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response, texts};

    #[test]
    fn names_are_looked_up_with_their_rids_and_types() {
        let asked = request(17, |stub| {
            stub.handle(1).u32(2).count(1000).count(0).count(2).counted("Administrator").counted("krbtgt");
            stub.counted_text("Administrator").counted_text("krbtgt");
        });
        assert_eq!(texts(&asked, "names"), ["Administrator", "krbtgt"]);
        let answer = response(17, Some(&asked), |stub| {
            stub.u32(2).pointer().count(2).u32(500).u32(502);
            stub.align_pointer().u32(2).pointer().count(2).u32(1).u32(1).u32(0);
        });
        assert_eq!(texts(&answer, "rids"), ["500", "502"]);
        assert_eq!(texts(&answer, "types"), ["user", "user"]);
    }

    #[test]
    fn rids_are_looked_up_with_their_names() {
        let asked = request(18, |stub| _ = stub.handle(1).u32(1).count(1000).count(0).count(1).u32(512));
        assert_eq!(texts(&asked, "rids"), ["512"]);
        let answer = response(18, Some(&asked), |stub| {
            stub.u32(1).pointer().count(1).counted("Domain Admins").counted_text("Domain Admins");
            stub.align_pointer().u32(1).pointer().count(1).u32(2).u32(0);
        });
        assert_eq!(texts(&answer, "names"), ["Domain Admins"]);
        assert_eq!(texts(&answer, "types"), ["group"]);
    }

    #[test]
    fn a_domain_is_looked_up_with_its_sid() {
        let asked = request(5, |stub| _ = stub.handle(1).unicode_string("CORP"));
        assert_eq!(asked.arguments.text("domain"), Some("CORP"));
        let answer = response(5, Some(&asked), |stub| _ = stub.pointer().sid(5, &[21, 1, 2, 3]).u32(0));
        assert_eq!(answer.arguments.text("domain_sid"), Some("S-1-5-21-1-2-3"));
    }

    #[test]
    fn enumerated_accounts_have_rids_and_names() {
        let asked = request(13, |stub| _ = stub.handle(1).u32(0).u32(0x10).u32(0xffff));
        assert_eq!(asked.arguments.number("account_control"), Some(0x10));
        let answer = response(13, Some(&asked), |stub| {
            stub.u32(2).pointer().align_pointer().u32(2).pointer().count(2);
            stub.u32(500).counted("Administrator").u32(501).counted("Guest");
            stub.counted_text("Administrator").counted_text("Guest").u32(2).u32(0);
        });
        assert_eq!(texts(&answer, "accounts"), ["rid=500 account=Administrator", "rid=501 account=Guest"]);
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn enumerated_domains_are_names() {
        let answer = response(6, None, |stub| {
            stub.u32(1).pointer().align_pointer().u32(1).pointer().count(1).u32(0).counted("Builtin");
            stub.counted_text("Builtin").u32(1).u32(0);
        });
        assert_eq!(texts(&answer, "domains"), ["Builtin"]);
    }

    #[test]
    fn displayed_users_have_descriptions() {
        let asked = request(40, |stub| _ = stub.handle(1).enumeration(1).u32(0).u32(100).u32(0xffff));
        assert_eq!(asked.arguments.text("level"), Some("user"));
        let answer = response(40, Some(&asked), |stub| {
            stub.u32(300).u32(300).align_pointer().enumeration(1).align_pointer().u32(1).pointer().count(1);
            stub.u32(1).u32(1104).u32(0x10).counted("bob").counted("pw is Summer1").counted("");
            stub.counted_text("bob").counted_text("pw is Summer1").counted_text("").u32(0);
        });
        assert_eq!(texts(&answer, "accounts"), ["rid=1104 account=bob description=pw is Summer1"]);
    }

    #[test]
    fn displayed_oem_users_have_names_only() {
        let answer = response(51, None, |stub| {
            stub.u32(3).u32(3).align_pointer().enumeration(4).align_pointer().u32(1).pointer().count(1);
            stub.align_pointer().u32(1).align_pointer().u16(3).u16(3).pointer();
            stub.count(3).count(0).count(3).raw(b"bob").u32(0);
        });
        assert_eq!(texts(&answer, "accounts"), ["account=bob"]);
    }

    #[test]
    fn a_rid_becomes_a_sid() {
        let asked = request(65, |stub| _ = stub.handle(1).u32(500));
        assert_eq!(asked.arguments.text("rid"), Some("500"));
        let answer = response(65, Some(&asked), |stub| _ = stub.pointer().sid(5, &[21, 1, 500]).u32(0));
        assert_eq!(answer.arguments.text("sid"), Some("S-1-5-21-1-500"));
    }
}
