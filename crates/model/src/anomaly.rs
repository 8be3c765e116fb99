//! The unexpected, by name.

use crate::ParseError;

/// Where in the stack of protocols something unexpected was seen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// TCP segments.
    Tcp,
    /// NetBIOS session service and SMB.
    Smb,
    /// HTTP as a carrier of RPC.
    Http,
    /// RPC PDUs.
    Dcerpc,
}

impl Layer {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Smb => "smb",
            Self::Http => "http",
            Self::Dcerpc => "dcerpc",
        }
    }
}

/// Declares the kinds of anomalies: one row each, from which names, layers and the reference are made.
macro_rules! anomalies {
    ($($variant:ident $layer:ident $name:literal $meaning:literal;)*) => {
        /// What was unexpected. Never the end of a flow: what was read is kept and reading goes on.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum AnomalyKind { $(#[doc = $meaning] $variant,)* }

        impl AnomalyKind {
            /// All kinds, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in output and rules.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Where in the stack it was seen.
            pub const fn layer(self) -> Layer {
                match self { $(Self::$variant => Layer::$layer,)* }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

anomalies! {
    TcpOverlapConflict Tcp "tcp_overlap_conflict" "A byte of a TCP stream was sent twice with different values; the first copy was used.";
    TcpGap Tcp "tcp_gap" "Bytes of a TCP stream were never captured.";
    NbssInvalid Smb "nbss_invalid" "A NetBIOS session header is impossible; reading goes on at the next plausible one.";
    SmbMalformed Smb "smb_malformed" "An SMB message could not be read to its end.";
    SmbChainInvalid Smb "smb_chain_invalid" "An AndX chain or a compound points backwards, into itself or is too long.";
    SmbEncrypted Smb "smb_encrypted" "SMB3 messages are encrypted; calls inside them cannot be seen.";
    SmbCompressed Smb "smb_compressed" "SMB3 messages are compressed; calls inside them cannot be seen.";
    SmbPipesEvicted Smb "smb_pipes_evicted" "Too many pipes were open; the oldest was forgotten.";
    HttpMalformed Http "http_malformed" "An RPC over HTTP message is not as it should be.";
    HttpChannelUnpaired Http "http_channel_unpaired" "One channel of an RPC over HTTP connection was seen without the other.";
    PduMalformed Dcerpc "pdu_malformed" "A PDU could not be read to its end.";
    PduUnknownType Dcerpc "pdu_unknown_type" "A PDU has a type that no standard names.";
    PduTruncated Dcerpc "pdu_truncated" "Part of a PDU was never captured.";
    PduWrongDirection Dcerpc "pdu_wrong_direction" "A PDU that only a server may send came from the client, or the other way round.";
    PduSkippedBytes Dcerpc "pdu_skipped_bytes" "Bytes between PDUs made no sense; reading went on at the next plausible PDU.";
    FragmentWithoutFirst Dcerpc "fragment_without_first" "A fragment continues a call whose first fragment was not seen.";
    FragmentFirstRepeated Dcerpc "fragment_first_repeated" "A second first fragment came for a call that was still being sent; a new call was begun.";
    FragmentMismatch Dcerpc "fragment_mismatch" "A fragment names another operation or presentation context than the first fragment of its call; the first is believed.";
    FragmentsTooMany Dcerpc "fragments_too_many" "A call has more fragments or bytes than are followed; the rest was counted only.";
    CallIdReused Dcerpc "call_id_reused" "A request came with the id of a call that was still open; the older call was closed with what was seen of it.";
    CallsEvicted Dcerpc "calls_evicted" "Too many calls were open at once; the oldest was forgotten.";
    ContextUnknown Dcerpc "context_unknown" "A request names a presentation context that no bind was seen for.";
    ContextRejected Dcerpc "context_rejected" "A request names a presentation context that the server had rejected.";
    ContextRedefined Dcerpc "context_redefined" "A presentation context id was given to another interface.";
    ContextsEvicted Dcerpc "contexts_evicted" "Too many presentation contexts were offered; the oldest was forgotten.";
    BindAckMismatch Dcerpc "bind_ack_mismatch" "A bind_ack has another number of results than the bind had presentation contexts.";
    BindAckUnexpected Dcerpc "bind_ack_unexpected" "A bind_ack or alter_context_resp came without its bind.";
    ByteOrderChanged Dcerpc "byte_order_changed" "The byte order changed within one call.";
}

/// One unexpected thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anomaly {
    /// What it was.
    pub kind: AnomalyKind,
    /// Where a parser stopped, when one did.
    pub error: Option<ParseError>,
    /// How many bytes it concerns, where that means something.
    pub bytes: Option<u64>,
}

impl From<AnomalyKind> for Anomaly {
    fn from(kind: AnomalyKind) -> Self {
        Self { kind, error: None, bytes: None }
    }
}
