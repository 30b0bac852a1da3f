//! What a state in a directory needs of a disk. It is a trait so that a test can be a disk that
//! fails, and can end at every write.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

pub trait Disk: fmt::Debug + Send + Sync {
    /// All of a file; `None` when there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Puts a file in the place of another, durably: whole, or not at all.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file a second name, in the place of what had that name: what is put in the file's
    /// place later leaves it as it is.
    fn keep(&self, path: &Path, name: &Path) -> io::Result<()>;

    fn rename(&self, path: &Path, name: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens a file, or makes one, to add to the first `length` bytes of it; the rest goes.
    fn open(&self, path: &Path, length: u64) -> io::Result<Box<dyn Tail>>;
}

/// The end of a file.
pub trait Tail: fmt::Debug + Send + Sync {
    /// Adds to it, durably.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to a length, durably.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The operating system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalDisk;

/// Makes a folder and those above it, durably: what is synced into a folder that is not there after
/// a power failure is lost all the same.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), make_folder)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}

/// What is not there need not be removed.
pub(super) fn absent_or(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl Disk for LocalDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }

    fn keep(&self, path: &Path, name: &Path) -> io::Result<()> {
        let file_name = name.file_name().unwrap_or_default().to_string_lossy();
        let beside = name.with_file_name(format!(".{file_name}"));
        absent_or(fs::remove_file(&beside))?;
        if fs::hard_link(path, &beside).is_err() {
            fs::copy(path, &beside)?;
        }
        fs::rename(&beside, name)?;
        // Of two names of one file neither goes.
        absent_or(fs::remove_file(&beside))
    }

    fn rename(&self, path: &Path, name: &Path) -> io::Result<()> {
        fs::rename(path, name)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn open(&self, path: &Path, length: u64) -> io::Result<Box<dyn Tail>> {
        let mut options = OpenOptions::new();
        // As closed to others as what is replaced, which begins as a temporary file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.create(true).append(true).open(path)?;
        if file.metadata()?.len() != length {
            file.set_len(length)?;
            file.sync_all()?;
        }
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Box::new(file))
    }
}

impl Tail for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)?;
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.sync_all()
    }
}
