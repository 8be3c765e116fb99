//! The registry: one row for each field, from which names, kinds, checks and documentation are made.

use super::source::EventType::{
    self, Activation, Anomaly, Bind, Call, EndpointMap, Identity, Pipe, SmbFile, SmbMapping, Wmi,
};
use super::source::{LogSource, Naming};
use rpcscope_model::{
    AnomalyKind, AuthResult, CreateAction, Disposition, FileAction, Layer, Learned, Outcome, ShareType,
    Transport,
};

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
    /// A class of objects: CLSID, or a name of the catalogue.
    Class,
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
    EventType "event_type" Word Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] [] [] [] "The kind of event.";
    Time "time" Time Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["timestamp"] ["TimeCreated"] ["ts"] "When the first frame of the event was captured.";
    Frame "frame" Number Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["pcap_cnt"] [] [] "Number of that frame.";
    FlowId "flow_id" Number Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] [] [] [] "The same for all events of one connection.";
    ClientIp "client_ip" Address Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["src_ip"] ["ClientNetworkAddress"] ["id.orig_h" "src_ip"] "Address of who calls.";
    ClientPort "client_port" Number Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["src_port"] ["ClientPort"] ["id.orig_p" "src_port"] "Port of who calls.";
    ServerIp "server_ip" Address Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["dest_ip"] ["ServerNetworkAddress"] ["id.resp_h" "dst_ip"] "Address of who is called.";
    ServerPort "server_port" Number Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] ["dest_port"] ["ServerPort"] ["id.resp_p" "dst_port"] "Port of who is called.";
    Transport "transport" Word Request [Call Bind Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping Anomaly] [] ["Protocol"] [] "The protocol sequence.";
    Endpoint "endpoint" Text Request [Call Bind Identity Activation Wmi EndpointMap Pipe] [] ["Endpoint"] ["named_pipe"] "Where the server listens: a port, or a pipe such as `\\pipe\\svcctl`.";
    Pipe "pipe" Text Request [Call Bind Identity Pipe] [] [] [] "The named pipe, without `\\pipe\\`.";
    RpcVersion "rpc_version" Text Request [Call Bind] [] [] [] "Major and minor version of the RPC protocol.";
    CallId "call_id" Number Request [Call Bind Activation Wmi] [] [] [] "Pairs a request with its reply.";
    ContextId "context_id" Number Request [Call Bind] [] [] [] "Presentation contexts.";
    Interface "interface" Interface Request [Call Bind Activation EndpointMap] ["uuid"] ["InterfaceUuid"] ["endpoint"] "The interface: its UUID, and its names.";
    InterfaceVersion "interface_version" Text Request [Call Bind] [] [] [] "Version of the interface as bound, such as `2.0`.";
    InterfaceMajor "interface_major" Number Request [Call Bind] [] [] [] "Major version of the interface as bound.";
    Specification "specification" Text Request [Call Bind] [] [] [] "The specification of the interface, such as `MS-SCMR`.";
    Learned "learned" Word Request [Call] [] [] [] "How the interface is known.";
    Assumed "assumed" Flag Request [Call] [] [] [] "Whether the presentation context is taken as accepted, because no answer to the bind was seen.";
    TransferSyntax "transfer_syntax" Uuid Request [Call Bind] [] [] [] "How arguments are encoded.";
    Opnum "opnum" Operation Request [Call Activation EndpointMap] [] ["OpNum"] [] "The operation: its number, or its name.";
    Procedure "procedure" Operation Request [Call Activation Wmi EndpointMap] ["operation"] [] ["operation"] "The operation: its names, or its number.";
    Object "object" Uuid Request [Call] [] [] [] "Object UUID; an IPID in DCOM.";
    AuthType "auth_type" Text Request [Call Bind Identity Activation Wmi EndpointMap] [] ["AuthenticationService"] [] "Who vouches for the client: number, and names.";
    AuthLevel "auth_level" Text Request [Call Bind Identity Activation Wmi EndpointMap] [] ["AuthenticationLevel"] [] "How calls are protected: number, and name.";
    Sealed "sealed" Flag Request [Call Activation] [] [] [] "Whether the arguments are encrypted.";
    RequestBytes "request_bytes" Number Request [Call] ["stub_data_size"] [] [] "Bytes of arguments in the request.";
    RequestFragments "request_fragments" Number Request [Call] ["frag_cnt"] [] [] "Fragments of the request.";
    ReplyBytes "reply_bytes" Number Outcome [Call] [] [] [] "Bytes of results in the reply.";
    ReplyFragments "reply_fragments" Number Outcome [Call] [] [] [] "Fragments of the reply.";
    Outcome "outcome" Word Outcome [Call Activation Wmi EndpointMap] [] [] [] "What became of the call.";
    Fault "fault" Status Outcome [Call Bind Activation Wmi EndpointMap Pipe SmbFile SmbMapping] ["status"] [] [] "Status of a fault or reject; of other events than calls and binds, what the server returned.";
    RttMicroseconds "rtt_us" Number Outcome [Call] [] [] [] "Microseconds from request to reply.";
    RttSeconds "rtt" Number Outcome [Call] [] [] ["rtt"] "Seconds from request to reply.";
    Activity "activity" Uuid Request [Call] ["activityuuid"] [] [] "Activity of a connectionless call.";
    BindKind "bind_kind" Word Request [Bind] [] [] [] "Whether it was a bind or an alter_context.";
    BindResult "bind_result" Word Outcome [Bind] [] [] [] "How the server answered.";
    RejectReason "reject_reason" Any Outcome [Bind] [] [] [] "Why the server rejected a bind: number, and name.";
    ContextResult "context_result" Any Outcome [Bind] [] [] [] "What the server said to the presentation contexts: numbers, and names.";
    AssociationGroup "association_group" Number Request [Bind] [] [] [] "Association group that the client asked for.";
    User "user" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] ["username" "client"] "The user that the client claims to be.";
    Domain "domain" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] ["domainname"] "The domain of the user.";
    Workstation "workstation" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] ["hostname"] "The client's machine, as the client calls it.";
    Realm "realm" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "The Kerberos realm of the service.";
    Service "service" Text Request [Call Identity Activation Wmi EndpointMap] [] [] ["service"] "The service principal that the client asked for.";
    OsVersion "os_version" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "Version of the client's operating system, as the client says it.";
    Anonymous "anonymous" Flag Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "Whether the client asked for no identity.";
    Guest "guest" Flag Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "Whether the server took the client for a guest.";
    Spnego "spnego" Flag Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "Whether SPNEGO carried the tokens.";
    NtlmVersion "ntlm_version" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "How an NTLM client proved to know the password.";
    TicketEncryption "ticket_encryption" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] ["cipher"] "How the Kerberos ticket is encrypted.";
    KerberosError "kerberos_error" Any Outcome [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] ["error_msg"] "Error code of a Kerberos error message: number, and name.";
    ServerName "server_name" Text Request [Call Identity Activation Wmi EndpointMap Pipe SmbFile SmbMapping] [] [] [] "How the server names itself: NetBIOS and DNS names.";
    AuthResult "auth_result" Word Outcome [Identity] [] [] [] "What the server said to the claim.";
    ServerNbName "server_nb_name" Text Request [Identity] [] [] ["server_nb_computer_name"] "How the server calls itself: its NetBIOS name.";
    ServerDnsName "server_dns_name" Text Request [Identity] [] [] ["server_dns_computer_name"] "How the server calls itself: its DNS name.";
    ServerTreeName "server_tree_name" Text Request [Identity] [] [] ["server_tree_name"] "DNS name of the forest of the server.";
    AuthSuccess "auth_success" Flag Outcome [Identity] [] [] ["success"] "Whether the server accepted the claim.";
    KerberosRequest "kerberos_request" Text Request [Identity] [] [] ["request_type"] "Which Kerberos message was seen: always `AP`, since a sensor of calls sees no key distribution centre.";
    Clsid "clsid" Class Request [Call Activation] ["class_id"] [] [] "The class that is activated, or whose activation led to the object: its CLSID, and its names.";
    ClsidGuess "clsid_guess" Class Outcome [Call Activation] [] [] [] "The class that it may be, when the activation could not be read.";
    ActivationId "activation_id" Text Request [Call Activation Wmi] [] [] [] "Name of the activation that led to it.";
    Iid "iid" Interface Request [Activation] ["iids"] [] [] "Interfaces that are asked for: UUIDs, and names.";
    Oxid "oxid" Text Outcome [Activation] [] [] [] "The exporter of the object.";
    Ipid "ipid" Uuid Outcome [Activation] [] [] [] "Interface pointers of the object, which calls name as `object`.";
    Binding "binding" Text Outcome [Activation EndpointMap] ["bindings"] [] [] "Where it listens, as string bindings.";
    Namespace "namespace" Text Request [Wmi] [] [] [] "The namespace, such as `//./root/cimv2`.";
    WmiClass "class" Text Request [Wmi] [] [] [] "The class that is read or changed, such as `Win32_Process`.";
    ObjectPath "object_path" Text Request [Wmi] [] [] [] "The object that is read or changed.";
    Method "method" Text Request [Wmi] [] [] [] "The method that is run, such as `Create`.";
    Query "query" Text Request [Wmi] [] [] [] "The query.";
    CommandLine "command_line" Text Request [Wmi] [] [] [] "The command line that the method, or the consumer that is put, will run.";
    Asked "asked" Interface Request [EndpointMap] [] [] [] "The interface that was asked for.";
    Annotation "annotation" Text Outcome [EndpointMap] [] [] [] "What the server calls its interfaces.";
    MappedPort "mapped_port" Number Outcome [EndpointMap] [] [] [] "Ports on which the interfaces listen.";
    SessionId "session_id" Number Request [Pipe SmbFile SmbMapping] [] [] [] "The SMB session.";
    TreeId "tree_id" Number Request [Pipe SmbFile SmbMapping] [] [] [] "The tree connect.";
    Share "share" Text Request [Pipe SmbFile SmbMapping] ["path"] [] ["path"] "The share, such as `\\\\dc1\\ADMIN$`.";
    ShareType "share_type" Word Request [Pipe SmbFile SmbMapping] [] [] ["share_type"] "What the share holds.";
    ShareService "share_service" Text Outcome [SmbMapping] [] [] ["service"] "What an SMB 1 server calls the kind of the share.";
    NativeFileSystem "native_file_system" Text Outcome [SmbMapping] [] [] ["native_file_system"] "The file system, as an SMB 1 server says.";
    FileAction "action" Word Request [SmbFile] [] [] [] "What was done to the file.";
    ZeekAction "zeek.action" Word Request [Pipe SmbFile] [] [] ["action"] "What Zeek calls that.";
    FileName "name" Text Request [Pipe SmbFile] ["filename"] [] ["name"] "The name within the share, with and without a leading backslash; `<share_root>` for the top directory.";
    PreviousName "previous_name" Text Request [SmbFile] ["prev_name"] [] ["prev_name"] "The name before a rename.";
    FileSize "size" Number Request [SmbFile] [] [] ["size"] "The size of the file when it was opened, in bytes.";
    FileCreated "file_created" Time Request [SmbFile] [] [] ["times.created"] "When the file was made.";
    FileAccessed "file_accessed" Time Request [SmbFile] [] [] ["times.accessed"] "When the file was last read or written.";
    FileModified "file_modified" Time Request [SmbFile] [] [] ["times.modified"] "When the file was last written.";
    FileChanged "file_changed" Time Request [SmbFile] [] [] ["times.changed"] "When the file or its attributes last changed.";
    AccessMask "access_mask" Number Request [Pipe SmbFile] [] [] [] "Rights that the client asked for.";
    Disposition "disposition" Word Request [SmbFile] [] [] [] "What the client wanted when the file exists, and when it does not.";
    CreateAction "create_action" Word Request [SmbFile] [] [] [] "What the server did to open the file.";
    IsDirectory "is_directory" Flag Request [SmbFile] [] [] [] "Whether it is a directory.";
    DeleteOnClose "delete_on_close" Flag Request [SmbFile] [] [] [] "Whether the file was opened to be deleted when it is closed.";
    BytesRead "bytes_read" Number Request [SmbFile] [] [] [] "Bytes that were read since the file was opened.";
    BytesWritten "bytes_written" Number Request [SmbFile] [] [] [] "Bytes that were written since the file was opened.";
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
    Unseen "unseen" Text Request [Call Identity Pipe SmbFile SmbMapping] [] ["ProcessID" "ImagePath" "RPCRT_Func" "SecurityID" "SID"] ["uid" "fuid"] "What only the host, or only the other tool, knows; no event has it.";
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
            Self::ShareType => SHARE_TYPES.map(ShareType::name).to_vec(),
            Self::FileAction => FileAction::ALL.iter().map(|action| action.name()).collect(),
            Self::ZeekAction => ZEEK_ACTIONS.to_vec(),
            Self::Disposition => Disposition::NAMES.to_vec(),
            Self::CreateAction => CreateAction::NAMES.to_vec(),
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
const SHARE_TYPES: [ShareType; 4] = [ShareType::Disk, ShareType::Pipe, ShareType::Print, ShareType::Other];
/// What Zeek calls what is done with files and pipes; see [`zeek_action`].
const ZEEK_ACTIONS: [&str; 6] = [
    "SMB::FILE_OPEN",
    "SMB::FILE_WRITE",
    "SMB::FILE_RENAME",
    "SMB::FILE_DELETE",
    "SMB::FILE_CLOSE",
    "SMB::PIPE_OPEN",
];

/// What Zeek calls what is done to a file; `None` stands for the opening of a pipe.
pub(super) const fn zeek_action(action: Option<FileAction>) -> &'static str {
    let [open, write, rename, delete, close, pipe] = ZEEK_ACTIONS;
    match action {
        Some(FileAction::Open) => open,
        Some(FileAction::Write) => write,
        Some(FileAction::Rename) => rename,
        Some(FileAction::Delete) => delete,
        Some(FileAction::Close) => close,
        None => pipe,
    }
}

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
