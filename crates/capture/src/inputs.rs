//! What the user typed, expanded into files.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glob::MatchOptions;

use crate::CaptureError;

/// Where a capture is read from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Input {
    /// A file, or something else that can be opened by name, such as a named pipe.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// Expands what the user typed into inputs, in the order in which it was typed.
///
/// Each argument is, in this order: `-`, standard input; a file, taken whatever its name; a folder, of which all files
/// below it that look like captures are taken, sorted by path; a pattern with `*`, `?`, `[…]` or `**`, of which all
/// matches are taken as if they had been typed, sorted by path.
/// What cannot be found is an error in its place, so that the other inputs can still be read.
pub fn expand<I>(arguments: I) -> Vec<Result<Input, CaptureError>>
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    let mut inputs = Vec::new();
    for argument in arguments {
        expand_one(argument.as_ref(), &mut inputs);
    }
    inputs
}

/// Whether a file in a folder is taken for a capture: its name ends, in small letters or capitals, in one of
/// `.pcap .pcapng .cap .dmp .ntar`, alone or followed by `.gz` or `.zst`.
pub fn looks_like_capture(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    let name = name.to_string_lossy().to_ascii_lowercase();
    let name = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    // A name that is nothing but the ending is a hidden file.
    CAPTURES.iter().any(|ending| name.strip_suffix(ending).is_some_and(|stem| !stem.is_empty()))
}

fn expand_one(argument: &OsStr, inputs: &mut Vec<Result<Input, CaptureError>>) {
    if argument == "-" {
        inputs.push(Ok(Input::Stdin));
        return;
    }
    let path = Path::new(argument);
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => expand_folder(path, inputs),
        Ok(_) => inputs.push(Ok(Input::File(path.to_owned()))),
        Err(cause) => match argument.to_str() {
            Some(pattern) if pattern.contains(['*', '?', '[']) => expand_pattern(pattern, inputs),
            _ => inputs.push(Err(path_error(path, cause))),
        },
    }
}

fn expand_pattern(pattern: &str, inputs: &mut Vec<Result<Input, CaptureError>>) {
    // As shells do: a hidden file has to be asked for.
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let paths = match glob::glob_with(pattern, options) {
        Ok(paths) => paths,
        Err(cause) => {
            let pattern = pattern.to_owned();
            inputs.push(Err(CaptureError::InvalidPattern {
                pattern,
                position: cause.pos,
                reason: cause.msg,
            }));
            return;
        }
    };
    let mut matched = false;
    for path in paths {
        matched = true;
        match path {
            Ok(path) if path.is_dir() => expand_folder(&path, inputs),
            Ok(path) => inputs.push(Ok(Input::File(path))),
            Err(cause) => {
                let path = cause.path().to_owned();
                inputs.push(Err(path_error(&path, cause.into())));
            }
        }
    }
    if !matched {
        inputs.push(Err(CaptureError::NoMatch { pattern: pattern.to_owned() }));
    }
}

/// Takes the captures below a folder. Links to files are followed, links to folders are not: they may form circles.
fn expand_folder(folder: &Path, inputs: &mut Vec<Result<Input, CaptureError>>) {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let listed = fs::read_dir(&next).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    open.push(path);
                } else if looks_like_capture(&path) && path.is_file() {
                    found.push(path);
                }
            }
            Ok(())
        });
        if let Err(cause) = listed {
            errors.push(Err(path_error(&next, cause)));
        }
    }
    if found.is_empty() && errors.is_empty() {
        errors.push(Err(CaptureError::NoCaptures { folder: folder.to_owned() }));
    }
    found.sort();
    inputs.extend(found.into_iter().map(|path| Ok(Input::File(path))));
    inputs.extend(errors);
}

fn path_error(path: &Path, cause: io::Error) -> CaptureError {
    match cause.kind() {
        io::ErrorKind::NotFound => CaptureError::NotFound { path: path.to_owned() },
        _ => CaptureError::Unreadable { input: Input::File(path.to_owned()), cause },
    }
}

