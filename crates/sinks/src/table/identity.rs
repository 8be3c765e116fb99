//! The line of an authentication.

use super::{BAD, DIM, GOOD, Row, push_visible};
use crate::Context;
use rpcscope_model::{AuthResult, Authentication, EventHeader, Identity};

pub(super) fn line(
    authentication: &Authentication,
    header: &EventHeader,
    context: &Context<'_>,
    out: &mut Vec<u8>,
) {
    let identity = &*authentication.identity;
    super::line(
        &Row {
            what: &|out| {
                out.extend_from_slice(b"logon ");
                push_who(out, identity);
            },
            result: &|out| {
                let result = identity.result.map_or("unknown", |result| result.name());
                out.extend_from_slice(result.as_bytes());
                if identity.guest {
                    out.extend_from_slice(b" as guest");
                }
            },
            result_style: match identity.result {
                Some(AuthResult::Accepted) => GOOD,
                Some(AuthResult::Rejected) => BAD,
                None => DIM,
            },
            security: authentication.security,
            sealed: false,
            endpoint: authentication.endpoint.as_deref(),
            request: Some(header.frame),
            reply: None,
        },
        header,
        context,
        out,
    );
}

/// Appends who somebody is: `CORP\alice`, or for Kerberos, which hides the user, the service that was asked for.
fn push_who(out: &mut Vec<u8>, identity: &Identity) {
    let Identity { user, domain, workstation, service, realm, anonymous, .. } = identity;
    let (scope, name) = if *anonymous {
        return out.extend_from_slice(b"anonymous");
    } else if user.is_some() {
        (domain, user)
    } else if service.is_some() {
        out.extend_from_slice(b"to ");
        (realm, service)
    } else {
        (domain, workstation)
    };
    if let Some(scope) = scope.as_ref().filter(|scope| !scope.string.is_empty()) {
        push_visible(out, &scope.string);
        out.push(b'\\');
    }
    match name {
        Some(name) => push_visible(out, &name.string),
        None => out.push(b'?'),
    }
}
