//! Zips with the same bytes for the same content: names sorted, one date, two modes.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};
use ignore::WalkBuilder;

/// What Lambda takes directly.
const MOST_BYTES: u64 = 250 * 1024 * 1024;
/// So much is sent as it is: to compress it takes longer than to send it, and is done for every plan.
const SMALL: u64 = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    #[error("there is no directory or file `{}`", .0.display())]
    Missing(PathBuf),
    #[error("the directory `{}` holds no files", .0.display())]
    Empty(PathBuf),
    #[error("`{}` leads out of the assembly", .0.display())]
    Outside(PathBuf),
    #[error("`{}` holds more than the 250 MB that Lambda takes", .0.display())]
    TooLarge(PathBuf),
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot zip: {0}")]
    Zip(#[from] ::zip::result::ZipError),
}

/// Zips a directory or a file, or takes a file that is a zip already as it is. What Python, editors
/// and version control leave behind stays out, and so does what a `.cairnignore` names. A link
/// stands for what it leads to, inside the directory or out of it.
///
/// # Errors
///
/// When it is missing, empty, too large or unreadable.
pub fn zip_directory(path: &Path) -> Result<Vec<u8>, ZipError> {
    let metadata = fs::metadata(path).map_err(|_| ZipError::Missing(path.to_owned()))?;
    if metadata.is_file() {
        let content = read(path)?;
        if ZIP_BEGINNINGS.iter().any(|beginning| content.starts_with(beginning)) {
            return Ok(content);
        }
    }
    pack(path, contents(path)?)
}

/// Zips a directory of an assembly: as it is, for what does not belong was left out when it was
/// staged. No link may lead out of the assembly.
///
/// # Errors
///
/// When it is empty, too large or unreadable, or leads to `Outside`.
pub(super) fn zip_staged(path: &Path, root: &Path) -> Result<Vec<u8>, ZipError> {
    let files = if path.is_file() { vec![alone(path)] } else { files_of(path, Choice::All)? };
    if files.is_empty() {
        return Err(ZipError::Empty(path.to_owned()));
    }
    for (_, file) in &files {
        let real =
            file.canonicalize().map_err(|source| ZipError::Read { path: file.clone(), source })?;
        if !real.starts_with(root) {
            return Err(ZipError::Outside(file.clone()));
        }
    }
    pack(path, files)
}

fn pack(path: &Path, files: Vec<(String, PathBuf)>) -> Result<Vec<u8>, ZipError> {
    let sizes = files.iter().filter_map(|(_, file)| Some(fs::metadata(file).ok()?.len()));
    let method = method(sizes.sum());
    let mut total = 0;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, file) in files {
        let content = read(&file)?;
        total += content.len() as u64;
        if total > MOST_BYTES {
            return Err(ZipError::TooLarge(path.to_owned()));
        }
        writer.start_file(name, options(method, is_executable(&file)))?;
        writer.write_all(&content).map_err(|source| ZipError::Read { path: file, source })?;
    }
    Ok(writer.finish()?.into_inner())
}

/// A file as it is.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ZipError> {
    let metadata = fs::metadata(path).map_err(|_| ZipError::Missing(path.to_owned()))?;
    if metadata.len() > MOST_BYTES {
        return Err(ZipError::TooLarge(path.to_owned()));
    }
    fs::read(path).map_err(|source| ZipError::Read { path: path.to_owned(), source })
}

/// What a zip of a directory or file holds: every file with its name in the zip.
pub(super) fn contents(path: &Path) -> Result<Vec<(String, PathBuf)>, ZipError> {
    let files = if path.is_file() { vec![alone(path)] } else { files_of(path, Choice::Code)? };
    if files.is_empty() {
        return Err(ZipError::Empty(path.to_owned()));
    }
    Ok(files)
}

/// A zip of texts: `(name, content)`.
///
/// # Errors
///
/// When the zip library refuses a name.
pub fn zip_text(files: &[(&str, &str)]) -> Result<Vec<u8>, ZipError> {
    let method = method(files.iter().map(|(_, content)| content.len() as u64).sum());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, options(method, false))?;
        writer
            .write_all(content.as_bytes())
            .map_err(|source| ZipError::Read { path: PathBuf::from(name), source })?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The names of the files in a zip; none where it is no zip.
pub fn file_names(bytes: &[u8]) -> Vec<String> {
    match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive.file_names().flatten().map(Cow::into_owned).collect(),
        Err(_) => Vec::new(),
    }
}

/// How so many bytes are zipped.
fn method(total: u64) -> CompressionMethod {
    if total <= SMALL { CompressionMethod::Stored } else { CompressionMethod::Deflated }
}

fn options(method: CompressionMethod, executable: bool) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(if executable { 0o755 } else { 0o644 })
}

/// How a zip begins, and one without files.
const ZIP_BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// A file by itself, under its own name.
fn alone(path: &Path) -> (String, PathBuf) {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    (name, path.to_owned())
}

/// Which files of a directory are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    All,
    /// Not what Python, editors and version control leave behind, nor what a `.cairnignore` names.
    Code,
}

/// Every file with its name in the zip, sorted by name.
fn files_of(directory: &Path, choice: Choice) -> Result<Vec<(String, PathBuf)>, ZipError> {
    let mut walk = WalkBuilder::new(directory);
    walk.standard_filters(false).follow_links(true);
    if choice == Choice::Code {
        walk.add_custom_ignore_filename(".cairnignore")
            .filter_entry(|entry| !is_debris(&entry.file_name().to_string_lossy()));
    }
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| ZipError::Read {
            path: directory.to_owned(),
            source: io::Error::other(error),
        })?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let relative = entry.path().strip_prefix(directory).unwrap_or(entry.path());
        let parts: Vec<_> =
            relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        files.push((parts.join("/"), entry.path().to_owned()));
    }
    files.sort();
    Ok(files)
}

fn is_debris(name: &str) -> bool {
    matches!(name, "__pycache__" | ".git" | ".DS_Store" | ".cairnignore" | ".pytest_cache")
        || Path::new(name).extension().is_some_and(|extension| extension == "pyc")
}

#[cfg(unix)]
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_executable(_path: &Path) -> bool {
    false
}
