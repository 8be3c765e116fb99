//! The event of an operation of Windows Management Instrumentation.

use super::activation::status;
use rpcscope_model::{Arguments, Call, Opnum, Text, Value, Wmi};
use uuid::Uuid;

/// What there is to say of a call that reads or changes management objects, or opens a namespace; `None` of another call,
/// and of one that was not read.
#[inline]
pub(crate) fn wmi(call: &Call) -> Option<Box<Wmi>> {
    let is_wmi = match call.interface?.syntax.uuid {
        IWBEM_SERVICES => true,
        IWBEM_LEVEL1_LOGIN => call.opnum == Some(NTLM_LOGIN),
        _ => false,
    };
    if is_wmi { told(call, call.procedure?, call.arguments.as_ref()?) } else { None }
}

#[inline(never)] // the question before is asked of every call
fn told(call: &Call, operation: &'static str, arguments: &Arguments) -> Option<Box<Wmi>> {
    let object = call.instance.as_deref();
    let about = |field: &str| {
        let about = object.map(|object| &*object.about).unwrap_or_default();
        about.iter().find(|(known, _)| *known == field).map(|(_, text)| text.clone())
    };
    let object_path = text(arguments, "object_path");
    let query = text(arguments, "query");
    let class = text(arguments, "class")
        .or_else(|| object_path.as_ref().and_then(class_of_path))
        .or_else(|| query.as_ref().and_then(class_of_query));
    let wmi = Box::new(Wmi {
        endpoint: std::sync::Arc::clone(&call.endpoint),
        call_id: call.call_id,
        operation,
        // A login says which; an object that is put names the one that it is from.
        namespace: about("namespace").or_else(|| text(arguments, "namespace")),
        class,
        object_path,
        method: text(arguments, "method"),
        query,
        command_line: text(arguments, "command_line"),
        activation: object.and_then(|object| object.activation),
        security: call.security,
        identity: call.identity.clone(),
        outcome: call.outcome,
        status: status(Some(arguments)),
        announced: false,
    });
    let opens = arguments.get("namespace").is_some();
    (opens || wmi.class.is_some() || wmi.object_path.is_some() || wmi.query.is_some()).then_some(wmi)
}

fn text(arguments: &Arguments, name: &str) -> Option<Text> {
    match arguments.get(name)? {
        Value::Text(text) if !text.string.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The class of an object path, `\\host\root\cimv2:Win32_Process.Handle="4"`: what stands behind the namespace and before
/// the keys.
fn class_of_path(path: &Text) -> Option<Text> {
    let values = path.string.find(['=', '"']).unwrap_or(path.string.len());
    let (named, _) = path.string.split_at_checked(values)?;
    let named = named.rsplit_once(':').map_or(named, |(_, named)| named);
    let class = named.split('.').next().unwrap_or(named);
    let cut = path.cut && path.string.ends_with(class);
    (!class.is_empty()).then(|| Text { string: class.into(), cut })
}

/// The class of a query: the word behind `from`, or `of` in `associators of {path}`.
fn class_of_query(query: &Text) -> Option<Text> {
    let mut words = query.string.split_ascii_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("from"))?;
    let class: String = words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!class.is_empty()).then(|| Text::whole(class))
}

const IWBEM_SERVICES: Uuid = Uuid::from_u128(0x9556dc99_828c_11cf_a37e_00aa003240c7);
const IWBEM_LEVEL1_LOGIN: Uuid = Uuid::from_u128(0xf309ad18_d86a_11d0_a075_00c04fb68820);
/// Of `IWbemLevel1Login` ([MS-WMI] 3.1.4.1).
const NTLM_LOGIN: Opnum = Opnum(6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_name_their_class() {
        let of_path = |path: &str| class_of_path(&Text::whole(path)).map(|class| class.string);
        let of_query = |query: &str| class_of_query(&Text::whole(query)).map(|class| class.string);
        assert_eq!(of_path("Win32_Process").as_deref(), Some("Win32_Process"));
        assert_eq!(
            of_path(r#"\\WS1.corp\root\cimv2:Win32_Process.Handle="4""#).as_deref(),
            Some("Win32_Process")
        );
        assert_eq!(of_path(r#"//./root/cimv2:Win32_Service="a:b""#).as_deref(), Some("Win32_Service"));
        assert_eq!(of_path("Win32_Thing=@").as_deref(), Some("Win32_Thing"));
        assert_eq!(of_path(""), None);
        assert_eq!(of_query("SELECT * FROM Win32_Process WHERE x=1").as_deref(), Some("Win32_Process"));
        assert_eq!(
            of_query("select a from  __InstanceCreationEvent").as_deref(),
            Some("__InstanceCreationEvent")
        );
        assert_eq!(of_query("select"), None);
        assert_eq!(of_query("ASSOCIATORS OF {x}"), None);
    }
}
