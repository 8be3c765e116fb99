//! PDUs that carry no call: auth3, co_cancel, orphaned, shutdown.

use super::{Format, Verifier, flags, frame, ptype};
use rpcscope_model::CallId;

/// Third leg of an authentication ([MS-RPCE] 2.2.2.10): four bytes of padding, then the verifier.
pub fn auth3(format: Format, call_id: u32, verifier: &Verifier) -> Vec<u8> {
    frame(format, ptype::AUTH3, WHOLE, CallId(call_id), b"    ", Some(verifier))
}

/// Asks the server to cancel a call ([C706] 12.6.4.6).
pub fn co_cancel(format: Format, call_id: u32) -> Vec<u8> {
    frame(format, ptype::CO_CANCEL, WHOLE, CallId(call_id), &[], None)
}

/// Tells the server that the rest of a call will not come ([C706] 12.6.4.8).
pub fn orphaned(format: Format, call_id: u32) -> Vec<u8> {
    frame(format, ptype::ORPHANED, WHOLE, CallId(call_id), &[], None)
}

/// Asks the client to close the connection ([C706] 12.6.4.11). Its call id has no meaning.
pub fn shutdown(format: Format) -> Vec<u8> {
    frame(format, ptype::SHUTDOWN, WHOLE, CallId(0), &[], None)
}

const WHOLE: u8 = flags::FIRST | flags::LAST;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::AuthLevel;

    #[test]
    fn auth3_has_four_bytes_before_its_verifier() {
        let pdu = auth3(Format::LITTLE, 3, &Verifier::ntlm(AuthLevel::CONNECT, 0, [1, 2, 3]));
        assert_eq!(pdu[8..16], [31, 0, 3, 0, 3, 0, 0, 0]);
        assert_eq!(pdu[16..], [b' ', b' ', b' ', b' ', 0x0a, 2, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn the_others_are_headers_only() {
        assert_eq!(co_cancel(Format::LITTLE, 5), [5, 0, 18, 3, 0x10, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0]);
        assert_eq!(orphaned(Format::BIG, 5), [5, 0, 19, 3, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 5]);
        assert_eq!(shutdown(Format::LITTLE)[2], 17);
    }
}
