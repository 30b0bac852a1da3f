//! Every word, table and colour that the user sees.

pub mod annotation;
pub mod console;
pub mod diagnostic;
pub mod drift;
pub mod outputs;
pub mod page;
pub mod picture;
pub mod plan;
pub mod progress;
pub mod sarif;
pub mod state;
pub mod style;

/// One line of news on standard error.
pub fn say(text: &str) {
    console::line(text);
}
