//! `rpcscope forge`: a scenario becomes a capture.

use crate::args::Forge;
use crate::exit::{Exit, UNREADABLE, WRONG_USE};
use crate::messages;
use crate::output::{self, Output};
use rpcscope_testkit::scenario::{self, CaptureFormat};
use std::ffi::OsStr;
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Forge) -> Exit {
    if arguments.list {
        let mut output = Output::stdout();
        output.write(scenario::list().as_bytes());
        return output.finish(output::STANDARD);
    }
    // Clap demands a scenario unless there is `--list`.
    let Some(path) = arguments.scenario.as_deref() else { return WRONG_USE };
    let name =
        if path == Path::new(STANDARD) { "standard input".to_owned() } else { path.display().to_string() };
    let text = match read(path) {
        Ok(text) => text,
        Err(error) => {
            let hint = match error.kind() {
                ErrorKind::NotFound => Some("name a scenario; docs/WRITING-TESTS.md shows how to write one"),
                ErrorKind::InvalidData => Some("a scenario is text in UTF-8"),
                _ => None,
            };
            messages::error(&format_args!("{name}: cannot read: {error}"), hint);
            return UNREADABLE;
        }
    };
    let target = arguments.output.clone().unwrap_or_else(|| beside(path));
    let format = match target.extension().and_then(OsStr::to_str) {
        Some(extension) if extension.eq_ignore_ascii_case("pcapng") => CaptureFormat::Pcapng,
        _ => CaptureFormat::Pcap,
    };
    let capture = match scenario::forge_as(&text, format) {
        Ok(capture) => capture,
        Err(errors) => {
            for error in &errors.0 {
                let scenario::Place { line, column } = error.place;
                let what = format_args!("{name}:{line}:{column}: {}", error.cause);
                messages::error(&what, error.hint.as_deref());
            }
            return WRONG_USE;
        }
    };
    if target == Path::new(STANDARD) {
        if std::io::stdout().is_terminal() {
            let hint = Some("redirect it, or name a file: `-o sample.pcap`");
            messages::error(&"a capture is not for a terminal", hint);
            return WRONG_USE;
        }
        let mut output = Output::stdout();
        output.write(&capture);
        return output.finish(output::STANDARD);
    }
    if target == path {
        let what = format_args!("{}: this is the scenario itself", target.display());
        messages::error(&what, Some("name another file: `-o sample.pcap`"));
        return WRONG_USE;
    }
    match Output::file(&target) {
        Ok(mut output) => {
            output.write(&capture);
            output.finish(&target.display().to_string())
        }
        Err(error) => {
            let hint = (error.kind() == ErrorKind::NotFound).then_some("its folder has to exist");
            messages::error(&format_args!("{}: cannot create: {error}", target.display()), hint);
            WRONG_USE
        }
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    if path == Path::new(STANDARD) {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(path)
}

/// The capture of `folder/scenario.yml` is `folder/scenario.pcap`.
fn beside(scenario: &Path) -> PathBuf {
    if scenario == Path::new(STANDARD) { PathBuf::from(STANDARD) } else { scenario.with_extension("pcap") }
}

/// Standard input, or standard output.
const STANDARD: &str = "-";
