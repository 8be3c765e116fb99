//! Collects texts into one string, each distinct text once.
//!
//! A table of string slices would cost a relocation each when the program starts; offsets into one text cost nothing.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The text so far, and where each part of it is.
#[derive(Default)]
pub(crate) struct TextPool {
    text: String,
    known: HashMap<String, u32>,
    /// Lists of texts, one after the other.
    items: Vec<(u32, u16)>,
    known_lists: HashMap<Vec<String>, (u32, u16)>,
}

impl TextPool {
    /// Where `text` starts, and its length in bytes. `None` when it is too long for the tables.
    pub(crate) fn add(&mut self, text: &str) -> Option<(u32, u16)> {
        let length = u16::try_from(text.len()).ok()?;
        if let Some(start) = self.known.get(text) {
            return Some((*start, length));
        }
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(text);
        self.known.insert(text.to_owned(), start);
        Some((start, length))
    }

    /// Where the list starts in the list table, and how many items it has.
    pub(crate) fn add_list(&mut self, list: &[String]) -> Option<(u32, u16)> {
        if let Some(place) = self.known_lists.get(list) {
            return Some(*place);
        }
        let place = (u32::try_from(self.items.len()).ok()?, u16::try_from(list.len()).ok()?);
        for text in list {
            let item = self.add(text)?;
            self.items.push(item);
        }
        self.known_lists.insert(list.to_vec(), place);
        Some(place)
    }

    /// The text, and the source of the list table.
    pub(crate) fn finish(self) -> (String, String) {
        let mut table = format!("pub(crate) static TEXTS: [Text; {}] = [", self.items.len());
        for (start, length) in &self.items {
            let _ = write!(table, "Text({start},{length}),");
        }
        table.push_str("];\n");
        (self.text, table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_kept_once() {
        let mut pool = TextPool::default();
        assert_eq!(pool.add("ab"), Some((0, 2)));
        assert_eq!(pool.add("cde"), Some((2, 3)));
        assert_eq!(pool.add("ab"), Some((0, 2)));
        let list = ["cde".to_owned(), "ab".to_owned()];
        assert_eq!(pool.add_list(&list), Some((0, 2)));
        assert_eq!(pool.add_list(&list), Some((0, 2)));
        let (text, table) = pool.finish();
        assert_eq!(text, "abcde");
        assert!(table.ends_with("[Text; 2] = [Text(2,3),Text(0,2),];\n"), "{table}");
    }

    #[test]
    fn a_text_beyond_64_kib_is_refused() {
        assert_eq!(TextPool::default().add(&"x".repeat(65_536)), None);
    }
}
