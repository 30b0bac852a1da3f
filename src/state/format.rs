//! The versions of the format there have been, and what makes one of them the next.

use serde_json::Value as Json;

use super::{FORMAT, State};

/// Why a file holds no state that this version can read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("it was written by a newer Cairn (format {format}, this one knows {FORMAT})")]
    Newer { format: u64 },
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

impl State {
    /// A state from its JSON, of whatever version there has been.
    ///
    /// # Errors
    ///
    /// When it is of a newer version, or no state.
    pub fn from_json(mut json: Json) -> Result<Self, FormatError> {
        let format = json.get("format").and_then(Json::as_u64).unwrap_or_default();
        if format > u64::from(FORMAT) {
            return Err(FormatError::Newer { format });
        }
        // 1 has no `runs`, 2 another journal in a bucket, and 3 does not know of what was moved or let
        // go of; in all else they are as this one.
        if matches!(format, 1..=3) {
            json["format"] = FORMAT.into();
        }
        Ok(serde_json::from_value(json)?)
    }
}
