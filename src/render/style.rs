//! The few styles there are.

use anstyle::{AnsiColor, Style};

use crate::plan::{Action, Plan, Side, StepId};

pub const PLAIN: Style = Style::new();
pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default();
pub const RENEWED: Style = AnsiColor::Magenta.on_default();

/// The sign of an action, readable without colour.
pub fn glyph(action: Action) -> &'static str {
    match action {
        Action::Keep => " ",
        Action::Move => "→",
        Action::Adopt => "»",
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "±",
        Action::Delete => "-",
        Action::Retain => "o",
    }
}

pub fn style(action: Action) -> Style {
    match action {
        Action::Keep => DIM,
        Action::Create | Action::Adopt => GOOD,
        Action::Update | Action::Move => CHANGED,
        Action::Replace => RENEWED,
        Action::Delete => BAD,
        Action::Retain => CHANGED,
    }
}

/// What is being done, and what has been done.
pub fn words(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Keep => ("recording", "recorded"),
        Action::Move => ("moving", "moved"),
        Action::Adopt => ("adopting", "adopted"),
        Action::Create => ("creating", "created"),
        Action::Update => ("updating", "updated"),
        Action::Replace => ("replacing", "replaced"),
        Action::Delete => ("deleting", "deleted"),
        Action::Retain => ("letting go", "let go"),
    }
}

/// What a step is about, as others speak of it: `Role`, or `the new Role` where an old one goes.
pub fn spoken_of(plan: &Plan, id: StepId) -> String {
    let name = plan.steps[id.0].logical_id.as_str();
    match plan.side(id) {
        None => name.to_owned(),
        Some(Side::New) => format!("the new {name}"),
        Some(Side::Old) => format!("the old {name}"),
    }
}

/// `1 resource`, `2 resources`.
pub fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A text in a style.
pub fn paint(style: Style, text: &str) -> String {
    format!("{}{text}{}", style.render(), style.render_reset())
}
