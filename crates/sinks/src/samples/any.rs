//! Any event, hostile ones included, for generated tests.

use super::*;
use proptest::prelude::*;
use std::borrow::Cow;

/// Any event, hostile ones included.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    (any_header(), prop_oneof![3 => any_call(), 2 => any_bind(), 1 => any_anomaly(), 1 => any_of_objects()])
        .prop_map(|(header, body)| Event { header, body })
}

fn any_header() -> impl Strategy<Value = EventHeader> {
    let endpoint = || {
        (any::<u128>(), any::<bool>(), any::<u16>()).prop_map(|(bits, v4, port)| {
            let [.., a, b, c, d] = bits.to_be_bytes();
            let address = if v4 { Address::v4([a, b, c, d]) } else { Address::v6(bits.to_be_bytes()) };
            Endpoint::new(address, port)
        })
    };
    let transport = prop::sample::select(vec![
        Transport::NcacnIpTcp,
        Transport::NcacnNpSmb1,
        Transport::NcacnNpSmb2,
        Transport::NcadgIpUdp,
        Transport::NcacnHttp,
    ]);
    (any::<i64>(), any::<u64>(), any::<u64>(), endpoint(), endpoint(), transport).prop_map(
        |(time, frame, flow_id, client, server, transport)| EventHeader {
            time: Timestamp(time),
            frame: FrameNumber(frame),
            flow_id,
            client,
            server,
            transport,
            phase: Phase::Settled,
        },
    )
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    prop_oneof![any::<u128>().prop_map(Uuid::from_u128), Just(NDR), Just(NDR64), Just(FEATURES), Just(SVCCTL)]
}

fn any_syntax() -> impl Strategy<Value = SyntaxId> {
    (any_uuid(), 0u16..4, any::<u16>()).prop_map(|(uuid, major, minor)| syntax(uuid, major, minor))
}

fn any_interface() -> impl Strategy<Value = Interface> {
    (any_syntax(), prop::option::of(prop::sample::select(vec!["svcctl", "IRemoteSCMActivator"])))
        .prop_map(|(syntax, name)| Interface { syntax, name })
}

fn any_text() -> impl Strategy<Value = Arc<str>> {
    any::<String>().prop_map(Arc::from)
}

fn any_part() -> impl Strategy<Value = Part> {
    (any::<i64>(), any::<u64>(), any::<u32>(), any::<u64>(), any::<bool>()).prop_map(
        |(time, frame, fragments, stub_bytes, complete)| Part {
            time: Timestamp(time),
            frame: FrameNumber(frame),
            fragments,
            stub_bytes,
            complete,
        },
    )
}

fn any_security() -> impl Strategy<Value = Security> {
    (any::<u8>(), any::<u8>(), any::<u32>()).prop_map(|(auth_type, level, context_id)| Security {
        auth_type: AuthType(auth_type),
        level: AuthLevel(level),
        context_id,
    })
}

fn any_learned() -> impl Strategy<Value = Learned> {
    prop::sample::select(vec![
        Learned::Bind,
        Learned::AlterContext,
        Learned::Header,
        Learned::PipeName,
        Learned::OxidResolver,
        Learned::EndpointMapper,
        Learned::Unknown,
    ])
}

fn any_arguments() -> impl Strategy<Value = Option<Arguments>> {
    let leaf = prop_oneof![
        any::<(String, bool)>().prop_map(|(string, cut)| Value::Text(Text { string: string.into(), cut })),
        any::<u64>().prop_map(Value::Number),
        any::<i64>().prop_map(Value::Signed),
        any::<u32>().prop_map(Value::Status),
        any::<i64>().prop_map(|time| Value::Time(Timestamp(time))),
        any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(Bytes::head_of(&bytes))),
        any_uuid().prop_map(Value::Uuid),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        let named = ("[a-z\"\u{1}]{0,2}[a-z]".prop_map(Cow::Owned), inner.clone());
        prop_oneof![
            (prop::collection::vec(inner, 0..4), 0usize..2)
                .prop_map(|(values, omitted)| Value::List(List { values, omitted })),
            prop::collection::vec(named, 0..4).prop_map(Value::Fields),
        ]
    });
    prop::option::of(prop::collection::vec(("[a-z]{1,4}", value), 0..5).prop_map(|fields| {
        let mut arguments = Arguments::default();
        fields.into_iter().for_each(|(name, value)| arguments.put(name, value));
        arguments
    }))
}

