//! Texts that people write: places in them, and YAML as trees in which everything has its place.
//!
//! Rules, settings, tests and scenarios are read with this, so that each mistake in them is told with line and column.

mod place;
mod yaml;

pub use place::{Place, caret};
pub use yaml::{Key, Node, Value, YamlError, documents};
