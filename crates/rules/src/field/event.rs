//! The values of fields in an event of the sensor.

use super::registry::{BIND_RESULTS, BYTE_ORDERS};
use super::{EventType, Field, FieldId, Kind, object, share};
use crate::value::{FieldValue, FieldValues, Fields};
use rpcscope_catalog::{
    interface, normalize_pipe, provider_reason_name, reject_reason_name, result_name, status_name,
};
use rpcscope_model::{
    Arguments, AuthLevel, AuthResult, AuthType, Bind, BindResult, Call, Event, EventBody, Identity,
    Interface, Message, Opnum, Part, Reply, Security, Text, Value,
};
use std::borrow::Cow;
use uuid::Uuid;

impl EventType {
    /// The kind of an event.
    pub const fn of(event: &Event) -> Self {
        match event.body {
            EventBody::Call(_) => Self::Call,
            EventBody::Bind(_) => Self::Bind,
            EventBody::Authentication(_) => Self::Identity,
            EventBody::Anomaly(_) => Self::Anomaly,
            EventBody::Activation(_) => Self::Activation,
            EventBody::Wmi(_) => Self::Wmi,
            EventBody::EndpointMap(_) => Self::EndpointMap,
            EventBody::Pipe(_) => Self::Pipe,
            EventBody::SmbFile(_) => Self::SmbFile,
            EventBody::SmbMapping(_) => Self::SmbMapping,
        }
    }
}

impl Fields for Event {
    fn values(&self, field: &Field) -> FieldValues<'_> {
        let mut values = FieldValues::new();
        match field {
            Field::Known(id) => known(self, *id, &mut values),
            Field::Argument(path) => {
                if let EventBody::Call(call) = &self.body
                    && let Some(arguments) = &call.arguments
                {
                    argument(arguments, path, &mut values);
                }
            }
            Field::Other(_) => {}
        }
        values
    }

    fn uuid(&self, field: &Field) -> Option<Uuid> {
        match (&self.body, field) {
            (EventBody::Call(call), Field::Known(FieldId::Interface)) => {
                call.interface.map(|interface| interface.syntax.uuid)
            }
            _ => None,
        }
    }

    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
        let mut values = FieldValues::new();
        // Bytes are kept only when a rule asks for them: what keywords find must not depend on other rules.
        for id in FieldId::ALL.iter().filter(|id| id.kind() != Kind::Bytes) {
            known(self, *id, &mut values);
        }
        if let EventBody::Call(call) = &self.body
            && let Some(arguments) = &call.arguments
        {
            arguments.iter().for_each(|(_, value)| flatten(value, &mut values));
        }
        values.iter().any(visit)
    }
}

/// Adds the values of a field of the registry.
fn known<'a>(event: &'a Event, id: FieldId, values: &mut FieldValues<'a>) {
    let header = &event.header;
    match id {
        FieldId::EventType => values.push(FieldValue::text(EventType::of(event).name())),
        FieldId::Time => values.push(FieldValue::Time(header.time)),
        FieldId::Frame => values.push(number(header.frame.0)),
        FieldId::FlowId => values.push(number(header.flow_id)),
        FieldId::ClientIp => values.push(FieldValue::Address(header.client.address)),
        FieldId::ClientPort => values.push(number(header.client.port)),
        FieldId::ServerIp => values.push(FieldValue::Address(header.server.address)),
        FieldId::ServerPort => values.push(number(header.server.port)),
        FieldId::Transport => values.push(FieldValue::text(header.transport.name())),
        FieldId::RequestPdu
        | FieldId::RequestStub
        | FieldId::RequestByteOrder
        | FieldId::ReplyPdu
        | FieldId::ReplyStub
        | FieldId::ReplyByteOrder => wire(&event.body, id, values),
        // Only whoever watches the flow knows its bits.
        FieldId::Unseen | FieldId::Flowbits => {}
        _ => match &event.body {
            EventBody::Call(call) => self::call(call, id, values),
            EventBody::Bind(bind) => self::bind(bind, id, values),
            EventBody::Authentication(authentication) => {
                let server_says =
                    authentication.identity.result.map(|result| FieldValue::text(result.name()));
                match id {
                    FieldId::AuthResult => values.extend(server_says),
                    FieldId::Endpoint | FieldId::Pipe => {
                        if let Some(endpoint) = &authentication.endpoint {
                            self::endpoint(endpoint, id, values);
                        }
                    }
                    FieldId::AuthType if authentication.security.is_none() => {
                        authentication.identity.auth_type.iter().for_each(|kind| auth_type(*kind, values));
                    }
                    FieldId::AuthType | FieldId::AuthLevel => security(authentication.security, id, values),
                    _ => identity(&authentication.identity, id, values),
                }
            }
            EventBody::Activation(activation) => object::activation(activation, id, values),
            EventBody::Wmi(wmi) => object::wmi(wmi, id, values),
            EventBody::EndpointMap(map) => object::endpoint_map(map, id, values),
            EventBody::Pipe(pipe) => share::pipe(pipe, id, values),
            EventBody::SmbFile(file) => share::file(file, id, values),
            EventBody::SmbMapping(mapping) => share::mapping(mapping, id, values),
            EventBody::Anomaly(anomaly) => match id {
                FieldId::AnomalyKind => values.push(FieldValue::text(anomaly.kind.name())),
                FieldId::Layer => values.push(FieldValue::text(anomaly.kind.layer().name())),
                FieldId::AnomalyBytes => values.extend(anomaly.bytes.map(number)),
                _ => {}
            },
        },
    }
}

