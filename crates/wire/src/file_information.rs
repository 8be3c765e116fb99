//! What both versions of SMB say of files: their size and times, and what is to become of them.

use crate::ndr::FileTime;
use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Data, Reader};
use rpcscope_model::{CreateAction, FileTimes, ParseError};

/// What a server says of the file that it has opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileInformation {
    /// What was done.
    pub action: CreateAction,
    /// When what happened to it.
    pub times: FileTimes,
    /// Attributes ([MS-FSCC] 2.6).
    pub attributes: u32,
    /// Length of the file, in bytes.
    pub size: u64,
}

/// Reads the four times, in the order of [MS-SMB2] 2.2.14 and [MS-CIFS] 2.2.4.64.2.
pub(crate) fn file_times(reader: &mut Reader<'_>) -> Result<FileTimes, ParseError> {
    let mut time = |field| Ok(FileTime(reader.u64(field)?).timestamp());
    Ok(FileTimes {
        created: time("CreationTime")?,
        accessed: time("LastAccessTime")?,
        modified: time("LastWriteTime")?,
        changed: time("ChangeTime")?,
    })
}

impl FileInformation {
    /// Whether it is a directory.
    pub const fn is_directory(&self) -> bool {
        const DIRECTORY: u32 = 0x10;
        self.attributes & DIRECTORY != 0
    }
}

/// What is to become of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileChange<'a> {
    /// It gets another name, within its share.
    Rename(Text<'a>),
    /// It is deleted when it is closed.
    Delete,
    /// It is not deleted after all.
    Keep,
}

/// A class of file information ([MS-FSCC] 2.4). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileInformationClass(pub u16);

impl FileInformationClass {
    /// Another name.
    pub const RENAME: Self = Self(10);
    /// Whether the file is deleted when it is closed.
    pub const DISPOSITION: Self = Self(13);
    /// The same, with more options.
    pub const DISPOSITION_EX: Self = Self(64);
    /// Another name, with more options.
    pub const RENAME_EX: Self = Self(65);
}

impl<'a> FileChange<'a> {
    /// Reads what a client sets of a file; `None` for information that changes neither its name nor whether it stays, and
    /// when too little of it is there. `root_bytes` is the length of the handle of a directory: 8 in version 2 ([MS-FSCC]
    /// 2.4.42.2), 4 in version 1 (2.4.42.1).
    pub(crate) fn read(class: FileInformationClass, buffer: Data<'a>, root_bytes: usize) -> Option<Self> {
        const DELETE: u32 = 1;
        let mut reader = Reader::new("file information", ByteOrder::Little, buffer.bytes);
        let deletes = match class {
            FileInformationClass::RENAME | FileInformationClass::RENAME_EX => {
                // Flags and padding up to the handle.
                reader.skip("ReplaceIfExists", root_bytes).ok()?;
                reader.skip("RootDirectory", root_bytes).ok()?;
                let length = usize::try_from(reader.u32("FileNameLength").ok()?).unwrap_or(usize::MAX);
                let name = buffer.skip(reader.position()).take(length);
                return Some(Self::Rename(Text::of(name, Encoding::Utf16)));
            }
            FileInformationClass::DISPOSITION => reader.u8("DeletePending").ok()? != 0,
            FileInformationClass::DISPOSITION_EX => reader.u32("Flags").ok()? & DELETE != 0,
            _ => return None,
        };
        Some(if deletes { Self::Delete } else { Self::Keep })
    }

    /// Whether `self` is `whole` with some of its end missing.
    #[cfg(test)]
    pub(crate) fn is_cut_of(&self, whole: &FileChange<'_>) -> bool {
        match (self, whole) {
            (Self::Rename(cut), FileChange::Rename(whole)) => cut.is_cut_of(whole),
            (cut, whole) => cut == whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(class: u16, bytes: &[u8], root_bytes: usize) -> Option<FileChange<'_>> {
        FileChange::read(FileInformationClass(class), Data { bytes, length: bytes.len() }, root_bytes)
    }

    #[test]
    fn a_rename_tells_the_new_name_in_both_versions() {
        let name = [b'a', 0, b'.', 0, b'b', 0];
        let smb2 = [&[1, 0, 0, 0, 0, 0, 0, 0][..], &[0; 8], &[6, 0, 0, 0], &name, b"padding"].concat();
        let smb1 = [&[1, 0, 0, 0][..], &[0; 4], &[6, 0, 0, 0], &name].concat();
        for (bytes, root_bytes) in [(smb2, 8), (smb1, 4)] {
            let Some(FileChange::Rename(name)) = change(10, &bytes, root_bytes) else { panic!("a rename") };
            assert_eq!((name.to_string(), name.complete), ("a.b".to_owned(), true));
        }
    }

    #[test]
    fn a_disposition_deletes_or_keeps() {
        assert_eq!(change(13, &[1], 8), Some(FileChange::Delete));
        assert_eq!(change(13, &[0], 8), Some(FileChange::Keep));
        assert_eq!(change(64, &[0x11, 0, 0, 0], 8), Some(FileChange::Delete));
        assert_eq!(change(64, &[0x10, 0, 0, 0], 8), Some(FileChange::Keep));
        assert_eq!(change(4, &[0; 40], 8), None, "times and attributes");
        assert_eq!(change(13, &[], 8), None, "cut");
    }
}
