//! Maps files into memory: the only unsafe code of the project.

use std::fs::File;
use std::io;
use std::ops::Range;

#[cfg(unix)]
use memmap2::UncheckedAdvice;
use memmap2::{Advice, Mmap};

/// Maps a whole file for reading, to be walked from its start to its end.
///
/// A mapped capture is read without copying it. In exchange, a file that is made shorter while it is read (rotated in
/// place, for example) ends the process with a bus error; a file that only grows is read to the end that it had here.
#[allow(unsafe_code)]
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is read-only and shared with the file. If somebody changes the file meanwhile, other numbers are
    // read; every one of them is checked where it is read, as is right for hostile input anyway, and none is read a
    // second time to rely on that check.
    let map = unsafe { Mmap::map(file)? };
    // A kernel that ignores the advice reads as well, only later.
    #[cfg(unix)]
    let _ = map.advise(Advice::Sequential);
    Ok(map)
}

/// Gives back the memory of a part that has been walked. Whoever still reads it makes the kernel bring it back.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) fn release(map: &Mmap, part: Range<usize>) {
    // SAFETY: `map` above is the only maker of these maps: shared with a file and never written, so that pages that are
    // dropped come back with the file's content.
    let _ = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, part.start, part.len()) };
}

/// Other systems decide themselves.
#[cfg(not(unix))]
pub(crate) fn release(_: &Mmap, _: Range<usize>) {}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_given_back_can_still_be_read() {
        let content: Vec<u8> = (0_u32..1 << 16).flat_map(u32::to_le_bytes).collect();
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&content).expect("written");
        let map = map(&file).expect("a map");
        assert!(*map == *content);
        release(&map, 5..200_000);
        assert!(*map == *content);
    }
}
