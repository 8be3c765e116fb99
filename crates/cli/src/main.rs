//! The binary `rpcscope`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rpcscope_cli::run()
}