fn any_call() -> impl Strategy<Value = EventBody> {
    let reply = prop_oneof![
        Just(Reply::Response),
        (0u32..8).prop_map(Reply::Fault),
        any::<u32>().prop_map(Reply::Reject)
    ];
    let outcome = prop::sample::select(vec![
        Outcome::Replied,
        Outcome::Faulted,
        Outcome::Rejected,
        Outcome::Cancelled,
        Outcome::Lost,
        Outcome::Unanswered,
    ]);
    let procedure = prop::option::of(prop::sample::select(vec!["RCreateServiceW", "NetrJobAdd"]));
    let uuid = || prop::option::of(any_uuid());
    let numbers = (any::<(u8, u8)>(), any::<u32>(), any::<Option<u16>>(), any::<Option<u16>>());
    let meaning = (prop::option::of(any_interface()), any_learned(), any::<bool>(), procedure, outcome);
    let parts = (prop::option::of(any_part()), prop::option::of((reply, any_part())));
    let security = (prop::option::of(any_security()), any::<bool>());
    (any_text(), numbers, meaning, parts, security, (uuid(), uuid(), uuid()), any_arguments()).prop_map(
        |(endpoint, numbers, meaning, (request, reply), (security, sealed), uuids, arguments)| {
            let (rpc_version, call_id, context_id, opnum) = numbers;
            let (interface, learned, assumed, procedure, outcome) = meaning;
            EventBody::Call(Box::new(Call {
                endpoint,
                rpc_version,
                call_id: CallId(call_id),
                context_id: context_id.map(ContextId),
                interface,
                learned,
                assumed,
                transfer_syntax: uuids.0,
                opnum: opnum.map(Opnum),
                procedure,
                object: uuids.1,
                instance: None,
                security,
                sealed,
                request,
                reply,
                outcome,
                activity: uuids.2,
                identity: None,
                identity_hint: None,
                arguments,
                announced: None,
                wire: None,
            }))
        },
    )
}

fn any_bind() -> impl Strategy<Value = EventBody> {
    let offered = (
        any::<u16>(),
        any_interface(),
        prop::collection::vec(any_syntax(), 0..4),
        prop::option::of((0u16..6, any::<u16>())),
    )
        .prop_map(|(id, interface, transfer_syntaxes, answer)| OfferedContext {
            id: ContextId(id),
            interface,
            transfer_syntaxes,
            answer,
        });
    let result = prop_oneof![
        (prop::option::of(any_text()), any::<u32>()).prop_map(|(secondary_address, association_group)| {
            BindResult::Acknowledged { secondary_address, association_group }
        }),
        (0u16..12, any::<Vec<(u8, u8)>>())
            .prop_map(|(reason, versions)| BindResult::Rejected { reason, versions }),
        any::<u32>().prop_map(BindResult::Faulted),
        Just(BindResult::Unanswered),
    ];
    let numbers = (any::<(u8, u8)>(), any::<u32>(), any::<u32>(), any::<bool>());
    let answered = prop::option::of((any::<i64>(), any::<u64>()));
    let contexts = prop::collection::vec(offered, 0..20);
    (any_text(), numbers, contexts, result, prop::option::of(any_security()), answered).prop_map(
        |(endpoint, numbers, contexts, result, security, answered)| {
            let (rpc_version, call_id, association_group, alters) = numbers;
            EventBody::Bind(Box::new(Bind {
                endpoint,
                rpc_version,
                call_id: CallId(call_id),
                kind: if alters { Learned::AlterContext } else { Learned::Bind },
                contexts,
                association_group,
                result,
                security,
                answered: answered.map(|(time, frame)| (Timestamp(time), FrameNumber(frame))),
                wire: None,
            }))
        },
    )
}

/// An activation or an operation of Windows Management Instrumentation, whatever stands in their texts.
fn any_of_objects() -> impl Strategy<Value = EventBody> {
    let events = prop::sample::select([activations(), management(), shares(), endpoints()].concat());
    (events, any::<String>(), any::<u64>()).prop_map(|(event, string, frame)| {
        let text = Text::whole(string);
        match event.body {
            EventBody::Activation(activation) => EventBody::Activation(Box::new(Activation {
                id: ActivationId { frame: FrameNumber(frame), ..activation.id },
                bindings: vec![text.clone()],
                endpoint: text.string.into(),
                ..*activation
            })),
            EventBody::Wmi(wmi) => {
                EventBody::Wmi(Box::new(Wmi { query: Some(text.clone()), command_line: Some(text), ..*wmi }))
            }
            EventBody::SmbFile(file) => EventBody::SmbFile(Box::new(SmbFile {
                share: Share { session_id: frame, path: Some(text.string.as_str().into()), ..file.share },
                previous_name: file.previous_name.map(|_| text.clone()),
                name: text,
                ..*file
            })),
            EventBody::Pipe(pipe) => EventBody::Pipe(Box::new(Pipe { name: text, ..*pipe })),
            EventBody::SmbMapping(mapping) => EventBody::SmbMapping(Box::new(SmbMapping {
                native_file_system: Some(text.clone()),
                service: Some(text),
                ..*mapping
            })),
            EventBody::EndpointMap(map) => {
                let entry = MappedEndpoint {
                    annotation: Some(text.clone()),
                    endpoint: Some(text),
                    ..MappedEndpoint::default()
                };
                EventBody::EndpointMap(Box::new(EndpointMap { entries: vec![entry], ..*map }))
            }
            other => other,
        }
    })
}

fn any_anomaly() -> impl Strategy<Value = EventBody> {
    let error = (any::<bool>(), any::<[usize; 3]>()).prop_map(|(short, [offset, needed, had])| {
        if short {
            ParseError::short("dcerpc bind_ack", "results", offset, needed, had)
        } else {
            ParseError::invalid("smb2 create", "name_offset", offset, had)
        }
    });
    (prop::sample::select(AnomalyKind::ALL), prop::option::of(error), any::<Option<u64>>())
        .prop_map(|(kind, error, bytes)| EventBody::Anomaly(Anomaly { kind, error, bytes }))
}
