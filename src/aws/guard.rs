//! The right to make calls, which a run may lose while it runs.

use std::future::Future;
use std::pin::Pin;

use super::Fault;

/// Asked before each call.
pub trait Guard: Send + Sync {
    /// # Errors
    ///
    /// Why no call may be made any more.
    fn admit<'a>(
        &'a self,
        action: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;
}
