//! A bar on standard error while a long input is read.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rpcscope_capture::Input;
use std::io::IsTerminal;
use std::time::Duration;

/// Inputs below this many bytes are done before a bar could be seen.
const LONG_INPUT_BYTES: u64 = 64 << 20;

/// The bar for these inputs; one that shows nothing when they are short or standard error is no terminal.
pub(crate) fn bar(inputs: &[Input]) -> ProgressBar {
    let size = |input: &Input| match input {
        Input::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
        Input::Stdin => 0,
    };
    let total = inputs.iter().map(size).sum();
    if total < LONG_INPUT_BYTES || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) =
        ProgressStyle::with_template("{bar:32} {percent:>3} %  {bytes} of {total_bytes}  {eta} left")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
