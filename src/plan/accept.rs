//! Drift taken into the template: what others have changed, as an edit of the text.

use similar::TextDiff;

use super::drift::{Difference, Drift, Drifted};
use crate::template::Template;
use crate::template::edit::{edited, edits, says};
use crate::value::SECRET_PREFIX;

/// A template that says what is there.
#[derive(Debug, PartialEq, Eq)]
pub struct Acceptance {
    pub text: String,
    /// The properties that are as they were found, `Logs.RetentionInDays`.
    pub accepted: Vec<String>,
    /// Those that cannot be written, and why.
    pub refused: Vec<String>,
}

/// Writes what is there into a template as it was written, loops and modules included.
pub fn accept(template: &Template, drifted: &[Drifted]) -> Acceptance {
    let text = template.source.text.clone();
    let mut acceptance = Acceptance { text, accepted: Vec::new(), refused: Vec::new() };
    let mut all = Vec::new();
    for one in drifted {
        let id = &one.logical_id;
        let differences = match &one.drift {
            Drift::Changed(differences) => differences,
            Drift::Deleted => {
                let advice = "was deleted: take it out of the template, or let it be made again";
                acceptance.refused.push(format!("{id} {advice}"));
                continue;
            }
            Drift::Failed(_) => continue,
        };
        for difference in differences.iter().filter(|difference| !difference.ignored) {
            let name = format!("{id}.{}", difference.path);
            let found = edit(template, one, difference).and_then(|found| {
                let mut tried = all.clone();
                tried.extend(found);
                let text = edited(&template.source.text, &tried);
                // An edit that does not read back as it is meant is none.
                let (path, live) = (&difference.path, difference.live.as_ref());
                match says(&template.source, &text, id.as_str(), path, live) {
                    true => Ok((tried, text)),
                    false => Err("is written in a way that cannot be changed from here".to_owned()),
                }
            });
            match found {
                Ok((tried, text)) => {
                    all = tried;
                    acceptance.text = text;
                    acceptance.accepted.push(name);
                }
                Err(why) => acceptance.refused.push(format!("{name} {why}")),
            }
        }
    }
    acceptance
}

fn edit(
    template: &Template,
    one: &Drifted,
    difference: &Difference,
) -> Result<Vec<crate::template::edit::Edit>, String> {
    let Some(declared) = template.resources.get(&one.logical_id) else {
        return Err("is made by a loop or a module".to_owned());
    };
    let Difference { path, applied, live, .. } = difference;
    if [applied, live].into_iter().flatten().any(|json| json.to_string().contains(SECRET_PREFIX)) {
        return Err("is a secret".to_owned());
    }
    edits(&template.source, &declared.properties, path, applied.as_ref(), live.as_ref())
}

impl Acceptance {
    /// The change of the text, as `patch` and `git apply` take it. `file` is its path.
    pub fn patch(&self, template: &Template, file: &str) -> String {
        let diff = TextDiff::from_lines(template.source.text.as_str(), &self.text);
        let (before, after) = (format!("a/{file}"), format!("b/{file}"));
        diff.unified_diff().context_radius(3).header(&before, &after).to_string()
    }
}