/// The bytes that a call or a bind carries.
fn wire<'a>(body: &'a EventBody, id: FieldId, values: &mut FieldValues<'a>) {
    let (wire, parts) = match body {
        EventBody::Call(call) => (call.wire.as_deref(), [call.request, call.reply.map(|(_, part)| part)]),
        EventBody::Bind(bind) => (bind.wire.as_deref(), [None; 2]),
        _ => return,
    };
    let is_request = matches!(id, FieldId::RequestPdu | FieldId::RequestStub | FieldId::RequestByteOrder);
    let message = wire.and_then(|wire| if is_request { wire.request.as_ref() } else { wire.reply.as_ref() });
    let Some(message) = message else { return };
    match id {
        FieldId::RequestPdu | FieldId::ReplyPdu => {
            values.push(FieldValue::bytes(&message.pdu));
            let [request, reply] = parts;
            let part = if is_request { request } else { reply };
            if part.is_some_and(|part| part.fragments > 1) {
                values.extend(unfragmented(message).map(FieldValue::bytes));
            }
        }
        FieldId::RequestStub | FieldId::ReplyStub => values.push(FieldValue::bytes(&message.stub)),
        _ => values.push(FieldValue::text(BYTE_ORDERS[usize::from(message.is_big_endian)])),
    }
}

/// The PDU that would have been sent if it had not been cut into fragments: the header of the first one, and the whole
/// stub. What is looked for may lie across fragments, or in a later one.
fn unfragmented(message: &Message) -> Option<Vec<u8>> {
    let header = match message.pdu.as_slice() {
        // [C706] 12.6.4.9: with an object UUID when the flag says so.
        [5, _, PDU_REQUEST, flags, ..] if flags & PFC_OBJECT_UUID != 0 => 40,
        [5, _, PDU_REQUEST | PDU_RESPONSE, ..] => 24,
        // [C706] 12.5.2.
        [4, ..] => 80,
        _ => return None,
    };
    Some([message.pdu.get(..header)?, &message.stub].concat())
}

fn call<'a>(call: &'a Call, id: FieldId, values: &mut FieldValues<'a>) {
    let reply = call.reply.as_ref();
    match id {
        FieldId::Endpoint | FieldId::Pipe => endpoint(&call.endpoint, id, values),
        FieldId::RpcVersion => values.push(version(call.rpc_version)),
        FieldId::CallId => values.push(number(call.call_id.0)),
        FieldId::ContextId => values.extend(call.context_id.map(|id| number(id.0))),
        FieldId::Interface | FieldId::InterfaceVersion | FieldId::InterfaceMajor | FieldId::Specification => {
            call.interface.iter().for_each(|interface| self::interface_field(interface, id, values));
        }
        FieldId::Learned => values.push(FieldValue::text(call.learned.name())),
        FieldId::Assumed => values.push(FieldValue::Flag(call.assumed)),
        FieldId::TransferSyntax => values.extend(call.transfer_syntax.map(FieldValue::Uuid)),
        FieldId::Opnum => operation(call, values, true),
        FieldId::Procedure => operation(call, values, false),
        FieldId::Object => values.extend(call.object.map(FieldValue::Uuid)),
        FieldId::Clsid | FieldId::ClsidGuess => {
            object::class(call.instance.as_ref().and_then(|instance| instance.class), id, values);
        }
        FieldId::ActivationId => {
            object::activation_id(call.instance.as_ref().and_then(|instance| instance.activation), values);
        }
        FieldId::AuthType | FieldId::AuthLevel => security(call.security, id, values),
        FieldId::Sealed => values.push(FieldValue::Flag(call.sealed)),
        FieldId::RequestBytes => values.extend(call.request.map(|part| number(part.stub_bytes))),
        FieldId::RequestFragments => values.extend(call.request.map(|part| number(part.fragments))),
        FieldId::ReplyBytes => values.extend(reply.map(|(_, part)| number(part.stub_bytes))),
        FieldId::ReplyFragments => values.extend(reply.map(|(_, part)| number(part.fragments))),
        FieldId::Outcome => values.push(FieldValue::text(call.outcome.name())),
        FieldId::Fault => {
            if let Some((Reply::Fault(status) | Reply::Reject(status), _)) = reply {
                self::status(*status, values);
            }
        }
        FieldId::RttMicroseconds => values.extend(rtt_ns(call).map(|ns| number(ns / 1_000))),
        // Nanoseconds of a capture have at most 64 bits, of which a fraction keeps 53: microseconds over centuries.
        FieldId::RttSeconds => values.extend(rtt_ns(call).map(|ns| FieldValue::Real(ns as f64 / 1e9))),
        FieldId::Activity => values.extend(call.activity.map(FieldValue::Uuid)),
        FieldId::FirewallLog => values.push(FieldValue::text("RPCFW")),
        FieldId::FirewallEventId => values.push(FieldValue::Number(3)),
        _ => call.identity.iter().for_each(|who| identity(who, id, values)),
    }
}

