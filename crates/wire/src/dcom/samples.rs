//! Stubs of DCOM calls that were recorded in clear, for tests.

/// Reads a file of hexadecimal digits; lines that start with `#` say where it comes from.
pub(crate) fn bytes(file: &str) -> Vec<u8> {
    let digits: String = file.lines().filter(|line| !line.starts_with('#')).collect();
    hex(&digits)
}

/// Reads hexadecimal digits, with any white space between them.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let value = |digit: u8| u8::try_from(char::from(digit).to_digit(16).expect("a digit")).expect("4 bits");
    digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

macro_rules! samples {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("samples/", $file, ".hex"));)*
    };
}

samples! {
    REMOTE_CREATE_INSTANCE_REQUEST = "remote-create-instance-request";
    REMOTE_CREATE_INSTANCE_REPLY = "remote-create-instance-reply";
    NTLM_LOGIN_REQUEST = "ntlm-login-request";
    NTLM_LOGIN_REPLY = "ntlm-login-reply";
    REM_RELEASE_REQUEST = "rem-release-request";
    GET_OBJECT_REQUEST = "get-object-request";
    GET_OBJECT_REPLY = "get-object-reply";
    EXEC_METHOD_REQUEST = "exec-method-request";
    EXEC_METHOD_REPLY = "exec-method-reply";
    EXEC_QUERY_REQUEST = "exec-query-request";
    NEXT_REPLY = "next-reply";
    GET_IDS_OF_NAMES_REQUEST = "get-ids-of-names-request";
    GET_IDS_OF_NAMES_REPLY = "get-ids-of-names-reply";
    INVOKE_REPLY = "invoke-reply";
    INVOKE_EXECUTE_SHELL_COMMAND_REQUEST = "invoke-execute-shell-command-request";
    INVOKE_SHELL_EXECUTE_REQUEST = "invoke-shell-execute-request";
    SERVER_ALIVE2_REPLY = "server-alive2-reply";
    RESOLVE_OXID2_REQUEST = "resolve-oxid2-request";
    RESOLVE_OXID2_REPLY = "resolve-oxid2-reply";
}
