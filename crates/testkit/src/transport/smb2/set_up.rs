//! What comes before the first pipe: negotiation, session setup, tree connect.

use super::body::Share;
use super::{
    Header, MORE_PROCESSING_REQUIRED, NEGOTIATE, SESSION, SESSION_SETUP, SmbAuthentication, TREE,
    TREE_CONNECT, Writer, answer, body,
};
use crate::token;

impl Writer<'_> {
    /// Sets up one connection; all but the first are bound to the session of the first ([MS-SMB2] 3.2.4.1.7, 2.2.5).
    pub(super) fn set_up(&mut self, connection: usize) {
        self.connection = connection;
        self.protected = false;
        let dialect = self.options.dialect;
        let outside = Header { command: NEGOTIATE, ..Header::default() };
        let (request, response) = (body::negotiate_request(dialect), body::negotiate_response(dialect));
        self.exchange(outside, request, 0, response);

        let options = self.options;
        let spnego = options.authentication == SmbAuthentication::Spnego;
        let [negotiate, challenge, proof, end] = token::session_setup(&options.user, spnego, &mut self.rng);
        let binding = connection > 0;
        // The server assigns the session id in its first answer; a further connection names it at once.
        let session_id = if binding { SESSION } else { 0 };
        let first =
            Header { command: SESSION_SETUP, session_id, message_id: self.next_id(), ..Header::default() };
        self.client(&[(first, body::session_setup_request(&negotiate, binding))]);
        let challenged = answer(Header { session_id: SESSION, ..first }, MORE_PROCESSING_REQUIRED);
        self.server(&[(challenged, body::session_setup_response(&challenge))]);
        let second = Header { command: SESSION_SETUP, session_id: SESSION, ..Header::default() };
        let request = body::session_setup_request(&proof, binding);
        self.exchange(second, request, 0, body::session_setup_response(&end));
        self.protected = true;
        if binding {
            return;
        }

        let path = format!("\\\\{}\\{}", self.options.server, self.options.share);
        let id = self.next_id();
        let connect =
            Header { command: TREE_CONNECT, session_id: SESSION, message_id: id, ..Header::default() };
        self.client(&[(connect, body::tree_connect_request(&path))]);
        let connected = answer(Header { tree_id: TREE, ..connect }, 0);
        self.server(&[(connected, body::tree_connect_response(Share::named(&self.options.share)))]);
    }
}
