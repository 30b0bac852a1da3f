//! Drift as people and programs read it.

use std::fmt::Write as _;

use serde::Serialize;

use super::plan::{are, render_change};
use super::style::{BAD, BOLD, CHANGED, DIM, paint};
use crate::plan::drift::{Difference, Drift, Drifted};
use crate::plan::{Change, Why};
use crate::state::State;

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    stack: &'a str,
    environment: &'a str,
    account: &'a str,
    region: &'a str,
    drifted: bool,
    resources: &'a [Drifted],
}

pub fn json(
    state: &State,
    environment: &str,
    drifted: &[Drifted],
) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Document {
        version: VERSION,
        stack: &state.stack,
        environment,
        account: &state.account,
        region: &state.region,
        drifted: !drifted.iter().all(Drifted::is_ignored),
        resources: drifted,
    })
}

pub fn render(state: &State, environment: &str, drifted: &[Drifted]) -> String {
    let place = format!("· {environment} · account {} · {}", state.account, state.region);
    let mut text = format!("{} {}\n\n", paint(BOLD, &state.stack), paint(DIM, &place));
    for one in drifted {
        render_one(&mut text, one);
    }
    let all = state.resources.values().filter(|entry| entry.current.is_some()).count();
    let ignored = drifted.iter().filter(|one| one.is_ignored()).count();
    let _ = match drifted.len() - ignored {
        0 if ignored > 0 => writeln!(
            text,
            "\nNo drift but what the template ignores, in {ignored} of {all} resources."
        ),
        0 => writeln!(text, "No drift: {} as last applied.", are(all)),
        some => writeln!(
            text,
            "\n{}",
            paint(
                CHANGED,
                &match some {
                    1 => format!("1 of {all} resources is not as it was last applied."),
                    some => format!("{some} of {all} resources are not as they were last applied."),
                }
            )
        ),
    };
    text
}

fn render_one(text: &mut String, one: &Drifted) {
    let (sign, style) = match one.drift {
        Drift::Deleted => ("-", BAD),
        Drift::Failed(_) => ("!", BAD),
        Drift::Changed(_) => ("~", CHANGED),
    };
    let head = paint(style.bold(), &format!("{sign} {}", one.logical_id));
    let id = one.physical_id.as_ref().map(|id| paint(DIM, id.as_str())).unwrap_or_default();
    let _ = writeln!(text, "  {head}  {}  {id}", one.type_name);
    match &one.drift {
        Drift::Deleted => {
            let _ = writeln!(text, "      {}", paint(DIM, "# it was deleted outside of Cairn"));
        }
        Drift::Failed(why) => {
            let _ = writeln!(
                text,
                "      {}",
                paint(DIM, &format!("# AWS says that it has failed: {why}"))
            );
        }
        Drift::Changed(differences) => {
            for difference in differences {
                render_change(text, &change(difference));
                if difference.ignored {
                    let _ = writeln!(text, "        {}", paint(DIM, "# the template ignores it"));
                }
            }
        }
    }
}

/// From what was applied to what is there.
fn change(difference: &Difference) -> Change {
    Change {
        path: difference.path.clone(),
        from: difference.applied.clone(),
        to: difference.live.clone(),
        details: difference.details.clone(),
        known: true,
        why: Why::Template,
        overwritten: None,
        replaces: false,
    }
}
