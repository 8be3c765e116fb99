//! Hosts in paths. A server that is asked to open a path on another machine authenticates there, which is what coercion
//! attacks are about.

use super::Decoded;
use rpcscope_model::Text;

/// Adds `coerced_to`, when the path names a host. The first host of a call counts.
pub(super) fn put_host(call: &mut Decoded, path: &Text) {
    if let Some(host) = host_of(path) {
        put(call, host);
    }
}

/// The same for the first of several paths that names a host.
pub(super) fn put_first_host<'a>(call: &mut Decoded, paths: impl IntoIterator<Item = &'a Text>) {
    if let Some(host) = paths.into_iter().find_map(host_of) {
        put(call, host);
    }
}

/// The same for a parameter that is the name of a machine, with or without backslashes before it.
pub(super) fn put_machine(call: &mut Decoded, machine: &Text) {
    let name = machine.string.trim_start_matches(['\\', '/']);
    let name = name.split(['\\', '/', '@']).next().unwrap_or_default();
    if !name.is_empty() {
        put(call, Text { string: name.into(), cut: machine.cut });
    }
}

fn put(call: &mut Decoded, host: Text) {
    if !is_loopback(&host.string) && call.arguments.get(COERCED_TO).is_none() {
        call.put(COERCED_TO, host);
    }
}

/// The argument that names the host.
pub(super) const COERCED_TO: &str = "coerced_to";

/// The host that a path names: `\\host\share`, `\\?\UNC\host\share`, `\??\UNC\host\share`, `\Device\Mup\host\share`, with
/// slashes of either kind. A port for WebDAV (`host@80`, `host@SSL@443`) is left out.
fn host_of(path: &Text) -> Option<Text> {
    let is_separator = |c: char| matches!(c, '\\' | '/');
    let path = path.string.as_str();
    let is_rooted = path.starts_with(is_separator);
    let is_unc = is_rooted && path.get(1..).is_some_and(|rest| rest.starts_with(is_separator));
    let mut parts = path.split(is_separator).filter(|part| !part.is_empty()).peekable();
    let is_device = parts.next_if(|part| is_rooted && matches!(*part, "?" | "??" | ".")).is_some();
    let mut skip = |name: &str| parts.next_if(|part| is_rooted && part.eq_ignore_ascii_case(name)).is_some();
    let names_host = if is_device && skip("UNC") {
        true
    } else {
        skip("GLOBALROOT");
        if skip("Device") { skip("Mup") || skip("LanmanRedirector") } else { is_unc && !is_device }
    };
    let host = parts.next().filter(|_| names_host)?;
    let host = host.split('@').next().filter(|host| !host.is_empty())?;
    Some(Text::whole(host))
}

/// Whether a host is the machine itself, whatever it is called.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || matches!(host, "." | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(path: &str) -> Option<String> {
        host_of(&Text::whole(path)).map(|host| host.string.into())
    }

    #[test]
    fn every_way_to_write_a_remote_path_names_its_host() {
        for path in [
            r"\\10.0.0.9\share\x",
            r"\\10.0.0.9",
            "//10.0.0.9/share",
            r"\\?\UNC\10.0.0.9\share",
            r"\??\UNC\10.0.0.9\share\x",
            r"\\.\unc\10.0.0.9\share",
            r"\\10.0.0.9@80\DavWWWRoot",
            r"\\10.0.0.9@SSL@443\x",
            r"\Device\Mup\10.0.0.9\share",
            r"\\?\GLOBALROOT\Device\Mup\10.0.0.9\share",
        ] {
            assert_eq!(host(path).as_deref(), Some("10.0.0.9"), "{path}");
        }
    }

    #[test]
    fn the_first_host_of_a_call_counts() {
        let mut call = Decoded::default();
        put_host(&mut call, &Text::whole("C:\\x"));
        put_machine(&mut call, &Text::whole("\\\\localhost"));
        put_first_host(&mut call, [&Text::whole("x"), &Text::whole("\\\\a\\x")]);
        put_machine(&mut call, &Text::whole("b"));
        assert_eq!(call.arguments.text(COERCED_TO), Some("a"));
    }

    #[test]
    fn local_paths_name_no_host() {
        for path in [
            r"C:\a.evt",
            r"\\?\C:\x",
            r"\??\C:\x",
            r"\\.\pipe\x",
            r"\x\y",
            "a.tmp",
            "",
            r"\\",
            r"\Device\Nul",
        ] {
            assert_eq!(host(path), None, "{path}");
        }
    }
}
