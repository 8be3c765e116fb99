//! The registry: one row for each field, from which names, kinds, checks and documentation are made.

use super::source::EventType::{self, Anomaly, Bind, Call, Identity};
use super::source::{LogSource, Naming};
use rpcscope_model::{AnomalyKind, AuthResult, Layer, Learned, Outcome, Transport};

/// What the values of a field are, and so what a rule may write for them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// One of few words: see [`FieldId::words`].
    Word,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A UUID.
    Uuid,
    /// An interface: UUID, or a name of the catalogue.
    Interface,
    /// An operation: number, or a name of the catalogue.
    Operation,
    /// A status: number, or a name of the catalogue with or without its prefix.
    Status,
    /// A network address.
    Address,
    /// A time.
    Time,
    /// Bytes as they travelled.
    Bytes,
}

/// When the value of a field is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Known {
    /// As soon as the request of a call is complete; with the event, for events that are no calls.
    Request,
    /// When the outcome of the call is known.
    Outcome,
}

/// Declares the fields: variant, name, kind, when it is known, the events that have it, further names in our own rules,
/// names in rules for RPC Firewall and for Zeek, meaning.
macro_rules! fields {
    ($($variant:ident $name:literal $kind:ident $known:ident [$($event:ident)*]
        [$($own:literal)*] [$($firewall:literal)*] [$($zeek:literal)*] $meaning:literal;)*) => {
        /// A field of the registry.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum FieldId { $(#[doc = $meaning] $variant,)* }

        impl FieldId {
            /// All fields, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in rules and output.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What its values are.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// When its value is known.
            pub const fn known(self) -> Known {
                match self { $(Self::$variant => Known::$known,)* }
            }

            /// The events that have it.
            pub const fn events(self) -> &'static [EventType] {
                match self { $(Self::$variant => &[$($event,)*],)* }
            }

            /// The names that rules of a log source may use for it.
            pub const fn names(self, naming: Naming) -> &'static [&'static str] {
                match (self, naming) {
                    $((Self::$variant, Naming::Rpcscope) => &[$name $(, $own)*],
                    (Self::$variant, Naming::RpcFirewall) => &[$($firewall,)*],
                    (Self::$variant, Naming::Zeek) => &[$($zeek,)*],)*
                    (_, Naming::Open) => &[],
                }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

fields! {
    EventType "event_type" Word Request [Call Bind Identity Anomaly] [] [] [] "The kind of event.";
    Time "time" Time Request [Call Bind Identity Anomaly] ["timestamp"] ["TimeCreated"] ["ts"] "When the first frame of the event was captured.";
    Frame "frame" Number Request [Call Bind Identity Anomaly] ["pcap_cnt"] [] [] "Number of that frame.";
    FlowId "flow_id" Number Request [Call Bind Identity Anomaly] [] [] [] "The same for all events of one connection.";
    ClientIp "client_ip" Address Request [Call Bind Identity Anomaly] ["src_ip"] ["ClientNetworkAddress"] ["id.orig_h" "src_ip"] "Address of who calls.";
    ClientPort "client_port" Number Request [Call Bind Identity Anomaly] ["src_port"] ["ClientPort"] ["id.orig_p" "src_port"] "Port of who calls.";
    ServerIp "server_ip" Address Request [Call Bind Identity Anomaly] ["dest_ip"] ["ServerNetworkAddress"] ["id.resp_h" "dst_ip"] "Address of who is called.";
    ServerPort "server_port" Number Request [Call Bind Identity Anomaly] ["dest_port"] ["ServerPort"] ["id.resp_p" "dst_port"] "Port of who is called.";
    Transport "transport" Word Request [Call Bind Identity Anomaly] [] ["Protocol"] [] "The protocol sequence.";
    Endpoint "endpoint" Text Request [Call Bind Identity] [] ["Endpoint"] ["named_pipe"] "Where the server listens: a port, or a pipe such as `\\pipe\\svcctl`.";
    Pipe "pipe" Text Request [Call Bind Identity] [] [] [] "The named pipe, without `\\pipe\\`.";
    RpcVersion "rpc_version" Text Request [Call Bind] [] [] [] "Major and minor version of the RPC protocol.";
    CallId "call_id" Number Request [Call Bind] [] [] [] "Pairs a request with its reply.";
    ContextId "context_id" Number Request [Call Bind] [] [] [] "Presentation contexts.";
    Interface "interface" Interface Request [Call Bind] ["uuid"] ["InterfaceUuid"] ["endpoint"] "The interface: its UUID, and its names.";
    InterfaceVersion "interface_version" Text Request [Call Bind] [] [] [] "Version of the interface as bound, such as `2.0`.";
    InterfaceMajor "interface_major" Number Request [Call Bind] [] [] [] "Major version of the interface as bound.";
    Specification "specification" Text Request [Call Bind] [] [] [] "The specification of the interface, such as `MS-SCMR`.";
    Learned "learned" Word Request [Call] [] [] [] "How the interface is known.";
    Assumed "assumed" Flag Request [Call] [] [] [] "Whether the presentation context is taken as accepted, because no answer to the bind was seen.";
    TransferSyntax "transfer_syntax" Uuid Request [Call Bind] [] [] [] "How arguments are encoded.";
    Opnum "opnum" Operation Request [Call] [] ["OpNum"] [] "The operation: its number, or its name.";
    Procedure "procedure" Operation Request [Call] ["operation"] [] ["operation"] "The operation: its names, or its number.";
    Object "object" Uuid Request [Call] [] [] [] "Object UUID; an IPID in DCOM.";
    AuthType "auth_type" Text Request [Call Bind Identity] [] ["AuthenticationService"] [] "Who vouches for the client: number, and names.";
    AuthLevel "auth_level" Text Request [Call Bind Identity] [] ["AuthenticationLevel"] [] "How calls are protected: number, and name.";
    Sealed "sealed" Flag Request [Call] [] [] [] "Whether the arguments are encrypted.";
    RequestBytes "request_bytes" Number Request [Call] ["stub_data_size"] [] [] "Bytes of arguments in the request.";
    RequestFragments "request_fragments" Number Request [Call] ["frag_cnt"] [] [] "Fragments of the request.";
    ReplyBytes "reply_bytes" Number Outcome [Call] [] [] [] "Bytes of results in the reply.";
    ReplyFragments "reply_fragments" Number Outcome [Call] [] [] [] "Fragments of the reply.";
    Outcome "outcome" Word Outcome [Call] [] [] [] "What became of the call.";
    Fault "fault" Status Outcome [Call Bind] ["status"] [] [] "Status of a fault or reject.";
    RttMicroseconds "rtt_us" Number Outcome [Call] [] [] [] "Microseconds from request to reply.";
    RttSeconds "rtt" Number Outcome [Call] [] [] ["rtt"] "Seconds from request to reply.";
    Activity "activity" Uuid Request [Call] ["activityuuid"] [] [] "Activity of a connectionless call.";
    BindKind "bind_kind" Word Request [Bind] [] [] [] "Whether it was a bind or an alter_context.";
    BindResult "bind_result" Word Outcome [Bind] [] [] [] "How the server answered.";
    RejectReason "reject_reason" Any Outcome [Bind] [] [] [] "Why the server rejected a bind: number, and name.";
    ContextResult "context_result" Any Outcome [Bind] [] [] [] "What the server said to the presentation contexts: numbers, and names.";
    AssociationGroup "association_group" Number Request [Bind] [] [] [] "Association group that the client asked for.";
    User "user" Text Request [Call Identity] [] [] [] "The user that the client claims to be.";
    Domain "domain" Text Request [Call Identity] [] [] [] "The domain of the user.";
    Workstation "workstation" Text Request [Call Identity] [] [] [] "The client's machine, as the client calls it.";
    Realm "realm" Text Request [Call Identity] [] [] [] "The Kerberos realm of the service.";
    Service "service" Text Request [Call Identity] [] [] [] "The service principal that the client asked for.";
    OsVersion "os_version" Text Request [Call Identity] [] [] [] "Version of the client's operating system, as the client says it.";
    Anonymous "anonymous" Flag Request [Call Identity] [] [] [] "Whether the client asked for no identity.";
    Guest "guest" Flag Request [Call Identity] [] [] [] "Whether the server took the client for a guest.";
    Spnego "spnego" Flag Request [Call Identity] [] [] [] "Whether SPNEGO carried the tokens.";
    NtlmVersion "ntlm_version" Text Request [Call Identity] [] [] [] "How an NTLM client proved to know the password.";
    TicketEncryption "ticket_encryption" Text Request [Call Identity] [] [] [] "How the Kerberos ticket is encrypted.";
    KerberosError "kerberos_error" Number Outcome [Call Identity] [] [] [] "Error code of a Kerberos error message.";
    ServerName "server_name" Text Request [Call Identity] [] [] [] "How the server names itself: NetBIOS and DNS names.";
    AuthResult "auth_result" Word Outcome [Identity] [] [] [] "What the server said to the claim.";
    AnomalyKind "anomaly" Word Request [Anomaly] ["kind"] [] [] "What was unexpected.";
    Layer "layer" Word Request [Anomaly] [] [] [] "Where in the stack of protocols.";
    AnomalyBytes "bytes" Number Request [Anomaly] [] [] [] "How many bytes it concerns.";
    RequestPdu "request_pdu" Bytes Request [Call Bind] [] [] [] "The first PDU of the client as it travelled, header included.";
    RequestStub "request_stub" Bytes Request [Call] [] [] [] "Arguments of the request as they travelled, of all its fragments.";
    RequestByteOrder "request_byte_order" Word Request [Call Bind] [] [] [] "Byte order of the numbers that the client sent.";
    ReplyPdu "reply_pdu" Bytes Outcome [Call Bind] [] [] [] "The first PDU of the server as it travelled, header included.";
    ReplyStub "reply_stub" Bytes Outcome [Call] [] [] [] "Results of the reply as they travelled, of all its fragments.";
    ReplyByteOrder "reply_byte_order" Word Outcome [Call Bind] [] [] [] "Byte order of the numbers that the server sent.";
    Flowbits "flowbits" Text Request [Call Bind] [] [] [] "Flowbits that rules have set, as far as the message may see them.";
    FirewallLog "rpc_firewall.event_log" Text Request [Call] [] ["EventLog"] [] "Where RPC Firewall writes: always `RPCFW`.";
    FirewallEventId "rpc_firewall.event_id" Number Request [Call] [] ["EventID"] [] "The number that RPC Firewall gives to a call: always 3.";
    Unseen "unseen" Text Request [Call] [] ["ProcessID" "ImagePath" "RPCRT_Func" "SecurityID" "SID"] ["uid"] "What only the host, or only the other tool, knows; no event has it.";
}

impl FieldId {
    /// Whether events of this log source have it, under some name.
    pub(crate) fn is_of(self, source: &LogSource) -> bool {
        self.events().iter().any(|event| source.events.contains(event))
            && !self.names(source.naming).is_empty()
    }

    /// The words that are its values, for a field of few words.
    pub fn words(self) -> Option<Vec<&'static str>> {
        use Transport::{NcacnHttp, NcacnIpTcp, NcacnNpSmb2, NcadgIpUdp};
        let words = match self {
            Self::EventType => EventType::ALL.map(EventType::name).to_vec(),
            Self::Transport => [NcacnIpTcp, NcacnNpSmb2, NcadgIpUdp, NcacnHttp].map(Transport::name).to_vec(),
            Self::Learned => LEARNED.map(Learned::name).to_vec(),
            Self::Outcome => OUTCOMES.map(Outcome::name).to_vec(),
            Self::BindKind => [Learned::Bind, Learned::AlterContext].map(Learned::name).to_vec(),
            Self::BindResult => BIND_RESULTS.to_vec(),
            Self::AuthResult => [AuthResult::Accepted, AuthResult::Rejected].map(AuthResult::name).to_vec(),
            Self::RequestByteOrder | Self::ReplyByteOrder => BYTE_ORDERS.to_vec(),
            Self::AnomalyKind => AnomalyKind::ALL.iter().map(|kind| kind.name()).collect(),
            Self::Layer => [Layer::Tcp, Layer::Smb, Layer::Http, Layer::Dcerpc].map(Layer::name).to_vec(),
            _ => return None,
        };
        Some(words)
    }
}

const LEARNED: [Learned; 5] =
    [Learned::Bind, Learned::AlterContext, Learned::Header, Learned::PipeName, Learned::Unknown];
const OUTCOMES: [Outcome; 7] = [
    Outcome::Replied,
    Outcome::Faulted,
    Outcome::Rejected,
    Outcome::Cancelled,
    Outcome::Lost,
    Outcome::Unanswered,
    Outcome::Pending,
];
/// Values of `bind_result`.
pub(super) const BIND_RESULTS: [&str; 4] = ["acknowledged", "rejected", "faulted", "unanswered"];
/// Values of `request_byte_order` and `reply_byte_order`.
pub(super) const BYTE_ORDERS: [&str; 2] = ["little", "big"];

#[cfg(test)]
mod tests {
    use super::super::{Field, log_sources};
    use super::*;

    #[test]
    fn no_name_means_two_fields_of_one_log_source() {
        for source in log_sources() {
            let mut seen = Vec::new();
            for id in FieldId::ALL.iter().filter(|id| id.is_of(source)) {
                for name in id.names(source.naming) {
                    assert!(!seen.contains(name), "{name} twice in {source}");
                    seen.push(name);
                    assert_eq!(Field::named(name, source), Some(Field::Known(*id)));
                }
            }
        }
    }

    #[test]
    fn fields_of_few_words_know_them() {
        for id in FieldId::ALL {
            assert_eq!(id.words().is_some(), id.kind() == Kind::Word, "{}", id.name());
            assert!(!id.events().is_empty() && id.meaning().ends_with('.'), "{}", id.name());
        }
    }
}
