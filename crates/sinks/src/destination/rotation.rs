//! When a file is put aside, under which name, and how many of those stay.

use crate::clock;
use rpcscope_model::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// When a file is put aside, and what is kept. Everything that is `None` is without limit.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Rotation {
    /// Bytes that a file may have. A batch of lines that is longer gets a file of its own.
    pub size: Option<u64>,
    /// Seconds of one file. Counted from 1970 in UTC, so that `1h` turns at the full hour and `1d` at midnight.
    pub every: Option<u64>,
    /// Files that are kept, besides the one that is written to. The oldest is removed first.
    pub keep: Option<u64>,
    /// Bytes that are kept, besides the file that is written to. The oldest file is removed first.
    pub budget: Option<u64>,
}

impl Rotation {
    /// The number of the stretch of time that `now` is in; 0 when time does not matter.
    pub(super) fn period(&self, now: Timestamp) -> i64 {
        self.every
            .map_or(0, |every| now.seconds().div_euclid(i64::try_from(every).unwrap_or(i64::MAX).max(1)))
    }

    /// Removes the oldest of the files that were put aside for `path`, as far as there are too many. The `newest` stays.
    pub(super) fn prune(&self, path: &Path, newest: &Path) -> io::Result<()> {
        if self.keep.is_none() && self.budget.is_none() {
            return Ok(());
        }
        let mut files = put_aside(path)?;
        files.sort_by(|one, other| other.order.cmp(&one.order));
        let (mut count, mut bytes) = (1, fs::metadata(newest)?.len());
        for file in files.iter().filter(|file| file.path != newest) {
            count += 1;
            bytes = bytes.saturating_add(file.bytes);
            if self.keep.is_some_and(|keep| count > keep) || self.budget.is_some_and(|budget| bytes > budget)
            {
                fs::remove_file(&file.path)?;
            }
        }
        Ok(())
    }
}

/// A file that was put aside.
struct Aside {
    path: PathBuf,
    bytes: u64,
    /// When, and the how-manieth of that second. The text of a time sorts as the time does.
    order: (String, u32),
}

/// The name under which `path` can be put aside: `eve.json` becomes `eve-20260102T030405Z.json`, and when that is taken
/// `eve-20260102T030405Z.1.json`, and so on.
pub(super) fn free_name(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let (stem, extension) = parts(path)?;
    let mut stamp = Vec::new();
    clock::push_basic(&mut stamp, now);
    let stamp = String::from_utf8_lossy(&stamp).into_owned();
    for number in 0..MOST_PER_SECOND {
        let number = if number == 0 { String::new() } else { format!(".{number}") };
        let name = path.with_file_name(format!("{stem}-{stamp}{number}{extension}"));
        match fs::symlink_metadata(&name) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(name),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of the same second"))
}

/// The files beside `path` whose names [`free_name`] could have made. No others are ever touched.
fn put_aside(path: &Path) -> io::Result<Vec<Aside>> {
    let (stem, extension) = parts(path)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder(path))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(order) = name.to_str().and_then(|name| order(name, stem, &extension)) else { continue };
        let meta = entry.metadata()?;
        if meta.is_file() {
            files.push(Aside { path: path.with_file_name(&name), bytes: meta.len(), order });
        }
    }
    Ok(files)
}

/// When the file of this name was put aside, if it was.
fn order(name: &str, stem: &str, extension: &str) -> Option<(String, u32)> {
    let rest = name.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(extension)?;
    let (stamp, number) = rest.split_at_checked(STAMP.len())?;
    let alike = stamp.bytes().zip(STAMP.bytes()).all(|(letter, pattern)| match pattern {
        b'0' => letter.is_ascii_digit(),
        pattern => letter == pattern,
    });
    let number = match number.strip_prefix('.') {
        None if number.is_empty() => 0,
        None => return None,
        Some(number) => number.parse().ok().filter(|number| (1..MOST_PER_SECOND).contains(number))?,
    };
    alike.then(|| (stamp.to_owned(), number))
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a file without its extension, and the extension with its dot.
fn parts(path: &Path) -> io::Result<(&str, String)> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem =
        stem.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path has no name of a file"))?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok((stem, extension.map_or(String::new(), |extension| format!(".{extension}"))))
}

/// What the time in a name looks like.
const STAMP: &str = "00000000T000000Z";
/// Files that may be put aside within one second. A limit without which looking for a free name takes ever longer.
const MOST_PER_SECOND: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_323_045_678_901_234);

    #[test]
    fn the_name_has_the_time_and_keeps_its_extension() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, aside) in [
            ("eve.json", "eve-20260102T030405Z.json"),
            ("eve", "eve-20260102T030405Z"),
            (".eve", ".eve-20260102T030405Z"),
            ("a.b.json", "a.b-20260102T030405Z.json"),
        ] {
            assert_eq!(free_name(&folder.path().join(name), NOW).ok(), Some(folder.path().join(aside)));
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("eve.json");
        for name in ["eve-20260102T030405Z.json", "eve-20260102T030405Z.1.json"] {
            assert_eq!(free_name(&path, NOW).ok(), Some(folder.path().join(name)));
            fs::write(folder.path().join(name), "").expect("written");
        }
        assert_eq!(free_name(&path, NOW).ok(), Some(folder.path().join("eve-20260102T030405Z.2.json")));
    }

    #[test]
    fn only_names_of_our_own_are_removed_and_the_oldest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("eve.json");
        let others = [
            "eve-20260102T030405.json",
            "eve-x.json",
            "eve-20260102T030405Z.json.gz",
            "eve-20260102T030405Z.01x.json",
        ];
        let ours = [
            "eve-20260101T000000Z.json",
            "eve-20260101T000000Z.2.json",
            "eve-20260101T000000Z.10.json",
            "eve-20260102T000000Z.json",
        ];
        for name in others.iter().chain(&ours) {
            fs::write(folder.path().join(name), "12345").expect("written");
        }
        let newest = folder.path().join("eve-20260102T000000Z.json");
        let left =
            || -> Vec<&str> { ours.into_iter().filter(|name| folder.path().join(name).exists()).collect() };
        let prune = |rotation: Rotation| rotation.prune(&path, &newest).expect("pruned");
        prune(Rotation { keep: Some(3), ..Rotation::default() });
        assert_eq!(left(), ours[1..]);
        prune(Rotation { budget: Some(14), ..Rotation::default() });
        assert_eq!(left(), ours[2..]);
        prune(Rotation { keep: Some(5), budget: Some(1), ..Rotation::default() });
        assert_eq!(left(), ours[3..], "what was just put aside stays");
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn periods_turn_at_full_hours_and_midnight_utc() {
        let hourly = Rotation { every: Some(3600), ..Rotation::default() };
        let at = |seconds: i64| hourly.period(Timestamp::from_parts(seconds, 0));
        assert_eq!((at(3599), at(3600), at(7199), at(7200), at(-1)), (0, 1, 1, 2, -1));
        assert_eq!(Rotation::default().period(NOW), 0);
    }
}
