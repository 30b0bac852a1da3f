//! What lies in the directory of a state, as it lies there.

use std::fs;
use std::io;
use std::path::Path;

use super::super::StoreError;
use super::super::disk::{absent_or, make_folder};
use super::super::error::READ;
use super::super::examine::{Part, Piece, Remains};
use super::{Directory, failed};

impl Directory {
    pub(in crate::state::store) fn remains(&self) -> Result<Remains, StoreError> {
        let mut pieces = Vec::new();
        for (rank, part, path) in [
            ((0, 0), Part::Previous, self.previous_journal_path()),
            ((0, 1), Part::Current, self.journal_path()),
        ] {
            if let Some(bytes) = bytes(&path)? {
                let place = path.display().to_string();
                pieces.push(Piece { place, part, rank, bytes });
            }
        }
        Ok(Remains {
            snapshot: bytes(&self.snapshot_path())?,
            previous: bytes(&self.previous_path())?,
            pieces,
            counted: None,
            stray: self.stray()?,
        })
    }

    /// Temporary files: each is renamed as soon as it is whole.
    fn stray(&self) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(READ, &self.path)(error)),
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        // As `tempfile` calls them, and as a snapshot is called while it gets a second name.
        let is_stray = |name: &String| name.starts_with(".tmp") || name == ".state.previous.json";
        let mut stray: Vec<String> = names.filter(is_stray).collect();
        stray.sort();
        Ok(stray)
    }

    /// Copies a file, if it is there, to where nobody reads it; says where.
    pub fn keep_copy(&self, name: &str, beside: &str) -> Result<String, StoreError> {
        let (path, kept) = (self.path.join(name), self.path.join(beside).join(name));
        let keep = || -> io::Result<()> {
            make_folder(&self.path.join(beside))?;
            absent_or(fs::copy(&path, &kept).map(drop))
        };
        keep().map_err(failed("keep", &path))?;
        Ok(kept.display().to_string())
    }

    /// Moves a file, or a folder, to where nobody reads it; says where.
    pub fn put_away(&self, name: &str, beside: &str) -> Result<String, StoreError> {
        let (path, kept) = (self.path.join(name), self.path.join(beside).join(name));
        let put = || -> io::Result<()> {
            make_folder(&self.path.join(beside))?;
            absent_or(fs::rename(&path, &kept))
        };
        put().map_err(failed("move", &path))?;
        Ok(kept.display().to_string())
    }

    /// Moves all that is kept of the state to where nobody reads it; says what it was. The snapshot
    /// goes first: without what follows it, it could be taken for all there is.
    pub fn put_all_away(&self, beside: &str) -> Result<Vec<String>, StoreError> {
        let files = [
            self.snapshot_path(),
            self.journal_path(),
            self.previous_path(),
            self.previous_journal_path(),
            // It is bound to the lineage of what goes.
            self.path.join("code"),
        ];
        let there = files.iter().filter(|path| path.exists());
        let names = there.filter_map(|path| path.file_name()?.to_str());
        names.map(|name| self.put_away(name, beside)).collect()
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(READ, path)(error)),
    }
}
