//! Where results go: each output is a module that turns an event into bytes.
//!
//! [`Format`] is the registry of the outputs that write event by event; [`Summary`] counts what a whole run showed.
//! No line depends on the lines before it, so that any number of threads can format parts of one run, and the parts
//! joined in order are the same bytes as if one thread had written them. [`destination`] is where lines go when the
//! sensor is live, and [`Carver`] writes frames to files; nothing else here opens anything, and nothing reads a clock.

mod address;
mod carve;
mod clock;
mod community_id;
mod decimal;
pub mod destination;
mod escape;
mod eve;
mod format;
mod json;
#[cfg(test)]
mod samples;
mod summary;
mod table;
mod text;
mod words;

pub use carve::{CarveError, Carver, carved_file_name};
pub use format::{Clock, Colour, Context, Detail, Format, Memo};
pub use summary::{RunFigures, Summary};
pub use text::visible;