fn rtt_ns(call: &Call) -> Option<u64> {
    let (request, reply): (Part, Part) = call.request.zip(call.reply.map(|(_, part)| part))?;
    Some(reply.time.since_ns(request.time))
}

fn bind<'a>(bind: &'a Bind, id: FieldId, values: &mut FieldValues<'a>) {
    match id {
        FieldId::Endpoint | FieldId::Pipe => endpoint(&bind.endpoint, id, values),
        FieldId::RpcVersion => values.push(version(bind.rpc_version)),
        FieldId::CallId => values.push(number(bind.call_id.0)),
        FieldId::ContextId => values.extend(bind.contexts.iter().map(|context| number(context.id.0))),
        FieldId::Interface | FieldId::InterfaceVersion | FieldId::InterfaceMajor | FieldId::Specification => {
            bind.contexts.iter().for_each(|context| interface_field(&context.interface, id, values));
        }
        FieldId::TransferSyntax => {
            let offered = bind.contexts.iter().flat_map(|context| &context.transfer_syntaxes);
            values.extend(offered.map(|syntax| FieldValue::Uuid(syntax.uuid)));
        }
        FieldId::AuthType | FieldId::AuthLevel => security(bind.security, id, values),
        FieldId::BindKind => values.push(FieldValue::text(bind.kind.name())),
        FieldId::BindResult => {
            let [acknowledged, rejected, faulted, unanswered] = BIND_RESULTS;
            values.push(FieldValue::text(match bind.result {
                BindResult::Acknowledged { .. } => acknowledged,
                BindResult::Rejected { .. } => rejected,
                BindResult::Faulted(_) => faulted,
                BindResult::Unanswered => unanswered,
            }));
        }
        FieldId::RejectReason => {
            if let BindResult::Rejected { reason, .. } = bind.result {
                values.push(number(reason));
                values.extend(reject_reason_name(reason).map(FieldValue::text));
            }
        }
        FieldId::ContextResult => {
            for (result, reason) in bind.contexts.iter().filter_map(|context| context.answer) {
                values.push(number(result));
                values.extend(result_name(result).map(FieldValue::text));
                let reason =
                    Some(reason).filter(|_| result == PROVIDER_REJECTION).and_then(provider_reason_name);
                values.extend(reason.map(FieldValue::text));
            }
        }
        FieldId::Fault => {
            if let BindResult::Faulted(status) = bind.result {
                self::status(status, values);
            }
        }
        FieldId::AssociationGroup => values.push(number(bind.association_group)),
        _ => {}
    }
}

