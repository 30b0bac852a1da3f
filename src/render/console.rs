//! Standard error, with or without something moving at its end.
//!
//! Whatever is written, news or log, is written above what moves. Nothing else writes there while a
//! run is shown.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;

/// What moves now.
static MOVING: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Takes note of what moves until this is dropped.
pub struct Moving(());

impl Moving {
    pub fn with(bars: MultiProgress) -> Self {
        *moving() = Some(bars);
        Self(())
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        clear();
    }
}

/// Takes what moves away: what stands above it stays.
pub fn clear() {
    if let Some(bars) = moving().take() {
        // A terminal that is gone shows nothing anyway.
        let _ = bars.clear();
    }
}

/// One line.
pub fn line(text: &str) {
    above(|| {
        // Without a standard error there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{text}");
    });
}

/// Whether colours are wanted there.
pub fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

fn above<T>(write: impl FnOnce() -> T) -> T {
    match &*moving() {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

fn moving() -> std::sync::MutexGuard<'static, Option<MultiProgress>> {
    MOVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a log goes.
pub struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        above(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
