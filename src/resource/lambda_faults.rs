//! What Lambda's errors mean where the code alone does not tell.

use crate::aws::FaultKind;

/// For anything that is in the way, existing or changing.
pub(super) const CONFLICT: &str = "ResourceConflictException";

pub(super) fn classify(code: &str, message: &str) -> Option<FaultKind> {
    match code {
        CONFLICT if message.contains("already exist") => Some(FaultKind::AlreadyExists),
        CONFLICT => Some(FaultKind::Concurrent),
        "InvalidParameterValueException" if message.contains("throttled by EC2") => {
            Some(FaultKind::Throttled)
        }
        _ => None,
    }
}
