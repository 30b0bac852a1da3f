//! Where the log goes: standard error, above what moves there, and only when asked for.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::render::console;

/// How a line of it looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Starts logging: nothing by default, Cairn's calls with `-v`, the SDK's doings with `-vv`.
/// `CAIRN_LOG` takes a filter of its own.
pub fn start(verbosity: u8, format: LogFormat) {
    let level = match verbosity {
        0 => "off",
        1 => "cairn=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("CAIRN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = layer().with_target(verbosity > 1).with_writer(|| console::Log);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => registry.with(lines.with_ansi(console::has_colours())).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            registry.with(lines.with_current_span(false).with_span_list(false)).try_init()
        }
    };
}
