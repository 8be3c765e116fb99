//! Bounds of every table. Without them, a hostile peer could make memory grow without end.

/// How much one shard remembers. A table that is full forgets its oldest entry and counts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// TCP connections and UDP port pairs followed at once.
    pub flows: usize,
    /// TCP connections that carry RPC or SMB, of which much is remembered.
    pub followed_flows: usize,
    /// Seconds without a frame after which a flow is forgotten and its open calls are reported.
    pub flow_idle_seconds: u32,
    /// The same of a connection that has carried nothing of interest. Forgetting it early costs nothing: what is of interest is
    /// recognised in mid-stream, too.
    pub watched_idle_seconds: u32,
    /// TCP connections that carried RPC or SMB and have ended, of which all is remembered all the same: a forged FIN or RST
    /// must not blind the sensor. Of those that ended before them it is only remembered that there was a connection.
    pub ended_flows: usize,
    /// Bytes held back by TCP reassembly, waiting for missing ones, in all flows together.
    pub reassembly_bytes: usize,
    /// Bytes held back by TCP reassembly in one direction of one flow.
    pub reassembly_bytes_per_stream: usize,
    /// IP datagrams being put together from fragments.
    pub ip_datagrams: usize,
    /// Pipes open in one SMB session.
    pub pipes: usize,
    /// Pipes open at once, in all SMB sessions together.
    pub pipes_in_all: usize,
    /// SMB sessions followed at once.
    pub smb_sessions: usize,
    /// SMB requests waiting for their answer on one connection.
    pub smb_requests: usize,
    /// Files open at once in one SMB session.
    pub smb_files: usize,
    /// Presentation contexts of one association.
    pub contexts: usize,
    /// Presentation contexts in all associations together, those in binds that wait for their answer counted apart. When
    /// it is reached, an association that has more than a few forgets its own.
    pub contexts_in_all: usize,
    /// Security contexts of one association.
    pub security_contexts: usize,
    /// Calls waiting for their reply in one association.
    pub open_calls: usize,
    /// Calls waiting for their reply, in all associations together. When it is reached, an association that has more than
    /// one forgets its own.
    pub open_calls_in_all: usize,
    /// Bytes that wait for something, in all channels together: of PDUs and stubs for their rest, of arguments for the
    /// end of their call, of the names of context handles for calls that use them, of open files.
    pub held_bytes: usize,
    /// Bytes of a request or response that are kept to decode its arguments, when it comes in several fragments.
    pub stub_bytes: usize,
    /// Context handles of one association whose names are remembered.
    pub handles: usize,
    /// Interface pointers of DCOM objects that are remembered.
    pub objects: usize,
    /// Bytes that they and what is known of them take in all.
    pub object_bytes: usize,
    /// Activations, and ports of servers, of which is remembered what is exported there.
    pub exporters: usize,
    /// Clients of which it is remembered who was at them.
    pub identity_hints: usize,
    /// Fragments that are followed in one call.
    pub fragments: u32,
    /// Activities of the connectionless protocol followed at once.
    pub activities: usize,
    /// RPC over HTTP connections followed at once.
    pub http_connections: usize,
    /// Anomalies of one kind that are reported for one flow; further ones are only counted.
    pub anomalies_per_flow: u8,
    /// Bytes of the frames that are remembered in case a rule wants them carved, of all flows together.
    pub carve_bytes: usize,
    /// Bytes of these frames of one flow.
    pub carve_bytes_per_flow: usize,
    /// These frames of one flow.
    pub carve_frames_per_flow: usize,
    /// Sessions that are carved at once.
    pub carves: usize,
}

impl Limits {
    /// The limits of one of `shards` equal parts of a sensor.
    pub const fn shared_by(shards: usize) -> Self {
        let shards = if shards == 0 { 1 } else { shards };
        let all = Self::WHOLE;
        Self {
            flows: all.flows / shards,
            ended_flows: all.ended_flows / shards,
            followed_flows: all.followed_flows / shards,
            reassembly_bytes: all.reassembly_bytes / shards,
            smb_sessions: all.smb_sessions / shards,
            pipes_in_all: all.pipes_in_all / shards,
            contexts_in_all: all.contexts_in_all / shards,
            open_calls_in_all: all.open_calls_in_all / shards,
            held_bytes: all.held_bytes / shards,
            objects: all.objects / shards,
            object_bytes: all.object_bytes / shards,
            exporters: all.exporters / shards,
            activities: all.activities / shards,
            identity_hints: all.identity_hints / shards,
            http_connections: all.http_connections / shards,
            carve_bytes: all.carve_bytes / shards,
            carves: all.carves / shards,
            ..all
        }
    }

    /// The limits of a whole sensor.
    pub const WHOLE: Self = Self {
        flows: 1 << 20,
        followed_flows: 1 << 17,
        flow_idle_seconds: 3600,
        watched_idle_seconds: 300,
        ended_flows: 16384,
        reassembly_bytes: 64 << 20,
        reassembly_bytes_per_stream: 1 << 20,
        ip_datagrams: 1024,
        pipes: 1024,
        pipes_in_all: 1 << 17,
        smb_sessions: 65536,
        smb_requests: 1024,
        smb_files: 4096,
        contexts: 1024,
        contexts_in_all: 1 << 19,
        security_contexts: 64,
        open_calls: 4096,
        open_calls_in_all: 1 << 18,
        held_bytes: 64 << 20,
        stub_bytes: 256 << 10,
        handles: 1024,
        objects: 65536,
        object_bytes: 32 << 20,
        exporters: 65536,
        identity_hints: 65536,
        fragments: 65536,
        activities: 65536,
        http_connections: 16384,
        anomalies_per_flow: 4,
        carve_bytes: 64 << 20,
        carve_bytes_per_flow: 256 << 10,
        carve_frames_per_flow: 1024,
        carves: 4096,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::WHOLE
    }
}