pub(super) fn identity<'a>(who: &'a Identity, id: FieldId, values: &mut FieldValues<'a>) {
    let text = |text: &'a Option<Text>| text.as_ref().map(|text| FieldValue::text(text.string.as_str()));
    match id {
        FieldId::User => values.extend(text(&who.user)),
        FieldId::Domain => values.extend(text(&who.domain)),
        FieldId::Workstation => values.extend(text(&who.workstation)),
        FieldId::Realm => values.extend(text(&who.realm)),
        FieldId::Service => values.extend(text(&who.service)),
        FieldId::OsVersion => {
            values.extend(who.os_version.map(|version| FieldValue::text(version.to_string())))
        }
        FieldId::Anonymous => values.push(FieldValue::Flag(who.anonymous)),
        FieldId::Guest => values.push(FieldValue::Flag(who.guest)),
        FieldId::Spnego => values.push(FieldValue::Flag(who.spnego)),
        FieldId::NtlmVersion => {
            values.extend(who.ntlm_version.map(|version| FieldValue::text(version.name())))
        }
        FieldId::TicketEncryption => {
            let encryption = who.kerberos.and_then(|kerberos| kerberos.ticket_encryption);
            values.extend(encryption.map(|encryption| FieldValue::text(encryption.to_string())));
        }
        FieldId::KerberosError => {
            let error = who.kerberos.and_then(|kerberos| kerberos.error);
            values.extend(error.map(|error| FieldValue::Number(error.into())));
            values.extend(error.and_then(kerberos_error_name).map(FieldValue::text));
        }
        FieldId::ServerNbName => values.extend(text(&who.server.nb_computer)),
        FieldId::ServerDnsName => values.extend(text(&who.server.dns_computer)),
        FieldId::ServerTreeName => values.extend(text(&who.server.dns_tree)),
        FieldId::AuthSuccess => {
            let accepted = |result| FieldValue::Flag(result == AuthResult::Accepted);
            values.extend(who.result.map(accepted));
        }
        FieldId::KerberosRequest => {
            values.extend(who.kerberos.is_some().then(|| FieldValue::text("AP")));
        }
        FieldId::ServerName => {
            let server = &who.server;
            for name in [&server.target, &server.nb_computer, &server.dns_computer] {
                values.extend(text(name));
            }
        }
        _ => {}
    }
}

pub(super) fn number<'a>(number: impl Into<i128>) -> FieldValue<'a> {
    FieldValue::Number(number.into())
}

fn version<'a>((major, minor): (u8, u8)) -> FieldValue<'a> {
    FieldValue::text(format!("{major}.{minor}"))
}

pub(super) fn endpoint<'a>(endpoint: &'a str, id: FieldId, values: &mut FieldValues<'a>) {
    if id == FieldId::Endpoint {
        values.push(FieldValue::text(endpoint));
    } else if endpoint.starts_with('\\') {
        values.push(FieldValue::text(normalize_pipe(endpoint)));
    }
}

pub(super) fn interface_field<'a>(bound: &Interface, id: FieldId, values: &mut FieldValues<'a>) {
    let known = || interface(&bound.syntax.uuid);
    match id {
        FieldId::InterfaceVersion => {
            values.push(FieldValue::text(format!("{}.{}", bound.syntax.major, bound.syntax.minor)));
        }
        FieldId::InterfaceMajor => values.push(number(bound.syntax.major)),
        FieldId::Specification => {
            values.extend(known().and_then(|known| known.protocol).map(FieldValue::text));
        }
        _ => {
            values.push(FieldValue::Uuid(bound.syntax.uuid));
            values.extend(bound.name.map(FieldValue::text));
            values.extend(
                known().into_iter().flat_map(|known| known.aliases).map(|name| FieldValue::text(*name)),
            );
        }
    }
}

/// The operation: number or names first, as the field asks, so that text conditions see what the field is named for.
fn operation<'a>(call: &'a Call, values: &mut FieldValues<'a>, by_number: bool) {
    let Some(opnum) = call.opnum else { return };
    let uuid: Option<Uuid> = call.interface.map(|interface| interface.syntax.uuid);
    values.push(number(opnum.0));
    values.extend(uuid.map(|uuid| FieldValue::Operation(uuid, opnum.0)));
    if by_number {
        return;
    }
    values.extend(call.procedure.map(FieldValue::text));
    operation_names(uuid, opnum, values);
}

/// Adds what others call an operation.
pub(super) fn operation_names(interface: Option<Uuid>, opnum: Opnum, values: &mut FieldValues<'_>) {
    if let Some(known) = interface.as_ref().and_then(rpcscope_catalog::interface) {
        values.extend(known.other_names_of(opnum.0).map(|other| FieldValue::text(other.name)));
    }
}

pub(super) fn security<'a>(security: Option<Security>, id: FieldId, values: &mut FieldValues<'a>) {
    let Some(security) = security else { return };
    if id == FieldId::AuthType {
        auth_type(security.auth_type, values);
    } else {
        let AuthLevel(level) = security.level;
        values.push(number(level));
        values.extend(security.level.name().map(FieldValue::text));
    }
}

fn auth_type(kind: AuthType, values: &mut FieldValues<'_>) {
    values.push(number(kind.0));
    values.extend(kind.name().map(FieldValue::text));
    // What RPC Firewall writes, after the constants of Windows.
    match kind.0 {
        9 => values.push(FieldValue::text("NEGOTIATE")),
        10 => values.push(FieldValue::text("WINNT")),
        _ => {}
    }
}

