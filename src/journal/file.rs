//! The journal on disk: appended, synced, cut where it is torn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::body;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
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

/// Reads a journal; a missing file is an empty one.
///
/// # Errors
///
/// When the file cannot be read, or is damaged anywhere but at its end.
pub fn read(path: &Path) -> io::Result<Contents> {
    match std::fs::read(path) {
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
        Err(error) => Err(error),
    }
}

/// The same, of what was read.
///
/// # Errors
///
/// When it is damaged anywhere but at its end.
pub fn parse(bytes: &[u8]) -> io::Result<Contents> {
    let mut contents = Contents::default();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let is_last = at + line.len() == bytes.len();
        let whole =
            std::str::from_utf8(line).ok().and_then(|text| text.strip_suffix('\n')).and_then(body);
        match whole {
            Some(body) => {
                contents.bodies.push(body.to_owned());
                at += line.len();
                contents.whole = at as u64;
            }
            None if is_last => contents.torn = line.len() as u64,
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} of the journal is damaged", contents.bodies.len() + 1),
                ));
            }
        }
    }
    Ok(contents)
}

impl Journal {
    /// Opens a journal for appending after what is whole, cutting off what is torn.
    pub fn open(path: &Path, whole: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        if file.metadata()?.len() != whole {
            file.set_len(whole)?;
            file.sync_all()?;
        }
        drop(file);
        let file = OpenOptions::new().append(true).open(path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(Self { file, path: path.to_owned(), whole, condition: Condition::Sound })
    }

    /// Makes records durable before it returns. What of them a full disk took is cut off again.
    pub fn append(&mut self, lines: &str) -> io::Result<()> {
        if self.condition == Condition::Broken {
            return Err(io::Error::other("an earlier record is torn and could not be cut off"));
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let cut = self.file.set_len(self.whole).and_then(|()| self.file.sync_all());
            if cut.is_err() {
                self.condition = Condition::Broken;
            }
            return Err(error);
        }
        self.whole += lines.len() as u64;
        Ok(())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Journal};

    #[test]
    fn nothing_is_written_after_a_tail_that_cannot_be_cut_off() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path, 0).expect("it opens");
        let writable = std::mem::replace(&mut journal.file, File::open(&path).expect("a file"));
        journal.append("a\n").expect_err("it can only be read");
        journal.file = writable;
        let refused = journal.append("a\n").expect_err("the tail may be torn");
        assert_eq!(refused.to_string(), "an earlier record is torn and could not be cut off");
        assert_eq!(std::fs::read(&path).expect("a file"), b"");
    }
}
