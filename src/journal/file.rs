//! The journal on disk: appended, synced, cut where it is torn.

use std::io;
use std::path::{Path, PathBuf};

use super::body;
use crate::state::store::{Disk, Tail};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    tail: Box<dyn Tail>,
    path: PathBuf,
    /// How much of the file is whole records.
    whole: u64,
    condition: Condition,
}

/// Whether more may be written.
#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Sound,
    /// A torn record is at the end and cannot be cut off: what came after it would be lost.
    Broken,
}

/// What a journal file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// What stands in its whole lines: records, or what they are sealed in.
    pub bodies: Vec<String>,
    /// How much of the file is whole.
    pub whole: u64,
    /// How much comes after: the tail of a write that never ended.
    pub torn: u64,
}

/// Why a journal was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("line {line} of the journal is not what was written")]
    Damaged { line: usize },
}

/// Reads a journal; a missing file is an empty one.
///
/// # Errors
///
/// When the file cannot be read, or is damaged.
pub fn read(disk: &dyn Disk, path: &Path) -> Result<Contents, Unread> {
    disk.read(path)?.map_or_else(|| Ok(Contents::default()), |bytes| parse(&bytes))
}

/// The same, of what was read.
///
/// A write ends in a newline, and what there is of one that never ended is its beginning: some whole
/// lines, then one without its newline. A line that has its newline and is not what was written was
/// changed later, or lies where a machine that lost its power wrote in no order. Nobody knows whether
/// it counted.
///
/// # Errors
///
/// When a line that has its end is not what was written.
pub fn parse(bytes: &[u8]) -> Result<Contents, Unread> {
    let mut contents = Contents::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(ended) = line.strip_suffix(b"\n") else {
            contents.torn = line.len() as u64;
            break;
        };
        let Some(body) = std::str::from_utf8(ended).ok().and_then(body) else {
            return Err(Unread::Damaged { line: contents.bodies.len() + 1 });
        };
        contents.bodies.push(body.to_owned());
        contents.whole += line.len() as u64;
    }
    Ok(contents)
}

impl Journal {
    /// Opens a journal for appending after what is whole, cutting off what is torn.
    pub fn open(disk: &dyn Disk, path: &Path, whole: u64) -> io::Result<Self> {
        let tail = disk.open(path, whole)?;
        Ok(Self { tail, path: path.to_owned(), whole, condition: Condition::Sound })
    }

    /// Makes records durable before it returns. What of them a full disk took is cut off again.
    pub fn append(&mut self, lines: &str) -> io::Result<()> {
        if self.condition == Condition::Broken {
            return Err(io::Error::other("an earlier record is torn and could not be cut off"));
        }
        if let Err(error) = self.tail.append(lines.as_bytes()) {
            if self.tail.cut(self.whole).is_err() {
                self.condition = Condition::Broken;
            }
            return Err(error);
        }
        self.whole += lines.len() as u64;
        Ok(())
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.whole
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::Journal;
    use crate::state::store::LocalDisk;

    #[test]
    fn nothing_is_written_after_a_tail_that_cannot_be_cut_off() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&LocalDisk, &path, 0).expect("it opens");
        let read_only = Box::new(File::open(&path).expect("a file"));
        let writable = std::mem::replace(&mut journal.tail, read_only);
        journal.append("a\n").expect_err("it can only be read");
        journal.tail = writable;
        let refused = journal.append("a\n").expect_err("the tail may be torn");
        assert_eq!(refused.to_string(), "an earlier record is torn and could not be cut off");
        assert_eq!(std::fs::read(&path).expect("a file"), b"");
    }
}
