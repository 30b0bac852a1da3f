//! Ctrl-C and SIGTERM, from the first lock on. Before that they end the process, and what it has
//! started, as they end any.
//!
//! There is one listener for as long as the process lives: what has been asked for once never ends
//! the process by itself again, so that whoever stopped listening would lose it. The first signal is
//! for a run, which brings to their end the steps that it has begun; where there is no run, what is
//! done for the stack is let go of, and its lock given back. The second ends the process at once.

use std::future::{Future, pending};
use std::sync::{LazyLock, Mutex, Once};
use std::time::Duration;

use tokio::sync::watch;

use super::deploy::Begun;
use super::{Code, Failure};
use crate::render::{console, say};
use crate::state::store::{Lock, Parting};

/// Longer than giving a lock back may take.
const FAREWELL: Duration = Duration::from_secs(6);

/// Whether a signal was heard.
static HEARD: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// What is being done.
static STAGE: LazyLock<watch::Sender<Stage>> = LazyLock::new(|| watch::Sender::new(Stage::Before));

/// The lock that was taken last.
static TAKEN: Mutex<Option<Parting>> = Mutex::new(None);

/// How far what is done for a stack has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has been changed.
    Before,
    Running(Begun),
    /// What is short is brought to its end.
    Short,
    /// The run was told, and what is left is short: to say how it ended.
    Told(Begun),
    /// After a run that has not done all, with what there is to do about it.
    Left(&'static str),
    /// After a run that has.
    Done,
}

impl Stage {
    /// Whether what is done now comes to an end by itself.
    fn ends_itself(self) -> bool {
        matches!(self, Self::Running(_) | Self::Short | Self::Told(_))
    }
}

/// Does what is to be done for a stack, up to its end or an interrupt that no run is told of.
///
/// # Errors
///
/// Those of what is done.
pub async fn minded(
    stack: &str,
    work: impl Future<Output = Result<Code, Failure>>,
) -> Result<Code, Failure> {
    STAGE.send_replace(Stage::Before);
    let ended = tokio::select! {
        // Nothing goes on that could begin something.
        biased;
        () = let_go() => None,
        ended = work => Some(ended),
    };
    // What was let go of, or has failed, may leave calls that are under way and hold the lock.
    parted().await;
    ended.unwrap_or_else(|| {
        say(&format!("{stack}: {}", words(*STAGE.borrow())));
        Ok(Code::Interrupted)
    })
}

/// What there is to say of a stack that was let go of.
fn words(stage: Stage) -> String {
    match stage {
        Stage::Before => "stopped; nothing of it was changed".to_owned(),
        Stage::Short => "stopped".to_owned(),
        Stage::Running(begun) | Stage::Told(begun) => stopped(begun),
        Stage::Left(what_to_do) => format!("stopped; nothing is lost: {what_to_do}"),
        Stage::Done => "stopped; all that was planned is done".to_owned(),
    }
}

fn stopped(begun: Begun) -> String {
    format!("stopped; {} where this run ended", begun.go_on())
}

async fn let_go() {
    // Neither sender is ever dropped.
    let _ = HEARD.subscribe().wait_for(|heard| *heard).await;
    let _ = STAGE.subscribe().wait_for(|stage| !stage.ends_itself()).await;
}

async fn parted() {
    let taken = TAKEN.lock().expect("nothing panics while it holds this lock").take();
    if let Some(parting) = taken {
        // It is free after a while all the same.
        let _ = tokio::time::timeout(FAREWELL, parting.over()).await;
    }
}

/// Begins a run, which is told of an interrupt from here on. After one, none is begun.
pub async fn begin(begun: Begun) -> watch::Receiver<bool> {
    if *HEARD.borrow() {
        // Until it is let go of.
        return pending().await;
    }
    STAGE.send_replace(Stage::Running(begun));
    HEARD.subscribe()
}

/// Ends a run.
pub fn end(begun: Begun, is_complete: bool) {
    STAGE.send_replace(match (*HEARD.borrow(), is_complete) {
        (true, _) => Stage::Told(begun),
        (false, true) => Stage::Done,
        (false, false) => Stage::Left(begun.go_on()),
    });
}

/// Begins what is too short to be told of an interrupt, and is not to be left half done.
pub async fn finish() {
    if *HEARD.borrow() {
        // Until it is let go of.
        return pending().await;
    }
    STAGE.send_replace(Stage::Short);
}

/// Something else is done after a run. Who is interrupted in it is told what to do.
pub fn go_on(what_to_do: &'static str) {
    STAGE.send_replace(Stage::Left(what_to_do));
}

/// Listens from here on, since there will be a lock to give back.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        // Where nothing can be heard, a signal ends the process.
        if let Some(signals) = Signals::heard() {
            tokio::spawn(hear(signals));
        }
    });
}

/// There is a lock to give back.
pub fn holds(lock: &Lock) {
    *TAKEN.lock().expect("nothing panics while it holds this lock") = lock.parting();
}

/// What is on disk when the second comes is enough to go on.
async fn hear(mut signals: Signals) {
    signals.next().await;
    HEARD.send_replace(true);
    if *STAGE.borrow() == Stage::Short {
        say("stopping: what was begun is short, and is finished");
    }
    signals.next().await;
    console::clear();
    say(&match *STAGE.borrow() {
        Stage::Running(begun) | Stage::Told(begun) => stopped(begun),
        Stage::Before | Stage::Short | Stage::Left(_) | Stage::Done => "stopped at once".to_owned(),
    });
    std::process::exit(130);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn heard() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        Some(Self { interrupt, terminate: signal(SignalKind::terminate()).ok()? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn heard() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    }
}
