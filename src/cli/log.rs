//! Where the log goes: standard error, and only when asked for.

use tracing_subscriber::EnvFilter;

/// Starts logging: nothing by default, Cairn's calls with `-v`, the SDK's doings with `-vv`.
/// `CAIRN_LOG` takes a filter of its own.
pub fn start(verbosity: u8) {
    let level = match verbosity {
        0 => "off",
        1 => "cairn=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("CAIRN_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never)
        .with_target(false)
        .try_init();
}
