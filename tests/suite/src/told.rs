//! Events without what a network may change on the way: times, frame numbers and flow ids.

use crate::reading::Reading;
use rpcscope_model::{
    AnomalyKind, Bind, BindResult, Call, CallId, ContextId, Event, EventBody, Learned, Opnum, Outcome, Part,
    Reply, Security, SyntaxId, Transport,
};
use std::sync::Arc;
use uuid::Uuid;

/// One event.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// What carried it.
    pub transport: Transport,
    /// Port of the client, and of the server.
    pub ports: (u16, u16),
    /// What it says.
    pub said: Said,
}

/// What an event says.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    /// A call.
    Call(ToldCall),
    /// A bind or alter_context.
    Bind(ToldBind),
    /// An authentication, with the user that it named.
    Logon(Option<String>),
    /// An activation, with the class.
    Activation(Option<Uuid>),
    /// An operation of Windows Management Instrumentation, with the command line that it runs.
    Wmi(&'static str, Option<String>),
    /// An answer of an endpoint mapper: how many entries.
    EndpointMap(usize),
    /// A connection to a share, with its name.
    SmbMapping(Option<Arc<str>>),
    /// A pipe that was opened, with its name.
    Pipe(String),
    /// Something that was done to a file: what, and its name.
    SmbFile(&'static str, String),
    /// Something unexpected.
    Anomaly(AnomalyKind),
}

/// A call. The endpoint stands apart, since it depends on the transport.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the fields are those of `Call`")]
pub struct ToldCall {
    pub endpoint: Arc<str>,
    pub rpc_version: (u8, u8),
    pub call_id: CallId,
    pub context_id: Option<ContextId>,
    pub interface: Option<SyntaxId>,
    pub learned: Learned,
    pub assumed: bool,
    pub transfer_syntax: Option<Uuid>,
    pub opnum: Option<Opnum>,
    pub procedure: Option<&'static str>,
    pub object: Option<Uuid>,
    pub security: Option<Security>,
    pub sealed: bool,
    pub request: Option<ToldPart>,
    pub reply: Option<(Reply, ToldPart)>,
    pub outcome: Outcome,
    pub activity: Option<Uuid>,
}

/// The size of a request or reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields are those of `Part`")]
pub struct ToldPart {
    pub fragments: u32,
    pub stub_bytes: u64,
    pub complete: bool,
}

/// Id, interface, transfer syntaxes and answer of a presentation context.
pub type ToldContext = (ContextId, SyntaxId, Vec<SyntaxId>, Option<(u16, u16)>);

/// A bind or alter_context.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the fields are those of `Bind`")]
pub struct ToldBind {
    pub endpoint: Arc<str>,
    pub rpc_version: (u8, u8),
    pub call_id: CallId,
    pub kind: Learned,
    pub contexts: Vec<ToldContext>,
    pub association_group: u32,
    pub result: BindResult,
    pub security: Option<Security>,
}

/// All events of a reading.
pub fn told(reading: &Reading) -> Vec<Told> {
    reading.events.iter().map(Told::from).collect()
}

/// What all events of a reading say, wherever it happened: without transport, endpoint and ports.
pub fn said(reading: &Reading) -> Vec<Said> {
    let nowhere: Arc<str> = "".into();
    let unplaced = told(reading).into_iter().map(|told| match told.said {
        Said::Call(call) => Said::Call(ToldCall { endpoint: Arc::clone(&nowhere), ..call }),
        Said::Bind(bind) => Said::Bind(ToldBind { endpoint: Arc::clone(&nowhere), ..bind }),
        other => other,
    });
    unplaced.collect()
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        let said = match &event.body {
            EventBody::Call(call) => Said::Call(ToldCall::from(&**call)),
            EventBody::Bind(bind) => Said::Bind(ToldBind::from(&**bind)),
            EventBody::Authentication(logon) => {
                Said::Logon(logon.identity.user.clone().map(|user| user.string.into()))
            }
            EventBody::Activation(activation) => Said::Activation(activation.class.map(|class| class.uuid)),
            EventBody::Wmi(wmi) => {
                Said::Wmi(wmi.operation, wmi.command_line.clone().map(|line| line.string.into()))
            }
            EventBody::EndpointMap(map) => Said::EndpointMap(map.entries.len()),
            EventBody::SmbMapping(mapping) => Said::SmbMapping(mapping.share.path.clone()),
            EventBody::Pipe(pipe) => Said::Pipe(pipe.name.string.to_string()),
            EventBody::SmbFile(file) => Said::SmbFile(file.action.name(), file.name.string.to_string()),
            EventBody::Anomaly(anomaly) => Said::Anomaly(anomaly.kind),
        };
        let header = &event.header;
        Self { transport: header.transport, ports: (header.client.port, header.server.port), said }
    }
}

impl From<&Call> for ToldCall {
    fn from(call: &Call) -> Self {
        Self {
            endpoint: Arc::clone(&call.endpoint),
            rpc_version: call.rpc_version,
            call_id: call.call_id,
            context_id: call.context_id,
            interface: call.interface.map(|interface| interface.syntax),
            learned: call.learned,
            assumed: call.assumed,
            transfer_syntax: call.transfer_syntax,
            opnum: call.opnum,
            procedure: call.procedure,
            object: call.object,
            security: call.security,
            sealed: call.sealed,
            request: call.request.map(ToldPart::from),
            reply: call.reply.map(|(reply, part)| (reply, part.into())),
            outcome: call.outcome,
            activity: call.activity,
        }
    }
}

impl From<Part> for ToldPart {
    fn from(part: Part) -> Self {
        Self { fragments: part.fragments, stub_bytes: part.stub_bytes, complete: part.complete }
    }
}

impl From<&Bind> for ToldBind {
    fn from(bind: &Bind) -> Self {
        let contexts = bind.contexts.iter();
        let contexts = contexts.map(|context| {
            let syntaxes = context.transfer_syntaxes.clone();
            (context.id, context.interface.syntax, syntaxes, context.answer)
        });
        Self {
            endpoint: Arc::clone(&bind.endpoint),
            rpc_version: bind.rpc_version,
            call_id: bind.call_id,
            kind: bind.kind,
            contexts: contexts.collect(),
            association_group: bind.association_group,
            result: bind.result.clone(),
            security: bind.security,
        }
    }
}
