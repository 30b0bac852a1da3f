//! A file asset: local code that goes to a bucket, and how a template points at it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::assembly::zip::{ZipError, zip_directory};

/// Local content that a stack needs uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAsset {
    /// Names the content; opaque to readers.
    pub hash: String,
    pub display_name: String,
    /// The directory or file on this machine.
    pub source: PathBuf,
    pub packaging: Packaging,
}

/// What is uploaded of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// The file as it is.
    File,
    /// A zip of the directory.
    Zip,
}

impl FileAsset {
    /// An asset for a function's code: a directory, a file to be zipped, or a zip.
    ///
    /// # Errors
    ///
    /// When it is missing, empty, too large or unreadable.
    pub fn of_code(source: &Path, display_name: &str) -> Result<Self, ZipError> {
        Ok(Self::of_zip(source, display_name, &zip_directory(source)?))
    }

    /// The same, of code that is zipped already.
    pub fn of_zip(source: &Path, display_name: &str, zipped: &[u8]) -> Self {
        let is_zip = source.is_file() && std::fs::read(source).is_ok_and(|it| it == zipped);
        Self {
            hash: hex(&Sha256::digest(zipped)),
            display_name: display_name.to_owned(),
            source: source.to_owned(),
            packaging: if is_zip { Packaging::File } else { Packaging::Zip },
        }
    }

    /// The key in the bucket.
    pub fn object_key(&self) -> String {
        format!("{}{}", self.hash, self.extension())
    }

    /// `.zip`, or the file's own.
    pub(super) fn extension(&self) -> String {
        match (self.packaging, self.source.extension()) {
            (Packaging::Zip, _) => ".zip".to_owned(),
            (Packaging::File, Some(extension)) => format!(".{}", extension.to_string_lossy()),
            (Packaging::File, None) => String::new(),
        }
    }

    /// A function's `Code` that leads to it, as the CDK writes it.
    pub fn code(&self) -> Json {
        json!({"S3Bucket": {"Fn::Sub": BUCKET}, "S3Key": self.object_key()})
    }
}

/// Where the CDK's bootstrap keeps what is uploaded.
pub(super) const BUCKET: &str = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}";

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