/// A status: number, name, and the name without what says where it is from.
pub(super) fn status(status: u32, values: &mut FieldValues<'_>) {
    values.push(number(status));
    if let Some(name) = status_name(status) {
        values.push(FieldValue::text(name));
        if let Some(short) = short_status(name) {
            values.push(FieldValue::text(short));
        }
    }
}

/// The name of a status without its prefix, such as `access_denied` for `ERROR_ACCESS_DENIED`.
pub(crate) fn short_status(name: &str) -> Option<&str> {
    STATUS_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))
}

/// Adds the values of an argument, by the names on the way to it.
fn argument<'a>(arguments: &'a Arguments, path: &str, values: &mut FieldValues<'a>) {
    let mut found: Vec<&'a Value> = Vec::new();
    // A name may have dots itself: the whole path first.
    if let Some(value) = arguments.get(path) {
        found.push(value);
    } else {
        let mut names = path.split('.');
        found.extend(names.next().and_then(|name| arguments.get(name)));
        for name in names {
            found = found.into_iter().flat_map(|value| members(value, name)).collect();
        }
    }
    found.into_iter().for_each(|value| flatten(value, values));
}

fn members<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let of = |fields: &'a [(Cow<'static, str>, Value)]| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    match value {
        Value::Fields(fields) => of(fields).into_iter().collect(),
        Value::List(list) => {
            let fields = list.values.iter().filter_map(|value| match value {
                Value::Fields(fields) => of(fields),
                _ => None,
            });
            fields.collect()
        }
        _ => Vec::new(),
    }
}

/// Adds a value, or those that it is made of. What is decoded is bounded in depth and size.
fn flatten<'a>(value: &'a Value, values: &mut FieldValues<'a>) {
    match value {
        Value::Text(text) => values.push(FieldValue::text(text.string.as_str())),
        Value::Number(number) => values.push(self::number(*number)),
        Value::Signed(number) => values.push(self::number(*number)),
        Value::Flag(flag) => values.push(FieldValue::Flag(*flag)),
        Value::Symbol(number, name) => {
            values.push(self::number(*number));
            values.push(FieldValue::text(*name));
        }
        Value::Status(status) => self::status(*status, values),
        Value::Uuid(uuid) => values.push(FieldValue::Uuid(*uuid)),
        Value::Sid(sid) => values.push(FieldValue::text(sid.as_str())),
        Value::Time(time) => values.push(FieldValue::Time(*time)),
        Value::Bytes(bytes) => values.push(FieldValue::bytes(&*bytes.head)),
        Value::List(list) => list.values.iter().for_each(|value| flatten(value, values)),
        Value::Fields(fields) => fields.iter().for_each(|(_, value)| flatten(value, values)),
    }
}

/// Names of error codes ([RFC 4120] 7.5.9), those that servers send to clients of services and that are seen in attacks.
fn kerberos_error_name(code: i32) -> Option<&'static str> {
    Some(match code {
        6 => "KDC_ERR_C_PRINCIPAL_UNKNOWN",
        7 => "KDC_ERR_S_PRINCIPAL_UNKNOWN",
        12 => "KDC_ERR_POLICY",
        14 => "KDC_ERR_ETYPE_NOSUPP",
        18 => "KDC_ERR_CLIENT_REVOKED",
        23 => "KDC_ERR_KEY_EXPIRED",
        24 => "KDC_ERR_PREAUTH_FAILED",
        25 => "KDC_ERR_PREAUTH_REQUIRED",
        31 => "KRB_AP_ERR_BAD_INTEGRITY",
        32 => "KRB_AP_ERR_TKT_EXPIRED",
        34 => "KRB_AP_ERR_REPEAT",
        37 => "KRB_AP_ERR_SKEW",
        41 => "KRB_AP_ERR_MODIFIED",
        _ => return None,
    })
}

const STATUS_PREFIXES: [&str; 8] =
    ["nca_s_fault_", "nca_s_op_", "nca_s_", "ERROR_", "STATUS_", "RPC_S_", "RPC_X_", "E_"];
/// `result` of a presentation context that the provider rejected ([C706] 12.6.3.1).
const PROVIDER_REJECTION: u16 = 2;
/// Types of PDUs ([C706] 12.6.4).
const PDU_REQUEST: u8 = 0;
const PDU_RESPONSE: u8 = 2;
/// The flag of a request that names an object ([C706] 12.6.3.1).
const PFC_OBJECT_UUID: u8 = 0x80;
