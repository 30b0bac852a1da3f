//! A terminal, and what people see on it while a command runs.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use vt100::{Callbacks, Parser, Screen};

use super::sandbox::{Sandbox, binary};

/// Longer than anything that is waited for here.
const PATIENCE: Duration = Duration::from_mins(2);
const SCROLLBACK: usize = 10_000;

/// Takes the size it is told, at that place of what it reads.
struct Sized;

impl Callbacks for Sized {
    fn resize(&mut self, screen: &mut Screen, (rows, columns): (u16, u16)) {
        screen.set_size(rows, columns);
    }
}

struct Seen {
    parser: Parser<Sized>,
    has_ended: bool,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

pub struct Terminal {
    child: Child,
    orders: ChildStdin,
    seen: Shared,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Runs `cairn` on a terminal of so many rows and columns.
    pub fn run(sandbox: &Sandbox, (rows, columns): (u16, u16), arguments: &str) -> Self {
        let relay = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/terminal.py");
        let as_usual = sandbox.command(arguments.split_whitespace());
        let mut command = Command::new("python3");
        command
            .arg(relay)
            .args([rows.to_string(), columns.to_string()])
            .arg(binary())
            .args(as_usual.get_args())
            .current_dir(sandbox.path(""))
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (name, value) in as_usual.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn().expect("Python is there");
        let orders = child.stdin.take().expect("it is piped");
        let mut out = child.stdout.take().expect("it is piped");
        let parser = Parser::new_with_callbacks(rows, columns, SCROLLBACK, Sized);
        let seen: Shared =
            Arc::new((Mutex::new(Seen { parser, has_ended: false }), Condvar::new()));
        let shared = Arc::clone(&seen);
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let length = out.read(&mut buffer).unwrap_or_default();
                let mut seen = shared.0.lock().expect("nobody panics with it");
                seen.parser.process(&buffer[..length]);
                seen.has_ended = length == 0;
                shared.1.notify_all();
                if seen.has_ended {
                    break;
                }
            }
        });
        Self { child, orders, seen, reader }
    }

    pub fn resize(&mut self, rows: u16, columns: u16) {
        // In one piece: what is read of a pipe may be as little as was written.
        let order = format!("{rows} {columns}\n");
        self.orders.write_all(order.as_bytes()).expect("the terminal is there");
    }

    /// What stands on the screen as soon as it is what was waited for.
    #[track_caller]
    pub fn wait_for(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        let mut seen = self.seen.0.lock().expect("nobody panics with it");
        loop {
            let screen = seen.parser.screen().contents();
            if is_there(&screen) {
                return screen;
            }
            assert!(!seen.has_ended, "it ended without {what}:\n{screen}");
            assert!(begun.elapsed() < PATIENCE, "{what} never comes:\n{screen}");
            seen = self.seen.1.wait_timeout(seen, PATIENCE).expect("nobody panics with it").0;
        }
    }

    /// How it ended, and all that is left, above the screen as well.
    pub fn end(mut self) -> (Option<i32>, String) {
        drop(self.orders);
        let code = self.child.wait().expect("it ends").code();
        self.reader.join().expect("it reads to the end");
        let mut seen = self.seen.0.lock().expect("nobody panics with it");
        let screen = seen.parser.screen_mut();
        let columns = screen.size().1;
        screen.set_scrollback(usize::MAX);
        let mut lines = Vec::new();
        for above in (1..=screen.scrollback()).rev() {
            screen.set_scrollback(above);
            lines.extend(screen.rows(0, columns).next());
        }
        screen.set_scrollback(0);
        lines.extend(screen.rows(0, columns));
        (code, lines.join("\n").trim_end().to_owned())
    }
}
