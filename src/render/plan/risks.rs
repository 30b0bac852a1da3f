//! What a plan puts at risk, in sections of its own: what goes for good, and what gets wider.

use std::fmt::Write as _;

use crate::plan::{Class, Plan, Risk};
use crate::render::style::{BAD, BOLD, CHANGED, DIM, paint};

pub const CLASSES: [Class; 2] = [Class::Destructive, Class::Broadening];

/// The word for a class: that of the command line.
pub fn word(class: Class) -> &'static str {
    match class {
        Class::Destructive => "destructive",
        Class::Broadening => "broadening",
    }
}

pub fn title(class: Class) -> &'static str {
    match class {
        Class::Destructive => "Destructive",
        Class::Broadening => "Broadening",
    }
}

pub fn sign(class: Class) -> &'static str {
    match class {
        Class::Destructive => "-",
        Class::Broadening => "!",
    }
}

pub fn of(plan: &Plan, class: Class) -> impl Iterator<Item = &Risk> {
    plan.risks.iter().filter(move |risk| risk.class == class)
}

pub fn render(text: &mut String, plan: &Plan) {
    for class in CLASSES {
        let style = match class {
            Class::Destructive => BAD,
            Class::Broadening => CHANGED,
        };
        for (index, risk) in of(plan, class).enumerate() {
            if index == 0 {
                let _ = writeln!(text, "\n  {}", paint(BOLD, title(class)));
            }
            let head = format!("{} {}", sign(class), risk.logical_id);
            let _ = writeln!(text, "    {} {}", paint(style, &head), risk.what);
            for line in sides(risk) {
                let _ = writeln!(text, "        {}", paint(DIM, &line));
            }
        }
    }
}

/// What stands below a risk, where its words do not say it already.
pub fn sides(risk: &Risk) -> Vec<String> {
    let mut lines = Vec::new();
    if risk.class == Class::Broadening {
        lines.extend(risk.before.as_ref().map(|before| format!("before: {before}")));
        let is_said = |after: &&String| !risk.what.contains(after.as_str());
        lines.extend(risk.after.as_ref().filter(is_said).map(|after| format!("after: {after}")));
    } else if let (Some(before), Some(after)) = (&risk.before, &risk.after)
        && !risk.what.contains(before.as_str())
    {
        lines.push(format!("before: {before}"));
        lines.push(format!("after: {after}"));
    }
    // A placeholder says so itself.
    if !risk.known && !risk.what.contains("not known") && !risk.what.contains("known after") {
        lines.push("not known before apply, and so not known to be harmless".to_owned());
    }
    lines
}

/// How many there are of each class: `2 destructive, 1 broadening`; empty for none.
pub fn count(plan: &Plan, classes: &[Class]) -> String {
    let counts = classes.iter().map(|class| (of(plan, *class).count(), word(*class)));
    let told =
        counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    told.collect::<Vec<_>>().join(", ")
}

/// One line that counts, if there is anything to count.
pub fn summary(plan: &Plan) -> Option<String> {
    let told = count(plan, &CLASSES);
    let unknown = plan.risks.iter().filter(|risk| !risk.known).count();
    let unknown = match unknown {
        0 => String::new(),
        many => format!("; of these, {many} not known before apply"),
    };
    (!told.is_empty()).then(|| format!("{} {told}{unknown}.", paint(BAD.bold(), "Risks:")))
}
