//! Counters.

/// Declares the counters: one row each, from which names and sums are made.
macro_rules! counters {
    ($($field:ident $meaning:literal;)*) => {
        /// What was counted. All counters only ever grow.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct Stats { $(#[doc = $meaning] pub $field: u64,)* }

        impl Stats {
            /// Adds the counters of another part.
            pub fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)*
            }

            /// Name, meaning and value of every counter, in the order of their declaration.
            pub fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($field), $meaning, self.$field),)*]
            }
        }
    };
}

counters! {
    frames "Frames read.";
    bytes "Bytes of these frames, as captured.";
    frames_cut "Frames that the snap length cut.";
    frames_not_ip "Frames that carry no IP.";
    frames_malformed "Frames whose link, tunnel or IP headers could not be read.";
    tunnels "Tunnel headers that were taken off.";
    fragments "IP fragments.";
    datagrams_reassembled "IP datagrams put together from fragments.";
    datagrams_dropped "IP datagrams dropped because fragments were missing, overlapped or too many.";
    fragments_conflicting "IP fragments that contradicted bytes of an earlier fragment; the first copy was used.";
    checksums_wrong "Wrong IP, TCP or UDP checksums (checked for IPv4 headers, and where a packet of a flow that is followed brings something that is looked at).";
    tcp_segments "TCP segments.";
    udp_datagrams "UDP datagrams.";
    flows "Flows seen.";
    flows_followed "Flows that carry RPC or SMB.";
    flows_evicted "Flows forgotten because there were too many.";
    tcp_retransmissions "TCP segments that brought nothing new.";
    tcp_out_of_order "TCP segments that came before an earlier one.";
    tcp_overlap_conflicts "TCP segments that contradicted bytes seen before.";
    tcp_gaps "Stretches of TCP streams that were never captured.";
    tcp_gap_bytes "Bytes in these stretches.";
    smb_messages "SMB messages.";
    smb_encrypted "SMB3 messages that are encrypted.";
    smb_compressed "SMB3 messages that are compressed.";
    smb_sessions_evicted "SMB sessions forgotten because there were too many.";
    smb_files "Files opened over SMB.";
    smb_files_evicted "Open files forgotten because there were too many.";
    pipes "Named pipes opened.";
    pipes_evicted "Named pipes forgotten because there were too many.";
    pdus "RPC PDUs.";
    pdus_malformed "RPC PDUs that could not be read.";
    calls "Remote procedure calls.";
    pdus_given_up "PDUs that were reported as cut because too many waited for their rest.";
    stubs_decoded "Requests and responses whose arguments were decoded.";
    stubs_stopped "Of these, those that could not be decoded to the end.";
    stubs_given_up "Requests and responses that were not decoded because too many bytes waited for their rest.";
    handles_evicted "Context handles forgotten because there were too many.";
    activations "Activations of DCOM objects.";
    alerts "Alerts of rules.";
    correlation_groups_evicted "Groups of events that correlation rules forgot because there were too many.";
    carves "Sessions whose frames were carved because a rule wanted them.";
    carves_full "Of these, those that had more bytes than one session may have.";
    carves_evicted "Of these, those given up because too many were carved at once.";
    carve_bytes_evicted "Bytes of frames remembered for carving that were forgotten because there were too many.";
    carve_bytes "Bytes written to carved files.";
    carve_files_removed "Carved files removed to keep within the budget.";
    carve_failures "Carved files that could not be created, written or removed.";
    objects_evicted "Interface pointers of DCOM objects forgotten because there were too many.";
    exporters_evicted "Activations, and ports of servers, forgotten because there were too many.";
    contexts_evicted "Presentation contexts forgotten because there were too many.";
    security_contexts_evicted "Security contexts forgotten because there were too many.";
    calls_evicted "Open calls forgotten because there were too many.";
    http_connections_evicted "RPC over HTTP connections forgotten because there were too many.";
    activities_evicted "Connectionless activities forgotten because there were too many.";
    binds "Binds and alter_contexts.";
    faults "Faults and rejects.";
    authentications "Authentications in which the client said who it is.";
    authentications_rejected "Of these, those that the server rejected.";
    anomalies "Anomalies, reported or not.";
    anomalies_not_reported "Anomalies that were only counted, since their flow had enough of that kind.";
}
