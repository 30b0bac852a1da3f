//! One Cairn at a time: the system's lock on a file, which ends with the process that holds it.
//! The file itself stays, since removing it would let two hold locks on two files of one name.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::error::{Doing, make_folder};
use super::{LocalError, pause};

pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock; `waiting` is called once if somebody else has it.
    pub(super) async fn hold(
        path: &Path,
        patience: Duration,
        waiting: &(dyn Fn() + Sync),
    ) -> Result<Self, LocalError> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let file = File::create(path).doing("make the lock file", path)?;
        let deadline = Instant::now() + patience;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(LocalError::Locked { path: path.display().to_string(), patience });
                }
                Err(TryLockError::WouldBlock) => {
                    if !told {
                        waiting();
                        told = true;
                    }
                    pause().await;
                }
                Err(TryLockError::Error(error)) => return Err(error).doing("lock", path),
            }
        }
    }
}
