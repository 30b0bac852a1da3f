//! The journal on disk: appended, synced, cut where it is torn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Event, Record, decode, encode};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    next: u64,
}

/// What a journal file holds.
#[derive(Debug, Default)]
pub struct Contents {
    pub records: Vec<Record>,
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
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
        Err(error) => return Err(error),
    };
    let mut contents = Contents::default();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let is_last = at + line.len() == bytes.len();
        let record = std::str::from_utf8(line)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .and_then(decode);
        match record {
            Some(record) => {
                contents.records.push(record);
                at += line.len();
                contents.whole = at as u64;
            }
            None if is_last => contents.torn = line.len() as u64,
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {} of the journal is damaged", contents.records.len() + 1),
                ));
            }
        }
    }
    Ok(contents)
}

impl Journal {
    /// Opens a journal for appending after `next - 1`, cutting off what is torn.
    pub fn open(path: &Path, whole: u64, next: u64) -> io::Result<Self> {
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
        Ok(Self { file, path: path.to_owned(), next })
    }

    /// Makes an event durable before it returns.
    pub fn append(&mut self, event: Event) -> io::Result<Record> {
        let record = Record { sequence: self.next, event };
        let line = encode(&record).map_err(io::Error::other)?;
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.next += 1;
        Ok(record)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}
