//! What looks as if it had only been renamed: said where the plan is read, with what to write.

use std::fmt::Write as _;

use crate::plan::{Plan, Rename};
use crate::render::style::{BOLD, CHANGED, DIM, paint};

pub const TITLE: &str = "Renamed?";

pub fn render(text: &mut String, plan: &Plan) {
    for (index, rename) in plan.renames.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(text, "\n  {}", paint(BOLD, TITLE));
        }
        let head = format!("→ {}", rename.to);
        let _ = writeln!(text, "    {} {}", paint(CHANGED, &head), told(rename));
        let _ = writeln!(text, "        {}", paint(DIM, &advice(rename)));
        let _ = writeln!(text, "            {}", rename.line);
    }
}

pub fn told(rename: &Rename) -> String {
    format!(
        "looks like {}, {}, which goes: as it is, one is made and the other taken away",
        rename.from, rename.physical_id
    )
}

/// Where the line belongs.
pub fn advice(rename: &Rename) -> String {
    let below = match rename.line.contains("Metadata") {
        true => "to",
        false => "to the Metadata of",
    };
    format!("if they are the same, add {below} {} ({}):", rename.to, rename.place)
}
