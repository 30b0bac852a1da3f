//! A directory that is written whole: beside its place first, and moved there when it is complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::assembly::zip::{ZipError, contents, is_executable};

#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("cannot write `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("`{}` is a file, not a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error(transparent)]
    Content(#[from] ZipError),
}

/// What will be the directory.
pub(super) struct Stage {
    out: PathBuf,
    /// Removed with all that is still in it.
    beside: TempDir,
}

/// Where what is complete stands.
const NEW: &str = "new";
/// Where what it takes the place of goes.
const OLD: &str = "old";

impl Stage {
    pub fn beside(out: &Path) -> Result<Self, StageError> {
        let out = std::path::absolute(out).map_err(failed(out))?;
        if out.exists() && !out.is_dir() {
            return Err(StageError::NotADirectory(out));
        }
        let parent = out.parent().unwrap_or(&out);
        fs::create_dir_all(parent).map_err(failed(parent))?;
        let beside = tempfile::Builder::new()
            .prefix(".cairn-synth-")
            .tempdir_in(parent)
            .map_err(failed(parent))?;
        let stage = Self { out, beside };
        for name in [NEW, OLD] {
            let path = stage.beside.path().join(name);
            fs::create_dir(&path).map_err(failed(&path))?;
        }
        Ok(stage)
    }

    fn new_path(&self, name: &str) -> PathBuf {
        self.beside.path().join(NEW).join(name)
    }

    pub fn file(&self, name: &str, content: &[u8]) -> Result<(), StageError> {
        let path = self.new_path(name);
        fs::write(&path, content).map_err(failed(&path))
    }

    /// A copy of a file, or of what a zip of a directory would hold. The modes are those in a zip.
    pub fn copy(&self, source: &Path, name: &str, as_directory: bool) -> Result<(), StageError> {
        let target = self.new_path(name);
        if target.exists() {
            return Ok(());
        }
        if !as_directory {
            return copy_file(source, &target);
        }
        for (name, file) in contents(source)? {
            let target = target.join(name);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            copy_file(&file, &target)?;
        }
        Ok(())
    }

    /// Moves everything to its place, `last` last. What is there and has no new content stays.
    pub fn publish(self, last: &str) -> Result<(), StageError> {
        let Self { out, beside } = self;
        let (new, old) = (beside.path().join(NEW), beside.path().join(OLD));
        if !out.exists() {
            return fs::rename(&new, &out).map_err(failed(&out));
        }
        let mut names: Vec<_> = fs::read_dir(&new)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed(&new))?
            .into_iter()
            .map(|entry| entry.file_name())
            .collect();
        names.sort_by_key(|name| (name == last, name.clone()));
        for name in names {
            let target = out.join(&name);
            if target.is_dir() {
                fs::rename(&target, old.join(&name)).map_err(failed(&target))?;
            }
            fs::rename(new.join(&name), &target).map_err(failed(&target))?;
        }
        Ok(())
    }
}

fn copy_file(source: &Path, target: &Path) -> Result<(), StageError> {
    let read = |error| ZipError::Read { path: source.to_owned(), source: error };
    let content = fs::read(source).map_err(read)?;
    fs::write(target, content).map_err(failed(target))?;
    set_mode(target, is_executable(source)).map_err(failed(target))
}

#[cfg(unix)]
fn set_mode(path: &Path, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _executable: bool) -> io::Result<()> {
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StageError {
    let path = path.to_owned();
    move |source| StageError::Write { path, source }
}
