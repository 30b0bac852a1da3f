//! A JSON array in a file that grows, and is a whole one after every element: who reads it while it
//! is written, or after its writer was killed, reads all that was written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::Value as Json;

const END: &str = "\n]\n";

pub struct Array {
    file: File,
    is_empty: bool,
}

impl Array {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        file.write_all(format!("[{END}").as_bytes())?;
        Ok(Self { file, is_empty: true })
    }

    /// In one write, the end of the array with it.
    pub fn push(&mut self, element: &Json) -> io::Result<()> {
        let comma = if self.is_empty { "" } else { "," };
        let text = format!("{comma}\n{element}{END}");
        self.file.seek(SeekFrom::End(-i64::try_from(END.len()).unwrap_or_default()))?;
        self.file.write_all(text.as_bytes())?;
        self.is_empty = false;
        Ok(())
    }
}
