//! "It is not there" as an answer rather than a fault.

use crate::aws::{Fault, FaultKind};

/// For calls to which an absent thing is a fine answer: reads, and removals done twice.
pub(super) trait OrAbsent<T> {
    /// `None` when the call failed because what it names is not there.
    fn or_absent(self) -> Result<Option<T>, Fault>;
}

impl<T> OrAbsent<T> for Result<T, Fault> {
    fn or_absent(self) -> Result<Option<T>, Fault> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) if fault.is(FaultKind::NotFound) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