/// Endings of captures, as Wireshark, tcpdump and Network Monitor write them.
const CAPTURES: [&str; 5] = [".pcap", ".pcapng", ".cap", ".dmp", ".ntar"];
/// Endings of compressed files.
const COMPRESSED: [&str; 2] = [".gz", ".zst"];

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, b"").expect("a file");
        }
        folder
    }

    /// The names of the inputs below `folder`, and the errors, as the user would see them without the folder's name.
    fn shown(folder: &Path, arguments: &[PathBuf]) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        let whole = format!("{}", folder.display());
        expand(arguments)
            .into_iter()
            .map(|input| match input {
                Ok(input) => input.to_string().replace(&prefix, ""),
                Err(error) => format!("error {error}").replace(&prefix, "").replace(&whole, "."),
            })
            .collect()
    }

    #[test]
    fn a_folder_gives_its_captures_in_sorted_order() {
        let folder = folder_of(&[
            "b.pcap",
            "a/z.PCAPNG",
            "a/b.cap.gz",
            "c.dmp.zst",
            "notes.txt",
            "x.gz",
            ".pcap",
            "n.ntar",
        ]);
        assert_eq!(
            shown(folder.path(), &[folder.path().to_owned()]),
            ["a/b.cap.gz", "a/z.PCAPNG", "b.pcap", "c.dmp.zst", "n.ntar"]
        );
    }

    #[test]
    fn a_named_file_is_taken_whatever_its_name() {
        let folder = folder_of(&["capture.bin", "odd[1].txt"]);
        let arguments = [folder.path().join("odd[1].txt"), folder.path().join("capture.bin")];
        assert_eq!(shown(folder.path(), &arguments), ["odd[1].txt", "capture.bin"]);
    }

    #[test]
    fn a_pattern_gives_its_matches_and_walks_matching_folders() {
        let folder = folder_of(&["b1.pcap", "b2.bin", "a/one.pcap", "a/two.txt", ".hidden.pcap"]);
        assert_eq!(shown(folder.path(), &[folder.path().join("b?.*")]), ["b1.pcap", "b2.bin"]);
        assert_eq!(shown(folder.path(), &[folder.path().join("*")]), ["a/one.pcap", "b1.pcap", "b2.bin"]);
        assert_eq!(shown(folder.path(), &[folder.path().join("**/*.pcap")]), ["a/one.pcap", "b1.pcap"]);
    }

    #[test]
    fn what_is_missing_is_an_error_in_its_place() {
        let folder = folder_of(&["a.pcap", "empty/readme"]);
        let at = |name: &str| folder.path().join(name);
        let arguments = [at("gone.pcap"), at("a.pcap"), at("*.cap"), at("x[*"), at("empty")];
        assert_eq!(
            shown(folder.path(), &arguments),
            [
                "error gone.pcap: no such file or folder",
                "a.pcap",
                "error *.cap: no file matches",
                "error x[*: invalid pattern at character 2: invalid range pattern",
                "error empty: no captures in this folder",
            ]
            .map(|line| line.replace("character 2", &format!("character {}", at("x").as_os_str().len() + 1)))
        );
    }

    #[test]
    fn a_dash_is_standard_input() {
        let inputs: Vec<Input> = expand(["-"]).into_iter().map(|input| input.expect("an input")).collect();
        assert_eq!(inputs, [Input::Stdin]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_files_are_followed_and_links_to_folders_are_not() {
        let folder = folder_of(&["a/real.pcap"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/circle")).expect("a link");
        std::os::unix::fs::symlink(folder.path().join("a/real.pcap"), folder.path().join("link.pcap"))
            .expect("a link");
        assert_eq!(shown(folder.path(), &[folder.path().to_owned()]), ["a/real.pcap", "link.pcap"]);
    }
}
