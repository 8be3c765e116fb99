//! One ordered pair of PDU streams: a TCP connection, an open pipe.

use crate::association::{Association, Scope};
use crate::framer::{Framed, Framer};
use crate::output::Output;
use crate::{At, Flow};
use rpcscope_model::{Anomaly, AnomalyKind, Identity, Limits, Side, Transport};
use rpcscope_wire::dcerpc::{Header, Pdu};
use std::sync::Arc;

/// A channel with the association that runs over it.
#[derive(Debug)]
pub(crate) struct Channel {
    framers: [Framer; 2],
    association: Association,
    transport: Transport,
    endpoint: Arc<str>,
    /// Who is behind the SMB session that carries it.
    identity: Option<Arc<Identity>>,
}

impl Channel {
    pub(crate) fn new(transport: Transport, endpoint: Arc<str>, limits: &Limits) -> Self {
        Self {
            framers: Default::default(),
            association: Association::new(limits),
            transport,
            endpoint,
            identity: None,
        }
    }

    /// A channel whose bytes may start anywhere in a PDU.
    pub(crate) fn mid_stream(mut self) -> Self {
        self.framers = [Framer::out_of_step(), Framer::out_of_step()];
        self
    }

    /// Notes who is behind the SMB session that carries it.
    pub(crate) fn identify(&mut self, identity: Arc<Identity>) {
        self.identity = Some(identity);
    }

    /// The protocol sequence under which its calls are reported.
    pub(crate) const fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) fn data(
        &mut self,
        side: Side,
        bytes: &[u8],
        is_message: bool,
        at: At,
        flow: &mut Flow,
        output: &mut Output,
    ) {
        let Self { framers, association, transport, endpoint, identity } = self;
        let mut scope =
            Scope { flow, output, transport: *transport, endpoint, carrier_identity: identity.as_ref() };
        let framer = &mut framers[side.index()];
        let before = framer.held();
        framer.push(bytes, is_message, |framed| deliver(framed, side, at, association, &mut scope));
        let held = framer.held();
        if scope.output.hold(before, held) {
            scope.output.stats.pdus_given_up += 1;
            framer.give_up(|framed| deliver(framed, side, at, association, &mut scope));
            scope.output.hold(held, framer.held());
        }
    }

    pub(crate) fn gap(&mut self, side: Side, bytes: u64, at: At, flow: &mut Flow, output: &mut Output) {
        let Self { framers, association, transport, endpoint, identity } = self;
        let mut scope =
            Scope { flow, output, transport: *transport, endpoint, carrier_identity: identity.as_ref() };
        let framer = &mut framers[side.index()];
        let before = framer.held();
        framer.gap(bytes, |framed| deliver(framed, side, at, association, &mut scope));
        scope.output.hold(before, framer.held());
        association.lost(side);
    }

    pub(crate) fn finish(&mut self, at: At, flow: &mut Flow, output: &mut Output) {
        let Self { framers, association, transport, endpoint, identity } = self;
        let mut scope =
            Scope { flow, output, transport: *transport, endpoint, carrier_identity: identity.as_ref() };
        for side in [Side::Client, Side::Server] {
            let framer = &mut framers[side.index()];
            let before = framer.held();
            framer.finish(|framed| deliver(framed, side, at, association, &mut scope));
            scope.output.hold(before, framer.held());
        }
        association.finish(&mut scope);
    }
}

/// Hands a PDU to the association; what is no PDU is an anomaly.
pub(crate) fn deliver(
    framed: Framed<'_>,
    side: Side,
    at: At,
    association: &mut Association,
    scope: &mut Scope<'_>,
) {
    match framed {
        Framed::Skipped(bytes) => {
            association.lost(side);
            // A pipe without a single PDU carries something else, such as the output of a remote shell.
            if association.has_begun() {
                scope.anomaly(at, Anomaly { bytes: Some(bytes), ..AnomalyKind::PduSkippedBytes.into() });
            }
        }
        Framed::Pdu(bytes) => {
            scope.output.stats.pdus += 1;
            match Pdu::parse(bytes) {
                Ok(pdu) => {
                    if pdu.is_cut() {
                        let missing = u64::from(pdu.header.frag_length) - bytes.len() as u64;
                        scope.anomaly(
                            at,
                            Anomaly { bytes: Some(missing), ..AnomalyKind::PduTruncated.into() },
                        );
                    }
                    association.pdu(side, &pdu, at, scope);
                }
                Err(error) => {
                    scope.output.stats.pdus_malformed += 1;
                    scope.anomaly(at, Anomaly { error: Some(error), ..AnomalyKind::PduMalformed.into() });
                    // The header could be read, or it would have been no PDU: the call is known all the same.
                    if let Ok(header) = Header::parse(bytes) {
                        association.malformed(side, &header);
                    }
                }
            }
        }
    }
}
